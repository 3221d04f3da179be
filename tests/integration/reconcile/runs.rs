//! Runs: early ends, changes under way, systems that are down, samples.

use std::{fmt::Write, sync::atomic::Ordering};

use freehold::{
    job::ReconcileOptions,
    ledger::{FindingKind, RunId},
};
use futures_util::FutureExt;

use super::company::{Company, all, change, said};

/// So many products, of which the shop calls every tenth by another name.
fn many(n: usize, of_shop: bool) -> String {
    let mut sql = String::from("insert into product (sku, name) values ");
    for number in 0..n {
        let (comma, name) =
            (if number == 0 { "" } else { ", " }, if of_shop && number % 10 == 0 { "Hose" } else { "Pump" });
        let sku = if of_shop { format!("a-{number:05}") } else { format!("A-{number:05}") };
        let _ = write!(sql, "{comma}('{sku}', '{name}')");
    }
    sql + ";"
}

#[tokio::test]
async fn a_change_under_way_is_no_drift() {
    let company = Company::with(
        "insert into product (sku, name) values ('A-1', 'Pump'), ('A-2', 'Valve');",
        "insert into product (sku, name) values ('a-1', 'Old'), ('a-2', 'Old');",
    )
    .await;
    let shop = company.folder.path().join("shop");
    let arrives = change(shop, "update product set name = 'Pump' where sku = 'a-1'".to_owned());
    *company.shop.after_first.lock().expect("no panic") = Some(arrives.boxed());
    let (summary, open) = company.found().await;
    assert_eq!(said(&open), ["DRIFT A-2.name Valve | Old"]);
    let name = &summary.fields[0];
    assert_eq!((name.field.as_str(), name.n_checked, name.n_drifted), ("name", 2, 1));
}

#[tokio::test]
async fn a_run_that_ended_early_goes_on_and_counts_nothing_twice() {
    let company = Company::with(&many(4_500, false), &many(4_500, true)).await;
    // A batch has 250 keys, a stretch 2,000 and one question more: the second stretch is not finished.
    company.shop.fails_after.store(12, Ordering::SeqCst);
    let ended = company.reconciled(&all()).await.expect("a summary");
    assert_eq!((ended.stopped.len(), ended.stopped[0].code.as_str()), (1, "SOURCE_UNAVAILABLE"));
    assert!(
        ended.to_text().contains("Product in shop: not compared to its end, shop did not answer"),
        "{}",
        ended.to_text()
    );
    assert_eq!(ended.fields[0].n_checked, 2_000);
    assert_eq!(company.open().await.len() as u64, ended.fields[0].n_drifted);

    company.shop.fails_after.store(usize::MAX, Ordering::SeqCst);
    let before = company.shop.n_asked.load(Ordering::SeqCst);
    let whole = company.reconciled(&ReconcileOptions { resumes: true, ..all() }).await.expect("a summary");
    assert_eq!(whole.stopped, []);
    assert_eq!((whole.fields[0].n_checked, whole.fields[0].n_drifted, whole.gaps[0].n_entities), (4_500, 450, 4_500));
    let store = company.store();
    let drift = store.field_drift(RunId(1)).await.expect("numbers");
    let name = drift.iter().find(|field| field.field == "name").expect("the field");
    assert_eq!((name.n_checked, name.n_drifted), (4_500, 450));
    assert_eq!(company.open().await.len(), 450);
    assert!(company.open().await.iter().all(|finding| finding.n_seen == 1));
    let runs = store.runs(10).await.expect("runs");
    assert_eq!((runs.len(), runs[0].finished_at_ms.is_some()), (1, true));

    // A run that has ended is not gone on with.
    let asked = company.shop.n_asked.load(Ordering::SeqCst) - before;
    let again = company.reconciled(&ReconcileOptions { resumes: true, ..all() }).await.expect("a summary");
    assert_eq!(again.fields[0].n_checked, 4_500);
    assert!(company.shop.n_asked.load(Ordering::SeqCst) - before > asked * 2);
    assert_eq!(store.runs(10).await.expect("runs").len(), 2);
}

#[tokio::test]
async fn nothing_is_resolved_that_could_not_be_looked_at() {
    let company = Company::with(
        "insert into product (sku, name, status) values ('A-1', 'Pump', 'ACTIVE'), ('A-2', 'Valve', 'ACTIVE');",
        "insert into product (sku, name, status) values ('a-1', 'pump', 'live'), ('a-2', 'valve', 'live');",
    )
    .await;
    let (_, open) = company.found().await;
    assert_eq!(said(&open), ["DRIFT A-1.name Pump | pump", "DRIFT A-2.name Valve | valve"]);

    company.run("shop", "update product set name = 'Pump' where sku = 'a-1'; update product set name = 'Valve', status = '?' where sku = 'a-2'").await;
    company.shop.fails.store(true, Ordering::SeqCst);
    let (summary, open) = company.found().await;
    assert_eq!((summary.stopped.len(), summary.has_findings()), (1, false));
    assert_eq!(open.len(), 2, "the shop was down");

    company.shop.fails.store(false, Ordering::SeqCst);
    let (_, open) = company.found().await;
    assert_eq!(
        said(&open),
        ["DRIFT A-2.name Valve | valve", "UNREADABLE A-2.status ACTIVE | (not a word of the binding's map)"]
    );

    company.run("shop", "update product set status = 'live'").await;
    assert_eq!(said(&company.found().await.1), Vec::<String>::new());
}

#[tokio::test]
async fn a_group_that_never_answers_right_is_given_up_after_a_few_batches() {
    let rows = many(2_500, false);
    let company = Company::of(
        &rows,
        &many(2_500, true),
        &[("from product where sku in (:keys)\"\"\"\nkey", "from gone where sku in (:keys)\"\"\"\nkey")],
    )
    .await;
    let (summary, open) = company.found().await;
    assert_eq!(
        (summary.stopped.len(), summary.stopped[0].code.as_str()),
        (1, "SOURCE_BAD_REQUEST"),
        "{}",
        summary.to_text()
    );
    assert!(open.len() <= 7 * 4 * 250, "bounded");
}

#[tokio::test]
async fn what_was_found_before_is_looked_at_again_though_no_list_leads_there() {
    let company = Company::with(&many(200, false), &many(200, true)).await;
    let (_, open) = company.found().await;
    assert_eq!(open.len(), 20);
    company.run("erp", "delete from product where sku = 'A-00010'").await;
    company
        .run(
            "shop",
            "delete from product where sku = 'a-00010'; update product set name = 'Pump' where sku = 'a-00050'",
        )
        .await;
    let sample = ReconcileOptions { sample: Some(5), ..all() };
    let summary = company.reconciled(&sample).await.expect("a summary");
    assert_eq!(summary.fields[0].n_checked, 5);
    let open = company.open().await;
    assert_eq!(open.len(), 18);
    assert!(open.iter().all(|finding| finding.found.kind == FindingKind::Drift));
    assert!(summary.has_findings());
    let again = &summary.gaps[0];
    assert_eq!(again.n_asked_again, again.n_still_found + 2);
}

#[tokio::test]
async fn another_sample_is_another_run() {
    let company = Company::with(&many(50, false), &many(50, true)).await;
    for sample in [5, 7] {
        let sample = ReconcileOptions { sample: Some(sample), resumes: true, ..all() };
        company.reconciled(&sample).await.expect("a summary");
    }
    assert_eq!(company.store().runs(5).await.expect("runs").len(), 2);
}
