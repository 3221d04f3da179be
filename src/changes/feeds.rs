//! Feeds: every way in which changes are heard over a connection of our own.
//!
//! In: a contract. Out: tasks that connect by themselves, as often as it takes, until they are dropped. Whenever a feed may
//! have missed something, all that it would have heard of is recalled.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::{
    ear::{Ear, EarParts},
    listen, replication, watermark,
};
use crate::{cache::Cache, contract::Contract, telemetry::Telemetry, value::SystemId};

/// The feeds of a contract, while they run. Dropped, they stop.
#[must_use = "the feeds stop when this is dropped"]
#[derive(Debug)]
pub struct Feeds {
    _running: JoinSet<()>,
}

/// Starts the feeds of a contract.
pub fn start(contract: &Arc<Contract>, cache: &Cache, telemetry: &Telemetry) -> Feeds {
    let mut running = JoinSet::new();
    for (number, changes) in contract.changes.iter().enumerate() {
        let system = SystemId::from(number);
        let ear = |source, of| Ear::new(&EarParts { contract, cache, telemetry }, system, source, of);
        if changes.listen.is_some() {
            running.spawn(listen::run(ear("listen", None)));
        }
        for watermark in &changes.watermarks {
            running.spawn(watermark::run(ear("watermark", Some(watermark.entity)), watermark.clone()));
        }
        if changes.replication.is_some() {
            running.spawn(replication::run(ear("replication", None)));
        }
    }
    Feeds { _running: running }
}
