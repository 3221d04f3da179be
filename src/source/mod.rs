//! Sources: the drivers that speak the systems' protocols. One folder per family of kinds.
//!
//! Reading order: `system_name` (whom an error names), `layout` (which column is what), `answer` (rows become outcomes and
//! pages), `window` (pages of rows that are all here), `learned` (what is known about questions), `json` (rows that are
//! JSON), `pace` (how often a system may be called), `http` (how systems that speak HTTP are called) with `http_post` (how the operator's own receivers are); then `sql` (PostgreSQL, MySQL, SQLite, ODBC), `rest` (REST and
//! RPC), `odata`, `graphql` and `file` (folders of files); `freehold` and `ledger` (what Freehold itself knows and remembers), with
//! `share`. A source answers exactly what it is asked; chunking, deadlines
//! and caching are wrapped around it by the room `owner`.

mod answer;
mod file;
mod freehold;
mod graphql;
mod http;
mod http_post;
mod json;
mod layout;
mod learned;
mod ledger;
mod odata;
mod pace;
mod rest;
mod share;
mod sql;
mod system_name;
mod window;

use std::sync::Arc;

pub use file::{FileSource, Loaded};
pub use freehold::FreeholdSource;
pub use graphql::GraphQlSource;
pub use http_post::{HttpPost, HttpPostError, Posted};
pub use ledger::LedgerSource;
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
    ledger::Store,
    telemetry::Telemetry,
    value::SystemId,
};

/// What sources use of the process they are in.
#[derive(Clone, Default)]
pub struct Process {
    /// Whom to tell what happens, and to ask how the systems are.
    pub telemetry: Telemetry,
    /// What the process remembers, where it does.
    pub ledger: Option<Arc<Store>>,
}

/// Opens the source of a system, at a pace of its own. Nothing is connected until something is asked; files are read from
/// the start. A process has no ledger here.
pub fn open(contract: &Arc<Contract>, system: SystemId, telemetry: &Telemetry) -> Arc<dyn Owner> {
    let process = Process { telemetry: telemetry.clone(), ledger: None };
    open_at(Pace::new(contract, system, telemetry), contract, system, &process)
}

/// Opens the source of a system. Those that speak HTTP take a turn of the pace for each of their calls.
pub fn open_at(pace: Arc<Pace>, contract: &Arc<Contract>, system: SystemId, process: &Process) -> Arc<dyn Owner> {
    match &contract.system(system).kind {
        SystemKind::Postgres { .. } => Arc::new(PostgresSource::new(Arc::clone(contract), system)),
        SystemKind::GraphQl { .. } => Arc::new(GraphQlSource::new(Arc::clone(contract), system, pace)),
        SystemKind::Sqlite { .. } => Arc::new(SqliteSource::new(Arc::clone(contract), system)),
        SystemKind::Rest { http } => Arc::new(RestSource::new(Arc::clone(contract), system, http.clone(), pace)),
        SystemKind::File(_) => FileSource::watched(Arc::clone(contract), system, process.telemetry.clone()),
        SystemKind::Odata { .. } => Arc::new(OdataSource::new(Arc::clone(contract), system, pace)),
        SystemKind::Mysql { .. } => Arc::new(MysqlSource::new(Arc::clone(contract), system)),
        SystemKind::Freehold => Arc::new(FreeholdSource::new(Arc::clone(contract), system, process.telemetry.clone())),
        SystemKind::Ledger => Arc::new(LedgerSource::new(Arc::clone(contract), system, process.ledger.clone())),
        #[cfg(feature = "odbc")]
        SystemKind::Odbc { .. } => Arc::new(OdbcSource::new(Arc::clone(contract), system)),
        #[cfg(not(feature = "odbc"))]
        SystemKind::Odbc { .. } => sql::Unbuilt::open(contract, system, "odbc"),
    }
}
