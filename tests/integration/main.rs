//! The integration tests: Freehold from outside, one binary.

mod differential;
mod http;
