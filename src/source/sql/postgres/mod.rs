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
    str::FromStr,
    sync::{
        Arc,
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
    connections::{ConnectFailure, Connections, Lease},
    parents::{DistinctParents, counts_by_parent, rows_by_parent},
};
use crate::{
    contract::{Contract, List, SystemKind},
    fetch::{
        Cell, Clock, Count, Fetch, FetchError, FetchErrorKind, ListFetch, Outcome, Owner, Page, Stamp, SystemClock,
    },
    source::{
        answer::{GroupAnswer, PageFacts, Rows, outcomes},
        layout::{GroupLayout, ListLayout},
        learned::Learned,
        system_name::SystemName,
    },
    value::{Argument, GroupId, Key, ListId, SystemId},
};

/// Entity and parts are read in one transaction that sees one state of the database and cannot write.
const SNAPSHOT: &str = "begin isolation level repeatable read read only";

/// The number of the first of many parents: the server counts them from one.
const FIRST_PARENT: usize = 1;

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
            groups: Learned::new(),
            lists: Learned::new(),
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
            ConnectFailure::Failed(error) => self.error(&error.into()),
        })
    }

    async fn fetch_group(&self, fetch: &Fetch) -> Result<Vec<Outcome>, FetchError> {
        let mut attempts = Attempts::default();
        loop {
            let mut lease = self.take(fetch.deadline, attempts.is_again()).await?;
            // A connection whose question failed is not given back: it may be broken, in a transaction, or hold an
            // outdated statement.
            match self.ask_group(&mut lease.connection, fetch).await {
                Ok(outcomes) => {
                    lease.give_back();
                    return Ok(outcomes);
                }
                Err(failure) if attempts.may_repeat(&failure, lease.was_idle) => self.groups.forget(fetch.group),
                Err(failure) => return Err(self.error(&failure)),
            }
        }
    }

    async fn fetch_pages(&self, fetch: &ListFetch) -> Result<Vec<Result<Page, FetchError>>, FetchError> {
        let mut attempts = Attempts::default();
        loop {
            let mut lease = self.take(fetch.deadline, attempts.is_again()).await?;
            match self.ask_list(&mut lease.connection, fetch).await {
                Ok(pages) => {
                    lease.give_back();
                    return Ok(pages);
                }
                Err(failure) if attempts.may_repeat(&failure, lease.was_idle) => self.lists.forget(fetch.list),
                Err(failure) => return Err(self.error(&failure)),
            }
        }
    }

    fn error(&self, failure: &LearnFailure) -> FetchError {
        let (kind, detail) = failure.classify();
        self.name.error(kind, detail)
    }

    async fn ask_group(&self, connection: &mut PgConnection, fetch: &Fetch) -> Result<Vec<Outcome>, LearnFailure> {
        let group = self.contract.group(fetch.group);
        let learned = match self.groups.of(fetch.group) {
            Some(learned) => learned,
            None => self.groups.keep(fetch.group, learn::group(connection, &self.contract, group).await?),
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
        let stamp = Stamp { system: self.name.id(), started_ms, ended_ms: SystemClock.now_ms(), as_of_ms: None };
        let relaid = (learned.layout.changed(answers.iter().map(|rows| columns_of(rows, 0))))
            .map(|columns| GroupLayout::new(&self.contract, group, columns))
            .transpose()
            .map_err(|detail| LearnFailure::Binding(FetchErrorKind::ContractViolation, detail))?;
        if relaid.is_some() {
            self.groups.forget(fetch.group);
        }
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
        let learned = match self.lists.of(fetch.list) {
            Some(learned) => learned,
            None => self.lists.keep(fetch.list, learn::list(connection, list).await?),
        };
        let query = &learned.query;
        if ![&fetch.window.after, &fetch.window.before].into_iter().flatten().all(|cursor| query.takes_cursor(cursor)) {
            let error =
                self.name.error(FetchErrorKind::ForeignCursor, format!("a cursor is not of the list {}", list.name));
            return Ok(fetch.arguments.iter().map(|_| Err(error.clone())).collect());
        }
        let bind = |parameter, argument: &Argument| query.binding(parameter, argument);
        let distinct = DistinctParents::new(&self.name, query.parameters.len(), &fetch.arguments, bind);
        let pages = if distinct.bindings.is_empty() {
            Vec::new()
        } else {
            self.ask_parents(connection, list, &learned, &distinct.bindings, fetch).await?
        };
        Ok(distinct.pages(&pages))
    }

    async fn ask_parents(
        &self,
        connection: &mut PgConnection,
        list: &List,
        learned: &LearnedList,
        parents: &[Vec<Binding>],
        fetch: &ListFetch,
    ) -> Result<Vec<Result<Page, FetchError>>, LearnFailure> {
        let (form, arguments) = match parents {
            [only] => (Parents::One, only.clone()),
            many => (Parents::Many, encode::columns_of_parents(many)),
        };
        let (sql, cursor) = learned.query.page(form, &fetch.window);
        let bindings = arguments.iter().cloned().chain(cursor).collect();
        let started_ms = SystemClock.now_ms();
        let (rows, counts) = match fetch.count_up_to {
            None => (self.rows(connection, sql, bindings).await?, None),
            Some(up_to) => {
                // The count and the rows are of one state of the database.
                let mut snapshot = connection.begin_with(SNAPSHOT).await?;
                let rows = self.rows(&mut snapshot, sql, bindings).await?;
                let counted = self.rows(&mut snapshot, learned.query.count(form, up_to), arguments).await?;
                snapshot.commit().await?;
                (rows, Some(counts_by_parent(cells(&counted), parents.len(), FIRST_PARENT, up_to)))
            }
        };
        let n_lead = usize::from(form == Parents::Many);
        let changed = columns_of(&rows, n_lead).filter(|columns| *columns != learned.layout.columns);
        let relaid = (changed.map(|columns| ListLayout::new(list, columns)).transpose())
            .map_err(|detail| LearnFailure::Binding(FetchErrorKind::ContractViolation, detail))?;
        if relaid.is_some() {
            self.lists.forget(fetch.list);
        }
        let layout = relaid.as_ref().unwrap_or(&learned.layout);
        let facts = PageFacts { list, layout, window: &fetch.window, cursor_text: encode::cursor_text };
        let by_parent = rows_by_parent(cells(&rows), parents.len(), FIRST_PARENT);
        let page = |(parent, rows): (usize, &Rows<'_>)| {
            let count = counts.as_ref().and_then(|counts: &Vec<Count>| counts.get(parent).copied());
            facts.page(&self.name, rows, count, started_ms)
        };
        Ok(by_parent.iter().enumerate().map(page).collect())
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
        let mut attempts = Attempts::default();
        loop {
            let mut lease = self.take(Instant::now() + self.timeout, attempts.is_again()).await?;
            match lease.connection.ping().await.map_err(LearnFailure::from) {
                Ok(()) => {
                    lease.give_back();
                    return Ok(());
                }
                Err(failure) if attempts.may_repeat(&failure, lease.was_idle) => {}
                Err(failure) => return Err(self.error(&failure)),
            }
        }
    }
}

/// How often a question has been repeated: once where an idle connection had died, once where what was learned may be
/// outdated. Each on a fresh connection.
#[derive(Debug, Default)]
struct Attempts {
    broken: bool,
    outdated: bool,
}

impl Attempts {
    fn is_again(&self) -> bool {
        self.broken || self.outdated
    }

    fn may_repeat(&mut self, failure: &LearnFailure, was_idle: bool) -> bool {
        let LearnFailure::Server(error) = failure else { return false };
        if failure::is_broken(error) && was_idle {
            return !std::mem::replace(&mut self.broken, true);
        }
        failure::is_outdated(error) && !std::mem::replace(&mut self.outdated, true)
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
