//! Pages: which window of a list a field asks for, and what its parents ask it with.

use std::{sync::Arc, time::Instant};

use compact_str::CompactString;
use hashbrown::HashMap;

use super::{
    cursor,
    fault::Asked,
    gathered::{CellFailure, Gathered, PageCell},
    join::{Fed, Reading},
    narrow::narrowing,
};
use crate::{
    contract::{Contract, List},
    fetch::{Cursor, Direction, FetchError, FetchErrorKind, ListFetch, Page, Window},
    plan::{ArgumentFault, PagesAsk, Plan},
    value::{Argument, Input},
};

/// One list step, ready to be asked.
pub(super) struct PagesQuestion {
    /// What the owner is asked; `None` when no parent needs it.
    pub fetch: Option<ListFetch>,
    /// For each parent: the position of its arguments in the fetch, or why it has none.
    cells: Vec<Result<usize, PageCell>>,
    asked: Asked,
}

/// Makes the question of a list step for all its parents; parents that ask the same share one entry.
pub(super) fn question(
    contract: &Contract,
    plan: &Plan,
    gathered: &Gathered,
    ask: &PagesAsk,
    deadline: Instant,
) -> PagesQuestion {
    let list = contract.list(ask.list);
    let asked = Asked::List(ask.list);
    let n_parents = if gathered.applies(ask.when) { gathered.rows(ask.parent).n_rows } else { 0 };
    let refused = |wrong: ArgumentFault| PagesQuestion {
        fetch: None,
        cells: (0..n_parents).map(|_| Err(PageCell::Failed(CellFailure::Argument(wrong.clone())))).collect(),
        asked,
    };
    let arguments = match gathered.arguments(ask.arguments) {
        Ok(arguments) => arguments,
        Err(wrong) => return refused(wrong.to_owned()),
    };
    let window = match window(list, arguments, ask.connection) {
        Ok(window) => window,
        Err(wrong) => return refused(ArgumentFault::Wrong(wrong)),
    };
    let mut known: HashMap<Box<[Argument]>, usize> = HashMap::new();
    let mut questions = Vec::new();
    let mut cells = Vec::with_capacity(n_parents);
    let narrowing = match narrowing(contract, gathered, ask) {
        Ok(narrowing) => narrowing,
        Err(wrong) => return refused(ArgumentFault::Wrong(wrong)),
    };
    for row in 0..n_parents {
        if gathered.is_veiled(ask.parent, row) {
            cells.push(Err(PageCell::Null));
            continue;
        }
        let reading = Reading { contract, plan, gathered, parent: ask.parent, row, arguments };
        let asked_with: Result<Box<[Argument]>, PageCell> = ask
            .parameters
            .iter()
            .map(|feed| match feed.as_ref().map(|feed| (feed, reading.feed(feed))) {
                None => Ok(Argument::Null),
                Some((_, Fed::One(text))) => Ok(Argument::One(text.into())),
                Some((_, Fed::Many(texts))) => Ok(Argument::Many(texts.into_iter().flatten().collect())),
                Some((_, Fed::Failed(failure))) => Err(PageCell::Failed(failure)),
                // A filter that was not given is null; a parent without the value it would be listed by has no list.
                Some((crate::plan::PlannedFeed::Argument(_), Fed::Null)) => Ok(Argument::Null),
                Some((_, Fed::Null)) => Err(PageCell::Null),
            })
            .collect();
        let asked_with = match &narrowing {
            None => asked_with,
            Some(narrowing) => asked_with.and_then(|arguments| narrowing.narrow(arguments)),
        };
        cells.push(asked_with.map(|arguments| {
            *known.entry(arguments).or_insert_with_key(|arguments| {
                questions.push(arguments.clone());
                questions.len() - 1
            })
        }));
    }
    let count_up_to = ask.count.filter(|when| gathered.applies(*when)).map(|_| list.count_max);
    let fetch = ListFetch { list: ask.list, arguments: questions, window, count_up_to, deadline };
    PagesQuestion { fetch: (!fetch.arguments.is_empty()).then_some(fetch), cells, asked }
}

impl PagesQuestion {
    /// Gives every parent its page.
    pub fn settle(self, pages: Vec<Result<Arc<Page>, FetchError>>) -> Vec<PageCell> {
        let cell = |cell: Result<usize, PageCell>| match cell {
            Err(cell) => cell,
            Ok(position) => match pages.get(position) {
                Some(Ok(page)) => PageCell::Page(page.clone()),
                Some(Err(error)) if error.kind == FetchErrorKind::ForeignCursor => {
                    PageCell::Failed(CellFailure::Argument(ArgumentFault::Wrong(error.kind.reason().to_owned())))
                }
                Some(Err(error)) => PageCell::Failed(CellFailure::Fetch(error.clone(), self.asked)),
                None => PageCell::Null,
            },
        };
        self.cells.into_iter().map(cell).collect()
    }
}

/// Reads `first`, `after`, `last` and `before`.
///
/// *Errors*: what is wrong and what to do.
fn window(list: &List, arguments: &[(CompactString, Input)], connection: bool) -> Result<Window, String> {
    let value = |name: &str| {
        arguments.iter().find(|(argument, _)| argument == name).map(|(_, value)| value).filter(|v| **v != Input::Null)
    };
    let rows = |name: &str| -> Result<Option<u32>, String> {
        let Some(value) = value(name) else { return Ok(None) };
        let n_rows: i64 = value.text().and_then(|text| text.parse().ok()).unwrap_or(-1);
        let max = list.page_rows_max;
        match u32::try_from(n_rows) {
            Ok(n_rows) if n_rows <= max => Ok(Some(n_rows)),
            _ => Err(format!("\"{name}\" is {n_rows} and must be from 0 to {max}")),
        }
    };
    let place = |name: &str| -> Result<Option<Cursor>, String> {
        let Some(text) = value(name).and_then(Input::text) else { return Ok(None) };
        let wrong = || format!("\"{name}\" is not a cursor of this list: pass one that it gave");
        cursor::decode(list, text).map(Some).ok_or_else(wrong)
    };
    if !connection {
        let n_rows = rows("first")?.unwrap_or(list.page_rows_max);
        return Ok(Window { direction: Direction::Forward, n_rows, after: None, before: None });
    }
    let (direction, n_rows) = match (rows("first")?, rows("last")?) {
        (Some(_), Some(_)) => return Err("\"first\" and \"last\" cannot be combined: pass one of them".to_owned()),
        (Some(n_rows), None) => (Direction::Forward, n_rows),
        (None, Some(n_rows)) => (Direction::Backward, n_rows),
        (None, None) => (Direction::Forward, list.page_rows_default),
    };
    Ok(Window { direction, n_rows, after: place("after")?, before: place("before")? })
}
