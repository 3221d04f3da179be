//! Copies: what a system that is itself a copy may still say.

use std::sync::Arc;

use freehold::{
    fetch::{Clock, FetchErrorKind, Owner, Record, Stamp},
    owner::{Fresh, GuardedSystem, guard},
    telemetry::Telemetry,
    value::{GroupId, SystemId},
};

use super::{
    engine::contract,
    scripted::{Scripted, fetch, keys, kinds, ms, well},
};

const HOUR_MS: i64 = 3_600_000;

/// A clock that stands still, ten hours after the epoch.
struct Still;

impl Clock for Still {
    fn now_ms(&self) -> i64 {
        10 * HOUR_MS
    }
}

/// A copy whose record of key `n` was right `n` minutes ago; key 0 does not say.
fn copy() -> Arc<Scripted> {
    let rows = |_, key: &freehold::value::Key, stamp: Stamp| {
        let minutes: i64 = key.as_str().parse().unwrap();
        let as_of_ms = (minutes != 0).then_some(10 * HOUR_MS - minutes * 60_000);
        Record::absent(Stamp { as_of_ms, ..stamp })
    };
    Scripted::with_rows(rows, |asked| well(asked, ms(1)))
}

fn content() -> (GroupId, GuardedSystem, Telemetry) {
    let (contract, telemetry) = (contract(), Telemetry::new());
    let group = contract.groups.iter().position(|group| group.name == "pim Article").unwrap();
    (GroupId::from(group), GuardedSystem::new(&contract, SystemId(1), &telemetry), telemetry)
}

#[tokio::test(start_paused = true)]
async fn a_copy_older_than_its_domain_allows_is_refused_record_by_record() {
    let (group, system, _) = content();
    let fresh = Fresh::new(copy(), system, Arc::new(Still));
    let question = freehold::fetch::Fetch { group, ..fetch(keys([0, 59, 60, 61, 600]), ms(100)) };
    let outcomes = fresh.fetch(question).await;
    let stale = Some(FetchErrorKind::Stale);
    assert_eq!(kinds(&outcomes), [None, None, None, stale, stale]);
    let error = outcomes[4].as_ref().unwrap_err();
    assert_eq!(error.kind.code(), "STALE_REFUSED");
    assert_eq!(error.detail, "the copy is 36000 s old; content may be 1h old");
    assert!(outcomes[3].as_ref().unwrap_err().detail.contains("3660 s"), "each says its own age");
}

#[tokio::test(start_paused = true)]
async fn a_stale_copy_is_neither_asked_again_nor_broken_and_is_seen_in_the_metrics() {
    let (group, _, telemetry) = content();
    // The machine's clock is far past the hours after the epoch, so that every copy here is stale.
    let source = copy();
    let owner = guard(source.clone(), &contract(), SystemId(1), &telemetry);
    for _ in 0..30 {
        let question = freehold::fetch::Fetch { group, ..fetch(keys([1]), ms(100)) };
        assert_eq!(kinds(&owner.fetch(question).await), [Some(FetchErrorKind::Stale)]);
    }
    assert_eq!(source.n_asked(), 30);
    let line = r#"freehold_fetches_total{system="pim",group="pim Article",code="STALE_REFUSED"} 30"#;
    assert!(telemetry.metrics_text().contains(line));
}
