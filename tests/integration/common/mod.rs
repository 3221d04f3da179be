//! Test machinery: private servers and contracts built by hand. Kept small on purpose.

pub mod binding;
pub mod postgres;
pub mod system;
