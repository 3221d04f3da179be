//! Groups and lists of a SQL system: a query each, and one for each part that has rows of its own.

use super::{
    super::{
        placeholder::{self, Unreadable, Usage},
        reader::{Entry, Reader, Text},
    },
    asked::Parameter,
};
use crate::diagnostic::Place;

/// How a group is asked in SQL.
#[derive(Debug, Clone)]
pub struct SqlGroup {
    /// The query, with `in (:keys)`.
    pub query: String,
    /// For each slot filled by a query of its own: the slot's name and the query, with `in (:keys)` and its rows' owner
    /// aliased `parent` (for a key of several fields, `parent_` and the key field's name).
    pub parts: Vec<(String, String)>,
}

/// How a list is asked in SQL.
#[derive(Debug, Clone)]
pub struct SqlList {
    /// The query.
    pub query: String,
}

/// The keys of a group that only SQL systems have.
#[derive(Debug, Default)]
pub struct SqlGroupFile {
    pub query: Option<Text>,
    pub parts: Vec<(Text, Text)>,
    query_given: bool,
}

/// The keys of a list that only SQL systems have.
#[derive(Debug, Default)]
pub struct SqlListFile {
    pub query: Option<Text>,
    query_given: bool,
}

impl SqlGroupFile {
    /// The keys.
    pub const KEYS: &[&str] = &["query", "parts"];
    /// Those that hold tables.
    pub const TABLES: &[&str] = &["parts"];

    /// Reads one key; false when it is none of these.
    pub fn read(&mut self, entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> bool {
        match entry.0.get_ref().as_ref() {
            "query" => {
                self.query_given = true;
                self.query = reader.text(entry);
            }
            "parts" => {
                for entry in reader.table(entry).into_iter().flat_map(|table| table.iter()) {
                    let field = Text { text: entry.0.get_ref().to_string(), place: reader.place(entry.0) };
                    self.parts.extend(reader.text(entry).map(|query| (field, query)));
                }
            }
            _ => return false,
        }
        true
    }

    /// Reports what is missing once all keys are read.
    pub fn finish(&self, title: &str, place: Place, reader: &mut Reader<'_>) {
        if !self.query_given {
            reader.findings.fault(
                "QUERY_MISSING",
                place,
                format!("{title} has no query"),
                "add query = \"select … where … in (:keys)\"",
            );
        }
    }

    /// Compiles what was written; `None` when the query is missing, which has been reported.
    pub fn compile(&self) -> Option<SqlGroup> {
        let parts = self.parts.iter().map(|(field, query)| (field.text.clone(), query.text.clone())).collect();
        Some(SqlGroup { query: self.query.as_ref()?.text.clone(), parts })
    }
}

impl SqlListFile {
    /// The keys.
    pub const KEYS: &[&str] = &["query"];

    /// Reads one key; false when it is none of these.
    pub fn read(&mut self, entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> bool {
        if entry.0.get_ref() != "query" {
            return false;
        }
        self.query_given = true;
        self.query = reader.text(entry);
        true
    }

    /// Returns the parameters of the query, or why it cannot be read; `None` without a query.
    pub fn parameters(&self) -> Option<Result<Vec<Parameter>, (&Text, Unreadable)>> {
        let query = self.query.as_ref()?;
        let parameter =
            |one: placeholder::Placeholder| Parameter { is_single: one.usage == Usage::Value, name: one.name };
        let scanned = placeholder::scan(&query.text).map_err(|unreadable| (query, unreadable));
        Some(scanned.map(|scanned| scanned.placeholders.into_iter().map(parameter).collect()))
    }

    /// Reports what is missing once all keys are read.
    pub fn finish(&self, title: &str, place: Place, reader: &mut Reader<'_>) {
        if !self.query_given {
            let help = "add query = \"select … from …\" with the key columns of the listed type";
            reader.findings.fault("QUERY_MISSING", place, format!("{title} has no query"), help);
        }
    }

    /// Compiles what was written; `None` when the query is missing, which has been reported.
    pub fn compile(&self) -> Option<SqlList> {
        Some(SqlList { query: self.query.as_ref()?.text.clone() })
    }
}
