//! How an answer says that it is an error, as a REST binding writes it.
//!
//! In: the table `errors`. Out: where the error stands, and which of its words mean what.

use std::collections::BTreeMap;

use super::super::{
    super::reader::{Entry, Reader},
    pointer,
};
use crate::value::Pointer;

/// How an answer says that it is an error.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Failures {
    /// Where the error stands. Null, false, an empty text, array or object there is none.
    pub at: Option<Pointer>,
    /// What must be true in an answer that is none.
    pub unless: Option<Pointer>,
    /// Where its code stands.
    pub code: Option<Pointer>,
    /// What a code means.
    pub map: BTreeMap<String, FailureKind>,
    /// What an error means that says this anywhere, case aside.
    pub words: Vec<(String, FailureKind)>,
}

/// What an error means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// Credentials, session or right to read are refused.
    Denied,
    /// The question is wrong.
    BadRequest,
    /// Too much is asked.
    Throttled,
    /// There is no such thing.
    NotFound,
    /// The system is down.
    Unavailable,
    /// The system took too long.
    Timeout,
}

const KEYS: &[&str] = &["at", "unless", "code", "map", "words"];
const KINDS: &[(&str, FailureKind)] = &[
    ("denied", FailureKind::Denied),
    ("bad_request", FailureKind::BadRequest),
    ("throttled", FailureKind::Throttled),
    ("not_found", FailureKind::NotFound),
    ("unavailable", FailureKind::Unavailable),
    ("timeout", FailureKind::Timeout),
];

/// Reads `errors = { … }`.
pub fn failures(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<Failures> {
    let title = entry.0.get_ref().to_string();
    let table = reader.table(entry)?;
    let mut out = Failures::default();
    for entry in table.iter() {
        match entry.0.get_ref().as_ref() {
            "at" => out.at = pointer(entry, reader),
            "unless" => out.unless = pointer(entry, reader),
            "code" => out.code = pointer(entry, reader),
            "map" => out.map = kinds(entry, reader).into_iter().collect(),
            "words" => out.words = kinds(entry, reader),
            _ => reader.unknown_key(entry.0, &title, KEYS),
        }
    }
    Some(out)
}

fn kinds(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Vec<(String, FailureKind)> {
    let mut out = Vec::new();
    for (word, meant) in reader.words(entry).unwrap_or_default() {
        match KINDS.iter().find(|(name, _)| *name == meant.text) {
            Some((_, kind)) => out.push((word, *kind)),
            None => {
                let known: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
                reader.findings.fault(
                    "ERROR_KIND",
                    meant.place,
                    format!("no error is `{}`", meant.text),
                    format!("write one of {}", known.join(", ")),
                );
            }
        }
    }
    out
}
