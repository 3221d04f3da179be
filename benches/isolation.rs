//! One slow system and the others: an engine over three systems, of which one adds ten seconds to every call.
//!
//! Measured are queries that do not touch the slow system, alone and while others load the slow one, in turns, so that both
//! meet the machine in the same moods. The queries that touch it must be answered within their deadline, with its fields
//! null and a reason; the bench fails if one is not.
//!
//! `cargo bench --bench isolation`

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use freehold::{
    access::Caller,
    cache::Cache,
    contract::{Contract, Files, load},
    engine::{Engine, Request},
    fetch::{Cell, Clock, Fetch, FetchError, Layout, ListFetch, Outcome, Owner, Page, Stamp, SystemClock},
    owner::{Owners, guard},
    settings::{CacheSettings, EngineSettings},
    telemetry::Telemetry,
    value::{Key, SystemId},
};
use futures_util::{FutureExt, future::BoxFuture};
use serde_json::{Value, json};

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const N_CLIENTS: usize = 64;
const N_SLOW_CLIENTS: usize = 64;
const N_ROUNDS: usize = 6;
const ROUND: Duration = Duration::from_secs(5);
const ADDED: Duration = Duration::from_secs(10);
/// The slow system's timeout, and what a busy machine may add to it.
const TIMEOUT: Duration = Duration::from_secs(2);
const ALLOWANCE: Duration = Duration::from_millis(250);

const UNTOUCHED: &str = "query($skus: [String!]!) { products(skus: $skus) { sku status name } }";
const TOUCHING: &str = "query($skus: [String!]!) { products(skus: $skus) { sku status name teaser } }";

/// A system in memory that takes its time.
struct Memory {
    contract: Arc<Contract>,
    takes: Duration,
}

impl Owner for Memory {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        async move {
            tokio::time::sleep(self.takes).await;
            let (group, shapes) = (self.contract.group(fetch.group), &self.contract.shapes);
            let columns: Vec<String> = shapes[group.shape.index()].slots.iter().map(|slot| slot.name.clone()).collect();
            let layout = Layout::new(group.shape, shapes, &columns, &[], &group.adaptations);
            let stamp = Stamp::answered(group.system, SystemClock.now_ms());
            let record = |key: &Key| {
                let cells: Vec<Cell<'_>> =
                    columns.iter().map(|column| Cell::Text(format!("{column} of {key}").into())).collect();
                Ok(Arc::new(layout.record(shapes, &cells, &[], stamp)))
            };
            fetch.keys.iter().map(record).collect()
        }
        .boxed()
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        async move { panic!("no lists here: {fetch:?}") }.boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        async { Ok(()) }.boxed()
    }
}

fn contract(breaker: &str) -> Arc<Contract> {
    let system = |more: &str| {
        let group = "[Product]\nquery = \"select 1 where sku in (:keys)\"\n";
        format!("kind = \"sqlite\"\nurl = \"unused\"\ntimeout = \"2s\"\n{more}\n{group}")
    };
    let files = Files::new([
        (
            "schema.graphql".to_owned(),
            "type Query { products(skus: [String!]!): [Product] @ref(key: \"sku: $skus\") }\n\
             type Product @key(fields: \"sku\") @owner(system: \"erp\") @domain(name: \"product\") {\n  sku: String!\n  \
             status: String\n  name: String @owner(system: \"pim\")\n  teaser: String @owner(system: \"shop\")\n}"
                .to_owned(),
        ),
        ("freehold.toml".to_owned(), "systems = [\"erp.toml\", \"pim.toml\", \"shop.toml\"]".to_owned()),
        ("erp.toml".to_owned(), system("")),
        ("pim.toml".to_owned(), system("")),
        ("shop.toml".to_owned(), system(breaker)),
    ]);
    let loaded = load(&files, &|_| None);
    Arc::new(loaded.contract.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics)))
}

fn engine(breaker: &str) -> Arc<Engine> {
    let (contract, telemetry) = (contract(breaker), Telemetry::new());
    let owners = contract.systems.iter().enumerate().map(|(number, system)| {
        let own = Duration::from_millis(2);
        let takes = if system.name == "shop" { own + ADDED } else { own };
        let memory = Memory { contract: contract.clone(), takes };
        guard(Arc::new(memory), &contract, SystemId::from(number), &telemetry)
    });
    let owners = Owners::from_vec(owners.collect());
    let cache = Cache::new(&contract, owners, CacheSettings::nothing(), &telemetry);
    Arc::new(Engine::new(contract.clone(), cache, EngineSettings::default(), telemetry).expect("an engine"))
}

/// Asks for twenty of 5,000 products.
async fn ask(engine: &Engine, query: &str, seed: usize) -> (Value, Duration) {
    let seed = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
    let skus: Vec<String> = (0..20).map(|n| format!("PMP-{:05}", seed.wrapping_add(n * 131) % 5_000)).collect();
    let Value::Object(variables) = json!({"skus": skus}) else { unreachable!("it is an object") };
    let request =
        Request { query: query.to_owned(), variables, caller: Caller::operator().into(), ..Request::default() };
    let begun = Instant::now();
    let body = engine.answer(&request).await.body;
    let took = begun.elapsed();
    (serde_json::from_slice(&body).expect("an answer is JSON"), took)
}

/// Clients that ask what does not touch the slow system, with a pause after each answer.
async fn measure(engine: &Arc<Engine>, round: usize) -> Vec<Duration> {
    let end = Instant::now() + ROUND;
    let clients = (0..N_CLIENTS).map(|client| {
        let engine = engine.clone();
        tokio::spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < end {
                let (answer, took) = ask(&engine, UNTOUCHED, (round * N_CLIENTS + client) * 10_000 + times.len()).await;
                assert!(answer.get("errors").is_none(), "{answer}");
                times.push(took);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            times
        })
    });
    futures_util::future::join_all(clients)
        .await
        .into_iter()
        .flat_map(|times| times.expect("no client fails"))
        .collect()
}

/// Clients that ask the slow system for as long as they are let; returns how long their answers took.
async fn load_slow(engine: &Arc<Engine>, loading: &Arc<AtomicBool>, n_refused: &Arc<AtomicUsize>) -> Vec<Duration> {
    let clients = (0..N_SLOW_CLIENTS).map(|client| {
        let (engine, loading, n_refused) = (engine.clone(), loading.clone(), n_refused.clone());
        tokio::spawn(async move {
            let mut times = Vec::new();
            while loading.load(Ordering::Relaxed) {
                let (answer, took) = ask(&engine, TOUCHING, client * 1_000_000 + times.len()).await;
                assert!(took <= TIMEOUT + ALLOWANCE, "an answer took {took:?}");
                let products = answer["data"]["products"].as_array().expect("products");
                assert!(products.iter().all(|product| product["teaser"].is_null() && product["name"].is_string()));
                let extensions = &answer["errors"][0]["extensions"];
                assert_eq!(extensions["system"], "shop");
                let is_reason = |code: &Value| code == "SOURCE_TIMEOUT" || code == "SOURCE_UNAVAILABLE";
                assert!(is_reason(&extensions["code"]) && extensions["reason"].is_string(), "{extensions}");
                n_refused.fetch_add(usize::from(extensions["code"] == "SOURCE_UNAVAILABLE"), Ordering::Relaxed);
                times.push(took);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            times
        })
    });
    futures_util::future::join_all(clients)
        .await
        .into_iter()
        .flat_map(|times| times.expect("no client fails"))
        .collect()
}

fn at(sorted: &[Duration], percent: usize) -> f64 {
    sorted[(sorted.len() - 1) * percent / 100].as_secs_f64() * 1e3
}

fn row(name: &str, times: &mut [Duration]) {
    times.sort();
    println!("{name:<46} {:>8} {:>10.2} {:>10.2} {:>10.2}", times.len(), at(times, 50), at(times, 99), at(times, 100));
}

async fn compare(title: &str, breaker: &str) {
    let engine = engine(breaker);
    let (mut alone, mut beside, mut slow) = (Vec::new(), Vec::new(), Vec::new());
    let (loading, n_refused) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    measure(&engine, 0).await;
    for round in 0..N_ROUNDS {
        alone.extend(measure(&engine, 2 * round).await);
        loading.store(true, Ordering::Relaxed);
        let (measured, loaded) = tokio::join!(
            async {
                let measured = measure(&engine, 2 * round + 1).await;
                loading.store(false, Ordering::Relaxed);
                measured
            },
            load_slow(&engine, &loading, &n_refused)
        );
        beside.extend(measured);
        slow.extend(loaded);
    }
    println!("\n{title}");
    println!("{:<46} {:>8} {:>10} {:>10} {:>10}", "", "queries", "p50 ms", "p99 ms", "most ms");
    row("not touching the slow system, alone", &mut alone);
    row("not touching it, while it is loaded", &mut beside);
    row("touching it: null, with a reason", &mut slow);
    println!(
        "loaded / alone: p50 {:.2}, p99 {:.2}; refused at once by the breaker: {} of {}",
        at(&beside, 50) / at(&alone, 50),
        at(&beside, 99) / at(&alone, 99),
        n_refused.load(Ordering::Relaxed),
        slow.len()
    );
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    println!(
        "{N_CLIENTS} clients ask two systems of 2 ms; {N_SLOW_CLIENTS} others ask a third that takes {ADDED:?} more and is \
         given {TIMEOUT:?}; {N_ROUNDS} rounds of {ROUND:?} each way"
    );
    runtime.block_on(async {
        compare("with the breaker", "").await;
        compare("without the breaker", "breaker = false").await;
    });
}
