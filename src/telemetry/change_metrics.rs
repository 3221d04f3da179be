//! What was heard of changes, as Prometheus numbers by system.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceLabels {
    system: String,
    source: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    system: String,
    reason: &'static str,
}

/// The numbers of changes.
#[derive(Debug, Default)]
pub(super) struct ChangeMetrics {
    heard: Family<SourceLabels, Counter>,
    refused: Family<ReasonLabels, Counter>,
}

impl ChangeMetrics {
    /// Makes numbers that start at zero, and registers them.
    pub fn new(to: &mut Registry) -> Self {
        let metrics = Self::default();
        let heard = "Changes heard of: keys, and types of which all may have changed";
        to.register("changes", heard, metrics.heard.clone());
        let refused = "Messages about changes that were refused, repeated, or could not be read in full";
        to.register("change_refusals", refused, metrics.refused.clone());
        metrics
    }

    /// Counts changes.
    pub fn heard(&self, system: &str, source: &'static str, n: usize) {
        self.heard.get_or_create(&SourceLabels { system: system.to_owned(), source }).inc_by(n as u64);
    }

    /// Counts a message that was not heard as it was meant.
    pub fn refused(&self, system: &str, reason: &'static str) {
        self.refused.get_or_create(&ReasonLabels { system: system.to_owned(), reason }).inc();
    }
}
