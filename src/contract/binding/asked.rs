//! What a group or list is asked with, as written: the keys that only its system's kind has.
//!
//! Each kind has a file beside this one; this is the switch between them.

use super::{
    super::{
        model::{GroupBinding, ListBinding},
        placeholder::Unreadable,
        reader::{Entry, Reader, Text},
    },
    file::{FileGroupFile, FileListFile},
    graphql::{GraphQlGroupFile, GraphQlListFile},
    inside::{InsideFile, InsideGroup, InsideList},
    odata::{OdataGroup, OdataListFile, OdataSetFile},
    rest::{RestGroupFile, RestListFile},
    sql::{SqlGroupFile, SqlListFile},
};
use crate::{diagnostic::Place, value::Pointer};

/// The kinds of binding: several kinds of system may be asked in the same way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Asking {
    /// In SQL.
    #[default]
    Sql,
    /// By reading files.
    File,
    /// By calls of a REST or RPC interface.
    Rest,
    /// Over OData.
    Odata,
    /// In GraphQL.
    GraphQl,
    /// By looking at what Freehold itself knows.
    Inside,
}

impl Asking {
    /// Returns how a kind of system is asked; of an unknown kind, what most systems are asked in.
    pub fn of_kind(kind: &str) -> Self {
        match kind {
            "file" => Self::File,
            "rest" => Self::Rest,
            "odata" => Self::Odata,
            "graphql" => Self::GraphQl,
            "freehold" | "ledger" => Self::Inside,
            _ => Self::Sql,
        }
    }

    /// Whether its systems are reached over HTTP.
    pub fn is_http(self) -> bool {
        match self {
            Self::Sql => false,
            Self::File => false,
            Self::Rest => true,
            Self::Odata => true,
            Self::GraphQl => true,
            Self::Inside => false,
        }
    }

    /// Whether its answers have members that `fields` points at; columns of a query have aliases instead.
    pub fn has_fields(self) -> bool {
        match self {
            Self::Sql => false,
            Self::File => true,
            Self::Rest => true,
            Self::Odata => true,
            Self::GraphQl => true,
            Self::Inside => false,
        }
    }

    /// Whether its errors have codes whose meaning the system file may tell.
    pub fn has_error_codes(self) -> bool {
        match self {
            Self::Sql => false,
            Self::GraphQl => true,
            Self::File | Self::Odata | Self::Rest | Self::Inside => false,
        }
    }

    /// Returns the keys of a group that hold tables and so are no groups of their own.
    pub fn group_tables(self) -> &'static [&'static str] {
        match self {
            Self::Sql => SqlGroupFile::TABLES,
            Self::File => FileGroupFile::TABLES,
            Self::Rest => RestGroupFile::TABLES,
            Self::Odata => OdataSetFile::TABLES,
            Self::GraphQl => GraphQlGroupFile::TABLES,
            Self::Inside => &[],
        }
    }
}

/// How a group is asked, as written.
#[derive(Debug)]
pub enum GroupAsked {
    /// In SQL.
    Sql(SqlGroupFile),
    /// By reading files.
    File(Box<FileGroupFile>),
    /// By a call.
    Rest(Box<RestGroupFile>),
    /// Over OData.
    Odata(Box<OdataSetFile>),
    /// In GraphQL.
    GraphQl(Box<GraphQlGroupFile>),
    /// By looking at what Freehold itself knows.
    Inside(InsideFile),
}

impl GroupAsked {
    /// Returns a group of which nothing has been read.
    pub fn new(asking: Asking) -> Self {
        match asking {
            Asking::Sql => Self::Sql(SqlGroupFile::default()),
            Asking::File => Self::File(Box::default()),
            Asking::Rest => Self::Rest(Box::new(RestGroupFile::new())),
            Asking::Odata => Self::Odata(Box::default()),
            Asking::GraphQl => Self::GraphQl(Box::default()),
            Asking::Inside => Self::Inside(InsideFile::default()),
        }
    }

    /// Returns the keys of this kind.
    pub fn keys(&self) -> &'static [&'static str] {
        match self {
            Self::Sql(_) => SqlGroupFile::KEYS,
            Self::File(_) => FileGroupFile::KEYS,
            Self::Rest(_) => RestGroupFile::KEYS,
            Self::Odata(_) => OdataSetFile::KEYS,
            Self::GraphQl(_) => GraphQlGroupFile::KEYS,
            Self::Inside(_) => InsideFile::GROUP_KEYS,
        }
    }

    /// Reads one key; false when the kind has no such key.
    pub fn read(&mut self, entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> bool {
        match self {
            Self::Sql(asked) => asked.read(entry, reader),
            Self::File(asked) => asked.read(entry, reader),
            Self::Rest(asked) => asked.read(entry, reader),
            Self::Odata(asked) => asked.read(entry, reader),
            Self::GraphQl(asked) => asked.read(entry, reader),
            Self::Inside(asked) => asked.read(entry, InsideFile::GROUP_KEYS, reader),
        }
    }

    /// Reports what is missing once all keys are read; `fields` are those of every kind.
    pub fn finish(&self, title: &str, place: Place, fields: &[(Text, Pointer)], reader: &mut Reader<'_>) {
        match self {
            Self::Sql(asked) => asked.finish(title, place, reader),
            Self::File(asked) => asked.finish(title, place, fields, reader),
            Self::Rest(asked) => asked.finish(title, place, reader),
            Self::Odata(asked) => {
                asked.finish(title, place, reader);
                asked.refuse_arguments(reader);
            }
            Self::GraphQl(asked) => asked.finish(title, place, reader),
            Self::Inside(asked) => asked.finish(title, place, reader),
        }
    }

    /// Compiles what was written; `None` where a fault has been reported.
    pub fn compile(&self) -> Option<GroupBinding> {
        match self {
            Self::Sql(asked) => asked.compile().map(GroupBinding::Sql),
            Self::File(asked) => asked.compile().map(GroupBinding::File),
            Self::Rest(asked) => asked.compile().map(|asked| GroupBinding::Rest(Box::new(asked))),
            Self::Odata(asked) => asked.compile().map(|set| GroupBinding::Odata(OdataGroup { set })),
            Self::GraphQl(asked) => asked.compile().map(GroupBinding::GraphQl),
            Self::Inside(asked) => asked.table.map(|(table, _)| GroupBinding::Inside(InsideGroup { table })),
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
    /// By reading files.
    File(Box<FileListFile>),
    /// By a call.
    Rest(Box<RestListFile>),
    /// Over OData.
    Odata(Box<OdataListFile>),
    /// In GraphQL.
    GraphQl(Box<GraphQlListFile>),
    /// By looking at what Freehold itself knows.
    Inside(InsideFile),
}

impl ListAsked {
    /// Returns a list of which nothing has been read.
    pub fn new(asking: Asking) -> Self {
        match asking {
            Asking::Sql => Self::Sql(SqlListFile::default()),
            Asking::File => Self::File(Box::default()),
            Asking::Rest => Self::Rest(Box::new(RestListFile::new())),
            Asking::Odata => Self::Odata(Box::default()),
            Asking::GraphQl => Self::GraphQl(Box::default()),
            Asking::Inside => Self::Inside(InsideFile::default()),
        }
    }

    /// Returns the keys of this kind.
    pub fn keys(&self) -> &'static [&'static str] {
        match self {
            Self::Sql(_) => SqlListFile::KEYS,
            Self::File(_) => FileListFile::KEYS,
            Self::Rest(_) => RestListFile::KEYS,
            Self::Odata(_) => OdataListFile::KEYS,
            Self::GraphQl(_) => GraphQlListFile::KEYS,
            Self::Inside(_) => InsideFile::LIST_KEYS,
        }
    }

    /// Reads one key; false when the kind has no such key.
    pub fn read(&mut self, entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> bool {
        match self {
            Self::Sql(asked) => asked.read(entry, reader),
            Self::File(asked) => asked.read(entry, reader),
            Self::Rest(asked) => asked.read(entry, reader),
            Self::Odata(asked) => asked.read(entry, reader),
            Self::GraphQl(asked) => asked.read(entry, reader),
            Self::Inside(asked) => asked.read(entry, InsideFile::LIST_KEYS, reader),
        }
    }

    /// Reports what is missing once all keys are read; `fields` are those of every kind.
    pub fn finish(&self, title: &str, place: Place, fields: &[(Text, Pointer)], reader: &mut Reader<'_>) {
        match self {
            Self::Sql(asked) => asked.finish(title, place, reader),
            Self::File(asked) => asked.finish(title, place, fields, reader),
            Self::Rest(asked) => asked.finish(title, place, reader),
            Self::Odata(asked) => asked.set.finish(title, place, reader),
            Self::GraphQl(asked) => asked.finish(title, place, reader),
            Self::Inside(asked) => asked.finish(title, place, reader),
        }
    }

    /// Returns its parameters in order of appearance, each as often as it appears, or why it cannot be read.
    pub fn parameters(&self) -> Option<Result<Vec<Parameter>, (&Text, Unreadable)>> {
        match self {
            Self::Sql(asked) => asked.parameters(),
            Self::File(asked) => asked.parameters(),
            Self::Rest(asked) => Some(Ok(asked.parameters())),
            Self::Odata(asked) => asked.set.parameters().map(Ok),
            Self::GraphQl(asked) => asked.parameters().map(Ok),
            Self::Inside(asked) => asked.parameters().map(Ok),
        }
    }

    /// Whether its rows come in the system's own order, so that the binding gives none.
    pub fn is_ordered_by_system(&self) -> bool {
        match self {
            Self::Sql(_) => false,
            Self::GraphQl(asked) => asked.is_ordered_by_system(),
            Self::Inside(_) => true,
            Self::File(_) | Self::Odata(_) | Self::Rest(_) => false,
        }
    }

    /// Compiles what was written; `None` where a fault has been reported.
    pub fn compile(&self) -> Option<ListBinding> {
        match self {
            Self::Sql(asked) => asked.compile().map(ListBinding::Sql),
            Self::File(asked) => asked.compile().map(ListBinding::File),
            Self::Rest(asked) => asked.compile().map(|asked| ListBinding::Rest(Box::new(asked))),
            Self::Odata(asked) => asked.compile().map(ListBinding::Odata),
            Self::GraphQl(asked) => asked.compile().map(ListBinding::GraphQl),
            Self::Inside(asked) => asked.table.map(|(table, _)| ListBinding::Inside(InsideList { table })),
        }
    }
}
