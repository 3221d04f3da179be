//! Browsers: which pages of other origins may ask, and that a GET was not sent by a page that may not. Pure.
//!
//! Who asks is said by a header that a browser never adds by itself, so that no page can ask in another's name; a process
//! behind a proxy that takes cookies for it can ask for more.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    response::Response,
};

use super::{error::preflight_status, respond};

/// Headers by which a GET shows that it is from no page, or from one that was allowed: a browser asks before it sends them.
const PREFLIGHT_HEADERS: [&str; 4] =
    ["freehold-preflight", "graphql-require-preflight", "apollo-require-preflight", "x-apollo-operation-name"];
/// What a page may send by itself: as a form does.
const SIMPLE_MEDIA: [&str; 3] = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST");
const HEADERS: HeaderValue = HeaderValue::from_static(
    "content-type, authorization, cache-control, if-none-match, freehold-act-as, freehold-max-age, freehold-not-before, \
     freehold-provenance, freehold-preflight, graphql-require-preflight, apollo-require-preflight, x-apollo-operation-name",
);
/// What a page may read beside the body.
const EXPOSED: HeaderValue = HeaderValue::from_static("age, etag, retry-after, freehold-as-of");
/// Browsers keep such an answer for two hours at most.
const SECONDS_KEPT: HeaderValue = HeaderValue::from_static("7200");

/// Whether a browser had to ask before it sent a request with these headers.
pub(super) fn is_preflighted(headers: &HeaderMap) -> bool {
    let is_simple = |value: &HeaderValue| {
        let media = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
        media.is_empty() || SIMPLE_MEDIA.iter().any(|simple| media.eq_ignore_ascii_case(simple))
    };
    headers.get(header::CONTENT_TYPE).is_some_and(|value| !is_simple(value))
        || PREFLIGHT_HEADERS.iter().any(|name| headers.get(*name).is_some_and(|value| !value.is_empty()))
}

/// Returns the origin of a page that may ask; none: no page asks, or it may not.
pub(super) fn allowed_origin(origins: &[String], headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    let is_allowed = |allowed: &String| allowed == "*" || allowed.as_bytes() == origin.as_bytes();
    origins.iter().any(is_allowed).then(|| origin.clone())
}

/// Answers a browser that asks before a page's request, where the page may ask.
pub(super) fn preflight(method: &Method, headers: &HeaderMap, origin: Option<&HeaderValue>) -> Option<Response> {
    if method != Method::OPTIONS || !headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        return None;
    }
    let origin = origin?;
    let mut response = respond::empty(preflight_status());
    let said = response.headers_mut();
    said.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    said.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    said.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
    said.insert(header::ACCESS_CONTROL_MAX_AGE, SECONDS_KEPT);
    said.insert(header::VARY, HeaderValue::from_static("origin"));
    Some(response)
}

/// Lets the page read a response. Caches on the way must know that it is not the same for all pages.
pub(super) fn allow(origin: Option<HeaderValue>, are_allowed: bool, headers: &mut HeaderMap) {
    if are_allowed {
        vary_by(header::ORIGIN, headers);
    }
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}

fn vary_by(name: HeaderName, headers: &mut HeaderMap) {
    let varied = headers.get(header::VARY).and_then(|value| value.to_str().ok());
    let varied = varied.map_or_else(|| name.to_string(), |varied| format!("{varied}, {name}"));
    if let Ok(varied) = HeaderValue::try_from(varied) {
        headers.insert(header::VARY, varied);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_can_send_a_form_without_asking_and_nothing_else() {
        let sent = |name: &'static str, value: &'static str| {
            is_preflighted(&HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))]))
        };
        assert!(!is_preflighted(&HeaderMap::new()));
        assert!(!sent("content-type", "text/plain; charset=utf-8") && !sent("content-type", "Multipart/Form-Data;x"));
        assert!(!sent("content-type", "") && !sent("accept", "application/json"));
        assert!(sent("content-type", "application/json") && sent("graphql-require-preflight", "1"));
    }

    #[test]
    fn a_page_that_is_allowed_may_send_what_shows_that_it_is() {
        let allowed = HEADERS;
        let allowed: Vec<&str> = allowed.to_str().unwrap().split(", ").collect();
        for header in PREFLIGHT_HEADERS {
            assert!(allowed.contains(&header), "{header}");
        }
    }

    #[test]
    fn an_origin_is_allowed_letter_by_letter() {
        let headers = HeaderMap::from_iter([(header::ORIGIN, HeaderValue::from_static("https://shop.example"))]);
        let allowed = |origins: &[&str]| {
            allowed_origin(&origins.iter().map(ToString::to_string).collect::<Vec<_>>(), &headers).is_some()
        };
        assert!(allowed(&["https://b.example", "https://shop.example"]) && allowed(&["*"]));
        assert!(!allowed(&[]) && !allowed(&["https://shop.example:443"]) && !allowed(&["http://shop.example"]));
    }
}
