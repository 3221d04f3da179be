//! What caches on the way are told: how old an answer is, how long it may be kept, and whether they have it already. Pure.
//!
//! In: the answer's freshness, and the tags that a caller has. Out: `Age`, `Cache-Control`, `ETag`. An answer is its caller's
//! own, so it is always `private`; what is wrong, outlived or not known in any part is never kept.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    response::Response,
};

use super::negotiate::Media;
use crate::engine::{Answer, AnswerStatus};

/// When an answer was given: what a later request may name as the instant it wants nothing from before.
const AS_OF: HeaderName = HeaderName::from_static("freehold-as-of");

/// What an answer depends on beside its URL and body.
const VARY: HeaderValue = HeaderValue::from_static(
    "accept, accept-encoding, authorization, freehold-act-as, freehold-max-age, freehold-not-before, freehold-provenance",
);

/// How many characters of a hash name an answer: 128 bits.
const TAG_LENGTH: usize = 32;

/// What a caller has: the tags of `If-None-Match`.
#[derive(Debug, Default)]
pub(super) struct Known(Vec<HeaderValue>);

impl Known {
    /// Reads the tags of a request; only one whose answer may be kept under its URL has any.
    pub(super) fn of(method: &Method, headers: &HeaderMap) -> Option<Self> {
        let may_be_kept = matches!(*method, Method::GET | Method::HEAD);
        may_be_kept.then(|| Self(headers.get_all(header::IF_NONE_MATCH).iter().cloned().collect()))
    }

    /// Finds the tag that is the answer's, compared weakly: `*` is any.
    ///
    /// *Shape*: as the caller has it, so that it knows which of its copies is meant.
    fn find(&self, tag: &str) -> Option<String> {
        let tags =
            self.0.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(str::trim);
        let mut found = tags.filter(|known| *known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag);
        found.next().map(|known| if known == "*" { tag } else { known }.to_owned())
    }
}

/// What caches are told about one answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Caching {
    age: Option<i64>,
    control: String,
    tag: Option<String>,
    as_of: Option<String>,
    /// Whether the caller has this very answer.
    pub(super) is_known: bool,
}

impl Caching {
    /// Decides what is told; `known` where an answer may be kept under its URL.
    pub(super) fn new(answer: &Answer, media: Media, known: Option<&Known>) -> Self {
        let as_of = jiff::Timestamp::from_millisecond(answer.at_ms).ok().map(|now| format!("{now:.3}"));
        let freshness = &answer.freshness;
        if answer.status != AnswerStatus::Complete || answer.n_unknown > 0 || !freshness.stale.is_empty() {
            return Self { age: None, control: "no-store".to_owned(), tag: None, as_of, is_known: false };
        }
        let (age, control) = match (freshness.since_ms, freshness.until_ms) {
            (Some(since_ms), Some(until_ms)) => {
                let age = ((answer.at_ms - since_ms).max(0) + 999) / 1_000;
                let left = (until_ms - answer.at_ms).max(0) / 1_000;
                // A cache counts `max-age` from when the answer was true, not from now: it takes off `Age` itself.
                (Some(age), format!("private, max-age={}, must-revalidate", age + left))
            }
            // No owner was asked: it is the contract's own word, which holds until another contract is served.
            _ => (None, "private, no-cache".to_owned()),
        };
        let tag = known.map(|_| tag(media, &answer.body));
        let found = tag.as_ref().and_then(|tag| known?.find(tag));
        let is_known = found.is_some();
        Self { age, control, tag: found.or(tag), as_of, is_known }
    }

    /// Writes it into a response's headers.
    pub(super) fn write(self, headers: &mut HeaderMap) {
        let texts = [(header::CACHE_CONTROL, Some(self.control)), (header::ETAG, self.tag), (AS_OF, self.as_of)];
        for (name, text) in texts {
            if let Some(value) = text.and_then(|text| HeaderValue::try_from(text).ok()) {
                headers.insert(name, value);
            }
        }
        if let Some(age) = self.age {
            headers.insert(header::AGE, age.into());
        }
        headers.insert(header::VARY, VARY);
    }
}

/// Names an answer by its bytes, and by what they are said to be.
fn tag(media: Media, body: &[u8]) -> String {
    let mut hash = blake3::Hasher::new();
    hash.update(media.content_type().as_bytes()).update(&[0]).update(body);
    format!("\"{}\"", &hash.finalize().to_hex()[..TAG_LENGTH])
}

/// Weakens the tag of a response that was compressed on its way out: the bytes it named are others now.
pub(super) async fn weaken(mut response: Response) -> Response {
    let headers = response.headers_mut();
    if headers.contains_key(header::CONTENT_ENCODING)
        && let Some(tag) = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok())
        && !tag.starts_with("W/")
        && let Ok(weak) = HeaderValue::try_from(format!("W/{tag}"))
    {
        headers.insert(header::ETAG, weak);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{credentials::ACT_AS, request::PROVENANCE_HEADER};
    use crate::{
        cache::{Asked, Freshness, Stale},
        http::demand::{MAX_AGE, NOT_BEFORE},
        value::{DomainId, GroupId, SystemId},
    };

    fn answer(status: AnswerStatus, known: Option<(i64, i64)>) -> Answer {
        let freshness =
            Freshness { since_ms: known.map(|known| known.0), until_ms: known.map(|known| known.1), stale: Vec::new() };
        Answer { body: b"{}".to_vec(), status, n_unknown: 0, freshness, at_ms: 100_000 }
    }

    fn told(answer: &Answer) -> (Option<i64>, String) {
        let caching = Caching::new(answer, Media::Json, None);
        (caching.age, caching.control)
    }

    #[test]
    fn an_answer_depends_on_every_header_that_says_who_asks_and_how_fresh_it_must_be() {
        for name in [MAX_AGE, NOT_BEFORE, PROVENANCE_HEADER, "authorization", ACT_AS.as_str()] {
            assert!(VARY.to_str().unwrap().split(", ").any(|header| header == name), "{name}");
        }
    }

    #[test]
    fn age_is_rounded_up_and_what_is_left_down() {
        let complete = |since, until| told(&answer(AnswerStatus::Complete, Some((since, until))));
        assert_eq!(complete(88_500, 119_900), (Some(12), "private, max-age=31, must-revalidate".to_owned()));
        assert_eq!(complete(100_000, 100_999), (Some(0), "private, max-age=0, must-revalidate".to_owned()));
        assert_eq!(
            complete(100_400, 90_000),
            (Some(0), "private, max-age=0, must-revalidate".to_owned()),
            "a clock ahead"
        );
    }

    #[test]
    fn what_is_wrong_or_outlived_is_not_kept_and_the_contracts_word_is_asked_again() {
        for status in [AnswerStatus::Partial, AnswerStatus::NullData] {
            assert_eq!(told(&answer(status, Some((99_000, 200_000)))), (None, "no-store".to_owned()));
        }
        let mut stale = answer(AnswerStatus::Complete, Some((1, 2)));
        let (system, asked, domain) = (SystemId(0), Asked::Group(GroupId(0)), DomainId(0));
        stale.freshness.stale.push(Stale { system, asked, domain, since_ms: 1, n: 1, code: "OWNER_TIMEOUT" });
        assert_eq!(told(&stale), (None, "no-store".to_owned()));
        let unknown = Answer { n_unknown: 1, ..answer(AnswerStatus::Complete, Some((99_000, 200_000))) };
        assert_eq!(told(&unknown), (None, "no-store".to_owned()), "a rule could not find something out");
        assert_eq!(told(&answer(AnswerStatus::Complete, None)), (None, "private, no-cache".to_owned()));
    }

    #[test]
    fn a_tag_is_compared_weakly_and_said_back_as_the_caller_has_it() {
        let answer = answer(AnswerStatus::Complete, None);
        let with = |said: &[&str]| {
            let mut headers = HeaderMap::new();
            for tag in said {
                headers.append(header::IF_NONE_MATCH, HeaderValue::from_str(tag).unwrap());
            }
            Caching::new(&answer, Media::Json, Known::of(&Method::GET, &headers).as_ref())
        };
        let tag = with(&[]).tag.unwrap();
        assert!(!with(&[]).is_known && !with(&["\"other\", W/\"x\""]).is_known);
        assert_eq!(with(&["*"]).tag.as_deref(), Some(tag.as_str()));
        let weak = format!("W/{tag}");
        let found = with(&["\"other\"", &format!("\"x\", {weak}")]);
        assert_eq!((found.is_known, found.tag), (true, Some(weak)));
        let of_post = Known::of(&Method::POST, &HeaderMap::new());
        assert_eq!(Caching::new(&answer, Media::Json, of_post.as_ref()).tag, None);
        assert_ne!(tag, super::tag(Media::GraphqlResponse, b"{}"), "another media type is another answer");
    }
}
