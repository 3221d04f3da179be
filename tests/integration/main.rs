//! The integration tests: Freehold from outside, one binary.

mod contract;
mod http;
mod scenario;
mod tidy;
