//! The architecture, kept by tests: which room may import which, where foreign crates live, that every file says what it
//! holds.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// What each room may import. A new arrow is the rarest kind of change.
const ROOMS: [(&str, &[&str]); 22] = [
    ("value", &[]),
    ("diagnostic", &[]),
    ("telemetry", &["value"]),
    ("settings", &["value", "diagnostic"]),
    ("ledger", &["settings", "telemetry"]),
    ("fetch", &["value"]),
    ("rules", &[]),
    ("contract", &["value", "diagnostic", "rules"]),
    ("access", &["value", "contract", "fetch", "ledger", "telemetry"]),
    ("plan", &["value", "contract", "rules"]),
    ("source", &["value", "contract", "fetch", "ledger", "telemetry"]),
    ("owner", &["value", "contract", "fetch", "source", "telemetry"]),
    ("cache", &["value", "contract", "fetch", "source", "owner", "settings", "telemetry"]),
    ("changes", &["value", "contract", "fetch", "source", "cache", "telemetry"]),
    ("execute", &["value", "contract", "rules", "access", "plan", "fetch", "cache", "telemetry"]),
    (
        "engine",
        &[
            "value",
            "access",
            "contract",
            "rules",
            "plan",
            "fetch",
            "execute",
            "ledger",
            "owner",
            "cache",
            "changes",
            "settings",
            "telemetry",
        ],
    ),
    (
        "job",
        &[
            "value",
            "access",
            "contract",
            "diagnostic",
            "fetch",
            "ledger",
            "rules",
            "source",
            "owner",
            "cache",
            "engine",
            "settings",
            "telemetry",
        ],
    ),
    ("http", &["value", "access", "engine", "fetch", "cache", "changes", "plan", "settings", "telemetry"]),
    ("demo", &["value", "contract"]),
    (
        "cli",
        &[
            "access",
            "cache",
            "changes",
            "contract",
            "demo",
            "diagnostic",
            "engine",
            "fetch",
            "http",
            "job",
            "ledger",
            "owner",
            "plan",
            "settings",
            "telemetry",
            "value",
        ],
    ),
    ("lib", &[]),
    ("main", &["cli"]),
];

/// Where each foreign crate may be used. Their types do not leak.
const CRATES: [(&str, &[&str]); 15] = [
    ("lz4_flex", &["cache/redis"]),
    ("redis", &["cache/redis"]),
    ("sqlx", &["source/sql", "ledger", "demo"]),
    ("pgwire_replication", &["source/sql/postgres/replicate"]),
    ("odbc_api", &["source/sql/odbc"]),
    ("reqwest", &["source/http", "access/keys"]),
    ("jsonwebtoken", &["access/jwt", "access/keys", "demo/callers"]),
    ("axum", &["http", "demo/servers", "demo/pim_api"]),
    ("hyper", &["http"]),
    ("clap", &["cli"]),
    ("indicatif", &["cli/progress"]),
    (
        "async_graphql",
        &[
            "contract/sdl",
            "contract/public",
            "contract/binding/graphql/document",
            "contract/rule_inputs",
            "plan/document",
            "plan/parse",
            "demo/servers",
            "demo/shop_schema",
        ],
    ),
    ("notify", &["source/file", "cli/watch"]),
    ("encoding_rs", &["source/file", "contract/binding/file"]),
    ("quick_cache", &["engine/plans", "engine/persisted", "cache/memory"]),
];

fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder of the sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &mut found);
    found.sort();
    let read = |path: &PathBuf| {
        let name = path.strip_prefix(&root).expect("below src").to_string_lossy().into_owned();
        (name, fs::read_to_string(path).expect("a readable source"))
    };
    found.iter().map(read).collect()
}

fn room_of(file: &str) -> &str {
    file.split(['/', '.']).next().unwrap_or(file)
}

/// The rooms a file names after `crate::`, in lists of a `use` as well as in paths. Tests may name any.
fn rooms_named(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or(text);
    let code: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut rooms = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if !rest.starts_with('{') {
            rooms.insert(word(rest));
            continue;
        }
        let mut depth = 0;
        let mut expects_room = false;
        for (offset, character) in rest.char_indices() {
            match character {
                '{' => {
                    depth += 1;
                    expects_room = depth == 1;
                }
                '}' => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                ',' => expects_room = depth == 1,
                c if expects_room && c.is_alphabetic() => {
                    rooms.insert(word(&rest[offset..]));
                    expects_room = false;
                }
                _ => {}
            }
        }
    }
    rooms
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// A hint can only take back. What confirms is made by the one feed that is complete, and from the bytes in which it was told.
#[test]
fn only_a_complete_feed_confirms() {
    let code = |text: &str| text.split("#[cfg(test)]").next().unwrap_or(text).contains("by_complete_feed");
    let makers: Vec<String> = sources().into_iter().filter(|(_, text)| code(text)).map(|(name, _)| name).collect();
    assert_eq!(makers, ["cache/confirmed.rs", "cache/redis/message.rs", "changes/replication.rs"]);
}

#[test]
fn rooms_import_only_what_the_table_lets_them() {
    let allowed: BTreeMap<&str, &[&str]> = ROOMS.into_iter().collect();
    let mut wrong = Vec::new();
    for (file, text) in sources().into_iter().filter(|(file, _)| !file.contains("/tests")) {
        let room = room_of(&file);
        let Some(may_import) = allowed.get(room) else {
            wrong.push(format!("{file}: the room {room} is not in the table"));
            continue;
        };
        for named in rooms_named(&text) {
            if named != room && !may_import.contains(&named.as_str()) {
                wrong.push(format!("{file}: {room} may not import {named}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn foreign_crates_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        for (name, homes) in CRATES {
            let used = text.lines().any(|line| {
                let line = line.trim_start();
                !line.starts_with("//")
                    && line
                        .match_indices(&format!("{name}::"))
                        .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'))
            });
            if used && !homes.iter().any(|home| file.starts_with(home)) {
                wrong.push(format!("{file}: {name} belongs in {}", homes.join(", ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_opens_with_what_it_holds() {
    let silent: Vec<String> =
        sources().into_iter().filter(|(_, text)| !text.starts_with("//!")).map(|(file, _)| file).collect();
    assert!(silent.is_empty(), "without `//!`: {}", silent.join(", "));
}

#[test]
fn nothing_is_left_for_later() {
    let marks = ["todo!", "unimplemented!", "TODO", "FIXME", "XXX"];
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        for (number, line) in text.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark)) {
                wrong.push(format!("{file}:{}", number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
