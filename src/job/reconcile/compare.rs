//! Comparing: one entity as its owners have it, and as a system has copied it.
//!
//! In: the records of both. Out: which fields are the same, and what is to be told. Pure.

use serde_json::Value;

use super::{
    normal::{normal, read},
    pairs::{Pair, Pairing, Place},
};
use crate::{
    contract::Contract,
    fetch::{Entry, Outcome},
    ledger::{Entity, FindingKind, Found},
    value::Key,
};

/// What was said of an entity, by the groups asked.
pub(super) struct Sides<'r> {
    pub owners: Vec<&'r Outcome>,
    pub copy: Vec<&'r Outcome>,
}

/// What comparing an entity came to.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// What of each field that could be looked at on both sides.
    pub fields: Vec<(usize, Told)>,
    /// What is to be told.
    pub found: Vec<Found>,
}

/// What of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Same,
    Drifted,
    Unreadable,
}

/// A value, or why it cannot be read.
type Said = Result<Value, String>;

impl Verdict {
    /// Whether everything that is copied of the entity could be compared.
    pub fn is_whole(&self) -> bool {
        self.found.iter().all(|found| found.kind != FindingKind::Unreadable)
    }

    /// The way in which one side lacks the entity, if one does.
    pub fn gap(&self) -> Option<FindingKind> {
        let gaps = [FindingKind::MissingInCopy, FindingKind::MissingInOwner];
        self.found.iter().map(|found| found.kind).find(|kind| gaps.contains(kind))
    }
}

/// Compares an entity.
pub(super) fn compare(contract: &Contract, pairing: &Pairing, key: &Key, sides: &Sides<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    let is_owned = sides.owners.first().and_then(|outcome| has_row(outcome));
    let rows: Vec<Option<bool>> = sides.copy.iter().map(|outcome| has_row(outcome)).collect();
    let is_copied = match rows.contains(&Some(true)) {
        true => Some(true),
        false => rows.iter().all(Option::is_some).then_some(false),
    };
    match (is_owned, is_copied) {
        (Some(false), Some(false)) => {}
        (Some(true), Some(false)) => verdict.found.push(gap(contract, pairing, key, FindingKind::MissingInCopy)),
        (Some(false), Some(true)) => {
            // A row that says nothing is no copy of what the owner does not have.
            let says = |pair: &Pair| said(contract, &sides.copy, pair.copied) != Ok(Value::Null);
            if pairing.fields.iter().any(says) {
                verdict.found.push(gap(contract, pairing, key, FindingKind::MissingInOwner));
            }
        }
        _ => fields(contract, pairing, key, sides, &mut verdict),
    }
    verdict
}

fn fields(contract: &Contract, pairing: &Pairing, key: &Key, sides: &Sides<'_>, verdict: &mut Verdict) {
    for (number, pair) in pairing.fields.iter().enumerate() {
        // Where nobody knows whether there is an entity, nobody knows its fields.
        let owned = match sides.owners.first() {
            Some(Err(error)) => Err(error.kind.code().to_owned()),
            _ => said(contract, &sides.owners, pair.owned),
        };
        let copied = said(contract, &sides.copy, pair.copied);
        let told = match (&owned, &copied) {
            (Ok(owned), Ok(copied)) if is_same(contract, pair, owned, copied) => Told::Same,
            (Ok(_), Ok(_)) => Told::Drifted,
            _ => Told::Unreadable,
        };
        verdict.fields.push((number, told));
        let kind = match told {
            Told::Same => continue,
            Told::Drifted => FindingKind::Drift,
            Told::Unreadable => FindingKind::Unreadable,
        };
        verdict.found.push(Found {
            kind,
            entity: Entity::new(&pairing.type_name, key.to_string()),
            field: Some(pair.name.clone()),
            owner_system: contract.system(pair.owner).name.clone(),
            owner_value: shown(owned),
            copy_system: contract.system(pairing.copy).name.clone(),
            copy_value: shown(copied),
        });
    }
}

fn gap(contract: &Contract, pairing: &Pairing, key: &Key, kind: FindingKind) -> Found {
    Found {
        kind,
        entity: Entity::new(&pairing.type_name, key.to_string()),
        field: None,
        owner_system: contract.system(pairing.owner).name.clone(),
        owner_value: None,
        copy_system: contract.system(pairing.copy).name.clone(),
        copy_value: None,
    }
}

fn has_row(outcome: &Outcome) -> Option<bool> {
    outcome.as_ref().ok().map(|record| record.table().is_some())
}

/// What a side says of a field. An entity that one of its groups does not have has no value there.
fn said(contract: &Contract, outcomes: &[&Outcome], place: Place) -> Said {
    let record = outcomes[place.group].as_ref().map_err(|error| error.kind.code().to_owned())?;
    let entry = record.table().map_or(Entry::Null, |table| table.entry(place.slot));
    let slot = &contract.shapes[place.shape.index()].slots[place.slot];
    read(contract, slot, entry).map_err(|number| match record.violation(number) {
        Some(violation) => format!("not {}", violation.expected),
        None => "not readable".to_owned(),
    })
}

fn is_same(contract: &Contract, pair: &Pair, owned: &Value, copied: &Value) -> bool {
    let slot = &contract.shapes[pair.owned.shape.index()].slots[pair.owned.slot];
    if normal(contract, &slot.kind, owned) == normal(contract, &slot.kind, copied) {
        return true;
    }
    let (Some(spelling), Some(owned), Some(copied)) = (&pair.spelling, owned.as_str(), copied.as_str()) else {
        return false;
    };
    spelling.to_own(owned).as_deref() == Some(copied)
}

/// A value as people read it: a text without its quotes, and what cannot be read in brackets.
fn shown(said: Said) -> Option<String> {
    match said {
        Ok(Value::Null) => None,
        Ok(Value::String(text)) => Some(text),
        Ok(value) => Some(value.to_string()),
        Err(why) => Some(format!("({why})")),
    }
}
