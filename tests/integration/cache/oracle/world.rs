//! The world of a run: its contract, its time, what is true, and how its systems do at the moment.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use freehold::{
    cache::Asked,
    contract::{Contract, Files, load},
    value::GroupId,
};

use super::{
    time::Time,
    truth::{Spot, Truth},
};
use crate::differential::Random;

/// How far clocks may be apart. Wide beside the bounds below, so that what forgets it is soon found out.
pub const ALLOWANCE: Duration = Duration::from_millis(400);

/// The domain of the group of which a feed tells every change.
pub const SURE: &str = "sure";

/// How long a system may take.
pub const TIMEOUT_MS: i64 = 2_000;

const SDL: &str = r#"
type Query {
  stocked(skus: [String!]!): [Stocked] @ref(key: "sku: $skus")
  products(skus: [String!]!): [Product] @ref(key: "sku: $skus")
  ofCategory(category: String!, first: Int, after: String): ProductConnection @list(name: "ofCategory")
  heldOfCategory(category: String!, first: Int, after: String): ProductConnection @list(name: "heldOfCategory")
}
type Product @key(fields: "sku") @owner(system: "erp") @domain(name: "quick") {
  sku: String!
  price: String
  stock: String @owner(system: "erp", as: "stock") @domain(name: "lasting")
  held: String @owner(system: "erp", as: "held") @domain(name: "held")
  watched: String @owner(system: "erp", as: "watched") @domain(name: "watched")
  text: String @owner(system: "pim") @domain(name: "copied")
}
type Stocked @key(fields: "sku") @owner(system: "erp") @domain(name: "sure") { sku: String! sure: String }
type ProductConnection { nodes: [Product]! pageInfo: PageInfo! }
type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
"#;

/// `watched` may hardly be old at all: less than clocks may be apart. Of `sure` a feed tells every change.
const FRESHNESS: &str = r#"
systems = ["erp.toml", "pim.toml"]
[freshness.quick]
max_age = "3s"
refresh_after = "1500ms"
on_outage = "refuse"
absent = "1500ms"
[freshness.lasting]
max_age = "2s"
refresh_after = "2s"
on_outage = "6s"
absent = "1s"
[freshness.held]
max_age = "300s"
refresh_after = "300s"
on_outage = "600s"
absent = "300s"
[freshness.watched]
max_age = "300ms"
refresh_after = "200ms"
on_outage = "refuse"
absent = "100ms"
[freshness.sure]
max_age = "1s"
refresh_after = "900ms"
on_outage = "refuse"
absent = "900ms"
[freshness.copied]
max_age = "4s"
refresh_after = "3s"
on_outage = "9s"
absent = "2s"
"#;

const ERP: &str = r#"
kind = "postgres"
url = "postgres://unused"
timeout = "2s"
[Product]
query = "select sku, price from product where sku in (:keys)"
[Product.stock]
query = "select sku, stock from product where sku in (:keys)"
[Product.held]
query = "select sku, held from product where sku in (:keys)"
[Product.watched]
query = "select sku, watched from product where sku in (:keys)"
[Stocked]
query = "select sku, sure from item where sku in (:keys)"
[changes.replication]
slot = "unused"
publication = "unused"
tables = { item = { type = "Stocked", key = { sku = "sku" } } }
confirms = ["Stocked"]
[lists.ofCategory]
query = "select sku from product where category = :category"
order = ["sku"]
domain = "lasting"
[lists.heldOfCategory]
query = "select sku from product where category = :category"
order = ["sku"]
domain = "held"
"#;

const PIM: &str = r#"
kind = "sqlite"
url = "unused"
timeout = "2s"
[Product]
query = "select sku, text from product where sku in (:keys)"
"#;

/// How the systems do at the moment.
#[derive(Debug, Clone)]
pub struct Conditions {
    /// Whether they answer.
    pub is_down: bool,
    /// Always how long a question takes, and after how long it reads; at random where not said.
    pub takes_ms: Option<(u64, u64)>,
    /// How old the copy is.
    pub copy_lag_ms: i64,
    /// How far the clock is off by which the copy states its time.
    pub copy_off_ms: i64,
    /// When they were down, up to now.
    downs: Vec<(i64, i64)>,
}

/// The world of a run.
pub struct World {
    pub time: Time,
    pub truth: Truth,
    pub contract: Arc<Contract>,
    random: Mutex<Random>,
    conditions: Mutex<Conditions>,
    asked: Mutex<Vec<usize>>,
}

impl World {
    pub fn begin(seed: u64) -> Arc<Self> {
        let conditions =
            Conditions { is_down: false, takes_ms: None, copy_lag_ms: 0, copy_off_ms: 0, downs: Vec::new() };
        Arc::new(Self {
            time: Time::begin(),
            truth: Truth { seed },
            contract: contract(),
            random: Mutex::new(Random::new(seed)),
            conditions: Mutex::new(conditions),
            asked: Mutex::default(),
        })
    }

    /// Returns the group of a domain.
    pub fn group(&self, domain: &str) -> GroupId {
        let of_domain = |group: &freehold::contract::Group| self.contract.domain(group.domain).name == domain;
        GroupId::from(self.contract.groups.iter().position(of_domain).expect("a domain of the contract"))
    }

    pub fn random(&self) -> MutexGuard<'_, Random> {
        self.random.lock().unwrap()
    }

    pub fn conditions(&self) -> Conditions {
        self.conditions.lock().unwrap().clone()
    }

    /// Changes how the systems do.
    pub fn change(&self, change: impl FnOnce(&mut Conditions)) {
        let mut conditions = self.conditions.lock().unwrap();
        let was_down = conditions.is_down;
        change(&mut conditions);
        let now_ms = self.time.now_ms();
        match (was_down, conditions.is_down) {
            (false, true) => conditions.downs.push((now_ms, i64::MAX)),
            (true, false) => conditions.downs.last_mut().expect("it was down").1 = now_ms,
            _ => {}
        }
    }

    /// Whether the systems were down at any time of a window.
    pub fn was_down(&self, from_ms: i64, to_ms: i64) -> bool {
        self.conditions.lock().unwrap().downs.iter().any(|(from, to)| *from <= to_ms && *to >= from_ms)
    }

    /// Notes a question: of how many keys or parents.
    pub fn note_asked(&self, n_keys: usize) {
        self.asked.lock().unwrap().push(n_keys);
    }

    /// Returns how many keys and parents each question was for, since last asked.
    pub fn take_asked(&self) -> Vec<usize> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

/// Whether a key of the group of a domain is never absent.
pub fn is_always_there(world: &World, domain: &str, key: &str) -> bool {
    spot(world, world.group(domain), key).is_always_there()
}

/// Returns the place of a key.
pub fn spot(world: &World, group: GroupId, key: &str) -> Spot {
    let spot = Spot::new(Asked::Group(group), key);
    if group == world.group(SURE) { spot.followed() } else { spot }
}

fn contract() -> Arc<Contract> {
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let files = Files::new([
        file("schema.graphql", SDL),
        file("freehold.toml", FRESHNESS),
        file("erp.toml", ERP),
        file("pim.toml", PIM),
    ]);
    let loaded = load(&files, &|_| None);
    Arc::new(loaded.contract.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics)))
}
