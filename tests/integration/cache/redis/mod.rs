//! Processes that share through Redis, with real servers. A process is a cache with an owner of its own; what is true is
//! known at every instant, so that a wrong answer is one that was not true when it could have been.

mod failing;
mod several;
mod sharing;
mod telling;
mod truth;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use freehold::{
    cache::{Answer, Asking, Brought, Cache, CacheParts, Demand, Question, Redis, RedisAddress, RedisParts},
    contract::{Contract, Domain, OnOutage, Secret, SystemKind, Type, TypeKind},
    fetch::{Clock, SystemClock},
    owner::Owners,
    settings::{CacheSettings, RedisSettings},
    telemetry::Telemetry,
    value::{Adaptations, GroupId, Key, Scalar, TypeId},
};

use crate::common::binding::{Bindings, leaf};
use truth::{Truth, Versioned, version};

const GROUP: GroupId = GroupId(0);

/// Longer than anything that is waited for takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A clock that can be set wrong.
#[derive(Default)]
struct Watch(AtomicI64);

impl Clock for Watch {
    fn now_ms(&self) -> i64 {
        SystemClock.now_ms() + self.0.load(Ordering::SeqCst)
    }
}

/// A process that shares.
struct Process {
    cache: Cache,
    redis: Arc<Redis>,
    owner: Arc<Versioned>,
    watch: Arc<Watch>,
    telemetry: Telemetry,
    truth: Arc<Truth>,
}

/// How processes are set up.
struct Setup {
    max_age: Duration,
    memory_bytes_max: usize,
    redis: RedisSettings,
    ahead_ms: i64,
}

impl Default for Setup {
    fn default() -> Self {
        // Slow machines must not look like a dead Redis where that is not what is tested.
        let redis = RedisSettings {
            answer_timeout: Duration::from_secs(2),
            connect_timeout: Duration::from_secs(2),
            clocks_compared_every: Duration::from_millis(200),
            ..RedisSettings::default()
        };
        Self { max_age: Duration::from_secs(300), memory_bytes_max: 0, redis, ahead_ms: 0 }
    }
}

fn contract(max_age: Duration) -> Arc<Contract> {
    let mut bindings = Bindings::new();
    let shape = bindings.shape("Product", vec![leaf("version", Scalar::Int)]);
    bindings.group(shape, "sku", "", &[], Adaptations::default());
    bindings.list("sku", "category", "", "sku");
    let mut contract = bindings.contract(SystemKind::Sqlite { url: Secret::new("nowhere".to_owned()) });
    let own = Arc::get_mut(&mut contract).expect("it is not shared yet");
    own.domains = vec![Domain {
        name: "product".to_owned(),
        max_age,
        refresh_after: max_age,
        on_outage: OnOutage::Refuse,
        absent: max_age,
        jitter_percent: 10,
    }];
    // What a change says it is about.
    let kind = TypeKind::Scalar { scalar: Scalar::Int, specified_by: None };
    own.types = vec![Type { name: "Product".to_owned(), description: None, kind, weight: None }];
    own.type_names = [("Product".to_owned(), TypeId(0))].into_iter().collect();
    contract
}

impl Setup {
    /// Starts a process and waits until it shares.
    async fn process(&self, url: &str, truth: &Arc<Truth>) -> Process {
        let process = self.process_at_once(url, truth);
        process.wait_until_in_use().await;
        process
    }

    fn process_at_once(&self, url: &str, truth: &Arc<Truth>) -> Process {
        let (contract, telemetry, watch) = (contract(self.max_age), Telemetry::new(), Arc::new(Watch::default()));
        watch.0.store(self.ahead_ms, Ordering::SeqCst);
        let clock: Arc<dyn Clock> = watch.clone();
        let settings = CacheSettings { memory_bytes_max: self.memory_bytes_max, ..CacheSettings::default() };
        let address = RedisAddress::parse(url).expect("a URL of ours");
        let parts =
            RedisParts { address, contract: contract.clone(), clock: clock.clone(), telemetry: telemetry.clone() };
        let redis = Arc::new(Redis::new(parts, self.redis.clone(), &settings));
        let owner = Arc::new(Versioned::new(truth.clone()));
        let parts = CacheParts {
            contract,
            owners: Owners::from_vec(vec![owner.clone()]),
            shared: Some(redis.clone()),
            clock,
            telemetry: telemetry.clone(),
        };
        Process { cache: Cache::of(parts, settings), redis, owner, watch, telemetry, truth: truth.clone() }
    }
}

impl Process {
    async fn wait_until_in_use(&self) {
        until("Redis is in use", || self.redis.is_in_use()).await;
    }

    /// Asks for keys, and checks that every answer was true at an instant within its bound.
    async fn ask(&self, keys: &[Key]) -> Vec<u64> {
        let came_ms = SystemClock.now_ms();
        let answer =
            self.put(Question::Records { group: GROUP, keys: keys.into(), deadline: Instant::now() + PATIENCE });
        let Brought::Records(outcomes) = answer.await.brought else { panic!("records were asked for") };
        let max_age_ms = self.cache_max_age_ms();
        let versions = keys.iter().zip(outcomes).map(|(key, outcome)| {
            let record = outcome.unwrap_or_else(|error| panic!("{key}: {error}"));
            let version = version(&record);
            self.truth.assert_true(key, version, came_ms - max_age_ms, SystemClock.now_ms());
            version
        });
        versions.collect()
    }

    async fn put(&self, question: Question) -> Answer {
        match self.cache.ask(vec![question], &Demand::default()).remove(0) {
            Asking::Answered(answer) => answer,
            Asking::Waiting(waiting) => waiting.await,
        }
    }

    fn cache_max_age_ms(&self) -> i64 {
        self.truth.max_age_ms()
    }

    /// Whether the metrics hold this line.
    fn counted(&self, line: &str) -> bool {
        self.telemetry.metrics_text().lines().any(|one| one.starts_with(line) && !one.ends_with(" 0"))
    }

    /// Asks until Redis answers for all keys.
    async fn wait_until_shared(&self, keys: &[Key]) {
        let begun = Instant::now();
        loop {
            let before = self.owner.n_asked();
            self.ask(keys).await;
            if self.owner.n_asked() == before {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "never shared:\n{}", self.telemetry.metrics_text());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn until(what: &str, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn keys(n: usize) -> Vec<Key> {
    (0..n).map(|number| Key::one(&format!("P-{number}"))).collect()
}
