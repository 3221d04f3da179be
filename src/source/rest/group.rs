//! A group's fetch: keys into calls, rows back to keys.
//!
//! In: a group and its keys. Out: one outcome per key. A key that does not come is only absent when the answer is whole and
//! is an answer to the question: a page that looks cut is asked again for the keys that are missing, and rows that nobody
//! asked for show a filter that does not filter.

use std::{
    collections::{HashMap, HashSet},
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream};

use super::{
    batches::KeyUse,
    decode::{self, Row},
    encode::{Given, question},
    reading::{Caller, End, Failure, PAGES_MAX, Read, Reading},
};
use crate::{
    contract::{Contract, Group, RestGroup},
    fetch::{Cell, Clock, FetchError, FetchErrorKind, Outcome, Record, Stamp, SystemClock},
    source::{
        answer::{GroupAnswer, outcomes},
        json::JsonColumns,
        layout::GroupLayout,
    },
    value::{Key, Pointer},
};

/// How many calls are spent on finding the keys that a system cannot digest. Halving a thousand keys finds one in twenty.
const ISOLATION_CALLS_MAX: usize = 40;

/// How often one batch is asked again for what did not come; each time at least one key comes.
const ROUNDS_MAX: usize = 100;

/// What is known of a group before it is asked.
pub struct GroupPlan {
    keys: KeyUse,
    columns: JsonColumns,
    layout: GroupLayout,
    pointers: Vec<Pointer>,
    member: Option<usize>,
}

/// A group being fetched.
pub struct GroupFetch<'a> {
    pub caller: &'a Caller,
    pub contract: &'a Contract,
    pub group: &'a Group,
    pub asked: &'a RestGroup,
    pub plan: &'a GroupPlan,
    pub connections_max: usize,
    pub deadline: Instant,
}

/// What the calls for a batch of keys have brought.
#[derive(Default)]
struct Found {
    rows: Vec<Row>,
    numbers: HashMap<Key, usize>,
    failed: HashMap<Key, FetchError>,
    /// Why a key that did not come is not absent.
    doubt: Option<FetchError>,
}

impl GroupPlan {
    /// Finds out what is known of a group.
    ///
    /// *Errors*: which column its answers cannot have.
    pub fn new(contract: &Contract, group: &Group, asked: &RestGroup) -> Result<Self, String> {
        let columns = JsonColumns::of_group(contract, group);
        let layout = GroupLayout::new(contract, group, vec![columns.names()])?;
        let places: Vec<(&str, &Pointer)> = columns.places().collect();
        let pointers = layout.keys.iter().map(|position| places[*position].1.clone()).collect();
        let member = asked.member.as_ref().and_then(|name| group.key_columns.iter().position(|key| key == name));
        Ok(Self { keys: KeyUse::new(asked, &group.key_columns), pointers, member, layout, columns })
    }
}

impl GroupFetch<'_> {
    /// Fetches the records of keys.
    pub async fn outcomes(&self, keys: &[Key]) -> Vec<Outcome> {
        let batches = self.plan.keys.batches(self.asked, &self.group.key_columns, keys);
        let started_ms = SystemClock.now_ms();
        let mut out: Vec<Option<Outcome>> = vec![None; keys.len()];
        for number in batches.impossible {
            out[number] = Some(Ok(Record::absent(self.stamp(started_ms)).into()));
        }
        let concurrency = self.asked.call.concurrency.unwrap_or(self.connections_max).max(1);
        let calls = batches.calls.into_iter().map(|numbers| async move {
            let keys: Vec<Key> = numbers.iter().map(|number| keys[*number].clone()).collect();
            (numbers, self.batch(keys).await)
        });
        let answered: Vec<_> = stream::iter(calls).buffer_unordered(concurrency).collect().await;
        for (numbers, outcomes) in answered {
            for (number, outcome) in numbers.into_iter().zip(outcomes) {
                out[number] = Some(outcome);
            }
        }
        let unasked = || Err(self.caller.violation(format!("{}: a key was not asked for", self.group.name)));
        out.into_iter().map(|outcome| outcome.unwrap_or_else(unasked)).collect()
    }

    /// Fetches the records of a batch, split where the binding permits and one key spoils it.
    async fn batch(&self, keys: Vec<Key>) -> Vec<Outcome> {
        let budget = AtomicUsize::new(if self.asked.isolate { ISOLATION_CALLS_MAX } else { 0 });
        let mut outcomes = self.split(&keys, &budget).await;
        let was_split = self.asked.isolate && budget.load(Ordering::Relaxed) < ISOLATION_CALLS_MAX;
        if was_split && outcomes.iter().any(Result::is_ok) {
            for outcome in &mut outcomes {
                // The others answer, so it is not the system that fails but the key.
                if let Err(error) = outcome
                    && error.kind == FetchErrorKind::Unavailable
                {
                    let detail = format!("for this key alone: {}", error.detail);
                    *outcome = Err(self.caller.name.error(FetchErrorKind::BadRequest, detail));
                }
            }
        }
        outcomes
    }

    fn split<'s>(&'s self, keys: &'s [Key], budget: &'s AtomicUsize) -> BoxFuture<'s, Vec<Outcome>> {
        async move {
            let started_ms = SystemClock.now_ms();
            let (error, splits) = match self.ask(keys).await {
                Ok(found) => return self.finished(keys, &found, started_ms),
                Err(Failure::NotFound { certain }) => {
                    if self.plan.keys.path_is_of_key || (certain && keys.len() == 1) {
                        let absent = || Ok(Record::absent(self.stamp(started_ms)).into());
                        return keys.iter().map(|_| absent()).collect();
                    }
                    let detail = format!("{}: there is nothing at this path for {} keys", self.group.name, keys.len());
                    (self.caller.name.error(FetchErrorKind::BadRequest, detail), true)
                }
                Err(Failure::Failed { error, splits }) => (error, splits),
            };
            let spend = |left: usize| left.checked_sub(2);
            let may_split = splits && keys.len() > 1 && self.plan.keys.takes_many;
            if may_split && budget.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend).is_ok() {
                let (left, right) = keys.split_at(keys.len() / 2);
                let mut outcomes = self.split(left, budget).await;
                outcomes.extend(self.split(right, budget).await);
                return outcomes;
            }
            keys.iter().map(|_| Err(error.clone())).collect()
        }
        .boxed()
    }

    /// Asks for keys until all have come or the answer is whole.
    async fn ask(&self, keys: &[Key]) -> Result<Found, Failure> {
        let mut found = Found::default();
        let mut wanted: Vec<Key> = keys.to_vec();
        for round in 0..ROUNDS_MAX {
            let mut read = match self.read(&wanted).await {
                Ok(read) => read,
                Err(failure) if round == 0 => return Err(failure),
                Err(failure) => {
                    let error = match failure {
                        Failure::Failed { error, .. } => error,
                        Failure::NotFound { .. } => self.caller.violation("the rest of a cut answer was not found"),
                    };
                    found.doubt.get_or_insert(error);
                    break;
                }
            };
            let end = read.end;
            read.rows.iter_mut().for_each(|row| row.page += round * PAGES_MAX);
            self.sort(read, &wanted, &mut found);
            let n_asked = wanted.len();
            wanted.retain(|key| !found.numbers.contains_key(key) && !found.failed.contains_key(key));
            let End::Cut { stated } = end else { break };
            if wanted.is_empty() {
                break;
            }
            if wanted.len() == n_asked {
                if stated {
                    let detail = format!("{}: a full page without a way to the next", self.group.name);
                    found.doubt = Some(self.caller.violation(detail));
                }
                break;
            }
        }
        if let Some(witness) = &self.asked.witness
            && found.rows.is_empty()
            && found.failed.is_empty()
            && self.plan.keys.takes_many
        {
            let witness = Key::of(witness.iter().map(String::as_str)).into_iter().collect::<Vec<_>>();
            if self.read(&witness).await?.rows.is_empty() {
                let detail = format!("{}: not even the key that is always there came", self.group.name);
                found.doubt = Some(self.caller.violation(detail));
            }
        }
        Ok(found)
    }

    async fn read(&self, keys: &[Key]) -> Result<Read, Failure> {
        let call = &self.asked.call;
        let unfit = |detail: String| {
            let error = self.caller.name.error(FetchErrorKind::BadRequest, format!("{}: {detail}", self.group.name));
            Failure::Failed { error, splits: true }
        };
        let question = question(call, Given::Keys { names: &self.group.key_columns, keys })
            .map_err(|said| unfit(said.to_string()))?
            .ok_or_else(|| unfit("there is nothing to ask".to_owned()))?;
        let mut missing: HashSet<&Key> = keys.iter().collect();
        let enough = |page: &[Row]| {
            for row in page {
                if let Some(key) = self.key(row, &keys[0]) {
                    missing.remove(&key);
                }
            }
            missing.is_empty()
        };
        let reading = Reading {
            call,
            question: &question,
            size: call.paging.rows,
            rows_max: usize::MAX,
            deadline: self.deadline,
        };
        self.caller.read(reading, enough).await
    }

    /// Sorts rows to the keys that were asked for.
    fn sort(&self, read: Read, wanted: &[Key], found: &mut Found) {
        let asked: HashSet<&Key> = wanted.iter().collect();
        for row in read.rows {
            let key = self.key(&row, &wanted[0]);
            let is_error = |failures| decode::is_error(failures, &row.value);
            if let Some(failures) = self.asked.row_errors.as_ref().filter(|failures| is_error(failures)) {
                let kind = decode::meant(failures, &row.value).map(decode::kind_of);
                // There is no such thing, the row says: the key is absent.
                let Some(kind) = kind.unwrap_or(Some(FetchErrorKind::BadRequest)) else { continue };
                let detail = format!("{}: the row is an error: {}", self.group.name, row.value);
                let error = self.caller.name.error(kind, detail);
                match key.or_else(|| (wanted.len() == 1).then(|| wanted[0].clone())) {
                    Some(key) => drop(found.failed.insert(key, error)),
                    None => found.doubt = Some(error),
                }
                continue;
            }
            let Some(key) = key else {
                let detail = format!("{}: a row without {}", self.group.name, self.group.key_columns.join(", "));
                found.doubt.get_or_insert_with(|| self.caller.violation(detail));
                continue;
            };
            if self.plan.keys.filters && !asked.contains(&key) {
                let detail = format!("{}: the answer has rows that nobody asked for, as {key}", self.group.name);
                found.doubt.get_or_insert_with(|| self.caller.violation(detail));
            }
            // Pages shift while they are read, and give a row twice.
            let known = found.numbers.get(&key).map(|number| &found.rows[*number]);
            let is_known = known.is_some_and(|known| known.value == row.value && known.page != row.page);
            if !is_known {
                found.numbers.insert(key, found.rows.len());
                found.rows.push(row);
            }
        }
    }

    /// Lays the rows of keys out.
    fn finished(&self, keys: &[Key], found: &Found, started_ms: i64) -> Vec<Outcome> {
        let rows = found.rows.iter().map(|row| self.cells(row, &keys[0])).collect();
        let answer = GroupAnswer { rows, parts: Vec::new(), stamp: self.stamp(started_ms) };
        let mut outcomes = outcomes(self.contract, self.group, &self.plan.layout, &self.caller.name, keys, answer);
        for (key, outcome) in keys.iter().zip(&mut outcomes) {
            let is_absent = matches!(outcome, Ok(record) if record.table().is_none());
            if let Some(error) = found.failed.get(key).or(found.doubt.as_ref().filter(|_| is_absent)) {
                *outcome = Err(error.clone());
            }
        }
        outcomes
    }

    fn cells<'r>(&self, row: &'r Row, asked: &Key) -> Vec<Cell<'r>> {
        let mut cells = self.plan.columns.cells(&row.value);
        for (field, position) in self.plan.layout.keys.iter().enumerate() {
            let Some(cell) = cells.get_mut(*position) else { continue };
            match (&row.member, cell.text()) {
                (Some(member), _) if self.plan.member == Some(field) => *cell = Cell::Text(member.as_str().into()),
                (_, None) if self.plan.keys.outer.contains(&field) => {
                    *cell = asked.field(field).map_or(Cell::Null, |text| Cell::Text(text.to_owned().into()));
                }
                _ => {}
            }
        }
        cells
    }

    /// Reads the key of a row. A field that is the same in the whole call need not be in it.
    fn key(&self, row: &Row, asked: &Key) -> Option<Key> {
        let mut texts = Vec::with_capacity(self.plan.pointers.len());
        for (field, pointer) in self.plan.pointers.iter().enumerate() {
            let cell =
                pointer.one(&row.value).map_or(Cell::Null, |value| Cell::Json(std::borrow::Cow::Borrowed(value)));
            let text = match (&row.member, cell.text()) {
                (Some(member), _) if self.plan.member == Some(field) => member.clone(),
                (_, Some(text)) => text.into_owned(),
                _ if self.plan.keys.outer.contains(&field) => asked.field(field)?.to_owned(),
                _ => return None,
            };
            texts.push(if self.plan.layout.trims[field] {
                text.trim_end_matches([' ', '\0']).to_owned()
            } else {
                text
            });
        }
        Key::of(texts.iter().map(String::as_str))
    }

    fn stamp(&self, started_ms: i64) -> Stamp {
        Stamp::answered(self.caller.name.id(), started_ms)
    }
}
