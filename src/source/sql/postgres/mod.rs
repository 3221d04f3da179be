//! PostgreSQL: asks groups and lists over sqlx, read-only, one statement each.
//!
//! Reading order: `encode`, `decode` with `numeric`, `fit` (what texts a type takes), `learn` (what the server knows about
//! a query), `failure`; then how changes are heard of: `listen` (notices), `replicate` with `pgoutput` (everything that is
//! committed) and `frontier` (how far that reaches).

mod decode;
mod encode;
mod failure;
mod fit;
mod frontier;
mod learn;
mod listen;
mod numeric;
mod pgoutput;
mod replicate;

pub use listen::{Listener, Notice};
pub use pgoutput::{Relation, Value};
pub use replicate::{Position, Replica, Replicated, Since, Written};

use std::{str::FromStr, time::Duration};

use sqlx::{
    AssertSqlSafe, Column, ConnectOptions, Connection, Executor, PgConnection, Row, ValueRef,
    postgres::{PgConnectOptions, PgRow},
};

use self::{
    decode::Reader,
    encode::{Binding, ListQuery},
    learn::KeyQuery,
};
use super::{
    failure::Failure,
    kind::{Kind, LearnedGroup, LearnedList, Statement},
};
use crate::{
    contract::{Group, List, System, SystemKind},
    fetch::Cell,
    source::answer::Rows,
};

/// How a PostgreSQL system is reached.
pub struct Postgres {
    options: PgConnectOptions,
}

impl Kind for Postgres {
    type Connection = PgConnection;
    type Binding = Binding;
    type Answer = Vec<PgRow>;
    type KeyQuery = KeyQuery;
    type ListQuery = ListQuery;

    /// The server counts the parents from one.
    const FIRST_PARENT: usize = 1;

    fn new(system: &System) -> Result<Self, String> {
        match &system.kind {
            SystemKind::Postgres { url } => Ok(Self { options: options(url.reveal(), system.timeout)? }),
            other => Err(format!("the system is of kind {}", other.word())),
        }
    }

    async fn connect(&self) -> Result<PgConnection, Failure> {
        PgConnection::connect_with(&self.options).await.map_err(|error| failure::of(&error))
    }

    async fn is_alive(&self, connection: &mut PgConnection) -> bool {
        connection.ping().await.is_ok()
    }

    async fn probe(&self, connection: &mut PgConnection) -> Result<(), Failure> {
        connection.ping().await.map_err(|error| failure::of(&error))
    }

    async fn learn_group(
        &self,
        connection: &mut PgConnection,
        group: &Group,
    ) -> Result<LearnedGroup<KeyQuery>, Failure> {
        learn::group(connection, group).await
    }

    async fn learn_list(&self, connection: &mut PgConnection, list: &List) -> Result<LearnedList<ListQuery>, Failure> {
        learn::list(connection, list).await
    }

    async fn begin(&self, connection: &mut PgConnection) -> Result<(), Failure> {
        let begun = connection.execute("begin isolation level repeatable read read only").await;
        begun.map(|_| ()).map_err(|error| failure::of(&error))
    }

    async fn end(&self, connection: &mut PgConnection) -> Result<(), Failure> {
        connection.execute("commit").await.map(|_| ()).map_err(|error| failure::of(&error))
    }

    async fn run(&self, connection: &mut PgConnection, statement: Statement<Binding>) -> Result<Vec<PgRow>, Failure> {
        let mut query = sqlx::query(AssertSqlSafe(statement.sql));
        for binding in statement.bindings {
            query = match binding {
                Binding::Text(text) => query.bind(text),
                Binding::Texts(texts) => query.bind(texts),
                Binding::NullableTexts(texts) => query.bind(texts),
            };
        }
        query.fetch_all(connection).await.map_err(|error| failure::of(&error))
    }

    fn columns(rows: &Vec<PgRow>) -> Option<Vec<String>> {
        Some(rows.first()?.columns().iter().map(|column| column.name().to_owned()).collect())
    }

    /// Reads rows by the types they came with, which are the server's word on this very answer.
    fn cells(rows: &Vec<PgRow>) -> Rows<'_> {
        let Some(first) = rows.first() else { return Vec::new() };
        let readers: Vec<Reader> = first.columns().iter().map(|column| Reader::of(column.type_info())).collect();
        let row_cells = |row| (readers.iter().enumerate()).map(|(n, reader)| cell(row, n, reader)).collect();
        rows.iter().map(row_cells).collect()
    }

    fn cursor_text(cell: &Cell<'_>) -> Option<String> {
        encode::cursor_text(cell)
    }
}

fn options(url: &str, timeout: Duration) -> Result<PgConnectOptions, String> {
    let options = PgConnectOptions::from_str(url).map_err(|error| format!("url: {error}"))?;
    let timeout_ms = timeout.as_millis().max(1).to_string();
    let settings = [("default_transaction_read_only", "on"), ("statement_timeout", timeout_ms.as_str())];
    Ok(options.application_name("freehold").options(settings).disable_statement_logging())
}

fn cell<'r>(row: &'r PgRow, column: usize, reader: &Reader) -> Cell<'r> {
    match row.try_get_raw(column) {
        Ok(value) if value.is_null() => Cell::Null,
        Ok(value) => value.as_bytes().map_or(Cell::Null, |bytes| reader.cell(Some(bytes))),
        Err(_) => Cell::Null,
    }
}
