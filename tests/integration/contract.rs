//! Contracts: what loads, what does not, and what is said about it.

mod base;
mod changes;
mod diff;
mod documents;
mod files;
mod forty;
mod inside;
mod keys;
mod lints;
mod odata;
mod ownership;
mod reach;
mod secrets;
mod soup;
mod valid;
mod version;
