//! Whether feeds of changes hear, as Prometheus numbers.

use std::sync::atomic::AtomicU64;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

use super::event::Heard;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FeedLabels {
    system: String,
    feed: String,
}

/// The feeds' numbers.
#[derive(Debug)]
pub(super) struct FeedMetrics {
    connected: Family<FeedLabels, Gauge>,
    lag: Family<FeedLabels, Gauge<f64, AtomicU64>>,
    held_back: Family<FeedLabels, Gauge<f64, AtomicU64>>,
}

impl FeedMetrics {
    /// Makes numbers that start at zero, and registers them.
    pub fn new(to: &mut Registry) -> Self {
        let metrics = Self { connected: Family::default(), lag: Family::default(), held_back: Family::default() };
        let connected = "1 while a feed hears of its system's changes";
        to.register("feed_connected", connected, metrics.connected.clone());
        let lag = "How long ago the moment is up to which a feed knows all changes";
        to.register_with_unit("feed_lag", lag, Unit::Seconds, metrics.lag.clone());
        let held = "For how long a system has been keeping changes that were heard, but not by what processes share";
        to.register_with_unit("feed_held_back", held, Unit::Seconds, metrics.held_back.clone());
        metrics
    }

    /// Takes what a feed says of itself.
    pub fn read(&self, system: &str, feed: &str, heard: Heard<'_>) {
        let labels = FeedLabels { system: system.to_owned(), feed: feed.to_owned() };
        match heard {
            Heard::Connected => {
                self.connected.get_or_create(&labels).set(1);
            }
            Heard::Lost { .. } => {
                self.connected.get_or_create(&labels).set(0);
            }
            Heard::Unread { .. } => {}
            Heard::Behind { lag } => {
                self.lag.get_or_create(&labels).set(lag.as_secs_f64());
            }
            Heard::HeldBack { held } => {
                self.held_back.get_or_create(&labels).set(held.as_secs_f64());
            }
        }
    }
}
