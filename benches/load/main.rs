//! Load: what a product page and a listing cost the server that answers them, over a real PostgreSQL and a real Redis.
//!
//! Compared are the bare bytes over HTTP (`limit`), Freehold from its memory, from Redis, and keeping nothing, and the same
//! graph written by hand (`by_hand/mod.rs`) with its cache in Redis, and without it. Each server is a process of its own,
//! so its processor time is its own; they take turns in short rounds, so that all meet the machine in the same moods, and
//! the medians of the rounds are shown. Before that every answer of every server is compared with the others'.
//!
//! Cold is with settings that keep nothing and without Redis: every request asks PostgreSQL for everything.
//!
//! Reading order: `work` (what is asked), `variant` (of whom), `serve` and `by_hand` (the servers), `child` (a server as a
//! process), `servers` (PostgreSQL and Redis), `client` (who asks), `report` (what came of it).
//!
//! `cargo bench --bench load`, which writes `load.json` into the target folder. For a closer look:
//! `cargo bench --bench load -- --rounds 1 --seconds 20 --only limit,freehold-memory`

mod by_hand;
mod child;
mod client;
mod report;
#[path = "../../tests/integration/common/resident.rs"]
mod resident;
mod serve;
mod servers;
mod variant;
mod work;

use std::{env, fs, time::Duration};

use serde_json::Value;

use child::Server;
use client::{Connection, N_CONNECTIONS};
use report::Rounds;
use servers::{Redis, filled_postgres};
use variant::Variant;
use work::Work;

/// The allocator of the program, for every side.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the command line says.
struct Options {
    n_rounds: usize,
    round: Duration,
    variants: Vec<Variant>,
}

impl Options {
    fn read() -> Self {
        let words: Vec<String> = env::args().collect();
        let value = |name: &str| words.windows(2).find(|pair| pair[0] == name).map(|pair| pair[1].as_str());
        let number = |name: &str, default| value(name).map_or(default, |text| text.parse().expect("a number"));
        let variants = value("--only").map(|names| {
            names.split(',').map(|name| Variant::named(name).unwrap_or_else(|| panic!("{name} is no server"))).collect()
        });
        Self {
            n_rounds: number("--rounds", 5) as usize,
            round: Duration::from_secs(number("--seconds", 3)),
            variants: variants.unwrap_or_else(|| Variant::ALL.to_vec()),
        }
    }
}

fn main() {
    let mut words = env::args().skip_while(|word| word != child::SERVE);
    if let Some(name) = words.nth(1) {
        return serve::serve(Variant::named(&name).expect("a server's name"));
    }
    let options = Options::read();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(compare(&options));
}

async fn compare(options: &Options) {
    let (_postgres, database) = filled_postgres().await;
    let (_redis, mut servers) = start(&options.variants, &database);
    let answers = check(&servers).await;
    if options.variants.contains(&Variant::Limit) {
        servers.insert(0, start_limit(&answers));
    }
    println!(
        "{N_CONNECTIONS} connections; {} rounds of {:?} each; the table shows medians",
        options.n_rounds, options.round
    );
    for server in &servers {
        println!("  {} is process {}", server.variant.name(), server.id());
    }
    let mut tables = Vec::new();
    for (work, answers) in Work::ALL.into_iter().zip(&answers) {
        let mut rounds: Vec<Rounds> = servers.iter().map(|server| Rounds::of(server.variant)).collect();
        for round in 0..options.n_rounds {
            for turn in 0..servers.len() {
                let at = (round + turn) % servers.len();
                let (server, requests) = (&servers[at], requests(work, servers[at].variant));
                let before = server.processor_time();
                let load = client::load(server.address, &requests, options.round).await;
                rounds[at].add(load, server.processor_time() - before);
                rounds[at].resident_mib = server.resident_mib();
            }
        }
        let n_bytes = answers.iter().map(Vec::len).sum::<usize>() / answers.len();
        tables.push(report::show(work.name(), n_bytes, &rounds));
    }
    report::write(tables);
}

/// Starts all servers but `limit`, which needs their answers. Each has a Redis of its own, so that none drives out what
/// another keeps.
fn start(variants: &[Variant], database: &str) -> (Vec<Redis>, Vec<Server>) {
    let variants = variants.iter().filter(|variant| **variant != Variant::Limit);
    variants
        .map(|variant| {
            let redis = Redis::start();
            let env = [("DATABASE_URL", database.to_owned()), ("REDIS_URL", redis.url())];
            let server = Server::start(*variant, &env);
            (redis, server)
        })
        .unzip()
}

fn start_limit(answers: &[Vec<Vec<u8>>]) -> Server {
    let folder = env::temp_dir().join(format!("freehold-load-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("the temporary folder is writable");
    let env = Work::ALL.into_iter().zip(answers).map(|(work, answers)| {
        let path = folder.join(&work.limit_path()[1..]);
        fs::write(&path, &answers[0]).expect("the temporary folder is writable");
        (work.limit_path(), path.to_string_lossy().into_owned())
    });
    let server = Server::start(Variant::Limit, &env.collect::<Vec<_>>());
    fs::remove_dir_all(&folder).expect("the folder is ours");
    server
}

fn requests(work: Work, variant: Variant) -> Vec<Vec<u8>> {
    let path = if variant == Variant::Limit { work.limit_path() } else { "/graphql" };
    work.bodies().iter().map(|body| client::request(path, body)).collect()
}

/// Asks every server everything twice, which also fills what they keep, and compares. Returns the answers of each work.
async fn check(servers: &[Server]) -> Vec<Vec<Vec<u8>>> {
    let mut of_works = Vec::new();
    for work in Work::ALL {
        let mut first: Vec<Vec<u8>> = Vec::new();
        for server in servers {
            let mut connection = Connection::open(server.address).await;
            // The second time what is kept answers.
            for _ in 0..if server.variant.is_cold() { 1 } else { 2 } {
                for (at, request) in requests(work, server.variant).iter().enumerate() {
                    let body = connection.ask(request).await;
                    match first.get(at) {
                        None => first.push(body.to_vec()),
                        Some(known) if known == body => {}
                        Some(known) => assert_eq!(
                            serde_json::from_slice::<Value>(known).expect("JSON"),
                            serde_json::from_slice::<Value>(body).expect("JSON"),
                            "{} answers otherwise than {}",
                            server.variant.name(),
                            servers[0].variant.name()
                        ),
                    }
                }
            }
        }
        of_works.push(first);
    }
    of_works
}
