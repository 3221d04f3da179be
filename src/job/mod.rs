//! Jobs: what is done with a contract and its systems beside answering queries.
//!
//! Reading order: `live` (asking every system whether it can answer what the contract says), `reconcile`
//! (owners compared with copies), `news` (exceptions of the ledger are told to a webhook).

mod live;
mod news;
mod reconcile;

pub use live::{
    AskReport, Asked, Failure, Hint, KeyMatch, LiveOptions, LiveReport, Misfit, Normalisation, SampleError,
    SystemReport, check_live, given_samples,
};
pub use news::route_to;
pub use reconcile::{
    Advance, Example, FieldSummary, Gap, GapSummary, ReconcileError, ReconcileOptions, Reconciling, Stopped, Summary,
    reconcile,
};
