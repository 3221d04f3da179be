//! Memory: what a process takes while a million keys are read through its cache, and what becomes of what is asked often.
//!
//! A crawler asks for every product once, a listing of 24 at a time, while shoppers keep asking for the same thousand; then
//! an export asks for all of them again, 10,000 at a time. The owner is in the process and makes records as they are asked
//! for, so that the process holds nothing but what the cache keeps. Each budget has a process of its own.
//!
//! `cargo bench --bench memory`, which writes `memory.json` into the target folder.

#[path = "../tests/integration/common/resident.rs"]
mod resident;

use std::{
    env, fs,
    path::PathBuf,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use freehold::{
    cache::{Asking, Cache, Demand, Question},
    contract::{Contract, Files, load},
    fetch::{Cell, Clock, Fetch, FetchError, Layout, ListFetch, Outcome, Owner, Page, Stamp, SystemClock},
    owner::Owners,
    settings::CacheSettings,
    telemetry::Telemetry,
    value::{GroupId, Key, SystemId},
};
use futures_util::future::{BoxFuture, ready};
use serde_json::{Value, json};

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const MIB: f64 = 1024.0 * 1024.0;

/// What a small process is given, and what is the default.
const BUDGETS_MIB: [usize; 2] = [64, 256];

const N_KEYS: usize = 1_000_000;
const KEYS_OF_LISTING: usize = 24;
const KEYS_OF_EXPORT: usize = 10_000;

/// What shoppers ask for, each time so many keys have been crawled.
const N_ASKED_OFTEN: usize = 1_000;
const CRAWLED_BETWEEN: usize = 12_000;

/// How many fields a record has, and how long each is: about 1 KiB with its stamp.
const N_FIELDS: usize = 12;
const FIELD: &str = "Centrifugal pump, stainless steel, close coupled, with mechanical seal, size 40-160";

/// The word before the budget of a child process.
const CHILD: &str = "--budget-mib";

fn main() {
    let mut words = env::args().skip_while(|word| word != CHILD);
    if let Some(mib) = words.nth(1) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let lines = runtime.block_on(fill(mib.parse().expect("a number of MiB")));
        println!("{}", Value::from(lines));
        return;
    }
    println!("{N_KEYS} keys read through a cache, and {N_ASKED_OFTEN} of them again and again");
    println!(
        "{:>10}  {:<34} {:>10} {:>10} {:>10} {:>10} {:>12}",
        "budget MiB", "after", "kept MiB", "entries", "RSS MiB", "most MiB", "asked again"
    );
    let program = env::current_exe().expect("a program knows itself");
    let mut all = Vec::new();
    for mib in BUDGETS_MIB {
        let output = Command::new(&program).args([CHILD, &mib.to_string()]).output().expect("the bench starts itself");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let lines: Vec<Value> = serde_json::from_slice(&output.stdout).expect("lines");
        for line in &lines {
            let number = |name: &str| line[name].as_f64().expect("a number");
            println!(
                "{mib:>10}  {:<34} {:>10.1} {:>10} {:>10.1} {:>10.1} {:>12}",
                line["after"].as_str().expect("a name"),
                number("kept_mib"),
                number("entries"),
                number("rss_mib"),
                number("rss_mib_max"),
                number("asked_again"),
            );
        }
        all.extend(lines);
    }
    // target/release/deps/memory-…
    let path = program.ancestors().nth(3).map_or_else(PathBuf::new, PathBuf::from).join("memory.json");
    fs::write(&path, serde_json::to_string_pretty(&all).expect("JSON")).expect("a writable folder");
    println!("\nwritten to {}", path.display());
}

/// Reads everything through a cache of so many MiB. Returns what was seen on the way.
async fn fill(budget_mib: usize) -> Vec<Value> {
    let contract = Arc::new(contract());
    let owner = Arc::new(Maker::new(&contract));
    let owners = Owners::from_vec(vec![Arc::clone(&owner) as Arc<dyn Owner>]);
    let settings = CacheSettings { memory_bytes_max: budget_mib * MIB as usize, ..CacheSettings::default() };
    let cache = Cache::new(&contract, owners, settings, &Telemetry::new());
    let mut lines = Vec::new();
    let mut note = |after: &str, asked_again: usize| {
        let (bytes, n_entries) = cache.weight();
        assert!(bytes <= (budget_mib * MIB as usize) as u64, "the budget is kept");
        lines.push(json!({
            "budget_mib": budget_mib, "after": after, "kept_mib": bytes as f64 / MIB, "entries": n_entries,
            "rss_mib": mib("VmRSS"), "rss_mib_max": mib("VmHWM"), "asked_again": asked_again,
        }));
    };
    note("nothing", 0);
    let often: Arc<[Key]> = (0..N_ASKED_OFTEN).map(|number| key(number * (N_KEYS / N_ASKED_OFTEN))).collect();
    // Twice: what was asked for once only is not yet asked for often.
    for _ in 0..2 {
        ask(&cache, &often).await;
    }
    let mut n_again = 0;
    let mut crawled = 0;
    while crawled < N_KEYS {
        let until = (crawled + CRAWLED_BETWEEN).min(N_KEYS);
        while crawled < until {
            let end = (crawled + KEYS_OF_LISTING).min(until);
            ask(&cache, &(crawled..end).map(key).collect()).await;
            crawled = end;
        }
        let before = owner.asked();
        ask(&cache, &often).await;
        n_again += owner.asked() - before;
        if [120_000, 240_000, 480_000, N_KEYS].contains(&crawled) {
            note(&format!("{crawled} keys crawled"), n_again);
        }
    }
    for begin in (0..N_KEYS).step_by(KEYS_OF_EXPORT) {
        ask(&cache, &(begin..begin + KEYS_OF_EXPORT).map(key).collect()).await;
    }
    let before = owner.asked();
    ask(&cache, &often).await;
    note("an export of all of them", owner.asked() - before);
    lines
}

async fn ask(cache: &Cache, keys: &Arc<[Key]>) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let question = Question::Records { group: GroupId(0), keys: Arc::clone(keys), deadline };
    for asking in cache.ask(vec![question], &Demand::default()) {
        if let Asking::Waiting(waiting) = asking {
            waiting.await;
        }
    }
}

fn key(number: usize) -> Key {
    Key::one(&format!("PMP-{number:07}"))
}

/// Reads a number of MiB that the kernel tells of this process.
fn mib(name: &str) -> f64 {
    resident::resident("self", name) as f64 / MIB
}

fn contract() -> Contract {
    let fields: String = (0..N_FIELDS).map(|n| format!("  f{n}: String\n")).collect();
    let sdl = format!(
        "type Query {{\n  product(sku: String!): Product @ref(key: \"sku: $sku\")\n}}\n\
         type Product @key(fields: \"sku\") @owner(system: \"erp\") @domain(name: \"product\") {{\n  sku: String!\n{fields}}}\n"
    );
    let system = "kind = \"sqlite\"\nurl = \"unused\"\n[Product]\nquery = \"select sku from t where sku in (:keys)\"\n";
    let freehold = "systems = [\"erp.toml\"]\n[freshness.product]\nmax_age = \"2h\"\nrefresh_after = \"1h\"\n";
    let files = [("schema.graphql", sdl.as_str()), ("freehold.toml", freehold), ("erp.toml", system)];
    let loaded = load(&Files::new(files.map(|(name, text)| (name.to_owned(), text.to_owned()))), &|_| None);
    loaded.contract.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
}

/// An owner that makes the records it is asked for, and counts them.
struct Maker {
    contract: Arc<Contract>,
    layout: Layout,
    n_asked: AtomicUsize,
}

impl Maker {
    fn new(contract: &Arc<Contract>) -> Self {
        let group = &contract.groups[0];
        let slots = &contract.shapes[group.shape.index()].slots;
        let columns: Vec<String> = slots.iter().map(|slot| slot.name.clone()).collect();
        let layout = Layout::new(group.shape, &contract.shapes, &columns, &[], &group.adaptations);
        Self { contract: Arc::clone(contract), layout, n_asked: AtomicUsize::new(0) }
    }

    fn asked(&self) -> usize {
        self.n_asked.load(Ordering::Relaxed)
    }
}

impl Owner for Maker {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        self.n_asked.fetch_add(fetch.keys.len(), Ordering::Relaxed);
        let stamp = Stamp::answered(SystemId(0), SystemClock.now_ms());
        let record = |key: &Key| {
            let cells: Vec<Cell<'_>> = (0..N_FIELDS).map(|n| Cell::Text(format!("{FIELD} {key} {n}").into())).collect();
            Ok(Arc::new(self.layout.record(&self.contract.shapes, &cells, &[], stamp)))
        };
        Box::pin(ready(fetch.keys.iter().map(record).collect()))
    }

    fn list(&self, _: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        unreachable!("the contract has no list")
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        Box::pin(ready(Ok(())))
    }
}
