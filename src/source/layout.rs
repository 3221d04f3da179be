//! Which column of an answer is what: the key, the parent, a slot, a place in the order.
//!
//! In: the contract's group or list and the columns an answer has. Out: positions, or which column is missing. Made once
//! per query and made again when the columns change.

use crate::{
    contract::{Contract, Group, List},
    fetch::{Layout, PartLayout},
    value::SlotKind,
};

/// Where a group's query and its part queries keep what.
#[derive(Debug)]
pub struct GroupLayout {
    /// The columns it was made for: of the query, then of each part query.
    pub columns: Vec<Vec<String>>,
    /// The positions of the key columns.
    pub keys: Vec<usize>,
    /// Whether each key column's padding is cut.
    pub trims: Vec<bool>,
    /// The position of the column that says since when a row holds, where the binding names one.
    pub as_of: Option<usize>,
    /// The position of the column that says until when a row holds, where the binding names one.
    pub valid_until: Option<usize>,
    /// How a row becomes a record.
    pub layout: Layout,
    /// The part queries.
    pub parts: Vec<PartPlaces>,
}

/// Where a part query keeps what.
#[derive(Debug)]
pub struct PartPlaces {
    /// The positions of the columns that name the owner of a row.
    pub parents: Vec<usize>,
    /// How a row becomes an object.
    pub layout: PartLayout,
}

/// Where a list's query keeps what.
#[derive(Debug)]
pub struct ListLayout {
    /// The columns it was made for.
    pub columns: Vec<String>,
    /// The positions of the key columns.
    pub keys: Vec<usize>,
    /// The positions of the order columns.
    pub order: Vec<usize>,
    /// The position of `__typename`, where the query gives it.
    pub type_name: Option<usize>,
}

impl GroupLayout {
    /// Finds a group's columns.
    ///
    /// *Errors*: which column is missing, for the operator.
    pub fn new(contract: &Contract, group: &Group, columns: Vec<Vec<String>>) -> Result<Self, String> {
        let (own, of_parts) = columns.split_first().ok_or("the query answered nothing")?;
        let adaptations = &group.adaptations;
        let keys = (group.key_columns.iter())
            .map(|column| position(own, column).ok_or_else(|| missing(&group.name, "query", column)))
            .collect::<Result<_, _>>()?;
        let names: Vec<String> = group.binding.part_names().into_iter().map(str::to_owned).collect();
        let shape = &contract.shapes[group.shape.index()];
        let mut parts = Vec::with_capacity(names.len());
        for (slot, columns) in names.iter().zip(of_parts) {
            let variants = match shape.slot_named(slot).map(|number| &shape.slots[number].kind) {
                Some(SlotKind::Part(variants)) => variants.as_ref(),
                _ => &[],
            };
            let parents = (parent_columns(&group.key_columns).iter())
                .map(|column| position(columns, column))
                .zip(parent_columns(&group.key_columns))
                .map(|(found, column)| found.ok_or_else(|| missing(&group.name, &format!("parts.{slot}"), &column)))
                .collect::<Result<_, _>>()?;
            let layout = PartLayout::new(slot, variants, &contract.shapes, columns, adaptations);
            parts.push(PartPlaces { parents, layout });
        }
        let layout = Layout::new(group.shape, &contract.shapes, own, &names, adaptations);
        let trims = group.key_columns.iter().map(|column| adaptations.of(column).trim).collect();
        let named = |column: &Option<String>| {
            let at = |column: &String| position(own, column).ok_or_else(|| missing(&group.name, "query", column));
            column.as_ref().map(at).transpose()
        };
        let (as_of, valid_until) = (named(&group.as_of)?, named(&group.valid_until)?);
        Ok(Self { keys, trims, as_of, valid_until, layout, parts, columns })
    }

    /// Returns the columns to lay out by when an answer's are not those this was made for. An answer without rows may
    /// not tell its columns; it needs none.
    pub fn changed(&self, answered: impl Iterator<Item = Option<Vec<String>>>) -> Option<Vec<Vec<String>>> {
        let answered: Vec<Vec<String>> = (answered.zip(&self.columns))
            .map(|(answered, columns)| answered.unwrap_or_else(|| columns.clone()))
            .collect();
        (answered != self.columns).then_some(answered)
    }
}

impl ListLayout {
    /// Finds a list's columns.
    ///
    /// *Errors*: which column is missing, for the operator.
    pub fn new(list: &List, columns: Vec<String>) -> Result<Self, String> {
        let find = |column: &str| position(&columns, column).ok_or_else(|| missing(&list.name, "query", column));
        let keys = list.key_columns.iter().map(|column| find(column)).collect::<Result<_, _>>()?;
        let order = list.order.iter().map(|order| find(&order.column)).collect::<Result<_, _>>()?;
        let type_name = position(&columns, "__typename");
        Ok(Self { keys, order, type_name, columns })
    }
}

/// Finds a column by its name, or by its name ignoring case.
pub fn position(columns: &[String], name: &str) -> Option<usize> {
    (columns.iter().position(|column| column == name))
        .or_else(|| columns.iter().position(|column| column.eq_ignore_ascii_case(name)))
}

/// Returns the names of the columns by which a part's row says whose it is.
pub fn parent_columns(keys: &[String]) -> Vec<String> {
    match keys {
        [_] => vec!["parent".to_owned()],
        keys => keys.iter().map(|key| format!("parent_{key}")).collect(),
    }
}

fn missing(of: &str, query: &str, column: &str) -> String {
    format!("{of}: the {query} gives no column {column}")
}
