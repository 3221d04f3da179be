//! Changes: what is heard of them at the systems, and taken back in the cache.
//!
//! In: the feeds of a contract. Out: recalls. Nothing that is heard can do anything else, so a feed that is wrong, late or
//! forged costs questions to owners and never makes an answer wrong; and one that is silent leaves every answer within the
//! bounds of its domain. Whenever a feed may have missed something, all that it would have heard of is recalled.
//!
//! Reading order: `hints` (what a feed may do), `gathered` (changes that are told at once), `spelled` (keys as a system
//! writes them), `pauses` (between attempts); then the feeds: `listen` with `notice` (the system notifies), `watermark` with
//! `seen`, `earlier` and `key_set` (its rows say when they changed), `replication` (it sends every change).

mod earlier;
mod gathered;
mod hints;
mod key_set;
mod listen;
mod notice;
mod pauses;
mod replication;
mod seen;
mod spelled;
mod watermark;

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::{cache::Cache, contract::Contract, telemetry::Telemetry, value::SystemId};

use hints::Hints;

/// The feeds of a contract, while they run. Dropped, they stop.
#[must_use = "the feeds stop when this is dropped"]
#[derive(Debug)]
pub struct Feeds {
    _running: JoinSet<()>,
}

/// Starts the feeds of a contract. They connect by themselves, as often as it takes.
pub fn start(contract: &Arc<Contract>, cache: &Cache, telemetry: &Telemetry) -> Feeds {
    let mut running = JoinSet::new();
    for (number, changes) in contract.changes.iter().enumerate() {
        let system = SystemId::from(number);
        let hints = |feed: String| Hints::new(contract, cache, telemetry, system, feed);
        if changes.listen.is_some() {
            running.spawn(listen::run(hints("listen".to_owned())));
        }
        for watermark in &changes.watermarks {
            let feed = format!("watermark.{}", contract.ty(watermark.entity).name);
            running.spawn(watermark::run(hints(feed), watermark.clone()));
        }
        if changes.replication.is_some() {
            running.spawn(replication::run(hints("replication".to_owned())));
        }
    }
    Feeds { _running: running }
}
