//! SQLite: asks groups and lists over sqlx, from a file opened for reading only.
//!
//! Reading order: `encode`, `decode`, `failure`.

mod decode;
mod encode;
mod failure;

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
    AssertSqlSafe, ConnectOptions, Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteRow},
};

use self::encode::{Binding, ListQuery};
use super::{
    connections::{ConnectFailure, Connections, Lease},
    page::Column,
    parents::{DistinctParents, counts_by_parent, rows_by_parent},
    question::{group_questions, list_question},
    template::{Form, Template},
};
use crate::{
    contract::{Contract, Group, List, SystemKind},
    fetch::{
        Clock, Count, Fetch, FetchError, FetchErrorKind, ListFetch, Outcome, Owner, Page, Record, Stamp, SystemClock,
    },
    source::{
        answer::{GroupAnswer, PageFacts, Rows, outcomes},
        layout::{GroupLayout, ListLayout, parent_columns},
        learned::Learned,
        system_name::SystemName,
    },
    value::{Argument, GroupId, SystemId},
};

/// How many of SQLite's instructions run between two looks at the clock: about a tenth of a millisecond.
const INSTRUCTIONS_PER_LOOK: i32 = 10_000;

/// How many parents one statement asks for. SQLite joins at most 500 selects and the driver binds at most 32,766 values;
/// beyond some hundreds a longer text costs more than another statement.
const PARENTS_PER_STATEMENT: usize = 200;

/// How many values one statement may bind.
const BINDINGS_MAX: usize = 30_000;

/// Longer statements are not kept prepared: they are written for a number of parents that hardly comes again, and would
/// push the others out.
const KEPT_BYTES_MAX: usize = 8192;

/// The number of the first of many parents.
const FIRST_PARENT: usize = 0;

/// A SQLite system.
pub struct SqliteSource {
    contract: Arc<Contract>,
    name: SystemName,
    timeout: Duration,
    connections: Result<Connections<SqliteConnection>, String>,
    groups: Learned<GroupId, LearnedGroup>,
    statements: AtomicU64,
}

/// What the rows of a group's queries have told.
struct LearnedGroup {
    queries: Vec<String>,
    layout: GroupLayout,
}

/// Why a question has no answer.
enum AskFailure {
    Sqlite(sqlx::Error),
    Binding(FetchErrorKind, String),
}

impl From<sqlx::Error> for AskFailure {
    fn from(error: sqlx::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl SqliteSource {
    /// Makes the source of a system of this kind. The file is opened by the first fetch; until it is there, fetches say
    /// so.
    pub fn new(contract: Arc<Contract>, system: SystemId) -> Self {
        let described = contract.system(system);
        let timeout = described.timeout;
        let options = match &described.kind {
            SystemKind::Sqlite { url } => options(url.reveal(), timeout),
            other => Err(format!("the system is of kind {}", other.word())),
        };
        let connections = options.map(|options| Connections::new(options, described.connections_max));
        let name = SystemName::new(&contract, system);
        let statements = AtomicU64::new(0);
        Self { name, timeout, connections, groups: Learned::new(), statements, contract }
    }

    /// Returns how many statements have asked for rows so far.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Takes a connection whose statements are interrupted at the deadline.
    async fn take(&self, deadline: Instant) -> Result<Lease<'_, SqliteConnection>, FetchError> {
        let unavailable = |detail: &str| self.name.error(FetchErrorKind::Unavailable, detail);
        let connections = self.connections.as_ref().map_err(|detail| unavailable(detail))?;
        let deadline = deadline.min(Instant::now() + self.timeout);
        let mut lease = connections.take(deadline, false).await.map_err(|failure| match failure {
            ConnectFailure::TimedOut => unavailable("no connection in time"),
            ConnectFailure::Failed(error) => self.error(&AskFailure::Sqlite(error)),
        })?;
        let locked = lease.connection.lock_handle().await;
        let mut handle = locked.map_err(|error| self.error(&AskFailure::Sqlite(error)))?;
        handle.set_progress_handler(INSTRUCTIONS_PER_LOOK, move || Instant::now() < deadline);
        drop(handle);
        Ok(lease)
    }

    fn error(&self, failure: &AskFailure) -> FetchError {
        match failure {
            AskFailure::Sqlite(error) => {
                let (kind, detail) = failure::classify(error);
                self.name.error(kind, detail)
            }
            AskFailure::Binding(kind, detail) => self.name.error(*kind, detail),
        }
    }

    async fn fetch_group(&self, fetch: &Fetch) -> Result<Vec<Outcome>, FetchError> {
        let mut lease = self.take(fetch.deadline).await?;
        // A connection whose question failed is not given back: it may be in a transaction.
        let outcomes = self.ask_group(&mut lease.connection, fetch).await.map_err(|failure| self.error(&failure))?;
        lease.give_back();
        Ok(outcomes)
    }

    async fn fetch_pages(&self, fetch: &ListFetch) -> Result<Vec<Result<Page, FetchError>>, FetchError> {
        let mut lease = self.take(fetch.deadline).await?;
        let pages = self.ask_list(&mut lease.connection, fetch).await.map_err(|failure| self.error(&failure))?;
        lease.give_back();
        Ok(pages)
    }

    async fn ask_group(&self, connection: &mut SqliteConnection, fetch: &Fetch) -> Result<Vec<Outcome>, AskFailure> {
        let group = self.contract.group(fetch.group);
        let known = self.groups.of(fetch.group);
        let queries = match &known {
            Some(learned) => learned.queries.clone(),
            None => group_queries(group)?,
        };
        let keys = vec![Binding::Text(encode::keys_json(&fetch.keys, group.key_columns.len()))];
        let started_ms = SystemClock.now_ms();
        let mut answers = Vec::with_capacity(queries.len());
        if let [query] = queries.as_slice() {
            answers.push(self.rows(connection, query.clone(), keys).await?);
        } else {
            // A deferred transaction sees the state of its first read until it ends.
            let mut snapshot = connection.begin().await?;
            for query in &queries {
                answers.push(self.rows(&mut snapshot, query.clone(), keys.clone()).await?);
            }
            snapshot.commit().await?;
        }
        let stamp = Stamp { system: self.name.id(), started_ms, ended_ms: SystemClock.now_ms(), as_of_ms: None };
        if answers[0].is_empty() {
            return Ok(fetch.keys.iter().map(|_| Ok(Record::absent(stamp).into())).collect());
        }
        let answered = answers.iter().map(|rows| decode::columns(rows));
        let learned = match known.filter(|learned| learned.layout.changed(answered.clone()).is_none()) {
            Some(learned) => learned,
            None => {
                // Only rows tell the columns; a part query without rows has those it needs and lays nothing out.
                let columns = answered.map(|columns| columns.unwrap_or_else(|| parent_columns(&group.key_columns)));
                let layout = GroupLayout::new(&self.contract, group, columns.collect())
                    .map_err(|detail| AskFailure::Binding(FetchErrorKind::ContractViolation, detail))?;
                self.groups.keep(fetch.group, LearnedGroup { queries, layout })
            }
        };
        let mut answers = answers.iter().map(|rows| decode::cells(rows));
        let rows = answers.next().unwrap_or_default();
        let answer = GroupAnswer { rows, parts: answers.collect(), stamp };
        Ok(outcomes(&self.contract, group, &learned.layout, &self.name, &fetch.keys, answer))
    }

    async fn ask_list(
        &self,
        connection: &mut SqliteConnection,
        fetch: &ListFetch,
    ) -> Result<Vec<Result<Page, FetchError>>, AskFailure> {
        let list = self.contract.list(fetch.list);
        let query = list_query(list)?;
        if query.page(1, &fetch.window).is_none() {
            let error =
                self.name.error(FetchErrorKind::ForeignCursor, format!("a cursor is not of the list {}", list.name));
            return Ok(fetch.arguments.iter().map(|_| Err(error.clone())).collect());
        }
        let bind = |parameter, argument: &Argument| query.binding(parameter, argument);
        let distinct = DistinctParents::new(&self.name, query.parameters.len(), &fetch.arguments, bind);
        let per_statement = PARENTS_PER_STATEMENT.min(BINDINGS_MAX / query.parameters.len().max(1)).max(1);
        let mut pages = Vec::with_capacity(distinct.bindings.len());
        if distinct.bindings.len() <= per_statement && fetch.count_up_to.is_none() {
            pages = self.ask_parents(connection, list, &query, &distinct.bindings, fetch).await?;
        } else {
            // The count and the rows, and the rows of all parents, are of one state of the database.
            let mut snapshot = connection.begin().await?;
            for parents in distinct.bindings.chunks(per_statement) {
                pages.extend(self.ask_parents(&mut snapshot, list, &query, parents, fetch).await?);
            }
            snapshot.commit().await?;
        }
        Ok(distinct.pages(&pages))
    }

    async fn ask_parents(
        &self,
        connection: &mut SqliteConnection,
        list: &List,
        query: &ListQuery,
        parents: &[Vec<Binding>],
        fetch: &ListFetch,
    ) -> Result<Vec<Result<Page, FetchError>>, AskFailure> {
        let Some((sql, cursor)) = query.page(parents.len(), &fetch.window).filter(|_| !parents.is_empty()) else {
            return Ok(Vec::new());
        };
        let arguments: Vec<Binding> = parents.iter().flatten().cloned().collect();
        let bindings = arguments.iter().cloned().chain(cursor).collect();
        let started_ms = SystemClock.now_ms();
        let rows = self.rows(connection, sql, bindings).await?;
        let counts = match fetch.count_up_to {
            None => None,
            Some(up_to) => {
                let rows = self.rows(connection, query.count(parents.len(), up_to), arguments).await?;
                Some(counts_by_parent(decode::cells(&rows), parents.len(), FIRST_PARENT, up_to))
            }
        };
        let n_lead = usize::from(parents.len() > 1);
        let columns = match decode::columns(&rows) {
            Some(columns) => columns[n_lead..].to_vec(),
            None => list.key_columns.iter().chain(list.order.iter().map(|order| &order.column)).cloned().collect(),
        };
        let layout = ListLayout::new(list, columns)
            .map_err(|detail| AskFailure::Binding(FetchErrorKind::ContractViolation, detail))?;
        let facts = PageFacts { list, layout: &layout, window: &fetch.window, cursor_text: encode::cursor_text };
        let by_parent = rows_by_parent(decode::cells(&rows), parents.len(), FIRST_PARENT);
        let page = |(parent, rows): (usize, &Rows<'_>)| {
            let count = counts.as_ref().and_then(|counts: &Vec<Count>| counts.get(parent).copied());
            facts.page(&self.name, rows, count, started_ms)
        };
        Ok(by_parent.iter().enumerate().map(page).collect())
    }

    async fn rows(
        &self,
        connection: &mut SqliteConnection,
        sql: String,
        bindings: Vec<Binding>,
    ) -> Result<Vec<SqliteRow>, sqlx::Error> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        // The text is the contract's own with our parameters; no value is ever part of it.
        let keep = sql.len() <= KEPT_BYTES_MAX;
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(keep);
        for binding in bindings {
            query = match binding {
                Binding::Null => query.bind(None::<String>),
                Binding::Text(text) => query.bind(text),
                Binding::Int(number) => query.bind(number),
                Binding::Real(number) => query.bind(number),
            };
        }
        query.fetch_all(connection).await
    }

    async fn ping(&self) -> Result<(), FetchError> {
        let mut lease = self.take(Instant::now() + self.timeout).await?;
        // Opening a file reads nothing of it; this does.
        let asked = sqlx::query("select count(*) from sqlite_schema").fetch_all(&mut lease.connection).await;
        asked.map_err(|error| self.error(&AskFailure::Sqlite(error)))?;
        lease.give_back();
        Ok(())
    }
}

fn options(url: &str, timeout: Duration) -> Result<SqliteConnectOptions, String> {
    let options = if url.starts_with("sqlite:") {
        SqliteConnectOptions::from_str(url).map_err(|error| format!("url: {error}"))?
    } else {
        SqliteConnectOptions::new().filename(url)
    };
    Ok((options.read_only(true).create_if_missing(false))
        .pragma("query_only", "on")
        .busy_timeout(timeout)
        .disable_statement_logging())
}

fn parse(of: &str, name: &str, query: &str) -> Result<Template, AskFailure> {
    Template::parse(query)
        .map_err(|error| AskFailure::Binding(FetchErrorKind::BadRequest, format!("{of}, {name}: failed to {error}")))
}

/// Writes the statements of a group: of its query, then of its part queries.
fn group_queries(group: &Group) -> Result<Vec<String>, AskFailure> {
    let all = group_questions(group).map_err(|detail| AskFailure::Binding(FetchErrorKind::BadRequest, detail))?;
    let statement = |(name, query): (String, &String)| {
        let template = parse(&group.name, &name, query)?;
        let mut placeholders = template.placeholders();
        let keys = placeholders.next().filter(|p| p.name == "keys" && matches!(p.form, Form::In { .. }));
        if keys.is_none() || placeholders.next().is_some() {
            let detail = format!("{}: the {name} must have `in (:keys)` once and no other placeholder", group.name);
            return Err(AskFailure::Binding(FetchErrorKind::BadRequest, detail));
        }
        Ok(encode::group(&template, group.key_columns.len()))
    };
    all.into_iter().map(statement).collect()
}

fn list_query(list: &List) -> Result<ListQuery, AskFailure> {
    let question = list_question(list);
    let question = question.map_err(|detail| AskFailure::Binding(FetchErrorKind::BadRequest, detail))?;
    let order = list.order.iter();
    Ok(ListQuery {
        template: parse(&list.name, "query", question)?,
        parameters: list.parameters.clone(),
        order: order.map(|order| Column { name: order.column.clone(), descending: order.descending }).collect(),
    })
}

impl Owner for SqliteSource {
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
