//! The demo company at a service desk: what is wrong beside what is sold, and what reconciliation found, in one answer.

use std::sync::Arc;

use freehold::{
    demo,
    job::{ReconcileOptions, Reconciling, reconcile},
    ledger::{Entity, LedgerAddress, Observation, Store, Subject},
    owner,
    telemetry::Telemetry,
};
use serde_json::{Value, json};

use super::portal::Portal;
use crate::{
    ledger::place::{Place, observed, seen},
    reconcile::company::all,
};

/// What is wrong with an order of account 100042.
fn of_order(number: &str, code: &str) -> Observation {
    let entity = Entity::new("Order", number);
    let account = Some("100042".to_owned());
    let seen = freehold::ledger::Seen { entity: entity.clone(), ..seen(code, "100042") };
    let subject = Subject { rule: "order.status".to_owned(), entity, account };
    Observation { subject, at_ms: 5_000, is_complete: true, seen: vec![seen] }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_desk_sees_what_is_sold_what_is_wrong_and_where_copies_differ_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let systems = demo::fill(folder.path()).await.expect("the demo company");
    let servers = demo::serve(&systems).await.expect("its servers");
    let contract = Portal::contract(|name| servers.url(name).expect("one of its systems"));
    let place = Place::sqlite();

    // Two orders of the account have something open, one of them something that is over, and so has the account itself.
    let first = Portal::over(Arc::clone(&contract), None);
    let orders =
        first.data("{ account(number: \"100042\") { orders(first: 50) { nodes { number } } } }", json!({})).await;
    let orders = orders["account"]["orders"]["nodes"].as_array().expect("orders").clone();
    let number = |n: usize| orders[n]["number"].as_str().expect("a number").to_owned();
    place
        .after([
            of_order(&number(0), "CREDIT_HOLD"),
            of_order(&number(1), "PRICE_EXPIRED"),
            observed("100042", 6_000, &["ACCOUNT_OVERDUE"]),
        ])
        .await;
    let mut over = of_order(&number(1), "PRICE_EXPIRED");
    (over.at_ms, over.seen) = (7_000, Vec::new());
    place.after([over]).await;

    let portal = Portal::over(Arc::clone(&contract), Some(place.store()));
    let query = r#"{
      account(number: "100042") {
        name
        exceptions { code }
        orders(first: 50) { nodes { number exceptions(first: 5) { code entityKey customer { number name } } } }
      }
    }"#;
    let data = portal.data(query, json!({})).await;
    assert!(data["account"]["name"].is_string());
    let codes: Vec<&Value> =
        data["account"]["exceptions"].as_array().expect("a list").iter().map(|one| &one["code"]).collect();
    assert_eq!(codes, ["ACCOUNT_OVERDUE", "CREDIT_HOLD"]);
    let nodes = data["account"]["orders"]["nodes"].as_array().expect("orders");
    assert!(nodes.len() > 20, "a page worth batching");
    for (n, order) in nodes.iter().enumerate() {
        let customer = json!({ "number": "100042", "name": data["account"]["name"] });
        let held = json!([{ "code": "CREDIT_HOLD", "entityKey": number(0), "customer": customer }]);
        assert_eq!(order["exceptions"], if n == 0 { held } else { json!([]) }, "{order}");
    }
    // Of however many orders: one question for which, and one for what they say.
    assert_eq!(portal.metric(r#"freehold_lists_total{system="ledger",group="exceptionsOfEntity",code="OK"}"#), 1);

    // A run of reconciliation is there as the job counted it.
    let store = Store::new(LedgerAddress::parse(&place.url).expect("an address"));
    let owners = owner::open(&contract, &Telemetry::new());
    let asked = Reconciling { contract: &contract, owners: &owners, store: Some(&store) };
    let options = ReconcileOptions { entity: contract.type_names.get("Product").copied(), ..all() };
    let summary = reconcile(asked, &options, &mut |_| {}).await.expect("a summary");
    let query = r#"{
      reconciliation(first: 5) { totalCount nodes {
        id types systems started finished compared drifted
        fields { type field owner copy compared drifted unreadable share }
        gaps { type owner copy entities missingInCopy missingInOwner unmatchedInOwner unmatchedInCopy }
        stopped { system }
        drift: findings(kind: [DRIFT], first: 2) { totalCount nodes { kind entityType entityKey field ownerValue copyValue run } }
      } }
      products: reconciliation(type: ["Product"], system: "shop") { totalCount }
      nobody: reconciliation(type: ["Invoice"]) { totalCount }
      pump: findings(type: "Product", key: "PMP-3990", field: "lifecycle", system: "shop", open: true) { nodes { ownerValue copyValue } }
      product(sku: "PMP-3990") { lifecycle }
    }"#;
    let data = portal.data(query, json!({})).await;
    let run = &data["reconciliation"]["nodes"][0];
    assert_eq!((&data["reconciliation"]["totalCount"], &data["products"]["totalCount"]), (&json!(1), &json!(1)));
    assert_eq!(data["nobody"]["totalCount"], 0);
    assert_eq!((&run["types"], &run["systems"]), (&json!(["Product"]), &json!(["shop"])));
    assert!(run["started"].is_string() && run["finished"].is_string());
    let fields =
        summary.fields.iter().map(|field| json!([field.entity_type, field.field, field.n_checked, field.n_drifted]));
    let told = run["fields"].as_array().expect("fields").iter().map(|field| {
        assert_eq!(field["copy"], "shop");
        json!([field["type"], field["field"], field["compared"], field["drifted"]])
    });
    assert_eq!(told.collect::<Vec<_>>(), fields.collect::<Vec<_>>());
    let n_drifted: u64 = summary.fields.iter().map(|field| field.n_drifted).sum();
    assert_eq!((&run["drifted"], &run["drift"]["totalCount"]), (&json!(n_drifted), &json!(n_drifted)));
    assert_eq!(run["drift"]["nodes"][0]["run"], run["id"]);
    let gap = &run["gaps"][0];
    assert_eq!(gap["missingInCopy"], summary.gaps[0].missing_in_copy.n);
    assert_eq!(gap["missingInOwner"], Value::Null, "the shop lists no products, so nobody can know: {gap}");
    let pump = &data["pump"]["nodes"][0];
    assert_eq!(pump, &json!({ "ownerValue": data["product"]["lifecycle"], "copyValue": "ACTIVE" }));

    // Findings are paged as exceptions are.
    let whole = portal.all("findings", "id", (1_000, false)).await;
    let n_missing = summary.gaps[0].missing_in_copy.n + summary.gaps[0].missing_in_owner.n;
    assert!(whole.len() > 3 && whole.len() as u64 == n_drifted + n_missing, "{}", whole.len());
    assert_eq!(portal.all("findings", "id", (whole.len() / 3 + 1, true)).await, whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rules_judge_is_noted_with_the_domain_of_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let systems = demo::fill(folder.path()).await.expect("the demo company");
    let servers = demo::serve(&systems).await.expect("its servers");
    let contract = Portal::contract(|name| servers.url(name).expect("one of its systems"));
    let place = Place::sqlite();
    let (ledger, _) = place.open().await;
    let portal = Portal::over(contract, None);
    let portal = Portal { engine: portal.engine.with_ledger(Some(ledger.clone())), ..portal };
    let query = r#"{
      order(number: "4500012346") { status }
      validateCart(account: "100077", shipTo: "100077-09", lines: [
        { sku: "PMP-3990", quantity: "1" }, { sku: "NONE", quantity: "1" }, { sku: "ETO-0100", quantity: "1" }
      ]) { decision }
    }"#;
    portal.data(query, json!({})).await;
    ledger.close(std::time::Duration::from_secs(20)).await;
    let mut noted: Vec<String> = (crate::ledger::place::all(ledger.store()).await.into_iter())
        .map(|one| format!("{} {} {}", one.entity.key, one.code, one.domain.as_deref().unwrap_or("-")))
        .collect();
    // For how long its invoices are overdue depends on the day of the test.
    noted.retain(|one| !one.contains("ACCOUNT_OVERDUE"));
    noted.sort();
    // Not the address and the article that the cart alone names.
    let expected = [
        "100077 CREDIT_HOLD customer.credit",
        "4500012346 CREDIT_HOLD order",
        "ETO-0100 PRICE_ON_REQUEST price.list",
        "PMP-3990 PRODUCT_DISCONTINUED product.lifecycle",
    ];
    assert_eq!(noted, expected);
}
