//! Media types: which one the response has, and whether the request's can be read. Pure.

use axum::http::{HeaderMap, header};

use super::error::Refusal;

/// The media type of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/graphql-response+json`: the status code says how the request fared.
    GraphqlResponse,
    /// `application/json`: for clients from before that media type; the status code says little.
    Json,
}

impl Media {
    /// Returns the value of `Content-Type`.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json",
            Self::Json => "application/json",
        }
    }
}

/// How well a range of `Accept` matches: its weight in thousandths, then how exact it is.
type Match = (u16, Exactness);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Exactness {
    Anything,
    AnySubtype,
    Exact,
}

/// Chooses the response's media type by `Accept`.
///
/// The most exact range decides a type's weight; the greater weight wins, then the more exact range. Named alike, the
/// type made for GraphQL wins; met by a wildcard alike, or without `Accept`, the one that every client knows does.
pub(super) fn response_media(headers: &HeaderMap) -> Result<Media, Refusal> {
    if !headers.contains_key(header::ACCEPT) {
        return Ok(Media::Json);
    }
    let ranges: Vec<_> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    let graphql = matched(&ranges, Media::GraphqlResponse);
    let json = matched(&ranges, Media::Json);
    match (graphql, json) {
        (None, None) => Err(Refusal::NotAcceptable),
        (Some(graphql), Some(json)) if graphql == json => {
            Ok(if graphql.1 == Exactness::Exact { Media::GraphqlResponse } else { Media::Json })
        }
        (graphql, json) => Ok(if graphql > json { Media::GraphqlResponse } else { Media::Json }),
    }
}

fn matched(ranges: &[&str], media: Media) -> Option<Match> {
    let best = ranges
        .iter()
        .filter_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let exactness = match parts.next()? {
                name if name.eq_ignore_ascii_case(media.name()) => Exactness::Exact,
                name if name.eq_ignore_ascii_case("application/*") => Exactness::AnySubtype,
                "*/*" => Exactness::Anything,
                _ => return None,
            };
            let mut weight = 1000;
            for (name, value) in parts.filter_map(|part| part.split_once('=')) {
                match name.trim() {
                    name if name.eq_ignore_ascii_case("q") => weight = thousandths(value.trim()),
                    name if name.eq_ignore_ascii_case("charset") && !is_utf8(value) => return None,
                    _ => {}
                }
            }
            Some((exactness, weight))
        })
        // Of equally exact ranges the heaviest: `application/json;q=0.5, application/json` accepts it fully.
        .max()?;
    (best.1 > 0).then_some((best.1, best.0))
}

/// Reads a weight; one that makes no sense counts as 1, as if it were not there.
fn thousandths(weight: &str) -> u16 {
    match weight.parse::<f32>() {
        Ok(weight) if (0.0..=1.0).contains(&weight) => (weight * 1000.0).round() as u16,
        _ => 1000,
    }
}

fn is_utf8(charset: &str) -> bool {
    let charset = charset.trim().trim_matches('"');
    charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
}

/// Whether a browser asks for a page: HTML is named in `Accept`.
pub(super) fn wants_page(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|range| range.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("text/html")))
}

/// Checks that a body can be read: JSON in UTF-8, not encoded further.
///
/// Only JSON is read, also because a browser sends it across origins only after asking (no cross-site requests by form).
pub(super) fn check_body_media(headers: &HeaderMap) -> Result<(), Refusal> {
    let content_type = headers.get(header::CONTENT_TYPE).ok_or(Refusal::ContentTypeMissing)?;
    let content_type = content_type.to_str().map_err(|_| Refusal::ContentTypeUnsupported)?;
    let mut parts = content_type.split(';').map(str::trim);
    if !parts.next().is_some_and(|name| name.eq_ignore_ascii_case("application/json")) {
        return Err(Refusal::ContentTypeUnsupported);
    }
    for (name, value) in parts.filter_map(|part| part.split_once('=')) {
        if name.trim().eq_ignore_ascii_case("charset") && !is_utf8(value) {
            return Err(Refusal::CharsetUnsupported);
        }
    }
    match headers.get(header::CONTENT_ENCODING) {
        Some(encoding) if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") => {
            Err(Refusal::ContentEncodingUnsupported)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn chosen(accept: &str) -> Option<Media> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_str(accept).unwrap());
        response_media(&headers).ok()
    }

    #[test]
    fn accept_chooses_the_media_type() {
        const GRAPHQL: Option<Media> = Some(Media::GraphqlResponse);
        const JSON: Option<Media> = Some(Media::Json);
        for (accept, expected) in [
            ("application/graphql-response+json", GRAPHQL),
            ("application/json", JSON),
            ("*/*", JSON),
            ("application/*", JSON),
            ("application/graphql-response+json, application/json;q=0.9", GRAPHQL),
            ("application/graphql-response+json;q=0.9, application/json", JSON),
            ("application/json, application/graphql-response+json", GRAPHQL),
            ("application/graphql-response+json, */*", GRAPHQL),
            ("application/json, */*", JSON),
            ("application/json;q=0, */*", GRAPHQL),
            ("*/*;q=0", None),
            ("text/html", None),
            ("text/html, application/xhtml+xml, */*;q=0.8", JSON),
            ("application/json; charset=utf-8", JSON),
            ("application/json; charset=\"UTF-8\"", JSON),
            ("application/json; charset=latin1", None),
            ("APPLICATION/GraphQL-Response+JSON", GRAPHQL),
            ("application/json;q=0.5, application/json", JSON),
            ("", None),
            (",,;;=", None),
        ] {
            assert_eq!(chosen(accept), expected, "{accept}");
        }
        assert_eq!(response_media(&HeaderMap::new()).ok(), JSON);
    }
}
