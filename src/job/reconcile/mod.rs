//! Reconciliation: what owners say is compared with the copies that other systems hold.
//!
//! In: a contract whose fields name their copies, its owners, and a ledger if there is one. Out: findings in the ledger and a
//! summary. Nothing is written to any system, and none is asked faster than somebody allowed.
//!
//! Reading order: `pairs` (what is compared with what), `listing` (where all keys come from), `pace` and `ask` (the systems),
//! `normal` with `measure` (what means the same is the same), `compare` (one entity on both sides), `position` (how far a run
//! has come), `run` (through all keys), `summary` and `text` (what it came to).

mod ask;
mod compare;
mod listing;
mod measure;
mod normal;
mod pace;
mod pairs;
mod position;
mod run;
mod summary;
mod text;

use std::{num::NonZeroU32, time::Duration};

pub use run::Advance;
pub use summary::{Example, FieldSummary, Gap, GapSummary, Stopped, Summary};

use crate::{
    contract::Contract,
    ledger::{LedgerError, Store},
    owner::Owners,
    value::{SystemId, TypeId},
};

/// What is reconciled, and where findings go.
#[derive(Clone, Copy)]
pub struct Reconciling<'a> {
    /// The contract.
    pub contract: &'a Contract,
    /// The owners of its systems, without any cache.
    pub owners: &'a Owners,
    /// The ledger; without one nothing is kept.
    pub store: Option<&'a Store>,
}

/// How it is reconciled.
#[derive(Debug, Clone)]
pub struct ReconcileOptions {
    /// Only copies that this system holds.
    pub system: Option<SystemId>,
    /// Only this type.
    pub entity: Option<TypeId>,
    /// At most so many keys of each listing, spread over all of it; none for all keys.
    pub sample: Option<u64>,
    /// Keys a second that any one group is asked for; a page of a list counts as one.
    pub rate: NonZeroU32,
    /// How long is waited before what differs is looked at again.
    pub settle: Duration,
    /// Whether to go on where the last run of the same ended early.
    pub resumes: bool,
}

/// Why nothing is compared any more.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// No field has a copy that is to be compared.
    #[error("find a field with @copy to compare")]
    NothingCopied,
    /// The ledger does not take what was found.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// What an earlier run wrote cannot be read; without `--resume` a run begins anew.
    #[error("read how far an earlier run came")]
    Position(#[from] serde_json::Error),
}

/// Compares owners with the copies of what they own.
///
/// *Errors*: a system that does not answer is none: what it would have said is compared by the next run with `resumes`, and the
/// summary says so.
pub async fn reconcile(
    asked: Reconciling<'_>,
    options: &ReconcileOptions,
    advance: &mut (dyn FnMut(&Advance) + Send),
) -> Result<Summary, ReconcileError> {
    run::run(asked, options, advance).await
}
