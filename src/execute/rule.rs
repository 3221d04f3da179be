//! Running a rule: for every object of a place at once, when all that it reads is there.
//!
//! In: a call whose facts are known. Out: for each object, what the rule comes to, laid out and checked as an owner's row is.
//! Asks nobody.

use std::{borrow::Cow, sync::Arc};

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    gathered::{CellFailure, Gathered, JoinCell, JoinItem, JoinRows, Of, Origin, PartRow, PlaceRows},
    write::{FactsSources, Known, Writer},
};
use crate::{
    cache::Cache,
    contract::{Answer, Contract, Role, RuleUse},
    fetch::{Cell, Entry, Layout, Record, Stamp},
    plan::{ArgumentFault, Call, CallId, JoinId, PlaceId, Plan},
    rules::{Computed, Context, Judgement, OrderLimit, Reason},
    value::{Adaptations, Input, Key, SystemId, json_text},
};

/// The time that rules are asked at.
#[derive(Debug, Clone, Copy)]
pub(super) enum BusinessTime {
    /// The clock's, in milliseconds since 1970.
    Clock(i64),
    /// An instant that stands still.
    Standing(Timestamp),
}

/// What a rule is called with, beside what is gathered.
#[derive(Clone, Copy)]
pub(super) struct Calling<'c> {
    /// The contract.
    pub contract: &'c Contract,
    /// What knows how old things are.
    pub cache: &'c Cache,
    /// The plan.
    pub plan: &'c Plan,
    /// The greatest order that whoever asks may place without approval; none: any.
    pub order_limit: Option<&'c OrderLimit>,
}

/// Runs a call for all objects of its place.
pub(super) fn run(calling: Calling<'_>, gathered: &mut Gathered, join: usize, call: CallId, time: BusinessTime) {
    let Calling { contract, cache, plan, order_limit } = calling;
    let call = &plan.calls[call.0];
    let when = plan.joins[join].when;
    let n_rows = if gathered.applies(when) { gathered.rows(call.place).n_rows } else { 0 };
    let mut running = Running { order_limit, ..Running::new(Known { contract, cache, plan, gathered }, call, time) };
    let cells: Vec<JoinCell> = (0..n_rows).map(|row| running.cell(row)).collect();
    let n_unknown = running.writer.n_unknown();
    let Running { parts, holds_until_ms, judged, unreadable, .. } = running;
    let items = (0..parts.len()).map(|row| Some(JoinItem { target: 0, row })).collect();
    let answer = plan.joins[join].targets[0].1;
    gathered.places[answer.0] = Some(PlaceRows { n_rows: parts.len(), parts, ..PlaceRows::default() });
    gathered.joins[join] = Some(JoinRows { cells, items });
    gathered.judged.extend(judged);
    gathered.unreadable.extend(unreadable);
    gathered.n_unknown += n_unknown;
    if let BusinessTime::Clock(_) = time {
        let until_ms = &mut gathered.freshness.until_ms;
        *until_ms = [*until_ms, holds_until_ms].into_iter().flatten().min();
    }
}

/// A rule that could not read its facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The rule.
    pub rule: &'static str,
    /// For how many objects.
    pub n: usize,
    /// What it could not read of the first. Never shown to a client: it may quote a value.
    pub detail: String,
}

/// What a rule judged of one thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The rule.
    pub rule: &'static str,
    /// The type of what it is about.
    pub type_name: String,
    /// Its key.
    pub key: String,
    /// The account it concerns.
    pub account: Option<String>,
    /// Whether all facts were known.
    pub is_complete: bool,
    /// What stands in its way.
    pub reasons: Vec<Reason>,
}

/// The work on one call.
struct Running<'r> {
    known: Known<'r>,
    call: &'r Call,
    rule: &'r RuleUse,
    layout: Layout,
    writer: Writer<'r, true>,
    /// The arguments as JSON; or what is wrong with them.
    arguments: Result<Vec<u8>, ArgumentFault>,
    /// For a part: which object of the holder's place holds each.
    held_by: Vec<usize>,
    time: BusinessTime,
    order_limit: Option<&'r OrderLimit>,
    parts: Vec<PartRow>,
    judged: Vec<Judged>,
    unreadable: Option<Unreadable>,
    holds_until_ms: Option<i64>,
}

impl<'r> Running<'r> {
    fn new(known: Known<'r>, call: &'r Call, time: BusinessTime) -> Self {
        let Known { contract, plan, gathered, .. } = known;
        let rule = contract.rule(call.rule);
        let columns: Vec<String> =
            contract.shapes[rule.shape.index()].slots.iter().map(|slot| slot.name.clone()).collect();
        let arguments = gathered.arguments(call.arguments).map(|arguments| {
            let members = arguments.iter().map(|(name, value)| (name.to_string(), json(value)));
            Value::Object(members.collect()).to_string().into_bytes()
        });
        Self {
            known,
            call,
            rule,
            layout: Layout::new(rule.shape, &contract.shapes, &columns, &[], &Adaptations::default()),
            writer: Writer::new(known, None, 1),
            arguments: arguments.map_err(ArgumentFault::clone),
            held_by: call
                .holder
                .as_ref()
                .map(|(join, _)| held_by(plan, gathered, *join, call.place))
                .unwrap_or_default(),
            time,
            order_limit: None,
            parts: Vec::new(),
            judged: Vec::new(),
            unreadable: None,
            holds_until_ms: None,
        }
    }

    fn cell(&mut self, row: usize) -> JoinCell {
        let arguments = match &self.arguments {
            Ok(arguments) => arguments,
            Err(wrong) => return JoinCell::Failed(CellFailure::Argument(wrong.clone())),
        };
        let (plan, call) = (self.known.plan, self.call);
        let holder = call
            .holder
            .as_ref()
            .and_then(|(join, outputs)| Some((plan.joins[join.0].parent, *self.held_by.get(row)?, outputs.as_slice())));
        let Some(facts) = self.writer.object_facts((call.place, row), &call.inputs, holder) else {
            return JoinCell::Null;
        };
        let sources = FactsSources { known: self.known, objects: &facts.objects };
        let now = match self.time {
            BusinessTime::Clock(now_ms) => Timestamp::from_millisecond(now_ms).unwrap_or_default(),
            BusinessTime::Standing(instant) => instant,
        };
        let (settings, order_limit) = (&self.known.contract.rules, self.order_limit);
        let context = Context { now, settings, sources: &sources, order_limit };
        let computed = match (self.rule.rule.run)(&facts.json, arguments, &context) {
            Ok(computed) => computed,
            Err(wrong) => return self.failed(&wrong),
        };
        match self.record(&computed) {
            Ok(record) => {
                let ends_ms = computed.holds_until.map(|until| until.as_millisecond());
                self.holds_until_ms = [self.holds_until_ms, ends_ms].into_iter().flatten().min();
                self.judge(computed.judgements, row);
                let tape = 0..record.tape().map_or(0, <[u8]>::len);
                let origin = Origin { of: Of::Rule(call.rule), key: self.key(row) };
                self.parts.push(PartRow { record: Arc::new(record), tape, origin });
                JoinCell::Items(self.parts.len() - 1..self.parts.len())
            }
            Err(wrong) => self.failed(&wrong),
        }
    }

    fn failed(&mut self, wrong: &serde_json::Error) -> JoinCell {
        let first = || Unreadable { rule: self.rule.rule.name, n: 0, detail: wrong.to_string() };
        self.unreadable.get_or_insert_with(first).n += 1;
        JoinCell::Failed(CellFailure::Rule(self.call.rule))
    }

    /// Lays out what the rule came to.
    fn record(&self, computed: &Computed) -> Result<Record, serde_json::Error> {
        let members: Map<String, Value> = serde_json::from_slice(&computed.members)?;
        let slots = &self.known.contract.shapes[self.rule.shape.index()].slots;
        let cells: Vec<Cell<'_>> = (slots.iter())
            .map(|slot| members.get(&slot.name).map_or(Cell::Null, |value| Cell::Json(Cow::Borrowed(value))))
            .collect();
        // What is computed is nobody's record: no age is reckoned from this stamp.
        let stamp = Stamp::answered(SystemId(0), 0);
        Ok(self.layout.record(&self.known.contract.shapes, &cells, &[], stamp))
    }

    /// Takes down what the rule judged, with what it is about.
    fn judge(&mut self, judgements: Vec<Judgement>, row: usize) {
        if judgements.is_empty() {
            return;
        }
        let (contract, call) = (self.known.contract, self.call);
        let ty = &contract.ty(self.rule.ty).name;
        let (key, account) = (self.key(row).to_string(), self.account(row));
        self.judged.extend(judgements.into_iter().map(|judgement| {
            let Judgement { about, account: of, is_complete, reasons } = judgement;
            let (type_name, key) =
                about.map_or_else(|| (ty.clone(), key.clone()), |(type_name, key)| (type_name.to_owned(), key));
            let (rule, account) = (contract.rule(call.rule).rule.name, of.or_else(|| account.clone()));
            Judged { rule, type_name, key, account, is_complete, reasons }
        }));
    }

    /// Returns the account that an entity belongs to, where its type says so.
    fn account(&self, row: usize) -> Option<String> {
        let place = &self.known.plan.places[self.call.place.0];
        let object = self.known.contract.object(place.ty)?;
        let Role::Entity(entity) = &object.role else { return None };
        let rows = self.known.gathered.rows(self.call.place);
        match object.fields[entity.scope.as_ref()?.account].answer {
            Answer::Key(position) => Some(rows.keys[*rows.key_of.get(row)? as usize].field(position)?.to_owned()),
            Answer::Slot { group, slot } => {
                let column = place.columns.iter().position(|column| column.group == group)?;
                let Some(Ok(record)) = self.known.gathered.outcome(place, rows, column, row) else { return None };
                let Entry::Value(json) = record.table()?.entry(slot) else { return None };
                json_text(json).map(Cow::into_owned)
            }
            _ => None,
        }
    }

    fn key(&self, row: usize) -> Key {
        let rows = self.known.gathered.rows(self.call.place);
        match (rows.parts.get(row), rows.key_of.get(row)) {
            (Some(part), _) => part.origin.key.clone(),
            (None, Some(&key)) => rows.keys[key as usize].clone(),
            (None, None) => Key::one(""),
        }
    }
}

/// Finds, for each object of a place of parts, which object holds it.
fn held_by(plan: &Plan, gathered: &Gathered, join: JoinId, place: PlaceId) -> Vec<usize> {
    let rows = gathered.join(join);
    let mut held_by = vec![0; gathered.rows(place).n_rows];
    for (holder, cell) in rows.cells.iter().enumerate() {
        let JoinCell::Items(items) = cell else { continue };
        for JoinItem { target, row } in rows.items[items.clone()].iter().flatten() {
            if plan.joins[join.0].targets[*target].1 == place {
                held_by[*row] = holder;
            }
        }
    }
    held_by
}

/// Writes an argument as JSON.
fn json(value: &Input) -> Value {
    match value {
        Input::Null | Input::Variable(_) => Value::Null,
        Input::Boolean(value) => Value::Bool(*value),
        Input::Number(text) => text.parse().map_or(Value::Null, Value::Number),
        Input::String(text) | Input::Enum(text) => Value::String(text.to_string()),
        Input::List(items) => Value::Array(items.iter().map(json).collect()),
        Input::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.to_string(), json(value))).collect())
        }
    }
}
