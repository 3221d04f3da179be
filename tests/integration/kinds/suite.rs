//! The behaviours that every kind of system has in common, each asked through the whole engine.

use std::{path::Path, time::Instant};

use serde_json::{Value, json};

use super::{
    dataset::{AWKWARD, Dataset, EXACT, N_BULK, TWICE},
    rig::{Rig, STALLED_MAX},
};
use crate::common::engine::Freehold;

/// A rig and the engine that asks it.
pub struct Asked {
    kind: &'static str,
    rig: Rig,
    dataset: Dataset,
    freehold: Freehold,
}

impl Asked {
    pub fn start(kind: &'static str, rig: Rig, dataset: Dataset) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contracts/kinds");
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("a file of the contract");
        let files = [
            ("freehold.toml".to_owned(), read("freehold.toml")),
            ("graph.graphql".to_owned(), read("graph.graphql")),
            ("systems/erp.toml".to_owned(), rig.system_file.to_owned()),
        ];
        let env: Vec<(&str, &str)> = rig.env.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let freehold = Freehold::over(files, &env);
        Self { kind, rig, dataset, freehold }
    }

    async fn products(&self, skus: &[&str], fields: &str) -> Value {
        let query = format!("query($skus: [String!]!) {{ products(skus: $skus) {{ {fields} }} }}");
        self.freehold.data(&query, json!({ "skus": skus })).await["products"].take()
    }

    async fn page(&self, arguments: &str, category: &str) -> Value {
        let query = format!(
            "query($category: String!) {{ productsOfCategory(category: $category, {arguments}) {{
                nodes {{ sku }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
            }} }}"
        );
        self.freehold.data(&query, json!({ "category": category })).await["productsOfCategory"].take()
    }

    fn calls(&self) -> Option<u64> {
        self.rig.calls.as_ref().map(|calls| calls())
    }
}

fn skus(page: &Value) -> Vec<String> {
    let nodes = page["nodes"].as_array().expect("nodes").iter();
    nodes.map(|node| node["sku"].as_str().expect("a sku").to_owned()).collect()
}

/// Many keys are one call, answered in the order asked.
pub async fn batch(asked: &Asked) {
    let wanted = ["B-0007", "missing", "B-0001", "FULL", "B-0150"];
    asked.products(&["B-0000"], "name").await;
    let before = asked.calls();
    let expected = wanted.map(|sku| match sku {
        "missing" => Value::Null,
        sku => json!({"sku": sku, "name": format!("Product {sku}")}),
    });
    assert_eq!(asked.products(&wanted, "sku name").await, json!(expected));
    let per_batch = asked.calls().zip(before).map(|(after, before)| after - before);
    assert_ne!(per_batch, Some(0), "{}: calls are counted", asked.kind);
    // As many as the smallest page of the rigs has rows.
    let thirty: Vec<&str> = asked.dataset.products[..30].iter().filter_map(|row| row["sku"].as_str()).collect();
    let before = asked.calls();
    let shown = asked.products(&thirty, "sku name").await;
    assert!(shown.as_array().is_some_and(|shown| shown.len() == 30 && shown.iter().all(Value::is_object)));
    let of_thirty = asked.calls().zip(before).map(|(after, before)| after - before);
    assert_eq!(of_thirty, per_batch, "{}: thirty keys cost what five do", asked.kind);
}

/// Parts come with their entity, in the owner's order.
pub async fn parts(asked: &Asked) {
    let units = json!([
        {"unit": "EA", "factor": "1"},
        {"unit": "BOX", "factor": "12.500000000000000000000000000001"},
        {"unit": "PAL", "factor": null},
    ]);
    let mut shown = asked.products(&["B-0001", "FULL"], "units { unit factor }").await;
    // A column of thirty digits behind the point prints them all; the number is the same.
    let factor = &mut shown[1]["units"][0]["factor"];
    let plain = factor.as_str().expect("a factor").to_owned();
    if plain.contains('.') {
        *factor = json!(plain.trim_end_matches('0').trim_end_matches('.'));
    }
    assert_eq!(shown, json!([{"units": []}, {"units": units}]));
}

/// Keys of several fields are matched as a whole.
pub async fn several_key_fields(asked: &Asked) {
    let query = r#"{
        a: price(book: "B1", sku: "A") { amount }
        b: price(book: "B'2", sku: "A") { book sku amount }
        none: price(book: "B'2", sku: "B") { amount }
    }"#;
    let expected = json!({
        "a": {"amount": "1.10"}, "b": {"book": "B'2", "sku": "A", "amount": "3.30"}, "none": null,
    });
    assert_eq!(asked.freehold.data(query, json!({})).await, expected);
}

/// A list is its parent's rows, with their number, and takes what narrows it.
pub async fn lists(asked: &Asked) {
    let query = r#"{
        all: productsOfCategory(category: "FEW") { nodes { sku name } totalCount }
        active: productsOfCategory(category: "FEW", status: "A") { nodes { sku } totalCount }
        none: productsOfCategory(category: "no'ne") { nodes { sku } totalCount }
    }"#;
    let expected = json!({
        "all": {"nodes": [{"sku": "EMPTY", "name": null}, {"sku": "FULL", "name": "Product FULL"}], "totalCount": 2},
        "active": {"nodes": [{"sku": "FULL"}], "totalCount": 1},
        "none": {"nodes": [], "totalCount": 0},
    });
    assert_eq!(asked.freehold.data(query, json!({})).await, expected);
}

/// Pages follow each other in both directions, without gap or repetition, however few rows the system gives at once.
pub async fn paging(asked: &Asked) {
    let expected = asked.dataset.skus_of("BULK", None);
    let (mut seen, mut arguments) = (Vec::new(), "first: 70".to_owned());
    for _ in 0..N_BULK {
        let page = asked.page(&arguments, "BULK").await;
        seen.extend(skus(&page));
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            break;
        }
        arguments = format!("first: 70, after: {}", page["pageInfo"]["endCursor"]);
    }
    assert_eq!(seen, expected);
    let last = asked.page("last: 3", "BULK").await;
    assert_eq!(skus(&last), expected[N_BULK - 3..]);
    let before = asked.page(&format!("last: 2, before: {}", last["pageInfo"]["startCursor"]), "BULK").await;
    assert_eq!(skus(&before), expected[N_BULK - 5..N_BULK - 3]);
    assert_eq!(before["pageInfo"]["hasPreviousPage"], json!(true));
}

/// No digit is lost on the way, and no double shows more than it has.
pub async fn exact_numbers(asked: &Asked) {
    let mut shown = asked.products(&["FULL"], "price weight stock minor").await;
    let price = shown[0]["price"].take();
    let digits = price.as_str().expect("a price");
    // A column of thirty digits behind the point holds thirty.
    assert_eq!(digits, EXACT);
    let expected = r#"{"price":null,"weight":0.1,"stock":"9007199254740993","minor":"412.00"}"#;
    assert_eq!(shown[0].to_string(), expected);
}

/// A row that is not there, and values that are not there, are null without a fault.
pub async fn absent_rows(asked: &Asked) {
    let fields = "sku name status price weight stock minor changedAt units { unit }";
    let shown = asked.products(&["nobody", "EMPTY", "FULL"], fields).await;
    assert_eq!(shown[0], Value::Null);
    let empty = json!({
        "sku": "EMPTY", "name": null, "status": "DISCONTINUED", "price": null, "weight": null, "stock": null,
        "minor": null, "changedAt": null, "units": [],
    });
    assert_eq!(shown[1], empty);
    assert_eq!(shown[2]["changedAt"], "2026-07-01T06:00:00Z");
}

/// Keys that break what pastes, splits, encodes or folds them come back as they were.
pub async fn awkward_keys(asked: &Asked) {
    let mut wanted = AWKWARD.to_vec();
    wanted.push("sp/1'4\"×");
    let mut expected: Vec<Value> =
        AWKWARD.iter().map(|sku| json!({"sku": sku, "name": format!("Product {sku}")})).collect();
    expected.push(Value::Null);
    assert_eq!(asked.products(&wanted, "sku name").await, json!(expected));
}

/// A value that does not fit its type is null and says so; the row's others stand.
pub async fn wrong_types(asked: &Asked) {
    let query = r#"{ products(skus: ["FULL", "EMPTY"]) { sku wrong status } }"#;
    let answer = asked.freehold.answer(query, json!({})).await;
    let products = json!([
        {"sku": "FULL", "wrong": null, "status": "ACTIVE"}, {"sku": "EMPTY", "wrong": null, "status": "DISCONTINUED"},
    ]);
    assert_eq!(answer["data"]["products"], products);
    assert_eq!(answer["errors"].as_array().expect("a fault").len(), 1, "{answer}");
    assert_eq!(answer["errors"][0]["path"], json!(["products", 0, "wrong"]));
    assert_eq!(answer["errors"][0]["extensions"]["code"], "CONTRACT_VIOLATION");
}

/// One key's bad answer is that key's fault and nobody else's.
pub async fn one_bad_row(asked: &Asked) {
    let query = format!(r#"{{ products(skus: ["B-0001", "{TWICE}", "FULL"]) {{ name }} }}"#);
    let answer = asked.freehold.answer(&query, json!({})).await;
    assert_eq!(
        answer["data"]["products"],
        json!([{"name": "Product B-0001"}, null, {"name": "Product FULL"}]),
        "{answer}"
    );
    let errors = answer["errors"].as_array().expect("a fault");
    assert_eq!(errors.len(), 1, "{answer}");
    assert_eq!(errors[0]["path"].as_array().map(|path| &path[..2]), Some(&[json!("products"), json!(1)][..]));
    assert_eq!(errors[0]["extensions"]["code"], "CONTRACT_VIOLATION");
}

/// A system that does not answer costs its own fields, in time and with a reason; it is asked again when it is back.
pub async fn stalls(asked: &Asked) {
    let Some(stall) = &asked.rig.stall else { return };
    let query = r#"{ products(skus: ["FULL"]) { name } }"#;
    let fine = json!([{"name": "Product FULL"}]);
    assert_eq!(asked.freehold.data(query, json!({})).await["products"], fine);
    let stalled = stall().await;
    let began = Instant::now();
    let answer = asked.freehold.answer(query, json!({})).await;
    assert!(began.elapsed() < STALLED_MAX);
    assert_eq!(answer["data"]["products"], json!([null]));
    let code = answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default();
    assert!(["SOURCE_TIMEOUT", "SOURCE_UNAVAILABLE"].contains(&code), "{answer}");
    drop(stalled);
    let until = Instant::now() + STALLED_MAX;
    while asked.freehold.answer(query, json!({})).await["data"]["products"] != fine {
        assert!(Instant::now() < until, "the system is back and not asked");
        tokio::task::yield_now().await;
    }
}
