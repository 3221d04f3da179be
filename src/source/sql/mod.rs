//! SQL systems, over sqlx: PostgreSQL and SQLite.
//!
//! Reading order: `question` (a binding's queries), `template` (one of them, cut at its placeholders), `page` (keyset
//! paging wrapped around a query), `parents` (many parents in one statement), `connections` (a small pool that fails at
//! once), then one folder per kind: `encode` (our question in its SQL), `decode` (its values as cells), `failure` (its
//! errors in our words), and the I/O between in its `mod`.

mod connections;
mod page;
mod parents;
mod postgres;
mod question;
mod sqlite;
mod template;

pub use postgres::PostgresSource;
pub use sqlite::SqliteSource;
