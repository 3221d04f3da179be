//! Status vocabularies have different axes: each is a field of its own, and the owner's own word stands beside them.

use serde_json::{Value, json};

use super::over;
use crate::common::system::System;

const GRAPH: &str = r#"
type Query { orders(numbers: [String!]!): [Order] @ref(key: "number: $numbers") }
type Order @key(fields: "number") @owner(system: "erp") @domain(name: "product") {
  number: String!
  delivery: Progress
  billing: Progress
  "What the ERP says of the delivery, word for word."
  nativeDelivery: String
  ordered: Decimal
  shipped: Decimal
}
enum Progress { NOT_RELEVANT NOT_STARTED PARTIAL COMPLETE }
"#;

const BINDINGS: &str = r#"
[Order]
query = """
select vbeln as number, lfstk as delivery, fkstk as billing, lfstk as "nativeDelivery", ordered, shipped
from vbuk where vbeln in (:keys)"""
values.delivery = { map = { "" = "NOT_RELEVANT", A = "NOT_STARTED", B = "PARTIAL", C = "COMPLETE" } }
values.billing = { map = { "" = "NOT_RELEVANT", A = "NOT_STARTED", B = "PARTIAL", C = "COMPLETE" } }
"#;

#[tokio::test]
async fn s6_04_each_axis_of_a_status_is_bound_and_the_native_word_kept_beside_it() {
    for system in [System::sqlite(), System::postgres()] {
        system
            .load(
                "create table vbuk (vbeln varchar(10), lfstk varchar(1), fkstk varchar(1), ordered integer, shipped integer);
                 insert into vbuk values ('1', 'C', 'A', 5, 5), ('2', '', 'C', 1, 0), ('3', 'X', 'B', 4, 2), ('4', null, 'A', 1, 0)",
            )
            .await;
        let freehold = over(&system, GRAPH, BINDINGS);
        let query =
            "{ orders(numbers: [\"1\", \"2\", \"3\", \"4\"]) { delivery billing nativeDelivery ordered shipped } }";
        let answer = freehold.answer(query, json!({})).await;
        let order = |delivery: Value, billing: &str, native: Value, ordered: &str, shipped: &str| json!({"delivery": delivery, "billing": billing, "nativeDelivery": native, "ordered": ordered, "shipped": shipped});
        let expected = json!([
            order(json!("COMPLETE"), "NOT_STARTED", json!("C"), "5", "5"),
            order(json!("NOT_RELEVANT"), "COMPLETE", json!(""), "1", "0"),
            // A word that the binding does not know is no default, and costs nothing but its own field.
            order(Value::Null, "PARTIAL", json!("X"), "4", "2"),
            order(Value::Null, "NOT_STARTED", Value::Null, "1", "0"),
        ]);
        assert_eq!(answer["data"]["orders"], expected);
        let errors = answer["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 1, "{answer}");
        assert_eq!(errors[0]["path"], json!(["orders", 2, "delivery"]));
        assert_eq!(errors[0]["extensions"]["code"], "CONTRACT_VIOLATION");
    }
}
