//! Collecting: the fields selected of one concrete type, merged by response key, fragments expanded.
//!
//! This is CollectFields of the GraphQL specification, done once for all values of the variables: what `@skip` and
//! `@include` decide at run time stays with each occurrence as its guard.

use compact_str::CompactString;

use super::operation::{Given, Guard, SelectedField, Selection};
use crate::{
    contract::{Contract, TypeKind},
    value::TypeId,
};

/// One response key of an object, with every occurrence of its field.
#[derive(Debug)]
pub(super) struct Collected<'o> {
    /// The response key.
    pub response_key: CompactString,
    /// The occurrences, in order. All select the same field with the same arguments.
    pub occurrences: Vec<Occurrence<'o>>,
}

/// One time a field is selected.
#[derive(Debug)]
pub(super) struct Occurrence<'o> {
    /// The field.
    pub field: &'o SelectedField,
    /// What includes it.
    pub guard: Guard,
    /// How many selections of the object stand before it.
    pub n_before: usize,
}

impl<'o> Collected<'o> {
    /// Returns the first occurrence.
    pub fn field(&self) -> &'o SelectedField {
        self.occurrences[0].field
    }

    /// Returns the guards, any of which includes the field.
    pub fn guards(&self) -> Vec<Guard> {
        self.occurrences.iter().map(|occurrence| occurrence.guard.clone()).collect()
    }

    /// Returns the same for whoever holds a permission, or for whoever does not.
    pub fn given(&self, permission: &str, is_held: bool) -> Self {
        let given = Guard(vec![(Given::Permission(permission.into()), is_held)]);
        let occurrences = self.occurrences.iter().map(|occurrence| {
            let Occurrence { field, ref guard, n_before } = *occurrence;
            Occurrence { field, guard: guard.and(&given), n_before }
        });
        Self { response_key: self.response_key.clone(), occurrences: occurrences.collect() }
    }

    /// Returns what the occurrences select of the field's type, each with its guard.
    pub fn selections(&self) -> Vec<(&'o [Selection], Guard)> {
        (self.occurrences.iter())
            .map(|occurrence| (occurrence.field.selections.as_slice(), occurrence.guard.clone()))
            .collect()
    }
}

/// Collects the fields that apply to values of the object type `ty`.
pub(super) fn collect<'o>(
    contract: &Contract,
    ty: TypeId,
    selections: &[(&'o [Selection], Guard)],
) -> Vec<Collected<'o>> {
    let mut collected = Vec::new();
    let mut n_before = 0;
    for (selections, guard) in selections {
        collect_into(contract, ty, selections, guard, &mut n_before, &mut collected);
    }
    collected
}

fn collect_into<'o>(
    contract: &Contract,
    ty: TypeId,
    selections: &'o [Selection],
    outer: &Guard,
    n_before: &mut usize,
    collected: &mut Vec<Collected<'o>>,
) {
    for selection in selections {
        match selection {
            Selection::Field(field) => {
                let guard = outer.and(&field.guard);
                if contradicts(&guard) {
                    continue;
                }
                let occurrence = Occurrence { field, guard, n_before: *n_before };
                *n_before += 1;
                match collected.iter_mut().find(|entry| entry.response_key == field.response_key) {
                    Some(entry) => entry.occurrences.push(occurrence),
                    None => collected
                        .push(Collected { response_key: field.response_key.clone(), occurrences: vec![occurrence] }),
                }
            }
            Selection::Fragment { type_condition, guard, selections } => {
                let guard = outer.and(guard);
                if !contradicts(&guard) && applies(contract, ty, type_condition.as_deref()) {
                    collect_into(contract, ty, selections, &guard, n_before, collected);
                }
            }
        }
    }
}

fn contradicts(guard: &Guard) -> bool {
    guard.0.windows(2).any(|pair| pair[0].0 == pair[1].0)
}

/// Whether a fragment with this type condition applies to the object type `ty`.
fn applies(contract: &Contract, ty: TypeId, condition: Option<&str>) -> bool {
    let Some(condition) = condition else { return true };
    let Some(&condition) = contract.type_names.get(condition) else { return false };
    match &contract.ty(condition).kind {
        TypeKind::Interface { possible, .. } | TypeKind::Union { possible } => possible.contains(&ty),
        _ => condition == ty,
    }
}
