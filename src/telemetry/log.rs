//! Events as structured log lines on standard error.
//!
//! One line per event, dotted field names, units in the name. A failure is logged where it happened and nowhere else:
//! `Fetched` with a failure is a warning, and the request that met it is not.

use std::time::Duration;

use tracing::{debug, error, info, warn};
use tracing_subscriber::{EnvFilter, fmt};

use super::audit;
use super::event::{BreakerState, Event, Guarded, Heard, Ledger, Reloaded, Shared};

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogForm {
    /// For machines: one JSON object a line.
    Json,
    /// For people.
    Text {
        /// Whether levels and names are coloured.
        colour: bool,
    },
}

/// Starts writing log lines to standard error. Does nothing where the process already has a log (as tests do).
///
/// `level` is a level (`info`) or a filter (`freehold=debug,hyper=warn`); what it does not understand is left out.
pub fn start(form: LogForm, level: &str) {
    // The audit trail is written whatever else is, unless somebody says otherwise of it.
    let level =
        if level.contains(audit::TARGET) { level.to_owned() } else { format!("{level},{}=info", audit::TARGET) };
    let lines = fmt().with_writer(std::io::stderr).with_target(false).with_env_filter(EnvFilter::new(level));
    // A second subscriber is refused; the first one goes on, which is what a test wants.
    let _ = match form {
        LogForm::Json => lines.json().flatten_event(true).try_init(),
        LogForm::Text { colour } => lines.with_ansi(colour).try_init(),
    };
}

fn ms(duration: Duration) -> f64 {
    // Microseconds are as fine as anyone reads.
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// Writes an event as a log line.
pub(super) fn read(event: &Event<'_>) {
    match *event {
        Event::RequestAnswered { operation, status, duration, n_errors, n_fetches, n_bytes } => info!(
            operation.name = operation.map(audit::short),
            request.status = status,
            request.errors = n_errors,
            request.fetches = n_fetches,
            response.bytes = n_bytes,
            duration_ms = ms(duration),
            "request answered"
        ),
        Event::RequestShed { audience } => debug!(caller.audience = audience, "request shed"),
        Event::RequestRefused { kind, duration } => {
            info!(request.refusal = kind, duration_ms = ms(duration), "request refused");
        }
        Event::PlanCompiled { duration } => debug!(duration_ms = ms(duration), "plan compiled"),
        Event::PlanReused | Event::Served(_) | Event::Compared { .. } | Event::RefreshedEarly { .. } => {}
        Event::RuleFailed { rule, n, detail } => {
            warn!(rule.name = rule, rule.objects = n, "a rule cannot read its facts");
            debug!(rule.name = rule, failure.detail = detail, "what the rule could not read of the first");
        }
        Event::Fetched { system, group, n_keys, n_rows, duration, failure: None } => debug!(
            system.name = system,
            group.name = group,
            fetch.keys = n_keys,
            fetch.rows = n_rows,
            duration_ms = ms(duration),
            "fetched"
        ),
        Event::Fetched { system, group, n_keys, duration, failure: Some(failure), .. } => warn!(
            system.name = system,
            group.name = group,
            fetch.keys = n_keys,
            failure.code = failure.code,
            failure.detail = failure.detail,
            duration_ms = ms(duration),
            "failed to fetch"
        ),
        Event::Listed { system, list, n_parents, n_rows, duration, failure: None } => debug!(
            system.name = system,
            list.name = list,
            fetch.parents = n_parents,
            fetch.rows = n_rows,
            duration_ms = ms(duration),
            "listed"
        ),
        Event::Listed { system, list, n_parents, duration, failure: Some(failure), .. } => warn!(
            system.name = system,
            list.name = list,
            fetch.parents = n_parents,
            failure.code = failure.code,
            failure.detail = failure.detail,
            duration_ms = ms(duration),
            "failed to list"
        ),
        Event::ViolationMet { system, group, key, field, expected } => {
            warn!(
                system.name = system,
                group.name = group,
                field.name = field,
                field.expected = expected,
                "contract violation"
            );
            debug!(system.name = system, group.name = group, record.key = key, "contract violation's key");
        }
        Event::KeysUnmatched { system, asked, n_unmatched, n_ambiguous, samples } => {
            if n_ambiguous > 0 {
                warn!(system.name = system, group.name = asked, fetch.ambiguous = n_ambiguous, "ambiguous keys");
            }
            debug!(
                system.name = system,
                group.name = asked,
                fetch.unmatched = n_unmatched,
                fetch.ambiguous = n_ambiguous,
                fetch.unmatched_keys = ?samples,
                "keys without a match of their own"
            );
        }
        Event::RowsLeftOut { system, list, n_unmatched, n_ambiguous, samples } => {
            warn!(
                system.name = system,
                list.name = list,
                list.unmatched = n_unmatched,
                list.ambiguous = n_ambiguous,
                "rows left out of a list: their keys are none of the graph's"
            );
            debug!(system.name = system, list.name = list, list.left_out_keys = ?samples, "keys of rows left out");
        }
        Event::FileLoaded { system, group, file, n_rows, n_bytes, duration } => info!(
            system.name = system,
            group.name = group,
            file.name = file,
            file.rows = n_rows,
            file.bytes = n_bytes,
            duration_ms = ms(duration),
            "file loaded"
        ),
        Event::FileRefused { system, group, file, detail } => warn!(
            system.name = system,
            group.name = group,
            file.name = file,
            failure.detail = detail,
            "file refused: what was served before still is"
        ),
        Event::Guarded { system, ref guarded } => read_guarded(system, guarded),
        Event::Feed { system, feed, heard } => read_heard(system, feed, heard),
        Event::Shared(ref shared) => read_shared(shared),
        Event::Ledger(ref ledger) => read_ledger(ledger),
        Event::Audited(ref audit) => audit::write(audit),
        Event::IssuerKeysAsked { issuer, n_keys, failure: None } => {
            debug!(issuer.name = issuer, issuer.keys = n_keys, "fetched the keys of an issuer");
        }
        Event::IssuerKeysAsked { issuer, failure: Some(detail), .. } => warn!(
            issuer.name = issuer,
            failure.detail = detail,
            "failed to fetch the keys of an issuer: those that were fetched last hold for a while"
        ),
        Event::ConnectionOpened => debug!("connection opened"),
        Event::ConnectionClosed => debug!("connection closed"),
        Event::ConnectionRefused { connections_max } => {
            warn!(connections.max = connections_max, "connection refused: as many as allowed are open");
        }
        Event::AcceptFailed { detail } => error!(failure.detail = detail, "failed to accept a connection"),
        Event::ContractLoaded { version, n_faults: 0 } => info!(contract.version = version, "contract loaded"),
        Event::ContractLoaded { version, n_faults } => {
            error!(contract.version = version, contract.faults = n_faults, "contract has faults");
        }
        Event::ContractReloaded(Reloaded::Taken { version, before }) => {
            info!(contract.version = version, contract.before = before, "contract reloaded");
        }
        Event::ContractReloaded(Reloaded::Refused { n_faults, detail }) => error!(
            contract.faults = n_faults,
            failure.detail = detail,
            "failed to reload the contract: the one before is served on; `freehold check` shows all of its faults"
        ),
        Event::ChangesHeard { system, source, n_keys, n_types } => debug!(
            system.name = system,
            changes.source = source,
            changes.keys = n_keys,
            changes.types = n_types,
            "changes heard of"
        ),
        Event::ChangeRefused { system, reason } => {
            warn!(system.name = system, changes.refusal = reason, "message about changes not heard as meant");
        }
        Event::ServedUnprotected => {
            warn!("protected data is served to every caller: the contract has no [access] (--serve-unprotected)");
        }
        Event::ServerStarted { address, version } => {
            info!(server.address = %address, contract.version = version, "server started");
        }
        Event::ServerStopping { n_connections } => info!(connections.open = n_connections, "server stopping"),
        Event::ServerStopped { n_cut_off: 0 } => info!("server stopped"),
        Event::ServerStopped { n_cut_off } => {
            warn!(connections.cut_off = n_cut_off, "server stopped: the grace period ended before these connections");
        }
    }
}

/// A change of a breaker is for the operator; the rest is the daily work of guards, whose failures `Fetched` tells.
fn read_guarded(system: &str, guarded: &Guarded<'_>) {
    match *guarded {
        Guarded::KeysJoined { group, n_keys } => {
            debug!(system.name = system, group.name = group, fetch.keys = n_keys, "keys joined");
        }
        Guarded::GivenUp { group, waited } => {
            debug!(system.name = system, group.name = group, duration_ms = ms(waited), "a caller gave up waiting");
        }
        Guarded::Retried { code, n_keys } => {
            debug!(system.name = system, failure.code = code, fetch.keys = n_keys, "asking again");
        }
        Guarded::RetryWithheld { code } => {
            debug!(system.name = system, failure.code = code, "not asking again: the budget is spent");
        }
        Guarded::BreakerChanged { state: BreakerState::Open, detail } => {
            warn!(system.name = system, breaker.state = "open", failure.detail = detail, "breaker opened");
        }
        Guarded::BreakerChanged { state, detail } => {
            info!(system.name = system, breaker.state = state.word(), breaker.reason = detail, "breaker changed");
        }
        Guarded::BreakerRefused => debug!(system.name = system, "refused by the open breaker"),
        Guarded::RateWaited { duration } => {
            debug!(system.name = system, duration_ms = ms(duration), "waited for a turn");
        }
        Guarded::RateRefused { retry_after } => {
            debug!(system.name = system, retry_after_ms = ms(retry_after), "no turn in time");
        }
    }
}

/// A feed that comes and goes is for the operator; what it hears is its daily work.
fn read_heard(system: &str, feed: &str, heard: Heard<'_>) {
    match heard {
        Heard::Connected => info!(system.name = system, feed.name = feed, "hearing of changes"),
        Heard::Lost { detail } => {
            warn!(system.name = system, feed.name = feed, failure.detail = detail, "not hearing of changes");
        }
        Heard::Unread { detail } => {
            warn!(system.name = system, feed.name = feed, failure.detail = detail, "a change that cannot be read");
        }
        Heard::Behind { lag } => debug!(system.name = system, feed.name = feed, lag_ms = ms(lag), "behind"),
        Heard::HeldBack { held } => {
            debug!(
                system.name = system,
                feed.name = feed,
                held_ms = ms(held),
                "changes are not confirmed to the system"
            );
        }
    }
}

/// That it goes away and comes back is for the operator, once each; what fails meanwhile is counted.
fn read_shared(shared: &Shared<'_>) {
    match *shared {
        Shared::Away { pause, code, detail, is_known: false } => warn!(
            failure.code = code,
            failure.detail = detail,
            pause_ms = ms(pause),
            "Redis is away: memory and the systems serve alone"
        ),
        Shared::Away { pause, code, detail, is_known: true } => {
            debug!(failure.code = code, failure.detail = detail, pause_ms = ms(pause), "Redis is still away");
        }
        Shared::ClockCompared { offset_ms, fits: true, changed: true } => {
            info!(clock.offset_ms = offset_ms, "Redis is in use");
        }
        Shared::ClockCompared { offset_ms, fits: false, changed: true } => warn!(
            clock.offset_ms = offset_ms,
            "Redis is not used: its clock and this machine's are too far apart to trust what stands there"
        ),
        Shared::ClockCompared { offset_ms, .. } => debug!(clock.offset_ms = offset_ms, "clocks compared"),
        Shared::Failed { operation, code, detail } => {
            debug!(redis.operation = operation, failure.code = code, failure.detail = detail, "Redis failed");
        }
        Shared::Gap { reason: "begun" } => info!("hearing what other processes tell"),
        Shared::Gap { reason } => {
            warn!(
                gap.reason = reason,
                "what other processes told may have gone unheard: all that is kept is asked again"
            );
        }
        Shared::Read { .. }
        | Shared::Kept { .. }
        | Shared::Dropped { .. }
        | Shared::Followed { .. }
        | Shared::Unfollowed => {}
    }
}

/// That it goes away and comes back is for the operator, once each, and what is lost; what fails meanwhile is counted.
fn read_ledger(ledger: &Ledger<'_>) {
    match *ledger {
        Ledger::None => info!("no ledger: exceptions are not recorded (--ledger)"),
        Ledger::Connected { kind } => info!(ledger.kind = kind, "the ledger is in use"),
        Ledger::Away { pause, code, detail, is_known: false } => warn!(
            failure.code = code,
            failure.detail = detail,
            pause_ms = ms(pause),
            "the ledger is away: answers go on, what is noted waits"
        ),
        Ledger::Away { pause, code, detail, is_known: true } => {
            debug!(failure.code = code, failure.detail = detail, pause_ms = ms(pause), "the ledger is still away");
        }
        Ledger::Recorded { n_observations, n_new, n_reopened, n_resolved, duration } => debug!(
            ledger.observations = n_observations,
            ledger.new = n_new,
            ledger.reopened = n_reopened,
            ledger.resolved = n_resolved,
            duration_ms = ms(duration),
            "recorded"
        ),
        Ledger::Failed { operation, n, code, detail } => warn!(
            ledger.operation = operation,
            ledger.observations = n,
            failure.code = code,
            failure.detail = detail,
            "given up in the ledger"
        ),
        Ledger::Swept { n_rows } => debug!(ledger.rows = n_rows, "swept the ledger"),
        Ledger::Told { n_changes } => debug!(ledger.changes = n_changes, "told the ledger's webhook"),
        Ledger::Untold { pause, detail, is_known: false } => warn!(
            failure.detail = detail,
            pause_ms = ms(pause),
            "the ledger's webhook takes no message: it is sent again"
        ),
        Ledger::Untold { pause, detail, is_known: true } => {
            debug!(failure.detail = detail, pause_ms = ms(pause), "the ledger's webhook still takes no message");
        }
        Ledger::GivenUp { n_changes, detail } => {
            warn!(ledger.changes = n_changes, failure.detail = detail, "the ledger's webhook never took this message");
        }
        Ledger::Dropped { .. } | Ledger::Waiting { .. } => {}
    }
}
