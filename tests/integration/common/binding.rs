//! Contracts built by hand: one system with groups, lists and shapes, and nothing a loader would check.

use std::{sync::Arc, time::Duration};

use freehold::{
    contract::{
        Contract, Group, GroupBinding, Guards, List, ListBinding, OrderColumn, SqlGroup, SqlList, System, SystemKind,
    },
    fetch::{Entry, Record, Table},
    value::{
        Adaptations, DomainId, GroupId, Leaf, ListId, Nesting, Scalar, Shape, ShapeId, Slot, SlotKind, SystemId,
        TypeId, Variant,
    },
};
use serde_json::{Value, json};

/// A contract in the making.
pub struct Bindings {
    groups: Vec<Group>,
    lists: Vec<List>,
    shapes: Vec<Shape>,
    timeout: Duration,
    keys_per_fetch: usize,
    connections_max: u32,
    guards: Guards,
}

impl Bindings {
    pub fn new() -> Self {
        let (groups, lists, shapes) = Default::default();
        Self {
            groups,
            lists,
            shapes,
            timeout: Duration::from_secs(10),
            keys_per_fetch: 1000,
            connections_max: 4,
            guards: Guards::default(),
        }
    }

    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    pub fn keys_per_fetch(mut self, keys_per_fetch: usize) -> Self {
        self.keys_per_fetch = keys_per_fetch;
        self
    }

    pub fn connections_max(mut self, connections_max: u32) -> Self {
        self.connections_max = connections_max;
        self
    }

    pub fn guards(mut self, guards: Guards) -> Self {
        self.guards = guards;
        self
    }

    pub fn shape(&mut self, name: &str, slots: Vec<Slot>) -> ShapeId {
        self.shapes.push(Shape { name: name.to_owned(), slots, may_lack: false });
        ShapeId::from(self.shapes.len() - 1)
    }

    /// Adds a group; `keys` are the key columns, space separated.
    pub fn group(
        &mut self,
        shape: ShapeId,
        keys: &str,
        query: &str,
        parts: &[(&str, &str)],
        adaptations: Adaptations,
    ) -> GroupId {
        let parts = parts.iter().map(|(slot, query)| ((*slot).to_owned(), (*query).to_owned())).collect();
        self.groups.push(Group {
            name: format!("erp {}", self.shapes[shape.index()].name),
            system: SystemId(0),
            entity: TypeId(0),
            shape,
            holds_copies: false,
            key_columns: words(keys),
            key: None,
            domain: DomainId(0),
            fields: Default::default(),
            as_of: None,
            valid_until: None,
            adaptations,
            binding: GroupBinding::Sql(SqlGroup { query: query.to_owned(), parts }),
        });
        GroupId::from(self.groups.len() - 1)
    }

    /// Adds a list; `keys` and `parameters` are space separated, `order` is as a contract writes it, comma separated.
    pub fn list(&mut self, keys: &str, parameters: &str, query: &str, order: &str) -> ListId {
        let order = order.split(',').map(|term| {
            let mut term = term.split_whitespace();
            let column = term.next().unwrap_or_default().to_owned();
            OrderColumn { column, descending: term.next() == Some("desc") }
        });
        self.lists.push(List {
            name: format!("list{}", self.lists.len()),
            system: SystemId(0),
            of: TypeId(0),
            key_columns: words(keys),
            key: None,
            parameters: words(parameters),
            argument_keys: Vec::new(),
            fields: Default::default(),
            binding: ListBinding::Sql(SqlList { query: query.to_owned() }),
            order: order.collect(),
            narrowed: None,
            page_rows_max: 1000,
            page_rows_default: 20,
            count_max: 10_000,
            domain: DomainId(0),
            adaptations: Adaptations::default(),
        });
        ListId::from(self.lists.len() - 1)
    }

    pub fn contract(self, kind: SystemKind) -> Arc<Contract> {
        let system = System {
            name: "erp".to_owned(),
            kind,
            timeout: self.timeout,
            lag: Duration::ZERO,
            connections_max: self.connections_max,
            keys_per_fetch: self.keys_per_fetch,
            guards: self.guards,
        };
        Arc::new(Contract {
            version: "test".to_owned(),
            types: Vec::new(),
            query: TypeId(0),
            systems: vec![system],
            domains: Vec::new(),
            groups: self.groups,
            lists: self.lists,
            shapes: self.shapes,
            rule_uses: Vec::new(),
            rules: Default::default(),
            marks_protected_data: false,
            changes: Vec::new(),
            hierarchy: None,
            audiences: Vec::new(),
            access: None,
            documents: Default::default(),
            limits: Default::default(),
            type_names: Default::default(),
            samples: Default::default(),
        })
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// A nullable leaf.
pub fn leaf(name: &str, scalar: Scalar) -> Slot {
    Slot { name: name.to_owned(), kind: SlotKind::Leaf(Leaf::Scalar(scalar)), nesting: nesting(0) }
}

/// A nullable list of leaves.
pub fn leaves(name: &str, scalar: Scalar) -> Slot {
    Slot { nesting: nesting(1), ..leaf(name, scalar) }
}

/// A nullable list of parts of one type.
pub fn parts(name: &str, shape: ShapeId) -> Slot {
    let variant = Variant { type_name: "Part".to_owned(), shape };
    Slot { name: name.to_owned(), kind: SlotKind::Part([variant].into()), nesting: nesting(1) }
}

fn nesting(n_lists: usize) -> Nesting {
    Nesting { non_null: false, items_non_null: vec![false; n_lists] }
}

/// Shows a record as JSON by its shape; a value that did not fit is shown as `{"expected": …}`.
pub fn shown(contract: &Contract, shape: ShapeId, record: &Record) -> Value {
    record.table().map_or(Value::Null, |table| object(contract, shape, record, table))
}

fn object(contract: &Contract, shape: ShapeId, record: &Record, table: Table<'_>) -> Value {
    let slots = contract.shapes[shape.index()].slots.iter().enumerate();
    let members = slots.map(|(n, slot)| {
        let value = match (table.entry(n), &slot.kind) {
            (Entry::Value(bytes), SlotKind::Part(variants)) if slot.nesting.n_lists() == 1 => {
                let list = Table::new(bytes);
                (0..list.len()).map(|item| part(contract, variants, record, list.entry(item))).collect()
            }
            (entry, SlotKind::Part(variants)) => part(contract, variants, record, entry),
            (entry, SlotKind::Leaf(_)) => leaf_value(record, entry),
        };
        (slot.name.clone(), value)
    });
    Value::Object(members.collect())
}

fn part(contract: &Contract, variants: &[Variant], record: &Record, entry: Entry<'_>) -> Value {
    match entry {
        Entry::Value(bytes) => {
            let (variant, table) = Entry::object(bytes).unwrap();
            object(contract, variants[variant].shape, record, table)
        }
        entry => leaf_value(record, entry),
    }
}

fn leaf_value(record: &Record, entry: Entry<'_>) -> Value {
    match entry {
        Entry::Null => Value::Null,
        Entry::Fault(number) => json!({ "expected": record.violation(number).unwrap().expected }),
        Entry::Value(bytes) => serde_json::from_slice(bytes).unwrap(),
    }
}
