//! How files are read: cells, nulls, characters, nested documents.

use freehold::fetch::FetchErrorKind;
use serde_json::{Value, json};

use super::{Drop, orders, prices};

#[tokio::test]
async fn a_key_with_two_rows_is_that_keys_violation_alone() {
    let drop = Drop::new(&[]);
    drop.write("prices-1.csv", prices(&[("A", "1.00"), ("B", "2.00"), ("A", "3.00")]), -9_000);
    drop.look(0);
    let error = drop.outcome("A").await.unwrap_err();
    assert_eq!(
        (error.kind, error.detail.as_str()),
        (FetchErrorKind::ContractViolation, "drop Price: 2 rows for the key A")
    );
    assert_eq!(drop.price("B").await, "2.00");
}

#[tokio::test]
async fn s6_06_null_carries_meaning_so_a_binding_says_what_an_empty_cell_is() {
    let text = "sku;Net Price;text;category;status\nA;1.00;;PUMP;A\nB;1.00;\"\";PUMP;A\nC;;0;PUMP;A\n";
    for (empty, expected) in [
        ("", [Value::Null, Value::Null]),
        ("empty = \"null\"\n", [Value::Null, Value::Null]),
        ("empty = \"text\"\n", [json!(""), json!("")]),
        ("empty = \"unless_quoted\"\n", [Value::Null, json!("")]),
    ] {
        let drop = Drop::new(&[("[Price]\n", &format!("[Price]\n{empty}"))]);
        drop.write("prices-1.csv", text, -9_000);
        drop.look(0);
        let data = drop.data("{ prices(skus: [\"A\", \"B\", \"C\"]) { text } }").await;
        let texts: Vec<Value> = data["prices"].as_array().unwrap().iter().map(|price| price["text"].clone()).collect();
        assert_eq!(texts[..2], expected, "{empty}");
        assert_eq!(texts[2], "0", "zero is a value");
    }
}

#[tokio::test]
async fn cells_hold_what_would_break_them_and_numbers_keep_their_digits() {
    let exact = "0.123456789012345678901234567890";
    let drop = Drop::new(&[("delimiter = \";\"", "delimiter = \";\"\nencoding = \"windows-1252\"")]);
    let mut bytes = b"sku;Net Price;text;category;status;more\r\n\"SP/1'4\"\"\xd7\";".to_vec();
    bytes.extend_from_slice(exact.as_bytes());
    bytes.extend_from_slice(b";\"Gr\xf6\xdfe;\r\n\"\"M\"\"\";PUMP;A;ignored");
    drop.write("prices-1.csv", bytes, -9_000);
    drop.look(0);
    let answer =
        drop.answer("query($k: String!) { prices(skus: [$k]) { sku amount text } }", json!({"k": "SP/1'4\"×"})).await;
    let expected = json!({"sku": "SP/1'4\"×", "amount": exact, "text": "Größe;\r\n\"M\""});
    assert_eq!(answer["data"]["prices"][0], expected, "{answer}");
}

#[tokio::test]
async fn a_json_document_holds_rows_and_their_parts() {
    let changes = [(
        "glob = \"orders-*.ndjson\"\nfields = { number = \"/order/no\", \"lines.no\" = \"/pos\" }\nparts.lines = { glob = \"order-lines-*.csv\", parent = \"order_no\" }",
        "glob = \"orders-*.json\"\nrows = \"/data/orders\"\nfields = { number = \"/no\", \"lines.no\" = \"/pos\" }",
    )];
    let drop = Drop::new(&changes);
    let lines = r#"[{"pos": 1, "sku": "A", "quantity": 12345678901234567890.50}, {"pos": 2, "sku": null}]"#;
    let text = format!(
        r#"{{"made": "2026-11-23", "data": {{"orders": [{{"no": 7, "account": "", "lines": {lines}}}, {{"no": "O-2"}}]}}}}"#
    );
    drop.write("orders-1.json", text, -9_000);
    drop.look(0);
    let data = drop.data("{ a: order(number: \"7\") { account lines { no sku quantity } } b: order(number: \"O-2\") { account lines { no } } }").await;
    let lines =
        json!([{"no": 1, "sku": "A", "quantity": "12345678901234567890.50"}, {"no": 2, "sku": null, "quantity": null}]);
    assert_eq!(data, json!({"a": {"account": "", "lines": lines}, "b": {"account": null, "lines": null}}));
}

#[tokio::test]
async fn columns_may_be_named_by_the_binding_and_lines_left_out() {
    let drop = Drop::new(&[(
        "delimiter = \";\"\nfields = { amount = \"/Net Price\" }",
        "delimiter = \"\\t\"\nquote = \"\"\ncomment = \"#\"\ncolumns = [\"sku\", \"amount\", \"text\", \"category\", \"status\"]",
    )]);
    drop.write("prices-1.csv", "# export of tonight\nA\t1.00\t1/4\" bolt\tPUMP\tA\n\n# end\n", -9_000);
    drop.look(0);
    let data = drop.data("{ prices(skus: [\"A\"]) { amount text } }").await;
    assert_eq!(data["prices"][0], json!({"amount": "1.00", "text": "1/4\" bolt"}));
}

#[tokio::test]
async fn padding_is_cut_where_the_binding_says_so() {
    let drop = Drop::new(&[("zone =", "trim = true\nzone =")]);
    orders(&drop);
    drop.write("prices-1.csv", prices(&[("A   ", "1.00")]), -9_000);
    drop.look(0);
    assert_eq!(drop.price("A").await, "1.00");
}
