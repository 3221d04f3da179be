//! Documents that multiply, spelled as only the grammar of the parser lets them be spelled: each is refused at once, over the wire.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use freehold::{
    cache::Cache,
    contract::{Files, load},
    engine::Engine,
    owner,
    settings::{CacheSettings, EngineSettings, HttpSettings},
    telemetry::Telemetry,
};
use serde_json::json;

use super::{client::send, server::Server};

/// Fragments each of which spreads the next twice: 2^40 fields in 2 KB.
fn fan_out() -> String {
    let fragments: String = (0..40).map(|n| format!(" fragment f{n} on Query {{ ...f{0} ...f{0} }}", n + 1)).collect();
    fragments + " fragment f40 on Query { __typename }"
}

/// What somebody may send who knows the grammar: what it is refused for.
fn spellings() -> [(&'static str, String); 7] {
    let named_on = fan_out().replace("fragment f0 ", "fragment on ");
    let marked = |text: &str| text.replace(' ', "\u{FEFF}");
    [
        ("selections", "{ a { ...f0 } }".to_owned() + &fan_out().replace("fragment f", "fragmentf")),
        ("selections", marked("{ a { ...f0 } }") + &marked(&fan_out())),
        ("selections", "\u{FEFF}{ a { ... \u{FEFF}f0 } }".to_owned() + &fan_out()),
        ("selections", "{ a { ... on@skip(if: false) } }".to_owned() + &named_on),
        ("selections", "{ a { ... on#\n __typename } }".to_owned() + &named_on),
        ("nothing closes it", "{ products(skus: [\"\"\"x\"]) { sku } a { ...f0 } }".to_owned() + &fan_out()),
        ("root_fields", "query($a: Boolean = false) { ... on@skip(if: $a) }".to_owned() + &named_on),
    ]
}

#[test]
fn what_multiplies_is_refused_however_it_is_spelled() {
    let (tell, told) = mpsc::channel();
    // A document that is followed keeps its thread for good: the test must not be that thread.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let files = [
                ("freehold.toml", include_str!("../../../fuzz/contract/freehold.toml")),
                ("graph.graphql", include_str!("../../../fuzz/contract/graph.graphql")),
                ("systems/erp.toml", include_str!("../../../fuzz/contract/systems/erp.toml")),
            ];
            let loaded = load(&Files::new(files.map(|(path, text)| (path.to_owned(), text.to_owned()))), &|_| None);
            let contract = Arc::new(loaded.contract.expect("a contract"));
            let telemetry = Telemetry::new();
            let cache = Cache::new(&contract, owner::open(&contract, &telemetry), CacheSettings::nothing(), &telemetry);
            let engine = Engine::new(contract, cache, EngineSettings::default(), telemetry).expect("an engine");
            let server = Server::start(engine, HttpSettings::default()).await;
            for (expected, query) in spellings() {
                let body = json!({ "query": query }).to_string();
                let headers = [("content-type", "application/json")];
                let answer = send(server.address, "POST", "/graphql", &headers, &body).await.json();
                let message = answer["errors"][0]["message"].as_str().unwrap_or_default().to_owned();
                tell.send((expected, message, query)).expect("somebody listens");
            }
        });
    });
    for _ in spellings() {
        let (expected, message, query) = told.recv_timeout(Duration::from_secs(60)).expect("it is refused at once");
        assert!(message.contains(expected), "{expected}: {message}: {}", &query[..60]);
    }
}
