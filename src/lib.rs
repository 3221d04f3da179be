//! Freehold: one GraphQL read layer over ERP, PIM and shop.
//!
//! The way of a query: `http` → `engine` → `plan` → `execute` → `owner` → `source`, and back as bytes.

pub mod contract;
pub mod demo;
pub mod diagnostic;
pub mod fetch;
pub mod value;
