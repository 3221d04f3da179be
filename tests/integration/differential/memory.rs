//! The owners in memory: they answer Freehold's questions from a world's rows, through the same layout as a database's
//! rows, and count what they are asked.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use freehold::contract::Contract;
use freehold::fetch::{
    Cell, Clock, Count, Cursor, Direction, Fetch, FetchError, FetchErrorKind, Layout, ListFetch, ListItem, Outcome,
    Owner, Page, PartLayout, PartRows, Record, Stamp, SystemClock,
};
use freehold::value::{Adaptations, Argument, Key, SlotKind, SystemId};
use futures_util::future::{BoxFuture, FutureExt};
use serde_json::Value;

use super::model::{Role, Source, Storage, World};
use super::render::columns;
use super::resolve::{Asked, rows};

/// How often each group and list was asked, by name.
#[derive(Debug, Default)]
pub struct Questions(Mutex<BTreeMap<String, usize>>);

impl Questions {
    /// Returns the counts and starts again from none.
    pub fn take(&self) -> BTreeMap<String, usize> {
        std::mem::take(&mut self.0.lock().expect("no owner panics"))
    }

    fn count(&self, name: &str) {
        *self.0.lock().expect("no owner panics").entry(name.to_owned()).or_default() += 1;
    }
}

/// One system of a world.
pub struct MemoryOwner {
    world: Arc<World>,
    contract: Arc<Contract>,
    system: SystemId,
    questions: Arc<Questions>,
}

impl MemoryOwner {
    /// Makes the owners of a world, by system, in the contract's order.
    pub fn all(world: &Arc<World>, contract: &Arc<Contract>, questions: &Arc<Questions>) -> Vec<Arc<dyn Owner>> {
        let owner = |system| -> Arc<dyn Owner> {
            let (world, contract, questions) = (Arc::clone(world), Arc::clone(contract), Arc::clone(questions));
            Arc::new(Self { world, contract, system, questions })
        };
        (0..contract.systems.len()).map(|number| owner(SystemId::from(number))).collect()
    }

    fn failure(&self) -> FetchError {
        let system = self.contract.system(self.system).name.as_str();
        FetchError::new(system.into(), self.system, FetchErrorKind::Unavailable, "the world says that it fails")
    }

    fn stamp(&self) -> Stamp {
        Stamp::answered(self.system, SystemClock.now_ms())
    }

    fn records(&self, fetch: &Fetch) -> Vec<Outcome> {
        let contract_group = self.contract.group(fetch.group);
        assert_eq!(contract_group.system, self.system, "a group is asked of its own system");
        self.questions.count(&contract_group.name);
        let number = self.world.groups.iter().position(|group| group.name == contract_group.name);
        let number = number.expect("the contract's groups are the world's");
        let group = &self.world.groups[number];
        if group.fails {
            return fetch.keys.iter().map(|_| Err(self.failure())).collect();
        }
        let object = &self.world.objects[&group.entity];
        let Role::Entity { key: key_names, .. } = &object.role else { unreachable!("groups are of entities") };
        let shapes = &self.contract.shapes;
        let adaptations = Adaptations::default();
        let mut names = key_names.clone();
        let mut parts = Vec::new();
        for field in object.fields.iter().filter(|field| field.source == Source::Group(number)) {
            names.extend(columns(&self.world, &field.name, &field.ty, &group.storage));
            if group.storage.get(&field.name) == Some(&Storage::Query) {
                parts.push(field);
            }
        }
        let part_names: Vec<String> = parts.iter().map(|field| field.name.clone()).collect();
        let layout = Layout::new(contract_group.shape, shapes, &names, &part_names, &adaptations);
        let part_layouts: Vec<(PartLayout, Vec<String>)> = (parts.iter())
            .map(|field| {
                let mut members = vec!["__typename".to_owned()];
                for ty in self.world.possible_types(field.ty.name()) {
                    members.extend(self.world.objects[ty].fields.iter().map(|member| member.name.clone()));
                }
                let shape = &shapes[contract_group.shape.index()];
                let slot = &shape.slots[shape.slot_named(&field.name).expect("a part has a slot")];
                let SlotKind::Part(variants) = &slot.kind else { panic!("{} is no part", field.name) };
                (PartLayout::new(&field.name, variants, shapes, &members, &adaptations), members)
            })
            .collect();
        let record = |key: &Key| -> Outcome {
            let key: Vec<String> = key.fields().map(str::to_owned).collect();
            let Some(row) = group.rows.get(&key) else { return Ok(Arc::new(Record::absent(self.stamp()))) };
            let cells: Vec<Cell<'_>> = (names.iter().enumerate())
                .map(
                    |(n, name)| {
                        if n < key.len() { Cell::Text(Cow::Borrowed(&key[n])) } else { cell(at_path(row, name)) }
                    },
                )
                .collect();
            let part_rows: Vec<Vec<Vec<Cell<'_>>>> = (parts.iter().zip(&part_layouts))
                .map(|(field, (_, members))| {
                    let items: Vec<&Value> = match row.get(&field.name) {
                        Some(Value::Array(items)) => items.iter().collect(),
                        Some(object @ Value::Object(_)) => vec![object],
                        _ => vec![],
                    };
                    let of = |item: &'_ Value| -> Vec<Cell<'_>> {
                        members.iter().map(|member| cell(item.get(member))).map(owned).collect()
                    };
                    items.into_iter().map(of).collect()
                })
                .collect();
            let part_rows: Vec<PartRows<'_, '_>> =
                part_layouts.iter().zip(&part_rows).map(|((layout, _), rows)| PartRows { layout, rows }).collect();
            Ok(Arc::new(layout.record(shapes, &cells, &part_rows, self.stamp())))
        };
        fetch.keys.iter().map(record).collect()
    }

    fn pages(&self, fetch: &ListFetch) -> Vec<Result<Page, FetchError>> {
        let contract_list = self.contract.list(fetch.list);
        self.questions.count(&contract_list.name);
        let list = self.world.lists.iter().find(|list| list.name == contract_list.name);
        let list = list.expect("the contract's lists are the world's");
        if list.fails {
            return fetch.arguments.iter().map(|_| Err(self.failure())).collect();
        }
        let is_abstract = self.world.possible_types(&list.of).len() > 1;
        let page = |arguments: &[Argument]| {
            // The contract names the parameters in its own order.
            let arguments: Vec<Option<Vec<String>>> = (list.parameters.iter())
                .map(|parameter| {
                    let position = contract_list.parameters.iter().position(|name| *name == parameter.name);
                    match &arguments[position.expect("the query names its parameters")] {
                        Argument::Null => None,
                        Argument::One(text) => Some(vec![text.to_string()]),
                        Argument::Many(texts) => Some(texts.iter().map(ToString::to_string).collect()),
                    }
                })
                .collect();
            let window = &fetch.window;
            let asked = Asked {
                backward: window.direction == Direction::Backward,
                n_rows: window.n_rows as usize,
                after: window.after.clone().map(|cursor| cursor.0),
                before: window.before.clone().map(|cursor| cursor.0),
            };
            let (rows, place) = rows(list, &arguments, &asked);
            let items = rows.into_iter().map(|row| ListItem {
                type_name: is_abstract.then(|| row.type_name.clone()),
                key: Key::of(row.key.iter().map(String::as_str)).expect("keys have no separator"),
                cursor: Cursor(row.place.clone()),
            });
            Page {
                items: items.collect(),
                has_next: place.end < place.count,
                has_previous: place.start > 0,
                count: fetch.count_up_to.map(|bound| match place.count as u64 {
                    count if count > bound => Count::MoreThan(bound),
                    count => Count::Exactly(count),
                }),
                stamp: self.stamp(),
                left_out: None,
            }
        };
        fetch.arguments.iter().map(|arguments| Ok(page(arguments))).collect()
    }
}

impl Owner for MemoryOwner {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        async move {
            // Owners answer in no order of their own.
            if fetch.group.0 % 2 == 1 {
                tokio::task::yield_now().await;
            }
            self.records(&fetch)
        }
        .boxed()
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        async move {
            if fetch.list.0 % 2 == 1 {
                tokio::task::yield_now().await;
            }
            self.pages(&fetch)
        }
        .boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        async { Ok(()) }.boxed()
    }
}

/// Finds the value of a column: `weight.value` is inside a part.
fn at_path<'r>(row: &'r serde_json::Map<String, Value>, path: &str) -> Option<&'r Value> {
    let mut names = path.split('.');
    let mut value = row.get(names.next()?);
    for name in names {
        value = value.and_then(|object| object.get(name));
    }
    value
}

/// Reads a value as a source would: some in native form, some as JSON.
fn cell(value: Option<&Value>) -> Cell<'_> {
    match value {
        None | Some(Value::Null) => Cell::Null,
        Some(Value::Bool(value)) => Cell::Bool(*value),
        Some(number @ Value::Number(_)) => match (number.as_i64(), number.as_f64()) {
            (Some(value), _) if value % 2 == 0 => Cell::Int(value),
            (None, Some(value)) if value < 500.0 => Cell::Float(value),
            _ => Cell::Json(Cow::Borrowed(number)),
        },
        Some(Value::String(text)) if text.len() % 4 != 0 => Cell::Text(Cow::Borrowed(text)),
        Some(Value::Array(items)) if items.len() == 2 && items.iter().all(|item| !item.is_object()) => {
            Cell::List(items.iter().map(|item| cell(Some(item))).collect())
        }
        Some(json) => Cell::Json(Cow::Borrowed(json)),
    }
}

/// Frees a cell from what it was read from.
fn owned(cell: Cell<'_>) -> Cell<'static> {
    match cell {
        Cell::Text(text) => Cell::Text(Cow::Owned(text.into_owned())),
        Cell::Json(value) => Cell::Json(Cow::Owned(value.into_owned())),
        Cell::List(items) => Cell::List(items.into_iter().map(owned).collect()),
        Cell::Bool(value) => Cell::Bool(value),
        Cell::Int(value) => Cell::Int(value),
        Cell::Float(value) => Cell::Float(value),
        _ => Cell::Null,
    }
}
