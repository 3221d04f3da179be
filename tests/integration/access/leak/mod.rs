//! No answer depends on who asked before: many callers ask one shared engine at once, cold and warm, with a memory and with a
//! real Redis between several; each is answered, to the byte, as by an engine that is theirs alone and keeps nothing.
//!
//! `FREEHOLD_CASES` says how many requests are made with each kind of cache, `FREEHOLD_SEED` from which world on.

mod asking;
mod owners;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
};

use freehold::{
    access::{Caller, Permissions},
    cache::{Redis, RedisAddress, RedisParts, Shared},
    contract::Contract,
    fetch::{Clock, SystemClock},
    settings::{CacheSettings, RedisSettings},
    telemetry::Telemetry,
};
use serde_json::Value;

use super::{branches::contract, rig::Rig};
use crate::common::redis::Server;
use asking::{RIGHTS, document, somebody};
use owners::{Chance, World, owners};

const N_CALLERS: usize = 24;
const N_DOCUMENTS: usize = 120;
/// After so many requests at least another world begins, with empty caches.
const ROUND: usize = 1_500;
const ROUNDS_MAX: usize = 10;
/// So many ask at once.
const AT_ONCE: usize = 8;
/// One of so many questions to an owner of the shared engines fails.
const FAILS_EVERY: u64 = 40;

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// One world, who asks about it, what, and what each is answered by an engine of their own.
struct Round {
    contract: Arc<Contract>,
    world: Arc<World>,
    callers: Vec<Caller>,
    documents: Vec<String>,
    alone: Vec<Rig>,
    answers: Mutex<HashMap<(usize, usize), Arc<str>>>,
}

/// What was seen of a round.
#[derive(Debug, Default)]
struct Seen {
    n_same: usize,
    n_lacking: usize,
    n_with_rows: usize,
}

impl Round {
    fn begin(contract: &Arc<Contract>, seed: u64) -> Self {
        let world = World::invent(seed);
        let mut chance = Chance(seed.wrapping_mul(0x2545_F491_4F6C_DD1D) | 1);
        let own = || Rig::over(contract, &owners(&world, contract, 0), CacheSettings::nothing(), None);
        let alone: Vec<Rig> = (0..N_CALLERS).map(|_| own()).collect();
        let callers = alone.iter().map(|rig| somebody(rig, &mut chance)).collect();
        let documents = (0..N_DOCUMENTS).map(|_| document(&mut chance)).collect();
        Self { contract: Arc::clone(contract), world, callers, documents, alone, answers: Mutex::default() }
    }

    /// Returns what a caller is answered by an engine of their own.
    async fn alone(&self, caller: usize, document: usize) -> Arc<str> {
        if let Some(known) = self.answers.lock().unwrap().get(&(caller, document)) {
            return Arc::clone(known);
        }
        let answer = self.alone[caller].text(&self.callers[caller], &self.documents[document]).await;
        let answer: Arc<str> = answer.into();
        self.answers.lock().unwrap().insert((caller, document), Arc::clone(&answer));
        answer
    }

    /// Returns what a caller is answered by an engine of their own if they may not see who is below them.
    async fn without_below(&self, caller: usize, document: usize) -> String {
        let Caller { permissions, .. } = &self.callers[caller];
        let kept = RIGHTS.into_iter().filter(|right| *right != "VIEW_BELOW" && permissions.has(right));
        let permissions = Permissions::Of(kept.map(Into::into).collect());
        let caller_without = Caller { permissions, ..self.callers[caller].clone() };
        self.alone[caller].text(&caller_without, &self.documents[document]).await
    }

    /// Asks so many times, of one engine or another, and compares.
    async fn ask(self: Arc<Self>, shared: Arc<Vec<Rig>>, mut chance: Chance, n_requests: usize) -> Seen {
        let mut seen = Seen::default();
        for _ in 0..n_requests {
            let (caller, document) = (chance.below(N_CALLERS), chance.below(N_DOCUMENTS));
            let rig = chance.pick(&shared);
            let answered = rig.text(&self.callers[caller], &self.documents[document]).await;
            let alone = self.alone(caller, document).await;
            seen.n_with_rows += usize::from(alone.contains("\"O0") || alone.contains("name of"));
            if *alone == *answered {
                seen.n_same += 1;
                continue;
            }
            // An owner failed just then: less is answered, and nothing that is not theirs.
            let what = || {
                format!(
                    "{:?} asks {}\nis answered {answered}\nnot {alone}",
                    self.callers[caller], self.documents[document]
                )
            };
            let failed = ["SOURCE_UNAVAILABLE", "SCOPE_UNKNOWN"].into_iter().any(|code| answered.contains(code));
            assert!(failed, "{}", what());
            // Where it could not be found out who is below them, lists go on with what is theirs beyond.
            let mut theirs = words(&alone);
            theirs.extend(words(&self.without_below(caller, document).await));
            let strange: Vec<String> = words(&answered).difference(&theirs).cloned().collect();
            assert!(strange.is_empty(), "{strange:?} is not theirs: {}", what());
            seen.n_lacking += 1;
        }
        seen
    }
}

/// Every text that the data of an answer has, save cursors: the rows' texts are all different.
fn words(answer: &str) -> BTreeSet<String> {
    fn collect(name: &str, value: &Value, into: &mut BTreeSet<String>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| collect(name, item, into)),
            Value::Object(members) => members.iter().for_each(|(name, value)| collect(name, value, into)),
            Value::String(text) if !matches!(name, "fault" | "cursor" | "startCursor" | "endCursor") => {
                into.insert(text.clone());
            }
            _ => {}
        }
    }
    let answer: Value = serde_json::from_str(answer).expect("an answer is JSON");
    let mut words = BTreeSet::new();
    collect("", &answer["data"], &mut words);
    words
}

/// Makes the engines that all callers share, for one round.
type Sharing<'s> = dyn Fn(&Round, u64) -> Vec<Rig> + 's;

async fn nobody_is_told_what_another_may_see(n_requests: usize, sharing: &Sharing<'_>) -> Seen {
    let contract = contract(("sqlite", "nowhere"), "nowhere");
    let first = setting("FREEHOLD_SEED", 1) as u64;
    let mut seen = Seen::default();
    let n_of_round = n_requests.div_ceil(ROUNDS_MAX).max(ROUND);
    for (seed, begun) in (first..).zip((0..n_requests).step_by(n_of_round)) {
        let round = Arc::new(Round::begin(&contract, seed));
        // In every second round no owner fails but of the keys of which it always does, so that answers are the same to the byte.
        let shared = Arc::new(sharing(&round, if seed % 2 == 0 { FAILS_EVERY } else { 0 }));
        let n_each = (n_requests - begun).min(n_of_round).div_ceil(AT_ONCE);
        let asking = (0..AT_ONCE).map(|number| {
            let chance = Chance(seed * 1_000 + number as u64 + 1);
            tokio::spawn(Arc::clone(&round).ask(Arc::clone(&shared), chance, n_each))
        });
        for asked in asking.collect::<Vec<_>>() {
            let Seen { n_same, n_lacking, n_with_rows } =
                asked.await.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            assert!(n_lacking == 0 || seed % 2 == 0, "seed {seed}");
            seen.n_same += n_same;
            seen.n_lacking += n_lacking;
            seen.n_with_rows += n_with_rows;
        }
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_who_share_a_memory_are_answered_as_if_they_were_alone() {
    let n_requests = setting("FREEHOLD_CASES", 3_000);
    let seen = nobody_is_told_what_another_may_see(n_requests, &|round, fails_every| {
        let owners = owners(&round.world, &round.contract, fails_every);
        vec![Rig::over(&round.contract, &owners, CacheSettings::default(), None)]
    })
    .await;
    println!("{seen:?}");
    assert!(seen.n_same + seen.n_lacking >= n_requests && seen.n_with_rows * 4 > n_requests, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_who_share_a_redis_are_answered_as_if_they_were_alone() {
    let n_requests = setting("FREEHOLD_CASES", 3_000);
    let server = Server::start();
    let seen = nobody_is_told_what_another_may_see(n_requests, &|round, fails_every| {
        server.run(&["flushall"]);
        let owners = owners(&round.world, &round.contract, fails_every);
        // One keeps nothing in its own memory, so that all it knows it has from the others.
        let memory = [0, CacheSettings::default().memory_bytes_max];
        let process = |memory_bytes_max| {
            let settings = CacheSettings { memory_bytes_max, ..CacheSettings::default() };
            let clock: Arc<dyn Clock> = Arc::new(SystemClock);
            let address = RedisAddress::parse(&server.url()).expect("a URL of ours");
            let parts =
                RedisParts { address, contract: Arc::clone(&round.contract), clock, telemetry: Telemetry::new() };
            let redis: Arc<dyn Shared> = Arc::new(Redis::new(parts, RedisSettings::default(), &settings));
            Rig::over(&round.contract, &owners, settings, Some(redis))
        };
        memory.into_iter().map(process).collect()
    })
    .await;
    println!("{seen:?}");
    assert!(seen.n_same + seen.n_lacking >= n_requests && seen.n_with_rows * 4 > n_requests, "{seen:?}");
}
