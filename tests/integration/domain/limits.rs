//! What a system takes, at once and in a while, is one number for all who ask it.

use serde_json::json;

use crate::common::{
    engine::Freehold,
    rest_server::{Answer, RestServer},
};

const GRAPH: &str = r#"
type Query { products(skus: [String!]!): [Product] @ref(key: "sku: $skus") }
type Product @key(fields: "sku") @owner(system: "erp") @domain(name: "product") {
  sku: String!
  name: String
  stock: Int @owner(system: "erp", as: "stock") @domain(name: "inventory")
}
"#;

/// One key a call, so that a query alone could take all there is.
const BINDINGS: &str = r#"
[Product]
get = "/items/{key}"
[Product.stock]
get = "/stock/{key}"
"#;

/// A system that knows every product, and a Freehold that asks it within bounds.
async fn bounded(bounds: &str) -> (RestServer, Freehold) {
    let server = RestServer::start(|asked| Answer::json(json!({"sku": asked.path[1], "name": "N", "stock": 4}))).await;
    let erp = format!("kind = \"rest\"\nurl = \"${{ERP_URL}}\"\n{bounds}\n{BINDINGS}");
    let files = [("graph.graphql", GRAPH), ("freehold.toml", "systems = [\"erp.toml\"]\n"), ("erp.toml", &erp)];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
    let freehold = Freehold::over(files, &[("ERP_URL", &server.url())]);
    (server, freehold)
}

#[tokio::test]
async fn s5_business_central_takes_so_many_calls_in_five_minutes_and_is_spared_the_next() {
    let (server, freehold) = bounded("rate = { calls = 60, per = \"5m\" }").await;
    let ask = |n: u32| {
        let freehold = &freehold;
        async move {
            let query = "query($skus: [String!]!) { products(skus: $skus) { name } }";
            freehold.answer(query, json!({"skus": [format!("S{n}")]})).await
        }
    };
    for n in 0..60 {
        assert_eq!(ask(n).await, json!({"data": {"products": [{"name": "N"}]}}));
    }
    let refused = ask(60).await;
    assert_eq!(refused["data"], json!({"products": [null]}));
    assert_eq!(refused["errors"][0]["extensions"]["code"], "SOURCE_THROTTLED");
    assert_eq!(server.n_calls(), 60, "it need not say 429 to be heard");
}

#[tokio::test]
async fn s5_netsuite_counts_what_all_queries_ask_at_once_and_they_stay_within_it_together() {
    let (server, freehold) = bounded("timeout = \"20s\"\nconnections_max = 3").await;
    let skus: Vec<String> = (0..10).map(|n| format!("S{n}")).collect();
    let ask =
        || freehold.data("query($skus: [String!]!) { products(skus: $skus) { name stock } }", json!({"skus": skus}));
    let stalled = server.stall()();
    let (first, second, ()) = tokio::join!(ask(), ask(), async {
        while server.running().0 < 3 {
            tokio::task::yield_now().await;
        }
        // More would come, if more could.
        for _ in 0..2_000 {
            tokio::task::yield_now().await;
        }
        assert_eq!(server.running().0, 3);
        drop(stalled);
    });
    let expected = json!({"products": vec![json!({"name": "N", "stock": 4}); 10]});
    assert_eq!((&first, &second), (&expected, &expected));
    assert_eq!(server.running().1, 3);
}
