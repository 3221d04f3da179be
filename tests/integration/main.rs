//! The integration tests: one binary, one module for each thing that is tested as a whole.

mod differential;
