//! Telemetry: what happened, said once, as an event from a closed list; log and metrics are readers of that list.
//!
//! Reading order: `event` (the list), `log` (events as structured log lines), `audit` (the lines that say who asked for whose
//! data), `metrics`, `guard_metrics`, `cache_metrics`, `shared_metrics`, `change_metrics`, `feed_metrics` and `ledger_metrics`
//! (events as Prometheus numbers), `health` (events as how each system is).
//! The code emits; it never logs or counts by itself. No event carries a query's text, a variable, a token or a value.

mod audit;
mod cache_metrics;
mod change_metrics;
mod event;
mod feed_metrics;
mod guard_metrics;
mod health;
mod ledger_metrics;
mod log;
mod metrics;
mod shared_metrics;

use std::sync::Arc;

pub use cache_metrics::DomainServed;
pub use event::{Audit, BreakerState, Event, Failure, Guarded, Heard, Ledger, Reloaded, Served, Shared};
pub use health::{FeedHealth, SystemHealth};
pub use log::{LogForm, start as start_log};

use health::Health;
use metrics::Metrics;

/// The handle through which events are emitted. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Telemetry {
    metrics: Arc<Metrics>,
    health: Arc<Health>,
}

impl Telemetry {
    /// Makes a handle whose numbers all start at zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells every reader that something happened.
    pub fn emit(&self, event: &Event<'_>) {
        log::read(event);
        self.metrics.read(event);
        self.health.read(event, || jiff::Timestamp::now().as_millisecond());
    }

    /// Says how a system is, as far as this process has asked it.
    pub fn system_health(&self, system: &str, now_ms: i64) -> SystemHealth {
        self.health.system(system, now_ms)
    }

    /// Says what this process has served of a freshness domain since it started.
    pub fn domain_served(&self, domain: &str) -> DomainServed {
        self.metrics.domain_served(domain)
    }

    /// Writes the metrics in the OpenMetrics text format.
    pub fn metrics_text(&self) -> String {
        self.metrics.text()
    }
}
