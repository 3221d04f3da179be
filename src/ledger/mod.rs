//! The ledger: what Freehold itself remembers, and what nobody needs to answer a query.
//!
//! In: observations of what is wrong with a subject, findings of reconciliation. Out: pages of both, and news of them for a
//! webhook. It is SQLite or PostgreSQL; while it is down, full, locked or slow, whoever notes something does not notice.
//!
//! Reading order: `address` (where it is), `failure` (what can go wrong), `store` (connections and statements), `migrate` (its
//! tables), `text` (bounds of what is kept); of exceptions, `observation` (what is noted), `queue` (what waits to be written),
//! `judge` (what becomes of exceptions, pure), `record` (the same, written), `writer` (the task that writes), `exceptions`
//! (reading them), `sweep` (what is kept for how long); `webhook` (news of them, told in order); `findings` and `runs` (what
//! reconciliation found, and how far it came), `stretch` (pages of any of them for many who ask at once), `contracts` (what was
//! served from), `tokens` (API tokens, by their hashes); `handle` (what the other rooms hold).

mod address;
mod contracts;
mod exceptions;
mod failure;
mod findings;
mod handle;
mod judge;
mod migrate;
mod observation;
mod queue;
mod record;
mod runs;
mod store;
mod stretch;
mod sweep;
mod text;
mod tokens;
mod webhook;
mod writer;

pub use address::{AddressError, LedgerAddress};
pub use contracts::ContractSeen;
pub use exceptions::{Count, Exception, ExceptionFilter, OpenCount, Page, Paged, State};
pub use failure::LedgerError;
pub use findings::{Finding, FindingFilter, FindingKind, Found};
pub use handle::{Ledger, LedgerParts};
pub use observation::{Entity, Observation, Seen, Severity, Subject};
pub use runs::{Checked, FieldDrift, Progress, Run, RunFilter, RunId};
pub use store::Store;
pub use stretch::{Listed, Mark, Stretch};
pub use tokens::{KeptToken, TokenScope};
pub use webhook::{Deliver, Delivery, DeliveryFailure, Route};
