//! Groups and lists of what Freehold itself knows: which of its tables answers, and by what a list of it may be narrowed.
//!
//! The tables and their columns are fixed, so a field that no column answers is found when the contract is loaded. What their
//! rows hold is said by the sources of the kinds `freehold` and `ledger`.

use super::{
    super::reader::{Entry, Reader, Text},
    asked::Parameter,
};
use crate::{
    contract::{OrderColumn, nearest},
    diagnostic::Place,
};

/// A table of what Freehold itself knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InsideTable {
    /// Who owns each field.
    Ownership,
    /// The systems and how they are.
    Systems,
    /// The ledger's exceptions.
    Exceptions,
    /// The ledger's runs of reconciliation.
    Runs,
    /// The ledger's findings of reconciliation.
    Findings,
}

/// How a group of what Freehold itself knows is asked.
#[derive(Debug, Clone, Copy)]
pub struct InsideGroup {
    /// Its table.
    pub table: InsideTable,
}

/// How a list of what Freehold itself knows is asked.
#[derive(Debug, Clone, Copy)]
pub struct InsideList {
    /// Its table.
    pub table: InsideTable,
}

/// The keys of a group or list that only these systems have.
#[derive(Debug, Default)]
pub struct InsideFile {
    /// The table, and where it is named.
    pub table: Option<(InsideTable, Place)>,
    filters: Vec<Text>,
    table_given: bool,
}

impl InsideTable {
    /// Every table.
    pub const ALL: [Self; 5] = [Self::Ownership, Self::Systems, Self::Exceptions, Self::Runs, Self::Findings];

    /// Returns the word of a system file's `table`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ownership => "ownership",
            Self::Systems => "systems",
            Self::Exceptions => "exceptions",
            Self::Runs => "runs",
            Self::Findings => "findings",
        }
    }

    /// Returns the kind of system that has it.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Ownership | Self::Systems => "freehold",
            Self::Exceptions | Self::Runs | Self::Findings => "ledger",
        }
    }

    /// Returns its columns, the key first.
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Ownership => &[
                "field",
                "type",
                "domain",
                "owner",
                "answeredBy",
                "maxAge",
                "refreshAfter",
                "onOutage",
                "absent",
                "copies",
            ],
            Self::Systems => &[
                "name",
                "kind",
                "breaker",
                "lastSuccess",
                "lastFailure",
                "lastFailureCode",
                "asked",
                "failed",
                "errorShare",
                "feeds",
                "domains",
            ],
            Self::Exceptions => &[
                "id",
                "code",
                "severity",
                "rule",
                "domain",
                "entityType",
                "entityKey",
                "line",
                "account",
                "system",
                "message",
                "evidence",
                "firstSeen",
                "lastSeen",
                "count",
                "reopened",
                "resolvedAt",
            ],
            Self::Runs => {
                &["id", "types", "systems", "started", "finished", "compared", "drifted", "fields", "gaps", "stopped"]
            }
            Self::Findings => &[
                "id",
                "run",
                "kind",
                "entityType",
                "entityKey",
                "field",
                "owner",
                "ownerValue",
                "copy",
                "copyValue",
                "firstSeen",
                "lastSeen",
                "count",
                "reopened",
                "resolvedAt",
            ],
        }
    }

    /// Returns the column that tells its rows apart.
    pub fn key(self) -> &'static str {
        self.columns()[0]
    }

    /// Returns by what its lists may be narrowed, and whether several values may be given.
    pub fn filters(self) -> &'static [(&'static str, bool)] {
        match self {
            Self::Ownership => &[("domain", true), ("owner", true), ("type", true)],
            Self::Systems => &[("name", true)],
            Self::Exceptions => &[
                ("account", true),
                ("code", true),
                ("key", false),
                ("open", false),
                ("severity", true),
                ("since", false),
                ("system", false),
                ("type", false),
            ],
            Self::Runs => &[("system", true), ("type", true)],
            Self::Findings => &[
                ("field", false),
                ("key", false),
                ("kind", true),
                ("open", false),
                ("run", false),
                ("system", false),
                ("type", false),
            ],
        }
    }

    /// Returns the order of its lists. What the ledger holds comes in the order in which it was first seen, which never changes:
    /// what is seen again between two pages is neither repeated nor left out.
    pub fn order(self) -> Vec<OrderColumn> {
        let columns: &[(&str, bool)] = match self {
            Self::Ownership => &[("domain", false), ("field", false)],
            Self::Systems => &[("name", false)],
            Self::Exceptions | Self::Findings => &[("firstSeen", true), ("id", true)],
            Self::Runs => &[("started", true), ("id", true)],
        };
        let column =
            |(column, descending): &(&str, bool)| OrderColumn { column: (*column).to_owned(), descending: *descending };
        columns.iter().map(column).collect()
    }
}

impl InsideFile {
    /// The keys of a group.
    pub const GROUP_KEYS: &[&str] = &["table"];
    /// The keys of a list.
    pub const LIST_KEYS: &[&str] = &["table", "filters"];

    /// Reads one key; false when it is none of these.
    pub fn read(&mut self, entry: Entry<'_, '_>, known: &[&str], reader: &mut Reader<'_>) -> bool {
        match entry.0.get_ref().as_ref() {
            key if !known.contains(&key) => return false,
            "table" => {
                self.table_given = true;
                let text = reader.text(entry);
                self.table = text.and_then(|text| table_named(&text, reader).map(|table| (table, text.place)));
            }
            _ => self.filters = reader.texts(entry).unwrap_or_default(),
        }
        true
    }

    /// Reports what is missing or unknown once all keys are read.
    pub fn finish(&self, title: &str, place: Place, reader: &mut Reader<'_>) {
        if !self.table_given {
            let help = format!("add table = \"…\": one of {}", words(InsideTable::ALL.map(InsideTable::word)));
            reader.findings.fault("TABLE_MISSING", place, format!("{title} does not say which table it is"), help);
        }
        let Some((table, _)) = self.table else { return };
        let known: Vec<&str> = table.filters().iter().map(|(name, _)| *name).collect();
        for filter in self.filters.iter().filter(|filter| !known.contains(&filter.text.as_str())) {
            let help = match nearest(&filter.text, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it is narrowed by {}", words(known.iter().copied())),
            };
            let message = format!("the table `{}` is not narrowed by `{}`", table.word(), filter.text);
            reader.findings.fault("FILTER_UNKNOWN", filter.place, message, help);
        }
    }

    /// Returns the parameters of a list: its filters.
    pub fn parameters(&self) -> Option<Vec<Parameter>> {
        let (table, _) = self.table?;
        let takes_several = |name: &str| table.filters().iter().any(|(known, several)| *known == name && *several);
        let parameter =
            |filter: &Text| Parameter { is_single: !takes_several(&filter.text), name: filter.text.clone() };
        Some(self.filters.iter().map(parameter).collect())
    }
}

fn table_named(text: &Text, reader: &mut Reader<'_>) -> Option<InsideTable> {
    let found = InsideTable::ALL.into_iter().find(|table| table.word() == text.text);
    if found.is_none() {
        let help = match nearest(&text.text, InsideTable::ALL.into_iter().map(InsideTable::word)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the tables are {}", words(InsideTable::ALL.map(InsideTable::word))),
        };
        let message = format!("Freehold keeps no table `{}`", text.text);
        reader.findings.fault("TABLE_UNKNOWN", text.place, message, help);
    }
    found
}

fn words<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
