//! What a kind of SQL system gives: how it connects, how it writes our questions, how it runs them and reads the rows.
//!
//! [`SqlSource`](super::source::SqlSource) is the same for all kinds and asks through this.

use std::{future::Future, time::Instant};

use super::failure::Failure;
use crate::{
    contract::{Group, List, System},
    fetch::{Cell, Window},
    source::answer::Rows,
    value::{Argument, Key},
};

/// A kind of SQL system.
pub trait Kind: Send + Sync + Sized + 'static {
    /// A connection. Dropped, it is closed.
    type Connection: Send;
    /// A value bound to a parameter.
    type Binding: Clone + Send + Sync;
    /// The rows of a statement, as the driver has them.
    type Answer: Send + Sync;
    /// A group's query, or one of its part queries.
    type KeyQuery: KeyQuery<Self::Binding>;
    /// A list's query.
    type ListQuery: ListQuery<Self::Binding>;

    /// The number of the first of many parents.
    const FIRST_PARENT: usize;

    /// Reads how the system is reached. Nothing is connected yet.
    ///
    /// *Errors*: what is wrong with it, without showing it.
    fn new(system: &System) -> Result<Self, String>;

    /// Connects, for reading only.
    fn connect(&self) -> impl Future<Output = Result<Self::Connection, Failure>> + Send;

    /// Whether an idle connection still lives.
    fn is_alive(&self, connection: &mut Self::Connection) -> impl Future<Output = bool> + Send;

    /// Asks whether the system answers.
    fn probe(&self, connection: &mut Self::Connection) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Tells the connection when its statements must end, where the kind can.
    fn limit(
        &self,
        _connection: &mut Self::Connection,
        _deadline: Instant,
    ) -> impl Future<Output = Result<(), Failure>> + Send {
        std::future::ready(Ok(()))
    }

    /// Learns a group's queries: its own, then those of its parts.
    fn learn_group(
        &self,
        connection: &mut Self::Connection,
        group: &Group,
    ) -> impl Future<Output = Result<LearnedGroup<Self::KeyQuery>, Failure>> + Send;

    /// Learns a list's query.
    fn learn_list(
        &self,
        connection: &mut Self::Connection,
        list: &List,
    ) -> impl Future<Output = Result<LearnedList<Self::ListQuery>, Failure>> + Send;

    /// Begins a transaction that sees one state of the database until it ends.
    fn begin(&self, connection: &mut Self::Connection) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Ends that transaction.
    fn end(&self, connection: &mut Self::Connection) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Runs a statement.
    fn run(
        &self,
        connection: &mut Self::Connection,
        statement: Statement<Self::Binding>,
    ) -> impl Future<Output = Result<Self::Answer, Failure>> + Send;

    /// Cuts the answers of what may be several queries in one into the answers of each.
    fn apart(_query: &Self::KeyQuery, answers: Vec<Self::Answer>) -> Vec<Vec<Self::Answer>> {
        vec![answers]
    }

    /// Returns the names of an answer's columns; `None` where only rows can tell and there are none.
    fn columns(answer: &Self::Answer) -> Option<Vec<String>>;

    /// Reads an answer.
    fn cells(answer: &Self::Answer) -> Rows<'_>;

    /// Writes a value as a cursor holds it; `None` where the kind has no text for it.
    fn cursor_text(cell: &Cell<'_>) -> Option<String>;
}

/// A statement with what is bound to its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement<B> {
    /// The text: the contract's own with our parameters. No value is ever part of it.
    pub sql: String,
    /// The values.
    pub bindings: Vec<B>,
}

/// What a kind has learned about a group.
#[derive(Debug)]
pub struct LearnedGroup<Q> {
    /// Its query, then its part queries; or one that asks all of them at once.
    pub queries: Vec<Q>,
    /// The columns of each, where the system tells them before it is asked for rows.
    pub columns: Option<Vec<Vec<String>>>,
}

/// What a kind has learned about a list.
#[derive(Debug)]
pub struct LearnedList<Q> {
    /// Its query.
    pub query: Q,
    /// Its columns, where the system tells them before it is asked for rows.
    pub columns: Option<Vec<String>>,
}

/// A query by keys.
pub trait KeyQuery<B>: Send + Sync {
    /// Writes the statements that ask for these keys: none where the columns can hold none of them, several only where
    /// the system takes no more parameters at once.
    fn statements(&self, keys: &[Key]) -> Vec<Statement<B>>;
}

/// A list's query.
pub trait ListQuery<B>: Send + Sync {
    /// Returns how many arguments each parent has.
    fn n_parameters(&self) -> usize;

    /// Brings a parent's argument into the form its parameter takes.
    ///
    /// *Errors*: what does not fit, for the operator.
    fn bind(&self, parameter: usize, argument: &Argument) -> Result<B, String>;

    /// Whether the window's cursors can be this list's.
    fn takes(&self, window: &Window) -> bool;

    /// Returns how many parents one statement may ask for.
    fn parents_per_statement(&self) -> usize {
        usize::MAX
    }

    /// Writes the statement of a window for some parents.
    ///
    /// *Shape*: for several parents the first column is the parent's number.
    fn page(&self, parents: &[Vec<B>], window: &Window) -> Statement<B>;

    /// Writes the statement that counts the rows of some parents.
    ///
    /// *Shape*: one row per parent; for several parents the first column is the parent's number.
    fn count(&self, parents: &[Vec<B>], up_to: u64) -> Statement<B>;
}
