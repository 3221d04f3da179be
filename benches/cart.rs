//! What a cart costs whoever validates it: 50 lines over the demo company's systems, its ERP in a real PostgreSQL, with nothing
//! kept and with everything kept; and what it costs to say who answered, where it is asked and where it is not.
//!
//! Counted are the questions put to the systems, the time, and the processor time of the thread that Freehold runs on; the PIM
//! and the shop run on another. The variants take turns, so that all meet the machine in the same moods; shown are medians.
//!
//! `cargo bench --bench cart`

#[expect(dead_code, reason = "the bench needs a part of what the tests need")]
#[path = "../tests/integration/common"]
mod common {
    pub mod postgres;
    pub mod process;
}
#[expect(dead_code, reason = "the bench needs a part of what the tests need")]
#[path = "../tests/integration/scenarios/company.rs"]
mod company;

use std::{fs, time::Instant};

use freehold::{engine::Request, settings::CacheSettings};
use serde_json::{Value, json};
use sqlx::Connection;
use tokio::runtime::Runtime;

use common::postgres::Server;
use company::{Company, Erp, Who, copy_to, servers};

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const N_LINES: usize = 50;

const CART: &str = "query($lines: [CartLine!]!) {
  validateCart(account: \"100042\", shipTo: \"100042-01\", customerPo: \"PO-50\", lines: $lines) {
    decision net { amount } reasons { code severity message }
    lines {
      sku price { unitPrice { amount per } source tiers { minimumQuantity unitPrice { amount } } } promise { date basis }
      availability { word available } substitutes { sku } reasons { code severity message }
    }
    explanation { step text }
  }
}";

const PAGE: &str = "{ product(sku: \"PMP-4010\") {
  sku lifecycle name brand web { visible slug } listPrice { amount currency per unit }
  stock { available unit leadTimeDays plants { plant available } inbound { date quantity confirmed } }
  relations { kind sku quantity } documents { __typename kind title } #
} }";

/// What is measured: its name, how often a turn asks, and the request.
struct Variant<'c> {
    name: &'static str,
    n_asked: u32,
    company: &'c Company,
    request: Request,
}

/// What a turn of a variant took for each request, in microseconds.
#[derive(Clone, Copy)]
struct Taken {
    time_us: f64,
    processor_us: f64,
}

/// Returns the nanoseconds that this thread has run.
fn processor_ns() -> u64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").expect("Linux counts what threads run");
    text.split(' ').next().and_then(|number| number.parse().ok()).expect("a number first")
}

impl Variant<'_> {
    async fn turn(&self) -> Taken {
        let (began, ran) = (Instant::now(), processor_ns());
        for _ in 0..self.n_asked {
            std::hint::black_box(self.company.engine.answer(&self.request).await);
        }
        let each = |microseconds: f64| microseconds / f64::from(self.n_asked);
        let ran_ns = processor_ns() - ran;
        Taken { time_us: each(began.elapsed().as_secs_f64() * 1e6), processor_us: each(ran_ns as f64 / 1e3) }
    }
}

/// Lets variants take turns. Returns what each took, turn by turn.
async fn in_turns(variants: &[Variant<'_>], n_turns: usize) -> Vec<Vec<Taken>> {
    let mut taken = vec![Vec::new(); variants.len()];
    for turn in 0..=n_turns {
        for (variant, taken) in variants.iter().zip(&mut taken) {
            let one = variant.turn().await;
            // The first fills what is kept, compiles plans and opens connections.
            if turn > 0 {
                taken.push(one);
            }
        }
    }
    taken
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let others = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let server = Server::start();
    let url = runtime.block_on(filled(&server));
    let company = |kept: CacheSettings| {
        let servers = others.block_on(servers());
        runtime.block_on(async { Company::of((Erp::Postgres, url.clone()), servers, kept) })
    };
    let (cold, warm) = (company(CacheSettings::nothing()), company(CacheSettings::default()));
    carts(&runtime, &cold, &warm);
    provenance(&runtime, &warm);
}

/// Copies the ERP's rows. The tests read in the server's log what was asked; here writing it would only slow it down.
async fn filled(server: &Server) -> String {
    let url = copy_to(server).await;
    let mut connection = sqlx::PgConnection::connect(&url).await.expect("a database");
    let quiet = "do $$ begin execute format('alter database %I set log_statement = none', current_database()); end $$";
    sqlx::raw_sql(quiet).execute(&mut connection).await.expect("a database of its own");
    connection.close().await.expect("a database");
    url
}

fn carts(runtime: &Runtime, cold: &Company, warm: &Company) {
    let lines = runtime.block_on(lines(warm));
    let cart = |name, n_asked, company| {
        let request = Company::request(company, Who::Agent, CART, json!({ "lines": lines }));
        Variant { name, n_asked, company, request }
    };
    let variants = [cart("nothing kept", 5, cold), cart("everything kept", 20, warm)];
    println!("a cart of {N_LINES} lines      questions     time      processor time     a line");
    let taken = runtime.block_on(in_turns(&variants, 15));
    for (variant, taken) in variants.iter().zip(taken) {
        let before = variant.company.n_fetches();
        let answer = runtime.block_on(variant.company.engine.answer(&variant.request));
        let n_fetches = variant.company.n_fetches() - before;
        let answer: Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert_eq!(answer["data"]["validateCart"]["lines"].as_array().map(Vec::len), Some(N_LINES), "{answer}");
        let time_us = median(taken.iter().map(|one| one.time_us));
        let processor_us = median(taken.iter().map(|one| one.processor_us));
        let of_a_line = processor_us / N_LINES as f64;
        let (time_ms, processor_ms) = (time_us / 1e3, processor_us / 1e3);
        println!("  {:20} {n_fetches:9} {time_ms:8.1} ms {processor_ms:14.1} ms {of_a_line:10.0} µs", variant.name);
    }
}

async fn lines(company: &Company) -> Vec<Value> {
    let data =
        company.data(Who::Agent, "{ productList(lifecycle: ACTIVE, first: 50) { nodes { sku } } }", json!({})).await;
    let nodes = data["productList"]["nodes"].as_array().expect("products");
    nodes.iter().map(|node| json!({"sku": node["sku"], "quantity": "2"})).collect()
}

/// The kernel counts what runs in ticks of milliseconds, so that a turn asks thousands of times. The same page, all of it kept: without saying who answers, the same once more for the noise, and the two ways of asking.
fn provenance(runtime: &Runtime, warm: &Company) {
    const SAID: &str = "_provenance { field system asOf ageMs }";
    let page = |name, said: &str, names_owners| {
        let request = warm.request(Who::Agent, &PAGE.replace('#', said), json!({}));
        Variant { name, n_asked: 4_000, company: warm, request: Request { names_owners, ..request } }
    };
    let variants = [
        page("not asked", "", false),
        page("not asked, again", "", false),
        page("in extensions", "", true),
        page("in the graph", SAID, false),
    ];
    let taken = runtime.block_on(in_turns(&variants, 41));
    let processor_us = |of: usize| median(taken[of].iter().map(|one| one.processor_us));
    println!("\na product page from memory      processor time     beside the first, by turns");
    for (place, variant) in variants.iter().enumerate() {
        let beside =
            median(taken[place].iter().zip(&taken[0]).map(|(one, first)| one.processor_us / first.processor_us));
        println!("  {:28} {:10.1} µs {:20.1} %", variant.name, processor_us(place), (beside - 1.0) * 100.0);
    }
}
