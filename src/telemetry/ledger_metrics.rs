//! What happens to the ledger, as Prometheus numbers.

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

use super::event::Ledger;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ChangeLabel {
    change: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FailureLabels {
    operation: &'static str,
    code: &'static str,
}

/// The ledger's numbers.
#[derive(Debug)]
pub(super) struct LedgerMetrics {
    connected: Gauge,
    waiting: Gauge,
    observations: Family<OutcomeLabel, Counter>,
    exceptions: Family<ChangeLabel, Counter>,
    failures: Family<FailureLabels, Counter>,
    write_seconds: Histogram,
    swept: Counter,
    told: Family<OutcomeLabel, Counter>,
}

impl LedgerMetrics {
    /// Makes numbers that start at zero, and registers them.
    pub fn new(to: &mut Registry) -> Self {
        let metrics = Self {
            connected: Gauge::default(),
            waiting: Gauge::default(),
            observations: Family::default(),
            exceptions: Family::default(),
            failures: Family::default(),
            // 1 ms to 8 s: a batch into a file, to a server that is about to be given up.
            write_seconds: Histogram::new(exponential_buckets(0.001, 2.0, 14)),
            swept: Counter::default(),
            told: Family::default(),
        };
        let connected = "1 while the ledger can be written to; 0 without one, too";
        to.register("ledger_connected", connected, metrics.connected.clone());
        to.register("ledger_observations_waiting", "Observations that wait to be written", metrics.waiting.clone());
        let observations = "Observations, by what became of them: recorded, dropped, failed";
        to.register("ledger_observations", observations, metrics.observations.clone());
        let exceptions = "Exceptions that were new, reopened or resolved";
        to.register("ledger_exceptions", exceptions, metrics.exceptions.clone());
        to.register("ledger_failures", "What the ledger did not do, by why", metrics.failures.clone());
        let write = "How long writing one batch took";
        to.register_with_unit("ledger_write_duration", write, Unit::Seconds, metrics.write_seconds.clone());
        to.register("ledger_rows_swept", "Rows that are kept no longer", metrics.swept.clone());
        let told = "Messages and changes of the webhook: told and given_up count changes, refused counts messages";
        to.register("ledger_webhook", told, metrics.told.clone());
        metrics
    }

    /// Takes what happened.
    pub fn read(&self, ledger: &Ledger<'_>) {
        match *ledger {
            Ledger::None => {}
            Ledger::Connected { .. } => {
                self.connected.set(1);
            }
            Ledger::Away { code, .. } => {
                self.connected.set(0);
                self.failures.get_or_create(&FailureLabels { operation: "reach", code }).inc();
            }
            Ledger::Recorded { n_observations, n_new, n_reopened, n_resolved, duration } => {
                self.connected.set(1);
                self.count("recorded", n_observations);
                for (change, n) in [("new", n_new), ("reopened", n_reopened), ("resolved", n_resolved)] {
                    self.exceptions.get_or_create(&ChangeLabel { change }).inc_by(n as u64);
                }
                self.write_seconds.observe(duration.as_secs_f64());
            }
            Ledger::Dropped { n } => self.count("dropped", n),
            Ledger::Failed { operation, n, code, .. } => {
                self.count("failed", n);
                self.failures.get_or_create(&FailureLabels { operation, code }).inc();
            }
            Ledger::Waiting { n } => {
                self.waiting.set(i64::try_from(n).unwrap_or(i64::MAX));
            }
            Ledger::Swept { n_rows } => {
                self.swept.inc_by(n_rows);
            }
            Ledger::Told { n_changes } => self.told("told", n_changes),
            Ledger::Untold { .. } => self.told("refused", 1),
            Ledger::GivenUp { n_changes, .. } => self.told("given_up", n_changes),
        }
    }

    fn count(&self, outcome: &'static str, n: u64) {
        self.observations.get_or_create(&OutcomeLabel { outcome }).inc_by(n);
    }

    fn told(&self, outcome: &'static str, n: usize) {
        self.told.get_or_create(&OutcomeLabel { outcome }).inc_by(n as u64);
    }
}
