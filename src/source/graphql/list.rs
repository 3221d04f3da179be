//! Lists: many parents in one document by aliases, paged by the system where it can, else read whole and cut here.
//!
//! In: a list fetch. Out: one page per parent. An error costs the parents it belongs to; a list that cannot be read to its
//! end is refused, never shortened.

use std::{collections::HashMap, sync::Arc, time::Instant};

use futures_util::{FutureExt, StreamExt, stream};
use serde_json::{Map, Value};

use super::{
    CALLS_AT_ONCE, GraphQlSource,
    decode::{AnswerError, Answered, Step},
    encode::{self, Question},
    portion::{self, CursorRow, Cut, Portion, cut},
    selection::Selection,
};
use crate::{
    contract::{GraphQlList, GraphQlMeaning, GraphQlPaging, List, ListBinding, TypeKind},
    fetch::{
        Cell, Clock, Count, Cursor, Direction, FetchError, FetchErrorKind, ListFetch, ListItem, Page, Stamp,
        SystemClock, Window,
    },
    source::{
        answer::{PageFacts, parted},
        json::JsonColumns,
        layout::ListLayout,
        window::{cursor_text, window},
    },
    value::{Argument, ListId},
};

/// How many rows of a connection are asked for at once where it has to be read whole and the binding does not say: what
/// most servers give.
const PAGE_ROWS: usize = 100;

/// How often a list is asked on. With a hundred rows a page it is the most rows a binding may read.
const ROUNDS_MAX: usize = 1_000;

/// What is known of a list's question.
pub(super) struct LearnedList {
    fields: String,
    columns: JsonColumns,
    layout: ListLayout,
}

/// What has been read of one parent's list.
#[derive(Default)]
struct Read {
    /// The rows in the list's order, each with the system's cursor where it has one.
    rows: Vec<CursorRow>,
    /// Whether there are rows beyond, in the direction read.
    has_more: bool,
    /// The number of all rows, where the system says it.
    count: Option<u64>,
    failed: Option<FetchError>,
}

/// A list being asked.
struct Asking<'a> {
    source: &'a GraphQlSource,
    list: &'a List,
    asked: &'a GraphQlList,
    learned: &'a LearnedList,
    fetch: &'a ListFetch,
    /// Whether the system cuts the window itself.
    is_pushed: bool,
    deadline: Instant,
}

impl GraphQlSource {
    pub(super) async fn fetch_pages(&self, fetch: &ListFetch) -> Result<Vec<Result<Page, FetchError>>, FetchError> {
        let list = self.contract.list(fetch.list);
        let ListBinding::GraphQl(asked) = &list.binding else {
            return Err(self.bad_request(format!("{}: the binding is of another kind", list.name)));
        };
        let learned = self.learned_list(fetch.list)?;
        // The same arguments are asked once, however many parents have them.
        let mut distinct: Vec<&[Argument]> = Vec::new();
        let mut numbers: HashMap<&[Argument], usize> = HashMap::new();
        let of_parent: Vec<usize> = (fetch.arguments.iter())
            .map(|arguments| {
                *numbers.entry(arguments).or_insert_with(|| {
                    distinct.push(arguments);
                    distinct.len() - 1
                })
            })
            .collect();
        let is_pushed = pushes(asked, &fetch.window);
        let deadline = fetch.deadline;
        let asking = Asking { source: self, list, asked, learned: &learned, fetch, is_pushed, deadline };
        let started_ms = SystemClock.now_ms();
        let read = asking.read(&distinct).await;
        let stamp = Stamp::answered(self.name.id(), started_ms);
        let pages: Vec<_> = read.into_iter().map(|read| asking.page(read, stamp)).collect();
        Ok(of_parent.into_iter().map(|number| pages[number].clone()).collect())
    }

    fn learned_list(&self, id: ListId) -> Result<Arc<LearnedList>, FetchError> {
        if let Some(learned) = self.lists.of(id) {
            return Ok(learned);
        }
        let list = self.contract.list(id);
        let mut columns = JsonColumns::of_list(list);
        let of = self.contract.types.get(list.of.index()).map(|ty| &ty.kind);
        if matches!(of, Some(TypeKind::Interface { .. } | TypeKind::Union { .. })) {
            columns = columns.with_type_name();
        }
        let layout = ListLayout::new(list, columns.names()).map_err(|detail| self.violation(detail))?;
        let fields = Selection::of_list(&columns).to_string();
        Ok(self.lists.keep(id, LearnedList { fields, columns, layout }))
    }
}

/// Whether a connection takes all that a window says.
fn pushes(asked: &GraphQlList, window: &Window) -> bool {
    let GraphQlPaging::Connection { .. } = &asked.paging else { return false };
    let takes = |name: &str| asked.document.variable(name).is_some();
    let count = if window.direction == Direction::Forward { "first" } else { "last" };
    takes(count) && (window.after.is_none() || takes("after")) && (window.before.is_none() || takes("before"))
}

impl Asking<'_> {
    /// Reads the lists of parents, as far as the window needs them.
    async fn read(&self, parents: &[&[Argument]]) -> Vec<Read> {
        let mut all: Vec<Read> = parents.iter().map(|_| Read::default()).collect();
        let mut open: Vec<usize> = (0..parents.len()).collect();
        let per_call = if self.asked.document.has_fragment_variables() { 1 } else { self.asked.aliases_max };
        for _ in 0..ROUNDS_MAX {
            if open.is_empty() {
                return all;
            }
            let known = &all;
            let calls: Vec<_> =
                open.chunks(per_call).map(|numbers| self.portions(parents, numbers, known).boxed()).collect();
            let answers: Vec<_> = stream::iter(calls).buffered(CALLS_AT_ONCE).collect().await;
            let mut next = Vec::new();
            for (numbers, portions) in open.chunks(per_call).zip(answers) {
                for (number, portion) in numbers.iter().zip(portions) {
                    if self.take(&mut all[*number], portion) {
                        next.push(*number);
                    }
                }
            }
            open = next;
        }
        let detail = format!("{}: {ROUNDS_MAX} calls did not reach the list's end", self.list.name);
        for number in open {
            all[number].failed = Some(self.source.violation(&detail));
        }
        all
    }

    /// How many rows the next call asks for.
    fn rows_wanted(&self, read: &Read) -> usize {
        let page_rows = self.asked.page_rows.unwrap_or(PAGE_ROWS);
        if self.is_pushed {
            let missing = (self.fetch.window.n_rows as usize).saturating_sub(read.rows.len());
            self.asked.page_rows.map_or(missing, |most| missing.min(most)).max(1)
        } else {
            page_rows
        }
    }

    /// Takes a portion; whether there is more to ask for.
    fn take(&self, read: &mut Read, portion: Result<Portion, FetchError>) -> bool {
        let portion = match portion {
            Ok(portion) => portion,
            Err(error) => {
                read.failed = Some(error);
                return false;
            }
        };
        let n_rows = portion.rows.len();
        let is_backward = self.is_pushed && self.fetch.window.direction == Direction::Backward;
        read.count = read.count.or(portion.count);
        match &self.asked.paging {
            GraphQlPaging::Connection { .. } => {
                read.has_more = if is_backward { portion.has_previous } else { portion.has_next };
                if is_backward {
                    read.rows.splice(0..0, portion.rows);
                } else {
                    read.rows.extend(portion.rows);
                }
            }
            GraphQlPaging::Offset { .. } => {
                read.has_more = n_rows >= self.rows_wanted(read);
                read.rows.extend(portion.rows);
            }
            GraphQlPaging::Whole => {
                read.rows.extend(portion.rows);
                if self.asked.page_rows.is_some_and(|page_rows| n_rows >= page_rows) {
                    let detail = format!(
                        "{}: {n_rows} rows came, which is all the system gives at once; name the variables `limit` and \
                         `offset` by which it is asked on",
                        self.list.name
                    );
                    read.failed = Some(self.source.violation(detail));
                    return false;
                }
            }
        }
        if self.is_pushed {
            if read.has_more && n_rows == 0 {
                let detail = format!("{}: the connection says there is more and gives nothing", self.list.name);
                read.failed = Some(self.source.violation(detail));
                return false;
            }
            return read.has_more && read.rows.len() < self.fetch.window.n_rows as usize;
        }
        if read.rows.len() > self.asked.rows_max {
            let detail = format!(
                "{}: the list has more than {} rows, and the system does not page as it is asked to; raise `rows_max` or \
                 bind a connection",
                self.list.name, self.asked.rows_max
            );
            read.failed = Some(self.source.violation(detail));
            return false;
        }
        read.has_more && n_rows > 0
    }

    /// Asks once for some parents.
    async fn portions(
        &self,
        parents: &[&[Argument]],
        numbers: &[usize],
        known: &[Read],
    ) -> Vec<Result<Portion, FetchError>> {
        let question = match self.question(parents, numbers, known) {
            Ok(question) => question,
            Err(detail) if numbers.len() == 1 => {
                return vec![Err(self.source.bad_request(format!("{}: {detail}", self.list.name)))];
            }
            // One parent's argument does not fit: the others are asked without it.
            Err(_) => {
                let mut portions = Vec::with_capacity(numbers.len());
                for number in numbers {
                    portions.extend(Box::pin(self.portions(parents, &[*number], known)).await);
                }
                return portions;
            }
        };
        match self.source.ask(&question, self.deadline).await {
            Ok(answered) => self.split(numbers.len(), answered),
            Err(error) => numbers.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    fn question(&self, parents: &[&[Argument]], numbers: &[usize], known: &[Read]) -> Result<Question, String> {
        let document = &self.asked.document;
        let mut variables: Map<String, Value> = self.asked.constants.iter().cloned().collect();
        for (n, number) in numbers.iter().enumerate() {
            let name = |name: &str| if numbers.len() == 1 { name.to_owned() } else { encode::numbered(name, n) };
            for (parameter, argument) in self.list.parameters.iter().zip(parents[*number]) {
                let Some(variable) = document.variable(parameter) else { continue };
                if let Some(value) = encode::argument(variable, argument)? {
                    variables.insert(name(parameter), value);
                }
            }
            for (paging, value) in self.paging(&known[*number]) {
                if document.variable(paging).is_some() {
                    variables.insert(name(paging), value);
                }
            }
        }
        let query = if numbers.len() == 1 {
            encode::print(document, &self.learned.fields)
        } else {
            let shared: Vec<&str> = self.asked.constants.iter().map(|(name, _)| name.as_str()).collect();
            encode::print_copies(document, &self.learned.fields, numbers.len(), &shared)
        };
        Ok(Question { query, variables })
    }

    /// The variables that say which rows come next.
    fn paging(&self, read: &Read) -> Vec<(&str, Value)> {
        let n_rows = Value::from(self.rows_wanted(read));
        let own = |cursor: &Option<Cursor>| cursor.as_ref().and_then(|cursor| cursor.0.first().cloned().flatten());
        let last = || read.rows.last().and_then(|(cursor, _)| cursor.clone());
        let first = || read.rows.first().and_then(|(cursor, _)| cursor.clone());
        let window = &self.fetch.window;
        let (is_forward, after, before) = match (&self.asked.paging, self.is_pushed) {
            (GraphQlPaging::Whole, _) => return Vec::new(),
            (GraphQlPaging::Offset { limit, offset }, _) => {
                return vec![(limit, n_rows), (offset, Value::from(read.rows.len()))];
            }
            (GraphQlPaging::Connection { .. }, false) => (true, last(), None),
            (GraphQlPaging::Connection { .. }, true) => match window.direction {
                Direction::Forward => (true, last().or_else(|| own(&window.after)), own(&window.before)),
                Direction::Backward => (false, own(&window.after), first().or_else(|| own(&window.before))),
            },
        };
        let mut paging = vec![(if is_forward { "first" } else { "last" }, n_rows)];
        paging.extend(after.map(|after| ("after", Value::from(after))));
        paging.extend(before.map(|before| ("before", Value::from(before))));
        paging
    }

    /// Gives each parent its part of an answer.
    fn split(&self, n_parents: usize, mut answered: Answered) -> Vec<Result<Portion, FetchError>> {
        let (root, way) = self.asked.rows.split_first().map_or(("", &[][..]), |(root, way)| (root.as_str(), way));
        let keys: Vec<String> = match n_parents {
            1 => vec![root.to_owned()],
            n => (0..n).map(|number| encode::alias(&self.asked.document, number, root)).collect(),
        };
        let mut data = answered.data.take();
        let mut failed: Vec<Option<FetchError>> = vec![None; n_parents];
        for error in &answered.errors {
            match self.parent_of(error, &keys) {
                // A parent that the system does not know has an empty list.
                Some(parent) if self.source.meaning(error, &answered) == GraphQlMeaning::Absent && data.is_some() => {
                    if let Some(Value::Object(members)) = &mut data {
                        members.entry(keys[parent].clone()).or_insert(Value::Null);
                    }
                }
                Some(parent) if data.is_some() => failed[parent] = Some(self.source.failure(error, &answered)),
                _ => {
                    let failure = self.source.failure(error, &answered);
                    return keys.iter().map(|_| Err(failure.clone())).collect();
                }
            }
        }
        let mut data = data.unwrap_or_default();
        let portion = |(key, failed): (&String, Option<FetchError>)| match failed {
            Some(error) => Err(error),
            None => match data.get_mut(key).map(Value::take) {
                Some(found) => {
                    let read = portion::read(&self.asked.paging, found, way);
                    read.map_err(|detail| self.source.violation(format!("{}: {detail}", self.list.name)))
                }
                None => Err(self.source.violation(format!("{}: the answer has no {key}", self.list.name))),
            },
        };
        keys.iter().zip(failed).map(portion).collect()
    }

    fn parent_of(&self, error: &AnswerError, keys: &[String]) -> Option<usize> {
        match error.path.first()? {
            Step::Member(first) => keys.iter().position(|key| key == first),
            Step::Element(_) => None,
        }
    }

    /// Makes a parent's page.
    fn page(&self, read: Read, stamp: Stamp) -> Result<Page, FetchError> {
        if let Some(error) = read.failed {
            return Err(error);
        }
        let asked = &self.fetch.window;
        let facts = PageFacts { list: self.list, layout: &self.learned.layout, window: asked, cursor_text };
        let foreign = || {
            let detail = format!("a cursor is not of the list {}", self.list.name);
            self.source.name.error(FetchErrorKind::ForeignCursor, detail)
        };
        let GraphQlPaging::Connection { .. } = &self.asked.paging else {
            let count = self.fetch.count_up_to.map(|_| Count::Exactly(read.rows.len() as u64));
            let cells: Vec<Vec<Cell<'_>>> = read.rows.iter().map(|(_, row)| self.learned.columns.cells(row)).collect();
            let rows = window(self.list, &self.learned.layout, cells, asked).ok_or_else(foreign)?;
            return facts.page(&self.source.name, &rows, count, stamp);
        };
        let cut = if self.is_pushed { self.pushed(&read) } else { cut(&read.rows, asked).ok_or_else(foreign)? };
        let mut rows = Vec::with_capacity(cut.rows.len());
        for (cursor, row) in cut.rows {
            let read = facts.row(&self.learned.columns.cells(row)).map_err(|detail| self.source.violation(detail))?;
            let cursor = Cursor(vec![cursor.clone()]);
            rows.push(match read {
                Ok(item) => Ok(ListItem { cursor, ..item }),
                Err(_) => Err(cursor),
            });
        }
        let (items, left_out) = parted(rows);
        let whole = (!self.is_pushed).then_some(read.rows.len() as u64);
        let count = self.fetch.count_up_to.and(read.count.or(whole)).map(Count::Exactly);
        Ok(Page { items, has_next: cut.has_next, has_previous: cut.has_previous, count, stamp, left_out })
    }

    /// Cuts what the system gave beyond what it was asked for.
    fn pushed<'r>(&self, read: &'r Read) -> Cut<'r> {
        let window = &self.fetch.window;
        let n_rows = window.n_rows as usize;
        let beyond = read.has_more || read.rows.len() > n_rows;
        match window.direction {
            Direction::Forward => Cut {
                rows: &read.rows[..read.rows.len().min(n_rows)],
                has_next: beyond,
                has_previous: window.after.is_some(),
            },
            Direction::Backward => Cut {
                rows: &read.rows[read.rows.len().saturating_sub(n_rows)..],
                has_next: window.before.is_some(),
                has_previous: beyond,
            },
        }
    }
}
