//! Fit: what of a group's records does not fit the contract.
//!
//! In: the records of the sample keys. Out: the fields without a column, the values that do not fit, the fields that no
//! row fills. Pure.

use std::{collections::BTreeMap, sync::Arc};

use super::report::Misfit;
use crate::{
    contract::{Contract, Group},
    fetch::{Entry, Record, Table},
    value::{Key, Shape, SlotKind},
};

/// What does not fit.
#[derive(Debug, Default)]
pub(super) struct Fit {
    pub missing: Vec<String>,
    pub misfits: Vec<Misfit>,
    pub never_filled: Vec<String>,
}

/// Looks through the records of a group.
pub(super) fn of(contract: &Contract, group: &Group, records: &[(Key, Option<Arc<Record>>)]) -> Fit {
    let mut fit = Fit::default();
    let mut misfits: BTreeMap<(String, String), Misfit> = BTreeMap::new();
    let mut filled = BTreeMap::new();
    for (key, record) in records {
        let Some((record, table)) = record.as_ref().and_then(|record| Some((record, record.table()?))) else {
            continue;
        };
        let mut met: Vec<(String, String)> = Vec::new();
        for violation in record.violations() {
            let field = without_positions(&violation.field);
            if violation.is_missing_column() {
                if !fit.missing.contains(&field) {
                    fit.missing.push(field);
                }
                continue;
            }
            let expected = violation.expected.split(" at position ").next().unwrap_or_default().to_owned();
            let what = (field, expected);
            if !met.contains(&what) {
                met.push(what);
            }
        }
        for what in met {
            let misfit = misfits.entry(what.clone()).or_insert_with(|| {
                let (field, expected) = what;
                Misfit { field, expected, n_rows: 0, example: key.clone() }
            });
            misfit.n_rows += 1;
        }
        look(&contract.shapes, &contract.shapes[group.shape.index()], "", table, &mut filled);
    }
    fit.missing.sort();
    fit.misfits = misfits.into_values().collect();
    fit.never_filled = filled.into_iter().filter(|(_, is_filled)| !is_filled).map(|(path, _)| path).collect();
    fit
}

/// Notes of each slot whether any row fills it.
fn look(shapes: &[Shape], shape: &Shape, path: &str, table: Table<'_>, filled: &mut BTreeMap<String, bool>) {
    for (number, slot) in shape.slots.iter().enumerate() {
        let path = if path.is_empty() { slot.name.clone() } else { format!("{path}.{}", slot.name) };
        let entry = table.entry(number);
        if let (SlotKind::Part(_), Entry::Value(value)) = (&slot.kind, entry) {
            look_inside(shapes, &slot.kind, slot.nesting.n_lists(), &path, value, filled);
        }
        *filled.entry(path).or_default() |= entry != Entry::Null;
    }
}

fn look_inside(
    shapes: &[Shape],
    kind: &SlotKind,
    n_lists: usize,
    path: &str,
    value: &[u8],
    filled: &mut BTreeMap<String, bool>,
) {
    if n_lists > 0 {
        let list = Table::new(value);
        for item in 0..list.len() {
            if let Entry::Value(value) = list.entry(item) {
                look_inside(shapes, kind, n_lists - 1, path, value, filled);
            }
        }
        return;
    }
    let (SlotKind::Part(variants), Some((number, table))) = (kind, Entry::object(value)) else { return };
    if let Some(variant) = variants.get(number) {
        look(shapes, &shapes[variant.shape.index()], path, table, filled);
    }
}

/// `lines.2.quantity` and `lines.7.quantity` are one thing to mend.
fn without_positions(field: &str) -> String {
    let names = field.split('.').filter(|part| part.parse::<usize>().is_err());
    names.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_one_whatever_its_place_in_a_list() {
        assert_eq!(without_positions("lines.2.quantity"), "lines.quantity");
        assert_eq!(without_positions("weight.value"), "weight.value");
    }
}
