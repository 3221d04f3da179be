//! Whether the shipped bindings fit the demo company's tables: every query is run on real keys, and every row is laid out
//! by the contract's types without a violation.

use std::{collections::BTreeMap, sync::Arc};

use sqlx::{AssertSqlSafe, Column, Row, SqliteConnection, TypeInfo, ValueRef, sqlite::SqliteRow};

use super::{Filled, filled, opened, shipped};
use crate::{
    contract::{Contract, Group, GroupBinding, ListBinding, Role, SqlGroup, SqlList, TypeKind, Usage, scan},
    fetch::{Cell, Layout, PartLayout, PartRows, Stamp},
    value::{GroupId, Shape, SlotKind},
};

/// Real keys of each entity type: the system that has them and its query.
const KEYS: &[(&str, &str, &str)] = &[
    ("Product", "erp", "select item_no from item"),
    ("Stock", "erp", "select item_no from item"),
    ("Plant", "erp", "select plant from plant"),
    ("PlantStock", "erp", "select item_no, plant from stock order by item_no limit 1500"),
    (
        "Price",
        "erp",
        "select account_no, item_no from account cross join (select item_no from item order by item_text limit 40) limit 800",
    ),
    ("Account", "erp", "select account_no from account"),
    ("Category", "pim", "select code from category"),
    ("Order", "erp", "select order_no from sales_order where order_no < '4500020000' or order_no % 16 = 0"),
];

/// Drafts, which only the shop has.
const DRAFTS: &str = "select web_no from web_order where erp_no is null";

struct Company {
    contract: Contract,
    systems: BTreeMap<String, SqliteConnection>,
}

async fn company() -> (Arc<Filled>, Company) {
    let filled = filled().await;
    let demo = &filled.systems;
    let contract = shipped(demo);
    let mut systems = BTreeMap::new();
    for (name, path) in [("erp", &demo.erp), ("pim", &demo.pim), ("shop", &demo.shop)] {
        systems.insert(name.to_owned(), opened(path).await);
    }
    (filled, Company { contract, systems })
}

/// The columns and the rows of a query.
struct Rows {
    columns: Vec<String>,
    rows: Vec<SqliteRow>,
}

impl Rows {
    fn cells(&self, row: &SqliteRow) -> Vec<Cell<'static>> {
        (0..self.columns.len())
            .map(|n| {
                let raw = row.try_get_raw(n).unwrap();
                match raw.type_info().name() {
                    _ if raw.is_null() => Cell::Null,
                    "INTEGER" | "BOOLEAN" => Cell::Int(row.try_get_unchecked(n).unwrap()),
                    "REAL" => Cell::Float(row.try_get_unchecked(n).unwrap()),
                    _ => Cell::Text(row.try_get_unchecked::<String, _>(n).unwrap().into()),
                }
            })
            .collect()
    }

    /// The text of these columns, for each row.
    fn keys(&self, columns: &[String]) -> Vec<Vec<String>> {
        let places: Vec<usize> =
            columns.iter().map(|name| self.columns.iter().position(|column| column == name).expect(name)).collect();
        let key = |row| {
            let cells = self.cells(row);
            places.iter().map(|&place| cells[place].text().unwrap().into_owned()).collect()
        };
        self.rows.iter().map(key).collect()
    }
}

impl Company {
    async fn run(&mut self, system: &str, sql: String, bound: Vec<Option<String>>) -> Rows {
        let connection = self.systems.get_mut(system).unwrap();
        let mut query = sqlx::query(AssertSqlSafe(sql.clone()));
        for value in bound {
            query = query.bind(value);
        }
        let rows = query.fetch_all(connection).await.unwrap_or_else(|error| panic!("{error}: {sql}"));
        assert!(!rows.is_empty(), "no row to judge by: {sql}");
        let columns = rows[0].columns().iter().map(|column| column.name().to_owned()).collect();
        Rows { columns, rows }
    }

    async fn keys(&mut self, system: &str, query: &str) -> Vec<Vec<String>> {
        let rows = self.run(system, query.to_owned(), Vec::new()).await;
        rows.keys(&rows.columns)
    }

    async fn asked(&mut self, system: &str, query: &str, keys: &[Vec<String>]) -> Rows {
        let (sql, bound) = with_keys(query, keys);
        self.run(system, sql, bound).await
    }
}

/// Puts keys in the place of `in (:keys)`.
fn with_keys(query: &str, keys: &[Vec<String>]) -> (String, Vec<Option<String>>) {
    let keys_at =
        scan(query).unwrap().placeholders.into_iter().find(|one| one.name == "keys").expect("a group asks by key");
    let Usage::InList { span, row, .. } = keys_at.usage else { panic!("in (:keys)") };
    let one = if row { format!("({})", vec!["?"; keys[0].len()].join(",")) } else { "?".to_owned() };
    let places = vec![one; keys.len()].join(",");
    let list = if row { format!("in (values {places})") } else { format!("in ({places})") };
    (format!("{}{list}{}", &query[..span.start], &query[span.end..]), keys.concat().into_iter().map(Some).collect())
}

/// Lays every row of a group out and returns what did not fit, each with its number of rows and an example.
async fn misfits(company: &mut Company, id: GroupId, keys: &[Vec<String>]) -> BTreeMap<String, (usize, String)> {
    let group = &company.contract.groups[id.index()];
    let (name, system) = (group.name.clone(), company.contract.systems[group.system.index()].name.clone());
    let GroupBinding::Sql(binding) = group.binding.clone() else { panic!("it is asked in SQL") };
    let (adaptations, key_columns) = (group.adaptations.clone(), group.key_columns.clone());
    let stamp = Stamp { system: group.system, started_ms: 0, ended_ms: 0, as_of_ms: None };
    let head = company.asked(&system, &binding.query, keys).await;
    let mut parts = Vec::new();
    for (_, query) in &binding.parts {
        parts.push(company.asked(&system, query, keys).await);
    }
    let shapes: &[Shape] = &company.contract.shapes;
    let shape = company.contract.groups[id.index()].shape;
    let part_names: Vec<String> = binding.parts.iter().map(|(slot, _)| slot.clone()).collect();
    let layout = Layout::new(shape, shapes, &head.columns, &part_names, &adaptations);
    let mut part_layouts = Vec::new();
    let mut found = BTreeMap::new();
    for (slot_name, rows) in part_names.iter().zip(&parts) {
        let slots = &shapes[shape.index()].slots;
        let slot =
            slots.iter().find(|slot| slot.name == *slot_name).unwrap_or_else(|| panic!("{name} has no {slot_name}"));
        let SlotKind::Part(variants) = &slot.kind else { panic!("{name}.{slot_name} is no part") };
        let part = PartLayout::new(slot_name, variants, shapes, &rows.columns, &adaptations);
        let parents: Vec<String> = match key_columns.as_slice() {
            [_] => vec!["parent".to_owned()],
            several => several.iter().map(|key| format!("parent_{key}")).collect(),
        };
        let mut by_parent: BTreeMap<Vec<String>, Vec<Vec<Cell<'_>>>> = BTreeMap::new();
        for (key, row) in rows.keys(&parents).into_iter().zip(&rows.rows) {
            by_parent.entry(key).or_default().push(rows.cells(row));
        }
        part_layouts.push((part, by_parent));
    }
    for (key, row) in head.keys(&key_columns).into_iter().zip(&head.rows) {
        let of_key: Vec<PartRows<'_, '_>> = (part_layouts.iter())
            .map(|(layout, rows)| PartRows { layout, rows: rows.get(&key).map_or(&[], Vec::as_slice) })
            .collect();
        let record = layout.record(shapes, &head.cells(row), &of_key, stamp);
        for violation in record.violations() {
            let field: String =
                violation.field.split('.').filter(|part| part.parse::<u32>().is_err()).collect::<Vec<_>>().join(".");
            let entry = found.entry(format!("{name}.{field}: {}", violation.expected)).or_insert((0, key.join(" ")));
            entry.0 += 1;
        }
    }
    found
}

/// The groups with the type they belong to.
fn groups(contract: &Contract) -> Vec<(GroupId, String, bool)> {
    let handed_over: Vec<GroupId> = (contract.types.iter())
        .filter_map(|ty| match &ty.kind {
            TypeKind::Object(object) => match &object.role {
                Role::Entity(entity) => entity.handover,
                _ => None,
            },
            _ => None,
        })
        .collect();
    let named = |(n, group): (usize, &Group)| {
        let id = GroupId::from(n);
        (id, contract.ty(group.entity).name.clone(), handed_over.contains(&id))
    };
    contract.groups.iter().enumerate().map(named).collect()
}

#[tokio::test]
async fn every_row_of_every_group_fits_its_declared_types() {
    let (_filled, mut company) = company().await;
    for (id, type_name, handed_over) in groups(&company.contract) {
        let (_, system, query) = KEYS.iter().find(|(name, ..)| *name == type_name).expect("keys of every type");
        let keys = if handed_over { company.keys("shop", DRAFTS).await } else { company.keys(system, query).await };
        if handed_over {
            // The shop answers for a part of the order's fields; the rest is nobody's until the ERP has it.
            let group = &company.contract.groups[id.index()];
            let GroupBinding::Sql(SqlGroup { query, parts }) = group.binding.clone() else {
                panic!("it is asked in SQL")
            };
            company.asked("shop", &query, &keys).await;
            for (_, part) in parts {
                company.asked("shop", &part, &keys).await;
            }
            continue;
        }
        let found = misfits(&mut company, id, &keys).await;
        assert!(found.is_empty(), "{found:#?}");
    }
}

#[tokio::test]
async fn every_list_runs_and_gives_its_keys_and_its_order() {
    let (_filled, mut company) = company().await;
    let given: BTreeMap<&str, &str> = BTreeMap::from([
        ("target", "PMP-4010"),
        ("category", "PUMPS"),
        ("account", "100042"),
        ("customerPo", "PO-100042-0045"),
    ]);
    let lists = 0..company.contract.lists.len();
    for n in lists {
        let list = &company.contract.lists[n];
        let ListBinding::Sql(SqlList { query }) = list.binding.clone() else { panic!("it is asked in SQL") };
        let (name, parameters) = (list.name.clone(), list.parameters.clone());
        let (keys, order) = (list.key_columns.clone(), list.order.clone());
        let system = company.contract.systems[list.system.index()].name.clone();
        let value = |parameter: &str| match (name.as_str(), parameter) {
            ("childrenOfAccount", "parent") => Some("100040".to_owned()),
            ("openOrdersOfProduct", "sku") => Some("VLV-2205".to_owned()),
            ("openOrdersOfProduct", "account") => None,
            _ => given.get(parameter).map(|&text| text.to_owned()),
        };
        let mut sql = query.clone();
        for one in scan(&query).unwrap().placeholders.iter().rev() {
            let at = 1 + parameters.iter().position(|parameter| *parameter == one.name).unwrap();
            sql.replace_range(one.span.clone(), &format!("?{at}"));
        }
        let bound: Vec<Option<String>> = parameters.iter().map(|parameter| value(parameter)).collect();
        let rows = company.run(&system, sql, bound).await;
        let columns: Vec<String> = keys.into_iter().chain(order.into_iter().map(|column| column.column)).collect();
        let mut places = rows.keys(&columns);
        let n_rows = places.len();
        places.sort();
        places.dedup();
        assert_eq!(places.len(), n_rows, "the order of {name} is not total");
    }
}
