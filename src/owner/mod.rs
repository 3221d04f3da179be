//! Owners: each system's stack, outermost first:
//! `mapped(coalesced(chunked(observed(retried(breaker(rate(deadline(bulkhead(source)))))))))`.
//!
//! Reading order: `owners` (the stacks by system, and why in this order), `mapped` with `key_mapper` (asked with the
//! system's own keys), `coalesced` (never asked twice at once for the same) with `calls` (which keys are under way in which
//! call), `chunked` (no more keys at once than the system takes), `observed` (what each question brought, as events),
//! `retried` (asked again where that helps), `breaker` (left alone while it keeps
//! failing), `rate` (asked no more often than it takes), `deadline` (no wait past the caller's or the system's), `bulkhead`
//! (no more fetches at once than the system takes, and a short queue), `guarded_system` (whom the guards' errors and events
//! name).
//! Every wrapper is an owner around an owner, so each is complete without the others.

mod breaker;
mod bulkhead;
mod calls;
mod chunked;
mod coalesced;
mod deadline;
mod guarded_system;
mod key_mapper;
mod mapped;
mod observed;
mod owners;
mod rate;
mod retried;

pub use crate::source::Process;
pub use breaker::Breaker;
pub use bulkhead::Bulkhead;
pub use chunked::Chunked;
pub use coalesced::Coalesced;
pub use deadline::Deadline;
pub use guarded_system::GuardedSystem;
pub use mapped::Mapped;
pub use observed::Observed;
pub use owners::{Owners, guard, open, open_in};
pub use rate::{Counted, Rate};
pub use retried::Retried;
