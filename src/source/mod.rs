//! Sources: the drivers that speak the systems' protocols. One folder per family of kinds.
//!
//! Reading order: `system_name` (whom an error names), `layout` (which column is what), `answer` (rows become outcomes and
//! pages), `learned` (what is known about questions), `json` (rows that are JSON); then `sql` (PostgreSQL, MySQL, SQLite,
//! ODBC). A source answers exactly what it is asked, in one statement; chunking, deadlines and caching are wrapped around
//! it by the room `owner`.

mod answer;
mod json;
mod layout;
mod learned;
mod sql;
mod system_name;

use std::sync::Arc;

#[cfg(feature = "odbc")]
pub use sql::OdbcSource;
pub use sql::{MysqlSource, PostgresSource, SqliteSource};
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
        SystemKind::Sqlite { .. } => Arc::new(SqliteSource::new(Arc::clone(contract), system)),
        SystemKind::Mysql { .. } => Arc::new(MysqlSource::new(Arc::clone(contract), system)),
        #[cfg(feature = "odbc")]
        SystemKind::Odbc { .. } => Arc::new(OdbcSource::new(Arc::clone(contract), system)),
        #[cfg(not(feature = "odbc"))]
        SystemKind::Odbc { .. } => sql::Unbuilt::open(contract, system, "odbc"),
    }
}
