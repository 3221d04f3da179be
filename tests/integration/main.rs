//! The integration tests: Freehold from outside, one binary.

mod common;
mod contract;
mod http;
mod scenario;
mod source;
mod tidy;
