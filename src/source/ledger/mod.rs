//! The ledger as a system: exceptions, and what reconciliation found, as any owner's rows.
//!
//! Reading order: this file (who asks), `encode` (what the ledger is asked), `decode` (its rows as cells). It is asked for many in
//! one statement, and only read. A process without a ledger says so; it never says that there is nothing.

mod decode;
mod encode;

use std::sync::Arc;

use futures_util::{FutureExt, future::BoxFuture};

use self::encode::Question;
use super::{
    answer::{GroupAnswer, PageFacts, Rows, outcomes},
    layout::{GroupLayout, ListLayout},
    system_name::SystemName,
};
use crate::{
    contract::{Contract, GroupBinding, InsideTable, ListBinding},
    fetch::{
        Cell, Clock, Count, Fetch, FetchError, FetchErrorKind, ListFetch, Outcome, Owner, Page, Stamp, SystemClock,
    },
    ledger::{LedgerError, RunId, Store},
    value::{Key, SystemId},
};

/// The ledger, as a system.
pub struct LedgerSource {
    contract: Arc<Contract>,
    name: SystemName,
    store: Option<Arc<Store>>,
}

impl LedgerSource {
    /// Makes the source of a system of this kind.
    pub fn new(contract: Arc<Contract>, system: SystemId, store: Option<Arc<Store>>) -> Self {
        let name = SystemName::new(&contract, system);
        Self { contract, name, store }
    }

    fn store(&self) -> Result<&Store, FetchError> {
        self.store.as_deref().ok_or_else(|| self.name.error(FetchErrorKind::NoLedger, "no ledger is configured"))
    }

    async fn records(&self, fetch: &Fetch) -> Result<Vec<Outcome>, FetchError> {
        let store = self.store()?;
        let group = self.contract.group(fetch.group);
        let GroupBinding::Inside(asked) = &group.binding else { return Err(self.wrong(&group.name)) };
        let columns = asked.table.columns().iter().map(|column| (*column).to_owned()).collect();
        let layout = GroupLayout::new(&self.contract, group, vec![columns]);
        let layout = layout.map_err(|detail| self.name.error(FetchErrorKind::BadRequest, detail))?;
        let started_ms = SystemClock.now_ms();
        let rows = rows(store, asked.table, &fetch.keys).await.map_err(|error| self.failed(&error))?;
        let stamp = Stamp::answered(self.name.id(), started_ms);
        let answer = GroupAnswer { rows, parts: Vec::new(), stamp };
        Ok(outcomes(&self.contract, group, &layout, &self.name, &fetch.keys, answer))
    }

    async fn pages(&self, fetch: &ListFetch) -> Result<Vec<Result<Page, FetchError>>, FetchError> {
        let store = self.store()?;
        let list = self.contract.list(fetch.list);
        let ListBinding::Inside(asked) = &list.binding else { return Err(self.wrong(&list.name)) };
        let columns = list.order.iter().map(|order| order.column.clone()).collect();
        let layout = ListLayout::new(list, columns);
        let layout = layout.map_err(|detail| self.name.error(FetchErrorKind::BadRequest, detail))?;
        let foreign =
            || self.name.error(FetchErrorKind::ForeignCursor, format!("a cursor is not of the list {}", list.name));
        let stretch = encode::stretch(asked.table, &fetch.window).ok_or_else(foreign)?;
        let questions: Vec<_> =
            fetch.arguments.iter().map(|arguments| encode::question(asked.table, list, arguments)).collect();
        let listed: Vec<_> = (questions.iter())
            .filter_map(|question| match question {
                Ok(Question::Rows(listed)) => Some(listed.clone()),
                _ => None,
            })
            .collect();
        let started_ms = SystemClock.now_ms();
        let marks = store.stretches(&listed, &stretch).await.map_err(|error| self.failed(&error))?;
        let counts = match fetch.count_up_to {
            None => None,
            Some(up_to) => {
                let counts = store.listed_counts(&listed, up_to).await.map_err(|error| self.failed(&error))?;
                Some((counts.into_iter(), up_to))
            }
        };
        let stamp = Stamp::answered(self.name.id(), started_ms);
        let facts = PageFacts { list, layout: &layout, window: &fetch.window, cursor_text };
        let (mut marks, mut counts) = (marks.into_iter(), counts);
        let pages = questions.into_iter().map(|question| {
            let (marks, n) = match question {
                Err(detail) => return Err(self.name.error(FetchErrorKind::BadRequest, detail)),
                Ok(Question::Nothing) => (Vec::new(), Some(0)),
                Ok(Question::Rows(_)) => {
                    let n = counts.as_mut().and_then(|(counts, _)| counts.next());
                    (marks.next().unwrap_or_default(), n)
                }
            };
            let count = fetch.count_up_to.zip(n).map(|(up_to, n)| match n {
                n if n > up_to => Count::MoreThan(up_to),
                n => Count::Exactly(n),
            });
            let row = |mark: crate::ledger::Mark| vec![Cell::Int(mark.at_ms), Cell::Text(mark.id.into())];
            let rows: Rows<'_> = marks.into_iter().map(row).collect();
            facts.page(&self.name, &rows, count, stamp)
        });
        Ok(pages.collect())
    }

    fn wrong(&self, of: &str) -> FetchError {
        self.name.error(FetchErrorKind::BadRequest, format!("{of} is not asked of the ledger"))
    }

    fn failed(&self, error: &LedgerError) -> FetchError {
        let kind = match error {
            LedgerError::Refused(_) => FetchErrorKind::BadRequest,
            _ => FetchErrorKind::Unavailable,
        };
        self.name.error(kind, error.to_string())
    }
}

/// Reads the rows with these keys. A run's key is its number; what is none is nobody's.
async fn rows(store: &Store, table: InsideTable, keys: &[Key]) -> Result<Rows<'static>, LedgerError> {
    let ids: Vec<&str> = keys.iter().map(Key::as_str).collect();
    Ok(match table {
        InsideTable::Exceptions => store.exceptions_with(&ids).await?.into_iter().map(decode::exception).collect(),
        InsideTable::Findings => store.findings_with(&ids).await?.into_iter().map(decode::finding).collect(),
        InsideTable::Runs => {
            let runs: Vec<RunId> = ids.iter().filter_map(|id| id.parse().ok().map(RunId)).collect();
            store.runs_with(&runs).await?.into_iter().map(decode::run).collect()
        }
        // The contract was refused with these.
        InsideTable::Ownership | InsideTable::Systems => Vec::new(),
    })
}

/// Both places of a cursor are read back by what they are: the first is a number, the second a text.
fn cursor_text(cell: &Cell<'_>) -> Option<String> {
    cell.text().map(|text| text.into_owned())
}

impl Owner for LedgerSource {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        async move {
            let outcomes = self.records(&fetch).await;
            outcomes.unwrap_or_else(|error| vec![Err(error); fetch.keys.len()])
        }
        .boxed()
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        async move {
            let pages = self.pages(&fetch).await;
            pages.unwrap_or_else(|error| vec![Err(error); fetch.arguments.len()])
        }
        .boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        async { self.store()?.prepare().await.map_err(|error| self.failed(&error)) }.boxed()
    }
}
