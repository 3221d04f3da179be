//! What has been gathered for one request: the objects of each place, the records of each column, the rows of each join.

use std::sync::Arc;

use compact_str::CompactString;

use super::{
    fault::{Asked, BelowUnknown},
    rule::{Judged, Unreadable},
    veil::Veiling,
};
use crate::{
    access::{Permissions, Purpose, Sight},
    cache::{Freshness, Levels},
    fetch::{FetchError, Outcome, Page, Record, Stamp},
    plan::{
        ArgumentFault, ArgumentsId, Coerced, ConditionId, Given, Guard, Join, JoinFrom, JoinId, Place, PlaceId, Plan,
        PlannedFeed, Scoped, StepId, Variables, When,
    },
    value::{GroupId, Input, Key, RuleId, SystemId},
};

/// All that is known of a request's answer before it is written.
pub(super) struct Gathered {
    /// The plan's conditions, evaluated.
    conditions: Vec<bool>,
    /// The arguments of the plan's fields, coerced; or what is wrong with them.
    arguments: Vec<Coerced>,
    /// Whose rows the caller may see; none: everyone's.
    pub sight: Option<Arc<Sight>>,
    /// Why the caller sees less than they might.
    pub below_unknown: Option<BelowUnknown>,
    /// The objects of each place, once known.
    pub places: Vec<Option<PlaceRows>>,
    /// The rows of each join, once followed.
    pub joins: Vec<Option<JoinRows>>,
    /// The pages of each list step, by parent object, once fetched.
    pub pages: Vec<Option<Vec<PageCell>>>,
    /// The records of each fetch step, by key, once fetched.
    pub records: Vec<Option<Vec<Outcome>>>,
    /// How old what each step brought is, until all of them have run.
    pub step_freshness: Vec<Freshness>,
    /// How old all of it is.
    pub freshness: Freshness,
    /// Where the answer of each step was found.
    pub levels: Vec<Levels>,
    /// The instant the request is answered at, in milliseconds since 1970.
    pub now_ms: i64,
    /// The rules that could not read their facts: for how many objects, and what of the first.
    pub unreadable: Vec<Unreadable>,
    /// How many facts that rules read could not be found out.
    pub n_unknown: usize,
    /// What rules have judged.
    pub judged: Vec<Judged>,
}

/// The objects of one place.
#[derive(Default)]
pub(super) struct PlaceRows {
    /// How many there are.
    pub n_rows: usize,
    /// For entities: each key once.
    pub keys: Arc<[Key]>,
    /// For entities: each object's position in `keys`.
    pub key_of: Arc<[u32]>,
    /// For parts: the record each object lives in and where.
    pub parts: Vec<PartRow>,
    /// By column: where each key stands among its step's keys; `None` when it stands at the same position.
    pub in_step: Vec<Option<Arc<[u32]>>>,
    /// For entities that not everyone may see, once it is known whose they are: by key, what stands for all that is known of
    /// one that is not there for the caller. It is the same whether there is none or it is another's.
    pub veil: Option<Vec<Option<Outcome>>>,
}

/// One part as an object of a place.
pub(super) struct PartRow {
    /// The record it lives in.
    pub record: Arc<Record>,
    /// Where its table stands on the record's tape.
    pub tape: std::ops::Range<usize>,
    /// The column of the nearest entity above that the record belongs to, for messages.
    pub origin: Origin,
}

/// Which record a part came in.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    /// What answered with it.
    pub of: Of,
    /// The entity's key.
    pub key: Key,
}

/// What answers with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// A group's owner.
    Group(GroupId),
    /// A rule.
    Rule(RuleId),
}

/// The rows of one join, by parent object.
pub(super) struct JoinRows {
    /// What each parent leads to.
    pub cells: Vec<JoinCell>,
    /// The objects the cells lead to; `None` for a key that names nothing.
    pub items: Vec<Option<JoinItem>>,
}

/// What one parent object leads to.
#[derive(Debug, Clone)]
pub(super) enum JoinCell {
    /// Nothing.
    Null,
    /// These items.
    Items(std::ops::Range<usize>),
    /// It could not be found out.
    Failed(CellFailure),
}

/// An object a join leads to.
#[derive(Debug, Clone, Copy)]
pub(super) struct JoinItem {
    /// Which of the join's targets.
    pub target: usize,
    /// Which object of that place.
    pub row: usize,
}

/// Why it could not be found out where a parent object leads.
#[derive(Debug, Clone)]
pub(super) enum CellFailure {
    /// An owner did not answer.
    Fetch(FetchError, Asked),
    /// The value it would be found by did not fit.
    Violation(Arc<Record>, u32, Origin),
    /// An argument does not fit.
    Argument(ArgumentFault),
    /// More objects than one answer may hold.
    TooManyRows(usize),
    /// The type named by the data is none the field may have.
    UnknownType(SystemId),
    /// A rule could not read its facts.
    Rule(RuleId),
    /// It belongs to an account that the caller sees something of, and this is not for them.
    Withheld,
}

/// The page of one parent object.
pub(super) enum PageCell {
    /// The parent's list could not be asked for: what it is asked by is null.
    Null,
    /// A page.
    Page(Arc<Page>),
    /// It could not be fetched.
    Failed(CellFailure),
}

impl Gathered {
    /// Begins with the root alone.
    pub fn new(
        plan: &Plan,
        variables: &Variables,
        permissions: &Permissions,
        arguments: Vec<Coerced>,
        now_ms: i64,
    ) -> Self {
        let is_so = |given: &Given, wanted: bool| match given {
            Given::Variable(name) => variables.value(name) == Some(&Input::Boolean(wanted)),
            Given::Permission(name) => permissions.has(name) == wanted,
        };
        let holds = |guard: &Guard| guard.0.iter().all(|(given, wanted)| is_so(given, *wanted));
        let conditions = plan.conditions.iter();
        let conditions = conditions.map(|c| c.any.iter().any(holds) && !c.none.iter().any(holds)).collect();
        let mut places: Vec<Option<PlaceRows>> = plan.places.iter().map(|_| None).collect();
        places[0] = Some(PlaceRows { n_rows: 1, ..PlaceRows::default() });
        Self {
            conditions,
            arguments,
            sight: None,
            below_unknown: None,
            places,
            joins: plan.joins.iter().map(|_| None).collect(),
            pages: plan.steps.iter().map(|_| None).collect(),
            records: plan.steps.iter().map(|_| None).collect(),
            step_freshness: vec![Freshness::default(); plan.steps.len()],
            freshness: Freshness::default(),
            levels: vec![Levels::default(); plan.steps.len()],
            now_ms,
            unreadable: Vec::new(),
            n_unknown: 0,
            judged: Vec::new(),
        }
    }

    /// Whether something applies to this request.
    #[inline]
    pub fn applies(&self, when: When) -> bool {
        when.is_none_or(|ConditionId(condition)| self.conditions[condition])
    }

    /// Returns a field's arguments.
    pub fn arguments(&self, id: ArgumentsId) -> Result<&[(CompactString, Input)], &ArgumentFault> {
        self.arguments[id.0].as_deref()
    }

    /// Whether a step's answer is there.
    pub fn is_answered(&self, step: StepId) -> bool {
        self.records[step.0].is_some() || self.pages[step.0].is_some()
    }

    /// Whether a column's records are there, or are not needed by this request.
    pub fn has_column(&self, place: &Place, column: usize) -> bool {
        // A part has no columns: its record came with its holder's.
        place.columns.get(column).is_none_or(|column| !self.applies(column.when) || self.is_answered(column.step))
    }

    /// Returns the objects of a place.
    pub fn rows(&self, place: PlaceId) -> &PlaceRows {
        self.places[place.0].as_ref().expect("a place is read only after it is known")
    }

    /// Returns what a join's parent object leads to.
    pub fn join(&self, join: JoinId) -> &JoinRows {
        self.joins[join.0].as_ref().expect("a join is read only after all steps have run")
    }

    /// Whether it is known which objects of a place are there for the caller, or all of them are.
    pub fn is_judged(&self, plan: &Plan, place: PlaceId) -> bool {
        let scope = plan.places[place.0].scope.as_ref().filter(|_| self.sight.is_some());
        scope.is_none_or(Scoped::is_told_by_key)
            || self.places[place.0].as_ref().is_some_and(|rows| rows.n_rows == 0 || rows.veil.is_some())
    }

    /// Whether an object of a place is not there for the caller.
    pub fn is_veiled(&self, place: PlaceId, row: usize) -> bool {
        let rows = self.rows(place);
        let key = rows.key_of.get(row).map(|key| *key as usize);
        rows.veil.as_ref().zip(key).is_some_and(|(veil, key)| veil.get(key).is_some_and(Option::is_some))
    }

    /// Whether a row of a list is there for the caller, or could not be found out about. Rows of a type that their audience
    /// does not have are there for nobody of it, whoever sees the rows of all accounts.
    pub fn is_listed(&self, plan: &Plan, join: JoinId, item: usize) -> bool {
        let Some(Some(JoinItem { target, row })) = self.join(join).items.get(item) else { return false };
        if self.sight.is_none() {
            return true;
        }
        let rows = self.rows(plan.joins[join.0].targets[*target].1);
        let key = rows.key_of.get(*row).map(|key| *key as usize);
        let veiled = rows.veil.as_ref().zip(key).and_then(|(veil, key)| veil.get(key)?.as_ref());
        !matches!(veiled, Some(Ok(_)))
    }

    /// Whether an object may be there for the caller, as far as its key tells.
    pub fn may_see(&self, plan: &Plan, place: PlaceId, key: &Key) -> bool {
        let place = &plan.places[place.0];
        let (Some(sight), Some(scope)) = (&self.sight, &place.scope) else { return true };
        if !scope.is_told_by_key() {
            return true;
        }
        let said = |feed: &PlannedFeed| told_by(key, feed);
        sight.has((place.ty, purpose(scope.is_named)), said(&scope.account), scope.login.as_ref().and_then(said))
    }

    /// Whether a rule is kept from an object that the caller may not see, of an account that they do see: what the rule must
    /// not take for what is not there. Of any other account nothing is there.
    pub fn is_withheld(&self, plan: &Plan, place: PlaceId, key: &Key) -> bool {
        let (Some(sight), Some(scope)) = (&self.sight, &plan.places[place.0].scope) else { return false };
        scope.is_named && told_by(key, &scope.account).is_some_and(|account| sight.knows(account))
    }

    /// Judges which objects of a place are there for the caller, by what was answered of each.
    pub fn judge(&mut self, plan: &Plan, place: PlaceId) {
        let Some(veiling) = Veiling::of(&plan.places[place.0], self.sight.as_ref()) else { return };
        let (described, rows) = (&plan.places[place.0], self.rows(place));
        let judged = (0..rows.keys.len()).map(|key| {
            let record = match self.outcome_of_key(described, rows, 0, key) {
                Some(Ok(record)) => record,
                None => return Some(Ok(Arc::new(Record::absent(Stamp::answered(SystemId(0), self.now_ms))))),
                // Whose it is was not said, so nothing else of it may be.
                Some(Err(error)) => return Some(Err(error.clone())),
            };
            let is_seen = record.table().is_some() && !veiling.hides(&rows.keys[key], record);
            (!is_seen).then(|| Ok(Arc::new(Record::absent(record.stamp))))
        });
        let veil = judged.collect();
        if let Some(rows) = &mut self.places[place.0] {
            rows.veil = Some(veil);
        }
    }

    /// Whether everything a join reads is there.
    pub fn can_follow(&self, plan: &Plan, join: &Join) -> bool {
        self.places[join.parent.0].is_some()
            && self.is_judged(plan, join.parent)
            && join.needs.iter().all(|&column| self.has_column(&plan.places[join.parent.0], column))
            && match join.from {
                JoinFrom::Pages(step) => self.is_answered(step),
                JoinFrom::Rule(call) => {
                    let call = &plan.calls[call.0];
                    call.steps.iter().all(|step| self.is_answered(*step))
                        && call.joins.iter().all(|join| self.joins[join.0].is_some())
                }
                JoinFrom::Reference { .. } | JoinFrom::Part { .. } => true,
            }
    }

    /// Returns the record of an entity's column: `None` when this request does not need the column.
    #[inline]
    pub fn outcome<'r>(&'r self, place: &Place, rows: &'r PlaceRows, column: usize, row: usize) -> Option<&'r Outcome> {
        let key = *rows.key_of.get(row)? as usize;
        if let Some(veiled) = rows.veil.as_ref().and_then(|veil| veil.get(key)?.as_ref()) {
            return Some(veiled);
        }
        self.outcome_of_key(place, rows, column, key)
    }

    #[inline]
    fn outcome_of_key(&self, place: &Place, rows: &PlaceRows, column: usize, key: usize) -> Option<&Outcome> {
        let step = place.columns[column].step;
        let outcomes = self.records[step.0].as_ref()?;
        let position = match rows.in_step.get(column)? {
            None => key,
            Some(positions) => *positions.get(key)? as usize,
        };
        outcomes.get(position)
    }
}

/// Returns what a key alone says.
fn told_by<'k>(key: &'k Key, feed: &PlannedFeed) -> Option<&'k str> {
    match feed {
        PlannedFeed::Key(position) => key.field(*position),
        _ => None,
    }
}

/// Returns for what rows are wanted.
pub(super) fn purpose(is_named: bool) -> Purpose {
    if is_named { Purpose::Named } else { Purpose::Shown }
}
