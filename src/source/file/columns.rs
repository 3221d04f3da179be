//! Columns: where a group's or list's columns stand in a table, and a row of it as cells.
//!
//! In a csv file a column is found by its name, exactly or ignoring case, or by the name that `fields` points at; in a JSON
//! file by the pointers that all JSON systems have. Pure.

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::Value;

use super::{csv, table::Table};
use crate::{
    contract::{Contract, FilePart, Group, List},
    fetch::Cell,
    source::{
        json::JsonColumns,
        layout::{parent_columns, position},
    },
    value::{Per, Pointer, SlotKind, Variant},
};

/// The columns of a group, a part or a list in a table.
#[derive(Debug)]
pub enum Columns {
    /// Of a csv file: names, and the cell of each.
    Csv(Vec<(String, usize)>),
    /// Of a JSON file.
    Json(JsonColumns),
}

impl Columns {
    /// Finds the columns of a group.
    ///
    /// *Errors*: which column the file does not have.
    pub fn of_group(contract: &Contract, group: &Group, table: &Table) -> Result<Self, String> {
        let Some((_, header)) = table.csv() else { return Ok(Self::Json(JsonColumns::of_group(contract, group))) };
        let slots = contract.shapes[group.shape.index()].slots.iter().map(|slot| slot.name.as_str());
        let quantities = group.adaptations.fields.values().filter_map(|one| match &one.per {
            Some(Per::Column(name)) => Some(name.as_str()),
            _ => None,
        });
        let keys = group.key_columns.iter().map(String::as_str);
        let times = group.as_of.as_deref().into_iter().chain(group.valid_until.as_deref());
        let wanted: Vec<&str> = slots.chain(quantities).chain(keys).chain(times).collect();
        let parts = group.binding.part_names();
        let own = |path: &&String| !path.split_once('.').is_some_and(|(head, _)| parts.contains(&head));
        let fields = group.fields.keys().filter(own).map(|path| (path.clone(), group.fields[path].clone()));
        csv_columns(header, fields, &wanted)
    }

    /// Finds the columns of a part that has files of its own.
    ///
    /// *Errors*: which column the file does not have.
    pub fn of_part(
        contract: &Contract,
        group: &Group,
        (name, part): (&str, &FilePart),
        table: &Table,
    ) -> Result<Self, String> {
        let slot = contract.shapes[group.shape.index()].slots.iter().find(|slot| slot.name == name);
        let variants: &[Variant] = match slot.map(|slot| &slot.kind) {
            Some(SlotKind::Part(variants)) => variants,
            _ => &[],
        };
        let prefix = format!("{name}.");
        let inner =
            |(path, pointer): (&String, &Pointer)| Some((path.strip_prefix(&prefix)?.to_owned(), pointer.clone()));
        let fields: BTreeMap<String, Pointer> = group.fields.iter().filter_map(inner).collect();
        let parents = parent_columns(&group.key_columns).into_iter();
        let parents = parents.zip(part.parents.iter().map(|column| Pointer::member(column)));
        let Some((_, header)) = table.csv() else {
            return Ok(Self::Json(JsonColumns::of_part(contract, variants, &fields, parents)));
        };
        let shapes = variants.iter().map(|variant| &contract.shapes[variant.shape.index()]);
        let slots = shapes.flat_map(|shape| &shape.slots).map(|slot| slot.name.as_str());
        let wanted: Vec<&str> = slots.chain(["__typename"]).collect();
        csv_columns(header, parents.chain(fields), &wanted)
    }

    /// Finds the columns of a list: its key's, its order's and those it compares.
    ///
    /// *Errors*: which column the file does not have.
    pub fn of_list(list: &List, compared: &[&str], table: &Table) -> Result<Self, String> {
        let at = |name: &str| list.fields.get(name).cloned().unwrap_or_else(|| Pointer::member(name));
        let Some((_, header)) = table.csv() else {
            let mut columns = JsonColumns::of_list(list);
            compared.iter().for_each(|name| columns.add(name, at(name)));
            return Ok(Self::Json(columns));
        };
        let order = list.order.iter().map(|order| order.column.as_str());
        let names = list.key_columns.iter().map(String::as_str).chain(order).chain(compared.iter().copied());
        csv_columns(header, names.map(|name| (name.to_owned(), at(name))), &["__typename"])
    }

    /// Returns the names of the columns.
    pub fn names(&self) -> Vec<String> {
        match self {
            Self::Csv(columns) => columns.iter().map(|(name, _)| name.clone()).collect(),
            Self::Json(columns) => columns.names(),
        }
    }

    /// Reads a row.
    pub fn row<'t>(&self, table: &'t Table, row: u32) -> Vec<Cell<'t>> {
        let n_columns = match self {
            Self::Csv(columns) => columns.len(),
            Self::Json(columns) => columns.names().len(),
        };
        self.some(table, row, &(0..n_columns).collect::<Vec<_>>())
    }

    /// Reads some columns of a row, by their positions.
    pub fn some<'t>(&self, table: &'t Table, row: u32, positions: &[usize]) -> Vec<Cell<'t>> {
        match (self, table.csv()) {
            (Self::Csv(columns), Some((form, _))) => {
                let mut fields = Vec::with_capacity(columns.len());
                table.fields(row, &mut fields);
                let cell = |position: &usize| {
                    let field = columns.get(*position).and_then(|(_, at)| fields.get(*at));
                    field.map_or(Cell::Null, |field| csv::cell(field.clone(), form.empty))
                };
                positions.iter().map(cell).collect()
            }
            (Self::Json(columns), _) => {
                let document = table.document(row);
                positions.iter().map(|position| owned(columns.cell(*position, &document))).collect()
            }
            (Self::Csv(_), None) => Vec::new(),
        }
    }
}

/// Finds columns by their names in the header: those that `fields` name, which must be there, and others whose names, or
/// what stands before a dot in them, are wanted.
fn csv_columns(
    header: &[String],
    fields: impl Iterator<Item = (String, Pointer)>,
    wanted: &[&str],
) -> Result<Columns, String> {
    let mut columns: Vec<(String, usize)> = Vec::new();
    for (name, pointer) in fields {
        let column = pointer.names().and_then(|names| names.first().copied()).unwrap_or_default();
        let at = position(header, column).ok_or_else(|| format!("it has no column `{column}`"))?;
        if !columns.iter().any(|(known, _)| *known == name) {
            columns.push((name, at));
        }
    }
    for (at, name) in header.iter().enumerate() {
        let head = name.split_once('.').map_or(name.as_str(), |(head, _)| head);
        let is_wanted = wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(head) || *wanted == name);
        if is_wanted && !columns.iter().any(|(known, _)| known == name) {
            columns.push((name.clone(), at));
        }
    }
    Ok(Columns::Csv(columns))
}

fn owned(cell: Cell<'_>) -> Cell<'static> {
    match cell {
        Cell::Json(value) => match value.into_owned() {
            Value::Null => Cell::Null,
            value => Cell::Json(Cow::Owned(value)),
        },
        // Documents have no other cells.
        _ => Cell::Null,
    }
}
