//! Smoke fuzzing: the entry functions of the fuzz targets over mutated seeds, for a bounded count, on a stable compiler.
//!
//! `fuzz/` holds the targets for libFuzzer; both call the same functions. `FREEHOLD_CASES` says how many inputs each gets.

#[path = "../../../fuzz/entries/contract_load.rs"]
mod contract_load;
#[path = "../../../fuzz/entries/http_body.rs"]
mod http_body;
#[path = "../../../fuzz/entries/plan_limits.rs"]
mod plan_limits;
#[path = "../../../fuzz/entries/plan_query.rs"]
mod plan_query;
#[path = "../../../fuzz/entries/shared_entry.rs"]
mod shared_entry;
#[path = "../../../fuzz/entries/shared_message.rs"]
mod shared_message;
#[path = "../../../fuzz/entries/tape_read.rs"]
mod tape_read;
#[path = "../../../fuzz/entries/token_read.rs"]
mod token_read;

mod spelled;

use std::path::Path;

use freehold::cache::{Change, Confirmation, Kept, SharedEntry, SharedMessage, Told};
use freehold::contract::read_folder;
use freehold::fetch::{Count, Cursor, ListItem, Page, Record, Stamp, TableWriter, Violation};
use freehold::value::{GroupId, Key, SystemId};

use crate::differential::{Random, setting};

/// What mutations put in: what the languages of the inputs give a meaning to.
const WORDS: [&str; 36] = [
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "\"",
    "\"\"\"",
    "'",
    ":",
    "$",
    "@",
    "!",
    "=",
    "|",
    "&",
    "#",
    "...",
    "\\u",
    "\0",
    "null",
    "true",
    "-1",
    "99999999999999999999",
    "1e999",
    "é",
    "\u{1F600}",
    "type",
    "extend",
    "on",
    "@include(if: $more)",
    "@key(fields: \"sku\")",
    "in (:keys)",
    ":name",
    "${MISSING}",
    "\n=== ",
];

fn mutated(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = random.pick(seeds).clone();
    for _ in 0..random.between(1, 6) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(24)).min(bytes.len());
        match random.below(6) {
            0 => drop(bytes.splice(at..at, random.pick(&WORDS).bytes())),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let copied = bytes[at..end].to_vec();
                let to = random.below(bytes.len() + 1);
                bytes.splice(to..to, copied);
            }
            3 => {
                let other = random.pick(seeds);
                let from = random.below(other.len() + 1);
                let to = (from + random.below(80)).min(other.len());
                bytes.splice(at..end, other[from..to].iter().copied());
            }
            4 if at < bytes.len() => bytes[at] = random.below(256) as u8,
            _ if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            _ => {}
        }
    }
    bytes
}

fn smoke(seeds: &[Vec<u8>], n_inputs: u64, run: fn(&[u8])) {
    for seed in seeds {
        run(seed);
    }
    let mut random = Random::new(setting("FREEHOLD_SEED", 0));
    for number in 0..n_inputs {
        let input = mutated(seeds, &mut random);
        let outcome = std::panic::catch_unwind(|| run(&input));
        assert!(outcome.is_ok(), "input {number} panics:\n{}", String::from_utf8_lossy(&input));
    }
}

fn folder(path: &str) -> Vec<u8> {
    let files =
        read_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("the folder is in the repository");
    let files: Vec<String> = files.iter().map(|(path, text)| format!("=== {path}\n{text}\n")).collect();
    files.concat().into_bytes()
}

#[test]
fn any_text_loads_as_a_contract_or_says_what_is_wrong() {
    smoke(&[folder("fuzz/contract"), folder("schema")], setting("FREEHOLD_CASES", 2_000) / 40, contract_load::run);
}

fn queries() -> [Vec<u8>; 3] {
    ["plan_query-product.graphql", "plan_query-things.graphql", "plan_limits-spellings.graphql"].map(|name| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name);
        std::fs::read(path).expect("the seed is in the repository")
    })
}

#[test]
fn any_text_is_counted_before_it_is_parsed() {
    smoke(&queries(), setting("FREEHOLD_CASES", 2_000) * 2, plan_limits::run);
}

#[test]
fn any_bytes_are_read_as_a_body_or_refused() {
    let seeds = [
        r#"{"query": "{ a }", "operationName": "", "variables": {"a": [1.50, null, "\u00e4"]}, "extensions": {"provenance": true}}"#,
        r#"{"query": "query Q { a }", "operationName": "Q", "extensions": {"freshness": {"maxAge": "5s"}}}"#,
        "[]",
    ];
    smoke(&seeds.map(|seed| seed.as_bytes().to_vec()), setting("FREEHOLD_CASES", 2_000) * 10, http_body::run);
}

#[test]
fn any_text_is_a_query_or_is_refused() {
    smoke(&queries(), setting("FREEHOLD_CASES", 2_000) * 2, plan_query::run);
}

#[test]
fn any_bytes_are_read_as_a_record() {
    let mut inner = Vec::new();
    let mut table = TableWriter::begin(2, &mut inner);
    inner.extend_from_slice(b"\"EUR\"");
    table.close_entry(&mut inner);
    table.close_fault(1, &mut inner);
    let mut outer = Vec::new();
    let mut table = TableWriter::begin(4, &mut outer);
    outer.extend_from_slice(b"\"A-100\"");
    table.close_entry(&mut outer);
    table.close_entry(&mut outer);
    outer.push(0);
    outer.extend_from_slice(&inner);
    table.close_entry(&mut outer);
    table.close_fault(0, &mut outer);
    smoke(&[inner, outer], setting("FREEHOLD_CASES", 2_000) * 10, tape_read::run);
}

#[test]
fn any_bytes_are_read_as_what_another_process_kept() {
    let stamp = Stamp { system: SystemId(0), started_ms: 1, ended_ms: 2, as_of_ms: Some(0), until_ms: None };
    let violation = Violation { field: "status".to_owned(), expected: "a decimal".to_owned() };
    let item = ListItem { type_name: None, key: Key::one("A-100"), cursor: Cursor(vec![Some("A".to_owned()), None]) };
    let (items, count) = (vec![item.clone(), item], Some(Count::MoreThan(10)));
    let page = Page { items, has_next: true, has_previous: false, count, stamp, left_out: None };
    let entries = [
        SharedEntry::Recalled(7),
        SharedEntry::Kept(Kept::Record(Record::absent(stamp).into())),
        SharedEntry::Kept(Kept::Record(Record::row(stamp, [1, 2, 3].into(), [violation].into()).into())),
        SharedEntry::Kept(Kept::Page(page.into())),
    ];
    let plain = entries.iter().map(|entry| entry.write(b"name"));
    let compressed = entries.iter().map(|entry| entry.write_compressed(b"name", 0));
    let seeds: Vec<Vec<u8>> = plain.chain(compressed).map(|bytes| bytes.expect("it was asked after 1970")).collect();
    smoke(&seeds, setting("FREEHOLD_CASES", 2_000) * 10, shared_entry::run);
}

#[test]
fn any_bytes_are_read_as_what_another_process_told() {
    let contract = shared_message::contract();
    let (system, entity) = (contract.groups[0].system, contract.groups[0].entity);
    let messages = [
        Told::Changed(Change { system, entity, keys: None }),
        Told::Changed(Change { system, entity, keys: Some(vec![Key::one("A-100"), Key::one("B")]) }),
        Told::Confirmed(Confirmation::by_complete_feed(system, vec![GroupId(0)], (1, 2))),
    ];
    let seeds = messages.map(|told| SharedMessage(told).write(contract));
    smoke(&seeds, setting("FREEHOLD_CASES", 2_000) * 10, shared_message::run);
}

#[test]
fn any_bytes_are_read_as_a_token_or_refused() {
    let seeds = [
        "eyJhbGciOiJSUzI1NiIsImtpZCI6InIxIn0.eyJpc3MiOiJhIiwic3ViIjoiYiJ9.c2lnbmF0dXJl".to_owned(),
        format!("fh_0123456789abcdef_{}", "0123456789abcdef".repeat(4)),
        "Bearer a.b.c".to_owned(),
    ];
    let seeds = seeds.map(String::into_bytes);
    smoke(&seeds, setting("FREEHOLD_CASES", 2_000) * 10, token_read::run);
}

#[test]
fn a_query_nested_without_end_is_refused() {
    for (open, close) in [("{a", "}"), ("{a(b:[", "]){a}}"), ("{...", "}"), ("{a(b:{c:", "}){a}}")] {
        let n_levels = 200_000;
        let text = format!("{}{}", open.repeat(n_levels), close.repeat(n_levels));
        plan_query::run(text.as_bytes());
        plan_limits::run(text.as_bytes());
    }
}
