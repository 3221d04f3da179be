//! SQL systems, over sqlx: PostgreSQL and SQLite.
//!
//! Reading order: `template` (a binding's query, cut at its placeholders), `page` (keyset paging wrapped around a query),
//! `layout` (which column is what), `answer` (rows become outcomes and pages), `parents` (many parents in one
//! statement), `learned` (what is known about queries), `connections` (a small pool that fails at
//! once), then one folder per kind: `encode` (our question in its SQL), `decode` (its values as cells), `failure` (its
//! errors in our words), and the I/O between in its `mod`.

mod answer;
mod connections;
mod layout;
mod learned;
mod page;
mod parents;
mod postgres;
mod sqlite;
mod template;

pub use postgres::PostgresSource;
pub use sqlite::SqliteSource;
