//! Disagreement is normal: two systems hold a field, and the owner's value is served however late it comes.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use freehold::{
    access::Caller,
    cache::Cache,
    contract::{Files, load},
    engine::{Engine, Request},
    fetch::{Fetch, FetchError, FetchErrorKind, ListFetch, Outcome, Owner, Page},
    owner::{self, Owners},
    settings::{CacheSettings, EngineSettings},
    source::SystemName,
    telemetry::Telemetry,
    value::SystemId,
};
use futures_util::{FutureExt, future::BoxFuture};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::common::system::System;

const GRAPH: &str = r#"
type Query { product(sku: String!): Product @ref(key: "sku: $sku") }
type Product @key(fields: "sku") @owner(system: "erp") @domain(name: "product") {
  sku: String!
  status: String @copy(system: "shop")
  onHand: Int @copy(system: "shop")
  "What the shop believes, for whoever wants to see that it differs."
  shopStatus: String @owner(system: "shop")
}
"#;

/// An owner that answers when it is let, or fails.
struct Held {
    inner: Arc<dyn Owner>,
    name: SystemName,
    gate: Semaphore,
    fails: AtomicBool,
    n_answered: AtomicUsize,
}

impl Owner for Held {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        async move {
            self.gate.acquire().await.unwrap().forget();
            self.n_answered.fetch_add(1, Ordering::SeqCst);
            if self.fails.load(Ordering::SeqCst) {
                let error = self.name.error(FetchErrorKind::Unavailable, "connection refused");
                return fetch.keys.iter().map(|_| Err(error.clone())).collect();
            }
            self.inner.fetch(fetch).await
        }
        .boxed()
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        self.inner.list(fetch)
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        self.inner.probe()
    }
}

struct Company {
    engine: Engine,
    erp: Arc<Held>,
    shop: Arc<Held>,
    _systems: [System; 2],
}

/// The ERP has withdrawn a product that the shop sells from last week's stock.
async fn company() -> Company {
    let (erp, shop) = (System::sqlite(), System::sqlite());
    erp.load(
        "create table item (sku text, status text, on_hand integer); insert into item values ('A', 'WITHDRAWN', 0)",
    )
    .await;
    shop.load(
        "create table item (sku text, status text, on_hand integer); insert into item values ('A', 'ON_SALE', 40)",
    )
    .await;
    let file = |system: &System, columns: &str| {
        let kind = system.kind();
        let freehold::contract::SystemKind::Sqlite { url } = &kind else { panic!("a SQLite file") };
        let url = url.reveal();
        format!(
            "kind = \"sqlite\"\nurl = \"{url}\"\n[Product]\nquery = \"select sku, {columns} from item where sku in (:keys)\"\n"
        )
    };
    let files = Files::new([
        ("graph.graphql".to_owned(), GRAPH.to_owned()),
        ("freehold.toml".to_owned(), "systems = [\"erp.toml\", \"shop.toml\"]\n".to_owned()),
        ("erp.toml".to_owned(), file(&erp, "status, on_hand as onHand")),
        ("shop.toml".to_owned(), file(&shop, "status, on_hand as onHand, status as shopStatus")),
    ]);
    let loaded = load(&files, &|_| None);
    let contract = Arc::new(loaded.contract.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics)));
    let telemetry = Telemetry::new();
    let owners = owner::open(&contract, &telemetry);
    let held = |number: u32, n_open: usize| {
        let id = SystemId::from(number as usize);
        Arc::new(Held {
            inner: Arc::clone(owners.of(id)),
            name: SystemName::new(&contract, id),
            gate: Semaphore::new(n_open),
            fails: AtomicBool::new(false),
            n_answered: AtomicUsize::new(0),
        })
    };
    let (slow, fast) = (held(0, 0), held(1, 1_000));
    let owners = Owners::from_vec(vec![Arc::clone(&slow) as Arc<dyn Owner>, Arc::clone(&fast) as Arc<dyn Owner>]);
    let cache = Cache::new(&contract, owners, CacheSettings::nothing(), &telemetry);
    let engine = Engine::new(contract, cache, EngineSettings::default(), telemetry).unwrap();
    Company { engine, erp: slow, shop: fast, _systems: [erp, shop] }
}

impl Company {
    async fn ask(&self, query: &str) -> Value {
        let request = Request { query: query.to_owned(), caller: Caller::operator().into(), ..Request::default() };
        serde_json::from_slice(&self.engine.answer(&request).await.body).unwrap()
    }
}

const BOTH: &str = "{ product(sku: \"A\") { status onHand shopStatus } }";

#[tokio::test]
async fn s6_11_the_owners_value_is_served_however_fast_a_copy_answers() {
    let company = Arc::new(company().await);
    let asking = Arc::clone(&company);
    let answer = tokio::spawn(async move { asking.ask(BOTH).await });
    while company.shop.n_answered.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!answer.is_finished(), "the shop has answered long ago, and is not the owner");
    company.erp.gate.add_permits(1_000);
    let expected = json!({"product": {"status": "WITHDRAWN", "onHand": 0, "shopStatus": "ON_SALE"}});
    assert_eq!(
        answer.await.unwrap(),
        json!({ "data": expected }),
        "that the shop differs can be seen, and does not win"
    );
}

#[tokio::test]
async fn s6_11_a_copy_is_not_asked_for_what_another_system_owns_even_while_the_owner_is_down() {
    let company = company().await;
    company.erp.gate.add_permits(1_000);
    company.erp.fails.store(true, Ordering::SeqCst);
    let answer = company.ask("{ product(sku: \"A\") { status onHand } }").await;
    assert_eq!(answer["data"], json!({"product": null}), "whether it exists is the owner's to say");
    assert_eq!(answer["errors"][0]["extensions"]["code"], "SOURCE_UNAVAILABLE");
    assert_eq!(answer["errors"][0]["extensions"]["system"], "erp");
    assert_eq!(company.shop.n_answered.load(Ordering::SeqCst), 0, "nobody asks the shop");
    company.erp.fails.store(false, Ordering::SeqCst);
    let answer = company.ask("{ product(sku: \"A\") { status onHand } }").await;
    assert_eq!(answer, json!({"data": {"product": {"status": "WITHDRAWN", "onHand": 0}}}));
    assert_eq!(company.shop.n_answered.load(Ordering::SeqCst), 0);
}
