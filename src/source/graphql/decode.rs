//! Answers: the body of a GraphQL response becomes rows, each with its place, and errors, each with the rows they belong to.
//! Pure.
//!
//! In: bytes; later the way to the rows. Out: rows, and for each error whether it is one row's, the rows' as a whole, or the
//! whole answer's.

use std::time::Duration;

use serde_json::Value;

use super::failure::wait_for_cost;

/// A GraphQL response.
#[derive(Debug)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// The data; `None` where nothing was executed.
    pub data: Option<Value>,
    /// The errors.
    pub errors: Vec<AnswerError>,
    /// For how long the system is to be left alone, where it says.
    pub retry_after: Option<Duration>,
}

/// An error of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerError {
    /// What it says.
    pub message: String,
    /// Which field of the answer it belongs to; empty where it does not say.
    pub path: Vec<Step>,
    /// Its code.
    pub code: Option<String>,
}

/// A step of a path in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// To a member.
    Member(String),
    /// To an element.
    Element(u64),
}

/// A row and where it stands.
pub type PlacedRow = (Vec<Step>, Value);

/// Reads a response; `None` when it is none.
pub fn read(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Option<Answered> {
    let Value::Object(mut response) = serde_json::from_slice(body).ok()? else { return None };
    let errors: Vec<AnswerError> = match response.remove("errors") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(errors)) => errors.iter().map(error).collect(),
        // Some gateways answer one error where the specification has a list.
        Some(other) => vec![error(&other)],
    };
    let data = response.remove("data");
    if data.is_none() && errors.is_empty() {
        return None;
    }
    let extensions = response.remove("extensions").unwrap_or_default();
    let data = data.filter(|data| !data.is_null());
    Some(Answered { status, data, errors, retry_after: retry_after.or_else(|| wait_for_cost(&extensions)) })
}

fn error(written: &Value) -> AnswerError {
    let message = match (&written["message"], written) {
        (Value::String(message), _) | (_, Value::String(message)) => message.clone(),
        (_, other) => other.to_string(),
    };
    let step = |step: &Value| match step {
        Value::String(name) => Some(Step::Member(name.clone())),
        number => number.as_u64().map(Step::Element),
    };
    let path = written["path"].as_array().and_then(|path| path.iter().map(step).collect::<Option<Vec<_>>>());
    let extensions = &written["extensions"];
    let code = ["code", "category", "errorCode"].into_iter().find_map(|name| extensions[name].as_str());
    AnswerError { message, path: path.unwrap_or_default(), code: code.map(str::to_owned) }
}

/// Takes the rows out of an answer's data.
///
/// *Shape*: `None` where a member on the way is not there. A list on the way is gone through, whether the way says so or
/// not; null on the way is no rows; a null row is a row, for what comes in order needs its place.
pub fn rows(data: Value, way: &[String]) -> Option<Vec<PlacedRow>> {
    let mut found = Vec::new();
    walk(data, way, false, &mut Vec::new(), &mut found).then_some(found)
}

fn walk(value: Value, way: &[String], is_listed: bool, path: &mut Vec<Step>, found: &mut Vec<PlacedRow>) -> bool {
    match (way.split_first(), value) {
        (_, Value::Null) => {
            if is_listed {
                found.push((path.clone(), Value::Null));
            }
            true
        }
        (None, Value::Array(items)) => {
            for (n, item) in (0u64..).zip(items) {
                found.push((path.iter().cloned().chain([Step::Element(n)]).collect(), item));
            }
            true
        }
        (None, row) => {
            found.push((path.clone(), row));
            true
        }
        (Some((step, rest)), Value::Array(items)) => {
            let below = if step == "*" { rest } else { way };
            let mut is_there = true;
            for (n, item) in (0u64..).zip(items) {
                path.push(Step::Element(n));
                is_there &= walk(item, below, true, path, found);
                path.pop();
            }
            is_there
        }
        (Some((step, rest)), Value::Object(mut members)) => {
            if step == "*" {
                return walk(Value::Object(members), rest, is_listed, path, found);
            }
            let Some(member) = members.remove(step) else { return false };
            path.push(Step::Member(step.clone()));
            let is_there = walk(member, rest, is_listed, path, found);
            path.pop();
            is_there
        }
        (Some(_), _) => false,
    }
}

/// Whom an error belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owned {
    /// The row of this number.
    Row(usize),
    /// The rows, and nobody can tell which.
    Rows,
    /// The whole answer.
    Answer,
}

/// Finds whom an error belongs to, by its path.
pub fn owner_of(error: &AnswerError, rows: &[PlacedRow], way: &[String]) -> Owned {
    if let Some(row) = rows.iter().position(|(place, _)| error.path.starts_with(place)) {
        return Owned::Row(row);
    }
    match (error.path.first(), way.first()) {
        (Some(Step::Member(first)), Some(root)) if first == root => Owned::Rows,
        _ => Owned::Answer,
    }
}

/// Follows members from a document.
pub fn member<'v>(data: &'v Value, way: &[String]) -> Option<&'v Value> {
    way.iter().try_fold(data, |value, name| value.get(name))
}
