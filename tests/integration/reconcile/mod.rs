//! Reconciliation: what is compared, what is told, and what a run does when something ends early.
//!
//! Reading order: `company` (two systems), `same` (what means the same, and what does not), `runs` (early ends, changes under way,
//! systems that are down), `demo` (everything planted in the demo company and nothing else), `command` (what a script sees).

mod command;
pub mod company;
mod demo;
mod runs;
mod same;
