//! A contract that changes while it is served: what callers meet, and what operators are told.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use serde_json::json;

use crate::{
    callers::issuer::{KeyServer, Signer},
    common::served::{Place, Served},
    http::client::send,
};

const QUERY: &str = r#"{"query":"{ product(sku: \"A-1\") { name } }"}"#;
const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

/// Asks for the name of the one product.
async fn name(address: SocketAddr) -> String {
    let response = send(address, "POST", "/graphql", JSON, QUERY).await;
    let body = response.json();
    let name = body["data"]["product"]["name"].as_str();
    name.unwrap_or_else(|| panic!("{} {body}", response.status)).to_owned()
}

async fn metric(address: SocketAddr, line: &str) -> bool {
    let text = send(address, "GET", "/metrics", &[], "").await.body;
    String::from_utf8(text).expect("text").lines().any(|known| known == line)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_contract_is_served_without_a_lost_answer() {
    let place = Place::new(&[]).await;
    let served = Served::start(&place, &[]);
    let address = served.address;
    let (is_over, n_answers) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let (is_over, n_answers) = (Arc::clone(&is_over), Arc::clone(&n_answers));
            tokio::spawn(async move {
                let mut is_changed = false;
                while !is_over.load(Ordering::Relaxed) {
                    let answered = name(address).await;
                    assert!(answered == "Title" || (answered == "Pump" && !is_changed), "{answered} came back");
                    is_changed = answered == "Title";
                    n_answers.fetch_add(1, Ordering::Relaxed);
                }
                is_changed
            })
        })
        .collect();
    while n_answers.load(Ordering::Relaxed) < 50 {
        tokio::task::yield_now().await;
    }
    place.edit("systems/erp.toml", "select sku, name", "select sku, title as name");
    let line = tokio::task::spawn_blocking(move || (served.logged("contract reloaded", 1), served)).await;
    let (line, served) = line.expect("it is logged");
    assert_ne!(line["contract.version"], line["contract.before"], "{line}");
    let before = n_answers.load(Ordering::Relaxed);
    while n_answers.load(Ordering::Relaxed) < before + 50 {
        tokio::task::yield_now().await;
    }
    is_over.store(true, Ordering::Relaxed);
    for caller in callers {
        assert!(caller.await.expect("every request is answered"), "the change is not seen");
    }
    let version = line["contract.version"].as_str().expect("a version");
    assert!(metric(address, "freehold_contract_reloads_total{outcome=\"taken\"} 1").await);
    assert!(metric(address, &format!("freehold_contract_served{{version=\"{version}\"}} 1")).await);
    assert_eq!(send(address, "GET", "/healthz", &[], "").await.json()["contract"], version);
    drop(served);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_faulty_contract_is_refused_and_the_one_before_is_served_until_it_is_mended() {
    let place = Place::new(&[]).await;
    let served = Served::start(&place, &[]);
    let address = served.address;
    assert_eq!(name(address).await, "Pump");
    place.edit("product.graphql", "name: String", "name: Strong");
    let line = served.logged("failed to reload the contract", 1);
    assert_eq!(line["contract.faults"], json!(1), "{line}");
    let detail = line["failure.detail"].as_str().expect("a detail");
    assert!(detail.starts_with("TYPE_UNKNOWN product.graphql:1 "), "{detail}");
    assert_eq!(name(address).await, "Pump");
    assert!(metric(address, "freehold_contract_reloads_total{outcome=\"refused\"} 1").await);
    assert!(metric(address, "freehold_contract_faults 1").await);
    place.edit("systems/erp.toml", "select sku, name", "select sku, title as name");
    served.logged("failed to reload the contract", 2);
    assert_eq!(name(address).await, "Pump");
    place.edit("product.graphql", "name: Strong", "name: String");
    served.logged("contract reloaded", 1);
    assert_eq!(name(address).await, "Title");
    assert!(metric(address, "freehold_contract_faults 0").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_let_in_changes_with_the_contract_and_protected_data_is_not_opened_by_a_change() {
    let place = Place::new(&[]).await;
    let served = Served::start(&place, &[]);
    let address = served.address;
    place.edit("product.graphql", "name: String", "name: String @visible(to: [\"service\"])");
    let line = served.logged("failed to reload the contract", 1);
    let detail = line["failure.detail"].as_str().expect("a detail");
    assert!(detail.contains("marks protected data"), "{detail}");
    assert_eq!(name(address).await, "Pump");
    place.edit("freehold.toml", "[freshness.product]", "[access]\nleeway = \"30s\"\n[freshness.product]");
    served.logged("contract reloaded", 1);
    let response = send(address, "POST", "/graphql", JSON, QUERY).await;
    assert_eq!((response.status, &response.json()["errors"][0]["extensions"]["code"]), (401, &json!("TOKEN_MISSING")));
    place.edit("freehold.toml", "leeway = \"30s\"", "anonymous = \"service\"");
    served.logged("contract reloaded", 2);
    assert_eq!(name(address).await, "Pump");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_are_let_in_on_when_the_contract_changes_while_their_issuer_is_down() {
    let (signer, place) = (Signer::rsa(), Place::new(&[]).await);
    let issuer = KeyServer::start(vec![signer.shown("r1")]).await;
    let access = format!(
        "[access.issuers.shop]\nissuer = \"shop\"\naudience = \"freehold\"\nalgorithms = [\"RS256\"]\njwks = \"{}\"
claims = {{ audience = {{ value = \"service\" }} }}\n[freshness.product]",
        issuer.url
    );
    place.edit("freehold.toml", "[freshness.product]", &access);
    let served = Served::start(&place, &[]);
    let claims = json!({"iss": "shop", "aud": "freehold", "sub": "u-1", "exp": 4_000_000_000_u64});
    let bearer = format!("Bearer {}", signer.sign(&json!({"alg": "RS256", "kid": "r1"}), &claims));
    let headers = [JSON[0], ("authorization", bearer.as_str())];
    let asked = async || {
        let response = send(served.address, "POST", "/graphql", &headers, QUERY).await;
        response.json()["data"]["product"]["name"].as_str().map(str::to_owned)
    };
    assert_eq!(asked().await.as_deref(), Some("Pump"));
    issuer.go_down(true);
    place.edit("systems/erp.toml", "select sku, name", "select sku, title as name");
    served.logged("contract reloaded", 1);
    assert_eq!(asked().await.as_deref(), Some("Title"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hangup_is_heeded_where_nothing_is_watched() {
    let place = Place::new(&[]).await;
    let served = Served::start(&place, &["--no-watch"]);
    let address = served.address;
    place.edit("systems/erp.toml", "select sku, name", "select sku, title as name");
    assert_eq!(name(address).await, "Pump");
    served.hang_up();
    served.logged("contract reloaded", 1);
    assert_eq!(name(address).await, "Title");
    // Nothing has changed; whoever asks is answered all the same.
    served.hang_up();
    let line = served.logged("contract reloaded", 2);
    assert_eq!(line["contract.version"], line["contract.before"], "{line}");
    assert_eq!(name(address).await, "Title");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_is_half_written_is_waited_for() {
    let place = Place::new(&[]).await;
    let served = Served::start(&place, &[]);
    // Each of these alone is a contract with a fault.
    place.edit("product.graphql", "name: String", "name: String kind: Kind");
    for letter in ["A", "B", "C", "D"] {
        std::thread::sleep(std::time::Duration::from_millis(150));
        place.write("kind.graphql", &format!("enum Kind {{ {letter}"));
    }
    place.write("kind.graphql", "enum Kind { D }\n");
    place.edit("systems/erp.toml", "select sku, name", "select sku, title as name, null as kind");
    served.logged("contract reloaded", 1);
    assert_eq!(name(served.address).await, "Title");
    assert!(!metric(served.address, "freehold_contract_reloads_total{outcome=\"refused\"} 1").await);
}
