//! Where the columns of a group or list stand in a JSON row, and the row as cells. Pure.
//!
//! In: the contract's group or list with its `fields`. Out: column names, and for each row its cells in their order. A
//! member that is missing is null: JSON systems leave out what they have no value for.

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::Value;

use super::nested::{self, Renames};
use crate::{
    contract::{Contract, Group, List},
    fetch::Cell,
    value::{Adaptations, Per, Pointer, Shape, Slot, SlotKind, Variant},
};

/// The columns of a group or list, each with its place in a row.
#[derive(Debug)]
pub struct JsonColumns {
    columns: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    name: String,
    pointer: Pointer,
    renames: Option<Renames>,
}

impl JsonColumns {
    /// Finds the columns of a group: its key's, its slots' and those its adaptations read.
    ///
    /// *Shape*: a field stands where `fields` says, else in the member of its name. Below a single part that `fields`
    /// does not place itself, the pointers of its fields start at the row; elsewhere at the part.
    pub fn of_group(contract: &Contract, group: &Group) -> Self {
        let mut columns = Self { columns: Vec::new() };
        let at = |name: &str| group.fields.get(name).cloned().unwrap_or_else(|| Pointer::member(name));
        for key in &group.key_columns {
            columns.push(key, at(key), None);
        }
        let shape = &contract.shapes[group.shape.index()];
        for slot in &shape.slots {
            columns.slot(&contract.shapes, &group.fields, slot);
        }
        let times = group.as_of.iter().chain(&group.valid_until).map(String::as_str);
        for name in quantities(&group.adaptations).chain(times) {
            columns.push(name, at(name), None);
        }
        columns
    }

    /// Finds the columns of a part whose rows are documents of their own: its owner's key, `__typename` and its slots'.
    /// `fields` are the pointers of its fields, by their paths inside it.
    pub fn of_part(
        contract: &Contract,
        variants: &[Variant],
        fields: &BTreeMap<String, Pointer>,
        parents: impl Iterator<Item = (String, Pointer)>,
    ) -> Self {
        let mut columns = Self { columns: Vec::new() };
        parents.for_each(|(name, pointer)| columns.push(&name, pointer, None));
        let type_name = fields.get("__typename").cloned().unwrap_or_else(|| Pointer::member("__typename"));
        columns.push("__typename", type_name, None);
        for variant in variants {
            for slot in &contract.shapes[variant.shape.index()].slots {
                columns.slot(&contract.shapes, fields, slot);
            }
        }
        columns
    }

    /// Finds the columns of a list: its key's, its order's and `__typename`.
    pub fn of_list(list: &List) -> Self {
        let mut columns = Self { columns: Vec::new() };
        let at = |name: &str| list.fields.get(name).cloned().unwrap_or_else(|| Pointer::member(name));
        let order = list.order.iter().map(|order| order.column.as_str());
        for name in list.key_columns.iter().map(String::as_str).chain(order) {
            columns.push(name, at(name), None);
        }
        if list.fields.contains_key("__typename") {
            columns.push("__typename", at("__typename"), None);
        }
        columns
    }

    /// Adds `__typename`, where a list of several types did not point at it.
    pub fn with_type_name(mut self) -> Self {
        self.push("__typename", Pointer::member("__typename"), None);
        self
    }

    /// Returns the names of the columns.
    pub fn names(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name.clone()).collect()
    }

    /// Returns the columns and where they stand.
    pub fn places(&self) -> impl Iterator<Item = (&str, &Pointer)> {
        self.columns.iter().map(|column| (column.name.as_str(), &column.pointer))
    }

    /// Adds a column, unless there is one of its name.
    pub fn add(&mut self, name: &str, pointer: Pointer) {
        self.push(name, pointer, None);
    }

    /// Reads one value of a row.
    pub fn cell<'v>(&self, column: usize, row: &'v Value) -> Cell<'v> {
        self.columns.get(column).map_or(Cell::Null, |column| column.cell(row))
    }

    /// Reads a row.
    pub fn cells<'v>(&self, row: &'v Value) -> Vec<Cell<'v>> {
        self.columns.iter().map(|column| column.cell(row)).collect()
    }

    fn slot(&mut self, shapes: &[Shape], fields: &BTreeMap<String, Pointer>, slot: &Slot) {
        let prefix = format!("{}.", slot.name);
        let inner: Renames = (fields.iter())
            .filter_map(|(path, pointer)| Some((path.strip_prefix(&prefix)?.to_owned(), pointer.clone())))
            .collect();
        let own = fields.get(&slot.name);
        let is_single_part =
            matches!(&slot.kind, SlotKind::Part(variants) if variants.len() == 1) && slot.nesting.n_lists() == 0;
        if is_single_part && own.is_none() && !inner.is_empty() {
            let SlotKind::Part(variants) = &slot.kind else { return };
            for field in &shapes[variants[0].shape.index()].slots {
                let pointer = match inner.get(&field.name) {
                    Some(pointer) => pointer.clone(),
                    None => continue,
                };
                self.push(&format!("{}.{}", slot.name, field.name), pointer, None);
            }
            return;
        }
        let pointer = own.cloned().unwrap_or_else(|| Pointer::member(&slot.name));
        self.push(&slot.name, pointer, (!inner.is_empty()).then_some(inner));
    }

    fn push(&mut self, name: &str, pointer: Pointer, renames: Option<Renames>) {
        if !self.columns.iter().any(|column| column.name == name) {
            self.columns.push(Column { name: name.to_owned(), pointer, renames });
        }
    }
}

/// The columns that adaptations read beside the value they adapt.
fn quantities(adaptations: &Adaptations) -> impl Iterator<Item = &str> {
    adaptations.fields.iter().filter(|(path, _)| !path.contains('.')).filter_map(|(_, one)| match &one.per {
        Some(Per::Column(name)) => Some(name.as_str()),
        _ => None,
    })
}

impl Column {
    fn cell<'v>(&self, row: &'v Value) -> Cell<'v> {
        let found: Cow<'v, Value> = if self.pointer.is_many() {
            Cow::Owned(Value::Array(self.pointer.all(row).into_iter().cloned().collect()))
        } else {
            match self.pointer.one(row) {
                None | Some(Value::Null) => return Cell::Null,
                Some(value) => Cow::Borrowed(value),
            }
        };
        match &self.renames {
            None => Cell::Json(found),
            Some(renames) => Cell::Json(Cow::Owned(nested::renamed(&found, renames))),
        }
    }
}
