//! What a group or list is asked with, as written: the keys that only its system's kind has.
//!
//! Each kind has a file beside this one; this is the switch between them.

use super::{
    super::{
        model::{GroupBinding, ListBinding},
        placeholder::Unreadable,
        reader::{Entry, Reader, Text},
    },
    odata::{OdataGroup, OdataListFile, OdataSetFile},
    sql::{SqlGroupFile, SqlListFile},
};
use crate::diagnostic::Place;

/// The kinds of binding: several kinds of system may be asked in the same way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Asking {
    /// In SQL.
    #[default]
    Sql,
    /// Over OData.
    Odata,
}

impl Asking {
    /// Returns how a kind of system is asked; of an unknown kind, what most systems are asked in.
    pub fn of_kind(kind: &str) -> Self {
        match kind {
            "odata" => Self::Odata,
            _ => Self::Sql,
        }
    }

    /// Whether its systems are reached over HTTP.
    pub fn is_http(self) -> bool {
        match self {
            Self::Sql => false,
            Self::Odata => true,
        }
    }

    /// Whether its answers have members that `fields` points at; columns of a query have aliases instead.
    pub fn has_fields(self) -> bool {
        match self {
            Self::Sql => false,
            Self::Odata => true,
        }
    }

    /// Returns the keys of a group that hold tables and so are no groups of their own.
    pub fn group_tables(self) -> &'static [&'static str] {
        match self {
            Self::Sql => SqlGroupFile::TABLES,
            Self::Odata => OdataSetFile::TABLES,
        }
    }
}

/// How a group is asked, as written.
#[derive(Debug)]
pub enum GroupAsked {
    /// In SQL.
    Sql(SqlGroupFile),
    /// Over OData.
    Odata(Box<OdataSetFile>),
}

impl GroupAsked {
    /// Returns a group of which nothing has been read.
    pub fn new(asking: Asking) -> Self {
        match asking {
            Asking::Sql => Self::Sql(SqlGroupFile::default()),
            Asking::Odata => Self::Odata(Box::default()),
        }
    }

    /// Returns the keys of this kind.
    pub fn keys(&self) -> &'static [&'static str] {
        match self {
            Self::Sql(_) => SqlGroupFile::KEYS,
            Self::Odata(_) => OdataSetFile::KEYS,
        }
    }

    /// Reads one key; false when the kind has no such key.
    pub fn read(&mut self, entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> bool {
        match self {
            Self::Sql(asked) => asked.read(entry, reader),
            Self::Odata(asked) => asked.read(entry, reader),
        }
    }

    /// Reports what is missing once all keys are read.
    pub fn finish(&self, title: &str, place: Place, reader: &mut Reader<'_>) {
        match self {
            Self::Sql(asked) => asked.finish(title, place, reader),
            Self::Odata(asked) => {
                asked.finish(title, place, reader);
                asked.refuse_arguments(reader);
            }
        }
    }

    /// Compiles what was written; `None` where a fault has been reported.
    pub fn compile(&self) -> Option<GroupBinding> {
        match self {
            Self::Sql(asked) => asked.compile().map(GroupBinding::Sql),
            Self::Odata(asked) => asked.compile().map(|set| GroupBinding::Odata(OdataGroup { set })),
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
    /// Over OData.
    Odata(Box<OdataListFile>),
}

impl ListAsked {
    /// Returns a list of which nothing has been read.
    pub fn new(asking: Asking) -> Self {
        match asking {
            Asking::Sql => Self::Sql(SqlListFile::default()),
            Asking::Odata => Self::Odata(Box::default()),
        }
    }

    /// Returns the keys of this kind.
    pub fn keys(&self) -> &'static [&'static str] {
        match self {
            Self::Sql(_) => SqlListFile::KEYS,
            Self::Odata(_) => OdataListFile::KEYS,
        }
    }

    /// Reads one key; false when the kind has no such key.
    pub fn read(&mut self, entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> bool {
        match self {
            Self::Sql(asked) => asked.read(entry, reader),
            Self::Odata(asked) => asked.read(entry, reader),
        }
    }

    /// Reports what is missing once all keys are read.
    pub fn finish(&self, title: &str, place: Place, reader: &mut Reader<'_>) {
        match self {
            Self::Sql(asked) => asked.finish(title, place, reader),
            Self::Odata(asked) => asked.set.finish(title, place, reader),
        }
    }

    /// Returns its parameters in order of appearance, each as often as it appears, or why it cannot be read.
    pub fn parameters(&self) -> Option<Result<Vec<Parameter>, (&Text, Unreadable)>> {
        match self {
            Self::Sql(asked) => asked.parameters(),
            Self::Odata(asked) => asked.set.parameters().map(Ok),
        }
    }

    /// Compiles what was written; `None` where a fault has been reported.
    pub fn compile(&self) -> Option<ListBinding> {
        match self {
            Self::Sql(asked) => asked.compile().map(ListBinding::Sql),
            Self::Odata(asked) => asked.compile().map(ListBinding::Odata),
        }
    }
}
