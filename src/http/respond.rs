//! From an answer or a refusal to a response.

use axum::{
    body::Body,
    http::{HeaderValue, Method, StatusCode, header},
    response::Response,
};
use serde_json::json;

use super::{
    caching::{Caching, Known},
    error::{GRAPHQL_METHODS, Refusal, answer_status, known_status},
    negotiate::Media,
};
use crate::engine::Answer;

/// Seconds after which a caller turned away by load may try again.
const RETRY_AFTER_SECONDS: &str = "1";

/// Makes the response of an answer; one that its caller has already goes without its body.
pub(super) fn answer(method: &Method, media: Media, answer: Answer, known: Option<&Known>) -> Response {
    let caching = Caching::new(&answer, media, known);
    let mut response = match caching.is_known {
        true => empty(known_status()),
        false => graphql(media, answer_status(method, media, answer.status), answer.body),
    };
    caching.write(response.headers_mut());
    response
}

/// Makes a response without a body.
pub(super) fn empty(status: StatusCode) -> Response {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}

/// Makes the response of a refusal: its status code, and a body in GraphQL's shape that says what to do.
pub(super) fn refusal(media: Media, refusal: &Refusal) -> Response {
    let body = json!({
        "errors": [{ "message": refusal.to_string(), "extensions": { "code": refusal.code() } }]
    });
    let mut response = graphql(media, refusal.status(), body.to_string().into_bytes());
    if let Some(challenge) = refusal.challenge() {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    if let Refusal::TooManyRequests { seconds } = refusal {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
    }
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(refusal.allowed_methods()));
    }
    response
}

fn graphql(media: Media, status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = bytes(status, media.content_type(), body);
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("accept, authorization, freehold-act-as"));
    match status {
        StatusCode::METHOD_NOT_ALLOWED => {
            headers.insert(header::ALLOW, HeaderValue::from_static(GRAPHQL_METHODS));
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
        }
        // What is left of a body that was not read would be taken for the next request.
        StatusCode::REQUEST_TIMEOUT | StatusCode::PAYLOAD_TOO_LARGE => {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        _ => {}
    }
    response
}

/// Makes a response of finished bytes, which nobody keeps on the way unless it is said how old it is.
pub(super) fn bytes(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
