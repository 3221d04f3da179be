//! Their answer as rows: what a status and a body say, and where the rows are. Pure.
//!
//! In: an answer and the binding's call. Out: a document, that there is no such thing, or what went wrong; and the rows of
//! a document. A place where rows should be and nothing is, is no empty answer: it is not the answer the contract says.

use serde_json::Value;

use crate::{
    contract::{FailureKind, Failures, RestCall, RowsAt},
    fetch::FetchErrorKind,
    source::http::{CallAnswer, kind_of_status, quoted},
};

/// What an answer says.
#[derive(Debug, Clone, PartialEq)]
pub enum Judged {
    /// A document.
    Document(Value),
    /// There is no such thing.
    NotFound {
        /// Whether the binding says that this means it, and not a status alone that a wrong path has too.
        certain: bool,
    },
    /// Something went wrong.
    Failed {
        /// What.
        kind: FetchErrorKind,
        /// What the answer says, for the operator.
        detail: String,
    },
}

/// A row, and the name of the member it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The row.
    pub value: Value,
    /// The name of the member that it was, where the rows are members of an object.
    pub member: Option<String>,
    /// On which page of the reading it came.
    pub page: usize,
}

/// Judges an answer.
pub fn judged(call: &RestCall, answer: &CallAnswer) -> Judged {
    let status = answer.status;
    let document = match answer.body.iter().all(u8::is_ascii_whitespace) {
        true => Ok(Value::Null),
        false => serde_json::from_slice::<Value>(&answer.body),
    };
    let says = |document: &Value| call.errors.as_ref().and_then(|failures| meant(failures, document));
    let of_status = match status {
        _ if call.not_found.contains(&status) => None,
        404 | 410 => None,
        200..=299 => {
            let document = match document {
                Ok(document) => document,
                Err(error) => {
                    let detail = format!("the answer is not JSON: {error}: {}", quoted(&answer.body));
                    return Judged::Failed { kind: FetchErrorKind::ContractViolation, detail };
                }
            };
            if !call.errors.as_ref().is_some_and(|failures| is_error(failures, &document)) {
                return Judged::Document(document);
            }
            return failed(says(&document), FetchErrorKind::BadRequest, answer);
        }
        _ => kind_of_status(status),
    };
    let said = document.ok().and_then(|document| says(&document));
    match (said, of_status) {
        (None, None) => Judged::NotFound { certain: call.not_found.contains(&status) },
        (said, of_status) => failed(said, of_status.unwrap_or(FetchErrorKind::BadRequest), answer),
    }
}

fn failed(said: Option<FailureKind>, otherwise: FetchErrorKind, answer: &CallAnswer) -> Judged {
    let kind = match said.map(kind_of) {
        Some(None) => return Judged::NotFound { certain: true },
        Some(Some(kind)) => kind,
        None => otherwise,
    };
    Judged::Failed { kind, detail: format!("HTTP {}: {}", answer.status, quoted(&answer.body)) }
}

/// What an error means to us; `None` that there is no such thing.
pub fn kind_of(failure: FailureKind) -> Option<FetchErrorKind> {
    Some(match failure {
        FailureKind::NotFound => return None,
        FailureKind::Denied => FetchErrorKind::Denied,
        FailureKind::BadRequest => FetchErrorKind::BadRequest,
        FailureKind::Throttled => FetchErrorKind::Throttled,
        FailureKind::Unavailable => FetchErrorKind::Unavailable,
        FailureKind::Timeout => FetchErrorKind::Timeout,
    })
}

/// Whether a document, or a row of it, is an error.
pub fn is_error(failures: &Failures, document: &Value) -> bool {
    let speaks = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    };
    let agrees = |value: &Value| match value {
        Value::Bool(value) => *value,
        Value::Number(number) => number.to_string() == "1",
        Value::String(text) => ["true", "ok", "success"].iter().any(|word| text.eq_ignore_ascii_case(word)),
        _ => false,
    };
    let at = failures.at.as_ref().is_some_and(|at| at.all(document).into_iter().any(speaks));
    at || failures.unless.as_ref().is_some_and(|unless| !unless.one(document).is_some_and(agrees))
}

/// Returns what the words of an error mean.
pub fn meant(failures: &Failures, document: &Value) -> Option<FailureKind> {
    let code = |value: &Value| match value {
        Value::String(text) => failures.map.get(text).copied(),
        Value::Number(number) => failures.map.get(&number.to_string()).copied(),
        Value::Bool(value) => failures.map.get(&value.to_string()).copied(),
        _ => None,
    };
    let by_code = failures.code.as_ref().and_then(|at| at.all(document).into_iter().find_map(code));
    by_code.or_else(|| {
        if failures.words.is_empty() {
            return None;
        }
        let error = failures.at.as_ref().and_then(|at| at.one(document)).unwrap_or(document);
        let said = error.to_string().to_lowercase();
        failures.words.iter().find(|(words, _)| said.contains(&words.to_lowercase())).map(|(_, kind)| *kind)
    })
}

/// Returns the rows of a document.
///
/// *Errors*: what stands where the rows should be.
pub fn rows(at: &RowsAt, document: &Value) -> Result<Vec<Row>, String> {
    let places = at.at.all(document);
    if places.is_empty() && !at.at.is_many() && !document.is_null() {
        return Err(format!("the answer has nothing at {}, where its rows should be", at.at));
    }
    let mut out = Vec::new();
    for place in places {
        match place {
            Value::Null => {}
            Value::Array(items) => {
                // Some answer one entry for each key, null where there is none.
                let items = items.iter().filter(|item| !item.is_null());
                out.extend(items.map(|item| Row { value: item.clone(), member: None, page: 0 }));
            }
            Value::Object(members) if at.members => {
                let members = members.iter().filter(|(_, value)| !value.is_null());
                out.extend(members.map(|(name, value)| Row {
                    value: value.clone(),
                    member: Some(name.clone()),
                    page: 0,
                }));
            }
            Value::Object(members) => {
                // An empty object is how some say that there is no such thing.
                if !members.is_empty() {
                    out.push(Row { value: place.clone(), member: None, page: 0 });
                }
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                return Err(format!("the answer has {place} at {}, where its rows should be", at.at));
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::Pointer;

    fn at(pointer: &str, members: bool) -> RowsAt {
        RowsAt { at: Pointer::parse(pointer).unwrap(), members }
    }

    fn found(at: &RowsAt, document: &Value) -> Result<Value, String> {
        rows(at, document).map(|rows| rows.into_iter().map(|row| row.value).collect())
    }

    #[test]
    fn rows_are_elements_members_or_one_object() {
        let document = json!({"list": [{"n": 1}, null, {"n": 2}], "map": {"A": {"n": 1}, "B": null}, "none": null});
        assert_eq!(found(&at("/list", false), &document), Ok(json!([{"n": 1}, {"n": 2}])));
        assert_eq!(found(&at("/list", true), &document), Ok(json!([{"n": 1}, {"n": 2}])));
        let of_map = rows(&at("/map", true), &document).unwrap();
        assert_eq!((of_map.len(), of_map[0].member.as_deref()), (1, Some("A")));
        assert_eq!(found(&at("/list/0", false), &document), Ok(json!([{"n": 1}])));
        assert_eq!(found(&at("/list/*/n", false), &json!({"list": []})), Ok(json!([])));
        assert_eq!(found(&at("/none", false), &document), Ok(json!([])));
        assert_eq!(found(&at("", false), &json!({})), Ok(json!([])));
        assert!(found(&at("/lst", false), &document).is_err());
        assert!(found(&at("/list/0/n", false), &document).is_err());
    }

    #[test]
    fn an_error_is_what_says_something() {
        let at = |pointer: &str| Some(Pointer::parse(pointer).unwrap());
        let failures = Failures { at: at("/error"), ..Failures::default() };
        for (error, is) in [
            (json!(null), false),
            (json!(false), false),
            (json!(""), false),
            (json!([]), false),
            (json!({}), false),
            (json!(0), true),
            (json!("no"), true),
            (json!([{}]), true),
        ] {
            assert_eq!(is_error(&failures, &json!({ "error": error })), is, "{error}");
        }
        let failures = Failures { unless: at("/ok"), ..Failures::default() };
        for (ok, is) in
            [(json!(true), false), (json!(1), false), (json!("OK"), false), (json!("no"), true), (json!(null), true)]
        {
            assert_eq!(is_error(&failures, &json!({ "ok": ok })), is, "{ok}");
        }
    }
}
