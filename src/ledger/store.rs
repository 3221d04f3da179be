//! The store: connections to the ledger, and statements that mean the same on both kinds.
//!
//! In: SQL with `$1, $2, …` and the values. Out: rows, or why there are none. Connections are few, for the ledger is asked by
//! operators and written by one task; every use has a deadline, and one that ends badly is closed.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection as _, Executor as _, PgConnection, Row as _, SqliteConnection,
    postgres::PgRow, sqlite::SqliteRow,
};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout_at,
};

use super::{
    address::{LedgerAddress, Reached},
    failure::LedgerError,
    migrate,
};

/// Connections at once: the writer, the sweep, the webhook, and some who read.
const CONNECTIONS_MAX: usize = 6;

/// A connection idle for longer is asked whether it still lives.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// How long one use of the ledger may take, waiting for a connection and for other writers included.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Writers go one after the other: what becomes of an exception depends on what stands there. Any number will do that no
/// other program takes for its own lock in this database.
const TURN_OF_WRITERS: &str = "select pg_advisory_xact_lock(7026650411)";

/// A connection of either kind.
pub(super) enum Connection {
    /// To a file.
    Sqlite(SqliteConnection),
    /// To a server.
    Postgres(Box<PgConnection>),
}

/// Values of one statement: SQLite takes 32,766, PostgreSQL 65,535. SQLite finds each by its name among all before it, so that
/// twice as many take four times as long.
const VALUES_PER_STATEMENT: usize = 10_000;

/// A statement and its values.
#[derive(Debug, Clone, Default)]
pub(super) struct Statement {
    /// The SQL; places for values are numbered.
    pub sql: String,
    values: Vec<Value>,
}

/// A value of a statement.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// A text, or null.
    Text(Option<String>),
    /// A number, or null.
    Number(Option<i64>),
}

/// A row of either kind.
pub(super) enum Row {
    /// Of a file.
    Sqlite(SqliteRow),
    /// Of a server.
    Postgres(PgRow),
}

/// The ledger's connections.
pub struct Store {
    address: LedgerAddress,
    /// Whether the tables may be made and changed.
    writes: bool,
    /// Whether the tables are known to be as they must be.
    is_prepared: AtomicBool,
    idle: Mutex<Vec<(Connection, Instant)>>,
    permits: Semaphore,
}

/// A connection in use. Dropped, it is closed; given back, it is kept.
pub(super) struct Lease<'s> {
    store: &'s Store,
    connection: Connection,
    deadline: Instant,
    _permit: SemaphorePermit<'s>,
}

impl Store {
    /// Makes a store whose tables are made and brought up to date as soon as it is reached.
    pub fn new(address: LedgerAddress) -> Self {
        Self::of(address, true)
    }

    /// Makes a store that is only read: its tables are left as they are.
    pub fn read_only(address: LedgerAddress) -> Self {
        let address = match address.0 {
            Reached::Sqlite { file, options } => {
                LedgerAddress(Reached::Sqlite { file, options: Box::new(options.create_if_missing(false)) })
            }
            server @ Reached::Postgres(_) => LedgerAddress(server),
        };
        Self::of(address, false)
    }

    fn of(address: LedgerAddress, writes: bool) -> Self {
        let (idle, permits) = (Mutex::default(), Semaphore::new(CONNECTIONS_MAX));
        Self { address, writes, is_prepared: AtomicBool::new(false), idle, permits }
    }

    /// Returns the word for its kind.
    pub fn kind(&self) -> &'static str {
        self.address.word()
    }

    /// Connects, and sees to the tables.
    pub async fn prepare(&self) -> Result<(), LedgerError> {
        self.take().await?.give_back();
        Ok(())
    }

    /// Takes a living connection to tables that are as they must be.
    pub(super) async fn take(&self) -> Result<Lease<'_>, LedgerError> {
        let deadline = Instant::now() + PATIENCE;
        let taken = timeout_at(deadline.into(), self.take_or_connect(deadline)).await;
        taken.unwrap_or_else(|_| Err(LedgerError::late()))
    }

    /// Takes a connection and begins to write; no other process writes until it is committed.
    pub(super) async fn begin(&self) -> Result<Lease<'_>, LedgerError> {
        let mut lease = self.take().await?;
        match lease.connection {
            Connection::Sqlite(_) => lease.run("begin immediate").await?,
            Connection::Postgres(_) => {
                lease.run("begin").await?;
                lease.run(TURN_OF_WRITERS).await?;
            }
        }
        Ok(lease)
    }

    /// Asks something of its own.
    pub(super) async fn ask(&self, statement: Statement) -> Result<Vec<Row>, LedgerError> {
        let mut lease = self.take().await?;
        let rows = lease.fetch(statement).await?;
        lease.give_back();
        Ok(rows)
    }

    async fn take_or_connect(&self, deadline: Instant) -> Result<Lease<'_>, LedgerError> {
        let permit = self.permits.acquire().await.map_err(|_| LedgerError::late())?;
        let mut found = None;
        loop {
            let Some((mut connection, since)) = self.idle().pop() else { break };
            if since.elapsed() < TRUSTED_IDLE || connection.is_alive().await {
                found = Some(connection);
                break;
            }
        }
        let mut connection = match found {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        if !self.is_prepared.load(Ordering::Acquire) {
            match self.writes {
                true => migrate::apply(&mut connection).await?,
                false => migrate::check(&mut connection).await?,
            }
            self.is_prepared.store(true, Ordering::Release);
        }
        Ok(Lease { store: self, connection, deadline, _permit: permit })
    }

    async fn connect(&self) -> Result<Connection, LedgerError> {
        match &self.address.0 {
            Reached::Sqlite { file, options } => {
                if self.writes {
                    make_private(file);
                }
                let connection = SqliteConnection::connect_with(options).await;
                Ok(Connection::Sqlite(connection.map_err(|error| LedgerError::of(&error))?))
            }
            Reached::Postgres(options) => {
                let connection = options.connect().await.map_err(|error| LedgerError::of(&error))?;
                Ok(Connection::Postgres(Box::new(connection)))
            }
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(Connection, Instant)>> {
        // A panic elsewhere cannot leave a list of connections half changed.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the file readable for its owner alone, as it holds what customers may not see of each other. Where that is not
/// possible SQLite makes it, or says why not.
#[cfg(unix)]
fn make_private(file: &std::path::Path) {
    use std::os::unix::fs::OpenOptionsExt;
    let _ = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
}

#[cfg(not(unix))]
fn make_private(_: &std::path::Path) {}

impl Lease<'_> {
    /// Runs a statement; says how many rows it changed.
    pub async fn execute(&mut self, statement: Statement) -> Result<u64, LedgerError> {
        statement.check()?;
        let done = timeout_at(self.deadline.into(), self.connection.execute(statement)).await;
        self.judged(done.map_err(|_| LedgerError::late()))
    }

    /// Runs a statement; returns its rows.
    pub async fn fetch(&mut self, statement: Statement) -> Result<Vec<Row>, LedgerError> {
        statement.check()?;
        let done = timeout_at(self.deadline.into(), self.connection.fetch(statement)).await;
        self.judged(done.map_err(|_| LedgerError::late()))
    }

    /// Makes what was written last, and lets others write.
    pub async fn commit(mut self) -> Result<(), LedgerError> {
        self.run("commit").await?;
        self.give_back();
        Ok(())
    }

    /// Keeps the connection for whoever comes next; only where nothing has been begun.
    pub fn give_back(self) {
        self.store.idle().push((self.connection, Instant::now()));
    }

    async fn run(&mut self, sql: &str) -> Result<(), LedgerError> {
        self.execute(Statement::of(sql)).await.map(|_| ())
    }

    fn judged<T>(&self, done: Result<Result<T, sqlx::Error>, LedgerError>) -> Result<T, LedgerError> {
        let failed = match done {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(error)) => LedgerError::of(&error),
            Err(late) => late,
        };
        // The ledger may have been emptied, or restored from an earlier day.
        self.store.is_prepared.store(false, Ordering::Release);
        Err(failed)
    }
}

impl Connection {
    async fn is_alive(&mut self) -> bool {
        match self {
            Self::Sqlite(connection) => connection.ping().await.is_ok(),
            Self::Postgres(connection) => connection.ping().await.is_ok(),
        }
    }

    async fn execute(&mut self, statement: Statement) -> Result<u64, sqlx::Error> {
        let Statement { sql, values } = statement;
        match self {
            Self::Sqlite(connection) => {
                let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
                for value in values {
                    query = match value {
                        Value::Text(text) => query.bind(text),
                        Value::Number(number) => query.bind(number),
                    };
                }
                Ok(connection.execute(query).await?.rows_affected())
            }
            Self::Postgres(connection) => {
                let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
                for value in values {
                    query = match value {
                        Value::Text(text) => query.bind(text),
                        Value::Number(number) => query.bind(number),
                    };
                }
                Ok(connection.execute(query).await?.rows_affected())
            }
        }
    }

    async fn fetch(&mut self, statement: Statement) -> Result<Vec<Row>, sqlx::Error> {
        let Statement { sql, values } = statement;
        match self {
            Self::Sqlite(connection) => {
                let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
                for value in values {
                    query = match value {
                        Value::Text(text) => query.bind(text),
                        Value::Number(number) => query.bind(number),
                    };
                }
                Ok(connection.fetch_all(query).await?.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(connection) => {
                let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
                for value in values {
                    query = match value {
                        Value::Text(text) => query.bind(text),
                        Value::Number(number) => query.bind(number),
                    };
                }
                Ok(connection.fetch_all(query).await?.into_iter().map(Row::Postgres).collect())
            }
        }
    }
}

impl Statement {
    /// Makes a statement without values.
    pub fn of(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), values: Vec::new() }
    }

    /// Adds a value to those that the SQL numbers.
    pub fn with(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Refuses what has more values than one may have, on both kinds alike. The ledger is none the worse for it: a caller has
    /// asked for too much.
    pub fn check(&self) -> Result<(), LedgerError> {
        if self.values.len() <= VALUES_PER_STATEMENT {
            return Ok(());
        }
        let detail = format!("more than {VALUES_PER_STATEMENT} values are asked with at once: ask with fewer");
        Err(LedgerError::Refused(detail))
    }

    /// Returns how many values it has.
    pub fn n_values(&self) -> usize {
        self.values.len()
    }

    /// Returns how long it is, to be cut back to that.
    pub fn length(&self) -> (usize, usize) {
        (self.sql.len(), self.values.len())
    }

    /// Takes away what was added since it had this length.
    pub fn cut(&mut self, (n_bytes, n_values): (usize, usize)) {
        self.sql.truncate(n_bytes);
        self.values.truncate(n_values);
    }

    /// Adds SQL.
    pub fn push(&mut self, sql: &str) {
        self.sql += sql;
    }

    /// Adds a value and its place.
    pub fn push_value(&mut self, value: impl Into<Value>) {
        self.values.push(value.into());
        self.sql += &format!("${}", self.values.len());
    }

    /// Adds values and their places, in brackets.
    pub fn push_values<V: Into<Value>>(&mut self, values: impl IntoIterator<Item = V>) {
        for (n, value) in values.into_iter().enumerate() {
            self.push(if n == 0 { "(" } else { ", " });
            self.push_value(value);
        }
        self.push(")");
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Number(number)
    }
}

impl Row {
    /// Reads a text that may be null.
    pub fn text_or_null(&self, column: usize) -> Result<Option<String>, LedgerError> {
        let read = match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        };
        read.map_err(|error| LedgerError::of(&error))
    }

    /// Reads a text.
    pub fn text(&self, column: usize) -> Result<String, LedgerError> {
        self.text_or_null(column).map(Option::unwrap_or_default)
    }

    /// Reads a number that may be null.
    pub fn number_or_null(&self, column: usize) -> Result<Option<i64>, LedgerError> {
        let read = match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        };
        read.map_err(|error| LedgerError::of(&error))
    }

    /// Reads a number.
    pub fn number(&self, column: usize) -> Result<i64, LedgerError> {
        self.number_or_null(column).map(Option::unwrap_or_default)
    }
}
