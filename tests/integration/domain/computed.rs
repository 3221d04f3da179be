//! A price that is code may be computed into a table: it says when, and is refused when that is too long ago.

use serde_json::{Value, json};

use super::{contract_over, over};
use crate::common::system::System;

const GRAPH: &str = r#"
type Query { prices(skus: [String!]!): [Price] @ref(key: "sku: $skus") }
type Price @key(fields: "sku") @owner(system: "erp") @domain(name: "price") {
  sku: String!
  amount: Decimal
}
"#;

const BINDINGS: &str = r#"
zone = "UTC"
[Price]
query = "select sku, amount, computed_at from computed_price where sku in (:keys)"
as_of = "computed_at"
"#;

#[tokio::test]
async fn s6_01_a_computed_price_says_when_it_was_and_is_refused_when_that_is_too_long_ago() {
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let yesterday = &now - jiff::Span::new().hours(30);
    let [now, yesterday] = [&now, &yesterday].map(|time| time.strftime("%Y-%m-%d %H:%M:%S").to_string());
    for system in [System::sqlite(), System::postgres(), System::mysql()] {
        system
            .load(&format!(
                "create table computed_price (sku varchar(10), amount {{decimal}}, computed_at {{timestamp}});
                 insert into computed_price values ('NOW', 9.5, '{now}'), ('OLD', 8, '{yesterday}'), ('EVER', 7, null)"
            ))
            .await;
        let freehold = over(&system, GRAPH, BINDINGS);
        let answer =
            freehold.answer(r#"{ prices(skus: ["NOW", "OLD", "none", "EVER"]) { sku amount } }"#, json!({})).await;
        let amount = answer["data"]["prices"][0]["amount"].as_str().expect("a price");
        assert_eq!(amount.trim_end_matches('0'), "9.5");
        let others = &answer["data"]["prices"].as_array().expect("prices")[1..];
        assert!(others.iter().all(Value::is_null), "{answer}");
        let errors = answer["errors"].as_array().expect("faults");
        let shown = errors.iter().map(|error| (&error["path"][1], &error["extensions"]["code"]));
        // Who says nothing of when it was may be as old as anything.
        let expected = [(&json!(1), &json!("STALE_REFUSED")), (&json!(3), &json!("CONTRACT_VIOLATION"))];
        assert_eq!(shown.collect::<Vec<_>>(), expected, "{answer}");
    }
}

#[tokio::test]
async fn a_price_says_when_it_ends_and_one_without_an_end_holds() {
    for system in [System::sqlite(), System::postgres(), System::mysql()] {
        system
            .load(
                "create table computed_price (sku varchar(10), amount {decimal}, computed_at {timestamp});
                 insert into computed_price values ('MIDNIGHT', 9.5, '2026-01-01 00:00:00'), ('EVER', 7, null)",
            )
            .await;
        let bindings = BINDINGS.replace("as_of =", "valid_until =");
        let contract = contract_over(&system, GRAPH, &bindings);
        let owners = freehold::owner::open(&contract, &freehold::telemetry::Telemetry::new());
        let keys = ["MIDNIGHT", "EVER"].map(freehold::value::Key::one);
        let group = freehold::value::GroupId(0);
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
        let fetch = freehold::fetch::Fetch { group, keys: keys.into(), deadline };
        let outcomes = owners.as_slice()[0].fetch(fetch).await;
        let ends: Vec<_> = outcomes.iter().map(|outcome| outcome.as_ref().expect("a row").stamp.until_ms).collect();
        assert_eq!(ends, [Some(1_767_225_600_000), None]);
    }
}
