//! How the systems are: what this process has met of each, as cells. In: the contract, what telemetry has counted, the time. Out:
//! one row per system, Freehold's own among them.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};

use crate::{
    contract::Contract,
    fetch::Cell,
    source::{answer::Rows, share::share},
    telemetry::{BreakerState, DomainServed, FeedHealth, SystemHealth, Telemetry},
    value::{DomainId, SystemId},
};

/// Returns a row for each system, with the columns of the table `systems`.
pub(super) fn rows(contract: &Contract, telemetry: &Telemetry, now_ms: i64) -> Rows<'static> {
    let row = |(number, system): (usize, &crate::contract::System)| {
        let health = telemetry.system_health(&system.name, now_ms);
        let domains = domains(contract, SystemId::from(number)).into_iter().map(|domain| {
            let name = &contract.domain(domain).name;
            of_domain(name, telemetry.domain_served(name))
        });
        let domains = Value::Array(domains.collect());
        let SystemHealth { breaker, last_success_ms, last_failure_ms, last_failure_code, n_asked, n_failed, feeds } =
            health;
        vec![
            Cell::Text(system.name.clone().into()),
            Cell::Text(system.kind.word().into()),
            Cell::Text(word(breaker).into()),
            instant(last_success_ms),
            instant(last_failure_ms),
            last_failure_code.map_or(Cell::Null, |code| Cell::Text(code.into())),
            Cell::Int(int(n_asked)),
            Cell::Int(int(n_failed)),
            share(n_failed, n_asked).map_or(Cell::Null, |share| Cell::Text(share.into())),
            Cell::Json(std::borrow::Cow::Owned(Value::Array(feeds.iter().map(of_feed).collect()))),
            Cell::Json(std::borrow::Cow::Owned(domains)),
        ]
    };
    contract.systems.iter().enumerate().map(row).collect()
}

/// Returns the freshness domains of what a system answers.
fn domains(contract: &Contract, system: SystemId) -> BTreeSet<DomainId> {
    let of_groups = contract.groups.iter().filter(|group| group.system == system && !group.holds_copies);
    let of_lists = contract.lists.iter().filter(|list| list.system == system);
    of_groups.map(|group| group.domain).chain(of_lists.map(|list| list.domain)).collect()
}

fn of_domain(name: &str, served: DomainServed) -> Value {
    let DomainServed { n_asked, n_failed, n_stale, n_refused } = served;
    json!({
        "name": name,
        "asked": int(n_asked),
        "failed": int(n_failed),
        "stale": int(n_stale),
        "refused": int(n_refused),
        "withinBound": share(n_asked.saturating_sub(n_failed + n_stale), n_asked),
    })
}

fn of_feed(feed: &FeedHealth) -> Value {
    json!({
        "name": feed.name,
        "connected": feed.is_connected,
        "lagMs": feed.lag.map(ms),
        "heldBackMs": ms(feed.held_back),
    })
}

fn word(breaker: BreakerState) -> &'static str {
    match breaker {
        BreakerState::Closed => "CLOSED",
        BreakerState::HalfOpen => "HALF_OPEN",
        BreakerState::Open => "OPEN",
    }
}

fn instant(at_ms: Option<i64>) -> Cell<'static> {
    at_ms.and_then(|at_ms| jiff::Timestamp::from_millisecond(at_ms).ok()).map_or(Cell::Null, Cell::Instant)
}

fn ms(duration: Duration) -> i64 {
    int(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

/// What is more than GraphQL's integers hold is as many as they do.
fn int(n: u64) -> i64 {
    i64::from(i32::try_from(n).unwrap_or(i32::MAX))
}
