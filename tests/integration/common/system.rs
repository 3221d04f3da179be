//! A system under test: a database of either kind, empty at first, and the source that reads it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use freehold::{
    contract::{Contract, Secret, SystemKind},
    fetch::{Cursor, Direction, Fetch, FetchError, ListFetch, Outcome, Owner, Page, Window},
    source::{PostgresSource, SqliteSource},
    value::{Argument, GroupId, Key, ListId, ShapeId, SystemId},
};
use serde_json::Value;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::{
    binding::{Bindings, shown},
    postgres,
};

/// A database.
pub enum System {
    Postgres { url: String },
    Sqlite { folder: tempfile::TempDir },
}

/// What its column types are called.
const WORDS: [(&str, &str, &str); 6] = [
    ("{decimal}", "numeric(60, 30)", "text"),
    ("{timestamp}", "timestamp", "text"),
    ("{json}", "jsonb", "text"),
    ("{boolean}", "boolean", "integer"),
    ("{char10}", "char(10)", "text"),
    ("{double}", "double precision", "real"),
];

impl System {
    pub fn postgres() -> Self {
        Self::Postgres { url: postgres::shared().create_database() }
    }

    pub fn sqlite() -> Self {
        Self::Sqlite { folder: tempfile::tempdir().unwrap() }
    }

    /// Runs statements as someone who may write; `{decimal}` and the like stand for the kind's own types.
    pub async fn load(&self, statements: &str) {
        let mut sql = statements.to_owned();
        for (word, postgres, sqlite) in WORDS {
            sql = sql.replace(word, if matches!(self, Self::Postgres { .. }) { postgres } else { sqlite });
        }
        match self {
            Self::Postgres { url } => {
                let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
            }
            Self::Sqlite { .. } => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.path()).create_if_missing(true);
                let mut connection = options.busy_timeout(Duration::from_secs(10)).connect().await.unwrap();
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
        }
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres { .. })
    }

    /// Returns what the contract needs to connect.
    pub fn kind(&self) -> SystemKind {
        match self {
            Self::Postgres { url } => SystemKind::Postgres { url: Secret::new(url.clone()) },
            Self::Sqlite { .. } => SystemKind::Sqlite { url: Secret::new(self.path()) },
        }
    }

    /// Returns where it is.
    pub fn path(&self) -> String {
        match self {
            Self::Postgres { url } => url.clone(),
            Self::Sqlite { folder } => folder.path().join("erp.sqlite").display().to_string(),
        }
    }

    pub fn source(&self, bindings: Bindings) -> Source {
        let contract = bindings.contract(self.kind());
        match self {
            Self::Postgres { .. } => {
                let source = Arc::new(PostgresSource::new(Arc::clone(&contract), SystemId(0)));
                let counted = Arc::clone(&source);
                Source { contract, owner: source, statements: Box::new(move || counted.statements()) }
            }
            Self::Sqlite { .. } => {
                let source = Arc::new(SqliteSource::new(Arc::clone(&contract), SystemId(0)));
                let counted = Arc::clone(&source);
                Source { contract, owner: source, statements: Box::new(move || counted.statements()) }
            }
        }
    }
}

/// A source and its contract.
pub struct Source {
    pub contract: Arc<Contract>,
    pub owner: Arc<dyn Owner>,
    pub statements: Box<dyn Fn() -> u64 + Send + Sync>,
}

/// A deadline that no test reaches.
pub fn later() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

impl Source {
    pub async fn outcomes(&self, group: GroupId, keys: &[&str]) -> Vec<Outcome> {
        let keys = keys.iter().map(|key| Key::of(key.split('|')).unwrap()).collect();
        self.owner.fetch(Fetch { group, keys, deadline: later() }).await
    }

    /// Fetches and shows records; a key's fields are joined by `|`.
    pub async fn shown(&self, group: GroupId, keys: &[&str]) -> Vec<Value> {
        let shape: ShapeId = self.contract.group(group).shape;
        let outcomes = self.outcomes(group, keys).await;
        outcomes.iter().map(|outcome| shown(&self.contract, shape, outcome.as_ref().unwrap())).collect()
    }

    pub async fn pages(
        &self,
        list: ListId,
        arguments: Vec<Vec<Argument>>,
        window: Window,
        count_up_to: Option<u64>,
    ) -> Vec<Result<Page, FetchError>> {
        let arguments = arguments.into_iter().map(Vec::into_boxed_slice).collect();
        self.owner.list(ListFetch { list, arguments, window, count_up_to, deadline: later() }).await
    }

    /// Runs a list without arguments.
    pub async fn page(&self, list: ListId, window: Window) -> Page {
        self.pages(list, vec![vec![]], window, None).await.remove(0).unwrap()
    }
}

pub fn first(n_rows: u32, after: Option<Cursor>) -> Window {
    Window { direction: Direction::Forward, n_rows, after, before: None }
}

pub fn last(n_rows: u32, before: Option<Cursor>) -> Window {
    Window { direction: Direction::Backward, n_rows, after: None, before }
}

pub fn keys(page: &Page) -> Vec<&str> {
    page.items.iter().map(|item| item.key.as_str()).collect()
}
