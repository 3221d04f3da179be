//! Groups and lists of a GraphQL system: a document each, written whole or made of a root field and of what the graph needs.
//!
//! As written: `document`, or `query` with its arguments, or `by_key`, or `entities`. As used: a document in pieces, where its
//! rows are, and how its answer says which row is whose. Reading order: this file (as used), `document` (a document taken
//! apart), `question` (what groups and lists have alike, as written), `group`, `list`, `meaning` (error codes).

mod document;
mod group;
mod list;
mod meaning;
mod question;

use serde_json::Value;

pub use self::{
    document::{GraphQlDocument, GraphQlPiece, GraphQlRoot, GraphQlVariable},
    meaning::GraphQlMeaning,
};
pub(in super::super) use self::{group::GraphQlGroupFile, list::GraphQlListFile, meaning::meanings};

/// How a group of a GraphQL system is asked.
#[derive(Debug, Clone)]
pub struct GraphQlGroup {
    /// The document.
    pub document: GraphQlDocument,
    /// How it takes keys and says which row is whose.
    pub keys: GraphQlKeys,
    /// The members on the way to the rows, from the answer's data; `*` goes to every element.
    pub rows: Vec<String>,
    /// The member that says whether there are more rows than were given.
    pub more: Option<Vec<String>>,
    /// How many rows the system gives at most, where the binding says so.
    pub page_rows: Option<usize>,
    /// Variables with one value for ever.
    pub constants: Vec<(String, Value)>,
}

/// How keys are asked, and which row is whose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GraphQlKeys {
    /// All in `$keys`; each row says its key.
    Together,
    /// All in `$keys`; the rows come in their order, null for what there is not.
    Ordered,
    /// The document's root field once for each key, at most so many in one document.
    ByAlias(usize),
    /// As representations of this type of a federation subgraph, in order.
    Entities(String),
}

/// How a list of a GraphQL system is asked.
#[derive(Debug, Clone)]
pub struct GraphQlList {
    /// The document.
    pub document: GraphQlDocument,
    /// The members on the way to the rows or to the connection, from the answer's data.
    pub rows: Vec<String>,
    /// How it pages.
    pub paging: GraphQlPaging,
    /// How many rows the system gives at once at most, where the binding says so.
    pub page_rows: Option<usize>,
    /// How many rows are read at most, of one parent's list that has to be read whole.
    pub rows_max: usize,
    /// How many parents one document asks for.
    pub aliases_max: usize,
    /// Variables with one value for ever.
    pub constants: Vec<(String, Value)>,
}

/// How a list of a GraphQL system pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GraphQlPaging {
    /// Not at all: all rows come at once.
    Whole,
    /// By these variables: how many rows, and how many to leave out before them.
    Offset {
        /// The variable that says how many rows are wanted.
        limit: String,
        /// The variable that says how many rows to leave out.
        offset: String,
    },
    /// By a Relay connection and the system's own cursors.
    Connection {
        /// The member of the connection that counts all rows.
        count: String,
    },
}

/// The variables that page a Relay connection.
pub const CONNECTION_VARIABLES: [&str; 4] = ["first", "after", "last", "before"];

impl GraphQlList {
    /// Returns the variables that a list's arguments fill.
    pub fn parameters(&self) -> impl Iterator<Item = &GraphQlVariable> {
        let pages = |name: &str| match &self.paging {
            GraphQlPaging::Whole => false,
            GraphQlPaging::Offset { limit, offset } => name == limit || name == offset,
            GraphQlPaging::Connection { .. } => CONNECTION_VARIABLES.contains(&name),
        };
        self.document
            .variables
            .iter()
            .filter(move |one| !pages(&one.name) && !self.constants.iter().any(|(name, _)| *name == one.name))
    }
}
