//! Values as REST systems write them, made the graph's.

use serde_json::{Value, json};

use super::bound::bound;
use crate::common::rest_server::{Answer, RestServer};

#[tokio::test]
async fn s6_08_numbers_arrive_five_ways_in_one_answer() {
    let row = r#"[{"sku": "A", "minor": 41200, "price": "412.00", "number": 412.000000000000000000001,
        "wrapped": {"value": {"decimal": "855.00"}}, "hundred": 12.5, "per": 100}]"#;
    let server = RestServer::start(move |_| Answer::text(row)).await;
    let bound = bound(
        &server,
        r#"[Product]
get = "/products/{key}"
fields = { wrapped = "/wrapped/value/decimal" }
values.minor = { scale = 2 }
values.hundred = { per = "per" }"#,
    );
    let shown = bound.shown("Product", &["A"]).await.remove(0);
    assert_eq!(shown["minor"], "412.00");
    assert_eq!(shown["price"], "412.00");
    assert_eq!(shown["number"], "412.000000000000000000001");
    assert_eq!(shown["wrapped"], "855.00");
    assert_eq!(shown["hundred"], "0.125");
}

#[tokio::test]
async fn s6_06_null_carries_meaning_and_is_neither_zero_nor_an_empty_text() {
    let rows = json!([
        {"sku": "A", "limit": null, "state": null, "planned": null},
        {"sku": "B", "limit": 0, "state": "", "planned": "2026-07-01"},
        {"sku": "C"},
    ]);
    let server = RestServer::start(move |_| Answer::json(rows.clone())).await;
    let bound = bound(&server, "[Product]\nget = \"/products\"\nquery = { skus = \"{keys}\" }");
    let shown = bound.shown("Product", &["A", "B", "C"]).await;
    let parts = |value: &Value| json!([value["limit"], value["state"], value["planned"]]);
    assert_eq!(parts(&shown[0]), json!([null, null, null]));
    assert_eq!(parts(&shown[1]), json!(["0", "", "2026-07-01"]));
    assert_eq!(parts(&shown[2]), json!([null, null, null]));
}

#[tokio::test]
async fn s6_15_texts_in_several_languages_are_one_in_the_best_there_is() {
    let as_members = json!({"sku": "A", "name": {"en_US": "Bolt", "de_DE": "Schraube"}});
    let as_list = json!({"sku": "A", "values": {"name": [
        {"locale": "en_US", "scope": null, "data": "Bolt"}, {"locale": "de_DE", "scope": null, "data": "Schraube"},
    ]}});
    for (row, binding) in [
        (as_members.clone(), "values.name = { language = [\"fr_FR\", \"de_DE\", \"en_US\"] }"),
        (as_list, "fields = { name = \"/values/name/[locale=de_DE,scope=null]/data\" }"),
    ] {
        let server = RestServer::start(move |_| Answer::json(row.clone())).await;
        let bound = bound(&server, &format!("[Product]\nget = \"/products/{{key}}\"\n{binding}"));
        assert_eq!(bound.names(&["A"]).await, [json!("Schraube")]);
    }
}

#[tokio::test]
async fn s6_05_a_word_for_a_payment_hides_a_part_of_it_and_the_amount_does_not() {
    let server = RestServer::start(|_| {
        Answer::json(json!({"sku": "A", "state": "awaiting payment", "amounts": {"paid": 4120}}))
    })
    .await;
    let bound = bound(
        &server,
        "[Product]\nget = \"/orders/{key}\"\nfields = { paid = \"/amounts/paid\" }\nvalues.paid = { scale = 2 }",
    );
    let shown = bound.shown("Product", &["A"]).await.remove(0);
    assert_eq!((&shown["state"], &shown["paid"]), (&json!("awaiting payment"), &json!("41.20")));
}

#[tokio::test]
async fn s6_01_price_is_code_so_the_owner_computes_it_and_its_answer_is_passed_through() {
    // First match wins over a parent list: nothing that a query of rows could answer.
    let server = RestServer::start(|asked| {
        assert_eq!(asked.header("x-company"), "DE01", "the context is a part of the question");
        let account = asked.body["account"].as_str().unwrap();
        let price = |line: &Value| {
            let amount = match (account, line["sku"].as_str().unwrap()) {
                ("K1", "A") => json!("9.90"),
                ("K1", sku) if sku.starts_with('B') => json!("8.10"),
                (_, "ENGINEERED") => Value::Null,
                _ => json!("10.00"),
            };
            json!({"item": {"no": line["sku"]}, "net": {"decimal": amount}})
        };
        Answer::json(
            json!({"result": {"lines": asked.body["lines"].as_array().unwrap().iter().map(price).collect::<Value>()}}),
        )
    })
    .await;
    let bound = bound(
        &server,
        r#"[Price]
post = "/pricing"
headers = { X-Company = "DE01" }
body = { account = "{key.account}", lines = [{ sku = "{key.sku}", quantity = 1 }] }
rows = "/result/lines"
fields = { sku = "/item/no", amount = "/net/decimal" }"#,
    );
    let shown = bound.shown("Price", &["K1|A", "K1|B7", "K2|A", "K1|ENGINEERED"]).await;
    let amounts: Vec<Value> = shown.iter().map(|price| price["amount"].clone()).collect();
    assert_eq!(amounts, [json!("9.90"), json!("8.10"), json!("10.00"), Value::Null]);
    assert_eq!(server.n_calls(), 2);
}

#[tokio::test]
async fn arrays_and_parts_are_taken_from_where_they_stand() {
    let row = json!({"sku": "A", "labels": [{"t": "x"}, {"t": "y"}], "positions": {"items": [
        {"article": {"no": "B"}, "qty": {"decimal": "1.50"}}, {"article": {"no": "C"}, "qty": null},
    ]}});
    let server = RestServer::start(move |_| Answer::json(row.clone())).await;
    let bound = bound(
        &server,
        r#"[Product]
get = "/products/{key}"
fields = { tags = "/labels/*/t", lines = "/positions/items", "lines.sku" = "/article/no", "lines.quantity" = "/qty/decimal" }"#,
    );
    let shown = bound.shown("Product", &["A"]).await.remove(0);
    assert_eq!(shown["tags"], json!(["x", "y"]));
    assert_eq!(shown["lines"], json!([{"sku": "B", "quantity": "1.50"}, {"sku": "C", "quantity": null}]));
}
