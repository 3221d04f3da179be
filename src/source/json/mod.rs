//! Rows that are JSON: what REST, OData, GraphQL and JSON files answer with.
//!
//! Reading order: `rows` (where a group's and a list's columns stand in a row, and the row as cells), `nested` (a part
//! with members of other names becomes one with the graph's).

mod nested;
mod rows;

pub use rows::JsonColumns;
