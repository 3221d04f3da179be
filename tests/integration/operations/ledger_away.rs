//! A ledger that is down or was never configured: its own fields say so, and nothing else fails.

use serde_json::{Value, json};

use super::portal::{Portal, faults};
use crate::{
    common::postgres::Server,
    ledger::place::{Place, observed},
};

const DESK: &str = r#"{
  exceptions(first: 5) { totalCount nodes { code } }
  reconciliation { nodes { id } }
  findings { nodes { id } }
  exception(id: "x") { code }
  ownership(first: 1) { nodes { field } }
  systems(name: "ledger") { name breaker }
}"#;

/// What is answered of the desk without a ledger; whatever the breaker thinks of it.
fn rest(answer: &Value) {
    let data = &answer["data"];
    for field in ["exceptions", "reconciliation", "findings", "exception"] {
        assert_eq!(data[field], Value::Null, "{answer}");
    }
    assert_eq!(data["ownership"]["nodes"].as_array().map(Vec::len), Some(1), "{answer}");
    assert_eq!(data["systems"][0]["name"], "ledger", "{answer}");
}

#[tokio::test]
async fn without_a_ledger_there_is_a_fault_and_never_an_empty_list() {
    let portal = Portal::alone(None);
    for _ in 0..30 {
        let answer = portal.answer(DESK, json!({})).await;
        rest(&answer);
        let codes =
            ["exceptions", "reconciliation", "findings", "exception"].map(|field| format!("{field}: LEDGER_MISSING"));
        let mut said = faults(&answer);
        said.sort();
        let mut expected = codes.to_vec();
        expected.sort();
        assert_eq!(said, expected);
        for error in answer["errors"].as_array().expect("errors") {
            let expected = "no ledger is configured: start `freehold serve` with --ledger";
            assert_eq!(error["extensions"]["reason"], expected);
            assert_eq!(error["message"], format!("ledger: {expected}"));
        }
        // It is nobody's failure that passes, so no breaker counts it.
        assert_eq!(answer["data"]["systems"][0]["breaker"], "CLOSED");
    }
}

#[tokio::test]
async fn a_ledger_that_is_down_costs_its_own_fields_and_comes_back() {
    let server = Server::start();
    let url = server.create_database();
    let address = || freehold::ledger::LedgerAddress::parse(&url).expect("an address");
    let store = freehold::ledger::Store::new(address());
    store.prepare().await.expect("tables");
    let portal = Portal::alone(Some(store));
    let before = portal.answer(DESK, json!({})).await;
    assert_eq!((before.get("errors"), &before["data"]["exceptions"]["totalCount"]), (None, &json!(0)));

    server.kill();
    for _ in 0..20 {
        let answer = portal.answer(DESK, json!({})).await;
        rest(&answer);
        assert!(faults(&answer).iter().all(|fault| fault.ends_with(": SOURCE_UNAVAILABLE")), "{answer}");
        assert_eq!(faults(&answer).len(), 4, "{answer}");
        assert!(!answer.to_string().contains("127.0.0.1") && !answer.to_string().contains("postgres"), "{answer}");
    }
    let systems = portal.data("{ systems(name: \"ledger\") { breaker lastFailureCode } }", json!({})).await;
    assert_eq!(systems["systems"][0], json!({ "breaker": "OPEN", "lastFailureCode": "SOURCE_UNAVAILABLE" }));

    server.restart();
    for _ in 0..50 {
        let answer = portal.answer(DESK, json!({})).await;
        let Some(errors) = answer["errors"].as_array() else { return };
        let told = errors.iter().filter_map(|error| error["extensions"]["retryAfterMs"].as_u64()).max();
        tokio::time::sleep(std::time::Duration::from_millis(told.unwrap_or(50))).await;
    }
    panic!("the ledger is back and is not asked");
}

#[tokio::test]
async fn a_ledger_of_another_making_is_a_fault_of_its_own() {
    let place = Place::sqlite();
    place.after([observed("K1", 1, &["HOLD"])]).await;
    place.run("drop table exception").await;
    let portal = Portal::alone(Some(place.store()));
    let answer = portal.answer("{ exceptions { nodes { id } } findings { totalCount } }", json!({})).await;
    assert_eq!(faults(&answer), ["exceptions: SOURCE_BAD_REQUEST"]);
    assert_eq!(answer["data"], json!({ "exceptions": null, "findings": { "totalCount": 0 } }));
}
