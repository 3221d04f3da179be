//! What only files have: which file is served, when it is complete, since when its rows hold, and how a page is found.
//!
//! Reading order: this file (a folder, a contract over it and a clock that the test holds), `serve` (which file is served),
//! `rows` (how files are read), `lists`, `weight` (how many bytes a row takes).

mod lists;
mod rows;
mod serve;
mod weight;

use std::{
    fs::{self, File},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant, UNIX_EPOCH},
};

use freehold::{
    access::Caller,
    cache::Cache,
    contract::{Contract, Files, load},
    engine::{Engine, Request},
    fetch::{Fetch, FetchError, Outcome, Owner},
    owner::Owners,
    settings::{CacheSettings, EngineSettings},
    source::FileSource,
    telemetry::Telemetry,
    value::{GroupId, Key, SystemId},
};
use jiff::Timestamp;
use serde_json::{Value, json};

const GRAPH: &str = r#"
type Query {
  prices(skus: [String!]!): [Price] @ref(key: "sku: $skus")
  pricesOf(category: String, status: [String!], first: Int, after: String, last: Int, before: String): PriceConnection
    @list(name: "pricesOf")
  order(number: String!): Order @ref(key: "number: $number")
}
type Price @key(fields: "sku") @owner(system: "drop") @domain(name: "nightly") {
  sku: String!
  amount: Decimal
  text: String
}
type Order @key(fields: "number") @owner(system: "drop") @domain(name: "nightly") {
  number: String!
  account: String
  lines: [Line!]
}
type Line { no: Int, sku: String, quantity: Decimal }
type PriceConnection { nodes: [Price]!, pageInfo: PageInfo!, totalCount: Int }
type PageInfo { hasNextPage: Boolean!, hasPreviousPage: Boolean!, startCursor: String, endCursor: String }
"#;

/// The system file; a test changes what it is about.
pub const SYSTEM: &str = r#"
kind = "file"
folder = "${DROP}"
settle = "2s"
zone = "Europe/Berlin"

[Price]
glob = "prices-*.csv"
delimiter = ";"
fields = { amount = "/Net Price" }

[Order]
glob = "orders-*.ndjson"
fields = { number = "/order/no", "lines.no" = "/pos" }
parts.lines = { glob = "order-lines-*.csv", parent = "order_no" }

[lists.pricesOf]
glob = "prices-*.csv"
delimiter = ";"
fields = { amount = "/Net Price" }
where = { category = "category", status = "status" }
order = ["amount desc", "sku"]
"#;

/// A folder and what is served from it.
pub struct Drop {
    pub folder: tempfile::TempDir,
    /// The moment at which the folder was made, in whole seconds.
    pub start_ms: i64,
    pub source: Arc<FileSource>,
    pub telemetry: Telemetry,
    contract: Arc<Contract>,
    engine: Engine,
}

impl Drop {
    /// A folder that nobody has looked at; each change is a text of the system file and what replaces it.
    pub fn new(changes: &[(&str, &str)]) -> Self {
        Self::over(tempfile::tempdir().unwrap(), Timestamp::now().as_second() * 1_000, changes)
    }

    /// The same after a restart.
    pub fn restarted(self, changes: &[(&str, &str)]) -> Self {
        Self::over(self.folder, self.start_ms, changes)
    }

    fn over(folder: tempfile::TempDir, start_ms: i64, changes: &[(&str, &str)]) -> Self {
        let contract = Arc::new(contract(&folder.path().display().to_string(), changes));
        let telemetry = Telemetry::new();
        let source = Arc::new(FileSource::new(Arc::clone(&contract), SystemId(0), telemetry.clone()));
        let owners = Owners::from_vec(vec![Arc::clone(&source) as Arc<dyn Owner>]);
        let cache = Cache::new(&contract, owners, CacheSettings::nothing(), &telemetry);
        let engine = Engine::new(Arc::clone(&contract), cache, EngineSettings::default(), telemetry.clone()).unwrap();
        Self { folder, start_ms, source, telemetry, contract, engine }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file as at a moment after the start.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>, after_ms: i64) {
        fs::write(self.path(name), bytes).unwrap();
        let at = UNIX_EPOCH + Duration::from_millis((self.start_ms + after_ms).try_into().unwrap());
        File::options().write(true).open(self.path(name)).unwrap().set_modified(at).unwrap();
    }

    /// Looks at the folder at a moment after the start.
    pub fn look(&self, after_ms: i64) -> bool {
        self.source.look(self.start_ms + after_ms)
    }

    /// Looks twice, so that all that is there has settled.
    pub fn settle(&self, after_ms: i64) {
        self.look(after_ms);
        self.look(after_ms + 2_000);
    }

    /// Asks, and returns the whole answer.
    pub async fn answer(&self, query: &str, variables: Value) -> Value {
        let Value::Object(variables) = variables else { panic!("variables are an object") };
        let request =
            Request { query: query.to_owned(), variables, caller: Caller::operator().into(), ..Request::default() };
        serde_json::from_slice(&self.engine.answer(&request).await.body).unwrap()
    }

    /// Asks, and returns the data of an answer without errors.
    pub async fn data(&self, query: &str) -> Value {
        let mut answer = self.answer(query, json!({})).await;
        assert_eq!(answer.get("errors"), None, "{query}");
        answer["data"].take()
    }

    /// Returns the price of a product as its text, `null` where it has none.
    pub async fn price(&self, sku: &str) -> Value {
        let query = "query($sku: String!) { prices(skus: [$sku]) { amount } }";
        let mut answer = self.answer(query, json!({ "sku": sku })).await;
        assert_eq!(answer.get("errors"), None);
        answer["data"]["prices"][0]["amount"].take()
    }

    /// Fetches one price as its owner gives it.
    pub async fn outcome(&self, sku: &str) -> Outcome {
        let group = self.contract.groups.iter().position(|group| group.name == "drop Price").unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        let fetch = Fetch { group: GroupId::from(group), keys: [Key::one(sku)].into(), deadline };
        self.source.fetch(fetch).await.remove(0)
    }

    /// Returns since when a price holds.
    pub async fn as_of(&self, sku: &str) -> Timestamp {
        let as_of_ms = self.outcome(sku).await.unwrap().stamp.as_of_ms.unwrap();
        Timestamp::from_millisecond(as_of_ms).unwrap()
    }

    pub async fn trouble(&self) -> FetchError {
        self.source.probe().await.unwrap_err()
    }

    /// Returns a number of the metrics.
    pub fn metric(&self, line: &str) -> u64 {
        let text = self.telemetry.metrics_text();
        let found = text.lines().find_map(|one| one.strip_prefix(line));
        found.map_or(0, |number| number.trim().parse().unwrap())
    }
}

/// Loads the contract over a folder.
pub fn contract(folder: &str, changes: &[(&str, &str)]) -> Contract {
    let mut system = SYSTEM.to_owned();
    for (from, to) in changes {
        assert!(system.contains(from), "{from}");
        system = system.replace(from, to);
    }
    let files = Files::new([
        ("graph.graphql".to_owned(), GRAPH.to_owned()),
        ("freehold.toml".to_owned(), "systems = [\"drop.toml\"]\n[freshness.nightly]\nmax_age = \"26h\"\n".to_owned()),
        ("drop.toml".to_owned(), system),
    ]);
    let loaded = load(&files, &|name| (name == "DROP").then(|| folder.to_owned()));
    loaded.contract.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}

/// A file of prices: `sku price` pairs.
pub fn prices(rows: &[(&str, &str)]) -> String {
    let rows = rows.iter().map(|(sku, price)| format!("{sku};{price};text of {sku};PUMP;A\n"));
    format!("sku;Net Price;text;category;status\n{}", rows.collect::<String>())
}

/// Orders and their lines that are there from the start, for tests of something else.
pub fn orders(drop: &Drop) {
    drop.write("orders-1.ndjson", "{\"order\": {\"no\": \"O-1\"}, \"account\": \"C-1\"}\n", -9_000);
    drop.write("order-lines-1.csv", "order_no,pos,sku,quantity\nO-1,1,A,2.50\n", -9_000);
}
