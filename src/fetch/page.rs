//! Lists: a window onto an owner's list query, and the page it answers with.

use std::time::Instant;

use super::Stamp;
use crate::value::{Argument, Key, ListId};

/// One batched list question: the same list and window for many parents.
#[derive(Debug, Clone)]
pub struct ListFetch {
    /// The list query.
    pub list: ListId,
    /// For each parent, the arguments in the order of the list's parameters.
    pub arguments: Vec<Box<[Argument]>>,
    /// Which rows.
    pub window: Window,
    /// Whether the number of all rows is wanted, and how far to count.
    pub count_up_to: Option<u64>,
    /// When the caller stops waiting.
    pub deadline: Instant,
}

/// Which rows of a list: `first`/`after` going forward, `last`/`before` going backward.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Window {
    /// Forward from the start or backward from the end.
    pub direction: Direction,
    /// How many rows at most.
    pub n_rows: u32,
    /// Only rows after this one in the list's order (`after`).
    pub after: Option<Cursor>,
    /// Only rows before this one in the list's order (`before`).
    pub before: Option<Cursor>,
}

/// From which end a window is filled. Rows always come in the list's own order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// `first`
    Forward,
    /// `last`
    Backward,
}

/// A place in a list: the canonical text of the row's order columns; `None` is SQL's null.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cursor(pub Vec<Option<String>>);

/// The rows of one parent's window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The rows, in the list's order.
    pub items: Vec<ListItem>,
    /// Whether rows follow the last item.
    pub has_next: bool,
    /// Whether rows precede the first item.
    pub has_previous: bool,
    /// The number of all rows, where it was asked for.
    pub count: Option<Count>,
    /// Where and when it came from.
    pub stamp: Stamp,
    /// The rows that are no items because their keys are none of the graph's; `None` where there are none.
    pub left_out: Option<Box<LeftOut>>,
}

impl Page {
    /// Whether another page says the same, whenever it was asked for.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let facts = |page: &Self| (page.has_next, page.has_previous, page.count);
        self.items == other.items && facts(self) == facts(other) && self.left_out == other.left_out
    }

    /// Returns how many bytes the page takes in memory.
    pub fn weight(&self) -> usize {
        let of_cursor = |cursor: &Cursor| -> usize {
            cursor.0.iter().map(|text| size_of_val(text) + text.as_ref().map_or(0, String::len)).sum()
        };
        let of_item = |item: &ListItem| {
            let key = item.key.as_str().len().saturating_sub(size_of::<Key>());
            size_of::<ListItem>() + item.type_name.as_ref().map_or(0, String::len) + key + of_cursor(&item.cursor)
        };
        let left_out = self.left_out.as_ref().map_or(0, |left_out| {
            let samples: usize = left_out.samples.iter().map(|text| size_of::<String>() + text.len()).sum();
            size_of::<LeftOut>() + samples + of_cursor(&left_out.first) + of_cursor(&left_out.last)
        });
        size_of::<Self>() + self.items.iter().map(of_item).sum::<usize>() + left_out
    }

    /// Returns where the window's first row stands, an item or left out.
    pub fn first(&self) -> Option<&Cursor> {
        let left_out = self.left_out.as_ref().map(|left_out| &left_out.first);
        left_out.or_else(|| self.items.first().map(|item| &item.cursor))
    }

    /// Returns where the window's last row stands, an item or left out.
    pub fn last(&self) -> Option<&Cursor> {
        let left_out = self.left_out.as_ref().map(|left_out| &left_out.last);
        left_out.or_else(|| self.items.last().map(|item| &item.cursor))
    }
}

/// The rows of a window that are no items of its page, because their keys are none of the graph's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// How many have no key, or one without a match in the graph.
    pub n_unmatched: u64,
    /// How many have a key with several matches, or the same as another row's.
    pub n_ambiguous: u64,
    /// A few of their keys as the system has them, for the operator alone.
    pub samples: Vec<String>,
    /// Where the window's first row stands, left out or not: pages go on from rows, not from items.
    pub first: Cursor,
    /// Where its last row stands.
    pub last: Cursor,
}

impl LeftOut {
    /// Enough samples to find out what is wrong, few enough for a line of a log.
    pub const SAMPLES_MAX: usize = 5;

    /// Begins with none, for a window from one row to another.
    pub fn new(first: Cursor, last: Cursor) -> Self {
        Self { n_unmatched: 0, n_ambiguous: 0, samples: Vec::new(), first, last }
    }

    /// Adds a row without a match.
    pub fn add_unmatched(&mut self, sample: impl FnOnce() -> String) {
        self.n_unmatched += 1;
        self.add_sample(sample);
    }

    /// Adds a row with several matches.
    pub fn add_ambiguous(&mut self, sample: impl FnOnce() -> String) {
        self.n_ambiguous += 1;
        self.add_sample(sample);
    }

    /// Whether no row is left out.
    pub fn is_empty(&self) -> bool {
        self.n_unmatched == 0 && self.n_ambiguous == 0
    }

    fn add_sample(&mut self, sample: impl FnOnce() -> String) {
        if self.samples.len() < Self::SAMPLES_MAX {
            self.samples.push(sample());
        }
    }
}

/// One row of a list: an entity's key and where the row stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListItem {
    /// The concrete type, where the list's type is an interface or a union.
    pub type_name: Option<String>,
    /// The entity's key.
    pub key: Key,
    /// The row's place.
    pub cursor: Cursor,
}

/// How many rows a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Exactly so many.
    Exactly(u64),
    /// More than the bound up to which they were counted.
    MoreThan(u64),
}
