//! Registered documents and persisted queries over the running program: who may run what, by GET and by POST, and what is
//! said of those that a changed contract breaks.

use std::net::SocketAddr;

use freehold::contract::document_hash;
use serde_json::{Value, json};

use crate::{
    common::served::{Place, Served},
    http::client::{Response, send},
};

const PAGE: &str = "query Page { product(sku: \"A-1\") { name } }";
const OTHER: &str = "query Other { product(sku: \"A-1\") { sku } }";
const SETTINGS: &str = "systems = [\"systems/erp.toml\"]
audiences = [\"storefront\", \"service\"]
[documents]
manifest = \"documents.json\"
trusted_only = [\"storefront\"]
[access]
anonymous = \"storefront\"
[freshness.product]
max_age = \"1h\"
";

/// Encodes what stands in a URL.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => (byte as char).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// Asks by POST and by GET, which must be answered alike.
async fn ask(address: SocketAddr, members: &Value) -> Response {
    let headers = [("content-type", "application/json"), ("accept", "application/json")];
    let post = send(address, "POST", "/graphql", &headers, &members.to_string()).await;
    let parameters = members.as_object().expect("members").iter().map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("{name}={}", encoded(&text))
    });
    let target = format!("/graphql?{}", parameters.collect::<Vec<_>>().join("&"));
    let get = send(address, "GET", &target, &headers[1..], "").await;
    assert_eq!((post.status, post.json()), (get.status, get.json()), "{members}");
    post
}

fn by_hash(hash: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } })
}

fn code(response: &Response) -> Value {
    response.json()["errors"][0]["extensions"]["code"].clone()
}

fn manifest(documents: &[&str]) -> String {
    let members = documents.iter().map(|text| (document_hash(text), Value::from(*text)));
    Value::Object(members.collect()).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_audience_that_trusts_registered_documents_runs_no_others() {
    let place = Place::new(&[("freehold.toml", SETTINGS), ("documents.json", &manifest(&[PAGE]))]).await;
    let served = Served::start(&place, &[]);
    let address = served.address;
    let (page, other) = (document_hash(PAGE), document_hash(OTHER));
    for members in [
        json!({ "extensions": by_hash(&page) }),
        json!({ "documentId": page }),
        json!({ "documentId": format!("sha256:{page}") }),
        json!({ "query": PAGE }),
        json!({ "query": PAGE, "extensions": by_hash(&page) }),
        json!({ "documentId": page, "operationName": "Page" }),
    ] {
        let response = ask(address, &members).await;
        assert_eq!(response.json()["data"]["product"]["name"], "Pump", "{members}: {response:?}");
    }
    for (members, expected) in [
        (json!({ "query": OTHER }), "DOCUMENT_REQUIRED"),
        (json!({ "query": "{ __schema { types { name } } }" }), "DOCUMENT_REQUIRED"),
        (json!({ "query": "not GraphQL at all" }), "DOCUMENT_REQUIRED"),
        (json!({ "query": OTHER, "extensions": by_hash(&other) }), "DOCUMENT_REQUIRED"),
        (json!({ "extensions": by_hash(&other) }), "DOCUMENT_UNKNOWN"),
        (json!({ "documentId": "page" }), "DOCUMENT_UNKNOWN"),
        (json!({ "query": OTHER, "extensions": by_hash(&page) }), "PERSISTED_QUERY_MISMATCH"),
        (json!({ "query": OTHER, "documentId": page }), "PERSISTED_QUERY_MISMATCH"),
    ] {
        let response = ask(address, &members).await;
        assert_eq!((response.status, code(&response)), (200, json!(expected)), "{members}: {response:?}");
    }
    let strict = [("content-type", "application/json"), ("accept", "application/graphql-response+json")];
    let refused = send(address, "POST", "/graphql", &strict, &json!({ "query": OTHER }).to_string()).await;
    assert_eq!((refused.status, code(&refused)), (400, json!("DOCUMENT_REQUIRED")));
    // The manifest is part of the contract: registering a document is a change of it.
    place.write("documents.json", &manifest(&[PAGE, OTHER]));
    served.logged("contract reloaded", 1);
    let response = ask(address, &json!({ "documentId": other })).await;
    assert_eq!(response.json()["data"]["product"]["sku"], "A-1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_text_registered_for_several_audiences_is_run_by_each_of_them() {
    for order in [["storefront", "service"], ["service", "storefront"]] {
        let members = order.map(|audience| (audience.to_owned(), json!({ "query": PAGE, "audiences": [audience] })));
        let manifest = Value::Object(members.into_iter().collect()).to_string();
        for anonymous in order {
            let settings = SETTINGS
                .replace("anonymous = \"storefront\"", &format!("anonymous = \"{anonymous}\""))
                .replace("[\"storefront\"]", "[\"storefront\", \"service\"]");
            let place = Place::new(&[("freehold.toml", &settings), ("documents.json", &manifest)]).await;
            let served = Served::start(&place, &[]);
            let response = ask(served.address, &json!({ "extensions": by_hash(&document_hash(PAGE)) })).await;
            assert_eq!(response.json()["data"]["product"]["name"], "Pump", "{anonymous}: {response:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_is_sent_once_and_called_by_its_hash_from_then_on() {
    let settings = SETTINGS.replace("anonymous = \"storefront\"", "anonymous = \"service\"");
    let place = Place::new(&[("freehold.toml", &settings), ("documents.json", &manifest(&[PAGE]))]).await;
    let served = Served::start(&place, &[]);
    let address = served.address;
    let hash = document_hash(OTHER);
    let missing = ask(address, &json!({ "extensions": by_hash(&hash) })).await;
    assert_eq!((missing.status, code(&missing)), (200, json!("PERSISTED_QUERY_NOT_FOUND")));
    assert_eq!(missing.json()["errors"][0]["message"], "PersistedQueryNotFound", "clients wait for this word");
    let wrong = ask(address, &json!({ "query": OTHER, "extensions": by_hash(&document_hash(PAGE)) })).await;
    assert_eq!(code(&wrong), "PERSISTED_QUERY_MISMATCH");
    let invalid = "{ colour }";
    let refused = ask(address, &json!({ "query": invalid, "extensions": by_hash(&document_hash(invalid)) })).await;
    assert_eq!(code(&refused), "GRAPHQL_VALIDATION_FAILED");
    let unkept = ask(address, &json!({ "extensions": by_hash(&document_hash(invalid)) })).await;
    assert_eq!(code(&unkept), "PERSISTED_QUERY_NOT_FOUND", "what does not run is not kept");
    for members in [
        json!({ "query": OTHER, "extensions": by_hash(&hash) }),
        json!({ "extensions": by_hash(&hash) }),
        json!({ "extensions": by_hash(&hash.to_uppercase()) }),
        json!({ "query": OTHER }),
    ] {
        let response = ask(address, &members).await;
        assert_eq!(response.json()["data"]["product"]["sku"], "A-1", "{members}: {response:?}");
    }
    let unregistered = ask(address, &json!({ "documentId": hash })).await;
    assert_eq!(code(&unregistered), "DOCUMENT_UNKNOWN", "an identifier is the manifest's word");
    let theirs = ask(address, &json!({ "documentId": document_hash(PAGE) })).await;
    assert_eq!(code(&theirs), "DOCUMENT_UNKNOWN", "it is registered for the storefront");
    for (members, expected) in [
        (json!({ "extensions": { "persistedQuery": { "version": 2, "sha256Hash": hash } } }), "INVALID_PARAMETER"),
        (json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": "x" } } }), "INVALID_PARAMETER"),
        (json!({ "variables": {} }), "INVALID_PARAMETER"),
    ] {
        let response = ask(address, &members).await;
        assert_eq!((response.status, code(&response)), (400, json!(expected)), "{members}");
    }
}
