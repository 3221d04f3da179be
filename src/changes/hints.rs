//! Hints: what a message is about. Pure.
//!
//! In: the message, and where the contract says its keys are. Out: what is to be taken back. What cannot be read is never
//! passed over: the whole type is taken back then, and where nothing at all can be read all types of the system are.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::message::Message;
use crate::{
    cache::Change,
    contract::{Contract, Hint, Part, Webhook, When},
    value::{Key, Spelling, SystemId, TypeId},
};

/// How many keys of a type one message may name; more are a reload, for which all of the type is taken back.
const KEYS_MAX: usize = 10_000;

/// What a message is about.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct About {
    /// What is to be taken back: a type with its keys, `None` for all of them.
    pub types: BTreeMap<TypeId, Option<BTreeSet<Key>>>,
    /// How many parts of it could not be read.
    pub n_unread: usize,
}

impl About {
    /// Returns it as changes at a system.
    pub fn changes(self, system: SystemId) -> Vec<Change> {
        let change = |(entity, keys): (TypeId, Option<BTreeSet<Key>>)| Change {
            system,
            entity,
            keys: keys.map(|keys| keys.into_iter().collect()),
        };
        self.types.into_iter().map(change).collect()
    }

    fn whole(&mut self, entity: TypeId) {
        self.types.insert(entity, None);
    }

    fn keys(&mut self, entity: TypeId, keys: impl IntoIterator<Item = Key>) {
        if let Some(known) = self.types.entry(entity).or_insert_with(|| Some(BTreeSet::new())) {
            known.extend(keys);
            if known.len() > KEYS_MAX {
                self.whole(entity);
            }
        }
    }
}

/// Reads what a message is about.
pub(super) fn read(contract: &Contract, system: SystemId, webhook: &Webhook, message: &Message) -> About {
    let mut about = About::default();
    let document = serde_json::from_slice::<Value>(&message.body).ok();
    let mut is_understood = false;
    for hint in &webhook.hints {
        let Some(document) = &document else { break };
        if !hint.when.iter().all(|when| holds(when, document, Some(message))) {
            // It is about something else, which can only be known where the contract says by what.
            is_understood |= !hint.when.is_empty();
            continue;
        }
        let rows = hint.rows.all(document);
        is_understood |= !rows.is_empty() || !hint.when.is_empty();
        if rows.is_empty() && !hint.when.is_empty() {
            about.n_unread += 1;
            about.whole(hint.entity);
        }
        for row in rows.into_iter().filter(|row| hint.rows_when.iter().all(|when| holds(when, row, None))) {
            match keys_of(hint, row) {
                Keys::All => about.whole(hint.entity),
                Keys::Read(keys) => about.keys(hint.entity, keys),
                Keys::Unread => {
                    about.n_unread += 1;
                    about.whole(hint.entity);
                }
            }
        }
    }
    if !is_understood {
        about.n_unread += 1;
        types_of(contract, system).into_iter().for_each(|entity| about.whole(entity));
    }
    about
}

/// What a row says of its key.
enum Keys {
    /// Nothing: all of the type may have changed.
    All,
    /// These: one for each way in which the system spells its keys.
    Read(Vec<Key>),
    /// Nothing that can be understood.
    Unread,
}

fn keys_of(hint: &Hint, row: &Value) -> Keys {
    let Some(pointers) = &hint.key else { return Keys::All };
    let texts: Option<Vec<String>> = pointers.iter().map(|at| at.one(row).and_then(text)).collect();
    let Some(texts) = texts.filter(|texts| texts.iter().all(|text| !text.is_empty())) else { return Keys::Unread };
    let spelled = |spellings: &Vec<Spelling>| {
        let fields = spellings.iter().zip(&texts).map(|(spelling, own)| spelling.to_graph(own));
        let fields: Vec<String> = fields.collect::<Option<_>>()?;
        Key::of(fields.iter().map(String::as_str))
    };
    let keys: Vec<Key> = hint.spellings.iter().filter_map(spelled).collect();
    if keys.is_empty() { Keys::Unread } else { Keys::Read(keys) }
}

fn holds(when: &When, value: &Value, message: Option<&Message>) -> bool {
    let is = |text: &str| when.is.iter().any(|wanted| wanted == text);
    match &when.part {
        Part::Member(pointer) => pointer.all(value).into_iter().filter_map(text).any(|text| is(&text)),
        Part::Header(name) => {
            let value = message.and_then(|message| message.header(name));
            value.and_then(|value| std::str::from_utf8(value).ok()).is_some_and(|value| is(value.trim()))
        }
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Returns the types that a system answers anything of.
fn types_of(contract: &Contract, system: SystemId) -> BTreeSet<TypeId> {
    let of_groups =
        contract.groups.iter().filter(|group| group.system == system && !group.holds_copies).map(|group| group.entity);
    let of_lists = contract.lists.iter().filter(|list| list.system == system);
    of_groups.chain(of_lists.flat_map(|list| contract.possible_types(list.of))).collect()
}
