//! The ledger, on SQLite and on PostgreSQL: one suite over both, and what only one of them can suffer.

mod exceptions;
mod faults;
mod migration;
mod model;
pub mod place;
mod retention;
mod runs;
mod stretches;
mod webhook;
