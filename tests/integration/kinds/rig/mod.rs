//! A rig: one kind of system that serves the dataset, and the system file that binds it.

mod file;
mod graphql;
mod odata;
mod rest;
mod sql;

use std::{any::Any, time::Duration};

use futures_util::future::BoxFuture;

pub use file::{file_csv, file_json};
pub use graphql::graphql;
pub use odata::{odata_v2, odata_v4};
pub use rest::rest;
#[cfg(feature = "odbc")]
pub use sql::odbc;
pub use sql::{mysql, postgres, sqlite};

/// A running system.
pub struct Rig {
    /// The text of its system file.
    pub system_file: &'static str,
    /// The environment that the file names.
    pub env: Vec<(&'static str, String)>,
    /// How many calls for rows it has got, where it can tell.
    pub calls: Option<Box<dyn Fn() -> u64 + Send + Sync>>,
    /// Makes it answer nobody for as long as the guard lives, where it can be made to.
    pub stall: Option<Stall>,
    /// What must live as long as the rig.
    pub _alive: Box<dyn Any + Send + Sync>,
}

/// Stalls a system; dropping what it gives lets it go on.
pub type Stall = Box<dyn Fn() -> BoxFuture<'static, Box<dyn Any + Send>> + Send + Sync>;

/// How long a stalled answer may take at most: the system's own timeout, and patience for a loaded machine.
pub const STALLED_MAX: Duration = Duration::from_secs(20);
