//! Runs of reconciliation and what they found.

use freehold::ledger::{
    Checked, Entity, FieldDrift, FindingFilter, FindingKind, Found, Page, Progress, RunId, State, Store,
};

use super::place::Place;

fn found(kind: FindingKind, key: &str, field: Option<&str>, copy_value: Option<&str>) -> Found {
    Found {
        kind,
        entity: Entity::new("Product", key),
        field: field.map(str::to_owned),
        owner_system: "erp".to_owned(),
        owner_value: field.map(|_| "1.00".to_owned()),
        copy_system: "shop".to_owned(),
        copy_value: copy_value.map(str::to_owned),
    }
}

fn checked(keys: &[&str]) -> Vec<Checked> {
    let of = |key: &&str| Checked { entity: Entity::new("Product", *key), copy_system: "shop".to_owned() };
    keys.iter().map(of).collect()
}

fn field(n_checked: i64, n_drifted: i64) -> FieldDrift {
    FieldDrift {
        entity_type: "Product".to_owned(),
        field: "price".to_owned(),
        owner_system: "erp".to_owned(),
        copy_system: "shop".to_owned(),
        n_checked,
        n_drifted,
    }
}

async fn open(store: &Store) -> Vec<(String, FindingKind, i64, i64)> {
    let filter = FindingFilter { state: State::Open, ..FindingFilter::default() };
    let rows = store.findings(&filter, &Page::first(100)).await.expect("findings").rows;
    let mut open: Vec<_> =
        rows.into_iter().map(|row| (row.found.entity.key, row.found.kind, row.n_seen, row.n_reopened)).collect();
    open.sort();
    open
}

#[tokio::test]
async fn a_run_that_was_interrupted_goes_on_and_counts_nothing_twice() {
    for place in Place::both() {
        let store = place.store();
        assert_eq!(store.unfinished_run("{}").await, Ok(None));
        let run = store.begin_run("{}", 10).await.expect("a run");
        let progress = Progress {
            position: "A-2".to_owned(),
            totals: r#"{"checked":2}"#.to_owned(),
            checked: checked(&["A-1", "A-2"]),
            found: vec![found(FindingKind::Drift, "A-2", Some("price"), Some("2.00"))],
            fields: vec![field(1, 0), field(1, 1)],
        };
        store.save_run(run.id, &progress, 20).await.expect("saved");
        let again = place.store().unfinished_run("{}").await.expect("a ledger").expect("the run");
        assert_eq!((again.id, again.position.as_deref()), (run.id, Some("A-2")));
        assert_eq!(again.totals.as_deref(), Some(r#"{"checked":2}"#));
        assert_eq!(store.unfinished_run(r#"{"all":true}"#).await, Ok(None));
        // Found twice in one run: once.
        let rest = Progress {
            position: "A-3".to_owned(),
            totals: "{}".to_owned(),
            checked: checked(&["A-3"]),
            found: vec![found(FindingKind::Drift, "A-2", Some("price"), Some("2.50")); 2],
            fields: vec![field(1, 0)],
        };
        store.save_run(run.id, &rest, 30).await.expect("saved");
        store.finish_run(run.id, "{}", 40).await.expect("finished");
        assert_eq!(store.unfinished_run("{}").await, Ok(None));
        assert_eq!(store.field_drift(run.id).await, Ok(vec![field(3, 1)]));
        assert_eq!(open(&store).await, [("A-2".to_owned(), FindingKind::Drift, 1, 0)]);
        let runs = store.runs(5).await.expect("runs");
        assert_eq!((runs.len(), runs[0].started_at_ms, runs[0].finished_at_ms), (1, 10, Some(40)));
        assert_eq!(store.field_drift(RunId(99)).await, Ok(Vec::new()));
    }
}

#[tokio::test]
async fn what_is_not_found_again_is_resolved_where_it_was_looked_for() {
    for place in Place::both() {
        let store = place.store();
        let first = store.begin_run("{}", 0).await.expect("a run").id;
        let all = vec![
            found(FindingKind::Drift, "A-1", Some("price"), Some("9")),
            found(FindingKind::MissingInCopy, "A-2", None, None),
            found(FindingKind::Unreadable, "A-3", Some("price"), None),
        ];
        let keys = ["A-1", "A-2", "A-3", "A-4"];
        let progress = Progress { checked: checked(&keys), found: all, ..Progress::default() };
        store.save_run(first, &progress, 10).await.expect("saved");
        assert_eq!(open(&store).await.len(), 3);
        // A second run looks at A-1, which agrees, and at A-2; not at A-3.
        let second = store.begin_run("{}", 20).await.expect("a run").id;
        let missing = found(FindingKind::MissingInCopy, "A-2", None, None);
        let progress = Progress { checked: checked(&["A-1", "A-2"]), found: vec![missing], ..Progress::default() };
        store.save_run(second, &progress, 30).await.expect("saved");
        let expected = [("A-2", FindingKind::MissingInCopy, 2, 0), ("A-3", FindingKind::Unreadable, 1, 0)];
        assert_eq!(open(&store).await, expected.map(|(key, kind, seen, again)| (key.to_owned(), kind, seen, again)));
        let third = store.begin_run("{}", 40).await.expect("a run").id;
        let again = vec![found(FindingKind::Drift, "A-1", Some("price"), Some(&"9".repeat(9_000)))];
        let progress = Progress { checked: checked(&["A-1"]), found: again, ..Progress::default() };
        store.save_run(third, &progress, 50).await.expect("saved");
        let filter = FindingFilter { kinds: vec![FindingKind::Drift], run: Some(third), ..FindingFilter::default() };
        let rows = store.findings(&filter, &Page::first(10)).await.expect("findings").rows;
        assert_eq!((rows.len(), rows[0].n_reopened, rows[0].first_seen_ms, rows[0].last_seen_ms), (1, 1, 10, 50));
        assert!(rows[0].found.copy_value.as_ref().is_some_and(|value| value.len() <= 500));
    }
}
