//! SQL systems: PostgreSQL, MySQL and SQLite over sqlx, and whatever has an ODBC driver.
//!
//! Reading order: `kind` (what a kind gives), `source` (how all of them are asked), `failure`; `question` (a binding's
//! queries), `template` (one of them, cut at its placeholders), `fit` (what texts a type takes), `page` (keyset paging
//! wrapped around a query), `parents` (many parents in one statement), `connections` (a small pool that fails at once);
//! for kinds whose parameters are `?`, `positional` (our question) and `described` (what the system says of it before);
//! then one folder per kind: `encode` (our question in its SQL), `decode` (its values as cells), `failure` (its errors in
//! our words), and the I/O between in its `mod`.

mod connections;
mod described;
mod failure;
mod fit;
mod kind;
mod mysql;
#[cfg(feature = "odbc")]
mod odbc;
mod page;
mod parents;
mod positional;
mod postgres;
mod question;
mod source;
mod sqlite;
mod template;
#[cfg(not(feature = "odbc"))]
mod unbuilt;

/// A MySQL or MariaDB system.
pub type MysqlSource = source::SqlSource<mysql::Mysql>;
/// A system that is reached by ODBC.
#[cfg(feature = "odbc")]
pub type OdbcSource = source::SqlSource<odbc::Odbc>;
/// A PostgreSQL system.
pub type PostgresSource = source::SqlSource<postgres::Postgres>;
/// A SQLite system.
pub type SqliteSource = source::SqlSource<sqlite::Sqlite>;

pub use postgres::{Listener, Notice, Position, Relation, Replica, Replicated, Since, Value, Written};
#[cfg(not(feature = "odbc"))]
pub use unbuilt::Unbuilt;
