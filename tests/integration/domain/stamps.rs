//! Times, stamps and texts as they come: zoneless times that are UTC, stamps that are null until the first update, a price
//! change that touches only the price table, padded codes, names in several languages.

use serde_json::{Value, json};

use super::over;
use crate::common::system::System;

const GRAPH: &str = r#"
type Query {
  product(sku: String!): Product @ref(key: "sku: $sku")
  changed(first: Int): [Product] @list(name: "changed")
}
type Product @key(fields: "sku") @owner(system: "erp") @domain(name: "product") {
  sku: String!
  name: String
  unit: String
  createdAt: DateTime
  changedAt: DateTime
  price: Decimal @owner(system: "erp", as: "price") @domain(name: "price")
}
"#;

const BINDINGS: &str = r#"
zone = "UTC"

[Product]
query = """
select sku, names as name, unit, created_at as "createdAt", updated_at as "changedAt" from item where sku in (:keys)"""
values.name = { language = ["de", "en"] }
values.unit = { trim = true }

[Product.price]
query = "select sku, amount as price from price where sku in (:keys)"

[lists.changed]
query = "select sku, coalesce(updated_at, created_at) as changed from item"
order = ["changed desc", "sku"]
"#;

#[tokio::test]
async fn s6_15_padding_languages_zoneless_times_and_null_stamps_are_read_for_what_they_are() {
    for system in [System::sqlite(), System::postgres()] {
        system
            .load(
                r#"create table item (sku varchar(10), names {json}, unit {char10}, created_at {timestamp}, updated_at {timestamp});
                   create table price (sku varchar(10), amount {decimal});
                   insert into item values
                     ('A', '{"en": "pump", "de": "Pumpe"}', 'LB        ', '2026-03-29 02:30:00', null),
                     ('B', '{"en": "valve", "de": null}', 'EA', '2026-01-01 00:00:00', '2026-07-01 12:00:00'),
                     ('C', '{"fr": "joint"}', 'EA', '2026-01-02 00:00:00', null)"#,
            )
            .await;
        let freehold = over(&system, GRAPH, BINDINGS);
        let data = freehold.data("{ changed(first: 9) { sku name unit createdAt changedAt } }", json!({})).await;
        let product = |sku: &str, name: Value, unit: &str, created: &str, changed: Value| json!({"sku": sku, "name": name, "unit": unit, "createdAt": created, "changedAt": changed});
        let expected = json!([
            product("B", json!("valve"), "EA", "2026-01-01T00:00:00Z", json!("2026-07-01T12:00:00Z")),
            // This hour does not exist in Berlin, but it does in UTC.
            product("A", json!("Pumpe"), "LB", "2026-03-29T02:30:00Z", Value::Null),
            product("C", Value::Null, "EA", "2026-01-02T00:00:00Z", Value::Null),
        ]);
        assert_eq!(data["changed"], expected, "who has never been changed is listed all the same");
    }
}

#[tokio::test]
async fn s6_15_a_price_change_that_touches_only_the_price_table_is_seen() {
    for system in [System::sqlite(), System::postgres()] {
        system
            .load(
                "create table item (sku varchar(10), names {json}, unit {char10}, created_at {timestamp}, updated_at {timestamp});
                 create table price (sku varchar(10), amount varchar(20));
                 insert into item values ('A', null, 'EA', '2026-01-01 00:00:00', '2026-01-02 00:00:00');
                 insert into price values ('A', '9.90')",
            )
            .await;
        let freehold = over(&system, GRAPH, BINDINGS);
        let product = async || {
            let mut data = freehold.data("{ product(sku: \"A\") { price changedAt } }", json!({})).await;
            data["product"].take()
        };
        assert_eq!(product().await, json!({"price": "9.90", "changedAt": "2026-01-02T00:00:00Z"}));
        system.load("update price set amount = '8.80'").await;
        assert_eq!(
            product().await,
            json!({"price": "8.80", "changedAt": "2026-01-02T00:00:00Z"}),
            "nothing of a product says how old its price is"
        );
    }
}
