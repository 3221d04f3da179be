//! Freehold itself as a system: who owns what by the contract that is served, and how the systems are.
//!
//! Reading order: this file (who asks), `ownership` and `systems` (the rows of its tables). Nothing is asked of anybody: what it
//! says is in this process, and of this process.

mod ownership;
mod systems;

use std::sync::Arc;

use futures_util::{FutureExt, future::BoxFuture};

use super::{
    answer::{GroupAnswer, PageFacts, Rows, outcomes},
    layout::{GroupLayout, ListLayout, position},
    system_name::SystemName,
    window::{cursor_text, window},
};
use crate::{
    contract::{Contract, GroupBinding, InsideTable, List, ListBinding},
    fetch::{
        Cell, Clock, Count, Fetch, FetchError, FetchErrorKind, ListFetch, Outcome, Owner, Page, Stamp, SystemClock,
    },
    telemetry::Telemetry,
    value::{Argument, SystemId},
};

/// Freehold itself, as a system.
pub struct FreeholdSource {
    contract: Arc<Contract>,
    name: SystemName,
    telemetry: Telemetry,
    /// The rows of who owns what, which change with the contract alone.
    ownership: Rows<'static>,
}

impl FreeholdSource {
    /// Makes the source of a system of this kind.
    pub fn new(contract: Arc<Contract>, system: SystemId, telemetry: Telemetry) -> Self {
        let name = SystemName::new(&contract, system);
        let ownership = ownership::rows(&contract);
        Self { contract, name, telemetry, ownership }
    }

    fn rows(&self, table: InsideTable, now_ms: i64) -> Rows<'static> {
        match table {
            InsideTable::Ownership => self.ownership.clone(),
            InsideTable::Systems => systems::rows(&self.contract, &self.telemetry, now_ms),
            // The contract was refused with these.
            InsideTable::Exceptions | InsideTable::Runs | InsideTable::Findings => Vec::new(),
        }
    }

    fn records(&self, fetch: &Fetch) -> Result<Vec<Outcome>, FetchError> {
        let group = self.contract.group(fetch.group);
        let GroupBinding::Inside(asked) = &group.binding else { return Err(self.wrong(&group.name)) };
        let layout = GroupLayout::new(&self.contract, group, vec![columns(asked.table)]);
        let layout = layout.map_err(|detail| self.name.error(FetchErrorKind::BadRequest, detail))?;
        let now_ms = SystemClock.now_ms();
        let rows = self.rows(asked.table, now_ms);
        let answer = GroupAnswer { rows, parts: Vec::new(), stamp: Stamp::answered(self.name.id(), now_ms) };
        Ok(outcomes(&self.contract, group, &layout, &self.name, &fetch.keys, answer))
    }

    fn pages(&self, fetch: &ListFetch) -> Result<Vec<Result<Page, FetchError>>, FetchError> {
        let list = self.contract.list(fetch.list);
        let ListBinding::Inside(asked) = &list.binding else { return Err(self.wrong(&list.name)) };
        let columns = columns(asked.table);
        let layout = ListLayout::new(list, columns.clone());
        let layout = layout.map_err(|detail| self.name.error(FetchErrorKind::BadRequest, detail))?;
        let now_ms = SystemClock.now_ms();
        let rows = self.rows(asked.table, now_ms);
        let facts = PageFacts { list, layout: &layout, window: &fetch.window, cursor_text };
        let page = |arguments: &[Argument]| {
            let rows: Rows<'_> = rows.iter().filter(|row| fits(list, &columns, row, arguments)).cloned().collect();
            let count = fetch.count_up_to.map(|_| Count::Exactly(rows.len() as u64));
            let foreign =
                || self.name.error(FetchErrorKind::ForeignCursor, format!("a cursor is not of the list {}", list.name));
            let rows = window(list, &layout, rows, &fetch.window).ok_or_else(foreign)?;
            facts.page(&self.name, &rows, count, Stamp::answered(self.name.id(), now_ms))
        };
        Ok(fetch.arguments.iter().map(|arguments| page(arguments)).collect())
    }

    fn wrong(&self, of: &str) -> FetchError {
        self.name.error(FetchErrorKind::BadRequest, format!("{of} is not asked of Freehold itself"))
    }
}

/// Whether a row has what is asked for; its columns are called as the filters are.
fn fits(list: &List, columns: &[String], row: &[Cell<'_>], arguments: &[Argument]) -> bool {
    list.parameters.iter().zip(arguments).all(|(parameter, argument)| {
        let cell = position(columns, parameter).and_then(|at| row.get(at)).and_then(Cell::text);
        let is = |wanted: &str| cell.as_deref() == Some(wanted);
        match argument {
            Argument::Null => true,
            Argument::One(wanted) => is(wanted),
            Argument::Many(wanted) => wanted.iter().any(|wanted| is(wanted)),
        }
    })
}

fn columns(table: InsideTable) -> Vec<String> {
    table.columns().iter().map(|column| (*column).to_owned()).collect()
}

impl Owner for FreeholdSource {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        let outcomes = self.records(&fetch);
        async move { outcomes.unwrap_or_else(|error| vec![Err(error); fetch.keys.len()]) }.boxed()
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        let pages = self.pages(&fetch);
        async move { pages.unwrap_or_else(|error| vec![Err(error); fetch.arguments.len()]) }.boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        async { Ok(()) }.boxed()
    }
}
