//! A list's fetch: arguments into calls, rows into pages.
//!
//! In: a list, many parents and one window. Out: one page per parent. A system that answers in the list's order is read as
//! far as the window reaches, from the window's start where it can seek it; any other is read whole and cut here.

use std::{collections::HashMap, time::Instant};

use futures_util::{FutureExt, StreamExt, stream};

use super::{
    decode::Row,
    encode::{Given, question},
    reading::{Caller, End, Failure, Reading},
};
use crate::{
    contract::{List, RestList},
    fetch::{
        Cell, Clock, Count, Cursor, Direction, FetchError, FetchErrorKind, ListFetch, Page, Stamp, SystemClock, Window,
    },
    source::{
        answer::{PageFacts, Rows},
        json::JsonColumns,
        layout::ListLayout,
        window::{cursor_text, window},
    },
    value::Argument,
};

/// A list being fetched.
pub struct ListReading<'a> {
    caller: &'a Caller,
    list: &'a List,
    asked: &'a RestList,
    columns: JsonColumns,
    layout: ListLayout,
    connections_max: usize,
    deadline: Instant,
}

impl<'a> ListReading<'a> {
    /// Prepares a list.
    ///
    /// *Errors*: which column its answers cannot have.
    pub fn new(
        caller: &'a Caller,
        list: &'a List,
        asked: &'a RestList,
        connections_max: usize,
        deadline: Instant,
    ) -> Result<Self, FetchError> {
        let columns = JsonColumns::of_list(list);
        let layout = ListLayout::new(list, columns.names()).map_err(|detail| caller.violation(detail))?;
        Ok(Self { caller, list, asked, columns, layout, connections_max, deadline })
    }

    /// Reads the page of each parent; parents with the same arguments are asked for once.
    pub async fn pages(&self, fetch: &ListFetch) -> Vec<Result<Page, FetchError>> {
        if window(self.list, &self.layout, Vec::new(), &fetch.window).is_none() {
            let detail = format!("a cursor is not of the list {}", self.list.name);
            let error = self.caller.name.error(FetchErrorKind::ForeignCursor, detail);
            return fetch.arguments.iter().map(|_| Err(error.clone())).collect();
        }
        let mut numbers: HashMap<&[Argument], usize> = HashMap::new();
        let mut distinct: Vec<&[Argument]> = Vec::new();
        for arguments in &fetch.arguments {
            numbers.entry(arguments).or_insert_with(|| {
                distinct.push(arguments);
                distinct.len() - 1
            });
        }
        let concurrency = self.asked.call.concurrency.unwrap_or(self.connections_max).max(1);
        let calls: Vec<_> = distinct.iter().map(|arguments| self.page(arguments, fetch).boxed()).collect();
        let pages: Vec<_> = stream::iter(calls).buffered(concurrency).collect().await;
        fetch.arguments.iter().map(|arguments| pages[numbers[&**arguments]].clone()).collect()
    }

    async fn page(&self, arguments: &[Argument], fetch: &ListFetch) -> Result<Page, FetchError> {
        let started_ms = SystemClock.now_ms();
        let seeks = self.asked.call.blanks().iter().any(|(blank, _)| blank.name == "after");
        let ahead = fetch.window.direction == Direction::Forward && fetch.window.before.is_none();
        // What is counted from a cursor on is not the count of the list.
        let counts = fetch.count_up_to.is_none()
            || (self.asked.call.paging.total.is_some() && !(seeks && fetch.window.after.is_some()));
        let partly = (self.asked.sorted || seeks) && ahead && counts;
        // From a null nothing can be sought: a parameter that is left out would begin again.
        let is_sought = |cursor: &&Cursor| partly && seeks && cursor.0.iter().all(Option::is_some);
        let start = fetch.window.after.as_ref().filter(is_sought);
        let read = self.read(arguments, &fetch.window, start, partly).await?;
        let (rows, total) = (read.0.iter().map(|row| self.columns.cells(&row.value)).collect::<Rows<'_>>(), read.1);
        let count = fetch.count_up_to.map(|up_to| match total.unwrap_or(rows.len() as u64) {
            total if total > up_to => Count::MoreThan(up_to),
            total => Count::Exactly(total),
        });
        let rows = match (&fetch.window.after, partly) {
            (_, false) => window(self.list, &self.layout, rows, &fetch.window),
            (None, true) => Some(rows),
            (Some(after), true) => match rows.iter().position(|row| self.cursor(row) == *after) {
                Some(at) => Some(rows.into_iter().skip(at + 1).collect()),
                None if start.is_some() => Some(rows),
                // The row is gone: where it would stand is found by its values.
                None => window(self.list, &self.layout, rows, &fetch.window),
            },
        };
        let facts = PageFacts { list: self.list, layout: &self.layout, window: &fetch.window, cursor_text };
        let stamp = Stamp::answered(self.caller.name.id(), started_ms);
        facts.page(&self.caller.name, &rows.unwrap_or_default(), count, stamp)
    }

    /// Reads the rows of a parent, from a cursor on and as far as the window reaches where that is possible.
    async fn read(
        &self,
        arguments: &[Argument],
        window: &Window,
        start: Option<&Cursor>,
        partly: bool,
    ) -> Result<(Vec<Row>, Option<u64>), FetchError> {
        let call = &self.asked.call;
        // One more than the page tells whether there are more; a system may give the row of the cursor, too.
        let wanted = window.n_rows.saturating_add(1 + u32::from(start.is_some()));
        let columns = self.list.order.iter().map(|order| order.column.clone());
        let texts = start.map(|cursor| cursor.0.iter().map(|text| text.as_deref().map(bare)));
        let after: Vec<(String, Option<String>)> = columns.zip(texts.into_iter().flatten()).collect();
        let n_rows = partly.then_some(wanted);
        let given = Given::Arguments { names: &self.list.parameters, values: arguments, n_rows, after: &after };
        let asked = question(call, given).map_err(|said| {
            self.caller.name.error(FetchErrorKind::BadRequest, format!("{}: {said}", self.list.name))
        })?;
        let Some(question) = asked else { return Ok((Vec::new(), Some(0))) };
        let size = match (call.paging.rows, &call.paging.limit) {
            (Some(rows), Some(_)) if partly => Some(rows.min(wanted)),
            (rows, _) => rows,
        };
        let mut n_after = 0;
        let mut is_after = window.after.is_none() || start.is_some();
        let enough = |page: &[Row]| {
            for row in page {
                n_after += u32::from(is_after);
                is_after = is_after || window.after.as_ref() == Some(&self.cursor(&self.columns.cells(&row.value)));
            }
            partly && n_after >= wanted
        };
        let rows_max = self.asked.rows_max;
        let reading = Reading { call, question: &question, size, rows_max, deadline: self.deadline };
        match self.caller.read(reading, enough).await {
            Ok(read) if read.end == (End::Cut { stated: true }) => Err(self.caller.violation(format!(
                "{}: a full page without a way to the next; say how pages follow in `paging`",
                self.list.name
            ))),
            Ok(read) => Ok((read.rows, read.total)),
            Err(Failure::NotFound { certain }) if certain || call.path.blanks().next().is_some() => {
                Ok((Vec::new(), Some(0)))
            }
            Err(Failure::NotFound { .. }) => {
                let detail = format!("{}: there is nothing at this path", self.list.name);
                Err(self.caller.name.error(FetchErrorKind::BadRequest, detail))
            }
            Err(Failure::Failed { error, .. }) => Err(error),
        }
    }

    fn cursor(&self, row: &[Cell<'_>]) -> Cursor {
        let text = |position: &usize| row.get(*position).and_then(cursor_text);
        Cursor(self.layout.order.iter().map(text).collect())
    }
}

/// Returns a cursor's text without the mark that tells texts from numbers.
fn bare(text: &str) -> String {
    text.strip_prefix('\'').unwrap_or(text).to_owned()
}
