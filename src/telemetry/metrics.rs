//! Events as Prometheus metrics.
//!
//! Every name begins with `freehold_` and carries its unit. Every label has a bounded set of values: systems, groups and
//! lists come from the contract, codes and kinds from closed lists in the code. Nothing a caller writes becomes a label.

use std::time::Duration;

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

use super::{
    cache_metrics::{CacheMetrics, DomainServed},
    change_metrics::ChangeMetrics,
    event::{Event, Failure, Heard, Reloaded},
    feed_metrics::FeedMetrics,
    guard_metrics::GuardMetrics,
    ledger_metrics::LedgerMetrics,
    shared_metrics::SharedMetrics,
};

/// The code of a fetch that was answered.
const ANSWERED: &str = "OK";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabel {
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct IssuerLabels {
    issuer: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RuleLabel {
    rule: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AudienceLabel {
    audience: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VersionLabel {
    version: String,
}

/// A group or a list of a system: what was asked of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AskedLabels {
    system: String,
    group: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    system: String,
    group: String,
    code: &'static str,
}

/// The numbers, and the registry that writes them.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<StatusLabel, Counter>,
    request_seconds: Family<StatusLabel, Histogram, fn() -> Histogram>,
    refusals: Family<KindLabel, Counter>,
    shed: Family<AudienceLabel, Counter>,
    errors: Counter,
    response_bytes: Histogram,
    fetches_per_request: Histogram,
    plan_compile_seconds: Histogram,
    plans_reused: Counter,
    fetches: Family<OutcomeLabels, Counter>,
    fetch_seconds: Family<AskedLabels, Histogram, fn() -> Histogram>,
    fetch_keys: Family<AskedLabels, Counter>,
    fetch_rows: Family<AskedLabels, Counter>,
    lists: Family<OutcomeLabels, Counter>,
    list_seconds: Family<AskedLabels, Histogram, fn() -> Histogram>,
    list_parents: Family<AskedLabels, Counter>,
    list_rows: Family<AskedLabels, Counter>,
    violations: Family<AskedLabels, Counter>,
    rules_failed: Family<RuleLabel, Counter>,
    keys_unmatched: Family<AskedLabels, Counter>,
    rows_left_out: Family<AskedLabels, Counter>,
    files_loaded: Family<AskedLabels, Counter>,
    files_refused: Family<AskedLabels, Counter>,
    file_rows: Family<AskedLabels, Gauge>,
    issuer_keys: Family<IssuerLabels, Counter>,
    guards: GuardMetrics,
    cache: CacheMetrics,
    feeds: FeedMetrics,
    ledger: LedgerMetrics,
    changes: ChangeMetrics,
    shared: SharedMetrics,
    connections_open: Gauge,
    connections_refused: Counter,
    accepts_failed: Counter,
    contract: Family<VersionLabel, Gauge>,
    contract_faults: Gauge,
    contract_reloads: Family<OutcomeLabel, Counter>,
}

/// 0.25 ms to 8 s, doubling: from an answer out of memory to the longest a system is usually given.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.000_25, 2.0, 16))
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("freehold");
        let (guards, cache) = (GuardMetrics::new(&mut registry), CacheMetrics::new(&mut registry));
        let feeds = FeedMetrics::new(&mut registry);
        let ledger = LedgerMetrics::new(&mut registry);
        let changes = ChangeMetrics::new(&mut registry);
        let shared = SharedMetrics::new(&mut registry);
        let mut metrics = Self {
            registry,
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(seconds),
            refusals: Family::default(),
            shed: Family::default(),
            errors: Counter::default(),
            // 256 B to 4 MiB: a single object to the largest page of a BI export.
            response_bytes: Histogram::new(exponential_buckets(256.0, 4.0, 8)),
            fetches_per_request: Histogram::new([0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]),
            plan_compile_seconds: seconds(),
            plans_reused: Counter::default(),
            fetches: Family::default(),
            fetch_seconds: Family::new_with_constructor(seconds),
            fetch_keys: Family::default(),
            fetch_rows: Family::default(),
            lists: Family::default(),
            list_seconds: Family::new_with_constructor(seconds),
            list_parents: Family::default(),
            list_rows: Family::default(),
            violations: Family::default(),
            rules_failed: Family::default(),
            keys_unmatched: Family::default(),
            rows_left_out: Family::default(),
            files_loaded: Family::default(),
            files_refused: Family::default(),
            file_rows: Family::default(),
            issuer_keys: Family::default(),
            guards,
            cache,
            feeds,
            ledger,
            changes,
            shared,
            connections_open: Gauge::default(),
            connections_refused: Counter::default(),
            accepts_failed: Counter::default(),
            contract: Family::default(),
            contract_faults: Gauge::default(),
            contract_reloads: Family::default(),
        };
        metrics.register_requests();
        metrics.register_systems();
        metrics.register_process();
        metrics
    }
}

impl Metrics {
    fn register_requests(&mut self) {
        let to = &mut self.registry;
        to.register("requests", "GraphQL requests executed, by what the answer holds", self.requests.clone());
        to.register_with_unit(
            "request_duration",
            "From a request's arrival to the last byte of its answer",
            Unit::Seconds,
            self.request_seconds.clone(),
        );
        to.register("requests_refused", "Requests refused before execution, by why", self.refusals.clone());
        to.register("requests_shed", "Requests turned away because the process is full", self.shed.clone());
        to.register("response_errors", "Entries of errors in answers", self.errors.clone());
        to.register_with_unit(
            "response_size",
            "Size of answers before compression",
            Unit::Bytes,
            self.response_bytes.clone(),
        );
        to.register("request_fetches", "Questions put to owners for one request", self.fetches_per_request.clone());
        to.register_with_unit(
            "plan_compile_duration",
            "Parsing, validating and planning of one operation",
            Unit::Seconds,
            self.plan_compile_seconds.clone(),
        );
        to.register("plans_reused", "Plans found in the cache", self.plans_reused.clone());
    }

    fn register_systems(&mut self) {
        let to = &mut self.registry;
        to.register("fetches", "Fetches, by how they ended; OK is an answer", self.fetches.clone());
        to.register_with_unit(
            "fetch_duration",
            "How long a system took to answer one fetch",
            Unit::Seconds,
            self.fetch_seconds.clone(),
        );
        to.register("fetch_keys", "Keys asked for", self.fetch_keys.clone());
        to.register("fetch_rows", "Rows that came", self.fetch_rows.clone());
        to.register("lists", "List queries, by how they ended; OK is an answer", self.lists.clone());
        to.register_with_unit(
            "list_duration",
            "How long a system took to answer one list query",
            Unit::Seconds,
            self.list_seconds.clone(),
        );
        to.register("list_parents", "Parents listed for", self.list_parents.clone());
        to.register("list_rows", "Rows listed", self.list_rows.clone());
        to.register("files_loaded", "Complete files that were loaded", self.files_loaded.clone());
        to.register("files_refused", "Files that were not taken, once each", self.files_refused.clone());
        to.register("file_rows", "Rows of the files that are served", self.file_rows.clone());
        let failed = "Objects for which a rule could not read what owners say";
        to.register("rules_failed", failed, self.rules_failed.clone());
        to.register("contract_violations", "Values that did not fit their declared type", self.violations.clone());
        to.register(
            "keys_unmatched",
            "Keys that a system has no key of its own for, or none that is theirs alone",
            self.keys_unmatched.clone(),
        );
        to.register(
            "rows_left_out",
            "Rows left out of lists because their keys are none of the graph's",
            self.rows_left_out.clone(),
        );
    }

    fn register_process(&mut self) {
        let to = &mut self.registry;
        to.register(
            "issuer_keys_asked",
            "How often issuers of tokens were asked for their keys",
            self.issuer_keys.clone(),
        );
        to.register("connections_open", "Connections open at the moment", self.connections_open.clone());
        to.register("connections_refused", "Connections turned away at the cap", self.connections_refused.clone());
        to.register("accepts_failed", "Connections that could not be accepted", self.accepts_failed.clone());
        to.register("contract_served", "1 for the version of the contract that is served", self.contract.clone());
        to.register("contract_faults", "Faults found when the contract was last loaded", self.contract_faults.clone());
        to.register(
            "contract_reloads",
            "Contracts that changed while one is served, by what became of them",
            self.contract_reloads.clone(),
        );
    }

    fn serves(&self, version: &str) {
        self.contract.clear();
        self.contract.get_or_create(&VersionLabel { version: version.to_owned() }).set(1);
    }

    /// Counts an event.
    pub(super) fn read(&self, event: &Event<'_>) {
        match *event {
            Event::RequestAnswered { status, duration, n_errors, n_fetches, n_bytes, .. } => {
                let label = StatusLabel { status };
                self.requests.get_or_create(&label).inc();
                self.request_seconds.get_or_create(&label).observe(duration.as_secs_f64());
                self.errors.inc_by(n_errors as u64);
                self.fetches_per_request.observe(n_fetches as f64);
                self.response_bytes.observe(n_bytes as f64);
            }
            Event::RequestRefused { kind, .. } => {
                self.refusals.get_or_create(&KindLabel { kind }).inc();
            }
            Event::RequestShed { audience } => {
                let audience = audience.unwrap_or_default().to_owned();
                self.shed.get_or_create(&AudienceLabel { audience }).inc();
            }
            Event::PlanCompiled { duration } => self.plan_compile_seconds.observe(duration.as_secs_f64()),
            Event::RuleFailed { rule, n, .. } => {
                self.rules_failed.get_or_create(&RuleLabel { rule }).inc_by(n as u64);
            }
            Event::RefreshedEarly { domain, n } => self.cache.refreshed_early(domain, n),
            Event::PlanReused => {
                self.plans_reused.inc();
            }
            Event::Fetched { system, group, n_keys, n_rows, duration, failure } => {
                let (asked, outcome) = labels(system, group, failure);
                self.fetches.get_or_create(&outcome).inc();
                self.observe(&self.fetch_seconds, &asked, duration);
                self.fetch_keys.get_or_create(&asked).inc_by(n_keys as u64);
                self.fetch_rows.get_or_create(&asked).inc_by(n_rows as u64);
            }
            Event::Listed { system, list, n_parents, n_rows, duration, failure } => {
                let (asked, outcome) = labels(system, list, failure);
                self.lists.get_or_create(&outcome).inc();
                self.observe(&self.list_seconds, &asked, duration);
                self.list_parents.get_or_create(&asked).inc_by(n_parents as u64);
                self.list_rows.get_or_create(&asked).inc_by(n_rows as u64);
            }
            Event::ViolationMet { system, group, .. } => {
                self.violations.get_or_create(&labels(system, group, None).0).inc();
            }
            Event::KeysUnmatched { system, asked, n_unmatched, n_ambiguous, .. } => {
                let n_keys = n_unmatched.saturating_add(n_ambiguous) as u64;
                self.keys_unmatched.get_or_create(&labels(system, asked, None).0).inc_by(n_keys);
            }
            Event::RowsLeftOut { system, list, n_unmatched, n_ambiguous, .. } => {
                let n_rows = n_unmatched.saturating_add(n_ambiguous);
                self.rows_left_out.get_or_create(&labels(system, list, None).0).inc_by(n_rows);
            }
            Event::FileLoaded { system, group, n_rows, .. } => {
                let asked = labels(system, group, None).0;
                self.files_loaded.get_or_create(&asked).inc();
                self.file_rows.get_or_create(&asked).set(i64::try_from(n_rows).unwrap_or(i64::MAX));
            }
            Event::FileRefused { system, group, .. } => {
                self.files_refused.get_or_create(&labels(system, group, None).0).inc();
            }
            Event::Guarded { system, ref guarded } => self.guards.read(system, guarded),
            Event::ChangesHeard { system, source, n_keys, n_types } => {
                self.changes.heard(system, source, n_keys + n_types);
            }
            Event::ChangeRefused { system, reason } => self.changes.refused(system, reason),
            Event::Served(ref served) => self.cache.read(served),
            Event::Shared(ref shared) => self.shared.read(shared),
            Event::Compared { domain, n_same, n_changed } => self.cache.compared(domain, n_same, n_changed),
            Event::Feed { system, heard: Heard::Unread { .. }, .. } => self.changes.refused(system, "unread"),
            Event::Feed { system, feed, heard } => self.feeds.read(system, feed, heard),
            Event::Ledger(ref ledger) => self.ledger.read(ledger),
            Event::IssuerKeysAsked { issuer, failure, .. } => {
                let outcome = if failure.is_some() { "failed" } else { "fetched" };
                self.issuer_keys.get_or_create(&IssuerLabels { issuer: issuer.to_owned(), outcome }).inc();
            }
            Event::ConnectionOpened => {
                self.connections_open.inc();
            }
            Event::ConnectionClosed => {
                self.connections_open.dec();
            }
            Event::ConnectionRefused { .. } => {
                self.connections_refused.inc();
            }
            Event::AcceptFailed { .. } => {
                self.accepts_failed.inc();
            }
            Event::ContractLoaded { version, n_faults } => {
                self.contract_faults.set(i64::try_from(n_faults).unwrap_or(i64::MAX));
                if n_faults == 0 {
                    self.serves(version);
                }
            }
            Event::ContractReloaded(Reloaded::Taken { version, .. }) => {
                self.contract_reloads.get_or_create(&OutcomeLabel { outcome: "taken" }).inc();
                self.contract_faults.set(0);
                self.serves(version);
            }
            Event::ContractReloaded(Reloaded::Refused { n_faults, .. }) => {
                self.contract_reloads.get_or_create(&OutcomeLabel { outcome: "refused" }).inc();
                self.contract_faults.set(i64::try_from(n_faults).unwrap_or(i64::MAX));
            }
            Event::Audited(_)
            | Event::ServedUnprotected
            | Event::ServerStarted { .. }
            | Event::ServerStopping { .. }
            | Event::ServerStopped { .. } => {}
        }
    }

    fn observe(&self, of: &Family<AskedLabels, Histogram, fn() -> Histogram>, asked: &AskedLabels, duration: Duration) {
        of.get_or_create(asked).observe(duration.as_secs_f64());
    }

    /// Returns what was served of a freshness domain.
    pub(super) fn domain_served(&self, domain: &str) -> DomainServed {
        self.cache.served(domain)
    }

    /// Writes all numbers in the OpenMetrics text format.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a string cannot fail");
        text
    }
}

fn labels(system: &str, group: &str, failure: Option<Failure<'_>>) -> (AskedLabels, OutcomeLabels) {
    let asked = AskedLabels { system: system.to_owned(), group: group.to_owned() };
    let code = failure.map_or(ANSWERED, |failure| failure.code);
    let outcome = OutcomeLabels { system: asked.system.clone(), group: asked.group.clone(), code };
    (asked, outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_fetch_counts_under_its_code_and_never_shows_its_detail() {
        let metrics = Metrics::default();
        metrics.read(&Event::Fetched {
            system: "erp",
            group: "erp Product",
            n_keys: 3,
            n_rows: 0,
            duration: Duration::from_millis(2),
            failure: Some(Failure { code: "SOURCE_TIMEOUT", detail: "secret host" }),
        });
        let text = metrics.text();
        assert!(text.contains(r#"freehold_fetches_total{system="erp",group="erp Product",code="SOURCE_TIMEOUT"} 1"#));
        assert!(text.contains(r#"freehold_fetch_keys_total{system="erp",group="erp Product"} 3"#));
        assert!(!text.contains("secret"));
    }

    #[test]
    fn what_a_caller_writes_is_never_a_label() {
        let metrics = Metrics::default();
        metrics.read(&Event::RequestAnswered {
            operation: Some("Chosen"),
            status: "complete",
            duration: Duration::from_millis(1),
            n_errors: 0,
            n_fetches: 1,
            n_bytes: 100,
        });
        let text = metrics.text();
        assert!(text.contains(r#"freehold_requests_total{status="complete"} 1"#));
        assert!(text.contains("freehold_request_duration_seconds_bucket"));
        assert!(!text.contains("Chosen"));
    }

    #[test]
    fn the_key_of_a_violation_is_never_a_label() {
        let metrics = Metrics::default();
        metrics.read(&Event::ViolationMet {
            system: "erp",
            group: "erp Account",
            key: "C-1000",
            field: "status",
            expected: "AccountStatus",
        });
        let text = metrics.text();
        assert!(text.contains(r#"freehold_contract_violations_total{system="erp",group="erp Account"} 1"#));
        assert!(!text.contains("C-1000"));
    }
}
