//! `[hierarchy]`: which list says what accounts are below an account, and how far that is followed.
//!
//! As written, and as the program runs on it. Whoever may see the accounts below theirs is asked for here; what cannot be
//! found out within these bounds is not seen.

use std::time::Duration;

use toml::de::DeTable;

use super::reader::{Reader, Text};
use crate::{diagnostic::Place, value::ListId};

/// How the accounts below an account are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hierarchy {
    /// The list of the accounts right below one.
    pub list: ListId,
    /// Which of its parameters takes the account above.
    pub parameter: usize,
    /// Nothing older than this says who is below whom.
    pub max_age: Duration,
    /// How many levels are followed.
    pub levels_max: u32,
    /// How many accounts are followed.
    pub accounts_max: usize,
}

/// `[hierarchy]` as written.
#[derive(Debug, Clone)]
pub(super) struct HierarchyTable {
    pub list: Option<Text>,
    pub parameter: Option<Text>,
    pub max_age: Duration,
    pub levels_max: u32,
    pub accounts_max: usize,
    pub place: Place,
}

const KEYS: &[&str] = &["list", "parameter", "max_age", "levels_max", "accounts_max"];
/// A right that was withdrawn must not outlive a minute.
const MAX_AGE: Duration = Duration::from_secs(60);
/// Deeper than the hierarchies of the systems that have one.
const LEVELS_MAX: u32 = 8;
/// More than any list of accounts that a person works with.
const ACCOUNTS_MAX: usize = 1_000;

/// Reads `[hierarchy]`.
pub(super) fn read(table: &DeTable<'_>, place: Place, reader: &mut Reader<'_>) -> HierarchyTable {
    let mut out = HierarchyTable {
        list: None,
        parameter: None,
        max_age: MAX_AGE,
        levels_max: LEVELS_MAX,
        accounts_max: ACCOUNTS_MAX,
        place,
    };
    for entry in table.iter() {
        match entry.0.get_ref().as_ref() {
            "list" => out.list = reader.text(entry),
            "parameter" => out.parameter = reader.text(entry),
            "max_age" => out.max_age = reader.duration(entry).unwrap_or(MAX_AGE),
            "levels_max" => {
                let levels = reader.number(entry, 1, 64).and_then(|levels| u32::try_from(levels).ok());
                out.levels_max = levels.unwrap_or(LEVELS_MAX);
            }
            "accounts_max" => {
                let accounts = reader.number(entry, 1, 100_000).and_then(|accounts| usize::try_from(accounts).ok());
                out.accounts_max = accounts.unwrap_or(ACCOUNTS_MAX);
            }
            _ => reader.unknown_key(entry.0, "[hierarchy]", KEYS),
        }
    }
    out
}
