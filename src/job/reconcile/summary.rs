//! The summary: what a run came to, for whoever answers for the data.
//!
//! In: verdicts. Out: numbers by field and by type, with a few examples of each. It is what the ledger keeps as a run's totals.

use serde::{Deserialize, Serialize};

use super::{
    compare::{Told, Verdict},
    pairs::Pairing,
};
use crate::{
    contract::Contract,
    ledger::{FieldDrift, FindingKind, Found},
    rules::ReasonCode,
};

/// Examples of each thing that are shown; all of them are in the ledger.
const EXAMPLES_MAX: usize = 5;

/// What a run came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The fields, in the order of what was compared.
    pub fields: Vec<FieldSummary>,
    /// Who lacks what the other has, by type and copying system.
    pub gaps: Vec<GapSummary>,
    /// What could not be compared to its end, because a system did not answer.
    pub stopped: Vec<Stopped>,
}

/// What comparing one field with one copy came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldSummary {
    /// The type.
    pub entity_type: String,
    /// The field.
    pub field: String,
    /// The system that owns it.
    pub owner_system: String,
    /// The system that holds the copy.
    pub copy_system: String,
    /// Values that were compared.
    pub n_checked: u64,
    /// Those that differed.
    pub n_drifted: u64,
    /// Values that could not be read on one side, and were not compared.
    pub n_unreadable: u64,
    /// A few of those that differed or could not be read.
    pub examples: Vec<Example>,
}

/// A value that differed or could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// The finding, as the graph's `FindingKind` has it.
    #[serde(default)]
    pub kind: String,
    /// The reason's code, as the graph's `ReasonCode` has it.
    #[serde(default)]
    pub code: String,
    /// The entity's key.
    pub key: String,
    /// What the owner says.
    pub owner_value: Option<String>,
    /// What the copy says.
    pub copy_value: Option<String>,
}

/// Who lacks what the other has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapSummary {
    /// The type.
    pub entity_type: String,
    /// The system that says whether an entity exists.
    pub owner_system: String,
    /// The system that holds copies.
    pub copy_system: String,
    /// Entities that were looked at.
    pub n_entities: u64,
    /// What the owner has and the copy has not.
    pub missing_in_copy: Gap,
    /// What the copy has and the owner has not.
    pub missing_in_owner: Gap,
    /// Entities with open findings of earlier runs that this one did not come across and looked at beside; they are counted
    /// nowhere else.
    pub n_asked_again: u64,
    /// Those of them of which something is still to be told.
    pub n_still_found: u64,
}

/// One direction of a gap.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// How many are missing.
    pub n: u64,
    /// The list that all keys of this direction came from; without one nobody can know what is missing.
    pub list: Option<String>,
    /// Rows of that list whose keys are none of the graph's.
    pub n_unmatched: u64,
    /// A few of the keys.
    pub examples: Vec<String>,
}

/// What was not compared to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// What was compared, as `Product in shop`.
    pub what: String,
    /// The system that did not answer.
    pub system: String,
    /// The code of its failure.
    pub code: String,
    /// The failure, for the operator.
    pub detail: String,
}

impl Summary {
    /// Whether a copy and its owner disagree, or could not be compared.
    pub fn has_findings(&self) -> bool {
        self.fields.iter().any(|field| field.n_drifted + field.n_unreadable > 0)
            || self.gaps.iter().any(|gap| gap.missing_in_copy.n + gap.missing_in_owner.n + gap.n_still_found > 0)
    }

    /// Begins with what is to be compared and nothing found.
    pub(super) fn begin(contract: &Contract, pairings: &[Pairing]) -> Self {
        let name = |system| contract.system(system).name.clone();
        let fields = pairings.iter().flat_map(|pairing| {
            pairing.fields.iter().map(|pair| FieldSummary {
                entity_type: pairing.type_name.clone(),
                field: pair.name.clone(),
                owner_system: name(pair.owner),
                copy_system: name(pairing.copy),
                n_checked: 0,
                n_drifted: 0,
                n_unreadable: 0,
                examples: Vec::new(),
            })
        });
        let gaps = pairings.iter().map(|pairing| GapSummary {
            entity_type: pairing.type_name.clone(),
            owner_system: name(pairing.owner),
            copy_system: name(pairing.copy),
            n_entities: 0,
            missing_in_copy: Gap::default(),
            missing_in_owner: Gap::default(),
            n_asked_again: 0,
            n_still_found: 0,
        });
        Self { fields: fields.collect(), gaps: gaps.collect(), stopped: Vec::new() }
    }

    /// Counts a verdict of what is compared as this number.
    pub(super) fn add(&mut self, pairings: &[Pairing], number: usize, verdict: &Verdict) {
        let first: usize = pairings[..number].iter().map(|pairing| pairing.fields.len()).sum();
        for (field, told) in &verdict.fields {
            let summary = &mut self.fields[first + field];
            match told {
                Told::Same => summary.n_checked += 1,
                Told::Drifted => {
                    summary.n_checked += 1;
                    summary.n_drifted += 1;
                }
                Told::Unreadable => summary.n_unreadable += 1,
            }
            let name = Some(&summary.field);
            let found = verdict.found.iter().find(|found| found.field.as_ref() == name);
            if let Some(found) = found.filter(|_| summary.examples.len() < EXAMPLES_MAX) {
                summary.examples.push(Example::of(found));
            }
        }
        let gap = &mut self.gaps[number];
        gap.n_entities += 1;
        let missing = match verdict.gap() {
            Some(FindingKind::MissingInCopy) => &mut gap.missing_in_copy,
            Some(_) => &mut gap.missing_in_owner,
            None => return,
        };
        missing.n += 1;
        if missing.examples.len() < EXAMPLES_MAX {
            missing.examples.extend(verdict.found.first().map(|found| found.entity.key.clone()));
        }
    }
}

impl Example {
    fn of(found: &Found) -> Self {
        let Found { kind, entity, owner_value, copy_value, .. } = found.clone();
        Self { kind: kind.word().to_owned(), code: reason(kind).to_string(), key: entity.key, owner_value, copy_value }
    }
}

/// Returns the code of the reason that a finding is.
pub(super) fn reason(kind: FindingKind) -> ReasonCode {
    match kind {
        FindingKind::Drift => ReasonCode::OwnerConflict,
        FindingKind::MissingInCopy | FindingKind::MissingInOwner => ReasonCode::IdentityUnmatched,
        FindingKind::Unreadable => ReasonCode::SourceUnavailable,
    }
}

/// What of each field a verdict adds to what the ledger counts.
pub(super) fn drift<'v>(
    contract: &'v Contract,
    pairing: &'v Pairing,
    verdict: &'v Verdict,
) -> impl Iterator<Item = FieldDrift> + 'v {
    let compared = verdict.fields.iter().filter(|(_, told)| *told != Told::Unreadable);
    compared.map(|(field, told)| FieldDrift {
        entity_type: pairing.type_name.clone(),
        field: pairing.fields[*field].name.clone(),
        owner_system: contract.system(pairing.fields[*field].owner).name.clone(),
        copy_system: contract.system(pairing.copy).name.clone(),
        n_checked: 1,
        n_drifted: i64::from(*told == Told::Drifted),
    })
}
