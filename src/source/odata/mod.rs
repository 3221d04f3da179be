//! OData, versions 2 and 4: asks groups and lists of entity sets, as few calls as their addresses and batches allow.
//!
//! Reading order: `literal` (a value in a condition), `select` (what is wanted of a row), `encode` (addresses and
//! conditions), `seek` (windows as conditions), `decode` (bodies become rows), `batch` (many questions in one call), `ask`
//! (the calls and their pages), `groups` and `lists` (what is asked for, and asked for again).

mod ask;
mod batch;
mod decode;
mod encode;
mod groups;
mod lists;
mod literal;
mod seek;
mod select;

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{FutureExt, future::BoxFuture};

use self::{
    ask::Asker,
    groups::GroupAsking,
    lists::{ListAsking, Rows, bounded},
    literal::Literals,
};
use super::{
    answer::{GroupAnswer, PageFacts, outcomes},
    http::{Call, HttpClient},
    learned::Learned,
    pace::Pace,
    system_name::SystemName,
    window::{cursor_text, window},
};
use crate::{
    contract::{Contract, GroupBinding, List, ListBinding, OdataDialect, OdataServer, OdataVersion, SystemKind},
    fetch::{Clock, Fetch, FetchError, FetchErrorKind, ListFetch, Outcome, Owner, Page, Stamp, SystemClock},
    value::{Argument, GroupId, ListId, SystemId},
};

/// How long an address may be where the binding does not say: servers on IIS take 2,048 bytes of query.
const URL_BYTES: u32 = 2_000;

/// How many keys one condition asks for where the binding does not say.
const KEYS_PER_FILTER: u32 = 100;

/// How many rows of a list are read whole, where the server cannot cut its pages.
const ROWS_MAX: usize = 10_000;

/// Whether a server is asked with `in`, which version 2 does not have.
fn in_operator(version: OdataVersion, server: OdataServer) -> bool {
    server.in_operator.unwrap_or(version == OdataVersion::V4)
}

/// An OData system.
pub struct OdataSource {
    contract: Arc<Contract>,
    system: SystemId,
    timeout: Duration,
    asked: Result<(Asker, OdataDialect), FetchError>,
    groups: Learned<GroupId, GroupAsking>,
    lists: Learned<ListId, ListAsking>,
}

impl OdataSource {
    /// Makes the source of a system of this kind. Nothing is connected until something is asked.
    pub fn new(contract: Arc<Contract>, system: SystemId, pace: Arc<Pace>) -> Self {
        let described = contract.system(system);
        let name = SystemName::new(&contract, system);
        let asked = match &described.kind {
            SystemKind::Odata { http, dialect } => {
                let has = |wanted: &str| http.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
                let asker = Asker {
                    accepts: has("Accept"),
                    prefers: has("Prefer"),
                    client: HttpClient::new(name.clone(), http.clone(), pace),
                    name,
                    version: dialect.version,
                    calls_max: described.connections_max.max(1) as usize,
                };
                Ok((asker, dialect.clone()))
            }
            other => Err(name.error(FetchErrorKind::BadRequest, format!("the system is of kind {}", other.word()))),
        };
        let timeout = described.timeout;
        Self { system, timeout, asked, groups: Learned::new(), lists: Learned::new(), contract }
    }

    /// Returns how many calls have been sent so far.
    pub fn calls(&self) -> u64 {
        self.asked.as_ref().map_or(0, |(asker, _)| asker.client.calls())
    }

    fn parts(&self) -> Result<(&Asker, &OdataDialect), FetchError> {
        self.asked.as_ref().map(|(asker, dialect)| (asker, dialect)).map_err(Clone::clone)
    }

    async fn fetch_group(&self, fetch: &Fetch) -> Result<Vec<Outcome>, FetchError> {
        let (asker, dialect) = self.parts()?;
        let group = self.contract.group(fetch.group);
        let wrong = |detail: String| asker.name.error(FetchErrorKind::BadRequest, detail);
        let asking = match self.groups.of(fetch.group) {
            Some(asking) => asking,
            None => {
                let GroupBinding::Odata(asked) = &group.binding else {
                    return Err(wrong(format!("{} is not asked over OData", group.name)));
                };
                self.groups
                    .keep(fetch.group, GroupAsking::new(&self.contract, group, &asked.set, dialect).map_err(wrong)?)
            }
        };
        let literals = Literals { version: asker.version, zone: group.adaptations.zone.as_ref() };
        let deadline = fetch.deadline.min(Instant::now() + self.timeout);
        let started_ms = SystemClock.now_ms();
        let found = asking.ask(asker, literals, &fetch.keys, deadline).await;
        let stamp = Stamp::answered(self.system, started_ms);
        let rows = found.rows.iter().map(|row| asking.columns.cells(row)).collect();
        let answer = GroupAnswer { rows, parts: Vec::new(), stamp };
        let mut outcomes = outcomes(&self.contract, group, &asking.layout, &asker.name, &fetch.keys, answer);
        for (key, error) in found.errors {
            outcomes[key] = Err(error);
        }
        Ok(outcomes)
    }

    async fn fetch_pages(&self, fetch: &ListFetch) -> Result<Vec<Result<Page, FetchError>>, FetchError> {
        let (asker, dialect) = self.parts()?;
        let list = self.contract.list(fetch.list);
        let wrong = |detail: String| asker.name.error(FetchErrorKind::BadRequest, detail);
        let asking = match self.lists.of(fetch.list) {
            Some(asking) => asking,
            None => {
                let ListBinding::Odata(asked) = &list.binding else {
                    return Err(wrong(format!("{} is not asked over OData", list.name)));
                };
                self.lists.keep(fetch.list, ListAsking::new(list, asked, dialect).map_err(wrong)?)
            }
        };
        let literals = Literals { version: asker.version, zone: list.adaptations.zone.as_ref() };
        let foreign =
            || asker.name.error(FetchErrorKind::ForeignCursor, format!("a cursor is not of the list {}", list.name));
        let bounds = asking.bounds(&fetch.window, literals).ok_or_else(foreign)?;
        let (distinct, numbers) = distinct(&fetch.arguments);
        let deadline = fetch.deadline.min(Instant::now() + self.timeout);
        let started_ms = SystemClock.now_ms();
        let rows = asking.ask(asker, literals, &distinct, fetch, &bounds, deadline).await;
        let pages: Vec<Result<Page, FetchError>> = rows
            .into_iter()
            .map(|rows| self.page(list, &asking, fetch, rows?, Stamp::answered(self.system, started_ms)))
            .collect();
        Ok(numbers.into_iter().map(|number| pages[number].clone()).collect())
    }

    fn page(
        &self,
        list: &List,
        asking: &ListAsking,
        fetch: &ListFetch,
        rows: Rows,
        stamp: Stamp,
    ) -> Result<Page, FetchError> {
        let name = &self.parts()?.0.name;
        let mut cells: Vec<_> = rows.rows.iter().map(|row| asking.columns.cells(row)).collect();
        if rows.is_whole {
            cells = window(list, &asking.layout, cells, &fetch.window).ok_or_else(|| {
                name.error(FetchErrorKind::ForeignCursor, format!("a cursor is not of the list {}", list.name))
            })?;
        }
        let count = fetch.count_up_to.and_then(|up_to| rows.count.map(|count| bounded(count, up_to)));
        let facts = PageFacts { list, layout: &asking.layout, window: &fetch.window, cursor_text };
        facts.page(name, &cells, count, stamp)
    }

    async fn ping(&self) -> Result<(), FetchError> {
        let (asker, dialect) = self.parts()?;
        let mut sets =
            (self.contract.groups.iter().filter(|group| group.system == self.system)).filter_map(|group| match &group
                .binding
            {
                GroupBinding::Odata(asked) => Some((group, asked)),
                _ => None,
            });
        let deadline = Instant::now() + self.timeout;
        let Some((group, asked)) = sets.next() else {
            return asker.client.send(&Call::get("/"), deadline).await.map(|_| ());
        };
        let asking = GroupAsking::new(&self.contract, group, &asked.set, dialect);
        let asking = asking.map_err(|detail| asker.name.error(FetchErrorKind::BadRequest, detail))?;
        asking.probe(asker, deadline).await
    }
}

/// Returns the distinct sets of arguments, and which of them each parent has.
fn distinct(arguments: &[Box<[Argument]>]) -> (Vec<&[Argument]>, Vec<usize>) {
    let mut distinct: Vec<&[Argument]> = Vec::new();
    let mut known: HashMap<&[Argument], usize> = HashMap::new();
    let numbers = arguments.iter().map(|arguments| {
        *known.entry(arguments).or_insert_with(|| {
            distinct.push(arguments);
            distinct.len() - 1
        })
    });
    let numbers = numbers.collect();
    (distinct, numbers)
}

impl Owner for OdataSource {
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
