//! Who owns what, as a query: the rows of `freehold ownership`, no more and no fewer.

use std::collections::BTreeSet;

use freehold::contract::{ownership, ownership_json};
use serde_json::{Value, json};

use super::portal::Portal;

const COLUMNS: &str = "domain field owner answeredBy maxAge refreshAfter onOutage absent copies";

#[tokio::test]
async fn the_query_says_what_the_command_prints() {
    let portal = Portal::alone(None);
    let printed = ownership_json(&ownership(portal.engine.contract()));
    // What the table leaves empty is null.
    let row = |row: &Value| {
        let said = COLUMNS.split(' ').map(|column| match &row[column] {
            Value::String(text) if text.is_empty() => Value::Null,
            value => value.clone(),
        });
        Value::Array(said.collect()).to_string()
    };
    let printed: BTreeSet<String> = printed.as_array().expect("rows").iter().map(row).collect();

    let query =
        format!("{{ ownership(first: 1000) {{ totalCount nodes {{ {COLUMNS} }} pageInfo {{ hasNextPage }} }} }}");
    let data = portal.data(&query, json!({})).await;
    let asked: BTreeSet<String> = data["ownership"]["nodes"].as_array().expect("nodes").iter().map(row).collect();
    assert_eq!(asked, printed);
    assert_eq!(data["ownership"]["totalCount"], printed.len());
    assert_eq!(data["ownership"]["pageInfo"]["hasNextPage"], false);
}

#[tokio::test]
async fn its_pages_follow_each_other_both_ways() {
    let portal = Portal::alone(None);
    let whole = portal.all("ownership", "field", (1_000, false)).await;
    assert!(whole.len() > 200);
    for is_backward in [false, true] {
        assert_eq!(portal.all("ownership", "field", (37, is_backward)).await, whole);
    }
}

#[tokio::test]
async fn it_is_narrowed_by_type_owner_and_domain() {
    let portal = Portal::alone(None);
    let query = r#"{
      order: ownership(type: ["Order"], owner: "shop") { nodes { field owner } }
      content: ownership(domain: ["product.content"], first: 1000) { nodes { domain } totalCount }
      nobody: ownership(owner: []) { nodes { field } totalCount }
    }"#;
    let data = portal.data(query, json!({})).await;
    let fields = |name: &str, member: &str| -> BTreeSet<String> {
        data[name]["nodes"].as_array().expect("nodes").iter().map(|node| node[member].to_string()).collect()
    };
    assert!(fields("order", "field").iter().all(|field| field.starts_with("\"Order.")));
    assert_eq!(fields("content", "domain"), BTreeSet::from(["\"product.content\"".to_owned()]));
    assert_eq!(data["nobody"], json!({ "nodes": [], "totalCount": 0 }));
}
