//! Groups: many keys, as few questions as their addresses hold, and an outcome for each key whatever happens to others.
//!
//! In: the keys. Out: their rows, and for the keys that have no answer the reason. Keys that a page left out are asked for
//! again, and a question that the server fails is halved where the binding says that a single key can do that.

use std::{collections::HashMap, time::Instant};

use serde_json::Value;

use super::{
    ask::{Asker, Failure},
    decode::Body,
    encode::{Address, KeyFilter, KeyProperty, Question, property},
    literal::{Literals, canonical},
    select::Wanted,
};
use crate::{
    contract::{Contract, Group, OdataDialect, OdataServer, OdataSet, OdataType},
    fetch::{Cell, FetchError, FetchErrorKind},
    source::{json::JsonColumns, layout::GroupLayout},
    value::{Key, Pointer},
};

/// How often a fetch asks again: for keys that a page left out, and for halves of what the server fails at. Each round
/// asks side by side.
const ROUNDS_MAX: usize = 40;

/// How many calls a fetch spends to find the keys that a server fails at.
const ISOLATING_CALLS_MAX: usize = 64;

/// After how many rounds of nothing but failures it is the server that fails, and no key.
const FAILED_ROUNDS_MAX: usize = 3;

/// How many rows are read for each key asked for, at most.
const ROWS_PER_KEY_MAX: usize = 10;

/// How a group is asked, found out once.
pub struct GroupAsking {
    pub columns: JsonColumns,
    pub layout: GroupLayout,
    address: Address,
    properties: Vec<KeyProperty>,
    condition: Option<String>,
    server: OdataServer,
}

/// What a group's questions have brought.
#[derive(Debug, Default)]
pub struct Found {
    /// The rows.
    pub rows: Vec<Value>,
    /// The keys that have no answer, by their position.
    pub errors: HashMap<usize, FetchError>,
}

/// Some of the keys of a fetch, by their position.
type Run = Vec<usize>;

impl GroupAsking {
    /// Finds out how a group is asked.
    ///
    /// *Errors*: what the binding lacks, for the operator.
    pub fn new(contract: &Contract, group: &Group, set: &OdataSet, dialect: &OdataDialect) -> Result<Self, String> {
        let columns = JsonColumns::of_group(contract, group);
        let layout = GroupLayout::new(contract, group, vec![columns.names()])?;
        let wanted = Wanted::of_group(contract, group, set, &columns);
        let key = |name: &String| {
            let pointer = group.fields.get(name).cloned().unwrap_or_else(|| Pointer::member(name));
            let path =
                property(&pointer).ok_or_else(|| format!("{}: `{pointer}` is no property to ask by", group.name))?;
            Ok(KeyProperty { path, ty: set.types.get(name).copied().unwrap_or(OdataType::String) })
        };
        Ok(Self {
            properties: group.key_columns.iter().map(key).collect::<Result<_, String>>()?,
            address: Address::new(set, dialect, &wanted),
            condition: set.filter.as_ref().map(ToString::to_string),
            server: set.server.or(dialect.server),
            columns,
            layout,
        })
    }

    /// Asks for keys.
    pub async fn ask(&self, asker: &Asker, literals: Literals<'_>, keys: &[Key], deadline: Instant) -> Found {
        let server = self.server;
        let filter = KeyFilter {
            properties: &self.properties,
            literals,
            in_operator: super::in_operator(asker.version, server),
            condition: self.condition.as_deref(),
        };
        let terms: Vec<Option<String>> = keys.iter().map(|key| filter.term(key)).collect();
        let bare = asker.client.address(&self.question(&filter, &terms, &[]).target()).len();
        let bytes_max = (server.url_bytes_max.unwrap_or(super::URL_BYTES) as usize).saturating_sub(bare);
        // A page of fewer rows than keys asked for would have to be asked for again.
        let terms_max =
            server.keys_per_filter.unwrap_or(super::KEYS_PER_FILTER).min(server.page_rows.unwrap_or(u32::MAX));
        let known = Known::new(self, keys);
        let mut found = Found::default();
        let mut is_found = vec![false; keys.len()];
        let mut pending = filter.runs(&terms, bytes_max, terms_max as usize);
        let (mut n_failed_rounds, mut n_isolating) = (0, 0);
        for _ in 0..ROUNDS_MAX {
            if pending.is_empty() {
                break;
            }
            let questions: Vec<Question> = pending.iter().map(|run| self.question(&filter, &terms, run)).collect();
            let answered = asker.ask(&questions, server, deadline).await;
            let is_failed = answered.iter().all(Result::is_err);
            n_failed_rounds = if is_failed { n_failed_rounds + 1 } else { 0 };
            let mut next = Vec::new();
            for ((run, question), body) in pending.into_iter().zip(&questions).zip(answered) {
                match self.rows(asker, question, body, run.len(), deadline).await {
                    Ok((rows, may_go_on)) => {
                        for mut row in rows {
                            if let Some(position) = known.position(self, &row) {
                                is_found[position] = true;
                                known.name_as_asked(self, keys, position, &mut row);
                            }
                            found.rows.push(row);
                        }
                        let missing: Run = run.iter().copied().filter(|key| !is_found[*key]).collect();
                        let asks_again = may_go_on && !missing.is_empty() && missing.len() < run.len();
                        next.extend(asks_again.then_some(missing));
                    }
                    Err(failure) => {
                        let isolates = server.isolate == Some(true) && failure.may_be_a_key && run.len() > 1;
                        if isolates && n_isolating < ISOLATING_CALLS_MAX && n_failed_rounds < FAILED_ROUNDS_MAX {
                            n_isolating += 2;
                            next.extend(halves(run, keys));
                        } else {
                            found.errors.extend(run.into_iter().map(|key| (key, failure.error.clone())));
                        }
                    }
                }
            }
            pending = next;
        }
        for key in pending.into_iter().flatten() {
            let detail = format!("after {ROUNDS_MAX} full pages without a link the key had not come");
            found.errors.insert(key, asker.name.error(FetchErrorKind::ContractViolation, detail));
        }
        found
    }

    /// Asks for one row, whichever.
    pub async fn probe(&self, asker: &Asker, deadline: Instant) -> Result<(), FetchError> {
        let question = self.address.question(&[("$top", "1".to_owned())]);
        let answered = asker.ask(&[question], self.server, deadline).await.pop();
        answered.transpose().map(|_| ()).map_err(|failure| failure.error)
    }

    fn question(&self, filter: &KeyFilter<'_>, terms: &[Option<String>], run: &[usize]) -> Question {
        let terms: Vec<&str> = run.iter().filter_map(|key| terms[*key].as_deref()).collect();
        let condition = if terms.is_empty() { String::new() } else { filter.joined(&terms) };
        self.address.question(&[("$filter", condition)])
    }

    /// Reads all pages of one question.
    async fn rows(
        &self,
        asker: &Asker,
        question: &Question,
        body: Result<Body, Failure>,
        n_keys: usize,
        deadline: Instant,
    ) -> Result<(Vec<Value>, bool), Failure> {
        let enough = n_keys.saturating_mul(ROWS_PER_KEY_MAX).max(super::ROWS_MAX);
        let first = body.map_err(|failure| self.explained(asker, failure))?;
        Ok(asker.read_on(question, first, enough, self.server, deadline, None).await?)
    }

    /// Says what may help where a server fails at the way it is asked.
    fn explained(&self, asker: &Asker, failure: Failure) -> Failure {
        let asked_in = super::in_operator(asker.version, self.server) && self.properties.len() == 1;
        if !asked_in || !failure.may_be_a_key {
            return failure;
        }
        let error = &failure.error;
        let detail =
            format!("{} (it was asked with `in`; if it has no such operator, say in_operator = false)", error.detail);
        let error = asker.name.error(error.kind, detail).with_retry_after(error.retry_after);
        Failure { error, ..failure }
    }

    fn cells<'r>(&self, row: &'r Value) -> Vec<Cell<'r>> {
        self.columns.cells(row)
    }
}

/// Which keys were asked for, by the texts that all texts of one value share.
struct Known(HashMap<Vec<String>, usize>);

impl Known {
    fn new(asking: &GroupAsking, keys: &[Key]) -> Self {
        let canonical_key = |key: &Key| {
            let fields = key.fields().zip(&asking.properties);
            fields.map(|(text, property)| canonical(property.ty, text).into_owned()).collect()
        };
        Self(keys.iter().enumerate().map(|(n, key)| (canonical_key(key), n)).collect())
    }

    fn position(&self, asking: &GroupAsking, row: &Value) -> Option<usize> {
        let cells = asking.cells(row);
        let texts = asking.layout.keys.iter().zip(&asking.layout.trims).zip(&asking.properties).map(
            |((at, trim), property)| {
                let text = cells.get(*at)?.text()?;
                let text = if *trim { text.trim_end_matches([' ', '\0']) } else { &text };
                Some(canonical(property.ty, text).into_owned())
            },
        );
        self.0.get(&texts.collect::<Option<Vec<_>>>()?).copied()
    }

    /// Writes the key into the row as it was asked for, where the server writes the same value in other letters.
    fn name_as_asked(&self, asking: &GroupAsking, keys: &[Key], position: usize, row: &mut Value) {
        let fields = keys[position].fields().zip(&asking.properties);
        for (text, property) in fields.filter(|(_, property)| property.ty != OdataType::String) {
            let mut at = Some(&mut *row);
            for member in property.path.split('/') {
                at = at.and_then(|value| value.get_mut(member));
            }
            if let Some(Value::String(written)) = at {
                *written = text.to_owned();
            }
        }
    }
}

/// Cuts a run in two: the keys that a server is likely to fail at from the others, or else in the middle.
fn halves(run: Run, keys: &[Key]) -> [Run; 2] {
    let is_plain = |key: &usize| {
        keys[*key].as_str().chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '\u{1f}'))
    };
    let (plain, awkward): (Run, Run) = run.iter().copied().partition(is_plain);
    if !plain.is_empty() && !awkward.is_empty() {
        return [plain, awkward];
    }
    let (first, second) = run.split_at(run.len() / 2);
    [first.to_vec(), second.to_vec()]
}
