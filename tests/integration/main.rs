//! The integration tests: Freehold from outside, one binary.

mod contract;
mod differential;
mod http;
mod scenario;
mod tidy;
