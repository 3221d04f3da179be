//! A system under test: a database of any kind, empty at first, and the source that reads it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use freehold::{
    contract::{Contract, Secret, SystemKind},
    fetch::{Cursor, Direction, Fetch, FetchError, ListFetch, Outcome, Owner, Page, Window},
    source::{MysqlSource, PostgresSource, SqliteSource},
    value::{Argument, GroupId, Key, ListId, ShapeId, SystemId},
};
use serde_json::Value;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::{
    binding::{Bindings, shown},
    mariadb, postgres,
};

/// A database and the way in which Freehold reaches it.
pub struct System {
    /// What is particular about the kind.
    pub facts: &'static Facts,
    database: Database,
    reached: Reached,
}

enum Database {
    Postgres { url: String },
    Mariadb { url: String },
    Sqlite { folder: tempfile::TempDir },
}

/// By which of the drivers.
enum Reached {
    Natively,
    #[cfg(feature = "odbc")]
    ByOdbc,
}

/// What tells one kind from the others, as far as a test must know it.
pub struct Facts {
    /// What its column types are called, in the order of [`WORDS`].
    types: [&'static str; 7],
    /// The side of a comparison that finds a padded key by what it is without padding.
    pub on_padded: &'static str,
    /// Whether an argument that the column cannot hold is refused; otherwise it equals nothing.
    pub refuses_misfits: bool,
    /// What lets readers and a writer work at once; `None` where a test cannot: SQLite's locks are those of a process, and
    /// the ODBC driver brings a SQLite of its own into this one.
    pub before_writing: Option<&'static str>,
    /// Whether the parts of a group come with its query's own statement.
    pub brings_parts: bool,
    /// Whether a double comes with all its digits.
    pub exact_doubles: bool,
    /// Whether it is known what type an expression has.
    pub types_expressions: bool,
    /// Group queries that would write, or change the session so that the next could.
    pub writes: &'static [&'static str],
    /// A group query that takes longer than any test waits.
    pub slow: &'static str,
}

/// Makes a source of a type, which counts its statements.
macro_rules! counted {
    ($source:ty, $contract:ident) => {{
        let source = Arc::new(<$source>::new(Arc::clone(&$contract), SystemId(0)));
        let counted = Arc::clone(&source);
        Source { contract: $contract, owner: source, statements: Box::new(move || counted.statements()) }
    }};
}

/// What column types are called in the statements of the tests.
const WORDS: [&str; 7] = ["{decimal}", "{timestamp}", "{json}", "{boolean}", "{char10}", "{double}", "{key}"];

const SLEEP_IN_POSTGRES: &str = "select no, pg_sleep(30)::text as waited from item where no in (:keys)";

const POSTGRES: Facts = Facts {
    types: ["numeric(60, 30)", "timestamp", "jsonb", "boolean", "char(10)", "double precision", "text"],
    on_padded: "no",
    refuses_misfits: true,
    before_writing: Some(""),
    brings_parts: true,
    exact_doubles: true,
    types_expressions: true,
    writes: &[
        "with gone as (delete from item where no in (:keys) returning no) select no from gone",
        "delete from item where no in (:keys) returning no",
        "select no from item where no in (:keys); delete from item",
        "select no, set_config('default_transaction_read_only', 'off', false) from item where no in (:keys)",
    ],
    slow: SLEEP_IN_POSTGRES,
};

const MYSQL: Facts = Facts {
    types: ["decimal(60, 30)", "datetime(6)", "json", "tinyint(1)", "varchar(10)", "double", "varchar(100)"],
    on_padded: "no",
    refuses_misfits: false,
    before_writing: Some(""),
    brings_parts: false,
    exact_doubles: true,
    types_expressions: true,
    writes: &[
        "delete from item where no in (:keys) returning no",
        "insert into item select no from item where no in (:keys) returning no",
        "select no from item where no in (:keys); delete from item",
        "select no from item where no in (:keys) for update",
        "update item set no = 'B' where no in (:keys)",
    ],
    slow: "select no, sleep(30) as waited from item where no in (:keys)",
};

const SQLITE: Facts = Facts {
    types: ["text", "text", "text", "integer", "text", "real", "text"],
    on_padded: "trim(no)",
    refuses_misfits: false,
    before_writing: Some("pragma journal_mode = wal"),
    brings_parts: false,
    exact_doubles: true,
    types_expressions: true,
    writes: &[
        "delete from item where no in (:keys) returning no",
        "insert into item select no from item where no in (:keys) returning no",
        "select no from item where no in (:keys); delete from item",
    ],
    slow: "with recursive n(i) as (select 1 union all select i + 1 from n) select no, (select count(*) from n) as waited \
           from item where no in (:keys)",
};

/// By its driver, parts are asked for by statements of their own.
#[cfg(feature = "odbc")]
const ODBC_POSTGRES: Facts = Facts { brings_parts: false, ..POSTGRES };

/// SQLite's driver reads doubles by way of a short text and takes every expression for a text.
#[cfg(feature = "odbc")]
const ODBC_SQLITE: Facts = Facts { before_writing: None, exact_doubles: false, types_expressions: false, ..SQLITE };

impl System {
    pub fn postgres() -> Self {
        Self::postgres_at(postgres::shared().create_database())
    }

    pub fn postgres_at(url: String) -> Self {
        Self { facts: &POSTGRES, database: Database::Postgres { url }, reached: Reached::Natively }
    }

    pub fn mysql() -> Self {
        Self::mysql_at(mariadb::shared().create_database())
    }

    pub fn mysql_at(url: String) -> Self {
        Self { facts: &MYSQL, database: Database::Mariadb { url }, reached: Reached::Natively }
    }

    #[cfg(feature = "odbc")]
    pub fn odbc_postgres() -> Self {
        Self { facts: &ODBC_POSTGRES, ..Self::postgres().by_odbc() }
    }

    /// The same database, reached by its ODBC driver.
    #[cfg(feature = "odbc")]
    pub fn by_odbc(self) -> Self {
        Self { reached: Reached::ByOdbc, ..self }
    }

    #[cfg(feature = "odbc")]
    pub fn odbc_sqlite() -> Self {
        Self { facts: &ODBC_SQLITE, ..Self::sqlite().by_odbc() }
    }

    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { facts: &SQLITE, database: Database::Sqlite { folder }, reached: Reached::Natively }
    }

    /// Runs statements as someone who may write; `{decimal}` and the like stand for the kind's own types.
    pub async fn load(&self, statements: &str) {
        let mut sql = statements.to_owned();
        for (word, ty) in WORDS.into_iter().zip(self.facts.types) {
            sql = sql.replace(word, ty);
        }
        match &self.database {
            Database::Postgres { url } => {
                let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
            }
            Database::Mariadb { url } => {
                let mut connection = sqlx::MySqlConnection::connect(url).await.unwrap();
                // A backslash in a text is a backslash, as it is elsewhere.
                let sql = format!("set sql_mode = concat(@@sql_mode, ',NO_BACKSLASH_ESCAPES'); {sql}");
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            Database::Sqlite { .. } => {
                let options =
                    sqlx::sqlite::SqliteConnectOptions::new().filename(self.address()).create_if_missing(true);
                let mut connection = options.busy_timeout(Duration::from_secs(10)).connect().await.unwrap();
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
        }
    }

    /// Returns what the contract needs to connect.
    pub fn kind(&self) -> SystemKind {
        match (&self.reached, &self.database) {
            #[cfg(feature = "odbc")]
            (Reached::ByOdbc, _) => self.odbc_kind(),
            (Reached::Natively, Database::Postgres { url }) => SystemKind::Postgres { url: Secret::new(url.clone()) },
            (Reached::Natively, Database::Mariadb { url }) => SystemKind::Mysql { url: Secret::new(url.clone()) },
            (Reached::Natively, Database::Sqlite { .. }) => SystemKind::Sqlite { url: Secret::new(self.address()) },
        }
    }

    #[cfg(feature = "odbc")]
    fn odbc_kind(&self) -> SystemKind {
        use freehold::contract::Dialect;
        let (string, dialect) = match &self.database {
            Database::Postgres { url } => {
                let (address, database) = url.rsplit_once('/').expect("a URL of ours");
                let port = address.rsplit(':').next().expect("a URL of ours");
                let string = format!(
                    "Driver={};Server=127.0.0.1;Port={port};Database={database};Uid=freehold;Pwd=none;",
                    driver("psqlodbcw.so")
                );
                (string, Dialect::postgres())
            }
            Database::Sqlite { .. } => {
                let string =
                    format!("Driver={};Database={};Timeout=10000;", driver("libsqlite3odbc.so"), self.address());
                (string, Dialect::sqlite())
            }
            Database::Mariadb { .. } => unreachable!("no such system is made"),
        };
        SystemKind::Odbc { url: Secret::new(string), dialect: Box::new(dialect) }
    }

    /// Returns where the database is: its URL, or its file.
    pub fn address(&self) -> String {
        match &self.database {
            Database::Postgres { url } | Database::Mariadb { url } => url.clone(),
            Database::Sqlite { folder } => folder.path().join("erp.sqlite").display().to_string(),
        }
    }

    pub fn source(&self, bindings: Bindings) -> Source {
        let contract = bindings.contract(self.kind());
        match contract.system(SystemId(0)).kind {
            SystemKind::Postgres { .. } => counted!(PostgresSource, contract),
            SystemKind::Mysql { .. } => counted!(MysqlSource, contract),
            SystemKind::Sqlite { .. } => counted!(SqliteSource, contract),
            #[cfg(feature = "odbc")]
            SystemKind::Odbc { .. } => counted!(freehold::source::OdbcSource, contract),
            _ => unreachable!("no such system is made"),
        }
    }
}

/// Finds a driver that Debian packages.
#[cfg(feature = "odbc")]
fn driver(file: &str) -> String {
    let folders = ["/usr/lib/x86_64-linux-gnu/odbc", "/usr/lib/aarch64-linux-gnu/odbc", "/usr/lib64", "/usr/lib"];
    let found =
        folders.iter().map(|folder| format!("{folder}/{file}")).find(|path| std::path::Path::new(path).is_file());
    found.unwrap_or_else(|| panic!("{file} is not installed; tests/run installs it"))
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
