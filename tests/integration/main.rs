//! The integration tests: one binary, one file per room or property, the machinery in `common`.

mod access;
mod cache;
mod changes;
mod cli;
mod common;
mod contract;
mod differential;
mod domain;
mod fuzz;
mod http;
mod keys;
mod kinds;
mod landscape;
mod ledger;
mod live;
mod outage;
mod owner;
mod readme;
mod real_data;
mod reconcile;
mod rules;
mod scenario;
mod source;
mod statements;
mod tidy;
