//! Lists: a window onto an owner's list query, and the page it answers with.

use std::time::Instant;

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
    /// When the question was put, in milliseconds since 1970.
    pub started_ms: i64,
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
