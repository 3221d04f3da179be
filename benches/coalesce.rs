//! Coalescing, side by side with async-graphql's `DataLoader` over the same source.
//!
//! Low load: one caller, one question after the other; what the wrapper adds to the source's own time. Load: many callers at
//! once; how many calls reach the source, and how long a caller waits. The source answers from memory, after a set time.
//!
//! `cargo bench --bench coalesce`

use std::{
    collections::HashMap,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_graphql::dataloader::{DataLoader, Loader};
use freehold::{
    contract::{Contract, Files, load},
    fetch::{Fetch, FetchError, ListFetch, Outcome, Owner, Page, Record, Stamp},
    owner::{Coalesced, GuardedSystem},
    telemetry::Telemetry,
    value::{GroupId, Key, SystemId},
};
use futures_util::{FutureExt, future::BoxFuture};

/// The allocator of the program, for both sides.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many calls of a group Freehold has under way, as for a system with the default of eight connections.
const CALLS_MAX: usize = 4;

/// A source that knows every key and counts how it is asked.
struct Counted {
    takes: Duration,
    n_calls: AtomicUsize,
    n_keys: AtomicUsize,
    n_running: AtomicUsize,
    running_most: AtomicUsize,
}

impl Counted {
    fn new(takes: Duration) -> Arc<Self> {
        let (n_calls, n_keys, n_running, running_most) = Default::default();
        Arc::new(Self { takes, n_calls, n_keys, n_running, running_most })
    }
}

impl Owner for Counted {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        async move {
            self.n_calls.fetch_add(1, Ordering::Relaxed);
            self.n_keys.fetch_add(fetch.keys.len(), Ordering::Relaxed);
            let n_running = self.n_running.fetch_add(1, Ordering::Relaxed) + 1;
            self.running_most.fetch_max(n_running, Ordering::Relaxed);
            if !self.takes.is_zero() {
                tokio::time::sleep(self.takes).await;
            }
            self.n_running.fetch_sub(1, Ordering::Relaxed);
            let stamp = Stamp { system: SystemId(0), started_ms: 0, ended_ms: 0, as_of_ms: None, until_ms: None };
            fetch.keys.iter().map(|_| Ok(Record::absent(stamp).into())).collect()
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

fn question(keys: &[Key]) -> Fetch {
    Fetch { group: GroupId(0), keys: keys.into(), deadline: Instant::now() + Duration::from_secs(20) }
}

/// The same source as `DataLoader` asks it.
struct Loading(Arc<Counted>);

impl Loader<Key> for Loading {
    type Value = Arc<Record>;
    type Error = FetchError;

    async fn load(&self, keys: &[Key]) -> Result<HashMap<Key, Arc<Record>>, FetchError> {
        let outcomes = self.0.fetch(question(keys)).await;
        keys.iter().cloned().zip(outcomes).map(|(key, outcome)| Ok((key, outcome?))).collect()
    }
}

/// One of the two, or neither.
#[derive(Clone)]
enum Side {
    Bare(Arc<Counted>),
    Freehold(Arc<Coalesced>),
    DataLoader(Arc<DataLoader<Loading>>),
}

impl Side {
    async fn ask(&self, keys: &[Key]) {
        let n = match self {
            Self::Bare(source) => source.fetch(question(keys)).await.len(),
            Self::Freehold(owner) => owner.fetch(question(keys)).await.into_iter().filter(Result::is_ok).count(),
            Self::DataLoader(loader) => loader.load_many(keys.iter().cloned()).await.map_or(0, |found| found.len()),
        };
        assert_eq!(n, keys.len());
    }
}

fn contract() -> Arc<Contract> {
    let files = Files::new([
        (
            "schema.graphql".to_owned(),
            "type Query { product(sku: String!): Product @ref(key: \"sku: $sku\") }\n\
             type Product @key(fields: \"sku\") @owner(system: \"erp\") @domain(name: \"product\") { sku: String! a: Int }"
                .to_owned(),
        ),
        ("freehold.toml".to_owned(), "systems = [\"erp.toml\"]".to_owned()),
        (
            "erp.toml".to_owned(),
            "kind = \"sqlite\"\nurl = \"unused\"\n[Product]\nquery = \"select a from t where sku in (:keys)\"".to_owned(),
        ),
    ]);
    let loaded = load(&files, &|_| None);
    Arc::new(loaded.contract.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics)))
}

fn sides(contract: &Arc<Contract>, takes: Duration) -> [(&'static str, Arc<Counted>, Side); 3] {
    let system = GuardedSystem::new(contract, SystemId(0), &Telemetry::new());
    let sources: [Arc<Counted>; 3] = std::array::from_fn(|_| Counted::new(takes));
    let [bare, ours, theirs] = sources;
    let freehold = Coalesced::new(ours.clone(), system, CALLS_MAX);
    let loader = DataLoader::new(Loading(theirs.clone()), tokio::spawn);
    [
        ("source alone", bare.clone(), Side::Bare(bare)),
        ("freehold", ours, Side::Freehold(Arc::new(freehold))),
        ("DataLoader", theirs, Side::DataLoader(Arc::new(loader))),
    ]
}

async fn timed(work: impl Future<Output = ()>) -> Duration {
    let begun = Instant::now();
    work.await;
    begun.elapsed()
}

fn at(sorted: &[Duration], percent: usize) -> f64 {
    sorted[(sorted.len() - 1) * percent / 100].as_secs_f64() * 1e3
}

fn key(number: usize) -> Key {
    Key::one(&format!("PMP-{number:05}"))
}

async fn low_load(contract: &Arc<Contract>, takes: Duration, n_keys: usize) {
    let keys: Vec<Key> = (0..n_keys).map(key).collect();
    println!("\nlow load: one caller, {n_keys} keys a question, the source takes {takes:?}");
    println!("{:<14} {:>10} {:>10}", "", "p50 ms", "p99 ms");
    let mut medians = Vec::new();
    for (name, _, side) in sides(contract, takes) {
        let mut times = Vec::new();
        for _ in 0..2_000 {
            times.push(timed(side.ask(&keys)).await);
        }
        times.sort();
        println!("{name:<14} {:>10.4} {:>10.4}", at(&times, 50), at(&times, 99));
        medians.push(at(&times, 50));
    }
    println!("DataLoader / freehold, p50: {:.1}", medians[2] / medians[1]);
}

/// Callers come back as soon as they are answered; each asks for ten of a thousand keys.
async fn load_of(contract: &Arc<Contract>, n_callers: usize, takes: Duration) {
    const N_QUESTIONS: usize = 100;
    println!(
        "\nload: {n_callers} callers, {N_QUESTIONS} questions each of 10 of 1,000 keys, the source takes {takes:?}"
    );
    println!(
        "{:<14} {:>8} {:>10} {:>8} {:>10} {:>10} {:>12}",
        "", "calls", "keys", "at once", "p50 ms", "p99 ms", "questions/s"
    );
    let mut calls = Vec::new();
    for (name, source, side) in sides(contract, takes) {
        let begun = Instant::now();
        let callers = (0..n_callers).map(|caller| {
            let side = side.clone();
            tokio::spawn(async move {
                let mut times = Vec::with_capacity(N_QUESTIONS);
                for number in 0..N_QUESTIONS {
                    let seed = (caller * N_QUESTIONS + number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                    let keys: Vec<Key> = (0..10).map(|n| key((seed >> 20).wrapping_add(n * 97) % 1_000)).collect();
                    times.push(timed(side.ask(&keys)).await);
                }
                times
            })
        });
        let mut times = Vec::new();
        for caller in futures_util::future::join_all(callers).await {
            times.extend(caller.expect("no caller fails"));
        }
        let took = begun.elapsed().as_secs_f64();
        times.sort();
        let n_calls = source.n_calls.load(Ordering::Relaxed);
        println!(
            "{name:<14} {n_calls:>8} {:>10} {:>8} {:>10.2} {:>10.2} {:>12.0}",
            source.n_keys.load(Ordering::Relaxed),
            source.running_most.load(Ordering::Relaxed),
            at(&times, 50),
            at(&times, 99),
            times.len() as f64 / took,
        );
        calls.push(n_calls as f64);
    }
    println!("DataLoader / freehold, calls: {:.1}", calls[2] / calls[1]);
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let contract = contract();
    runtime.block_on(async {
        for n_keys in [1, 50] {
            tokio::spawn({
                let contract = contract.clone();
                async move {
                    low_load(&contract, Duration::ZERO, n_keys).await;
                    low_load(&contract, Duration::from_millis(2), n_keys).await;
                }
            })
            .await
            .expect("the measurement runs");
        }
        for (n_callers, takes) in [(16, 5), (256, 5), (1_000, 20)] {
            load_of(&contract, n_callers, Duration::from_millis(takes)).await;
        }
    });
}
