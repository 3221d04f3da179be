//! Arguments: what a list query is asked with, after coercion by the graph's types.

use compact_str::CompactString;

/// The value of one `:argument` of a list query, as canonical text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Argument {
    /// Absent or null.
    Null,
    /// One value.
    One(CompactString),
    /// A list of values, for `column in (:argument)`.
    Many(Vec<CompactString>),
}
