//! The system files that the README shows, as they stand there.

use serde_json::{Value, json};

use super::bound::whole;
use crate::common::{
    readme,
    rest_server::{Answer, PimQuirks, RestServer, pim},
};

#[tokio::test]
async fn the_pim_of_the_readme_answers() {
    let product = |n: usize| {
        let name = json!([
            {"locale": "en_US", "scope": null, "data": format!("Bolt {n}")},
            {"locale": "de_DE", "scope": null, "data": format!("Schraube {n}")},
        ]);
        let price = json!([{"locale": null, "scope": null, "data": [
            {"amount": "12.50", "currency": "USD"}, {"amount": "11.90", "currency": "EUR"},
        ]}]);
        json!({
            "identifier": format!("P{n:03}"), "family": "bolts", "state": if n < 150 { "live" } else { "draft" },
            "values": {"name": name, "list_price": price},
        })
    };
    let quirks = PimQuirks { authorization: Some("Bearer T".to_owned()) };
    let pim = pim((0..160).map(product).collect(), quirks);
    let server = RestServer::start(move |asked| match asked.path.last().map(String::as_str) {
        Some("token") => Answer::json(json!({"access_token": "T", "expires_in": 3600})),
        _ => pim(asked),
    })
    .await;
    let bound = whole(&server, &readme::file("systems/pim.toml"));
    let shown = bound.shown("Product", &["P007", "P777"]).await;
    assert_eq!((&shown[0]["name"], &shown[0]["price"]), (&json!("Schraube 7"), &json!("11.90")));
    assert_eq!(shown[1], Value::Null);
    let all = bound.all(Some("bolts"), 50).await.unwrap();
    assert_eq!((all.len(), all[0].as_str(), all[159].as_str()), (160, "P000", "P159"));
    assert_eq!(server.n_calls(), 1 + 1 + 4, "a token, a batch, and the pages");
}

#[tokio::test]
async fn the_rpc_system_of_the_readme_answers() {
    let server = RestServer::start(|asked| {
        if asked.path[0] == "token" {
            return Answer::json(json!({"access_token": "T"}));
        }
        let params = &asked.body["params"];
        if asked.header("authorization") != "Bearer T" || asked.header("x-company") != "DE01" {
            return Answer::json(json!({"error": {"code": -32001}}));
        }
        if params["account"] == "BUSY" {
            return Answer::json(json!({"error": {"code": -32029}}));
        }
        let line = |line: &Value| match line["item"].as_str() {
            Some("none") => json!({"item": "none", "error": "NO_SUCH_ITEM"}),
            Some("odd") => json!({"item": "odd", "error": "LOCKED"}),
            _ => json!({"item": line["item"], "net": {"decimal": "855.00"}}),
        };
        Answer::json(
            json!({"result": {"lines": params["lines"].as_array().unwrap().iter().map(line).collect::<Value>()}}),
        )
    })
    .await;
    let bound = whole(&server, &readme::file("systems/pricing.toml"));
    let shown = bound.shown("Price", &["K1|A", "K1|none", "K1|odd", "BUSY|A"]).await;
    let expected = [json!({"amount": "855.00"}), Value::Null, json!("SOURCE_BAD_REQUEST"), json!("SOURCE_THROTTLED")];
    assert_eq!(shown, expected);
    assert_eq!(bound.source.calls(), 2);
}
