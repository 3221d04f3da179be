//! The calls of a REST system: whether a group's call asks for keys, and for nothing else.

use super::super::binding::RestGroupFile;
use crate::{
    contract::nearest,
    diagnostic::{Findings, Place},
};

/// Checks that a group's call is filled in with its keys and nothing else.
pub(super) fn keys_named(
    asked: &RestGroupFile,
    title: &str,
    place: Place,
    key_fields: &[&str],
    findings: &mut Findings,
) {
    let n_faults = findings.n_faults();
    let mut named: Vec<&str> = Vec::new();
    for one in asked.uses() {
        let blank = &one.blank;
        let known = match (blank.name.as_str(), &blank.member) {
            ("keys" | "key", Some(member)) => key_fields.iter().find(|field| *field == member).copied(),
            ("keys" | "key", None) => match key_fields {
                [only] => Some(*only),
                _ => None,
            },
            _ => None,
        };
        if let Some(field) = known {
            named.push(field);
            continue;
        }
        let written = blank.member.as_ref().map_or_else(|| blank.name.clone(), |m| format!("{}.{m}", blank.name));
        let near = nearest(blank.member.as_deref().unwrap_or_default(), key_fields.iter().copied());
        let help = match (blank.name.as_str(), near) {
            ("keys" | "key", Some(near)) => format!("did you mean `{{{}.{near}}}`?", blank.name),
            ("keys" | "key", None) => {
                let fields: Vec<String> =
                    key_fields.iter().map(|field| format!("`{{{}.{field}}}`", blank.name)).collect();
                format!("name a field of the key: {}", fields.join(", "))
            }
            _ => "write `{keys}`, or `{key}` where each key has a place of its own".to_owned(),
        };
        findings.fault(
            "PLACEHOLDER_UNKNOWN",
            one.place,
            format!("a group's call is given the fields of its keys and nothing else, so no `{{{written}}}`"),
            help,
        );
    }
    // A call may name a part of a key and bring the rows of all keys that have it.
    if named.is_empty() && asked.is_readable() && findings.n_faults() == n_faults {
        let help = match key_fields {
            [_] => "write `{keys}` or `{key}` where they go".to_owned(),
            _ => {
                let fields: Vec<String> = key_fields.iter().map(|field| format!("`{{key.{field}}}`")).collect();
                format!("write {} where they go", fields.join(" and "))
            }
        };
        findings.fault("KEYS_MISSING", place, format!("{title} does not ask for keys"), help);
    }
}
