//! The dataset behind an OData service of either version, which answers with fewer rows than it is asked for.

use std::{any::Any, sync::Arc, time::Duration};

use futures_util::FutureExt;
use serde_json::{Map, Value, json};

use super::{super::dataset::Dataset, Rig};
use crate::common::odata_server::{NextLink, OdataServer};

/// Longer than any test waits.
const STALLED: Duration = Duration::from_secs(60);

/// Lets a service answer again.
struct Stalled(Arc<OdataServer>);

impl Drop for Stalled {
    fn drop(&mut self) {
        self.0.quirks(|quirks| quirks.delay = None);
    }
}

/// Version 4 writes numbers as numbers, and says where the next page is.
pub async fn odata_v4(dataset: &Dataset) -> Rig {
    let products = dataset.products.iter().map(|row| product(row, "Units", &number, |at| json!(at.replace(' ', "T"))));
    let prices = prices(dataset);
    let server = OdataServer::start("v4", &[("Products", products.collect()), ("Prices", prices)]).await;
    server.quirks(|quirks| (quirks.page_rows, quirks.next_link) = (Some(30), NextLink::Relative));
    rig(server, include_str!("../../../contracts/kinds/odata_v4.toml"))
}

/// Version 2 writes decimals as texts and times as milliseconds, and here no link to the next page.
pub async fn odata_v2(dataset: &Dataset) -> Rig {
    let products = dataset.products.iter().map(|row| product(row, "to_Unit", &Value::clone, milliseconds));
    let prices = prices(dataset);
    let server = OdataServer::start("v2", &[("A_Product", products.collect()), ("Prices", prices)]).await;
    server.quirks(|quirks| (quirks.page_rows, quirks.next_link) = (Some(50), NextLink::None));
    rig(server, include_str!("../../../contracts/kinds/odata_v2.toml"))
}

fn rig(server: OdataServer, system_file: &'static str) -> Rig {
    let server = Arc::new(server);
    let (counted, stalled) = (Arc::clone(&server), Arc::clone(&server));
    let stall = move || {
        let server = Arc::clone(&stalled);
        async move {
            server.quirks(|quirks| quirks.delay = Some(STALLED));
            Box::new(Stalled(server)) as Box<dyn Any + Send>
        }
        .boxed()
    };
    Rig {
        system_file,
        env: vec![("ERP_URL", server.url.clone())],
        calls: Some(Box::new(move || counted.n_calls() as u64)),
        stall: Some(Box::new(stall)),
        _alive: Box::new(server),
    }
}

fn product(
    row: &Map<String, Value>,
    units: &str,
    decimal: &dyn Fn(&Value) -> Value,
    time: impl Fn(&str) -> Value,
) -> Value {
    let parts = row["units"].as_array().into_iter().flatten();
    let parts: Value = parts.map(|unit| json!({"Code": unit["unit"], "Factor": decimal(&unit["factor"])})).collect();
    let mut out = json!({
        "No": row["sku"], "Name": row["name"], "Status": row["status"], "Category": row["category"],
        "Price": decimal(&row["price"]), "Weight": row["weight"], "Stock": row["stock"], "Minor": row["minor"],
        "ChangedAt": row["changedAt"].as_str().map(time), "Wrong": row["wrong"],
    });
    out[units] = parts;
    out
}

fn prices(dataset: &Dataset) -> Value {
    let rows = dataset.prices.iter();
    rows.map(|row| json!({"Book": row["book"], "No": row["sku"], "Amount": row["amount"]})).collect()
}

/// Writes a text of digits as the number it is.
fn number(text: &Value) -> Value {
    text.as_str().map_or(Value::Null, |text| serde_json::from_str(text).expect("a number"))
}

/// Writes a time without a zone as version 2 does: as if its clock showed UTC.
fn milliseconds(at: &str) -> Value {
    let at: jiff::civil::DateTime = at.parse().expect("a time");
    let instant = at.to_zoned(jiff::tz::TimeZone::UTC).expect("an instant").timestamp();
    json!(format!("/Date({})/", instant.as_millisecond()))
}
