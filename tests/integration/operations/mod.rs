//! Freehold's own knowledge as queries of the graph: ownership, systems, exceptions and reconciliation, by the shipped contract and
//! over real ledgers.

mod company;
mod exceptions;
mod health;
mod ledger_away;
mod ownership;
mod portal;
mod shared;
