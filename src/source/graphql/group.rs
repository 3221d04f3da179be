//! Groups: keys are asked in as few calls as the system takes, and each gets its own outcome.
//!
//! In: a fetch. Out: one outcome per key. An error costs the keys of the rows it belongs to; one that belongs to no row
//! costs the keys that did not come; one that belongs to nothing costs the call.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Instant,
};

use futures_util::{FutureExt, StreamExt, stream};
use serde_json::{Map, Value};

use super::{
    CALLS_AT_ONCE, GraphQlSource,
    decode::{self, AnswerError, Answered, Owned, PlacedRow, Step},
    encode::{self, KeyForm, Question},
    selection::Selection,
};
use crate::{
    contract::{GraphQlGroup, GraphQlKeys, GraphQlMeaning, Group, GroupBinding},
    fetch::{Cell, Clock, Fetch, FetchError, FetchErrorKind, Outcome, Stamp, SystemClock},
    source::{
        answer::{GroupAnswer, key_of, outcomes},
        json::JsonColumns,
        layout::GroupLayout,
    },
    value::{GroupId, Key, Pointer},
};

/// How often the keys that did not come are asked for again. A system that gives ten rows of a thousand keys at a time is
/// followed to the end.
const PAGES_MAX: usize = 100;

/// Where a binding does not say how many rows its system gives at most, a number of rows that is a multiple of this may be
/// all it gives: 10, 20, 50, 100, 200, 250.
const ROUND_ROWS: usize = 10;

/// What is known of a group's question.
pub(super) struct LearnedGroup {
    fields: String,
    columns: JsonColumns,
    layout: GroupLayout,
}

/// What the answers to some keys' questions told.
#[derive(Default)]
struct Told {
    /// The rows, and whose each is where the answer's order says so.
    rows: Vec<(Option<Key>, Value)>,
    /// The keys that could not be answered.
    failed: HashMap<Key, FetchError>,
    /// The most rows that one answer had.
    n_rows_most: usize,
}

impl Told {
    fn fail(&mut self, keys: &[Key], error: &FetchError) {
        self.failed.extend(keys.iter().map(|key| (key.clone(), error.clone())));
    }
}

/// A group being asked.
struct Asking<'a> {
    source: &'a GraphQlSource,
    group: &'a Group,
    asked: &'a GraphQlGroup,
    learned: &'a LearnedGroup,
    form: KeyForm<'a>,
    deadline: Instant,
}

impl GraphQlSource {
    pub(super) async fn fetch_group(&self, fetch: &Fetch) -> Result<Vec<Outcome>, FetchError> {
        let group = self.contract.group(fetch.group);
        let GroupBinding::GraphQl(asked) = &group.binding else {
            return Err(self.bad_request(format!("{}: the binding is of another kind", group.name)));
        };
        let learned = self.learned_group(fetch.group)?;
        let pointer = |column: &String| group.fields.get(column).cloned().unwrap_or_else(|| Pointer::member(column));
        let pointers = group.key_columns.iter().map(pointer).collect();
        let form = KeyForm { columns: &group.key_columns, pointers };
        let asking = Asking { source: self, group, asked, learned: &learned, form, deadline: fetch.deadline };
        let started_ms = SystemClock.now_ms();
        let calls: Vec<_> = fetch.keys.chunks(asking.keys_per_call()).map(|keys| asking.told(keys).boxed()).collect();
        let all: Vec<Told> = stream::iter(calls).buffered(CALLS_AT_ONCE).collect().await;
        let stamp = Stamp::answered(self.name.id(), started_ms);
        let (mut rows, mut failed) = (Vec::new(), HashMap::new());
        for told in &all {
            rows.extend(told.rows.iter().map(|(key, row)| asking.cells(key.as_ref(), row)));
            failed.extend(told.failed.iter());
        }
        let answer = GroupAnswer { rows, parts: Vec::new(), stamp };
        let outcomes = outcomes(&self.contract, group, &learned.layout, &self.name, &fetch.keys, answer);
        let own = |(key, outcome): (&Key, Outcome)| match failed.get(key) {
            Some(error) => Err((*error).clone()),
            None => outcome,
        };
        Ok(fetch.keys.iter().zip(outcomes).map(own).collect())
    }

    fn learned_group(&self, id: GroupId) -> Result<Arc<LearnedGroup>, FetchError> {
        if let Some(learned) = self.groups.of(id) {
            return Ok(learned);
        }
        let group = self.contract.group(id);
        let columns = JsonColumns::of_group(&self.contract, group);
        let layout = GroupLayout::new(&self.contract, group, vec![columns.names()]);
        let layout = layout.map_err(|detail| self.violation(detail))?;
        let fields = Selection::of_group(&self.contract.shapes, group, &columns).to_string();
        Ok(self.groups.keep(id, LearnedGroup { fields, columns, layout }))
    }
}

impl Asking<'_> {
    fn keys_per_call(&self) -> usize {
        match &self.asked.keys {
            GraphQlKeys::ByAlias(_) if self.asked.document.has_fragment_variables() => 1,
            GraphQlKeys::ByAlias(aliases_max) => *aliases_max,
            _ => self.asked.page_rows.unwrap_or(usize::MAX),
        }
    }

    /// Reads a row. What comes in the order asked has its key from there.
    fn cells<'v>(&self, key: Option<&Key>, row: &'v Value) -> Vec<Cell<'v>> {
        let mut cells = self.learned.columns.cells(row);
        for (n, column) in self.learned.layout.keys.iter().enumerate() {
            if let Some(text) = key.and_then(|key| key.field(n)) {
                cells[*column] = Cell::Text(text.to_owned().into());
            }
        }
        cells
    }

    fn key_of(&self, row: &Value) -> Option<Key> {
        let cell = |pointer: &'_ Pointer| match pointer.one(row) {
            None | Some(Value::Null) => Cell::Null,
            Some(value) => Cell::Json(Cow::Borrowed(value)),
        };
        let cells: Vec<Cell<'_>> = self.form.pointers.iter().map(cell).collect();
        let columns: Vec<usize> = (0..cells.len()).collect();
        key_of(&cells, &columns, &self.learned.layout.trims)
    }

    /// Asks for some keys, as often as it takes.
    async fn told(&self, keys: &[Key]) -> Told {
        let mut told = Told::default();
        let mut wanted = self.addressable(keys, &mut told);
        if wanted.is_empty() {
            return told;
        }
        for _ in 0..PAGES_MAX {
            let question = self.question(&wanted);
            let answered = match self.source.ask(&question, self.deadline).await {
                Ok(answered) => answered,
                Err(error) => {
                    told.fail(&wanted, &error);
                    return told;
                }
            };
            let missing = match &self.asked.keys {
                GraphQlKeys::ByAlias(_) => self.by_alias(&wanted, answered, &mut told),
                GraphQlKeys::Ordered | GraphQlKeys::Entities(_) => self.in_order(&wanted, answered, &mut told),
                GraphQlKeys::Together => self.together(&wanted, answered, &mut told),
            };
            if missing.is_empty() {
                return told;
            }
            if missing.len() == wanted.len() {
                let detail = format!("{}: a full page of rows holds none that was asked for", self.group.name);
                told.fail(&missing, &self.source.violation(detail));
                return told;
            }
            wanted = missing;
        }
        let detail = format!("{}: {PAGES_MAX} calls did not bring all rows", self.group.name);
        told.fail(&wanted, &self.source.violation(detail));
        told
    }

    /// Sorts out the keys that the document's variable cannot hold.
    fn addressable(&self, keys: &[Key], told: &mut Told) -> Vec<Key> {
        let (mut fits, mut strange) = (Vec::with_capacity(keys.len()), Vec::new());
        for key in keys {
            let is_held = match &self.asked.keys {
                GraphQlKeys::Entities(_) => true,
                GraphQlKeys::ByAlias(_) => {
                    self.own_variables().all(|one| encode::key_field(&self.form, one, key).is_some())
                }
                _ => (self.asked.document.variable("keys"))
                    .is_some_and(|one| encode::key(&self.form, one, key).is_some()),
            };
            if is_held { fits.push(key.clone()) } else { strange.push(key.clone()) }
        }
        for key in strange {
            let detail = format!("{}: the key {key} is not of the type that its variable has", self.group.name);
            told.fail(&[key], &self.source.bad_request(detail));
        }
        fits
    }

    /// The variables that each key fills for itself.
    fn own_variables(&self) -> impl Iterator<Item = &crate::contract::GraphQlVariable> {
        let constants = &self.asked.constants;
        (self.asked.document.variables.iter()).filter(|one| !constants.iter().any(|(name, _)| *name == one.name))
    }

    fn question(&self, keys: &[Key]) -> Question {
        let document = &self.asked.document;
        let mut variables: Map<String, Value> = self.asked.constants.iter().cloned().collect();
        let query = match &self.asked.keys {
            GraphQlKeys::ByAlias(_) => {
                for (number, key) in keys.iter().enumerate() {
                    for one in self.own_variables() {
                        let value = encode::key_field(&self.form, one, key).unwrap_or_default();
                        variables.insert(encode::numbered(&one.name, number), value);
                    }
                }
                let shared: Vec<&str> = self.asked.constants.iter().map(|(name, _)| name.as_str()).collect();
                encode::print_copies(document, &self.learned.fields, keys.len(), &shared)
            }
            GraphQlKeys::Entities(type_name) => {
                let all = keys.iter().map(|key| encode::representation(&self.form, type_name, key)).collect();
                variables.insert("keys".to_owned(), all);
                encode::print(document, &self.learned.fields)
            }
            GraphQlKeys::Together | GraphQlKeys::Ordered => {
                let value = |key| encode::key(&self.form, document.variable("keys")?, key);
                variables.insert("keys".to_owned(), keys.iter().filter_map(value).collect());
                encode::print(document, &self.learned.fields)
            }
        };
        Question { query, variables }
    }

    /// Takes an answer in which each row says its key; returns the keys to ask for again.
    fn together(&self, keys: &[Key], mut answered: Answered, told: &mut Told) -> Vec<Key> {
        let says_more = match (&self.asked.more, &answered.data) {
            (Some(more), Some(data)) => decode::member(data, more) == Some(&Value::Bool(true)),
            _ => false,
        };
        let Some(rows) = self.rows(keys, &mut answered, told) else { return Vec::new() };
        let mut missing: HashSet<&Key> = keys.iter().collect();
        let of_row: Vec<Option<Key>> = rows.iter().map(|(_, row)| self.key_of(row)).collect();
        let mut owes_missing = None;
        for error in &answered.errors {
            let is_absence = self.source.meaning(error, &answered) == GraphQlMeaning::Absent;
            let failure = self.source.failure(error, &answered);
            match decode::owner_of(error, &rows, &self.asked.rows) {
                Owned::Row(row) if of_row[row].is_some() && is_absence => {}
                Owned::Row(row) => match &of_row[row] {
                    Some(key) => {
                        told.failed.insert(key.clone(), failure);
                    }
                    None => owes_missing = Some(failure),
                },
                // That something is missing is no failure where something came, or only one was asked for.
                Owned::Rows | Owned::Answer if is_absence && (keys.len() == 1 || !rows.is_empty()) => {}
                Owned::Rows => owes_missing = Some(failure),
                Owned::Answer => {
                    told.fail(keys, &failure);
                    return Vec::new();
                }
            }
        }
        for key in of_row.iter().flatten() {
            missing.remove(key);
        }
        let n_rows = rows.len();
        told.rows.extend(rows.into_iter().filter(|(_, row)| !row.is_null()).map(|(_, row)| (None, row)));
        let missing: Vec<Key> = keys.iter().filter(|key| missing.contains(key)).cloned().collect();
        if let Some(failure) = owes_missing {
            told.fail(&missing, &failure);
            return Vec::new();
        }
        let is_full = match self.asked.page_rows {
            Some(page_rows) => n_rows >= page_rows,
            // A shorter page than one before is the last.
            None => {
                let is_round = n_rows > 0 && n_rows.is_multiple_of(ROUND_ROWS);
                is_round && n_rows < keys.len() && n_rows >= told.n_rows_most
            }
        };
        told.n_rows_most = told.n_rows_most.max(n_rows);
        if says_more || is_full { missing } else { Vec::new() }
    }

    /// Takes an answer whose rows stand in the order of the keys.
    fn in_order(&self, keys: &[Key], mut answered: Answered, told: &mut Told) -> Vec<Key> {
        let Some(rows) = self.rows(keys, &mut answered, told) else { return Vec::new() };
        let failures = self.failures(keys, &rows, &answered, |error| decode::owner_of(error, &rows, &self.asked.rows));
        match failures {
            Err(error) => {
                told.fail(keys, &error);
                return Vec::new();
            }
            Ok(failed) => told.failed.extend(failed),
        }
        if rows.len() != keys.len() {
            let detail = format!("{}: {} rows came in the order of {} keys", self.group.name, rows.len(), keys.len());
            told.fail(keys, &self.source.violation(detail));
            return Vec::new();
        }
        for (key, (_, row)) in keys.iter().zip(rows) {
            self.keep(key, row, told);
        }
        Vec::new()
    }

    /// Takes an answer in which each key has a root field.
    fn by_alias(&self, keys: &[Key], mut answered: Answered, told: &mut Told) -> Vec<Key> {
        let (root, way) = self.asked.rows.split_first().map_or(("", &[][..]), |(root, way)| (root.as_str(), way));
        let aliases: Vec<String> =
            (0..keys.len()).map(|number| encode::alias(&self.asked.document, number, root)).collect();
        let data = answered.data.take();
        let owner = |error: &AnswerError| match error.path.first() {
            Some(Step::Member(first)) => {
                aliases.iter().position(|alias| alias == first).map_or(Owned::Answer, Owned::Row)
            }
            _ => Owned::Answer,
        };
        let failed = match (self.failures(keys, &[], &answered, owner), &data) {
            (Err(error), _) => Err(error),
            (Ok(_), None) => Err(match answered.errors.first() {
                Some(error) => self.source.failure(error, &answered),
                None => self.source.violation(format!("{}: the answer has no data", self.group.name)),
            }),
            (Ok(failed), Some(_)) => Ok(failed),
        };
        let failed = match failed {
            Ok(failed) => failed,
            Err(error) => {
                told.fail(keys, &error);
                return Vec::new();
            }
        };
        let mut data = data.unwrap_or_default();
        for (key, alias) in keys.iter().zip(&aliases) {
            let found = data.get_mut(alias).map(Value::take).and_then(|found| decode::rows(found, way));
            match found {
                Some(rows) => rows.into_iter().for_each(|(_, row)| self.keep(key, row, told)),
                None if failed.contains_key(key) => {}
                None => {
                    let detail = format!("{}: the answer says nothing of the key {key}", self.group.name);
                    told.fail(std::slice::from_ref(key), &self.source.violation(detail));
                }
            }
        }
        told.failed.extend(failed);
        Vec::new()
    }

    /// Takes the rows out of an answer; where there are none to take, the keys have failed or are absent.
    fn rows(&self, keys: &[Key], answered: &mut Answered, told: &mut Told) -> Option<Vec<PlacedRow>> {
        let found = answered.data.take().map(|data| decode::rows(data, &self.asked.rows));
        if let Some(Some(rows)) = found {
            return Some(rows);
        }
        let error = match answered.errors.first() {
            Some(error) if keys.len() == 1 && self.source.meaning(error, answered) == GraphQlMeaning::Absent => {
                return None;
            }
            Some(error) => self.source.failure(error, answered),
            None => {
                let way = self.asked.rows.join("/");
                self.source.violation(format!("{}: the answer has nothing at /{way}", self.group.name))
            }
        };
        told.fail(keys, &error);
        None
    }

    /// Gives each error to the key whose row it belongs to.
    ///
    /// *Errors*: one that belongs to no key, and so to all.
    fn failures(
        &self,
        keys: &[Key],
        rows: &[PlacedRow],
        answered: &Answered,
        owner: impl Fn(&AnswerError) -> Owned,
    ) -> Result<HashMap<Key, FetchError>, FetchError> {
        let mut failed = HashMap::new();
        for error in &answered.errors {
            let is_absence = self.source.meaning(error, answered) == GraphQlMeaning::Absent;
            match owner(error) {
                Owned::Row(_) if is_absence => {}
                Owned::Rows | Owned::Answer if is_absence && (keys.len() == 1 || !rows.is_empty()) => {}
                Owned::Row(row) => {
                    let Some(key) = keys.get(row) else { return Err(self.source.failure(error, answered)) };
                    failed.insert(key.clone(), self.source.failure(error, answered));
                }
                Owned::Rows | Owned::Answer => return Err(self.source.failure(error, answered)),
            }
        }
        Ok(failed)
    }

    /// Keeps a key's row; one that says another key is refused.
    fn keep(&self, key: &Key, row: Value, told: &mut Told) {
        if row.is_null() {
            return;
        }
        match self.key_of(&row).filter(|said| said != key) {
            None => told.rows.push((Some(key.clone()), row)),
            Some(other) => {
                let detail = format!("{}: the row for the key {key} says it is {other}", self.group.name);
                told.fail(
                    std::slice::from_ref(key),
                    &self.source.name.error(FetchErrorKind::ContractViolation, detail),
                );
            }
        }
    }
}
