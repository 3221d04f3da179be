//! Where keys go in a call, which keys share one, and what becomes of those that a system cannot take.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::bound::{bound, items, keys, texts};
use crate::common::rest_server::{Answer, Asked, PimQuirks, RestServer, pim};

const AWKWARD: [&str; 6] = ["SP/1'4\"×", "a b", "100%", "a&b=c+d#?", "{key}", "Straße\\"];

/// Answers the rows of the keys it was asked for.
fn rows_of(keys: Vec<String>) -> Value {
    keys.into_iter().filter(|key| key != "missing").map(|key| json!({"sku": key, "name": format!("N {key}")})).collect()
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|item| Some(item.as_str()?.to_owned())).collect()
}

#[tokio::test]
async fn keys_go_where_the_binding_puts_them_encoded_and_in_one_call() {
    type Read = fn(&Asked) -> Vec<String>;
    let ways: [(&str, Read, &str); 7] = [
        ("get = \"/stock/{keys}\"\nseparator = \";\"", |asked| split(&asked.path[1], ';'), "path"),
        (
            "get = \"/stock?skus={keys}\"\nseparator = \"|\"",
            |asked| split(asked.parameter("skus").unwrap(), '|'),
            "path query",
        ),
        (
            "get = \"/stock\"\nquery = { skus = \"{keys}\", of = 7 }",
            |asked| split(asked.parameter("skus").unwrap(), ','),
            "query",
        ),
        (
            "get = \"/stock\"\nquery = { sku = [\"{key}\"] }",
            |asked| asked.parameters("sku").into_iter().map(str::to_owned).collect(),
            "repeated parameter",
        ),
        (
            "get = \"/stock\"\nquery = { search = { id = [{ operator = \"IN\", value = [\"{key}\"] }] } }",
            |asked| {
                let search: Value = serde_json::from_str(asked.parameter("search").unwrap()).unwrap();
                assert_eq!(search["id"][0]["operator"], "IN");
                strings(&search["id"][0]["value"])
            },
            "table in a query",
        ),
        (
            "post = \"/stock\"\nbody = { skus = \"{keys}\", deep = { of = true } }",
            |asked| {
                assert_eq!(asked.body["deep"], json!({"of": true}));
                strings(&asked.body["skus"])
            },
            "body",
        ),
        (
            "post = \"/stock\"\nbody = { items = [{ sku = \"{key}\", uoms = [\"EA\", \"BOX\"] }] }",
            |asked| {
                let items = asked.body["items"].as_array().unwrap();
                assert_eq!(items[0]["uoms"], json!(["EA", "BOX"]));
                items.iter().filter_map(|item| Some(item["sku"].as_str()?.to_owned())).collect()
            },
            "objects in a body",
        ),
    ];
    for (toml, read, way) in ways {
        let server = RestServer::start(move |asked| Answer::json(json!({ "rows": rows_of(read(asked)) }))).await;
        let bound = bound(&server, &format!("[Product]\n{toml}\nrows = \"/rows\""));
        let mut wanted = AWKWARD.to_vec();
        wanted.push("missing");
        let mut expected: Vec<Value> = AWKWARD.iter().map(|key| json!(format!("N {key}"))).collect();
        expected.push(Value::Null);
        assert_eq!(bound.names(&wanted).await, expected, "{way}");
        assert_eq!((server.n_calls(), bound.source.calls()), (1, 1), "{way}");
    }
}

fn split(text: &str, by: char) -> Vec<String> {
    text.split(by).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_key_that_holds_the_separator_spoils_no_other() {
    let server = RestServer::start(|asked| Answer::json(rows_of(split(asked.parameter("skus").unwrap(), ',')))).await;
    let bound = bound(&server, "[Product]\nget = \"/stock\"\nquery = { skus = \"{keys}\" }");
    // This server takes the key for two, and says nothing of the one that was meant.
    assert_eq!(bound.names(&["A", "x,y", "B"]).await, [json!("N A"), json!("CONTRACT_VIOLATION"), json!("N B")]);
}

#[tokio::test]
async fn one_call_for_each_key_runs_side_by_side_with_a_bound_and_404_is_absent() {
    let server = RestServer::start(move |asked| match asked.path[1].as_str() {
        "missing" => Answer::status(404),
        "gone" => Answer::status(410),
        "broken" => Answer::text("<html>"),
        "empty" => Answer::json(json!({})),
        "null" => Answer::json(json!(null)),
        "other" => Answer::json(json!({"sku": "another", "name": "x"})),
        key => Answer::json(json!({"name": format!("N {key}")})),
    })
    .await;
    let bound = bound(&server, "connections_max = 2\n[Product]\nget = \"/products/{key}\"");
    let wanted = ["SP/1'4\"×", "missing", "gone", "broken", "empty", "null", "other", "..", "a b"];
    let violation = json!("CONTRACT_VIOLATION");
    let expected = [
        json!("N SP/1'4\"×"),
        Value::Null,
        Value::Null,
        violation.clone(),
        Value::Null,
        Value::Null,
        violation,
        json!("SOURCE_BAD_REQUEST"),
        json!("N a b"),
    ];
    let stalled = server.stall()();
    let (names, ()) = tokio::join!(bound.names(&wanted), async {
        while server.running().0 < 2 {
            tokio::task::yield_now().await;
        }
        drop(stalled);
    });
    assert_eq!(names, expected);
    assert_eq!(server.running().1, 2);
    assert_eq!(server.n_calls(), 8, "`..` would be another path, and is not asked");
}

#[tokio::test]
async fn keys_that_differ_in_what_a_call_says_once_are_asked_in_calls_of_their_own() {
    let server = RestServer::start(|asked| {
        let price = |line: &Value| json!({"sku": line["sku"], "amount": format!("{}.{}", asked.path[1].len(), line["sku"].as_str().unwrap().len())});
        Answer::json(asked.body["lines"].as_array().unwrap().iter().map(price).collect())
    })
    .await;
    let toml = "[Price]\npost = \"/accounts/{key.account}/prices\"\nbody = { lines = [{ sku = \"{key.sku}\" }] }";
    let bound = bound(&server, toml);
    let shown = bound.shown("Price", &["A1|x", "B12|x", "A1|yy"]).await;
    assert_eq!(shown, [json!({"amount": "2.1"}), json!({"amount": "3.1"}), json!({"amount": "2.2"})]);
    let log = server.log();
    let accounts: BTreeSet<&str> = log.iter().map(|asked| asked.path[1].as_str()).collect();
    assert_eq!((log.len(), accounts), (2, BTreeSet::from(["A1", "B12"])));
}

#[tokio::test]
async fn all_rows_of_what_a_call_says_once_serve_the_keys_among_them() {
    let server =
        RestServer::start(|_| Answer::json(json!({"x": {"amount": "1.10"}, "y": {"amount": 2}, "z": null}))).await;
    let bound = bound(&server, "[Price]\nget = \"/accounts/{key.account}/prices\"\nrows = \"/*\"\nmember = \"sku\"");
    let shown = bound.shown("Price", &["A|x", "A|y", "A|z", "A|q"]).await;
    // The path names one field of the key; the other is told by the members' names.
    assert_eq!(shown, [json!({"amount": "1.10"}), json!({"amount": "2"}), Value::Null, Value::Null]);
    assert_eq!(server.n_calls(), 1);
}

#[tokio::test]
async fn long_addresses_and_large_batches_are_cut() {
    let server = RestServer::start(|asked| {
        assert!(asked.query[0].1.len() < 8_000);
        Answer::json(rows_of(split(asked.parameter("skus").unwrap(), ',')))
    })
    .await;
    let wanted: Vec<String> = (0..900).map(|n| format!("PRODUCT-WITH-A-LONG-NUMBER-{n:03}")).collect();
    let bound_by_length = bound(&server, "[Product]\nget = \"/stock\"\nquery = { skus = \"{keys}\" }");
    assert!(bound_by_length.names(&texts(&wanted)).await.iter().all(Value::is_string));
    assert_eq!(server.n_calls(), 4);
    let bound_by_number =
        bound(&server, "[Product]\nget = \"/stock\"\nquery = { skus = \"{keys}\" }\nkeys_per_call = 150");
    assert!(bound_by_number.names(&texts(&wanted)).await.iter().all(Value::is_string));
    assert_eq!(server.n_calls(), 4 + 6);
}

#[tokio::test]
async fn numbers_are_sent_as_numbers_and_a_word_where_numbers_are_is_absent() {
    let server = RestServer::start(|asked| {
        let ids = asked.body["params"]["ids"].as_array().unwrap();
        assert!(ids.iter().all(Value::is_number));
        Answer::json(ids.iter().map(|id| json!({"sku": id, "name": "n"})).collect())
    })
    .await;
    let bound = bound(&server, "[Product]\npost = \"/rpc\"\nbody = { params = { ids = \"{keys:number}\" } }");
    assert_eq!(bound.names(&["7", "word", "8"]).await, [json!("n"), Value::Null, json!("n")]);
}

#[tokio::test]
async fn a_filter_that_does_not_filter_is_not_believed() {
    let all = items(0..7);
    let server = RestServer::start(move |_| Answer::json(json!(all))).await;
    let bound = bound(&server, "[Product]\nget = \"/products\"\nquery = { skus = \"{keys}\" }");
    assert_eq!(bound.names(&["P003", "P900"]).await, [json!("N3"), json!("CONTRACT_VIOLATION")]);
}

#[tokio::test]
async fn rows_without_the_key_are_not_an_absence() {
    let server = RestServer::start(|_| Answer::json(json!([{"code": "A", "name": "x"}]))).await;
    let bound = bound(&server, "[Product]\nget = \"/products\"\nquery = { skus = \"{keys}\" }");
    assert_eq!(bound.names(&["A"]).await, [json!("CONTRACT_VIOLATION")]);
    let detail = bound.error("A").await.detail.clone();
    assert_eq!(detail, "pim Product: a row without sku");
}

#[tokio::test]
async fn a_thousand_keys_of_a_pim_cost_a_call_for_each_hundred() {
    let products = (0..950).map(|n| json!({"identifier": format!("P{n:03}"), "label": n})).collect();
    let server = RestServer::start(pim(products, PimQuirks::default())).await;
    let bound = bound(
        &server,
        r#"[Product]
get = "/api/rest/v1/products"
query = { limit = 100, pagination_type = "search_after", search = { identifier = [{ operator = "IN", value = "{keys}" }] } }
rows = "/_embedded/items"
keys_per_call = 100
paging = { next = "/_links/next/href", rows = 100 }
fields = { sku = "/identifier", name = "/label" }"#,
    );
    let wanted = keys(0..1000);
    let names = bound.names(&texts(&wanted)).await;
    assert!(names[..950].iter().enumerate().all(|(n, name)| *name == json!(n.to_string())), "{names:?}");
    assert!(names[950..].iter().all(Value::is_null));
    assert_eq!(server.n_calls(), 10);
}
