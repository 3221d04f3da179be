//! Freehold: one GraphQL read layer over ERP, PIM and shop.
//!
//! The way of a query: `http` → `engine` → `plan` → `execute` → `cache` → `owner` → `source`, and back as bytes.

pub mod access;
pub mod cache;
pub mod changes;
pub mod cli;
pub mod contract;
pub mod demo;
pub mod diagnostic;
pub mod engine;
pub mod execute;
pub mod fetch;
pub mod http;
pub mod job;
pub mod ledger;
pub mod owner;
pub mod plan;
pub mod rules;
pub mod settings;
pub mod source;
pub mod telemetry;
pub mod value;
