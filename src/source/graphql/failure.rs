//! Failures: what the errors of a GraphQL answer mean, in our words. Pure.
//!
//! In: an error, the answer's status, and what the binding says of the system's own codes. Out: its kind, and for how long
//! the system is to be left alone. A code that nobody knows is judged by the status, and by whether there is any data.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

use super::decode::{AnswerError, Answered};
use crate::{
    contract::GraphQlMeaning,
    fetch::{FetchError, FetchErrorKind},
    source::system_name::SystemName,
};

/// How many characters of a message are quoted.
const QUOTED_CHARS: usize = 300;

/// What the codes of the servers we know mean. Apollo's, Hot Chocolate's, Shopify's, commercetools' and Magento's.
const CODES: [(&str, GraphQlMeaning); 32] = [
    ("UNAUTHENTICATED", GraphQlMeaning::Denied),
    ("UNAUTHORIZED", GraphQlMeaning::Denied),
    ("FORBIDDEN", GraphQlMeaning::Denied),
    ("ACCESS_DENIED", GraphQlMeaning::Denied),
    ("AUTH_NOT_AUTHORIZED", GraphQlMeaning::Denied),
    ("AUTH_NOT_AUTHENTICATED", GraphQlMeaning::Denied),
    ("INVALID_TOKEN", GraphQlMeaning::Denied),
    ("INSUFFICIENT_SCOPE", GraphQlMeaning::Denied),
    ("GRAPHQL_AUTHENTICATION", GraphQlMeaning::Denied),
    ("GRAPHQL_AUTHORIZATION", GraphQlMeaning::Denied),
    ("THROTTLED", GraphQlMeaning::Throttled),
    ("RATE_LIMITED", GraphQlMeaning::Throttled),
    ("RATE_LIMIT_EXCEEDED", GraphQlMeaning::Throttled),
    ("TOO_MANY_REQUESTS", GraphQlMeaning::Throttled),
    ("BAD_USER_INPUT", GraphQlMeaning::BadRequest),
    ("BAD_REQUEST", GraphQlMeaning::BadRequest),
    ("INVALID_INPUT", GraphQlMeaning::BadRequest),
    ("GRAPHQL_PARSE_FAILED", GraphQlMeaning::BadRequest),
    ("GRAPHQL_VALIDATION_FAILED", GraphQlMeaning::BadRequest),
    ("GRAPHQL_INPUT", GraphQlMeaning::BadRequest),
    ("MAX_COST_EXCEEDED", GraphQlMeaning::BadRequest),
    ("QUERY_TOO_COMPLEX", GraphQlMeaning::BadRequest),
    ("NOT_FOUND", GraphQlMeaning::Absent),
    ("RESOURCE_NOT_FOUND", GraphQlMeaning::Absent),
    ("GRAPHQL_NO_SUCH_ENTITY", GraphQlMeaning::Absent),
    ("TIMEOUT", GraphQlMeaning::Timeout),
    ("REQUEST_TIMEOUT", GraphQlMeaning::Timeout),
    ("GATEWAY_TIMEOUT", GraphQlMeaning::Timeout),
    ("SERVICE_UNAVAILABLE", GraphQlMeaning::Unavailable),
    ("DOWNSTREAM_SERVICE_ERROR", GraphQlMeaning::Unavailable),
    ("SUBREQUEST_HTTP_ERROR", GraphQlMeaning::Unavailable),
    ("SHOP_INACTIVE", GraphQlMeaning::Unavailable),
];

/// Says what an error means.
pub fn meaning(error: &AnswerError, answered: &Answered, own: &BTreeMap<String, GraphQlMeaning>) -> GraphQlMeaning {
    let code = error.code.as_deref().unwrap_or_default();
    if let Some(meaning) = own.get(code) {
        return *meaning;
    }
    let shouted = code.to_ascii_uppercase().replace('-', "_");
    if let Some((_, meaning)) = CODES.iter().find(|(known, _)| *known == shouted) {
        return *meaning;
    }
    match answered.status {
        _ if shouted.starts_with("INTERNAL") => GraphQlMeaning::Unavailable,
        401 | 403 => GraphQlMeaning::Denied,
        408 | 504 => GraphQlMeaning::Timeout,
        429 => GraphQlMeaning::Throttled,
        500..=599 => GraphQlMeaning::Unavailable,
        400..=499 => GraphQlMeaning::BadRequest,
        // Without data nothing was executed: the document was refused.
        _ if answered.data.is_none() => GraphQlMeaning::BadRequest,
        _ => GraphQlMeaning::Unavailable,
    }
}

/// Makes a fetch error of an answer's error.
pub fn failure(name: &SystemName, error: &AnswerError, meaning: GraphQlMeaning, answered: &Answered) -> FetchError {
    let kind = match meaning {
        GraphQlMeaning::Absent | GraphQlMeaning::BadRequest => FetchErrorKind::BadRequest,
        GraphQlMeaning::Denied => FetchErrorKind::Denied,
        GraphQlMeaning::Throttled => FetchErrorKind::Throttled,
        GraphQlMeaning::Timeout => FetchErrorKind::Timeout,
        GraphQlMeaning::Unavailable => FetchErrorKind::Unavailable,
    };
    let code = error.code.as_deref().unwrap_or("no code");
    let message: String = error.message.chars().take(QUOTED_CHARS).collect();
    let made = name.error(kind, format!("{code}: {message}"));
    let wait = answered.retry_after.filter(|_| kind == FetchErrorKind::Throttled);
    made.with_retry_after(wait)
}

/// Reckons when a cost will be granted, as Shopify tells it: `extensions.cost`.
pub fn wait_for_cost(extensions: &Value) -> Option<Duration> {
    let cost = &extensions["cost"];
    let number = |value: &Value| value.to_string().parse::<f64>().ok().filter(|number| number.is_finite());
    let status = &cost["throttleStatus"];
    let requested = number(&cost["requestedQueryCost"])?;
    let (available, rate) = (number(&status["currentlyAvailable"])?, number(&status["restoreRate"])?);
    let seconds = (requested - available) / rate;
    // Less than a second is a second: the system's own clock has no finer steps.
    Duration::try_from_secs_f64(seconds.ceil().max(1.0)).ok()
}
