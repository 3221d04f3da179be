//! What a group or list is asked with, as written: the keys that only its system's kind has.
//!
//! Each kind has a file beside this one; this is the switch between them.

use super::{
    super::{
        model::{GroupBinding, ListBinding},
        placeholder::Unreadable,
        reader::{Entry, Reader, Text},
    },
    graphql::{GraphQlGroupFile, GraphQlListFile},
    sql::{SqlGroupFile, SqlListFile},
};
use crate::diagnostic::Place;

/// The kinds of binding: several kinds of system may be asked in the same way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Asking {
    /// In SQL.
    #[default]
    Sql,
    /// In GraphQL.
    GraphQl,
}

impl Asking {
    /// Returns how a kind of system is asked; of an unknown kind, what most systems are asked in.
    pub fn of_kind(kind: &str) -> Self {
        match kind {
            "graphql" => Self::GraphQl,
            _ => Self::Sql,
        }
    }

    /// Whether its systems are reached over HTTP.
    pub fn is_http(self) -> bool {
        match self {
            Self::Sql => false,
            Self::GraphQl => true,
        }
    }

    /// Whether its answers have members that `fields` points at; columns of a query have aliases instead.
    pub fn has_fields(self) -> bool {
        match self {
            Self::Sql => false,
            Self::GraphQl => true,
        }
    }

    /// Whether its errors have codes whose meaning the system file may tell.
    pub fn has_error_codes(self) -> bool {
        match self {
            Self::Sql => false,
            Self::GraphQl => true,
        }
    }

    /// Returns the keys of a group that hold tables and so are no groups of their own.
    pub fn group_tables(self) -> &'static [&'static str] {
        match self {
            Self::Sql => SqlGroupFile::TABLES,
            Self::GraphQl => GraphQlGroupFile::TABLES,
        }
    }
}

/// How a group is asked, as written.
#[derive(Debug)]
pub enum GroupAsked {
    /// In SQL.
    Sql(SqlGroupFile),
    /// In GraphQL.
    GraphQl(Box<GraphQlGroupFile>),
}

impl GroupAsked {
    /// Returns a group of which nothing has been read.
    pub fn new(asking: Asking) -> Self {
        match asking {
            Asking::Sql => Self::Sql(SqlGroupFile::default()),
            Asking::GraphQl => Self::GraphQl(Box::default()),
        }
    }

    /// Returns the keys of this kind.
    pub fn keys(&self) -> &'static [&'static str] {
        match self {
            Self::Sql(_) => SqlGroupFile::KEYS,
            Self::GraphQl(_) => GraphQlGroupFile::KEYS,
        }
    }

    /// Reads one key; false when the kind has no such key.
    pub fn read(&mut self, entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> bool {
        match self {
            Self::Sql(asked) => asked.read(entry, reader),
            Self::GraphQl(asked) => asked.read(entry, reader),
        }
    }

    /// Reports what is missing once all keys are read.
    pub fn finish(&self, title: &str, place: Place, reader: &mut Reader<'_>) {
        match self {
            Self::Sql(asked) => asked.finish(title, place, reader),
            Self::GraphQl(asked) => asked.finish(title, place, reader),
        }
    }

    /// Compiles what was written; `None` where a fault has been reported.
    pub fn compile(&self) -> Option<GroupBinding> {
        match self {
            Self::Sql(asked) => asked.compile().map(GroupBinding::Sql),
            Self::GraphQl(asked) => asked.compile().map(GroupBinding::GraphQl),
        }
    }
}

/// One use of a parameter in a list's question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Whether this use takes one value and no list of them.
    pub is_single: bool,
}

/// How a list is asked, as written.
#[derive(Debug)]
pub enum ListAsked {
    /// In SQL.
    Sql(SqlListFile),
    /// In GraphQL.
    GraphQl(Box<GraphQlListFile>),
}

impl ListAsked {
    /// Returns a list of which nothing has been read.
    pub fn new(asking: Asking) -> Self {
        match asking {
            Asking::Sql => Self::Sql(SqlListFile::default()),
            Asking::GraphQl => Self::GraphQl(Box::default()),
        }
    }

    /// Returns the keys of this kind.
    pub fn keys(&self) -> &'static [&'static str] {
        match self {
            Self::Sql(_) => SqlListFile::KEYS,
            Self::GraphQl(_) => GraphQlListFile::KEYS,
        }
    }

    /// Reads one key; false when the kind has no such key.
    pub fn read(&mut self, entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> bool {
        match self {
            Self::Sql(asked) => asked.read(entry, reader),
            Self::GraphQl(asked) => asked.read(entry, reader),
        }
    }

    /// Reports what is missing once all keys are read.
    pub fn finish(&self, title: &str, place: Place, reader: &mut Reader<'_>) {
        match self {
            Self::Sql(asked) => asked.finish(title, place, reader),
            Self::GraphQl(asked) => asked.finish(title, place, reader),
        }
    }

    /// Returns its parameters in order of appearance, each as often as it appears, or why it cannot be read.
    pub fn parameters(&self) -> Option<Result<Vec<Parameter>, (&Text, Unreadable)>> {
        match self {
            Self::Sql(asked) => asked.parameters(),
            Self::GraphQl(asked) => asked.parameters().map(Ok),
        }
    }

    /// Whether its rows come in the system's own order, so that the binding gives none.
    pub fn is_ordered_by_system(&self) -> bool {
        match self {
            Self::Sql(_) => false,
            Self::GraphQl(asked) => asked.is_ordered_by_system(),
        }
    }

    /// Compiles what was written; `None` where a fault has been reported.
    pub fn compile(&self) -> Option<ListBinding> {
        match self {
            Self::Sql(asked) => asked.compile().map(ListBinding::Sql),
            Self::GraphQl(asked) => asked.compile().map(ListBinding::GraphQl),
        }
    }
}
