//! A table being filled: rows are collected, then written many at a time.

use std::borrow::Cow;

use sqlx::{AssertSqlSafe, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::DemoError;

/// One value of a row.
#[derive(Debug, Clone)]
pub(super) enum Datum {
    Null,
    Int(i64),
    Text(Cow<'static, str>),
}

impl From<i64> for Datum {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Datum {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<&'static str> for Datum {
    fn from(value: &'static str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl From<String> for Datum {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(value))
    }
}

impl From<&String> for Datum {
    fn from(value: &String) -> Self {
        Self::Text(Cow::Owned(value.clone()))
    }
}

impl<T: Into<Self>> From<Option<T>> for Datum {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Makes a row of values of different types, which no array literal can.
macro_rules! row {
    ($($value:expr),+ $(,)?) => { [$($crate::demo::table::Datum::from($value)),+] };
}
pub(super) use row;

/// The rows of one table, in the order of its columns.
#[derive(Debug)]
pub(super) struct Table {
    name: &'static str,
    n_columns: usize,
    data: Vec<Datum>,
}

impl Table {
    /// Starts an empty table.
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, n_columns: 0, data: Vec::new() }
    }

    /// Adds a row.
    pub(super) fn row<const N: usize>(&mut self, row: [Datum; N]) {
        debug_assert!(self.n_columns == 0 || self.n_columns == N, "every row of {} has the same columns", self.name);
        self.n_columns = N;
        self.data.extend(row);
    }
}

/// A database being filled, in one transaction.
#[derive(Debug)]
pub(super) struct Filling {
    connection: SqliteConnection,
}

/// Values bound in one statement: well below SQLite's 32,766, and past this more rows at once gain nothing.
const VALUES_MAX: usize = 4_000;

impl Filling {
    /// Makes the file anew with its tables.
    pub(super) async fn begin(path: &std::path::Path, tables: &'static str) -> Result<Self, DemoError> {
        if path.exists() {
            std::fs::remove_file(path).map_err(|source| DemoError::Folder { path: path.to_owned(), source })?;
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            // A fill that is cut short is thrown away and begun again, so nothing has to survive a crash.
            .pragma("journal_mode", "off")
            .pragma("synchronous", "off");
        let mut connection = SqliteConnection::connect_with(&options).await?;
        sqlx::raw_sql("begin").execute(&mut connection).await?;
        sqlx::raw_sql(tables).execute(&mut connection).await?;
        Ok(Self { connection })
    }

    /// Writes a table's rows.
    pub(super) async fn write(&mut self, table: Table) -> Result<(), DemoError> {
        let Table { name, n_columns, data } = table;
        if data.is_empty() {
            return Ok(());
        }
        let rows_per_statement = VALUES_MAX / n_columns;
        let places = format!("({})", vec!["?"; n_columns].join(","));
        for chunk in data.chunks(rows_per_statement * n_columns) {
            let rows = vec![places.as_str(); chunk.len() / n_columns].join(",");
            let mut query = sqlx::query(AssertSqlSafe(format!("insert into {name} values {rows}")));
            for datum in chunk {
                query = match datum {
                    Datum::Null => query.bind(None::<i64>),
                    Datum::Int(value) => query.bind(*value),
                    Datum::Text(text) => query.bind(text.as_ref()),
                };
            }
            query.execute(&mut self.connection).await?;
        }
        Ok(())
    }

    /// Makes the indexes and closes the file.
    pub(super) async fn finish(mut self, indexes: &'static str) -> Result<(), DemoError> {
        sqlx::raw_sql(indexes).execute(&mut self.connection).await?;
        sqlx::raw_sql("commit").execute(&mut self.connection).await?;
        self.connection.close().await?;
        Ok(())
    }
}
