//! Samples: the keys that groups and lists are asked for, and which system each came from.
//!
//! In: keys that somebody gave, the rows of lists, and records whose fields lead to other entities. Out: a few keys of
//! each entity by origin.

use std::collections::BTreeMap;

use serde_json::Value;

use super::ask::GroupAsk;
use crate::{
    contract::{Answer, Contract, Feed, Field, Role},
    fetch::{Entry, Record, Table},
    value::{GroupId, Key, Shape, SlotKind, SystemId, TypeId},
};

/// Keys kept of each entity and origin: enough to meet an odd row, little enough for any system.
pub(super) const N_SAMPLES: usize = 20;

/// Where a sample came from: a system, or (`None`) somebody who gave it.
pub(super) type Origin = Option<SystemId>;

/// The keys of each entity, by origin.
pub(super) struct Samples(BTreeMap<TypeId, BTreeMap<Origin, Vec<Key>>>);

impl Samples {
    /// Starts with the keys that somebody gave.
    pub fn new(given: BTreeMap<TypeId, Vec<Key>>) -> Self {
        let mut samples = Self(BTreeMap::new());
        for (entity, keys) in given {
            keys.into_iter().for_each(|key| samples.keep(entity, None, key));
        }
        samples
    }

    /// Adds a key that a system's answer held.
    pub fn add(&mut self, entity: TypeId, system: SystemId, key: Key) {
        self.keep(entity, Some(system), key);
    }

    fn keep(&mut self, entity: TypeId, origin: Origin, key: Key) {
        let keys = self.0.entry(entity).or_default().entry(origin).or_default();
        if keys.len() < N_SAMPLES && !keys.contains(&key) {
            keys.push(key);
        }
    }

    /// Whether there is any key of an entity.
    pub fn has(&self, entity: TypeId) -> bool {
        self.0.get(&entity).is_some_and(|origins| origins.values().any(|keys| !keys.is_empty()))
    }

    /// Returns an entity's keys by origin.
    pub fn of(&self, entity: TypeId) -> impl Iterator<Item = (Origin, &[Key])> {
        self.0.get(&entity).into_iter().flatten().map(|(origin, keys)| (*origin, keys.as_slice()))
    }

    /// Returns an entity's keys, each once.
    pub fn all(&self, entity: TypeId) -> Vec<Key> {
        let mut all: Vec<Key> = Vec::new();
        for key in self.of(entity).flat_map(|(_, keys)| keys) {
            if !all.contains(key) {
                all.push(key.clone());
            }
        }
        all
    }
}

/// Sample keys that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SampleError {
    /// Not of the form `Type=key,key`.
    #[error("`{0}` is not of the form Product=A-100,B-200")]
    Form(String),
    /// There is no such entity.
    #[error("the contract has no entity `{0}`")]
    Entity(String),
    /// The key has more or fewer fields than the entity's.
    #[error("`{key}` is not a key of `{entity}`, which has {n_fields} key fields (put | between several)")]
    Key {
        /// The entity.
        entity: String,
        /// The key as written.
        key: String,
        /// How many fields its keys have.
        n_fields: usize,
    },
}

/// Adds keys written as `Product=A-100,B-200` to those the contract names.
///
/// *Errors*: the first one that cannot be understood.
pub fn given_samples(contract: &Contract, written: &[String]) -> Result<BTreeMap<TypeId, Vec<Key>>, SampleError> {
    let mut samples = contract.samples.clone();
    for one in written {
        let (entity, keys) = one.split_once('=').ok_or_else(|| SampleError::Form(one.clone()))?;
        let unknown = || SampleError::Entity(entity.to_owned());
        let id = *contract.type_names.get(entity).ok_or_else(unknown)?;
        let Some(Role::Entity(facts)) = contract.object(id).map(|object| &object.role) else { return Err(unknown()) };
        let n_fields = facts.key.len();
        for text in keys.split(',') {
            let wrong = || SampleError::Key { entity: entity.to_owned(), key: text.to_owned(), n_fields };
            let key = Key::parse(text, n_fields).filter(|key| key.fields().all(|field| !field.is_empty()));
            let key = key.ok_or_else(wrong)?;
            let keys: &mut Vec<Key> = samples.entry(id).or_default();
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    Ok(samples)
}

/// Finds the keys of other entities that a group's records lead to, with the system that says so.
pub(super) fn references(contract: &Contract, ask: &GroupAsk) -> Vec<(TypeId, SystemId, Key)> {
    let group = contract.group(ask.group);
    let mut led = Led { contract, group: ask.group, keys: Vec::new() };
    for (key, record) in &ask.records {
        if let Some(table) = record.as_deref().and_then(Record::table) {
            led.object(group.entity, Some(key), &contract.shapes[group.shape.index()], table);
        }
    }
    led.keys.into_iter().map(|(ty, key)| (ty, group.system, key)).collect()
}

struct Led<'c> {
    contract: &'c Contract,
    group: GroupId,
    keys: Vec<(TypeId, Key)>,
}

impl Led<'_> {
    /// Follows the fields of an entity, or of a part where there is no `key`.
    fn object(&mut self, ty: TypeId, key: Option<&Key>, shape: &Shape, table: Table<'_>) {
        let contract = self.contract;
        let Some(object) = contract.object(ty) else { return };
        for field in &object.fields {
            let Answer::Reference(reference) = &field.answer else { continue };
            if reference.type_name.is_some() {
                continue;
            }
            let text = |feed: &Feed| match feed {
                Feed::Field(position) => self.text(&object.fields[*position], key, table),
                Feed::Constant(text) => Some(text.clone()),
                Feed::Argument(_) => None,
            };
            let texts: Option<Vec<String>> = reference.key.iter().map(text).collect();
            if let Some(target) = texts.and_then(|texts| Key::of(texts.iter().map(String::as_str))) {
                self.keys.push((field.ty.named(), target));
            }
        }
        for (number, slot) in shape.slots.iter().enumerate() {
            if let (SlotKind::Part(_), Entry::Value(value)) = (&slot.kind, table.entry(number)) {
                self.part(&slot.kind, slot.nesting.n_lists(), value);
            }
        }
    }

    fn part(&mut self, kind: &SlotKind, n_lists: usize, value: &[u8]) {
        if n_lists > 0 {
            let list = Table::new(value);
            for item in 0..list.len() {
                if let Entry::Value(value) = list.entry(item) {
                    self.part(kind, n_lists - 1, value);
                }
            }
            return;
        }
        let (SlotKind::Part(variants), Some((number, table))) = (kind, Entry::object(value)) else { return };
        let Some(variant) = variants.get(number) else { return };
        if let Some(ty) = self.contract.type_names.get(&variant.type_name) {
            self.object(*ty, None, &self.contract.shapes[variant.shape.index()], table);
        }
    }

    fn text(&self, field: &Field, key: Option<&Key>, table: Table<'_>) -> Option<String> {
        let slot = match &field.answer {
            Answer::Key(position) => return key?.field(*position).map(str::to_owned),
            Answer::Slot { group, slot } if *group == self.group => *slot,
            Answer::Part { slot } => *slot,
            _ => return None,
        };
        let Entry::Value(value) = table.entry(slot) else { return None };
        match serde_json::from_slice(value).ok()? {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}
