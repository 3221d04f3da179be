//! An engine with a cache over one database of items, and the feeds that hear of its changes.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use freehold::{
    access::Caller,
    cache::{Cache, CacheParts, Redis, RedisAddress, RedisParts, Shared},
    changes::{self, Feeds},
    contract::{Contract, Files, load},
    engine::{Engine, Request},
    fetch::SystemClock,
    owner,
    settings::{CacheSettings, EngineSettings, RedisSettings},
    telemetry::Telemetry,
};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

const SDL: &str = r#"
type Query {
  product(sku: String!): Product @ref(key: "sku: $sku")
}
type Product @key(fields: "sku") @owner(system: "erp") @domain(name: "product") { sku: String! name: String }
"#;

const FREEHOLD: &str = r#"
systems = ["erp.toml"]
[freshness.product]
max_age = "1h"
refresh_after = "1h"
on_outage = "refuse"
absent = "1h"
"#;

/// No feed takes so long, however busy the machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// An engine, its cache and the feeds.
pub struct Rig {
    pub contract: Arc<Contract>,
    cache: Cache,
    engine: Engine,
    telemetry: Telemetry,
    feeds: Option<Feeds>,
}

impl Rig {
    /// Makes it over a database with a table `item`; `changes` is what its system file says of them. No feed runs yet.
    pub fn new(kind: &str, url: &str, changes: &str) -> Self {
        Self::kept_for("1h", (kind, url), changes, None)
    }

    /// The same where what is kept may be so old, and is shared through a Redis.
    pub fn kept_for(max_age: &str, (kind, url): (&str, &str), changes: &str, redis: Option<&str>) -> Self {
        let freehold = FREEHOLD.replace("1h", max_age);
        let erp = format!(
            "kind = \"{kind}\"\nurl = \"{url}\"\n[Product]\nquery = \"select sku, name from item where sku in \
             (:keys)\"\n{changes}"
        );
        let files = [("schema.graphql", SDL), ("freehold.toml", freehold.as_str()), ("erp.toml", erp.as_str())];
        let loaded = load(&Files::new(files.map(|(name, text)| (name.to_owned(), text.to_owned()))), &|_| None);
        let Some(contract) = loaded.contract else { panic!("{:#?}", loaded.diagnostics) };
        let (contract, telemetry) = (Arc::new(contract), Telemetry::new());
        let owners = owner::open(&contract, &telemetry);
        let (settings, clock) = (CacheSettings::default(), Arc::new(SystemClock));
        let shared = redis.map(|url| {
            let (contract, clock, telemetry) = (Arc::clone(&contract), clock.clone(), telemetry.clone());
            let address = RedisAddress::parse(url).expect("a URL of ours");
            let parts = RedisParts { address, contract, clock, telemetry };
            let patience = Duration::from_secs(1);
            let own = RedisSettings { answer_timeout: patience, connect_timeout: patience, ..RedisSettings::default() };
            Arc::new(Redis::new(parts, own, &settings)) as Arc<dyn Shared>
        });
        let parts = CacheParts { contract: Arc::clone(&contract), owners, shared, clock, telemetry: telemetry.clone() };
        let cache = Cache::of(parts, settings);
        let settings = EngineSettings::default();
        let engine = Engine::new(Arc::clone(&contract), cache.clone(), settings, telemetry.clone()).expect("an engine");
        Self { contract, cache, engine, telemetry, feeds: None }
    }

    /// Starts the feeds and waits until this one hears.
    pub async fn hear(&mut self, feed: &str) {
        self.feeds = Some(changes::start(&self.contract, &self.cache, &self.telemetry));
        let connected = format!("freehold_feed_connected{{system=\"erp\",feed=\"{feed}\"}}");
        until("the feed hears", async || self.metric(&connected) == 1.0).await;
    }

    /// Stops the feeds.
    pub fn stop(&mut self) {
        self.feeds = None;
    }

    /// Asks for the name of a product; none where there is no such product.
    pub async fn name(&self, sku: &str) -> Option<String> {
        let Value::Object(variables) = json!({ "sku": sku }) else { unreachable!("it is an object") };
        let query = "query($sku: String!) { product(sku: $sku) { name } }".to_owned();
        let request = Request { query, variables, caller: Caller::operator().into(), ..Request::default() };
        let answer: Value = serde_json::from_slice(&self.engine.answer(&request).await.body).expect("JSON");
        assert_eq!(answer.get("errors"), None, "{answer}");
        answer["data"]["product"]["name"].as_str().map(str::to_owned)
    }

    /// Asks for a product until it is answered from memory.
    pub async fn keep(&self, sku: &str) {
        until("the product is kept", async || self.is_kept(sku).await).await;
    }

    /// Whether a product is answered from memory.
    pub async fn is_kept(&self, sku: &str) -> bool {
        let memory = "freehold_records_served_total{domain=\"product\",level=\"memory\"}";
        let before = self.metric(memory);
        self.name(sku).await;
        self.metric(memory) > before
    }

    /// Waits until a product has this name.
    pub async fn sees(&self, sku: &str, name: Option<&str>) {
        let what = format!("{sku} is seen as {name:?}");
        until(&what, async || self.name(sku).await.as_deref() == name).await;
    }

    /// Returns a number of the metrics; 0 where it was never counted.
    pub fn metric(&self, name: &str) -> f64 {
        let text = self.telemetry.metrics_text();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0.0, |number| number.parse().expect("a number"))
    }
}

/// Waits until something holds.
pub async fn until<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < PATIENCE, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Connects to a PostgreSQL database as those who change it.
pub async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("a connection")
}

/// Runs SQL.
pub async fn run(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await.expect("valid SQL");
}
