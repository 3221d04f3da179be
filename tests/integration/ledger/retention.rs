//! What is kept for how long, and how much of it.

use std::time::Duration;

use freehold::{
    ledger::{ExceptionFilter, Observation, State},
    settings::LedgerSettings,
};

use super::place::{Place, all, observed, until};

fn swept(settings: LedgerSettings) -> LedgerSettings {
    LedgerSettings { swept_every: Duration::from_millis(50), written_every: Duration::from_millis(5), ..settings }
}

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[tokio::test]
async fn what_is_resolved_goes_after_its_time_and_what_is_open_stays() {
    const DAY_MS: i64 = 86_400_000;
    for place in Place::both() {
        let now_ms = now_ms();
        // 2,500 that were resolved long ago, more than one batch; one that was lately; one that is open since long ago.
        let old = now_ms - 100 * DAY_MS;
        let resolved = |n: i64, at_ms: i64| {
            let account = format!("K{n}");
            [observed(&account, at_ms - 1, &["HOLD"]), observed(&account, at_ms, &[])]
        };
        let mut noted: Vec<Observation> = (0..2_500).flat_map(|n| resolved(n, old)).collect();
        noted.extend(resolved(9_001, now_ms - DAY_MS));
        noted.push(observed("K9002", old, &["HOLD"]));
        place.after(noted).await;
        let any = ExceptionFilter::default();
        assert_eq!(place.store().exceptions_count(&any).await.expect("a count").n, 2_502);
        let (ledger, _) = place.open_with(swept(LedgerSettings::default())).await;
        until("it is swept", || async { all(ledger.store()).await.len() == 2 }).await;
        let mut keys: Vec<String> = all(ledger.store()).await.into_iter().map(|row| row.entity.key).collect();
        keys.sort();
        assert_eq!(keys, ["K9001", "K9002"], "{}", place.url);
    }
}

#[tokio::test]
async fn beyond_the_bound_what_was_resolved_first_goes_first() {
    for place in Place::both() {
        let now_ms = now_ms();
        let mut noted: Vec<Observation> =
            (0..30).map(|n| observed(&format!("K{n:02}"), now_ms + n, &["HOLD"])).collect();
        noted.extend((0..20).map(|n| observed(&format!("K{n:02}"), now_ms + 100 + n, &[])));
        place.after(noted).await;
        let (ledger, _) = place.open_with(swept(LedgerSettings { rows_max: 12, ..LedgerSettings::default() })).await;
        until("it is swept", || async { all(ledger.store()).await.len() == 12 }).await;
        let left = all(ledger.store()).await;
        let open = left.iter().filter(|row| row.resolved_at_ms.is_none()).count();
        let mut resolved: Vec<&str> =
            left.iter().filter(|row| row.resolved_at_ms.is_some()).map(|row| row.entity.key.as_str()).collect();
        resolved.sort_unstable();
        assert_eq!((open, resolved), (10, vec!["K18", "K19"]));
        let (ledger, _) = place.open_with(swept(LedgerSettings { rows_max: 3, ..LedgerSettings::default() })).await;
        until("it is swept", || async { all(ledger.store()).await.len() == 3 }).await;
        let left: Vec<String> = all(ledger.store()).await.into_iter().map(|row| row.entity.key).collect();
        assert_eq!(left, ["K29", "K28", "K27"]);
        let open = ExceptionFilter { state: State::Open, ..ExceptionFilter::default() };
        assert_eq!(ledger.store().exceptions_count(&open).await.expect("a count").n, 3);
    }
}
