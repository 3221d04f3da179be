//! What the rounds have shown: medians of each server, as a table and as JSON.

use std::{env, fs, path::PathBuf, time::Duration};

use serde_json::{Value, json};

use super::{client::Load, variant::Variant};

/// The rounds of one server with one work.
#[derive(Debug)]
pub struct Rounds {
    /// Which server.
    pub variant: Variant,
    rounds: Vec<Round>,
    /// The memory it takes at the end, in MiB.
    pub resident_mib: f64,
}

#[derive(Debug)]
struct Round {
    processor_us: f64,
    per_second: f64,
    p50_us: f64,
    p99_us: f64,
}

impl Rounds {
    /// Begins with none.
    pub fn of(variant: Variant) -> Self {
        Self { variant, rounds: Vec::new(), resident_mib: 0.0 }
    }

    /// Takes a round, and how much processor time the server used for it.
    pub fn add(&mut self, mut load: Load, processor_time: Duration) {
        load.times.sort_unstable();
        let n = load.times.len();
        let at = |percent: usize| micros(load.times[(n - 1) * percent / 100]);
        self.rounds.push(Round {
            processor_us: micros(processor_time) / n as f64,
            per_second: n as f64 / load.took.as_secs_f64(),
            p50_us: at(50),
            p99_us: at(99),
        });
    }

    fn median(&self, of: fn(&Round) -> f64) -> f64 {
        let mut values: Vec<f64> = self.rounds.iter().map(of).collect();
        values.sort_unstable_by(f64::total_cmp);
        values[values.len() / 2]
    }

    fn processor_us(&self) -> f64 {
        self.median(|round| round.processor_us)
    }
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// Prints the table of a work, and returns it as JSON.
pub fn show(work: &str, n_bytes: usize, servers: &[Rounds]) -> Value {
    println!("\n{work}: {n_bytes} bytes");
    println!(
        "{:<16} {:>10} {:>8} {:>9} {:>9} {:>9} {:>9} {:>8}",
        "server", "CPU µs/req", "× limit", "by hand ×", "req/s", "p50 ms", "p99 ms", "RSS MiB"
    );
    let of = |variant| servers.iter().find(|rounds| rounds.variant == variant).map(Rounds::processor_us);
    let rows = servers.iter().map(|rounds| {
        let (name, processor_us) = (rounds.variant.name(), rounds.processor_us());
        let of_limit = of(Variant::Limit).map(|limit| processor_us / limit);
        let of_rival = of(rounds.variant.rival()).map(|rival| rival / processor_us);
        let (per_second, p50_us) = (rounds.median(|round| round.per_second), rounds.median(|round| round.p50_us));
        let (p99_us, mib) = (rounds.median(|round| round.p99_us), rounds.resident_mib);
        let ratio = |ratio: Option<f64>| ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
        println!(
            "{name:<16} {processor_us:>10.1} {:>8} {:>9} {per_second:>9.0} {:>9.2} {:>9.2} {mib:>8.0}",
            ratio(of_limit),
            ratio(of_rival),
            p50_us / 1e3,
            p99_us / 1e3
        );
        json!({
            "server": name, "cpu_us_per_request": processor_us, "times_limit": of_limit, "by_hand_times": of_rival,
            "requests_per_second": per_second, "p50_us": p50_us, "p99_us": p99_us, "rss_mib": mib,
        })
    });
    json!({"work": work, "bytes": n_bytes, "servers": rows.collect::<Vec<_>>()})
}

/// Writes the tables into the folder that is built in, and says where.
pub fn write(tables: Vec<Value>) {
    // target/release/deps/load-…
    let program = env::current_exe().expect("a program knows itself");
    let path = program.ancestors().nth(3).map_or_else(PathBuf::new, PathBuf::from).join("load.json");
    let text = serde_json::to_string_pretty(&Value::from(tables)).expect("JSON");
    fs::write(&path, text).expect("a writable folder");
    println!("\nwritten to {}", path.display());
}
