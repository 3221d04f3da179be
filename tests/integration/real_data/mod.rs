//! Real data: contracts over AdventureWorks and Northwind, split into the systems such a company would have. Every
//! expected answer is SQL's own, asked beside Freehold of a database that holds all tables at once.
//!
//! The data lie in `../shared/data`, or where `FREEHOLD_DATA` says; without them the tests say so and pass.
//! Reading order: `tables` (files become tables), `company` (the systems, an engine over them, and the truth), then a file
//! for each company.

mod adventureworks;
mod company;
mod northwind;
mod tables;
