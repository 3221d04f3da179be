//! Error codes: what a GraphQL system's own codes mean, as its file says.

use std::collections::BTreeMap;

use super::super::super::reader::{Entry, Reader};

/// What an error code of a GraphQL system means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GraphQlMeaning {
    /// There is no such thing.
    Absent,
    /// The question is wrong.
    BadRequest,
    /// The credentials are not enough.
    Denied,
    /// It is asked too often.
    Throttled,
    /// It took too long.
    Timeout,
    /// It broke.
    Unavailable,
}

/// The words for what a code means.
const MEANINGS: [(&str, GraphQlMeaning); 6] = [
    ("absent", GraphQlMeaning::Absent),
    ("bad_request", GraphQlMeaning::BadRequest),
    ("denied", GraphQlMeaning::Denied),
    ("throttled", GraphQlMeaning::Throttled),
    ("timeout", GraphQlMeaning::Timeout),
    ("unavailable", GraphQlMeaning::Unavailable),
];

/// Reads `errors = { map = { MY_CODE = "denied" } }`.
pub fn meanings(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> BTreeMap<String, GraphQlMeaning> {
    let mut out = BTreeMap::new();
    for entry in reader.table(entry).into_iter().flat_map(|table| table.iter()) {
        if entry.0.get_ref() != "map" {
            reader.unknown_key(entry.0, "errors", &["map"]);
            continue;
        }
        for (code, word) in reader.words(entry).unwrap_or_default() {
            match MEANINGS.iter().find(|(name, _)| *name == word.text) {
                Some((_, meaning)) => {
                    out.insert(code, *meaning);
                }
                None => {
                    let names: Vec<&str> = MEANINGS.iter().map(|(name, _)| *name).collect();
                    reader.findings.fault(
                        "ERROR_MEANING",
                        word.place,
                        format!("`{}` is no kind of failure", word.text),
                        format!("write one of {}", names.join(", ")),
                    );
                }
            }
        }
    }
    out
}
