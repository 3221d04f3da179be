//! What answers came from and how old they were, as Prometheus numbers by freshness domain.
//!
//! They are counted for every question of every request, so a domain's numbers are found without an allocation.

use std::sync::{Arc, PoisonError, RwLock};

use hashbrown::HashMap;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

use super::event::Served;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DomainLabel {
    domain: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LevelLabels {
    domain: String,
    level: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    domain: String,
    outcome: &'static str,
}

/// What was served of a freshness domain since the process started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DomainServed {
    /// The records and pages that were asked for.
    pub n_asked: u64,
    /// Those of which there was no answer; the refused are among them.
    pub n_failed: u64,
    /// Those that were served past their bound, because the owner was down.
    pub n_stale: u64,
    /// Those refused because what is kept is too old, and their owner did not answer.
    pub n_refused: u64,
}

/// The cache's numbers.
#[derive(Debug)]
pub(super) struct CacheMetrics {
    served: Family<LevelLabels, Counter>,
    stale: Family<DomainLabel, Counter>,
    refused: Family<DomainLabel, Counter>,
    refreshed_early: Family<DomainLabel, Counter>,
    age: Family<DomainLabel, Histogram, fn() -> Histogram>,
    violations: Family<DomainLabel, Counter>,
    compared: Family<OutcomeLabels, Counter>,
    of_domain: RwLock<HashMap<String, Arc<DomainNumbers>>>,
}

/// The numbers of one domain.
#[derive(Debug)]
struct DomainNumbers {
    memory: Counter,
    shared: Counter,
    fetched: Counter,
    stale: Counter,
    refused: Counter,
    /// Those without an answer. The metrics tell failures by system; this is for the share within the bound.
    failed: Counter,
    age: Histogram,
    violations: Counter,
}

/// 10 ms to 3 days, times four: from what was just fetched to what an outage may last.
fn ages() -> Histogram {
    Histogram::new(exponential_buckets(0.01, 4.0, 13))
}

impl CacheMetrics {
    /// Makes numbers that start at zero, and registers them.
    pub fn new(to: &mut Registry) -> Self {
        let metrics = Self {
            served: Family::default(),
            stale: Family::default(),
            refused: Family::default(),
            refreshed_early: Family::default(),
            age: Family::new_with_constructor(ages),
            violations: Family::default(),
            compared: Family::default(),
            of_domain: RwLock::default(),
        };
        let served = "Records and pages served, by what they came from: memory, shared, owner";
        to.register("records_served", served, metrics.served.clone());
        let stale = "Records and pages served past their bound because the owner is down";
        to.register("records_served_stale", stale, metrics.stale.clone());
        let refused = "Records and pages refused because what is kept is too old and the owner is down";
        to.register("records_refused_stale", refused, metrics.refused.clone());
        let early = "Records and pages asked for again behind an answer, before they ran out";
        to.register("records_refreshed_early", early, metrics.refreshed_early.clone());
        let age = "How old the oldest part of a question's answer was when it was served";
        to.register_with_unit("served_age", age, Unit::Seconds, metrics.age.clone());
        let violations =
            "Questions answered with something older than its bound, without a word: 0, or a mistake of Freehold";
        to.register("bound_violations", violations, metrics.violations.clone());
        let compared = "Records and pages served from what is kept and compared with their owner's: same, changed";
        to.register("records_compared", compared, metrics.compared.clone());
        metrics
    }

    /// Counts what a comparison found.
    pub fn compared(&self, domain: &str, n_same: usize, n_changed: usize) {
        for (outcome, n) in [("same", n_same), ("changed", n_changed)] {
            self.compared.get_or_create(&OutcomeLabels { domain: domain.to_owned(), outcome }).inc_by(n as u64);
        }
    }

    /// Counts what is asked for again before it runs out.
    pub fn refreshed_early(&self, domain: &str, n: usize) {
        self.refreshed_early.get_or_create(&DomainLabel { domain: domain.to_owned() }).inc_by(n as u64);
    }

    /// Counts what a question was answered from.
    pub fn read(&self, served: &Served<'_>) {
        let numbers = self.of(served.domain);
        numbers.memory.inc_by(served.memory as u64);
        numbers.shared.inc_by(served.shared as u64);
        numbers.fetched.inc_by(served.fetched as u64);
        numbers.stale.inc_by(served.n_stale as u64);
        numbers.refused.inc_by(served.n_refused as u64);
        numbers.failed.inc_by(served.n_failed as u64);
        numbers.violations.inc_by(u64::from(served.is_violation));
        if let Some(age) = served.age {
            numbers.age.observe(age.as_secs_f64());
        }
    }

    /// Returns what was served of a domain.
    pub fn served(&self, domain: &str) -> DomainServed {
        let of_domain = self.of_domain.read().unwrap_or_else(PoisonError::into_inner);
        let Some(numbers) = of_domain.get(domain) else { return DomainServed::default() };
        DomainServed {
            n_asked: numbers.memory.get() + numbers.shared.get() + numbers.fetched.get(),
            n_failed: numbers.failed.get(),
            n_stale: numbers.stale.get(),
            n_refused: numbers.refused.get(),
        }
    }

    fn of(&self, domain: &str) -> Arc<DomainNumbers> {
        if let Some(numbers) = self.of_domain.read().unwrap_or_else(PoisonError::into_inner).get(domain) {
            return Arc::clone(numbers);
        }
        let level = |level| {
            let labels = LevelLabels { domain: domain.to_owned(), level };
            self.served.get_or_create_owned(&labels)
        };
        let label = DomainLabel { domain: domain.to_owned() };
        let numbers = DomainNumbers {
            memory: level("memory"),
            shared: level("shared"),
            fetched: level("owner"),
            stale: self.stale.get_or_create_owned(&label),
            refused: self.refused.get_or_create_owned(&label),
            failed: Counter::default(),
            age: self.age.get_or_create_owned(&label),
            violations: self.violations.get_or_create_owned(&label),
        };
        let mut of_domain = self.of_domain.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(of_domain.entry(domain.to_owned()).or_insert_with(|| Arc::new(numbers)))
    }
}
