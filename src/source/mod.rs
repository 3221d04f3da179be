//! Sources: the drivers that speak the systems' protocols. One folder per family of kinds.
//!
//! Reading order: `system_name` (whom an error names), `layout` (which column is what), `answer` (rows become outcomes and
//! pages), `window` (pages of rows that are all here), `learned` (what is known about questions), `json` (rows that are
//! JSON), `pace` (how often a system may be called), `http` (how systems that speak HTTP are called); then `sql` (PostgreSQL, MySQL, SQLite, ODBC), `rest` (REST and
//! RPC), `odata`, `graphql` and `file` (folders of files). A source answers exactly what it is asked; chunking, deadlines
//! and caching are wrapped around it by the room `owner`.

mod answer;
mod file;
mod graphql;
mod http;
mod json;
mod layout;
mod learned;
mod odata;
mod pace;
mod rest;
mod sql;
mod system_name;
mod window;

use std::sync::Arc;

pub use file::{FileSource, Loaded};
pub use graphql::GraphQlSource;
pub use odata::OdataSource;
pub use pace::Pace;
pub use rest::RestSource;
#[cfg(feature = "odbc")]
pub use sql::OdbcSource;
pub use sql::{Listener, Notice, Position, Relation, Replica, Replicated, Since, Value, Written};
pub use sql::{MysqlSource, PostgresSource, SqliteSource};
pub use system_name::SystemName;

use crate::{
    contract::{Contract, SystemKind},
    fetch::Owner,
    telemetry::Telemetry,
    value::SystemId,
};

/// Opens the source of a system, at a pace of its own. Nothing is connected until something is asked; files are read from
/// the start.
pub fn open(contract: &Arc<Contract>, system: SystemId, telemetry: &Telemetry) -> Arc<dyn Owner> {
    open_at(Pace::new(contract, system, telemetry), contract, system, telemetry)
}

/// Opens the source of a system. Those that speak HTTP take a turn of the pace for each of their calls.
pub fn open_at(pace: Arc<Pace>, contract: &Arc<Contract>, system: SystemId, telemetry: &Telemetry) -> Arc<dyn Owner> {
    match &contract.system(system).kind {
        SystemKind::Postgres { .. } => Arc::new(PostgresSource::new(Arc::clone(contract), system)),
        SystemKind::GraphQl { .. } => Arc::new(GraphQlSource::new(Arc::clone(contract), system, pace)),
        SystemKind::Sqlite { .. } => Arc::new(SqliteSource::new(Arc::clone(contract), system)),
        SystemKind::Rest { http } => Arc::new(RestSource::new(Arc::clone(contract), system, http.clone(), pace)),
        SystemKind::File(_) => FileSource::watched(Arc::clone(contract), system, telemetry.clone()),
        SystemKind::Odata { .. } => Arc::new(OdataSource::new(Arc::clone(contract), system, pace)),
        SystemKind::Mysql { .. } => Arc::new(MysqlSource::new(Arc::clone(contract), system)),
        #[cfg(feature = "odbc")]
        SystemKind::Odbc { .. } => Arc::new(OdbcSource::new(Arc::clone(contract), system)),
        #[cfg(not(feature = "odbc"))]
        SystemKind::Odbc { .. } => sql::Unbuilt::open(contract, system, "odbc"),
    }
}
