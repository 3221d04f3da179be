//! What processes share through Redis, as Prometheus numbers.

use std::sync::atomic::AtomicU64;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

use super::event::Shared;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FailureLabels {
    operation: &'static str,
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

/// Redis's numbers.
#[derive(Debug)]
pub(super) struct SharedMetrics {
    in_use: Gauge,
    failures: Family<FailureLabels, Counter>,
    read_seconds: Histogram,
    found: Counter,
    missing: Counter,
    unreadable: Counter,
    kept: Counter,
    outrun: Counter,
    failed: Counter,
    dropped: Counter,
    clock_offset: Gauge<f64, AtomicU64>,
    stream_connected: Gauge,
    stream_lag: Gauge<f64, AtomicU64>,
    stream_messages: Counter,
    stream_gaps: Family<ReasonLabel, Counter>,
}

impl SharedMetrics {
    /// Makes numbers that start at zero, and registers them.
    pub fn new(to: &mut Registry) -> Self {
        let read: Family<OutcomeLabel, Counter> = Family::default();
        let kept: Family<OutcomeLabel, Counter> = Family::default();
        let of =
            |family: &Family<OutcomeLabel, Counter>, outcome| family.get_or_create_owned(&OutcomeLabel { outcome });
        let metrics = Self {
            in_use: Gauge::default(),
            failures: Family::default(),
            // 50 us to 100 ms, doubling: from a Redis on the same machine to beyond what is waited for.
            read_seconds: Histogram::new(exponential_buckets(0.000_05, 2.0, 12)),
            found: of(&read, "found"),
            missing: of(&read, "missing"),
            unreadable: of(&read, "unreadable"),
            kept: of(&kept, "kept"),
            outrun: of(&kept, "outrun"),
            failed: of(&kept, "failed"),
            dropped: of(&kept, "dropped"),
            clock_offset: Gauge::default(),
            stream_connected: Gauge::default(),
            stream_lag: Gauge::default(),
            stream_messages: Counter::default(),
            stream_gaps: Family::default(),
        };
        to.register("redis_in_use", "1 while Redis is reached and its clock fits", metrics.in_use.clone());
        to.register("redis_failures", "What Redis did not do, by operation and why", metrics.failures.clone());
        let seconds = metrics.read_seconds.clone();
        to.register_with_unit("redis_read_duration", "How long Redis took for one wave", Unit::Seconds, seconds);
        to.register("redis_entries_read", "Places asked for in Redis, by what was there", read);
        let help = "Entries for Redis: kept, outrun by what was asked later, failed, or dropped unsent";
        to.register("redis_entries_kept", help, kept);
        let help = "How far this machine's clock is ahead of Redis's";
        to.register_with_unit("clock_offset", help, Unit::Seconds, metrics.clock_offset.clone());
        let help = "1 while this process hears what other processes tell of changes";
        to.register("stream_connected", help, metrics.stream_connected.clone());
        let help = "How long what other processes told had been there when it was heard";
        to.register_with_unit("stream_lag", help, Unit::Seconds, metrics.stream_lag.clone());
        to.register(
            "stream_messages",
            "Messages heard of processes, this one included",
            metrics.stream_messages.clone(),
        );
        let help = "How often messages may have gone unheard, so that all that is kept was taken back";
        to.register("stream_gaps", help, metrics.stream_gaps.clone());
        metrics
    }

    /// Counts what happened.
    pub fn read(&self, shared: &Shared<'_>) {
        match *shared {
            Shared::Away { .. } => {
                self.in_use.set(0);
            }
            Shared::ClockCompared { offset_ms, fits, .. } => {
                self.in_use.set(i64::from(fits));
                self.clock_offset.set(offset_ms as f64 / 1e3);
            }
            Shared::Failed { operation, code, .. } => {
                self.failures.get_or_create(&FailureLabels { operation, code }).inc();
            }
            Shared::Read { n_asked, n_found, n_unreadable, duration } => {
                self.read_seconds.observe(duration.as_secs_f64());
                self.found.inc_by(n_found as u64);
                self.unreadable.inc_by(n_unreadable as u64);
                self.missing.inc_by(n_asked.saturating_sub(n_found + n_unreadable) as u64);
            }
            Shared::Kept { n_kept, n_outrun, n_failed } => {
                self.kept.inc_by(n_kept as u64);
                self.outrun.inc_by(n_outrun as u64);
                self.failed.inc_by(n_failed as u64);
            }
            Shared::Dropped { n } => {
                self.dropped.inc_by(n as u64);
            }
            Shared::Followed { n_told, lag } => {
                self.stream_connected.set(1);
                self.stream_lag.set(lag.as_secs_f64());
                self.stream_messages.inc_by(n_told as u64);
            }
            Shared::Gap { reason } => {
                self.stream_gaps.get_or_create(&ReasonLabel { reason }).inc();
            }
            Shared::Unfollowed => {
                self.stream_connected.set(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::telemetry::{Event, Telemetry};

    #[test]
    fn what_is_shared_is_counted_and_no_detail_is_shown() {
        let telemetry = Telemetry::new();
        let tell = |shared| telemetry.emit(&Event::Shared(shared));
        tell(Shared::ClockCompared { offset_ms: -250, fits: true, changed: true });
        tell(Shared::Read { n_asked: 7, n_found: 4, n_unreadable: 1, duration: Duration::from_micros(90) });
        tell(Shared::Failed { operation: "keep", code: "FULL", detail: "secret host" });
        tell(Shared::Followed { n_told: 3, lag: Duration::from_millis(250) });
        tell(Shared::Gap { reason: "trimmed" });
        let text = telemetry.metrics_text();
        for line in [
            "freehold_redis_in_use 1",
            "freehold_clock_offset_seconds -0.25",
            r#"freehold_redis_entries_read_total{outcome="missing"} 2"#,
            r#"freehold_redis_failures_total{operation="keep",code="FULL"} 1"#,
            "freehold_stream_connected 1",
            "freehold_stream_lag_seconds 0.25",
            "freehold_stream_messages_total 3",
            r#"freehold_stream_gaps_total{reason="trimmed"} 1"#,
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert!(!text.contains("secret"));
    }
}
