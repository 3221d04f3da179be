//! What is said of an answer beside its data: who answered, where pages stand, which rows there are. Of what a rule reads on its
//! way, of rows that may not be seen and of types that an audience does not have, none of it says anything.

use std::sync::Arc;

use freehold::{
    access::{Accounts, Caller},
    contract::Files,
    engine::Request,
    settings::CacheSettings,
};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use super::rig::{Company, Rig, loaded};

const STATUS: &str = "{ order(number: \"4500012345\") { number status } }";

#[tokio::test]
async fn nobody_of_an_audience_is_told_what_rules_read() {
    let rig = Rig::demo(Company::filled().await, CacheSettings::default()).await;
    let everything = rig.named(&Caller::operator(), STATUS).await;
    assert!(everything.contains("nativeStatus") && everything.contains("erp Account.credit"), "{everything}");
    for audience in ["storefront", "service", "bi"] {
        let caller = rig.caller(audience, &["100042"], &["VIEW_ORDERS_ACCOUNT"]);
        let answer: Value = serde_json::from_str(&rig.named(&caller, STATUS).await).expect("JSON");
        let answered = answer["extensions"]["freehold"]["answeredBy"].as_array().expect("who answered").clone();
        let types: Vec<&str> = answered.iter().filter_map(|one| one["type"].as_str()).collect();
        assert!(types.iter().all(|ty| *ty == "Order") && !types.is_empty(), "{audience}: {answered:#?}");
        assert!(answered.iter().all(|one| one.get("list").is_none()), "{audience}: {answered:#?}");
        let fields: Vec<&Value> = answered.iter().filter_map(|one| one["fields"].as_array()).flatten().collect();
        assert!(fields.iter().all(|field| **field == "number"), "{audience}: {fields:?}");
    }
}

const SETTINGS: &str = r#"
systems = ["erp.toml"]
audiences = ["shop", "desk"]
[freshness.paper]
max_age = "1h"
"#;

const GRAPH: &str = r#"
union Paper = Order | Memo
type Order @key(fields: "number") @owner(system: "erp") @domain(name: "paper") @scope(account: "account") {
  number: ID! account: String
}
type Memo @key(fields: "number") @owner(system: "erp") @domain(name: "paper") @visible(to: ["desk"]) { number: ID! }
type OrderConnection { edges: [OrderEdge!] nodes: [Order] pageInfo: PageInfo! }
type OrderEdge { cursor: String! node: Order }
type PaperConnection { edges: [PaperEdge!] nodes: [Paper] pageInfo: PageInfo! }
type PaperEdge { cursor: String! node: Paper }
type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
type Query {
  order(number: ID!): Order @ref(key: "number: $number")
  orders(first: Int, after: String): OrderConnection @list(name: "orders")
  papers(first: Int, after: String): PaperConnection @list(name: "papers")
  allPapers: [Paper] @list(name: "papers")
}
"#;

/// An owner whose lists take accounts, and give everybody's rows all the same.
const ERP: &str = r#"
kind = "sqlite"
url = "${ERP}"
[Order]
query = "select number, account from paper where number in (:keys) and kind = 'Order'"
[Memo]
query = "select number from paper where number in (:keys) and kind = 'Memo'"
[lists.orders]
scope = "accounts"
query = "select number from paper where kind = 'Order' and (:accounts is null or 'any' <> :accounts)"
order = ["number"]
[lists.papers]
scope = "accounts"
query = "select kind as __typename, number from paper where (:accounts is null or 'any' <> :accounts)"
order = ["number"]
"#;

async fn papers() -> (Rig, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("erp.db");
    let mut database =
        SqliteConnection::connect(&format!("sqlite://{}?mode=rwc", path.display())).await.expect("a file");
    let rows = "create table paper (number text primary key, kind text, account text); insert into paper values
        ('1', 'Order', 'B'), ('2', 'Order', 'A'), ('3', 'Memo', null), ('4', 'Order', 'A'), ('5', 'Order', 'B'),
        ('6', 'Memo', null)";
    sqlx::raw_sql(AssertSqlSafe(rows)).execute(&mut database).await.expect("the rows");
    let files = [("graph.graphql", GRAPH), ("freehold.toml", SETTINGS), ("erp.toml", ERP)];
    let files = Files::new(files.map(|(path, text)| (path.to_owned(), text.to_owned())));
    let contract = loaded(&files, &|_| Some(path.display().to_string()));
    (Rig::start(&contract, CacheSettings::default()), folder)
}

#[tokio::test]
async fn where_nothing_is_seen_of_what_was_asked_for_nothing_of_the_answer_is_kept() {
    let (rig, _folder) = papers().await;
    let buyer = Arc::new(rig.caller("shop", &["A"], &[]));
    for (number, is_kept) in [("2", true), ("1", false), ("999", false)] {
        let query = format!("{{ order(number: \"{number}\") {{ number }} }}");
        let request = Request { query, caller: Arc::clone(&buyer), ..Request::default() };
        let answer = rig.engine.answer(&request).await;
        let kept_ms = answer.freshness.until_ms.map(|until_ms| until_ms - answer.at_ms);
        assert_eq!(kept_ms.is_none_or(|kept_ms| kept_ms > 0), is_kept, "{number}: {kept_ms:?}");
    }
}

#[tokio::test]
async fn edges_and_the_ends_of_a_page_are_those_of_rows_that_may_be_seen() {
    let (rig, _folder) = papers().await;
    let whole = rig.data(&Caller::operator(), "{ orders { edges { cursor node { number } } } }").await;
    let edges = whole["orders"]["edges"].as_array().expect("edges");
    let cursor = |number: &str| {
        edges.iter().find(|edge| edge["node"]["number"] == number).expect("it is there")["cursor"].clone()
    };
    let buyer = rig.caller("shop", &["A"], &[]);
    for (query, expected) in [
        ("{ orders { edges { cursor } } }", json!({ "edges": [{ "cursor": cursor("2") }, { "cursor": cursor("4") }] })),
        (
            "{ orders { pageInfo { startCursor endCursor } } }",
            json!({ "pageInfo": { "startCursor": cursor("2"), "endCursor": cursor("4") } }),
        ),
        (
            "{ orders { pageInfo { endCursor } nodes { number } } }",
            json!({ "pageInfo": { "endCursor": cursor("4") }, "nodes": [{ "number": "2" }, { "number": "4" }] }),
        ),
        (
            "{ orders { edges { cursor node @skip(if: true) { number } } } }",
            json!({ "edges": [{ "cursor": cursor("2") }, { "cursor": cursor("4") }] }),
        ),
    ] {
        assert_eq!(rig.data(&buyer, query).await["orders"], expected, "{query}");
    }
    let stranger = rig.caller("shop", &["C"], &[]);
    let nothing = rig.data(&stranger, "{ orders { edges { cursor } pageInfo { startCursor endCursor } } }").await;
    assert_eq!(nothing["orders"], json!({ "edges": [], "pageInfo": { "startCursor": null, "endCursor": null } }));
}

#[tokio::test]
async fn rows_of_a_type_that_an_audience_does_not_have_are_there_for_nobody_of_it() {
    let (rig, _folder) = papers().await;
    let all = Caller { audience: Some(rig.audience("shop")), accounts: Accounts::All, ..Caller::operator() };
    let query =
        "{ papers { nodes { ... on Order { number } } edges { cursor } } allPapers { ... on Order { number } } }";
    let numbers = json!([{ "number": "1" }, { "number": "2" }, { "number": "4" }, { "number": "5" }]);
    let data = rig.data(&all, query).await;
    assert_eq!((&data["papers"]["nodes"], &data["allPapers"]), (&numbers, &numbers));
    assert_eq!(data["papers"]["edges"].as_array().map(Vec::len), Some(4));
    let alone = rig.data(&all, "{ papers { edges { cursor } pageInfo { endCursor } } }").await;
    assert_eq!(alone["papers"]["edges"], data["papers"]["edges"]);
    assert_eq!(alone["papers"]["pageInfo"]["endCursor"], data["papers"]["edges"][3]["cursor"]);
    let desk = Caller { audience: Some(rig.audience("desk")), ..all };
    let data = rig.data(&desk, "{ allPapers { __typename } }").await;
    assert_eq!(data["allPapers"].as_array().map(Vec::len), Some(6));
}
