//! What others notice while somebody means harm: how long a buyer's answers take beside hostile documents, beside slow bodies
//! and heads that are too long, and beside analysts who ask for more than there is room for.
//!
//! The program itself runs, as a process of its own, over a small SQLite file. The buyer asks so many times a second, whether
//! answers come or not, and the time of an answer counts from when its question was due. Whoever means harm is a process of its
//! own, too, of the lowest rank with the kernel, for nobody attacks from the machine that answers; those come back at once
//! whatever they are told, but for analysts, who wait as long as they are asked to. The kinds of harm take turns in short rounds with none, so that all meet the machine in the same
//! moods. The last is the analysts once more, before a server that turns nobody away, to compare with.
//!
//! Reading order: `harm` (who means it), `server` (the program as a process), this file (who notices).
//!
//! `cargo bench --bench hostile`, which writes `hostile.json` into the target folder; `-- --rounds 2 --seconds 2` for a glance.

#[path = "../../tests/integration/http/bombs.rs"]
mod bombs;
#[expect(dead_code, reason = "the load bench asks otherwise")]
#[path = "../load/client.rs"]
mod client;
mod harm;
#[path = "../../tests/integration/common/resident.rs"]
mod resident;
mod server;

use std::{
    env, fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use client::Connection;
use harm::{Harm, Harming};
use server::{Server, request_of, token};

/// How many connections the buyer's shop has, and how often each asks.
const N_CONNECTIONS: u32 = 4;
const EVERY: Duration = Duration::from_millis(40);

/// One turn after another: what is done meanwhile, and whether the server turns anybody away.
const TURNS: [(&str, Option<Harm>, bool); 5] = [
    ("nobody means harm", None, true),
    ("hostile documents", Some(Harm::Documents), true),
    ("slow bodies, long heads", Some(Harm::Slow), true),
    ("analysts, some turned away", Some(Harm::Analysts), true),
    ("analysts, nobody turned away", Some(Harm::Analysts), false),
];

/// What the rounds of a turn have shown.
#[derive(Debug, Default)]
struct Shown {
    p50_us: Vec<f64>,
    p99_us: Vec<f64>,
    n_refused: u64,
    memory_mib: f64,
}

fn main() {
    let words: Vec<String> = env::args().collect();
    let value = |name: &str| words.windows(2).find(|pair| pair[0] == name).map(|pair| pair[1].as_str());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    if let Some(harm) = value(harm::OPTION) {
        return runtime.block_on(harm::harm(harm, value(harm::ADDRESS).expect("whom")));
    }
    let number = |name: &str, default| value(name).map_or(default, |text| text.parse().expect("a number"));
    let (n_rounds, lasting) = (number("--rounds", 7), Duration::from_secs(number("--seconds", 3)));
    runtime.block_on(compare(n_rounds, lasting));
}

async fn compare(n_rounds: u64, lasting: Duration) {
    let full = Server::start(&["--requests-max", "16"]).await;
    let endless = Server::start(&["--requests-max", "100000"]).await;
    let mut shown: Vec<Shown> = TURNS.iter().map(|_| Shown::default()).collect();
    for round in 0..=n_rounds {
        for ((_, harm, is_full), shown) in TURNS.iter().zip(&mut shown) {
            let server = if *is_full { &full } else { &endless };
            let before = server.n_refused().await;
            let harming = harm.map(|harm| Harming::begin(harm, server));
            tokio::time::sleep(Duration::from_millis(200)).await;
            let mut times = ask_all_the_time(server, lasting).await;
            drop(harming);
            // The first compiles plans and fills what is kept.
            if round > 0 {
                times.sort_unstable();
                let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e6;
                shown.p50_us.push(at(50));
                shown.p99_us.push(at(99));
                shown.n_refused += server.n_refused().await - before;
                shown.memory_mib = server.memory_mib();
            }
            // What the harmful left behind ends before the next turn.
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
    let seconds = n_rounds as f64 * lasting.as_secs_f64();
    println!("a buyer asks {} times a second; {n_rounds} rounds of {lasting:?}; medians of the rounds", per_second());
    println!(
        "{:<30} {:>8} {:>8} {:>10} {:>11} {:>8}",
        "meanwhile", "p50 ms", "p99 ms", "p99 beside", "refused/s", "RSS MiB"
    );
    let alone_us = median(&shown[0].p99_us);
    let rows = TURNS.iter().zip(&shown).map(|((name, ..), shown)| {
        let (p50_us, p99_us) = (median(&shown.p50_us), median(&shown.p99_us));
        let (beside, refused) = (p99_us / alone_us, shown.n_refused as f64 / seconds);
        let mib = shown.memory_mib;
        println!("{name:<30} {:>8.2} {:>8.2} {beside:>10.2} {refused:>11.0} {mib:>8.0}", p50_us / 1e3, p99_us / 1e3);
        json!({
            "meanwhile": name, "p50_us": p50_us, "p99_us": p99_us, "p99_beside_none": beside,
            "refused_per_second": refused, "rss_mib": mib,
        })
    });
    write(&Value::from(rows.collect::<Vec<_>>()));
}

/// The buyer asks for products, each time at its time, and every answer is right. Returns how long answers took from then.
async fn ask_all_the_time(server: &Server, lasting: Duration) -> Vec<Duration> {
    let begun = Instant::now();
    let token = token("buyer", "the shop");
    let mut asking = JoinSet::new();
    for number in 0..N_CONNECTIONS {
        let token = token.clone();
        let mut connection = Connection::open(server.address).await;
        asking.spawn(async move {
            let n = (lasting.as_nanos() / EVERY.as_nanos()) as u32;
            let mut times = Vec::with_capacity(n as usize);
            for turn in 0..n {
                let due = begun + EVERY * turn + EVERY * number / N_CONNECTIONS;
                tokio::time::sleep_until(due.into()).await;
                let sku = format!("P{}", (turn * N_CONNECTIONS + number) % 100);
                let query =
                    format!("{{ product(sku: \"{sku}\") {{ sku name weight {{ value unit }} next {{ sku }} }} }}");
                let body = connection.ask(&request_of(&token, "", &json!({ "query": query }))).await;
                let expected = format!("{{\"data\":{{\"product\":{{\"sku\":\"{sku}\",\"name\":\"Pump {}\"", &sku[1..]);
                assert!(body.starts_with(expected.as_bytes()), "{}", String::from_utf8_lossy(body));
                times.push(due.elapsed());
            }
            times
        });
    }
    asking.join_all().await.concat()
}

fn per_second() -> u128 {
    Duration::from_secs(1).as_nanos() / EVERY.as_nanos() * u128::from(N_CONNECTIONS)
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Writes the table into the folder that is built in, and says where.
fn write(table: &Value) {
    // target/release/deps/hostile-…
    let program = env::current_exe().expect("a program knows itself");
    let path = program.ancestors().nth(3).map_or_else(PathBuf::new, PathBuf::from).join("hostile.json");
    fs::write(&path, serde_json::to_string_pretty(table).expect("JSON")).expect("a writable folder");
    println!("\nwritten to {}", path.display());
}
