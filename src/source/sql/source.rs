//! The SQL source: how a group or a list is asked, the same for every kind.
//!
//! In: a fetch. Out: outcomes or pages. What is asked in several statements is read in one transaction that sees one state
//! of the database. A connection whose question failed is closed: it may be broken, in a transaction, or hold an outdated
//! statement. One that had died while idle is replaced and the question asked once more.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{FutureExt, future::BoxFuture};

use super::{
    connections::{Connections, Lease},
    failure::{Attempts, Failure, Remedy},
    kind::{KeyQuery, Kind, ListQuery, Statement},
    parents::{DistinctParents, counts_by_parent, rows_by_parent},
};
use crate::{
    contract::{Contract, Group, List},
    fetch::{
        Clock, Count, Fetch, FetchError, FetchErrorKind, ListFetch, Outcome, Owner, Page, Record, Stamp, SystemClock,
    },
    source::{
        answer::{GroupAnswer, PageFacts, Rows, outcomes},
        layout::{GroupLayout, ListLayout, parent_columns},
        learned::Learned,
        system_name::SystemName,
    },
    value::{Argument, GroupId, Key, ListId, SystemId},
};

/// How many questions are put to find a key that the system cannot compare: enough for one among a thousand, and few
/// enough when all of them fail.
const ASKED_APART_MAX: usize = 32;

/// A SQL system of one kind.
pub struct SqlSource<K: Kind> {
    contract: Arc<Contract>,
    name: SystemName,
    timeout: Duration,
    connections: Result<Connections<K>, String>,
    groups: Learned<GroupId, Vec<K::KeyQuery>>,
    group_layouts: Learned<GroupId, GroupLayout>,
    lists: Learned<ListId, K::ListQuery>,
    list_layouts: Learned<ListId, ListLayout>,
    statements: AtomicU64,
}

impl<K: Kind> SqlSource<K> {
    /// Makes the source of a system of this kind. Nothing is connected yet, and a system that is down is reported by the
    /// first fetch.
    pub fn new(contract: Arc<Contract>, system: SystemId) -> Self {
        let described = contract.system(system);
        let connections = K::new(described).map(|kind| Connections::new(kind, described.connections_max));
        Self {
            name: SystemName::new(&contract, system),
            timeout: described.timeout,
            connections,
            groups: Learned::new(),
            group_layouts: Learned::new(),
            lists: Learned::new(),
            list_layouts: Learned::new(),
            statements: AtomicU64::new(0),
            contract,
        }
    }

    /// Returns how many statements have asked for rows so far; what prepares them is not counted.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    fn error(&self, failure: Failure) -> FetchError {
        self.name.error(failure.kind, failure.detail)
    }

    fn connections(&self) -> Result<&Connections<K>, FetchError> {
        self.connections.as_ref().map_err(|detail| self.name.error(FetchErrorKind::Unavailable, detail))
    }

    async fn take<'c>(
        &self,
        connections: &'c Connections<K>,
        deadline: Instant,
        fresh: bool,
    ) -> Result<Lease<'c, K>, Failure> {
        let deadline = deadline.min(Instant::now() + self.timeout);
        let mut lease = connections.take(deadline, fresh).await?;
        connections.kind.limit(&mut lease.connection, deadline).await?;
        Ok(lease)
    }

    async fn fetch_group(&self, fetch: &Fetch) -> Result<Vec<Outcome>, FetchError> {
        let connections = self.connections()?;
        match self.fetch_together(connections, fetch).await {
            Err(failure) if failure.remedy == Some(Remedy::AskApart) && fetch.keys.len() > 1 => {
                Ok(self.fetch_apart(connections, fetch).await)
            }
            answered => answered.map_err(|failure| self.error(failure)),
        }
    }

    /// Asks for keys among which there is one that the system cannot compare, in ever smaller pieces, so that it fails
    /// alone.
    async fn fetch_apart(&self, connections: &Connections<K>, fetch: &Fetch) -> Vec<Outcome> {
        let halves = |range: Range<usize>| {
            let middle = range.start + range.len() / 2;
            [middle..range.end, range.start..middle]
        };
        let mut outcomes: Vec<Option<Outcome>> = vec![None; fetch.keys.len()];
        let mut ranges: Vec<Range<usize>> = halves(0..fetch.keys.len()).into();
        let mut n_asked = 0;
        while let Some(range) = ranges.pop() {
            n_asked += 1;
            let piece = Fetch { keys: fetch.keys[range.clone()].into(), ..fetch.clone() };
            match self.fetch_together(connections, &piece).await {
                Ok(answered) => {
                    outcomes[range].iter_mut().zip(answered).for_each(|(place, outcome)| *place = Some(outcome));
                }
                Err(failure)
                    if failure.remedy == Some(Remedy::AskApart) && range.len() > 1 && n_asked < ASKED_APART_MAX =>
                {
                    ranges.extend(halves(range));
                }
                Err(failure) => {
                    let error = self.error(failure);
                    outcomes[range].iter_mut().for_each(|place| *place = Some(Err(error.clone())));
                }
            }
        }
        outcomes.into_iter().flatten().collect()
    }

    async fn fetch_together(&self, connections: &Connections<K>, fetch: &Fetch) -> Result<Vec<Outcome>, Failure> {
        let mut attempts = Attempts::default();
        loop {
            let mut lease = self.take(connections, fetch.deadline, attempts.is_again()).await?;
            match self.ask_group(&connections.kind, &mut lease.connection, fetch).await {
                Ok(outcomes) => {
                    lease.give_back();
                    return Ok(outcomes);
                }
                Err(failure) if attempts.may_repeat(&failure, lease.was_idle) => self.forget_group(fetch.group),
                Err(failure) => return Err(failure),
            }
        }
    }

    async fn fetch_pages(&self, fetch: &ListFetch) -> Result<Vec<Result<Page, FetchError>>, FetchError> {
        let connections = self.connections()?;
        let mut attempts = Attempts::default();
        loop {
            let taken = self.take(connections, fetch.deadline, attempts.is_again()).await;
            let mut lease = taken.map_err(|failure| self.error(failure))?;
            match self.ask_list(&connections.kind, &mut lease.connection, fetch).await {
                Ok(pages) => {
                    lease.give_back();
                    return Ok(pages);
                }
                Err(failure) if attempts.may_repeat(&failure, lease.was_idle) => self.forget_list(fetch.list),
                Err(failure) => return Err(self.error(failure)),
            }
        }
    }

    async fn ping(&self) -> Result<(), FetchError> {
        let connections = self.connections()?;
        let mut attempts = Attempts::default();
        loop {
            let taken = self.take(connections, Instant::now() + self.timeout, attempts.is_again()).await;
            let mut lease = taken.map_err(|failure| self.error(failure))?;
            match connections.kind.probe(&mut lease.connection).await {
                Ok(()) => {
                    lease.give_back();
                    return Ok(());
                }
                Err(failure) if attempts.may_repeat(&failure, lease.was_idle) => {}
                Err(failure) => return Err(self.error(failure)),
            }
        }
    }

    fn forget_group(&self, group: GroupId) {
        self.groups.forget(group);
        self.group_layouts.forget(group);
    }

    fn forget_list(&self, list: ListId) {
        self.lists.forget(list);
        self.list_layouts.forget(list);
    }

    async fn ask_group(
        &self,
        kind: &K,
        connection: &mut K::Connection,
        fetch: &Fetch,
    ) -> Result<Vec<Outcome>, Failure> {
        let group = self.contract.group(fetch.group);
        let queries = match self.groups.of(fetch.group) {
            Some(queries) => queries,
            None => {
                let learned = kind.learn_group(connection, group).await?;
                if let Some(columns) = learned.columns {
                    let layout = GroupLayout::new(&self.contract, group, columns).map_err(Failure::violation)?;
                    self.group_layouts.keep(fetch.group, layout);
                }
                self.groups.keep(fetch.group, learned.queries)
            }
        };
        let started_ms = SystemClock.now_ms();
        let answers = self.ask_queries(kind, connection, &queries, &fetch.keys).await?;
        let stamp = Stamp::answered(self.name.id(), started_ms);
        let columns = answers.iter().map(|chunks| chunks.iter().find_map(K::columns)).collect();
        let Some(layout) = self.group_layout(fetch.group, group, columns)? else {
            return Ok(fetch.keys.iter().map(|_| Ok(Record::absent(stamp).into())).collect());
        };
        let mut answers = answers.iter().map(|chunks| chunks.iter().flat_map(K::cells).collect::<Rows<'_>>());
        let rows = answers.next().unwrap_or_default();
        let answer = GroupAnswer { rows, parts: answers.collect(), stamp };
        Ok(outcomes(&self.contract, group, &layout, &self.name, &fetch.keys, answer))
    }

    /// Asks a group's query and its part queries, in order; all of them see one state.
    async fn ask_queries(
        &self,
        kind: &K,
        connection: &mut K::Connection,
        queries: &[K::KeyQuery],
        keys: &[Key],
    ) -> Result<Vec<Vec<K::Answer>>, Failure> {
        let statements: Vec<_> = queries.iter().map(|query| query.statements(keys)).collect();
        let in_snapshot = statements.iter().map(Vec::len).sum::<usize>() > 1;
        if in_snapshot {
            kind.begin(connection).await?;
        }
        let mut answers = Vec::with_capacity(queries.len());
        for (query, statements) in queries.iter().zip(statements) {
            let mut chunks = Vec::with_capacity(statements.len());
            for statement in statements {
                chunks.push(self.run(kind, connection, statement).await?);
            }
            answers.extend(K::apart(query, chunks));
        }
        if in_snapshot {
            kind.end(connection).await?;
        }
        Ok(answers)
    }

    /// Returns the layout of a group's answer, whose columns are the system's word on this very answer; `None` where it
    /// has no rows and nothing is known.
    fn group_layout(
        &self,
        id: GroupId,
        group: &Group,
        answered: Vec<Option<Vec<String>>>,
    ) -> Result<Option<Arc<GroupLayout>>, Failure> {
        let made = |columns| GroupLayout::new(&self.contract, group, columns).map_err(Failure::violation);
        if let Some(layout) = self.group_layouts.of(id) {
            return match layout.changed(answered.into_iter()) {
                None => Ok(Some(layout)),
                Some(columns) => {
                    self.forget_group(id);
                    made(columns).map(Arc::new).map(Some)
                }
            };
        }
        if answered.first().is_none_or(Option::is_none) {
            return Ok(None);
        }
        // A part query without rows has the columns it needs and lays nothing out.
        let columns = answered.into_iter().map(|columns| columns.unwrap_or_else(|| parent_columns(&group.key_columns)));
        Ok(Some(self.group_layouts.keep(id, made(columns.collect())?)))
    }

    async fn ask_list(
        &self,
        kind: &K,
        connection: &mut K::Connection,
        fetch: &ListFetch,
    ) -> Result<Vec<Result<Page, FetchError>>, Failure> {
        let list = self.contract.list(fetch.list);
        let query = match self.lists.of(fetch.list) {
            Some(query) => query,
            None => {
                let learned = kind.learn_list(connection, list).await?;
                if let Some(columns) = learned.columns {
                    let layout = ListLayout::new(list, columns).map_err(Failure::violation)?;
                    self.list_layouts.keep(fetch.list, layout);
                }
                self.lists.keep(fetch.list, learned.query)
            }
        };
        if !query.takes(&fetch.window) {
            let error =
                self.name.error(FetchErrorKind::ForeignCursor, format!("a cursor is not of the list {}", list.name));
            return Ok(fetch.arguments.iter().map(|_| Err(error.clone())).collect());
        }
        let bind = |parameter, argument: &Argument| query.bind(parameter, argument);
        let distinct = DistinctParents::new(&self.name, query.n_parameters(), &fetch.arguments, bind);
        let mut chunks = distinct.bindings.chunks(query.parents_per_statement().max(1));
        let in_snapshot = chunks.len() > 1 || (chunks.len() == 1 && fetch.count_up_to.is_some());
        // The count and the rows, and the rows of all parents, are of one state of the database.
        if in_snapshot {
            kind.begin(connection).await?;
        }
        let mut pages = Vec::with_capacity(distinct.bindings.len());
        for parents in chunks.by_ref() {
            pages.extend(self.ask_parents(kind, connection, &query, parents, fetch).await?);
        }
        if in_snapshot {
            kind.end(connection).await?;
        }
        Ok(distinct.pages(&pages))
    }

    async fn ask_parents(
        &self,
        kind: &K,
        connection: &mut K::Connection,
        query: &K::ListQuery,
        parents: &[Vec<K::Binding>],
        fetch: &ListFetch,
    ) -> Result<Vec<Result<Page, FetchError>>, Failure> {
        let list = self.contract.list(fetch.list);
        let started_ms = SystemClock.now_ms();
        let answer = self.run(kind, connection, query.page(parents, &fetch.window)).await?;
        let counts = match fetch.count_up_to {
            None => None,
            Some(up_to) => {
                let counted = self.run(kind, connection, query.count(parents, up_to)).await?;
                Some(counts_by_parent(K::cells(&counted), parents.len(), K::FIRST_PARENT, up_to))
            }
        };
        let n_lead = usize::from(parents.len() > 1);
        let columns = K::columns(&answer).map(|columns| columns[n_lead.min(columns.len())..].to_vec());
        let layout = self.list_layout(fetch.list, list, columns)?;
        let facts = PageFacts { list, layout: &layout, window: &fetch.window, cursor_text: K::cursor_text };
        let by_parent = rows_by_parent(K::cells(&answer), parents.len(), K::FIRST_PARENT);
        let page = |(parent, rows): (usize, &Rows<'_>)| {
            let count = counts.as_ref().and_then(|counts: &Vec<Count>| counts.get(parent).copied());
            facts.page(&self.name, rows, count, Stamp::answered(self.name.id(), started_ms))
        };
        Ok(by_parent.iter().enumerate().map(page).collect())
    }

    fn list_layout(&self, id: ListId, list: &List, answered: Option<Vec<String>>) -> Result<Arc<ListLayout>, Failure> {
        let known = self.list_layouts.of(id);
        match (known, answered) {
            (Some(layout), None) => Ok(layout),
            (Some(layout), Some(columns)) if layout.columns == columns => Ok(layout),
            (known, Some(columns)) => {
                let layout = ListLayout::new(list, columns).map_err(Failure::violation)?;
                if known.is_some() {
                    self.forget_list(id);
                    return Ok(Arc::new(layout));
                }
                Ok(self.list_layouts.keep(id, layout))
            }
            (None, None) => {
                // Without rows there is nothing to find.
                let columns = list.key_columns.iter().chain(list.order.iter().map(|order| &order.column)).cloned();
                ListLayout::new(list, columns.collect()).map(Arc::new).map_err(Failure::violation)
            }
        }
    }

    async fn run(
        &self,
        kind: &K,
        connection: &mut K::Connection,
        statement: Statement<K::Binding>,
    ) -> Result<K::Answer, Failure> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        kind.run(connection, statement).await
    }
}

impl<K: Kind> Owner for SqlSource<K> {
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
