//! Owners in memory: companies in hierarchies and their papers, invented from a seed. Of some keys an owner never says anything
//! but that it fails; an owner may be made to fail now and then as well.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use freehold::{
    contract::Contract,
    fetch::{
        Cell, Clock, Count, Cursor, Direction, Fetch, FetchError, FetchErrorKind, Layout, ListFetch, ListItem, Outcome,
        Owner, Page, Record, Stamp, SystemClock,
    },
    owner::Owners,
    value::{Argument, Key, SystemId},
};
use futures_util::{FutureExt, future::BoxFuture};

/// A small source of chance.
#[derive(Clone)]
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'p, T>(&mut self, from: &'p [T]) -> &'p T {
        &from[self.below(from.len())]
    }
}

type Row = BTreeMap<&'static str, String>;

/// What all owners have: rows by system and type, by key.
pub struct World {
    rows: BTreeMap<(&'static str, &'static str), BTreeMap<String, Row>>,
}

pub const LOGINS: [&str; 3] = ["ann", "bob", "cat"];
pub const ACCOUNTS: [&str; 9] = ["A", "A1", "A2", "A11", "B", "B1", "C", "D", "E"];
pub const N_PAPERS: usize = 40;

impl World {
    pub fn invent(seed: u64) -> Arc<Self> {
        let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let mut rows: BTreeMap<_, BTreeMap<String, Row>> = BTreeMap::new();
        let mut put = |system, ty, key: &str, row: Row| {
            rows.entry((system, ty)).or_default().insert(key.to_owned(), row);
        };
        for account in ACCOUNTS {
            let mut row =
                Row::from([("name", format!("name of {account}")), ("limit", format!("{}", account.len() * 1000))]);
            if account.len() > 1 {
                row.insert("parentNumber", account[..account.len() - 1].to_owned());
            }
            put("erp", "Account", account, row);
        }
        for n in 0..N_PAPERS {
            let number = format!("O{n:03}");
            let mut row = Row::from([("account", (*chance.pick(&ACCOUNTS)).to_owned())]);
            row.extend([
                ("total", format!("{n}.25")),
                ("margin", format!("{n}.75")),
                ("sku", format!("P{:02}", n % 12)),
            ]);
            if !chance.one_in(6) {
                row.insert("placedBy", (*chance.pick(&LOGINS)).to_owned());
            }
            put("erp", "Order", &number, row);
            if !chance.one_in(4) {
                put("crm", "Order", &number, Row::from([("note", format!("note of {number}"))]));
            }
            let row = Row::from([("account", (*chance.pick(&ACCOUNTS)).to_owned()), ("total", format!("{n}.5"))]);
            put("erp", "Invoice", &format!("I{n:03}"), row);
        }
        for n in 0..12 {
            let sku = format!("P{n:02}");
            put("erp", "Product", &sku, Row::from([("madeFor", (*chance.pick(&ACCOUNTS)).to_owned())]));
            if !chance.one_in(3) {
                put("crm", "Product", &sku, Row::from([("name", format!("name of {sku}"))]));
            }
        }
        Arc::new(Self { rows })
    }

    fn of(&self, system: &str, ty: &str) -> impl Iterator<Item = (&String, &Row)> {
        self.rows.iter().filter(move |(place, _)| **place == (system, ty)).flat_map(|(_, rows)| rows)
    }
}

/// One system.
struct Memory {
    world: Arc<World>,
    contract: Arc<Contract>,
    system: SystemId,
    /// Every so many questions one fails; 0: none does.
    fails_every: u64,
    n_asked: AtomicU64,
}

/// Makes the owners of a world, of whom every so many questions one fails besides.
pub fn owners(world: &Arc<World>, contract: &Arc<Contract>, fails_every: u64) -> Owners {
    let owner = |number| -> Arc<dyn Owner> {
        let (world, contract) = (Arc::clone(world), Arc::clone(contract));
        Arc::new(Memory { world, contract, system: SystemId::from(number), fails_every, n_asked: AtomicU64::default() })
    };
    Owners::from_vec((0..contract.systems.len()).map(owner).collect())
}

impl Memory {
    fn name(&self) -> &str {
        &self.contract.system(self.system).name
    }

    fn failure(&self) -> FetchError {
        FetchError::new(self.name().into(), self.system, FetchErrorKind::Unavailable, "chance says that it fails")
    }

    fn is_failing(&self) -> bool {
        let n = self.n_asked.fetch_add(1, Ordering::Relaxed);
        self.fails_every > 0 && n % self.fails_every == self.fails_every / 2
    }

    fn stamp(&self) -> Stamp {
        Stamp::answered(self.system, SystemClock.now_ms())
    }

    fn records(&self, fetch: &Fetch) -> Vec<Outcome> {
        let group = self.contract.group(fetch.group);
        let ty = self.contract.ty(group.entity).name.as_str();
        let shapes = &self.contract.shapes;
        let columns: Vec<String> = shapes[group.shape.index()].slots.iter().map(|slot| slot.name.clone()).collect();
        let layout = Layout::new(group.shape, shapes, &columns, &[], &group.adaptations);
        let record = |key: &Key| -> Outcome {
            // Of some keys it never says anything.
            let sum: usize = group.name.bytes().chain(key.as_str().bytes()).map(usize::from).sum();
            if sum.is_multiple_of(13) {
                return Err(self.failure());
            }
            let Some((_, row)) = self.world.of(self.name(), ty).find(|(known, _)| *known == key.as_str()) else {
                return Ok(Arc::new(Record::absent(self.stamp())));
            };
            let cells: Vec<Cell<'_>> = (columns.iter())
                .map(|column| row.get(column.as_str()).map_or(Cell::Null, |text| Cell::Text(Cow::Borrowed(text))))
                .collect();
            Ok(Arc::new(layout.record(shapes, &cells, &[], self.stamp())))
        };
        fetch.keys.iter().map(record).collect()
    }

    fn page(&self, fetch: &ListFetch, arguments: &[Argument]) -> Result<Page, FetchError> {
        let list = self.contract.list(fetch.list);
        let allows = |parameter: &str, value: Option<&String>| {
            let position = list.parameters.iter().position(|name| name == parameter);
            position.is_none_or(|position| match &arguments[position] {
                Argument::Null => true,
                Argument::One(text) => value.is_some_and(|value| *value == *text),
                Argument::Many(texts) => texts.iter().any(|text| value.is_some_and(|value| *value == *text)),
            })
        };
        let types: &[&str] = match list.name.as_str() {
            "accounts" | "children" => &["Account"],
            "documents" => &["Invoice", "Order"],
            _ => &["Order"],
        };
        let mut keys: Vec<(String, &str)> = Vec::new();
        for ty in types {
            let rows = self.world.of("erp", ty).filter(|(key, row)| {
                let account = if *ty == "Account" { Some(*key) } else { row.get("account") };
                let of_account = allows("account", account) && allows("accounts", account);
                of_account && allows("parent", row.get("parentNumber")) && allows("login", row.get("placedBy"))
            });
            keys.extend(rows.map(|(key, _)| (key.clone(), *ty)));
        }
        keys.sort();
        let n_in_all = keys.len() as u64;
        let place = |cursor: &Option<Cursor>| cursor.as_ref().and_then(|cursor| cursor.0[0].clone());
        let (after, before) = (place(&fetch.window.after), place(&fetch.window.before));
        keys.retain(|(key, _)| after.as_ref().is_none_or(|at| key > at) && before.as_ref().is_none_or(|at| key < at));
        let n_rows = (fetch.window.n_rows as usize).min(keys.len());
        let has_more = n_rows < keys.len();
        let is_forward = fetch.window.direction == Direction::Forward;
        let keys = if is_forward { &keys[..n_rows] } else { &keys[keys.len() - n_rows..] };
        let item = |(key, ty): &(String, &str)| ListItem {
            type_name: (types.len() > 1).then(|| (*ty).to_owned()),
            key: Key::one(key),
            cursor: Cursor(vec![Some(key.clone())]),
        };
        Ok(Page {
            items: keys.iter().map(item).collect(),
            has_next: if is_forward { has_more } else { before.is_some() },
            has_previous: if is_forward { after.is_some() } else { has_more },
            count: fetch.count_up_to.map(|_| Count::Exactly(n_in_all)),
            stamp: self.stamp(),
            left_out: None,
        })
    }
}

impl Owner for Memory {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        async move {
            tokio::task::yield_now().await;
            match self.is_failing() {
                true => vec![Err(self.failure()); fetch.keys.len()],
                false => self.records(&fetch),
            }
        }
        .boxed()
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        async move {
            tokio::task::yield_now().await;
            let is_failing = self.is_failing();
            let page = |arguments: &[Argument]| match is_failing {
                true => Err(self.failure()),
                false => self.page(&fetch, arguments),
            };
            fetch.arguments.iter().map(|arguments| page(arguments)).collect()
        }
        .boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        async { Ok(()) }.boxed()
    }
}
