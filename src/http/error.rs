//! What is refused, and the status code of everything: the only place where outcomes become status codes.
//!
//! The codes are those of the GraphQL over HTTP draft of September 2025, which the `graphql-http` audits check. Later
//! drafts prefer 422 for validation and 294 for partial answers; clients and proxies do not know them yet.

use axum::http::{Method, StatusCode};

use super::negotiate::Media;
use crate::{
    access::{self, RefusalClass},
    changes::{Heard, Unheard},
    engine::AnswerStatus,
    plan::RefusalKind,
    settings::HttpSettings,
};

/// How a message about changes proves where it comes from, as `WWW-Authenticate` names it.
const PROOF: &str = "HMAC";
/// How a caller proves who they are, where they have not said it, and where what they said proves nothing.
const BEARER: &str = "Bearer";
const BEARER_REFUSED: &str = "Bearer error=\"invalid_token\"";
const BEARER_INSUFFICIENT: &str = "Bearer error=\"insufficient_scope\"";

/// Why a request did not get as far as the engine. Its text is for the caller: what is wrong and what to send instead.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error(
        "none of the media types in Accept can be served; accept application/graphql-response+json or application/json"
    )]
    NotAcceptable,
    #[error("{GRAPHQL_METHODS_SENTENCE}")]
    MethodNotAllowed,
    #[error("the URL is longer than {bytes_max} bytes; send the query in the body of a POST")]
    UriTooLong { bytes_max: usize },
    #[error("the request has no Content-Type; send application/json")]
    ContentTypeMissing,
    #[error("the Content-Type is not supported; send application/json")]
    ContentTypeUnsupported,
    #[error("the charset of the Content-Type is not supported; send utf-8")]
    CharsetUnsupported,
    #[error("the Content-Encoding of the body is not supported; send it as it is")]
    ContentEncodingUnsupported,
    #[error("the body is larger than {bytes_max} bytes")]
    BodyTooLarge { bytes_max: usize },
    #[error("the body did not arrive within {seconds} seconds")]
    BodyTooSlow { seconds: u64 },
    #[error("the body broke off")]
    BodyBroken,
    #[error("{place} is not JSON: {detail}")]
    NotJson { place: &'static str, detail: serde_json::Error },
    #[error("the body must be a JSON object with the member query, not {found}")]
    NotAnObject { found: &'static str },
    #[error("a batch of requests in one body is not supported; send each on its own")]
    Batch,
    #[error("the parameter query is missing")]
    QueryMissing,
    #[error("the parameter {name} must be {expected}, not {found}")]
    ParameterType { name: &'static str, expected: &'static str, found: &'static str },
    #[error("extensions.persistedQuery.version must be 1")]
    PersistedQueryVersion,
    #[error("the parameter {name} is given more than once")]
    ParameterRepeated { name: &'static str },
    #[error("{place}: {detail}")]
    Freshness { place: &'static str, detail: String },
    #[error("{0}")]
    Unadmitted(access::Refusal),
    #[error("messages about changes are sent with POST")]
    MessageMethod,
    #[error("{0}")]
    Unheard(Unheard),
    #[error("this caller has more requests than are allowed; try again in {seconds} s")]
    TooManyRequests { seconds: u64 },
    #[error(
        "a GET must show that no page of another origin sent it: add the header GraphQL-Require-Preflight: 1, or send a POST"
    )]
    PreflightMissing,
    #[error("as many requests as allowed are under way; try again in a moment")]
    Overloaded,
    #[error("the request could not be answered because of a fault in the server")]
    Panicked,
    #[error("there is nothing at this path; GraphQL is answered at /graphql")]
    NotFound,
}

/// The methods GraphQL requests may use, as the `Allow` header lists them.
pub(super) const GRAPHQL_METHODS: &str = "GET, HEAD, POST";
/// The method of messages. A greeting may come by GET, but that is for the system that greets to know.
const MESSAGE_METHODS: &str = "POST";
const GRAPHQL_METHODS_SENTENCE: &str = "GraphQL requests are sent with POST or GET";

impl Refusal {
    /// Returns the stable code a client reads in `extensions.code`, which is also the word in log and metrics.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::NotAcceptable => "NOT_ACCEPTABLE",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::UriTooLong { .. } => "URI_TOO_LONG",
            Self::ContentTypeMissing | Self::ContentTypeUnsupported | Self::CharsetUnsupported => {
                "UNSUPPORTED_MEDIA_TYPE"
            }
            Self::ContentEncodingUnsupported => "UNSUPPORTED_CONTENT_ENCODING",
            Self::BodyTooLarge { .. } => "BODY_TOO_LARGE",
            Self::BodyTooSlow { .. } => "BODY_TIMEOUT",
            Self::BodyBroken => "BODY_BROKEN",
            Self::NotJson { .. } => "INVALID_JSON",
            Self::NotAnObject { .. } | Self::Batch => "INVALID_BODY",
            Self::QueryMissing
            | Self::ParameterType { .. }
            | Self::PersistedQueryVersion
            | Self::ParameterRepeated { .. } => "INVALID_PARAMETER",
            Self::Freshness { .. } => "INVALID_FRESHNESS",
            Self::Unadmitted(refusal) => refusal.code(),
            Self::MessageMethod => "METHOD_NOT_ALLOWED",
            Self::Unheard(Unheard::NoWebhook) => "NO_WEBHOOK",
            Self::Unheard(Unheard::Unproven) => "UNPROVEN",
            Self::Unheard(Unheard::OutOfTime) => "OUT_OF_TIME",
            Self::Unheard(Unheard::Handshake) => "INVALID_HANDSHAKE",
            Self::TooManyRequests { .. } => "TOO_MANY_REQUESTS",
            Self::PreflightMissing => "PREFLIGHT_REQUIRED",
            Self::Overloaded => "OVERLOADED",
            Self::Panicked => "INTERNAL",
            Self::NotFound => "NOT_FOUND",
        }
    }

    /// Returns the status code. It does not depend on the media type: none of these is a well-formed request.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::MethodNotAllowed | Self::MessageMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unheard(Unheard::NoWebhook) => StatusCode::NOT_FOUND,
            Self::Unheard(Unheard::Unproven | Unheard::OutOfTime) => StatusCode::UNAUTHORIZED,
            Self::Unheard(Unheard::Handshake) => StatusCode::BAD_REQUEST,
            Self::Unadmitted(refusal) => match refusal.class() {
                RefusalClass::Unnamed | RefusalClass::Unproven => StatusCode::UNAUTHORIZED,
                RefusalClass::Forbidden => StatusCode::FORBIDDEN,
                RefusalClass::Unreadable => StatusCode::BAD_REQUEST,
                RefusalClass::Away => StatusCode::SERVICE_UNAVAILABLE,
            },
            Self::UriTooLong { .. } => StatusCode::URI_TOO_LONG,
            Self::ContentTypeMissing
            | Self::ContentTypeUnsupported
            | Self::CharsetUnsupported
            | Self::ContentEncodingUnsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTooSlow { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::BodyBroken
            | Self::NotJson { .. }
            | Self::NotAnObject { .. }
            | Self::Batch
            | Self::QueryMissing
            | Self::ParameterType { .. }
            | Self::PersistedQueryVersion
            | Self::ParameterRepeated { .. }
            | Self::PreflightMissing
            | Self::Freshness { .. } => StatusCode::BAD_REQUEST,
            Self::TooManyRequests { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Self::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NotFound => StatusCode::NOT_FOUND,
        }
    }

    /// Returns what `WWW-Authenticate` says, where it says anything.
    pub(super) fn challenge(&self) -> Option<&'static str> {
        match self {
            Self::Unheard(Unheard::Unproven | Unheard::OutOfTime) => Some(PROOF),
            Self::Unadmitted(refusal) => match refusal.class() {
                RefusalClass::Unnamed => Some(BEARER),
                RefusalClass::Unproven => Some(BEARER_REFUSED),
                RefusalClass::Forbidden => Some(BEARER_INSUFFICIENT),
                RefusalClass::Unreadable | RefusalClass::Away => None,
            },
            _ => None,
        }
    }

    /// Returns the methods that are taken instead, as the `Allow` header lists them.
    pub(super) fn allowed_methods(&self) -> &'static str {
        match self {
            Self::MessageMethod => MESSAGE_METHODS,
            _ => GRAPHQL_METHODS,
        }
    }

    /// Says that a body is too large.
    pub(super) fn body_too_large(settings: &HttpSettings) -> Self {
        Self::BodyTooLarge { bytes_max: settings.body_bytes_max }
    }
}

/// Returns the status code of an answer to a request that came by this method.
///
/// As `application/json` every response to a well-formed request is 200, because a client of that media type cannot tell
/// a GraphQL error from a proxy's; only a mutation by a method that promises to be safe is not.
pub(super) fn answer_status(method: &Method, media: Media, status: AnswerStatus) -> StatusCode {
    match (status, media) {
        (AnswerStatus::Complete | AnswerStatus::Partial | AnswerStatus::NullData, _) => StatusCode::OK,
        (AnswerStatus::Refused(RefusalKind::NotAQuery), _) if method.is_safe() => StatusCode::METHOD_NOT_ALLOWED,
        (AnswerStatus::Refused(_), Media::Json) => StatusCode::OK,
        (AnswerStatus::Refused(_), Media::GraphqlResponse) => StatusCode::BAD_REQUEST,
    }
}

/// Returns the status code of a message that was heard: what it takes back is taken back, but nothing is fetched for it.
pub(super) fn heard_status(heard: &Heard) -> StatusCode {
    match heard {
        Heard::Greeting(_) => StatusCode::OK,
        Heard::Recalled(_) | Heard::Repeated => StatusCode::ACCEPTED,
    }
}

/// Returns the status code of an answer that its caller has.
pub(super) fn known_status() -> StatusCode {
    StatusCode::NOT_MODIFIED
}

/// Returns the status code of the answer to a browser that asks before a page's request.
pub(super) fn preflight_status() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// Returns the status code of `/readyz`.
///
/// The process is ready while any system answers, since its fields can be served and the others' are null with a fault
/// that says why. It is not ready when no system does.
pub(super) fn readiness_status(any_system_answers: bool) -> StatusCode {
    if any_system_answers { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}
