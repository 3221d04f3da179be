//! There may be no quantity table: stock as movements over a tree of locations.

use serde_json::json;

use super::over;
use crate::common::system::System;

const GRAPH: &str = r#"
type Query {
  stock(skus: [String!]!): [Stock] @ref(key: "sku: $skus")
  stockedIn(location: String!, first: Int): [Stock] @list(name: "stockedIn")
}
type Stock @key(fields: "sku") @owner(system: "erp") @domain(name: "inventory") {
  sku: String!
  onHand: Decimal
  movements: Int
}
"#;

/// Everything below the warehouse counts, what customers and suppliers hold does not.
const BINDINGS: &str = r#"
[Stock]
query = """
with recursive inside (id) as (
  select id from "stock-location" where id = 'WH'
  union all
  select below.id from "stock-location" below join inside on below."parent-id" = inside.id
), moved (sku, quantity) as (
  select sku, quantity from "stock-move" where "to-location" in (select id from inside)
  union all
  select sku, -quantity from "stock-move" where "from-location" in (select id from inside)
)
select sku, sum(quantity) as "onHand", count(*) as movements from moved where sku in (:keys) group by sku"""

[lists.stockedIn]
query = """
with moved as (select sku, sum(quantity) as total from "stock-move" where "to-location" = :location group by sku)
select sku, total from moved where total > 1"""
order = ["total desc", "sku"]
"#;

#[tokio::test]
async fn s6_02_stock_is_the_sum_of_movements_over_a_tree_of_locations() {
    for system in [System::sqlite(), System::postgres()] {
        system
            .load(
                r#"create table "stock-location" (id varchar(10), "parent-id" varchar(10));
                   insert into "stock-location" values ('WH', null), ('WH-A', 'WH'), ('WH-A-1', 'WH-A'), ('OUT', null);
                   create table "stock-move" (sku varchar(10), "from-location" varchar(10), "to-location" varchar(10), quantity integer);
                   insert into "stock-move" values
                     ('P', 'OUT', 'WH-A-1', 10), ('P', 'WH-A-1', 'OUT', 3), ('P', 'WH-A-1', 'WH-A', 2),
                     ('Q', 'OUT', 'WH', 5), ('Q', 'WH', 'OUT', 9), ('R', 'OUT', 'WH-A-1', 1), ('S', 'OUT', 'OUT', 4);"#,
            )
            .await;
        let freehold = over(&system, GRAPH, BINDINGS);
        let query = "{ stock(skus: [\"P\", \"Q\", \"S\"]) { sku onHand movements } stockedIn(location: \"WH-A-1\", first: 5) { sku onHand } }";
        let expected = json!({
            "stock": [
                {"sku": "P", "onHand": "7", "movements": 4},
                {"sku": "Q", "onHand": "-4", "movements": 2},
                null,
            ],
            "stockedIn": [{"sku": "P", "onHand": "7"}],
        });
        assert_eq!(freehold.data(query, json!({})).await, expected, "a location inside another counts once");
    }
}
