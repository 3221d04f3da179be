//! Contracts: what loads, what does not, and what is said about it.

mod base;
mod valid;
