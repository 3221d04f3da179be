//! The cache, proven: a simulated fleet whose every answer is checked, and what each of its behaviours is.
//!
//! Reading order: `oracle` (the simulated fleet and the properties of its answers).

mod oracle;
