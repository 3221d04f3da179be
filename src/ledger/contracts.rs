//! The contracts that were served from: which version, and when.

use super::{
    failure::LedgerError,
    store::{Row, Statement, Store},
};

/// A contract that was served from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractSeen {
    /// Its version.
    pub version: String,
    /// When a process first started with it, in milliseconds since 1970.
    pub first_seen_ms: i64,
    /// When one last did.
    pub last_seen_ms: i64,
}

/// Versions that are returned; they are as many as contracts were deployed.
const VERSIONS_MAX: usize = 1_000;

impl Store {
    /// Writes that a process starts with a contract.
    pub(super) async fn record_contract(&self, version: &str, at_ms: i64) -> Result<(), LedgerError> {
        let sql = "insert into contract_version (version, first_seen_ms, last_seen_ms) values ($1, $2, $3) on conflict \
                   (version) do update set last_seen_ms = excluded.last_seen_ms where contract_version.last_seen_ms < \
                   excluded.last_seen_ms";
        let mut lease = self.begin().await?;
        lease.execute(Statement::of(sql).with(version).with(at_ms).with(at_ms)).await?;
        lease.commit().await
    }

    /// Returns the contracts that were served from, the last one first.
    pub async fn contracts(&self) -> Result<Vec<ContractSeen>, LedgerError> {
        let sql = format!(
            "select version, first_seen_ms, last_seen_ms from contract_version order by last_seen_ms desc, version limit \
             {VERSIONS_MAX}"
        );
        let read = |row: &Row| {
            Ok(ContractSeen { version: row.text(0)?, first_seen_ms: row.number(1)?, last_seen_ms: row.number(2)? })
        };
        self.ask(Statement::of(sql)).await?.iter().map(read).collect()
    }
}
