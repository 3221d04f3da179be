//! Freehold's side: a contract over in-memory owners.

use std::sync::Arc;

use freehold::{
    contract::{Contract, Files, load},
    fetch::{Cell, Cursor, Fetch, FetchError, Layout, ListFetch, ListItem, Outcome, Owner, Page, Record, Stamp},
    value::{GroupId, Key, SystemId},
};
use futures_util::future::{BoxFuture, ready};
use hashbrown::HashMap;

use super::{Work, value};

/// Which owner answers a field of the product: three of them, by thirds.
fn owner_of(field: usize) -> &'static str {
    ["erp", "pim", "shop"][field * 3 / 40]
}

/// The contract: items of one owner, a product of three.
pub fn contract() -> Contract {
    let items: String = (0..10).map(|n| format!("  f{n}: String\n")).collect();
    let product: String = (0..40).map(|n| format!("  f{n}: String @owner(system: \"{}\")\n", owner_of(n))).collect();
    let sdl = format!(
        "type Query {{\n  items: [Item] @list(name: \"items\")\n  product: Product @ref(key: \"sku: 'PMP-4010'\")\n}}\n\
         type Item @key(fields: \"sku\") @owner(system: \"erp\") @domain(name: \"product\") {{\n  sku: String!\n{items}}}\n\
         type Product @key(fields: \"sku\") @owner(system: \"erp\") @domain(name: \"product\") {{\n  sku: String!\n{product}}}\n"
    );
    let group = |ty: &str| format!("[{ty}]\nquery = \"select sku from t where sku in (:keys)\"\n");
    let system = "kind = \"sqlite\"\nurl = \"unused\"\n";
    let list = "[lists.items]\nquery = \"select sku from t\"\norder = [\"sku\"]\npage_rows_max = 10000\n";
    let files = Files::new([
        ("schema.graphql".to_owned(), sdl),
        ("freehold.toml".to_owned(), "systems = [\"erp.toml\", \"pim.toml\", \"shop.toml\"]\n".to_owned()),
        ("erp.toml".to_owned(), format!("{system}{}{}{list}", group("Item"), group("Product"))),
        ("pim.toml".to_owned(), format!("{system}{}", group("Product"))),
        ("shop.toml".to_owned(), format!("{system}{}", group("Product"))),
    ]);
    let loaded = load(&files, &|_| None);
    loaded.contract.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
}

/// The owners, holding the rows of a work.
pub fn owners(contract: &Contract, work: Work) -> Vec<Arc<dyn Owner>> {
    let systems = contract.systems.iter().enumerate();
    systems.map(|(number, _)| Arc::new(Memory::new(contract, work, SystemId::from(number))) as Arc<dyn Owner>).collect()
}

struct Memory {
    records: HashMap<GroupId, HashMap<Key, Arc<Record>>>,
    keys: Vec<Key>,
    stamp: Stamp,
}

impl Memory {
    fn new(contract: &Contract, work: Work, system: SystemId) -> Self {
        // Always of this moment, whenever it is asked for.
        let stamp = Stamp { system, started_ms: i64::MAX / 4, ended_ms: i64::MAX / 4, as_of_ms: None, until_ms: None };
        let key = |object: usize| match work {
            Work::B => Key::one("PMP-4010"),
            Work::A | Work::C => Key::one(&format!("PMP-{object:05}")),
        };
        let mut records: HashMap<GroupId, HashMap<Key, Arc<Record>>> = HashMap::new();
        for (number, group) in contract.groups.iter().enumerate().filter(|(_, group)| group.system == system) {
            let slots = &contract.shapes[group.shape.index()].slots;
            let columns: Vec<String> = slots.iter().map(|slot| slot.name.clone()).collect();
            let layout = Layout::new(group.shape, &contract.shapes, &columns, &[], &group.adaptations);
            let rows = records.entry(GroupId::from(number)).or_default();
            for object in 0..work.n_objects() {
                let cells: Vec<Cell<'_>> = (columns.iter())
                    .map(|column| Cell::Text(value(object, column[1..].parse().expect("fN")).into()))
                    .collect();
                rows.insert(key(object), Arc::new(layout.record(&contract.shapes, &cells, &[], stamp)));
            }
        }
        Self { records, keys: (0..work.n_objects()).map(key).collect(), stamp }
    }
}

impl Owner for Memory {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        let records = &self.records[&fetch.group];
        Box::pin(ready(fetch.keys.iter().map(|key| Ok(records[key].clone())).collect()))
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        let item = |key: &Key| ListItem { type_name: None, key: key.clone(), cursor: Cursor(Vec::new()) };
        let page = || Page {
            items: self.keys.iter().map(item).collect(),
            has_next: false,
            has_previous: false,
            count: None,
            stamp: self.stamp,
            left_out: None,
        };
        Box::pin(ready(fetch.arguments.iter().map(|_| Ok(page())).collect()))
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        Box::pin(ready(Ok(())))
    }
}
