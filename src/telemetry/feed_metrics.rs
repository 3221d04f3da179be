//! What feeds of changes hear, as Prometheus numbers.

use std::sync::atomic::AtomicU64;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

use super::event::Heard;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FeedLabels {
    system: String,
    feed: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ChangeLabels {
    system: String,
    feed: String,
    entity: String,
    of: &'static str,
}

/// The feeds' numbers.
#[derive(Debug)]
pub(super) struct FeedMetrics {
    connected: Family<FeedLabels, Gauge>,
    lag: Family<FeedLabels, Gauge<f64, AtomicU64>>,
    changes: Family<ChangeLabels, Counter>,
    unread: Family<FeedLabels, Counter>,
}

impl FeedMetrics {
    /// Makes numbers that start at zero, and registers them.
    pub fn new(to: &mut Registry) -> Self {
        let metrics = Self {
            connected: Family::default(),
            lag: Family::default(),
            changes: Family::default(),
            unread: Family::default(),
        };
        let connected = "1 while a feed hears of its system's changes";
        to.register("feed_connected", connected, metrics.connected.clone());
        let lag = "How long ago the moment is up to which a feed knows all changes";
        to.register_with_unit("feed_lag", lag, Unit::Seconds, metrics.lag.clone());
        let changes = "Changes heard of, each key once and where all of a type may have changed once";
        to.register("changes", changes, metrics.changes.clone());
        to.register("changes_unread", "Changes heard of that cannot be read", metrics.unread.clone());
        metrics
    }

    /// Counts what a feed heard.
    pub fn read(&self, system: &str, feed: &str, heard: Heard<'_>) {
        let labels = FeedLabels { system: system.to_owned(), feed: feed.to_owned() };
        match heard {
            Heard::Connected => {
                self.connected.get_or_create(&labels).set(1);
            }
            Heard::Lost { .. } => {
                self.connected.get_or_create(&labels).set(0);
            }
            Heard::Changed { entity, n_keys } => {
                let of = if n_keys.is_some() { "keys" } else { "all" };
                let FeedLabels { system, feed } = labels;
                let labels = ChangeLabels { system, feed, entity: entity.to_owned(), of };
                self.changes.get_or_create(&labels).inc_by(n_keys.unwrap_or(1) as u64);
            }
            Heard::Unread { .. } => {
                self.unread.get_or_create(&labels).inc();
            }
            Heard::Behind { lag } => {
                self.lag.get_or_create(&labels).set(lag.as_secs_f64());
            }
        }
    }
}
