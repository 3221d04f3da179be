//! The operation: one query as Freehold works on it, fragments in place and constant `@skip`/`@include` decided.

use compact_str::CompactString;

use crate::value::Input;

/// One operation of a document.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Its name.
    pub name: Option<String>,
    /// The variables it declares.
    pub variables: Vec<VariableDefinition>,
    /// What it selects of the query root.
    pub selections: Vec<Selection>,
    /// Whether `__schema` or `__type` is selected.
    pub introspects: bool,
}

/// A declared variable.
#[derive(Debug, Clone)]
pub struct VariableDefinition {
    /// Its name.
    pub name: CompactString,
    /// Its type, as written.
    pub ty: WrittenType,
    /// Its default.
    pub default: Option<Input>,
    /// Where it is declared.
    pub position: Position,
}

/// A type as a document writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WrittenType {
    /// A named type and whether null is refused.
    Named(String, bool),
    /// A list and whether null is refused.
    List(Box<WrittenType>, bool),
}

/// A line and column in the document, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// A field or a fragment.
#[derive(Debug, Clone)]
pub enum Selection {
    /// A field.
    Field(SelectedField),
    /// An inline fragment, or a named one in its place.
    Fragment {
        /// The type it is for; none where it is written without.
        type_condition: Option<String>,
        /// When it is included.
        guard: Guard,
        /// What it selects.
        selections: Vec<Selection>,
    },
}

/// A selected field.
#[derive(Debug, Clone)]
pub struct SelectedField {
    /// The alias, or the name.
    pub response_key: CompactString,
    /// The name.
    pub name: CompactString,
    /// The arguments that are given.
    pub arguments: Vec<(CompactString, Input)>,
    /// When it is included.
    pub guard: Guard,
    /// What it selects of its own type.
    pub selections: Vec<Selection>,
    /// Where it stands.
    pub position: Position,
}

/// What must be so for a selection to be included: all of it. Sorted, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guard(pub Vec<(Given, bool)>);

/// Something that a request brings and that is so or not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Given {
    /// The value of a variable.
    Variable(CompactString),
    /// That the caller holds a permission.
    Permission(CompactString),
}

impl Guard {
    /// Whether it includes its selection whatever the variables are.
    pub fn is_always(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the guard that asks for both.
    pub fn and(&self, other: &Guard) -> Guard {
        let mut both: Vec<_> = self.0.iter().chain(&other.0).cloned().collect();
        both.sort();
        both.dedup();
        Guard(both)
    }
}
