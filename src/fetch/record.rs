//! The record: one field group of one entity from one owner, as finished JSON cut in slots.

use super::{Clock, SystemClock, Table};
use crate::value::SystemId;

/// One field group of one entity: the unit of fetching, caching and freshness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where and when it came from.
    pub stamp: Stamp,
    tape: Option<Box<[u8]>>,
    violations: Box<[Violation]>,
}

/// Where and when a record came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The system that answered.
    pub system: SystemId,
    /// When the fetch began, in milliseconds since 1970. Age counts from here.
    pub started_ms: i64,
    /// When the fetch ended, in milliseconds since 1970.
    pub ended_ms: i64,
    /// Where the system is itself a copy: since when what it says holds, in milliseconds since 1970. Age counts from
    /// here then.
    pub as_of_ms: Option<i64>,
    /// Where the row says so: until when it holds, in milliseconds since 1970.
    pub until_ms: Option<i64>,
}

/// A value that did not fit its declared type: the field is null, and this is why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The field's path inside the record: `lines.2.quantity`.
    pub field: String,
    /// What the contract expects there, with its article: "a decimal".
    pub expected: String,
}

impl Stamp {
    /// Stamps what a system has answered by now.
    pub fn answered(system: SystemId, started_ms: i64) -> Self {
        Self { system, started_ms, ended_ms: SystemClock.now_ms(), as_of_ms: None, until_ms: None }
    }
}

impl Violation {
    /// What is expected where a question's answer has no column for a field.
    pub const COLUMN: &str = "a column of this name";

    /// What is expected where null is refused.
    pub const VALUE: &str = "a value, and there is none";

    /// Whether the field has no column at all, in this row as in every other.
    pub fn is_missing_column(&self) -> bool {
        self.expected == Self::COLUMN
    }
}

impl Record {
    /// Makes the record of a row.
    pub fn row(stamp: Stamp, tape: Box<[u8]>, violations: Box<[Violation]>) -> Self {
        Self { stamp, tape: Some(tape), violations }
    }

    /// Makes the record that says: the owner has no such row.
    pub fn absent(stamp: Stamp) -> Self {
        Self { stamp, tape: None, violations: Box::default() }
    }

    /// Returns the record's slots, or `None` for a known absence.
    #[inline]
    pub fn table(&self) -> Option<Table<'_>> {
        self.tape.as_deref().map(Table::new)
    }

    /// Returns the record's bytes as they are kept, or `None` for a known absence.
    pub fn tape(&self) -> Option<&[u8]> {
        self.tape.as_deref()
    }

    /// Returns where bytes read from this record stand on its tape.
    pub fn range_of(&self, bytes: &[u8]) -> std::ops::Range<usize> {
        let tape = self.tape.as_deref().unwrap_or_default();
        let start = (bytes.as_ptr() as usize).wrapping_sub(tape.as_ptr() as usize);
        debug_assert!(start + bytes.len() <= tape.len(), "the bytes are this record's");
        start..start + bytes.len()
    }

    /// Returns the table at a place on the tape, as [`Record::range_of`] told it.
    #[inline]
    pub fn table_at(&self, range: std::ops::Range<usize>) -> Table<'_> {
        Table::new(self.tape.as_deref().and_then(|tape| tape.get(range)).unwrap_or_default())
    }

    /// Returns the violation a slot refers to.
    pub fn violation(&self, number: u32) -> Option<&Violation> {
        self.violations.get(number as usize)
    }

    /// Returns all values that did not fit.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Whether another record says the same, whenever it was asked for.
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.tape == other.tape && self.violations == other.violations
    }

    /// Returns how many bytes the record takes in memory.
    pub fn weight(&self) -> usize {
        size_of::<Self>()
            + self.tape.as_ref().map_or(0, |tape| tape.len())
            + self.violations.iter().map(|v| size_of::<Violation>() + v.field.len() + v.expected.len()).sum::<usize>()
    }
}
