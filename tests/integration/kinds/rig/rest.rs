//! The dataset behind a REST interface: a token server, wrapped numbers, pages of a hundred rows with relative links, and
//! prices by JSON-RPC.

use std::any::Any;

use futures_util::FutureExt;
use serde_json::{Map, Value, json};

use super::{super::dataset::Dataset, Rig};
use crate::common::rest_server::{Answer, Asked, RestServer};

/// Few enough that the large category takes several pages.
const PAGE_ROWS: usize = 100;

pub async fn rest(dataset: &Dataset) -> Rig {
    let (mut products, prices) = (dataset.products.clone(), dataset.prices.clone());
    products.sort_by_key(|row| row["sku"].as_str().unwrap_or_default().to_owned());
    let server = RestServer::start(move |asked| match asked.path.first().map(String::as_str) {
        Some("token") => Answer::json(json!({"access_token": "T1", "expires_in": 3600})),
        _ if asked.header("authorization") != "Bearer T1" || asked.header("x-company") != "DE01" => Answer::status(401),
        Some("v1") => products_of(asked, &products),
        Some("rpc") => prices_of(asked, &prices),
        _ => Answer::status(404),
    })
    .await;
    let url = server.url();
    let (counter, stall) = (server.counter(), server.stall());
    let stall = move || {
        let guard = stall();
        async move { Box::new(guard) as Box<dyn Any + Send> }.boxed()
    };
    Rig {
        system_file: include_str!("../../../contracts/kinds/rest.toml"),
        env: vec![("ERP_URL", url)],
        calls: Some(Box::new(counter)),
        stall: Some(Box::new(stall)),
        _alive: Box::new(server),
    }
}

fn products_of(asked: &Asked, products: &[Map<String, Value>]) -> Answer {
    let filter: Value = serde_json::from_str(asked.parameter("filter").unwrap_or("null")).unwrap_or_default();
    let skus = filter["sku"][0]["value"].as_array();
    let category = (asked.path.get(1).map(String::as_str) == Some("categories")).then(|| asked.path[2].as_str());
    let rows: Vec<Value> = (products.iter())
        .filter(|row| skus.is_none_or(|skus| skus.contains(&row["sku"])))
        .filter(|row| category.is_none_or(|category| row["category"] == category))
        .filter(|row| asked.parameter("status").is_none_or(|status| row["status"] == status))
        .map(shown)
        .collect();
    let from = asked.number("from").unwrap_or(0);
    let page: Vec<&Value> = rows.iter().skip(from).take(PAGE_ROWS).collect();
    let others = asked.query.iter().filter(|(name, _)| name != "from");
    let others: String = others.map(|(name, value)| format!("&{name}={}", encoded(value))).collect();
    let next = (from + page.len() < rows.len()).then(|| format!("?from={}{others}", from + page.len()));
    Answer::json(json!({"links": {"next": next}, "page": {"items": page, "total": rows.len()}}))
}

/// Writes a product as this interface does: what is null is left out, exact numbers are wrapped.
fn shown(row: &Map<String, Value>) -> Value {
    let mut out = row.clone();
    out.insert("price".to_owned(), json!({"decimal": row["price"]}));
    out.insert("audit".to_owned(), json!({"changed": row["changedAt"]}));
    let unit = |unit: &Value| json!({"code": unit["unit"], "factor": {"decimal": unit["factor"]}});
    let units = row.get("units").and_then(Value::as_array);
    out.insert("packaging".to_owned(), units.into_iter().flatten().map(unit).collect());
    out.retain(|name, value| !value.is_null() && !["units", "changedAt"].contains(&name.as_str()));
    Value::Object(out)
}

fn prices_of(asked: &Asked, prices: &[Map<String, Value>]) -> Answer {
    let is_asked = |row: &&Map<String, Value>| {
        let wanted = asked.body["params"].as_array();
        wanted.into_iter().flatten().any(|key| key["book"] == row["book"] && key["sku"] == row["sku"])
    };
    let found: Map<String, Value> = (prices.iter().filter(is_asked).enumerate())
        .map(|(n, row)| (n.to_string(), Value::Object(row.clone())))
        .collect();
    Answer::json(json!({"jsonrpc": "2.0", "id": asked.body["id"], "result": found}))
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
