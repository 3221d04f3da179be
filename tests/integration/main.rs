//! The integration tests: one binary, one file per room or property, the machinery in `common`.

mod common;
mod source;
