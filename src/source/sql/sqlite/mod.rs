//! SQLite: asks groups and lists over sqlx, from a file opened for reading only.
//!
//! Reading order: `encode`, `decode`, `failure`.

mod decode;
mod encode;
mod failure;

use std::{
    str::FromStr,
    time::{Duration, Instant},
};

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteRow},
};

use self::encode::{Binding, KeyQuery, ListQuery};
use super::{
    failure::Failure,
    kind::{Kind, LearnedGroup, LearnedList, Statement},
    page::Column,
    question::{group_templates, list_template},
};
use crate::{
    contract::{Dialect, Group, List, System, SystemKind},
    fetch::Cell,
    source::answer::Rows,
};

/// How many of SQLite's instructions run between two looks at the clock: about a tenth of a millisecond.
const INSTRUCTIONS_PER_LOOK: i32 = 10_000;

/// Longer statements are not kept prepared: they are written for a number of parents that hardly comes again, and would
/// push the others out.
const KEPT_BYTES_MAX: usize = 8192;

/// Where a SQLite system's file is.
pub struct Sqlite {
    options: SqliteConnectOptions,
}

impl Kind for Sqlite {
    type Connection = SqliteConnection;
    type Binding = Binding;
    type Answer = Vec<SqliteRow>;
    type KeyQuery = KeyQuery;
    type ListQuery = ListQuery;

    const FIRST_PARENT: usize = 0;

    fn new(system: &System) -> Result<Self, String> {
        match &system.kind {
            SystemKind::Sqlite { url } => Ok(Self { options: options(url.reveal(), system.timeout)? }),
            other => Err(format!("the system is of kind {}", other.word())),
        }
    }

    async fn connect(&self) -> Result<SqliteConnection, Failure> {
        SqliteConnection::connect_with(&self.options).await.map_err(|error| failure::of(&error))
    }

    async fn is_alive(&self, connection: &mut SqliteConnection) -> bool {
        connection.ping().await.is_ok()
    }

    async fn probe(&self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        // Opening a file reads nothing of it; this does.
        let asked = connection.execute("select count(*) from sqlite_schema").await;
        asked.map(|_| ()).map_err(|error| failure::of(&error))
    }

    /// Its statements are interrupted at the deadline.
    async fn limit(&self, connection: &mut SqliteConnection, deadline: Instant) -> Result<(), Failure> {
        let mut handle = connection.lock_handle().await.map_err(|error| failure::of(&error))?;
        handle.set_progress_handler(INSTRUCTIONS_PER_LOOK, move || Instant::now() < deadline);
        Ok(())
    }

    /// Only rows tell the columns.
    async fn learn_group(&self, _: &mut SqliteConnection, group: &Group) -> Result<LearnedGroup<KeyQuery>, Failure> {
        let templates = group_templates(group)?;
        let queries = templates.iter().map(|template| KeyQuery::new(template, group.key_columns.len()));
        Ok(LearnedGroup { queries: queries.collect(), columns: None })
    }

    async fn learn_list(&self, _: &mut SqliteConnection, list: &List) -> Result<LearnedList<ListQuery>, Failure> {
        let order = list.order.iter();
        let query = ListQuery {
            template: list_template(list)?,
            parameters: list.parameters.clone(),
            order: order.map(|order| Column { name: order.column.clone(), descending: order.descending }).collect(),
            dialect: Dialect::sqlite(),
        };
        Ok(LearnedList { query, columns: None })
    }

    /// A deferred transaction sees the state of its first read until it ends.
    async fn begin(&self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        connection.execute("begin").await.map(|_| ()).map_err(|error| failure::of(&error))
    }

    async fn end(&self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        connection.execute("commit").await.map(|_| ()).map_err(|error| failure::of(&error))
    }

    async fn run(
        &self,
        connection: &mut SqliteConnection,
        statement: Statement<Binding>,
    ) -> Result<Vec<SqliteRow>, Failure> {
        let keep = statement.sql.len() <= KEPT_BYTES_MAX;
        let mut query = sqlx::query(AssertSqlSafe(statement.sql)).persistent(keep);
        for binding in statement.bindings {
            query = match binding {
                Binding::Null => query.bind(None::<String>),
                Binding::Text(text) => query.bind(text),
                Binding::Int(number) => query.bind(number),
                Binding::Real(number) => query.bind(number),
            };
        }
        query.fetch_all(connection).await.map_err(|error| failure::of(&error))
    }

    fn columns(rows: &Vec<SqliteRow>) -> Option<Vec<String>> {
        decode::columns(rows)
    }

    fn cells(rows: &Vec<SqliteRow>) -> Rows<'_> {
        decode::cells(rows)
    }

    fn cursor_text(cell: &Cell<'_>) -> Option<String> {
        encode::cursor_text(cell)
    }
}

fn options(url: &str, timeout: Duration) -> Result<SqliteConnectOptions, String> {
    let options = if url.starts_with("sqlite:") {
        SqliteConnectOptions::from_str(url).map_err(|error| format!("url: {error}"))?
    } else {
        SqliteConnectOptions::new().filename(url)
    };
    Ok((options.read_only(true).create_if_missing(false))
        .pragma("query_only", "on")
        .busy_timeout(timeout)
        .disable_statement_logging())
}
