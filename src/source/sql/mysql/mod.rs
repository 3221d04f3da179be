//! MySQL and MariaDB: asks groups and lists over sqlx, read-only, one statement each.
//!
//! Reading order: `encode`, `decode`, `failure`. How the SQL is written, this kind shares with ODBC. `=` and `in` go by the
//! column's collation, to which `a` and `A` and `A ` may be one: an answer is matched to its keys exactly, and a row that
//! differs from its key so is a violation of the contract. Quotes mean what they mean elsewhere: in a session of ours, a
//! backslash in a text is a backslash, `||` joins texts, and times are in UTC.

mod decode;
mod encode;
mod failure;

use std::{str::FromStr, time::Duration};

use sqlx::{
    AssertSqlSafe, Column, ConnectOptions, Connection, Executor, MySqlConnection, Row, SqlSafeStr, Statement as _,
    TypeInfo,
    mysql::{MySqlConnectOptions, MySqlRow},
};

use super::{
    described::{self, Described},
    failure::Failure,
    kind::{Kind, LearnedGroup, LearnedList, Statement},
    positional::{self, Binding, KeyQuery, ListQuery},
    question::{group_templates, list_template},
    template::Template,
};
use crate::{
    contract::{Dialect, Group, List, System, SystemKind},
    fetch::Cell,
    source::answer::Rows,
};

/// Longer statements are not kept prepared: they are written for a number of keys or parents that hardly comes again, and
/// would push the others out.
const KEPT_BYTES_MAX: usize = 8192;

/// How a MySQL system is reached.
pub struct Mysql {
    options: MySqlConnectOptions,
    timeout: Duration,
    dialect: Dialect,
}

impl Mysql {
    /// Sets what holds for the whole session, whichever of the two makes the server is.
    async fn begin_session(&self, connection: &mut MySqlConnection) -> Result<(), sqlx::Error> {
        let timeout_ms = self.timeout.as_millis().max(1);
        let timeout_s = self.timeout.as_secs().max(1);
        let version = sqlx::raw_sql("select version()").fetch_one(&mut *connection).await?;
        let is_mariadb = version.try_get_unchecked::<String, _>(0)?.contains("MariaDB");
        let limit = if is_mariadb {
            format!("max_statement_time = {}", self.timeout.as_secs_f64())
        } else {
            format!("max_execution_time = {timeout_ms}")
        };
        // A snapshot is one only at this level; a table that is being altered is waited for no longer than an answer.
        let settings = [
            "set session transaction isolation level repeatable read, read only".to_owned(),
            "set session sql_mode = concat(@@sql_mode, ',NO_BACKSLASH_ESCAPES')".to_owned(),
            format!("set session {limit}, lock_wait_timeout = {timeout_s}"),
        ];
        for setting in settings {
            connection.execute(AssertSqlSafe(setting)).await?;
        }
        Ok(())
    }

    /// Asks the server what it knows of a query; the types of parameters it does not tell.
    async fn describe(
        &self,
        connection: &mut MySqlConnection,
        template: &Template,
        n_keys: Option<usize>,
    ) -> Result<Described, Failure> {
        let sql = positional::probe(template, &self.dialect, n_keys);
        let prepared = (&mut *connection).prepare(AssertSqlSafe(sql).into_sql_str()).await;
        let statement = prepared.map_err(|error| failure::of(&error))?;
        let columns = statement.columns().iter();
        let columns = columns.map(|column| (column.name().to_owned(), encode::cursor(column.type_info().name())));
        Ok(Described { columns: columns.collect(), parameters: Vec::new() })
    }
}

impl Kind for Mysql {
    type Connection = MySqlConnection;
    type Binding = Binding;
    type Answer = Vec<MySqlRow>;
    type KeyQuery = KeyQuery;
    type ListQuery = ListQuery;

    const FIRST_PARENT: usize = 0;

    fn new(system: &System) -> Result<Self, String> {
        let SystemKind::Mysql { url } = &system.kind else {
            return Err(format!("the system is of kind {}", system.kind.word()));
        };
        // Without a character set of ours, texts would come in the server's.
        let options = MySqlConnectOptions::from_str(url.reveal()).map_err(|error| format!("url: {error}"))?;
        let options = options.charset("utf8mb4").timezone(Some("+00:00".to_owned())).disable_statement_logging();
        Ok(Self { options, timeout: system.timeout, dialect: Dialect::mysql() })
    }

    async fn connect(&self) -> Result<MySqlConnection, Failure> {
        let connected = MySqlConnection::connect_with(&self.options).await;
        let mut connection = connected.map_err(|error| failure::of(&error))?;
        self.begin_session(&mut connection).await.map_err(|error| failure::of(&error))?;
        Ok(connection)
    }

    async fn is_alive(&self, connection: &mut MySqlConnection) -> bool {
        connection.ping().await.is_ok()
    }

    async fn probe(&self, connection: &mut MySqlConnection) -> Result<(), Failure> {
        connection.ping().await.map_err(|error| failure::of(&error))
    }

    async fn learn_group(
        &self,
        connection: &mut MySqlConnection,
        group: &Group,
    ) -> Result<LearnedGroup<KeyQuery>, Failure> {
        let mut learned = LearnedGroup { queries: Vec::new(), columns: None };
        for template in group_templates(group)? {
            let described = self.describe(connection, &template, Some(group.key_columns.len())).await?;
            described::learn_query(&mut learned, group, template, &self.dialect, described);
        }
        Ok(learned)
    }

    async fn learn_list(
        &self,
        connection: &mut MySqlConnection,
        list: &List,
    ) -> Result<LearnedList<ListQuery>, Failure> {
        let template = list_template(list)?;
        let described = self.describe(connection, &template, None).await?;
        described::learn_list(list, template, &self.dialect, described)
    }

    async fn begin(&self, connection: &mut MySqlConnection) -> Result<(), Failure> {
        let begun = connection.execute("start transaction with consistent snapshot, read only").await;
        begun.map(|_| ()).map_err(|error| failure::of(&error))
    }

    async fn end(&self, connection: &mut MySqlConnection) -> Result<(), Failure> {
        connection.execute("commit").await.map(|_| ()).map_err(|error| failure::of(&error))
    }

    async fn run(
        &self,
        connection: &mut MySqlConnection,
        statement: Statement<Binding>,
    ) -> Result<Vec<MySqlRow>, Failure> {
        let keep = statement.sql.len() <= KEPT_BYTES_MAX;
        let mut query = sqlx::query(AssertSqlSafe(statement.sql)).persistent(keep);
        for binding in statement.bindings {
            if let Binding::Value(text, _) = binding {
                query = query.bind(text);
            }
        }
        query.fetch_all(connection).await.map_err(|error| failure::of(&error))
    }

    fn columns(rows: &Vec<MySqlRow>) -> Option<Vec<String>> {
        decode::columns(rows)
    }

    fn cells(rows: &Vec<MySqlRow>) -> Rows<'_> {
        decode::cells(rows)
    }

    fn cursor_text(cell: &Cell<'_>) -> Option<String> {
        positional::cursor_text(cell)
    }
}
