//! Sources: the drivers that speak the systems' protocols. One folder per family of kinds.
//!
//! Reading order: `system_name` (whom an error names), `layout` (which column is what), `answer` (rows become outcomes and
//! pages), `window` (pages of rows that are all here), `learned` (what is known about questions), `json` (rows that are
//! JSON), `http` (how systems that speak HTTP are called); then `sql` (PostgreSQL and SQLite) and
//! `graphql`. A source answers exactly what it is asked; chunking, deadlines and caching are wrapped around it by the room
//! `owner`.

mod answer;
mod graphql;
mod http;
mod json;
mod layout;
mod learned;
mod sql;
mod system_name;
mod window;

use std::sync::Arc;

pub use graphql::GraphQlSource;
pub use sql::{PostgresSource, SqliteSource};
pub use system_name::SystemName;

use crate::{
    contract::{Contract, SystemKind},
    fetch::Owner,
    value::SystemId,
};

/// Opens the source of a system. Nothing is connected until something is asked.
pub fn open(contract: &Arc<Contract>, system: SystemId) -> Arc<dyn Owner> {
    match contract.system(system).kind {
        SystemKind::Postgres { .. } => Arc::new(PostgresSource::new(Arc::clone(contract), system)),
        SystemKind::GraphQl { .. } => Arc::new(GraphQlSource::new(Arc::clone(contract), system)),
        SystemKind::Sqlite { .. } => Arc::new(SqliteSource::new(Arc::clone(contract), system)),
    }
}
