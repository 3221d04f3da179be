//! How the systems are, as a query: what this process has met of each.

use std::time::Duration;

use freehold::telemetry::{Event, Heard};
use serde_json::{Value, json};

use super::portal::{Portal, faults};
use crate::ledger::place::Place;

const SYSTEMS: &str = r#"query($name: [String!]) { systems(name: $name) {
  name kind breaker lastSuccess lastFailure lastFailureCode asked failed errorShare
  feeds { name connected lagMs heldBackMs } domains { name asked failed stale refused withinBound }
} }"#;

#[tokio::test]
async fn a_system_nobody_has_asked_is_well_and_says_nothing_it_does_not_know() {
    let portal = Portal::alone(None);
    let data = portal.data("{ systems { name kind } }", json!({})).await;
    let named = |name: &str, kind: &str| json!({ "name": name, "kind": kind });
    let all = [named("erp", "sqlite"), named("freehold", "freehold"), named("ledger", "ledger"), named("pim", "rest")];
    assert_eq!(data["systems"].as_array().map(|all| &all[..4]), Some(&all[..]));
    assert_eq!(data["systems"][4], named("shop", "graphql"));
    let pim = &portal.data(SYSTEMS, json!({ "name": "pim" })).await["systems"][0];
    assert_eq!(pim["breaker"], "CLOSED");
    for unknown in ["lastSuccess", "lastFailure", "lastFailureCode", "errorShare"] {
        assert_eq!(pim[unknown], Value::Null, "{unknown}");
    }
    assert_eq!((&pim["feeds"], &pim["asked"]), (&json!([]), &json!(0)));
    let content =
        json!({ "name": "product.content", "asked": 0, "failed": 0, "stale": 0, "refused": 0, "withinBound": null });
    assert!(pim["domains"].as_array().is_some_and(|domains| domains.contains(&content)), "{pim}");
}

#[tokio::test]
async fn a_system_that_is_down_shows_in_the_same_graph() {
    let place = Place::sqlite();
    let portal = Portal::alone(Some(place.store()));
    for _ in 0..30 {
        let answer =
            portal.answer("{ product(sku: \"A\") { name } systems(name: [\"pim\"]) { name } }", json!({})).await;
        assert_eq!(answer["data"], json!({ "product": null, "systems": [{ "name": "pim" }] }));
        assert!(!faults(&answer).is_empty());
    }
    let data = portal.data(SYSTEMS, json!({ "name": ["pim", "freehold"] })).await;
    let (freehold, pim) = (&data["systems"][0], &data["systems"][1]);
    assert_eq!(pim["breaker"], "OPEN", "{pim}");
    assert_eq!((&pim["lastFailureCode"], &pim["errorShare"]), (&json!("SOURCE_UNAVAILABLE"), &json!("1.0000")));
    assert!(pim["lastFailure"].is_string() && pim["lastSuccess"].is_null());
    assert_eq!(pim["asked"], pim["failed"]);
    let domain = |system: &Value, name: &str| {
        let domains = system["domains"].as_array().expect("domains");
        domains.iter().find(|domain| domain["name"] == name).expect("the domain").clone()
    };
    let content = domain(pim, "product.content");
    assert_eq!((&content["withinBound"], &content["failed"]), (&json!("0.0000"), &content["asked"]));
    assert_eq!((&freehold["breaker"], &freehold["errorShare"]), (&json!("CLOSED"), &json!("0.0000")));
    assert_eq!(domain(freehold, "operations")["withinBound"], "1.0000");
}

#[tokio::test]
async fn a_feed_says_how_far_it_is_behind() {
    let portal = Portal::alone(None);
    let hear = |heard| portal.telemetry.emit(&Event::Feed { system: "erp", feed: "watermark.Product", heard });
    hear(Heard::Connected);
    hear(Heard::Behind { lag: Duration::from_millis(1_500) });
    let feeds = |connected: bool| json!([{ "name": "watermark.Product", "connected": connected, "lagMs": 1500, "heldBackMs": 0 }]);
    let erp = portal.data(SYSTEMS, json!({ "name": "erp" })).await;
    assert_eq!(erp["systems"][0]["feeds"], feeds(true));
    hear(Heard::Lost { detail: "secret" });
    let erp = portal.data(SYSTEMS, json!({ "name": "erp" })).await;
    assert_eq!(erp["systems"][0]["feeds"], feeds(false));
}

#[tokio::test]
async fn readiness_is_about_the_systems_that_can_fail() {
    let portal = Portal::alone(None);
    let probed: Vec<String> = portal.engine.probe().await.into_iter().map(|probe| probe.system).collect();
    assert_eq!(probed, ["erp", "pim", "shop"]);
}
