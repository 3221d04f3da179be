//! The questions of a live check, each measured at its call.
//!
//! In: a list or group and the samples. Out: what it was found to do, and what its answer held. Systems are asked side by
//! side, each only a few questions at once; nothing is waited for past the check's own time.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{FutureExt, future::BoxFuture};
use tokio::{sync::Semaphore, time::timeout_at};

use super::{
    feeds, fit,
    report::{AskReport, Asked, Failure, SystemReport},
    samples::{N_SAMPLES, Samples},
};
use crate::{
    cache::{self, refuse_outdated},
    contract::{Contract, Role, TypeKind},
    fetch::{
        Clock, Direction, Entry, Fetch, FetchError, FetchErrorKind, LeftOut, ListFetch, Owner, Record, SystemClock,
        Window,
    },
    owner::Owners,
    value::{GroupId, Key, ListId, Scalar, SystemId, TypeId},
};

/// Questions that one system is asked at once: a check runs beside the system's own work, and more would only measure how
/// they get in each other's way.
const AT_ONCE_MAX: usize = 2;

/// How often a question is put to see how long it usually takes: the first call may include connecting.
const CALLS_MAX: usize = 3;

/// A question that has taken this long is not put again.
const REPEATED_UP_TO: Duration = Duration::from_millis(250);

/// Whom to ask, and until when.
pub(super) struct Asking<'a> {
    pub contract: &'a Contract,
    owners: &'a Owners,
    turns: Vec<Semaphore>,
    deadline: Instant,
    patience: Duration,
}

/// What a group said of each key: its record, or `None` where it could not say.
pub(super) struct GroupAsk {
    pub group: GroupId,
    pub records: Vec<(Key, Option<Arc<Record>>)>,
}

impl GroupAsk {
    /// Whether the group has a row for a key; `None` where it could not say.
    pub fn knows(&self, key: &Key) -> Option<bool> {
        let (_, record) = self.records.iter().find(|(asked, _)| asked == key)?;
        record.as_ref().map(|record| record.table().is_some())
    }

    /// Returns the keys on the other side that a cross-reference answered.
    pub fn crossed(&self) -> Vec<Key> {
        let records = self.records.iter().filter_map(|(_, record)| record.as_deref()?.table());
        let keys = records.filter_map(|table| match table.entry(0) {
            Entry::Value(json) => serde_json::from_slice::<String>(json).ok().map(|text| Key::one(&text)),
            _ => None,
        });
        keys.collect()
    }
}

/// What one question brought: an outcome for each key or parent, and how long each call took.
struct Timed<T> {
    outcomes: Vec<Result<T, FetchError>>,
    calls: Vec<Duration>,
}

impl<'a> Asking<'a> {
    pub fn new(contract: &'a Contract, owners: &'a Owners, patience: Duration) -> Self {
        let turns = contract
            .systems
            .iter()
            .map(|system| Semaphore::new(AT_ONCE_MAX.min(system.connections_max.max(1) as usize)));
        Self { contract, owners, turns: turns.collect(), deadline: Instant::now() + patience, patience }
    }

    /// Asks a system whether it answers at all.
    pub async fn probe(&self, id: SystemId) -> SystemReport {
        let probe = |owner: &'a dyn Owner| async { vec![owner.probe().await] }.boxed();
        let Timed { outcomes, calls } = self.timed(id, 1, 1, probe).await;
        let took = calls.first().copied().unwrap_or_default();
        let outcome = match failures(&outcomes).pop() {
            None => Ok(took),
            Some(failure) => Err(failure),
        };
        let system = self.contract.system(id);
        let n_lists = self.contract.lists.iter().filter(|list| list.system == id).count();
        let n_groups = self.contract.groups.iter().filter(|group| group.system == id).count();
        // One that says something wrong answers, and is asked.
        let is_silent = outcome.as_ref().is_err_and(|failure| failure.code != FetchErrorKind::ContractViolation.code());
        let n_unasked = if is_silent { n_lists + n_groups } else { 0 };
        SystemReport { name: system.name.clone(), kind: system.kind.word(), outcome, n_unasked }
    }

    /// Asks a list for its first rows; returns the keys they have, too.
    pub async fn list(&self, id: ListId, samples: &Samples) -> (AskReport, Vec<(TypeId, Key)>) {
        let list = self.contract.list(id);
        let feeds = feeds::of(self.contract, id);
        let fetch = ListFetch {
            list: id,
            arguments: feeds.arguments(samples),
            window: Window {
                direction: Direction::Forward,
                n_rows: (N_SAMPLES as u32).min(list.page_rows_max),
                after: None,
                before: None,
            },
            count_up_to: None,
            deadline: self.deadline,
        };
        let n_asked = fetch.arguments.len();
        let ask = |owner: &'a dyn Owner| owner.list(fetch.clone());
        let Timed { outcomes, calls } = self.timed(list.system, n_asked, CALLS_MAX, ask).await;
        let items = || outcomes.iter().flatten().flat_map(|page| &page.items);
        let n_rows = items().count();
        let left_out: Vec<&LeftOut> = outcomes.iter().flatten().filter_map(|page| page.left_out.as_deref()).collect();
        let keys = items().map(|item| {
            let named = item.type_name.as_ref().and_then(|name| self.contract.type_names.get(name));
            (named.copied().unwrap_or(list.of), item.key.clone())
        });
        let report = AskReport {
            system: self.contract.system(list.system).name.clone(),
            asked: Asked::List,
            name: list.name.clone(),
            is_sampled: n_rows > 0 || feeds.are_whole(samples),
            n_asked,
            n_answered: outcomes.iter().flatten().count(),
            n_rows,
            calls,
            failures: failures(&outcomes),
            missing: Vec::new(),
            misfits: Vec::new(),
            never_filled: Vec::new(),
            n_left_out: left_out.iter().map(|one| one.n_unmatched + one.n_ambiguous).sum(),
            left_out: left_out.iter().flat_map(|one| &one.samples).take(LeftOut::SAMPLES_MAX).cloned().collect(),
        };
        (report, keys.collect())
    }

    /// Asks a group for the records of its entity's samples, or of a key that no one has.
    pub async fn group(&self, id: GroupId, samples: &Samples) -> (AskReport, GroupAsk) {
        self.group_for(id, samples.all(self.contract.group(id).entity)).await
    }

    /// Asks a group for the records of these keys, or of a key that no one has where there are none.
    pub async fn group_for(&self, id: GroupId, mut keys: Vec<Key>) -> (AskReport, GroupAsk) {
        let group = self.contract.group(id);
        let is_sampled = !keys.is_empty();
        if !is_sampled {
            keys.push(nobodys_key(self.contract, group.entity));
        }
        let Timed { outcomes, calls } = self.fetch(id, &keys, CALLS_MAX).await;
        let (failures, n_answered) = (failures(&outcomes), outcomes.iter().flatten().count());
        let records: Vec<_> = keys.into_iter().zip(outcomes.into_iter().map(Result::ok)).collect();
        let fit = fit::of(self.contract, group, &records);
        let system = self.contract.system(group.system).name.clone();
        let report = AskReport {
            asked: Asked::Group,
            name: own_name(&system, &group.name),
            system,
            is_sampled,
            n_asked: records.len(),
            n_answered,
            n_rows: records.iter().flat_map(|(_, record)| record).filter(|record| record.table().is_some()).count(),
            calls,
            failures,
            missing: fit.missing,
            misfits: fit.misfits,
            never_filled: fit.never_filled,
            n_left_out: 0,
            left_out: Vec::new(),
        };
        (report, GroupAsk { group: id, records })
    }

    /// Returns those keys that a group has a row for.
    pub async fn known(&self, group: GroupId, keys: &[Key]) -> Vec<Key> {
        let Timed { outcomes, .. } = self.fetch(group, keys, 1).await;
        let is_row = |outcome: &Result<Arc<Record>, _>| outcome.as_ref().is_ok_and(|record| record.table().is_some());
        keys.iter().zip(&outcomes).filter(|(_, outcome)| is_row(outcome)).map(|(key, _)| key.clone()).collect()
    }

    async fn fetch(&self, group: GroupId, keys: &[Key], calls_max: usize) -> Timed<Arc<Record>> {
        let keys: Arc<[Key]> = keys.into();
        let n_keys = keys.len();
        let ask = |owner: &'a dyn Owner| owner.fetch(Fetch { group, keys: keys.clone(), deadline: self.deadline });
        let mut timed = self.timed(self.contract.group(group).system, n_keys, calls_max, ask).await;
        // What a request would not be served is no answer here.
        for outcome in &mut timed.outcomes {
            let Ok(record) = outcome else { continue };
            let refused =
                refuse_outdated(self.contract, cache::Asked::Group(group), &record.stamp, SystemClock.now_ms());
            if let Some(error) = refused {
                *outcome = Err(error);
            }
        }
        timed
    }

    /// Puts a question, again while it is answered quickly, and measures each call.
    async fn timed<T>(
        &self,
        system: SystemId,
        n_asked: usize,
        calls_max: usize,
        ask: impl Fn(&'a dyn Owner) -> BoxFuture<'a, Vec<Result<T, FetchError>>>,
    ) -> Timed<T> {
        let late = || {
            let detail = format!("no answer before the check's {} s were over", self.patience.as_secs_f32());
            let name = self.contract.system(system).name.as_str();
            let error = FetchError::new(name.into(), system, FetchErrorKind::Timeout, detail);
            std::iter::repeat_with(|| Err(error.clone())).take(n_asked).collect()
        };
        let turns = &self.turns[system.index()];
        let Ok(turn) = timeout_at(self.deadline.into(), turns.acquire()).await else {
            return Timed { outcomes: late(), calls: Vec::new() };
        };
        let owner = self.owners.of(system).as_ref();
        let mut timed: Option<Timed<T>> = None;
        let began = Instant::now();
        loop {
            let asked = Instant::now();
            let outcomes = timeout_at(self.deadline.into(), ask(owner)).await.unwrap_or_else(|_| late());
            let took = asked.elapsed();
            let is_over = began.elapsed() > REPEATED_UP_TO || outcomes.iter().any(Result::is_err);
            let timed = timed.get_or_insert(Timed { outcomes, calls: Vec::new() });
            timed.calls.push(took);
            if is_over || timed.calls.len() == calls_max {
                break;
            }
        }
        drop(turn);
        timed.expect("at least one call was made")
    }
}

/// Gathers what went wrong by its code, in the order met.
fn failures<T>(outcomes: &[Result<T, FetchError>]) -> Vec<Failure> {
    let mut by_code: BTreeMap<&'static str, Failure> = BTreeMap::new();
    for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        let code = error.kind.code();
        by_code.entry(code).or_insert_with(|| Failure { code, detail: error.detail.clone(), n: 0 }).n += 1;
    }
    by_code.into_values().collect()
}

/// `erp Product.stock` is `Product.stock` in the file of its system.
pub(super) fn own_name(system: &str, group: &str) -> String {
    group.strip_prefix(system).map_or(group, str::trim_start).to_owned()
}

/// Makes a key of the right types that no row is expected to have.
fn nobodys_key(contract: &Contract, entity: TypeId) -> Key {
    const NOBODY: &str = "freehold-check";
    let object = contract.object(entity);
    let texts = object.into_iter().flat_map(|object| match &object.role {
        Role::Entity(keyed) => keyed.key.iter().map(|position| object.fields[*position].ty.named()).collect(),
        _ => Vec::new(),
    });
    let texts = texts.map(|ty| match &contract.ty(ty).kind {
        TypeKind::Scalar { scalar: Scalar::Int | Scalar::Float | Scalar::Decimal, .. } => "0",
        TypeKind::Scalar { scalar: Scalar::Boolean, .. } => "false",
        TypeKind::Scalar { scalar: Scalar::Date, .. } => "1970-01-01",
        TypeKind::Scalar { scalar: Scalar::DateTime, .. } => "1970-01-01T00:00:00Z",
        TypeKind::Enum { values, .. } => values.first().map_or(NOBODY, |value| &value.name),
        _ => NOBODY,
    });
    Key::of(texts).unwrap_or_else(|| Key::one(NOBODY))
}
