//! Joining: from the objects of one place to those of the next, for all of them at once.
//!
//! In: a join whose parents and records are known. Out: the objects of its target places and, for each parent, which of
//! them it leads to. Asks nobody.

use std::{borrow::Cow, hash::BuildHasher, sync::Arc};

use compact_str::CompactString;
use hashbrown::{DefaultHashBuilder, HashTable, hash_table::Entry as TableEntry};

use super::{
    fault::Asked,
    gathered::{CellFailure, Gathered, JoinCell, JoinItem, JoinRows, Of, Origin, PageCell, PartRow, PlaceRows},
};
use crate::{
    contract::Contract,
    fetch::{Entry, Record, Table},
    plan::{Ask, Join, JoinFrom, PlaceId, Plan, PlannedFeed},
    value::{Key, json_text},
};

/// What one feed gives for one parent.
#[derive(Debug)]
pub(super) enum Fed<'g> {
    /// No value.
    Null,
    /// One text.
    One(Cow<'g, str>),
    /// A list of texts, nulls among them.
    Many(Vec<Option<CompactString>>),
    /// It could not be read.
    Failed(CellFailure),
}

impl Fed<'_> {
    /// Returns its text, or that at a position of its list.
    fn text(&self, position: usize) -> Option<&str> {
        match self {
            Self::One(text) => Some(text),
            Self::Many(texts) => texts.get(position)?.as_deref(),
            Self::Null | Self::Failed(_) => None,
        }
    }
}

/// Follows a join for all objects of its parent place.
pub(super) fn follow(contract: &Contract, plan: &Plan, gathered: &mut Gathered, join: usize, rows_max: usize) {
    let description = &plan.joins[join];
    let mut following = Following {
        targets: description.targets.iter().map(|_| Found::default()).collect(),
        items: Vec::new(),
        rows_max,
    };
    let n_parents = if gathered.applies(description.when) { gathered.rows(description.parent).n_rows } else { 0 };
    if matches!(description.from, JoinFrom::Reference { .. }) {
        following.reserve(n_parents);
    }
    let mut cells = Vec::with_capacity(n_parents);
    for row in 0..n_parents {
        if gathered.is_veiled(description.parent, row) {
            cells.push(JoinCell::Null);
            continue;
        }
        let start = following.items.len();
        let followed = match &description.from {
            JoinFrom::Reference { .. } => following.reference(contract, plan, gathered, description, row),
            JoinFrom::Pages(step) => following.page(plan, gathered, description, step.0, row),
            JoinFrom::Part { .. } => following.part(plan, gathered, description, row),
            JoinFrom::Rule(_) => unreachable!("rules are run by themselves"),
        };
        cells.push(match followed {
            Ok(true) => JoinCell::Items(start..following.items.len()),
            Ok(false) => JoinCell::Null,
            Err(failure) => JoinCell::Failed(failure),
        });
    }
    let Following { targets, items, .. } = following;
    for ((_, place), found) in description.targets.iter().zip(targets) {
        gathered.places[place.0] = Some(found.settle());
    }
    gathered.joins[join] = Some(JoinRows { cells, items });
}

/// The objects found so far.
struct Following {
    targets: Vec<Found>,
    items: Vec<Option<JoinItem>>,
    rows_max: usize,
}

/// So few keys are compared one by one: most joins of a page about one thing lead to one object, for which a map would be
/// made and thrown away.
const FEW: usize = 8;

/// The objects found for one target place.
#[derive(Default)]
struct Found {
    n_rows: usize,
    keys: Vec<Key>,
    key_of: Vec<u32>,
    /// Where each of the keys stands, by its hash, once there are more than [`FEW`].
    known: HashTable<u32>,
    hasher: DefaultHashBuilder,
    parts: Vec<PartRow>,
}

impl Found {
    fn reserve(&mut self, n_rows: usize) {
        self.keys.reserve(n_rows);
        self.key_of.reserve(n_rows);
        if n_rows > FEW {
            let Self { keys, known, hasher, .. } = self;
            known.reserve(n_rows, |at| hasher.hash_one(&keys[*at as usize]));
        }
    }

    fn key(&mut self, key: Key) -> usize {
        let number = self.number(key);
        self.key_of.push(number);
        self.n_rows += 1;
        self.n_rows - 1
    }

    /// Returns where a key stands among the keys, adding it if it is not there.
    fn number(&mut self, key: Key) -> u32 {
        let Self { keys, known, hasher, .. } = self;
        let next = keys.len() as u32;
        if keys.len() < FEW {
            return match keys.iter().position(|known| *known == key) {
                Some(known) => known as u32,
                None => {
                    keys.push(key);
                    next
                }
            };
        }
        let hash_at = |keys: &[Key], at: u32| hasher.hash_one(&keys[at as usize]);
        if known.is_empty() {
            for at in 0..next {
                known.insert_unique(hash_at(keys, at), at, |at| hash_at(keys, *at));
            }
        }
        match known.entry(hasher.hash_one(&key), |at| keys[*at as usize] == key, |at| hash_at(keys, *at)) {
            TableEntry::Occupied(known) => return *known.get(),
            TableEntry::Vacant(unknown) => unknown.insert(next),
        };
        keys.push(key);
        next
    }

    fn settle(self) -> PlaceRows {
        PlaceRows {
            n_rows: self.n_rows,
            keys: self.keys.into(),
            key_of: self.key_of.into(),
            parts: self.parts,
            in_step: Vec::new(),
            veil: None,
        }
    }
}

impl Following {
    /// Makes room for what so many parents lead to, where each leads to one object.
    fn reserve(&mut self, n_parents: usize) {
        self.items.reserve(n_parents);
        if let [target] = self.targets.as_mut_slice() {
            target.reserve(n_parents);
        }
    }

    /// Returns whether the parent leads anywhere; the items are added.
    fn reference(
        &mut self,
        contract: &Contract,
        plan: &Plan,
        gathered: &Gathered,
        join: &Join,
        row: usize,
    ) -> Result<bool, CellFailure> {
        let JoinFrom::Reference { key, type_name, arguments, many } = &join.from else { return Ok(false) };
        let arguments = match arguments {
            None => &[],
            Some(id) => gathered.arguments(*id).map_err(|wrong| CellFailure::Argument(wrong.to_owned()))?,
        };
        let reading = Reading { contract, plan, gathered, parent: join.parent, row, arguments };
        let target = match type_name {
            None if join.targets.is_empty() => None,
            None => Some(0),
            Some(feed) => match reading.feed(feed) {
                Fed::Failed(failure) => return Err(failure),
                Fed::One(name) if join.hidden.iter().any(|hidden| **hidden == *name) => None,
                Fed::One(name) => {
                    let target = join.targets.iter().position(|(target, _)| **target == *name);
                    Some(target.ok_or(CellFailure::UnknownType(reading.system()))?)
                }
                Fed::Null | Fed::Many(_) => None,
            },
        };
        let Some(target) = target else { return Ok(false) };
        if let ([feed], false) = (key.as_slice(), *many) {
            return match reading.feed(feed) {
                Fed::Failed(failure) => Err(failure),
                Fed::Null => Ok(false),
                fed => self.item((plan, gathered, join), target, &[fed], 0),
            };
        }
        let mut fed = Vec::with_capacity(key.len());
        for feed in key {
            match reading.feed(feed) {
                Fed::Failed(failure) => return Err(failure),
                Fed::Null => return Ok(false),
                texts => fed.push(texts),
            }
        }
        let n_items = fed.iter().find_map(|texts| match texts {
            Fed::Many(texts) => Some(texts.len()),
            _ => None,
        });
        if !many {
            return self.item((plan, gathered, join), target, &fed, 0);
        }
        for position in 0..n_items.unwrap_or(1) {
            if !self.item((plan, gathered, join), target, &fed, position)? {
                self.items.push(None);
            }
        }
        Ok(true)
    }

    /// Adds the object whose key the texts make at a position of their list; false when a text is null, or the key one that
    /// the caller may not see.
    ///
    /// *Errors*: it is withheld from a rule, as from the caller.
    fn item(
        &mut self,
        (plan, gathered, join): (&Plan, &Gathered, &Join),
        target: usize,
        fed: &[Fed<'_>],
        position: usize,
    ) -> Result<bool, CellFailure> {
        self.check_bound()?;
        if fed.iter().any(|fed| fed.text(position).is_none()) {
            return Ok(false);
        }
        // A text with the separator inside is nobody's key.
        let Some(key) = Key::of(fed.iter().filter_map(|fed| fed.text(position))) else { return Ok(false) };
        let place = join.targets[target].1;
        if !gathered.may_see(plan, place, &key) {
            return if gathered.is_withheld(plan, place, &key) { Err(CellFailure::Withheld) } else { Ok(false) };
        }
        let row = self.targets[target].key(key);
        self.items.push(Some(JoinItem { target, row }));
        Ok(true)
    }

    fn page(
        &mut self,
        plan: &Plan,
        gathered: &Gathered,
        join: &Join,
        step: usize,
        row: usize,
    ) -> Result<bool, CellFailure> {
        let pages = gathered.pages[step].as_ref();
        match pages.and_then(|pages| pages.get(row)) {
            None | Some(PageCell::Null) => Ok(false),
            Some(PageCell::Failed(failure)) => Err(failure.clone()),
            Some(PageCell::Page(page)) => {
                self.reserve(page.items.len());
                for item in &page.items {
                    self.check_bound()?;
                    let target = match &item.type_name {
                        None if join.targets.is_empty() => {
                            self.items.push(None);
                            continue;
                        }
                        Some(name) if join.hidden.contains(name) => {
                            self.items.push(None);
                            continue;
                        }
                        None => 0,
                        Some(name) => match join.targets.iter().position(|(target, _)| target == name) {
                            Some(target) => target,
                            None => return Err(CellFailure::UnknownType(list_system(plan, step))),
                        },
                    };
                    if !gathered.may_see(plan, join.targets[target].1, &item.key) {
                        self.items.push(None);
                        continue;
                    }
                    let row = self.targets[target].key(item.key.clone());
                    self.items.push(Some(JoinItem { target, row }));
                }
                Ok(true)
            }
        }
    }

    fn part(&mut self, plan: &Plan, gathered: &Gathered, join: &Join, row: usize) -> Result<bool, CellFailure> {
        let JoinFrom::Part { column, slot, nesting } = &join.from else { return Ok(false) };
        let held = match held(plan, gathered, join.parent, *column, row) {
            Held::Absent => return Ok(false),
            Held::Failed(failure) => return Err(failure),
            Held::Record(held) => held,
        };
        match held.table.entry(*slot) {
            Entry::Null => Ok(false),
            // The writer meets the fault where it stands and reports it there.
            Entry::Fault(_) => Ok(true),
            Entry::Value(value) => {
                self.parts(&held, value, nesting.n_lists())?;
                Ok(true)
            }
        }
    }

    /// Adds every part inside a value that is `n_lists` lists deep, in the order in which the writer meets them.
    fn parts(&mut self, held: &HeldRecord<'_>, value: &[u8], n_lists: usize) -> Result<(), CellFailure> {
        if n_lists > 0 {
            let list = Table::new(value);
            for position in 0..list.len() {
                if let Entry::Value(item) = list.entry(position) {
                    self.parts(held, item, n_lists - 1)?;
                }
            }
            return Ok(());
        }
        self.check_bound()?;
        let target = value.first().map_or(0, |&variant| usize::from(variant));
        let Some(found) = self.targets.get_mut(target) else { return Ok(()) };
        let tape = held.record.range_of(&value[1..]);
        found.parts.push(PartRow { record: held.record.clone(), tape, origin: held.origin() });
        found.n_rows += 1;
        let row = found.n_rows - 1;
        self.items.push(Some(JoinItem { target, row }));
        Ok(())
    }

    fn check_bound(&self) -> Result<(), CellFailure> {
        if self.items.len() < self.rows_max { Ok(()) } else { Err(CellFailure::TooManyRows(self.rows_max)) }
    }
}

fn list_system(plan: &Plan, step: usize) -> crate::value::SystemId {
    match &plan.steps[step].ask {
        Ask::Pages(ask) => ask.system,
        Ask::Records { .. } => unreachable!("pages come from a list step"),
    }
}

/// The record an object's slots are read from.
enum Held<'g> {
    Absent,
    Failed(CellFailure),
    Record(HeldRecord<'g>),
}

struct HeldRecord<'g> {
    record: &'g Arc<Record>,
    table: Table<'g>,
    of: Of,
    key: &'g Key,
}

impl HeldRecord<'_> {
    fn origin(&self) -> Origin {
        Origin { of: self.of, key: self.key.clone() }
    }
}

fn held<'g>(plan: &Plan, gathered: &'g Gathered, parent: PlaceId, column: usize, row: usize) -> Held<'g> {
    let place = &plan.places[parent.0];
    let rows = gathered.rows(parent);
    if let Some(part) = rows.parts.get(row) {
        let table = part.record.table_at(part.tape.clone());
        return Held::Record(HeldRecord { record: &part.record, table, of: part.origin.of, key: &part.origin.key });
    }
    match gathered.outcome(place, rows, column, row) {
        None => Held::Absent,
        Some(Err(error)) => Held::Failed(CellFailure::Fetch(error.clone(), Asked::Group(place.columns[column].group))),
        Some(Ok(record)) => match record.table() {
            None => Held::Absent,
            Some(table) => {
                let key = &rows.keys[rows.key_of[row] as usize];
                Held::Record(HeldRecord { record, table, of: Of::Group(place.columns[column].group), key })
            }
        },
    }
}

/// Reads what feeds a key or a parameter, for one parent.
pub(super) struct Reading<'g> {
    /// The contract.
    pub contract: &'g Contract,
    /// The plan.
    pub plan: &'g Plan,
    /// What is known.
    pub gathered: &'g Gathered,
    /// The parent's place.
    pub parent: PlaceId,
    /// Which of its objects.
    pub row: usize,
    /// The field's arguments.
    pub arguments: &'g [(CompactString, crate::value::Input)],
}

impl<'g> Reading<'g> {
    /// Reads a feed.
    pub fn feed(&self, feed: &'g PlannedFeed) -> Fed<'g> {
        match feed {
            PlannedFeed::Constant(text) => Fed::One(text.as_str().into()),
            PlannedFeed::Argument(path) => self.argument(path),
            PlannedFeed::Key(position) => {
                let rows = self.gathered.rows(self.parent);
                let key = &rows.keys[rows.key_of[self.row] as usize];
                key.field(*position).map_or(Fed::Null, |text| Fed::One(text.into()))
            }
            PlannedFeed::Slot { column, slot } => {
                match held(self.plan, self.gathered, self.parent, *column, self.row) {
                    Held::Absent => Fed::Null,
                    Held::Failed(failure) => Fed::Failed(failure),
                    Held::Record(held) => match held.table.entry(*slot) {
                        Entry::Null => Fed::Null,
                        Entry::Fault(number) => {
                            Fed::Failed(CellFailure::Violation(held.record.clone(), number, held.origin()))
                        }
                        Entry::Value(json) => fed_by_json(json),
                    },
                }
            }
        }
    }

    fn argument(&self, path: &[String]) -> Fed<'g> {
        let (first, rest) = path.split_first().expect("a feed names its argument");
        let mut value = self.arguments.iter().find(|(name, _)| name == first).map(|(_, value)| value);
        for name in rest {
            value = value.and_then(|value| value.field(name));
        }
        match value {
            None | Some(crate::value::Input::Null) => Fed::Null,
            Some(crate::value::Input::List(items)) => {
                Fed::Many(items.iter().map(|item| item.text().map(CompactString::from)).collect())
            }
            Some(value) => value.text().map_or(Fed::Null, |text| Fed::One(text.into())),
        }
    }

    fn system(&self) -> crate::value::SystemId {
        let place = &self.plan.places[self.parent.0];
        let rows = self.gathered.rows(self.parent);
        let group = match rows.parts.get(self.row) {
            Some(PartRow { origin: Origin { of: Of::Group(group), .. }, .. }) => Some(*group),
            Some(_) => None,
            None => place.columns.first().map(|column| column.group),
        };
        group.map_or(crate::value::SystemId(0), |group| self.contract.group(group).system)
    }
}

/// Reads a finished leaf, or a finished list of leaves, as texts.
fn fed_by_json(json: &[u8]) -> Fed<'_> {
    if json.first() == Some(&b'[') {
        let Ok(items) = serde_json::from_slice::<Vec<serde_json::Value>>(json) else { return Fed::Null };
        return Fed::Many(
            items.iter().map(|item| crate::value::Input::from_json(item).text().map(Into::into)).collect(),
        );
    }
    json_text(json).map_or(Fed::Null, Fed::One)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_stands_once_however_many_there_are() {
        for n_keys in [1, FEW - 1, FEW, FEW + 1, 3 * FEW] {
            let mut found = Found::default();
            for round in 0..2 {
                for number in 0..n_keys {
                    assert_eq!(found.key(Key::one(&format!("K{number}"))), round * n_keys + number);
                }
            }
            let rows = found.settle();
            let expected: Vec<Key> = (0..n_keys).map(|number| Key::one(&format!("K{number}"))).collect();
            assert_eq!(*rows.keys, *expected);
            let numbers: Vec<u32> = (0..2).flat_map(|_| 0..n_keys as u32).collect();
            assert_eq!(*rows.key_of, *numbers);
        }
    }
}
