//! Owners: each system's stack, outermost first: `mapped(chunked(observed(deadline(bulkhead(source)))))`.
//!
//! Reading order: `owners` (the stacks by system), `mapped` with `key_mapper` (the system's own keys), `chunked` (no more keys at once than the system takes), `observed`
//! (what each question brought, as events), `deadline` (no
//! wait past the caller's or the system's), `bulkhead` (no more fetches at once than the system takes, and a short queue).
//! Every wrapper is an owner around an owner, so each is complete without the others.

mod bulkhead;
mod chunked;
mod deadline;
mod key_mapper;
mod mapped;
mod observed;
mod owners;

pub use bulkhead::Bulkhead;
pub use chunked::Chunked;
pub use deadline::Deadline;
pub use mapped::Mapped;
pub use observed::Observed;
pub use owners::{Owners, open};
