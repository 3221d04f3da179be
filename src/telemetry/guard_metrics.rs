//! What the guards around owners do, as Prometheus numbers.

use std::time::Duration;

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

use super::event::{BreakerState, Guarded};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SystemLabel {
    system: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct GroupLabels {
    system: String,
    group: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabels {
    system: String,
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    system: String,
    state: &'static str,
}

/// The guards' numbers.
#[derive(Debug)]
pub(super) struct GuardMetrics {
    keys_coalesced: Family<GroupLabels, Counter>,
    given_up: Family<GroupLabels, Counter>,
    retries: Family<CodeLabels, Counter>,
    retries_withheld: Family<SystemLabel, Counter>,
    breaker_state: Family<SystemLabel, Gauge>,
    breaker_changes: Family<StateLabels, Counter>,
    breaker_refusals: Family<SystemLabel, Counter>,
    rate_waits: Family<SystemLabel, Histogram, fn() -> Histogram>,
    rate_refusals: Family<SystemLabel, Counter>,
}

/// 1 ms to 16 s, doubling: a turn that is nearly there to the longest that a deadline lets anyone wait.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 2.0, 15))
}

impl GuardMetrics {
    /// Makes numbers that start at zero, and registers them.
    pub fn new(to: &mut Registry) -> Self {
        let metrics = Self {
            keys_coalesced: Family::default(),
            given_up: Family::default(),
            retries: Family::default(),
            retries_withheld: Family::default(),
            breaker_state: Family::default(),
            breaker_changes: Family::default(),
            breaker_refusals: Family::default(),
            rate_waits: Family::new_with_constructor(seconds),
            rate_refusals: Family::default(),
        };
        to.register("keys_coalesced", "Keys that joined a question of others", metrics.keys_coalesced.clone());
        to.register("fetches_given_up", "Questions whose caller had no more time to wait", metrics.given_up.clone());
        to.register("retries", "Questions asked again, by what had failed", metrics.retries.clone());
        to.register("retries_withheld", "Retries not made: the budget was spent", metrics.retries_withheld.clone());
        to.register("breaker_state", "0 closed, 1 half-open, 2 open", metrics.breaker_state.clone());
        to.register("breaker_changes", "Changes of a breaker, by what it became", metrics.breaker_changes.clone());
        to.register("breaker_refusals", "Calls refused by an open breaker", metrics.breaker_refusals.clone());
        to.register_with_unit("rate_wait", "Waits for a turn", Unit::Seconds, metrics.rate_waits.clone());
        to.register("rate_refusals", "Calls without a turn in their time", metrics.rate_refusals.clone());
        metrics
    }

    /// Counts what a guard of a system did.
    pub fn read(&self, system: &str, guarded: &Guarded<'_>) {
        let of_system = || SystemLabel { system: system.to_owned() };
        let of_group = |group: &str| GroupLabels { system: system.to_owned(), group: group.to_owned() };
        match *guarded {
            Guarded::KeysJoined { group, n_keys } => {
                self.keys_coalesced.get_or_create(&of_group(group)).inc_by(n_keys as u64);
            }
            Guarded::GivenUp { group, .. } => {
                self.given_up.get_or_create(&of_group(group)).inc();
            }
            Guarded::Retried { code, .. } => {
                self.retries.get_or_create(&CodeLabels { system: system.to_owned(), code }).inc();
            }
            Guarded::RetryWithheld { .. } => {
                self.retries_withheld.get_or_create(&of_system()).inc();
            }
            Guarded::BreakerChanged { state, .. } => {
                let number = match state {
                    BreakerState::Closed => 0,
                    BreakerState::HalfOpen => 1,
                    BreakerState::Open => 2,
                };
                self.breaker_state.get_or_create(&of_system()).set(number);
                let label = StateLabels { system: system.to_owned(), state: state.word() };
                self.breaker_changes.get_or_create(&label).inc();
            }
            Guarded::BreakerRefused => {
                self.breaker_refusals.get_or_create(&of_system()).inc();
            }
            Guarded::RateWaited { duration } => {
                self.rate_waits.get_or_create(&of_system()).observe(Duration::as_secs_f64(&duration));
            }
            Guarded::RateRefused { .. } => {
                self.rate_refusals.get_or_create(&of_system()).inc();
            }
        }
    }
}
