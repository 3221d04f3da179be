//! Test machinery: private servers, contracts built by hand, an engine over a contract folder. Kept small on purpose.

pub mod binding;
pub mod engine;
pub mod mariadb;
pub mod postgres;
mod process;
pub mod system;
