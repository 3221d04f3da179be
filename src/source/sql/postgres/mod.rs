//! PostgreSQL: asks groups and lists over sqlx, read-only, one statement each.
//!
//! Reading order: `encode`, `decode` with `numeric`, `fit` (what texts a type takes), `learn` (what the server knows about
//! a query), `failure`.

mod decode;
mod encode;
mod failure;
mod fit;
mod learn;
mod numeric;

use std::{
    collections::HashMap,
    hash::Hash,
    str::FromStr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{FutureExt, future::BoxFuture};
use sqlx::{
    AssertSqlSafe, Column, ConnectOptions, Connection, PgConnection, Row, ValueRef,
    postgres::{PgConnectOptions, PgRow},
};

use self::{
    decode::Reader,
    encode::{Binding, Parents},
    learn::{LearnFailure, LearnedGroup, LearnedList},
};
use super::{
    answer::{GroupAnswer, PageFacts, Rows, bounded_count, outcomes},
    connections::{ConnectFailure, Connections, Lease},
    layout::{GroupLayout, ListLayout},
};
use crate::{
    contract::{Contract, SystemKind},
    fetch::{
        Cell, Clock, Count, Fetch, FetchError, FetchErrorKind, ListFetch, Outcome, Owner, Page, Stamp, SystemClock,
    },
    source::SystemName,
    value::{Argument, GroupId, Key, ListId, SystemId},
};

/// Entity and parts are read in one transaction that sees one state of the database and cannot write.
const SNAPSHOT: &str = "begin isolation level repeatable read read only";

/// A PostgreSQL system.
pub struct PostgresSource {
    contract: Arc<Contract>,
    name: SystemName,
    timeout: Duration,
    connections: Result<Connections<PgConnection>, String>,
    groups: Learned<GroupId, LearnedGroup>,
    lists: Learned<ListId, LearnedList>,
    statements: AtomicU64,
}

/// What has been learned about queries, by what they are of.
struct Learned<K, V>(Mutex<HashMap<K, Arc<V>>>);

impl<K: Hash + Eq, V> Learned<K, V> {
    fn entries(&self) -> MutexGuard<'_, HashMap<K, Arc<V>>> {
        // A panic elsewhere cannot leave a map of finished values half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PostgresSource {
    /// Makes the source of a system of this kind. Nothing is connected yet, and a system that is down is reported by the
    /// first fetch.
    pub fn new(contract: Arc<Contract>, system: SystemId) -> Self {
        let described = contract.system(system);
        let timeout = described.timeout;
        let options = match &described.kind {
            SystemKind::Postgres { url } => options(url.reveal(), timeout),
            other => Err(format!("the system is of kind {}", other.word())),
        };
        let connections = options.map(|options| Connections::new(options, described.connections_max));
        Self {
            name: SystemName::new(&contract, system),
            timeout,
            connections,
            groups: Learned(Mutex::default()),
            lists: Learned(Mutex::default()),
            statements: AtomicU64::new(0),
            contract,
        }
    }

    /// Returns how many statements have asked for rows so far; what prepares them is not counted.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    async fn take(&self, deadline: Instant, fresh: bool) -> Result<Lease<'_, PgConnection>, FetchError> {
        let unavailable = |detail: &str| self.name.error(FetchErrorKind::Unavailable, detail);
        let connections = self.connections.as_ref().map_err(|detail| unavailable(detail))?;
        let deadline = deadline.min(Instant::now() + self.timeout);
        connections.take(deadline, fresh).await.map_err(|failure| match failure {
            ConnectFailure::TimedOut => unavailable("no connection in time"),
            ConnectFailure::Failed(error) => {
                let (kind, detail) = failure::classify(&error);
                self.name.error(kind, detail)
            }
        })
    }

    async fn fetch_group(&self, fetch: &Fetch) -> Result<Vec<Outcome>, FetchError> {
        let mut fresh = false;
        loop {
            let mut lease = self.take(fetch.deadline, fresh).await?;
            // A connection whose question failed is not given back: it may be broken, in a transaction, or hold an
            // outdated statement.
            match self.ask_group(&mut lease.connection, fetch).await {
                Ok(outcomes) => {
                    lease.give_back();
                    return Ok(outcomes);
                }
                Err(failure) => self.judge(failure, lease.was_idle && !fresh, || {
                    self.groups.entries().remove(&fetch.group);
                })?,
            }
            fresh = true;
        }
    }

    async fn fetch_pages(&self, fetch: &ListFetch) -> Result<Vec<Result<Page, FetchError>>, FetchError> {
        let mut fresh = false;
        loop {
            let mut lease = self.take(fetch.deadline, fresh).await?;
            match self.ask_list(&mut lease.connection, fetch).await {
                Ok(pages) => {
                    lease.give_back();
                    return Ok(pages);
                }
                Err(failure) => self.judge(failure, lease.was_idle && !fresh, || {
                    self.lists.entries().remove(&fetch.list);
                })?,
            }
            fresh = true;
        }
    }

    /// Decides whether a failed question is asked once more, on a fresh connection: where an idle one had died, or
    /// where what was learned may be outdated and is now forgotten.
    fn judge(&self, failure: LearnFailure, was_idle: bool, forget: impl FnOnce()) -> Result<(), FetchError> {
        if let LearnFailure::Server(error) = &failure
            && was_idle
        {
            if failure::is_outdated(error) {
                forget();
                return Ok(());
            }
            if failure::is_broken(error) {
                return Ok(());
            }
        }
        let (kind, detail) = failure.classify();
        Err(self.name.error(kind, detail))
    }

    async fn ask_group(&self, connection: &mut PgConnection, fetch: &Fetch) -> Result<Vec<Outcome>, LearnFailure> {
        let group = self.contract.group(fetch.group);
        let known = self.groups.entries().get(&fetch.group).cloned();
        let learned = match known {
            Some(learned) => learned,
            None => {
                let learned = Arc::new(learn::group(connection, &self.contract, group).await?);
                self.groups.entries().insert(fetch.group, Arc::clone(&learned));
                learned
            }
        };
        let started_ms = SystemClock.now_ms();
        let answers = if learned.queries.len() == 1 {
            self.ask_queries(connection, &learned, &fetch.keys).await?
        } else {
            let mut snapshot = connection.begin_with(SNAPSHOT).await?;
            let answers = self.ask_queries(&mut snapshot, &learned, &fetch.keys).await?;
            snapshot.commit().await?;
            answers
        };
        let stamp = Stamp { system: self.name.id(), started_ms, ended_ms: SystemClock.now_ms() };
        let changed =
            (answers.iter().zip(&learned.layout.columns)).any(|(rows, columns)| !has_columns(rows, 0, columns));
        let relaid = changed.then(|| {
            let columns = (answers.iter().zip(&learned.layout.columns))
                .map(|(rows, columns)| columns_of(rows, 0).unwrap_or_else(|| columns.clone()))
                .collect();
            GroupLayout::new(&self.contract, group, columns)
        });
        let relaid =
            relaid.transpose().map_err(|detail| LearnFailure::Binding(FetchErrorKind::ContractViolation, detail))?;
        let layout = relaid.as_ref().unwrap_or(&learned.layout);
        let mut answers = answers.iter().map(|rows| cells(rows));
        let rows = answers.next().unwrap_or_default();
        let answer = GroupAnswer { rows, parts: answers.collect(), stamp };
        Ok(outcomes(&self.contract, group, layout, &self.name, &fetch.keys, answer))
    }

    /// Runs a group's query and its part queries, in order.
    async fn ask_queries(
        &self,
        connection: &mut PgConnection,
        learned: &LearnedGroup,
        keys: &[Key],
    ) -> Result<Vec<Vec<PgRow>>, sqlx::Error> {
        let mut answers = Vec::with_capacity(learned.queries.len());
        for query in &learned.queries {
            let arrays = query.arrays(keys);
            let none = arrays.first().is_none_or(Vec::is_empty);
            let bindings = arrays.into_iter().map(|texts| Binding::Texts(Some(texts))).collect();
            // Keys that the columns cannot hold are absent without asking.
            answers.push(if none { Vec::new() } else { self.rows(connection, query.sql.clone(), bindings).await? });
        }
        Ok(answers)
    }

    async fn ask_list(
        &self,
        connection: &mut PgConnection,
        fetch: &ListFetch,
    ) -> Result<Vec<Result<Page, FetchError>>, LearnFailure> {
        let list = self.contract.list(fetch.list);
        let known = self.lists.entries().get(&fetch.list).cloned();
        let learned = match known {
            Some(learned) => learned,
            None => {
                let learned = Arc::new(learn::list(connection, list).await?);
                self.lists.entries().insert(fetch.list, Arc::clone(&learned));
                learned
            }
        };
        let query = &learned.query;
        let window = &fetch.window;
        if ![&window.after, &window.before].into_iter().flatten().all(|cursor| query.takes_cursor(cursor)) {
            let error = self.name.error(FetchErrorKind::BadRequest, format!("cursor is not of the list {}", list.name));
            return Ok(fetch.arguments.iter().map(|_| Err(error.clone())).collect());
        }
        let asked = self.parents(&learned, &fetch.arguments);
        let parents = if asked.bindings.len() == 1 { Parents::One } else { Parents::Many };
        let arguments = match (parents, asked.bindings.as_slice()) {
            (_, []) => return Ok(asked.pages(&[])),
            (Parents::One, [bindings, ..]) => bindings.clone(),
            (Parents::Many, bindings) => encode::columns_of_parents(bindings),
        };
        let (sql, cursor) = query.page(parents, window);
        let bindings: Vec<Binding> = arguments.iter().cloned().chain(cursor).collect();
        let started_ms = SystemClock.now_ms();
        let (rows, counts) = match fetch.count_up_to {
            None => (self.rows(connection, sql, bindings).await?, None),
            Some(up_to) => {
                // The count and the rows are of one state of the database.
                let mut snapshot = connection.begin_with(SNAPSHOT).await?;
                let rows = self.rows(&mut snapshot, sql, bindings).await?;
                let counts = self.rows(&mut snapshot, query.count(parents, up_to), arguments).await?;
                snapshot.commit().await?;
                (rows, Some((counts, up_to)))
            }
        };
        let n_lead = usize::from(parents == Parents::Many);
        let relaid = match columns_of(&rows, n_lead).filter(|_| !has_columns(&rows, n_lead, &learned.layout.columns)) {
            None => None,
            Some(columns) => Some(
                ListLayout::new(list, columns)
                    .map_err(|detail| LearnFailure::Binding(FetchErrorKind::ContractViolation, detail))?,
            ),
        };
        let layout = relaid.as_ref().unwrap_or(&learned.layout);
        let facts = PageFacts { list, layout, window, cursor_text: |cell| cell.text().map(|text| text.into_owned()) };
        let by_parent = by_parent(cells(&rows), n_lead, asked.bindings.len());
        let counts = counts.map(|(rows, up_to)| counts_by_parent(&rows, n_lead, asked.bindings.len(), up_to));
        let pages: Vec<Result<Page, FetchError>> = (by_parent.iter().enumerate())
            .map(|(parent, rows)| {
                let count = counts.as_ref().and_then(|counts| counts.get(parent).copied());
                facts.page(&self.name, rows, count, started_ms)
            })
            .collect();
        Ok(asked.pages(&pages))
    }

    /// Binds each parent's arguments; parents with the same arguments are asked once.
    fn parents(&self, learned: &LearnedList, arguments: &[Box<[Argument]>]) -> AskedParents {
        let mut asked = AskedParents { bindings: Vec::new(), parents: Vec::with_capacity(arguments.len()) };
        let mut numbers: HashMap<&[Argument], Result<usize, FetchError>> = HashMap::new();
        for arguments in arguments {
            let number = numbers.entry(arguments).or_insert_with(|| {
                let bindings = (0..learned.query.parameters.len())
                    .map(|n| learned.query.binding(n, arguments.get(n).unwrap_or(&Argument::Null)))
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(|detail| self.name.error(FetchErrorKind::BadRequest, detail))?;
                asked.bindings.push(bindings);
                Ok(asked.bindings.len() - 1)
            });
            asked.parents.push(number.clone());
        }
        asked
    }

    async fn rows(
        &self,
        connection: &mut PgConnection,
        sql: String,
        bindings: Vec<Binding>,
    ) -> Result<Vec<PgRow>, sqlx::Error> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        // The text is the contract's own with our parameters; no value is ever part of it.
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for binding in bindings {
            query = match binding {
                Binding::Text(text) => query.bind(text),
                Binding::Texts(texts) => query.bind(texts),
                Binding::NullableTexts(texts) => query.bind(texts),
            };
        }
        query.fetch_all(connection).await
    }

    async fn ping(&self) -> Result<(), FetchError> {
        let mut lease = self.take(Instant::now() + self.timeout, false).await?;
        match lease.connection.ping().await {
            Ok(()) => {
                lease.give_back();
                Ok(())
            }
            Err(error) => {
                let (kind, detail) = failure::classify(&error);
                Err(self.name.error(kind, detail))
            }
        }
    }
}

/// The distinct parents of a list fetch, and which of them each entry is.
struct AskedParents {
    bindings: Vec<Vec<Binding>>,
    parents: Vec<Result<usize, FetchError>>,
}

impl AskedParents {
    fn pages(&self, pages: &[Result<Page, FetchError>]) -> Vec<Result<Page, FetchError>> {
        self.parents.iter().map(|number| number.clone().and_then(|number| pages[number].clone())).collect()
    }
}

fn options(url: &str, timeout: Duration) -> Result<PgConnectOptions, String> {
    let options = PgConnectOptions::from_str(url).map_err(|error| format!("url: {error}"))?;
    let timeout_ms = timeout.as_millis().max(1).to_string();
    let settings = [("default_transaction_read_only", "on"), ("statement_timeout", timeout_ms.as_str())];
    Ok(options.application_name("freehold").options(settings).disable_statement_logging())
}

fn columns_of(rows: &[PgRow], n_lead: usize) -> Option<Vec<String>> {
    Some(rows.first()?.columns().iter().skip(n_lead).map(|column| column.name().to_owned()).collect())
}

/// Whether rows have the columns that were learned; no rows have any.
fn has_columns(rows: &[PgRow], n_lead: usize, columns: &[String]) -> bool {
    rows.first().is_none_or(|row| row.columns().iter().skip(n_lead).map(Column::name).eq(columns))
}

/// Reads rows by the types they came with, which are the server's word on this very answer.
fn cells(rows: &[PgRow]) -> Rows<'_> {
    let Some(first) = rows.first() else { return Vec::new() };
    let readers: Vec<Reader> = first.columns().iter().map(|column| Reader::of(column.type_info())).collect();
    let row_cells = |row| (readers.iter().enumerate()).map(|(n, reader)| cell(row, n, reader)).collect();
    rows.iter().map(row_cells).collect()
}

fn cell<'r>(row: &'r PgRow, column: usize, reader: &Reader) -> Cell<'r> {
    match row.try_get_raw(column) {
        Ok(value) if value.is_null() => Cell::Null,
        Ok(value) => value.as_bytes().map_or(Cell::Null, |bytes| reader.cell(Some(bytes))),
        Err(_) => Cell::Null,
    }
}

/// Sorts rows to their parents by the number in the leading column; without one, all are the only parent's.
fn by_parent(rows: Rows<'_>, n_lead: usize, n_parents: usize) -> Vec<Rows<'_>> {
    if n_lead == 0 {
        return vec![rows];
    }
    let mut sorted = Vec::new();
    sorted.resize_with(n_parents, Vec::new);
    for mut row in rows {
        let rest = row.split_off(n_lead);
        if let Some(Cell::Int(number)) = row.first()
            && let Some(rows) = usize::try_from(*number).ok().and_then(|number| sorted.get_mut(number.wrapping_sub(1)))
        {
            rows.push(rest);
        }
    }
    sorted
}

fn counts_by_parent(rows: &[PgRow], n_lead: usize, n_parents: usize, up_to: u64) -> Vec<Count> {
    let count = |rows: &Rows<'_>| match rows.first().and_then(|row| row.first()) {
        Some(Cell::Int(n)) => bounded_count(u64::try_from(*n).unwrap_or(0), up_to),
        _ => bounded_count(0, up_to),
    };
    by_parent(cells(rows), n_lead, n_parents).iter().map(count).collect()
}

impl Owner for PostgresSource {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        async move {
            if fetch.keys.is_empty() {
                return Vec::new();
            }
            match self.fetch_group(&fetch).await {
                Ok(outcomes) => outcomes,
                Err(error) => fetch.keys.iter().map(|_| Err(error.clone())).collect(),
            }
        }
        .boxed()
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        async move {
            if fetch.arguments.is_empty() {
                return Vec::new();
            }
            match self.fetch_pages(&fetch).await {
                Ok(pages) => pages,
                Err(error) => fetch.arguments.iter().map(|_| Err(error.clone())).collect(),
            }
        }
        .boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        self.ping().boxed()
    }
}
