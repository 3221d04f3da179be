//! What becomes of exceptions, and how they are found again.

use std::time::Duration;

use freehold::ledger::{Exception, ExceptionFilter, LedgerError, Page, Severity, State};

use super::place::{Place, all, metric, observed, seen};

fn standing(exception: &Exception) -> (&str, i64, i64, i64, i64, Option<i64>) {
    let Exception { code, first_seen_ms, last_seen_ms, n_seen, n_reopened, resolved_at_ms, .. } = exception;
    (code, *first_seen_ms, *last_seen_ms, *n_seen, *n_reopened, *resolved_at_ms)
}

#[tokio::test]
async fn what_holds_is_open_what_does_not_is_resolved_and_what_comes_back_is_reopened() {
    for place in Place::both() {
        let rows = place.after([observed("K1", 10, &["HOLD", "LATE"]), observed("K1", 20, &["HOLD", "LATE"])]).await;
        let mut standing_now: Vec<_> = rows.iter().map(standing).collect();
        standing_now.sort_unstable();
        assert_eq!(standing_now, [("HOLD", 10, 20, 2, 0, None), ("LATE", 10, 20, 2, 0, None)]);

        // Another process, later.
        let rows = place.after([observed("K1", 30, &["LATE"])]).await;
        let hold = rows.iter().find(|row| row.code == "HOLD").expect("it stays");
        assert_eq!(standing(hold), ("HOLD", 10, 20, 2, 0, Some(30)));

        let rows = place.after([observed("K1", 40, &["LATE", "HOLD"])]).await;
        let hold = rows.iter().find(|row| row.code == "HOLD").expect("it stays");
        assert_eq!(standing(hold), ("HOLD", 10, 40, 3, 1, None));
        let as_noted = seen("HOLD", "K1");
        assert_eq!(
            (&hold.message, &hold.evidence, &hold.domain),
            (&as_noted.message, &as_noted.evidence, &as_noted.domain)
        );
        assert_eq!((hold.severity, hold.rule.as_str()), (Severity::Blocking, "account.credit"));
    }
}

#[tokio::test]
async fn what_could_not_be_judged_resolves_nothing() {
    for place in Place::both() {
        let mut unknown = observed("K1", 20, &[]);
        unknown.is_complete = false;
        let rows = place.after([observed("K1", 10, &["HOLD"]), unknown, observed("K2", 30, &[])]).await;
        assert_eq!(rows.iter().map(standing).collect::<Vec<_>>(), [("HOLD", 10, 10, 1, 0, None)]);
    }
}

#[tokio::test]
async fn several_processes_lose_no_sighting() {
    for place in Place::both() {
        let processes = [place.open().await.0, place.open().await.0, place.open().await.0];
        for at_ms in 0..200 {
            for process in &processes {
                process.note(observed("K1", at_ms, &["HOLD"]));
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        for process in &processes {
            process.close(Duration::from_secs(20)).await;
        }
        let rows = all(&place.store()).await;
        assert_eq!(rows.iter().map(standing).collect::<Vec<_>>(), [("HOLD", 0, 199, 600, 0, None)], "{}", place.url);
    }
}

#[tokio::test]
async fn pages_follow_each_other_without_a_gap_where_many_were_seen_at_once() {
    for place in Place::both() {
        // Ten at each instant, so that pages end between those of one instant.
        place.after((0..250).map(|n| observed(&format!("K{n:03}"), n / 10, &["HOLD"]))).await;
        let store = place.store();
        let (mut page, mut read) = (Page::first(33), Vec::new());
        loop {
            let paged = store.exceptions(&ExceptionFilter::default(), &page).await.expect("a page");
            assert!(paged.rows.len() == 33 || paged.next.is_none());
            read.extend(paged.rows);
            let Some(next) = paged.next else { break };
            page.after = Some(next);
        }
        assert!(read.is_sorted_by(|a, b| (a.last_seen_ms, &a.id) > (b.last_seen_ms, &b.id)));
        assert_eq!(read.len(), 250);
        let wrong = Page { rows: 10, after: Some("elsewhere".to_owned()) };
        let refused = store.exceptions(&ExceptionFilter::default(), &wrong).await;
        assert!(matches!(refused, Err(LedgerError::Refused(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn exceptions_are_found_by_what_they_are_about() {
    for place in Place::both() {
        let mut warning = observed("K3", 30, &["TAX"]);
        warning.seen[0].severity = Severity::Warning;
        warning.seen[0].system = Some("shop".to_owned());
        warning.seen[0].account = None;
        place
            .after([
                observed("K1", 10, &["HOLD", "LATE"]),
                observed("K2", 20, &["HOLD"]),
                warning,
                observed("K2", 40, &[]),
            ])
            .await;
        let store = place.store();
        let any = ExceptionFilter::default;
        let text = |text: &str| Some(text.to_owned());
        for (filter, expected) in [
            (any(), 4),
            (ExceptionFilter { codes: vec!["HOLD".to_owned()], ..any() }, 2),
            (ExceptionFilter { codes: vec!["HOLD".to_owned(), "TAX".to_owned()], ..any() }, 3),
            (ExceptionFilter { severities: vec![Severity::Warning], ..any() }, 1),
            (ExceptionFilter { entity_type: text("Account"), entity_key: text("K1"), ..any() }, 2),
            (ExceptionFilter { entity_type: text("Order"), ..any() }, 0),
            (ExceptionFilter { accounts: Some(vec!["K1".to_owned(), "K3".to_owned()]), ..any() }, 2),
            // Whoever may see no account sees nothing.
            (ExceptionFilter { accounts: Some(Vec::new()), ..any() }, 0),
            (ExceptionFilter { system: text("shop"), ..any() }, 1),
            (ExceptionFilter { state: State::Open, ..any() }, 3),
            (ExceptionFilter { state: State::Resolved, ..any() }, 1),
            (ExceptionFilter { since_ms: Some(20), ..any() }, 2),
        ] {
            let found = store.exceptions(&filter, &Page::first(100)).await.expect("a page").rows.len();
            let count = store.exceptions_count(&filter).await.expect("a count");
            assert_eq!((found, count.n, count.is_more), (expected, expected, false), "{filter:?} of {}", place.url);
        }
        let open = store.open_exceptions().await.expect("counts");
        let open: Vec<_> = open.iter().map(|open| (open.code.as_str(), open.severity, open.n)).collect();
        assert_eq!(
            open,
            [("HOLD", Severity::Blocking, 1), ("LATE", Severity::Blocking, 1), ("TAX", Severity::Warning, 1)]
        );
    }
}

#[tokio::test]
async fn whatever_is_noted_is_kept_within_its_bounds() {
    for place in Place::both() {
        let mut huge = observed(&"K".repeat(9_000), 10, &["HOLD"]);
        huge.seen[0].message = format!("nul \0 and {}", "ü".repeat(9_000));
        huge.seen[0].evidence = Some(format!("[\"{}\"]", "x".repeat(90_000)));
        let mut many = observed("K2", 10, &["HOLD"]);
        many.seen = (0..3_000).map(|n| seen(&format!("C{n}"), "K2")).collect();
        let rows = place.after([huge, many]).await;
        let huge = rows.iter().find(|row| row.entity.key.starts_with("KK")).expect("it is kept");
        assert!(
            huge.message.len() <= 500 && huge.entity.key.len() <= 240 && huge.message.starts_with("nul \u{fffd} and")
        );
        let evidence: serde_json::Value =
            serde_json::from_str(huge.evidence.as_deref().expect("evidence")).expect("JSON");
        assert_eq!((&evidence["shortened"], &evidence["bytes"]), (&true.into(), &90_004.into()));
        let n_kept = place.store().exceptions_count(&ExceptionFilter::default()).await.expect("a count").n;
        assert_eq!(n_kept, 1_001);

        // What was left out of the last one could not resolve anything, and neither can this.
        let mut many = observed("K2", 20, &["HOLD"]);
        many.seen = (1_000..3_000).map(|n| seen(&format!("C{n}"), "K2")).collect();
        place.after([many]).await;
        let open = ExceptionFilter { state: State::Open, ..ExceptionFilter::default() };
        assert_eq!(place.store().exceptions_count(&open).await.expect("a count").n, 2_001);
    }
}

#[tokio::test]
async fn the_contract_that_is_served_is_noted_once_a_version() {
    for place in Place::both() {
        for (version, at_ms) in [("v1", 10), ("v1", 20), ("v2", 30), ("v1", 15)] {
            let (ledger, _) = place.open().await;
            ledger.note_contract(version, at_ms);
            ledger.close(Duration::from_secs(20)).await;
        }
        let seen = place.store().contracts().await.expect("contracts");
        let seen: Vec<_> =
            seen.iter().map(|seen| (seen.version.as_str(), seen.first_seen_ms, seen.last_seen_ms)).collect();
        assert_eq!(seen, [("v2", 30, 30), ("v1", 10, 20)]);
    }
}

#[tokio::test]
async fn an_export_of_clean_orders_drops_nothing_and_resolves_what_was_open_elsewhere() {
    const ORDERS: i64 = 20_000;
    for place in Place::both() {
        // Another process, before this one was started; and one that runs beside it.
        place.after([observed("K7", 10, &["HOLD"]), observed("K19999", 10, &["HOLD"])]).await;
        let (ledger, telemetry) = place.open().await;
        place.after([observed("K500", 20, &["HOLD"]), observed("X", 20, &["HOLD"])]).await;
        (0..ORDERS).for_each(|n| ledger.note(observed(&format!("K{n}"), 30, &[])));
        ledger.close(Duration::from_secs(60)).await;
        assert_eq!(metric(&telemetry, r#"freehold_ledger_observations_total{outcome="dropped"}"#), 0);
        let rows = all(ledger.store()).await;
        let mut open: Vec<_> = rows.iter().map(|row| (row.entity.key.as_str(), row.resolved_at_ms)).collect();
        open.sort_unstable();
        assert_eq!(open, [("K19999", Some(30)), ("K500", Some(30)), ("K7", Some(30)), ("X", None)], "{}", place.url);
    }
}
