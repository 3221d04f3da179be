//! Files of a million rows: how long loading takes, how many bytes a row costs, how many questions are answered.
//!
//! The rows are prices of 60 bytes or so, once as csv and once as ndjson. Heap bytes are counted at the allocator, so that
//! nothing is forgotten; the most that was held while loading is what a machine must have beside what it serves.
//!
//! `cargo bench --bench file`; `FREEHOLD_ROWS` says how many rows.

use std::{
    alloc::{GlobalAlloc, Layout},
    fmt::Write,
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use freehold::{
    contract::{Contract, Files, load},
    fetch::{Direction, Fetch, ListFetch, Owner, Window},
    source::FileSource,
    telemetry::Telemetry,
    value::{Argument, GroupId, Key, ListId, SystemId},
};

/// The allocator of the program, counted.
struct Counted;

static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on as it came; the counters are beside it.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Relaxed) + layout.size();
        MOST.fetch_max(held, Relaxed);
        unsafe { mimalloc::MiMalloc.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        unsafe { mimalloc::MiMalloc.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counted = Counted;

const KEYS: usize = 50;
const CATEGORIES: usize = 1_000;

fn contract(folder: &str, glob: &str) -> Arc<Contract> {
    let graph = "type Query {\n\
          price(sku: String!): Price @ref(key: \"sku: $sku\")\n\
          pricesOf(category: String, first: Int): [Price] @list(name: \"pricesOf\")\n}\n\
        type Price @key(fields: \"sku\") @owner(system: \"drop\") @domain(name: \"price\") {\n\
          sku: String! amount: Decimal currency: String category: String text: String\n}\n";
    let system = format!(
        "kind = \"file\"\nfolder = \"{folder}\"\nsettle = \"0s\"\n[Price]\nglob = \"{glob}\"\n\
         [lists.pricesOf]\nglob = \"{glob}\"\nwhere = {{ category = \"category\" }}\norder = [\"amount desc\", \"sku\"]\n"
    );
    let files = Files::new([
        ("graph.graphql".to_owned(), graph),
        ("freehold.toml".to_owned(), "systems = [\"drop.toml\"]\n".to_owned()),
        ("drop.toml".to_owned(), system),
    ]);
    let loaded = load(&files, &|_| None);
    Arc::new(loaded.contract.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics)))
}

fn sku(n: usize) -> String {
    format!("SKU-{:08}", n.wrapping_mul(2_654_435_761) % 100_000_000)
}

fn rows(n_rows: usize, is_csv: bool) -> String {
    let mut text = if is_csv { "sku,amount,currency,category,text\n".to_owned() } else { String::new() };
    for n in 0..n_rows {
        let (sku, amount, category) = (sku(n), n * 37 % 100_000, n % CATEGORIES);
        let written = if is_csv {
            writeln!(text, "{sku},{}.{:02},EUR,C-{category},\"Pump, size {n}\"", amount / 100, amount % 100)
        } else {
            writeln!(
                text,
                "{{\"sku\":\"{sku}\",\"amount\":{}.{:02},\"currency\":\"EUR\",\"category\":\"C-{category}\",\"text\":\"Pump {n}\"}}",
                amount / 100,
                amount % 100
            )
        };
        written.expect("a string takes everything");
    }
    text
}

/// Runs for a second or so; returns how often in one.
fn per_second(mut run: impl FnMut(usize)) -> f64 {
    let (began, mut n_runs) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(1) {
        run(n_runs);
        n_runs += 1;
    }
    n_runs as f64 / began.elapsed().as_secs_f64()
}

fn measure(name: &str, n_rows: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, rows(n_rows, name.ends_with(".csv"))).expect("a file");
    let n_bytes_file = std::fs::metadata(&path).expect("a file").len() as usize;
    let contract = contract(&folder.path().display().to_string(), name);
    let source = FileSource::new(contract, SystemId(0), Telemetry::new());
    let held = HELD.load(Relaxed);
    MOST.store(held, Relaxed);
    let began = Instant::now();
    source.look(i64::MAX / 2);
    let loading = began.elapsed();
    let (kept, most) = (HELD.load(Relaxed) - held, MOST.load(Relaxed) - held);
    let loaded = source.loaded();
    assert_eq!(loaded.len(), 2, "the group and the list are served");

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let deadline = Instant::now() + Duration::from_secs(3_600);
    let lookups = per_second(|run| {
        let keys: Arc<[Key]> = (0..KEYS).map(|n| Key::one(&sku((run * 7_919 + n * 104_729) % n_rows))).collect();
        let outcomes = runtime.block_on(source.fetch(Fetch { group: GroupId(0), keys, deadline }));
        assert!(outcomes.iter().all(|outcome| outcome.as_ref().is_ok_and(|record| record.table().is_some())));
        black_box(outcomes);
    });
    let page = |run: usize| {
        let arguments = vec![[Argument::One(format!("C-{}", run % CATEGORIES).into())].into()];
        let window = Window { direction: Direction::Forward, n_rows: 20, after: None, before: None };
        let fetch = ListFetch { list: ListId(0), arguments, window, count_up_to: Some(u64::MAX), deadline };
        let page = runtime.block_on(source.list(fetch)).remove(0).expect("a page");
        assert_eq!(page.items.len(), 20.min(n_rows / CATEGORIES));
    };
    let began = Instant::now();
    page(0);
    let sorting = began.elapsed();
    let pages = per_second(page);
    let per_row = |n_bytes: usize| n_bytes as f64 / n_rows as f64;
    println!(
        "| {name} | {n_rows} | {:.1} | {:.2} s | {:.1} | {:.1} | {:.1} | {:.0} | {:.2} s | {:.0} |",
        per_row(n_bytes_file),
        loading.as_secs_f64(),
        per_row(kept),
        per_row(loaded[0].n_bytes_index),
        per_row(most),
        lookups,
        sorting.as_secs_f64(),
        pages,
    );
}

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    let is_test = !std::env::args().any(|argument| argument == "--bench");
    let n_rows = std::env::var("FREEHOLD_ROWS").ok().and_then(|text| text.parse().ok());
    let n_rows = n_rows.unwrap_or(if is_test { 20_000 } else { 1_000_000 });
    println!(
        "| file | rows | file B/row | load | heap B/row | of it index | most while loading | lookups of {KEYS} keys/s | first sort | pages of 20/s |"
    );
    println!("|{}", " --- |".repeat(10));
    for name in ["prices.csv", "prices.ndjson"] {
        measure(name, n_rows);
    }
}
