//! Comparing: Freehold's answer with what the interpreter says, exactly in its data, and in its errors as far as the
//! specification fixes them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::interpreter::{Asked, Execution};
use super::model::World;

/// Finds what is wrong with an answer; `None` when nothing is.
pub fn difference(expected: &Execution, answer: &Value) -> Option<String> {
    let Some(data) = answer.get("data") else { return Some("there is no data".to_owned()) };
    if written(data) != written(&expected.data) {
        return Some(format!("data\n  expected {}\n  answered {data}", expected.data));
    }
    let errors: Vec<&Value> = answer.get("errors").and_then(Value::as_array).map_or(vec![], |all| all.iter().collect());
    let mut paths = BTreeSet::new();
    for error in &errors {
        let Some(segments) = error.get("path").and_then(Value::as_array) else {
            return Some(format!("an error without a path: {error}"));
        };
        let segments = segments.iter().map(|segment| segment.as_str().map_or(segment.to_string(), str::to_owned));
        if !paths.insert(segments.collect::<Vec<_>>().join("/")) {
            return Some(format!("two errors at one path: {error}"));
        }
    }
    if let Some(unknown) = paths.difference(&expected.errors).next() {
        return Some(format!(
            "an error that is none: {unknown}\n  expected {:?}\n  answered {paths:?}",
            expected.errors
        ));
    }
    // Of the errors under one null, an executor may report some and leave out others, but not all.
    let nulls =
        |paths: &BTreeSet<String>| -> BTreeSet<String> { paths.iter().map(|path| null_above(data, path)).collect() };
    let (wanted, given) = (nulls(&expected.errors), nulls(&paths));
    wanted.difference(&given).next().map(|null| {
        format!("no error explains the null at {null}\n  expected {:?}\n  answered {paths:?}", expected.errors)
    })
}

/// Returns the part of an error's path that ends at the null which the error has caused.
fn null_above(data: &Value, path: &str) -> String {
    let mut value = data;
    let mut walked: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        if value.is_null() {
            break;
        }
        walked.push(segment);
        let next = segment.parse::<usize>().map_or_else(|_| value.get(segment), |at| value.get(at));
        value = next.unwrap_or(&Value::Null);
    }
    walked.join("/")
}

/// Finds a group or list that was asked more often than once for each stage or place.
pub fn asked_too_often(world: &World, expected: &Execution, asked: &BTreeMap<String, usize>) -> Option<String> {
    let mut allowed: BTreeMap<&str, usize> = BTreeMap::new();
    for ask in &expected.asked {
        let name = match ask {
            Asked::Group(group, _) => &world.groups[*group].name,
            Asked::List(list, _) => &world.lists[*list].name,
        };
        *allowed.entry(name).or_default() += 1;
    }
    let over = asked.iter().find(|(name, n_asked)| **n_asked > allowed.get(name.as_str()).copied().unwrap_or(0));
    over.map(|(name, n_asked)| format!("{name} was asked {n_asked} times; allowed: {allowed:?}"))
}

/// The text of a value: unlike the value itself, it tells the order of members.
fn written(value: &Value) -> String {
    value.to_string()
}

/// Finds what is wrong with the same answer where `errors` has few entries.
pub fn shortened(full: &Value, short: &Value, errors_max: usize) -> Option<String> {
    if written(&full["data"]) != written(&short["data"]) {
        return Some("the data is not the same".to_owned());
    }
    let (full, short) = (full["errors"].as_array()?, short["errors"].as_array()?);
    let n_more = full.len().saturating_sub(errors_max);
    let n_written = full.len() - n_more;
    if short[..n_written.min(short.len())] != full[..n_written] {
        return Some("the first errors are not the same".to_owned());
    }
    let said = short.get(n_written).map(|entry| entry["extensions"]["more"].clone());
    let wanted = (n_more > 0).then(|| Value::from(n_more));
    (said != wanted || short.len() > errors_max + 1).then(|| format!("{n_more} more errors are said to be {said:?}"))
}
