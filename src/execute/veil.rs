//! Veiling: which entities of a type are not there for a caller, though their owner has them.
//!
//! In: an entity's key and what its owner said of it. Out: whether the caller may see it. What is veiled has to look as what is
//! not there in everything that is said of the answer: who was asked, how old it is, what failed.

use std::{borrow::Cow, sync::Arc};

use super::gathered::{Gathered, purpose};
use crate::{
    access::Sight,
    cache::Freshness,
    contract::Contract,
    fetch::{Entry, Record},
    plan::{Ask, Place, PlaceId, Plan, PlannedFeed, Scoped, StepId},
    value::{Key, TypeId, json_text},
};

/// What a caller may see of a place whose objects tell by their records whose they are.
#[derive(Clone)]
pub(super) struct Veiling<'p> {
    sight: Arc<Sight>,
    ty: TypeId,
    scope: &'p Scoped,
}

impl<'p> Veiling<'p> {
    /// Returns what is veiled of a place; none where everything may be seen, or the key alone tells.
    pub fn of(place: &'p Place, sight: Option<&Arc<Sight>>) -> Option<Self> {
        let scope = place.scope.as_ref().filter(|scope| !scope.is_told_by_key())?;
        Some(Self { sight: Arc::clone(sight?), ty: place.ty, scope })
    }

    /// Whether what an owner has is not there for the caller. What it does not have is nobody's.
    pub fn hides(&self, key: &Key, record: &Record) -> bool {
        let Some(table) = record.table() else { return false };
        let said = |feed: &PlannedFeed| match feed {
            PlannedFeed::Key(position) => key.field(*position).map(Cow::Borrowed),
            PlannedFeed::Slot { slot, .. } => match table.entry(*slot) {
                Entry::Value(json) => json_text(json),
                Entry::Null | Entry::Fault(_) => None,
            },
            PlannedFeed::Argument(_) | PlannedFeed::Constant(_) => None,
        };
        let (account, login) = (said(&self.scope.account), self.scope.login.as_ref().and_then(said));
        !self.sight.has((self.ty, purpose(self.scope.is_named)), account.as_deref(), login.as_deref())
    }
}

/// Whether any object of a place is not there for a caller who does not see everything of its type: because it is another's, or
/// because there is none. Nothing may be said by which the two could be told apart.
pub(super) fn has_gaps(plan: &Plan, gathered: &Gathered, place: PlaceId, column: usize) -> bool {
    let described = &plan.places[place.0];
    if described.scope.is_none() || gathered.sight.is_none() {
        return false;
    }
    let rows = gathered.rows(place);
    (0..rows.n_rows).any(
        |row| matches!(gathered.outcome(described, rows, column, row), Some(Ok(record)) if record.table().is_none()),
    )
}

/// Adds how old what each step brought is: where a caller may not see all of it, by what they may see.
pub(super) fn settle_freshness(contract: &Contract, plan: &Plan, gathered: &mut Gathered) {
    for (number, said) in std::mem::take(&mut gathered.step_freshness).into_iter().enumerate() {
        let seen = seen_of(contract, plan, gathered, (StepId(number), &said));
        gathered.freshness.merge(seen.unwrap_or(said));
    }
}

/// Returns how old what a caller sees of a step is; none where they see all of it.
fn seen_of(
    contract: &Contract,
    plan: &Plan,
    gathered: &Gathered,
    (step, said): (StepId, &Freshness),
) -> Option<Freshness> {
    let Ask::Records { places, .. } = &plan.steps[step.0].ask else { return None };
    if !places.iter().any(|(place, column)| has_gaps(plan, gathered, *place, *column)) {
        return None;
    }
    let mut seen: Vec<&Record> = Vec::new();
    for (place, column) in places {
        let (described, rows) = (&plan.places[place.0], gathered.rows(*place));
        let outcomes =
            (0..rows.n_rows).filter_map(|row| gathered.outcome(described, rows, *column, row)?.as_ref().ok());
        seen.extend(outcomes.map(|record| &**record).filter(|record| record.table().is_some()));
    }
    let since_ms = |record: &Record| record.stamp.as_of_ms.unwrap_or(record.stamp.started_ms);
    let mut freshness = Freshness::default();
    // What is not there may be there at the next moment, so nothing of the answer is to be kept.
    seen.iter().for_each(|record| freshness.add(since_ms(record), gathered.now_ms));
    // That holds where nothing is seen at all, too.
    freshness.add(gathered.now_ms, gathered.now_ms);
    for stale in &said.stale {
        let max_age_ms = contract.domain(stale.domain).max_age.as_millis();
        let lag_ms = contract.system(stale.system).lag.as_millis();
        let is_stale = |record: &&&Record| {
            let age_ms = u128::try_from(gathered.now_ms - since_ms(record)).unwrap_or(0);
            record.stamp.system == stale.system && age_ms + lag_ms > max_age_ms
        };
        let of_seen: Vec<i64> = seen.iter().filter(is_stale).map(|record| since_ms(record)).collect();
        if let Some(since_ms) = of_seen.iter().min() {
            let mut one = stale.clone();
            (one.since_ms, one.n) = (*since_ms, of_seen.len());
            freshness.stale.push(one);
        }
    }
    Some(freshness)
}
