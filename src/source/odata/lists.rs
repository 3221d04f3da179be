//! Lists: a window for each of many parents, pushed down to the server as conditions, order and `$top`.
//!
//! In: the parents' arguments and the window. Out: the rows of each parent's window, in the order they are read.
//!
//! Nulls come last in the graph. A list is first asked in the server's own order of nulls: forward, a page that begins with
//! a value is right in either order, and so is a list that fits one page once its nulls are moved. Else it is asked in two
//! runs (see `seek`). That works where only the first column of the order may be null; any other list is read whole and cut
//! here.

use std::time::Instant;

use futures_util::{StreamExt, stream};
use serde_json::Value;

use super::{
    ask::{Asker, Failure},
    decode::Body,
    encode::{Address, Filled, Question, filled, grouped, property},
    literal::Literals,
    seek::{OrderProperty, Run, Seek, Side, literals, order_by, seek},
    select::Wanted,
};
use crate::{
    contract::{Condition, List, OdataDialect, OdataList, OdataServer, OdataType, OdataVersion},
    fetch::{Count, Cursor, Direction, FetchError, FetchErrorKind, ListFetch, Window},
    source::{json::JsonColumns, layout::ListLayout},
    value::{Argument, Pointer},
};

/// How a list is asked, found out once.
pub struct ListAsking {
    pub columns: JsonColumns,
    pub layout: ListLayout,
    address: Address,
    order: Vec<OrderProperty>,
    condition: Option<Condition>,
    types: Vec<(String, OdataType)>,
    parameters: Vec<String>,
    server: OdataServer,
}

/// The rows of one parent.
#[derive(Debug, Default)]
pub struct Rows {
    /// The rows, in the order they are read; all of the list where `is_whole`.
    pub rows: Vec<Value>,
    /// Whether these are all rows of the list, in no order, from which the window is still to be cut.
    pub is_whole: bool,
    /// How many rows the list has.
    pub count: Option<u64>,
}

/// The cursors of a window as literals.
#[derive(Debug)]
pub struct Bounds {
    after: Option<Vec<Option<String>>>,
    before: Option<Vec<Option<String>>>,
}

/// A parent's condition.
#[derive(Debug)]
enum Parent {
    /// No row fulfils it.
    Nothing,
    /// The rows of this condition, or all.
    Rows(Option<String>),
}

impl ListAsking {
    /// Finds out how a list is asked.
    ///
    /// *Errors*: what the binding lacks, for the operator.
    pub fn new(list: &List, asked: &OdataList, dialect: &OdataDialect) -> Result<Self, String> {
        let columns = JsonColumns::of_list(list);
        let layout = ListLayout::new(list, columns.names())?;
        let wanted = Wanted::of_list(&asked.set, &columns);
        let order = list.order.iter().map(|order| {
            let name = &order.column;
            let pointer = list.fields.get(name).cloned().unwrap_or_else(|| Pointer::member(name));
            let path =
                property(&pointer).ok_or_else(|| format!("{}: `{pointer}` is no property to order by", list.name))?;
            let is_key = list.key_columns.iter().any(|key| key.eq_ignore_ascii_case(name));
            let nullable = !is_key && asked.nullable.as_ref().is_none_or(|columns| columns.contains(name));
            Ok(OrderProperty { path, ty: asked.set.types.get(name).copied(), descending: order.descending, nullable })
        });
        Ok(Self {
            order: order.collect::<Result<_, String>>()?,
            address: Address::new(&asked.set, dialect, &wanted),
            condition: asked.set.filter.clone(),
            types: asked.set.types.iter().map(|(name, ty)| (name.clone(), *ty)).collect(),
            parameters: list.parameters.clone(),
            server: asked.set.server.or(dialect.server),
            columns,
            layout,
        })
    }

    /// Whether the server can cut the window.
    fn is_pushed_down(&self) -> bool {
        self.order.iter().skip(1).all(|property| !property.nullable)
    }

    /// Reads the cursors of a window; `None` when one is not of this list.
    pub fn bounds(&self, window: &Window, of: Literals<'_>) -> Option<Bounds> {
        let read = |cursor: &Option<Cursor>| match cursor {
            None => Some(None),
            Some(cursor) => literals(&self.order, cursor, of).map(Some),
        };
        Some(Bounds { after: read(&window.after)?, before: read(&window.before)? })
    }

    /// Asks for the windows of distinct parents.
    pub async fn ask(
        &self,
        asker: &Asker,
        of: Literals<'_>,
        parents: &[&[Argument]],
        fetch: &ListFetch,
        bounds: &Bounds,
        deadline: Instant,
    ) -> Vec<Result<Rows, FetchError>> {
        let parents: Vec<Result<Parent, FetchError>> = (parents.iter())
            .map(|arguments| {
                let parent = self.parent(asker, of, arguments);
                parent.map_err(|detail| asker.name.error(FetchErrorKind::BadRequest, detail))
            })
            .collect();
        let is_bounded = bounds.after.is_some() || bounds.before.is_some();
        let counts_beside = fetch.count_up_to.is_some() && is_bounded && self.is_pushed_down();
        let wants_count = fetch.count_up_to.is_some() && !is_bounded;
        let windows: Vec<_> = (parents.iter())
            .map(|parent| match parent {
                Ok(Parent::Rows(condition)) => {
                    let condition = condition.as_deref();
                    Ok(Some(ParentWindow { asking: self, asker, condition, fetch, bounds, wants_count, deadline }))
                }
                Ok(Parent::Nothing) => Ok(None),
                Err(error) => Err(error.clone()),
            })
            .collect();
        let asked = || windows.iter().flatten().flatten();
        let mut questions: Vec<Question> = asked().filter_map(ParentWindow::first_question).collect();
        let n_questions = questions.len();
        questions.extend(asked().filter(|_| counts_beside).map(ParentWindow::counting));
        let mut answered = asker.ask(&questions, self.server, deadline).await;
        let mut counted = answered.split_off(n_questions).into_iter();
        let mut answered = answered.into_iter();
        let mut reading = Vec::with_capacity(windows.len());
        for window in &windows {
            let answers = window.as_ref().ok().and_then(Option::as_ref).map(|window| {
                let first = if window.first_question().is_some() { answered.next() } else { None };
                (first, if counts_beside { counted.next() } else { None })
            });
            reading.push(async move {
                match (window, answers) {
                    (Ok(Some(window)), Some((first, count))) => window.rows(first, count).await,
                    (Err(error), _) => Err(error.clone()),
                    _ => Ok(Rows { count: fetch.count_up_to.map(|_| 0), ..Rows::default() }),
                }
            });
        }
        stream::iter(reading).buffered(asker.calls_max).collect().await
    }

    fn parent(&self, asker: &Asker, of: Literals<'_>, arguments: &[Argument]) -> Result<Parent, String> {
        let Some(condition) = &self.condition else { return Ok(Parent::Rows(None)) };
        let argument = |name: &str| {
            let position = self.parameters.iter().position(|parameter| parameter == name);
            let argument = position.and_then(|position| arguments.get(position)).cloned().unwrap_or(Argument::Null);
            (argument, self.ty(name))
        };
        let in_operator = super::in_operator(asker.version, self.server);
        Ok(match filled(condition, &argument, of, in_operator)? {
            Filled::Never => Parent::Nothing,
            Filled::LeftOut | Filled::Always => Parent::Rows(None),
            Filled::Text(text) => Parent::Rows(Some(text)),
        })
    }

    fn ty(&self, name: &str) -> OdataType {
        self.types.iter().find(|(known, _)| known == name).map_or(OdataType::String, |(_, ty)| *ty)
    }

    /// Whether a row has no value in a column of the order.
    fn is_null(&self, row: &Value, column: usize) -> bool {
        let cells = self.columns.cells(row);
        self.layout.order.get(column).and_then(|at| cells.get(*at)).is_none_or(|cell| cell.text().is_none())
    }
}

/// Cuts a count at the bound up to which was to be counted.
pub fn bounded(count: u64, up_to: u64) -> Count {
    if count > up_to { Count::MoreThan(up_to) } else { Count::Exactly(count) }
}

/// The window of one parent.
struct ParentWindow<'a> {
    asking: &'a ListAsking,
    asker: &'a Asker,
    condition: Option<&'a str>,
    fetch: &'a ListFetch,
    bounds: &'a Bounds,
    wants_count: bool,
    deadline: Instant,
}

impl ParentWindow<'_> {
    /// One row more than the window has tells whether there are more.
    fn enough(&self) -> usize {
        self.fetch.window.n_rows as usize + 1
    }

    /// Whether a cursor stands at a null, where the server's own order of nulls cannot be read on in.
    fn starts_at_null(&self) -> bool {
        let sides = [&self.bounds.after, &self.bounds.before];
        sides.into_iter().flatten().any(|values| values.first().is_some_and(Option::is_none))
    }

    /// The question that is asked before anything is known of the rows.
    fn first_question(&self) -> Option<Question> {
        if !self.asking.is_pushed_down() {
            return Some(self.whole(0));
        }
        if self.starts_at_null() { None } else { self.of_run(Run::All, self.enough(), 0) }
    }

    /// Asks for rows of a run behind so many; `None` where the window has none of them.
    fn of_run(&self, run: Run, n_rows: usize, skipped: usize) -> Option<Question> {
        let order = &self.asking.order;
        let mut conditions: Vec<String> = self.condition.map(str::to_owned).into_iter().collect();
        conditions.extend(run.condition(order));
        for (side, values) in [(Side::After, &self.bounds.after), (Side::Before, &self.bounds.before)] {
            match values.as_ref().map(|values| seek(order, values, side, run)) {
                None | Some(Seek::Everything) => {}
                Some(Seek::Nothing) => return None,
                Some(Seek::Condition(condition)) => conditions.push(condition),
            }
        }
        let mut options = Vec::new();
        match conditions.as_slice() {
            [] => {}
            [condition] => options.push(("$filter", condition.clone())),
            conditions => {
                let all: Vec<String> = conditions.iter().map(|condition| grouped(condition)).collect();
                options.push(("$filter", all.join(" and ")));
            }
        }
        options.push(("$orderby", order_by(order, self.fetch.window.direction, run)));
        options.push(("$top", n_rows.to_string()));
        if skipped > 0 {
            options.push(("$skip", skipped.to_string()));
        } else if self.wants_count && run == Run::All {
            options.extend([self.count_option()]);
        }
        Some(self.asking.address.question(&options))
    }

    fn count_option(&self) -> (&'static str, String) {
        match self.asker.version {
            OdataVersion::V2 => ("$inlinecount", "allpages".to_owned()),
            OdataVersion::V4 => ("$count", "true".to_owned()),
        }
    }

    /// Asks how many rows the list has, and for a row beside: some servers take no `$top=0`.
    fn counting(&self) -> Question {
        let mut options: Vec<_> =
            self.condition.map(|condition| ("$filter", condition.to_owned())).into_iter().collect();
        options.extend([("$top", "1".to_owned()), self.count_option()]);
        self.asking.address.question(&options)
    }

    /// Asks for all rows behind so many.
    fn whole(&self, skipped: usize) -> Question {
        let mut options: Vec<_> =
            self.condition.map(|condition| ("$filter", condition.to_owned())).into_iter().collect();
        options.push(("$orderby", order_by(&self.asking.order, Direction::Forward, Run::All)));
        options.push(("$top", (super::ROWS_MAX + 1).to_string()));
        options.extend((skipped > 0).then(|| ("$skip", skipped.to_string())));
        self.asking.address.question(&options)
    }

    async fn rows(
        &self,
        first: Option<Result<Body, Failure>>,
        counted: Option<Result<Body, Failure>>,
    ) -> Result<Rows, FetchError> {
        let mut count = match counted {
            None => None,
            Some(body) => Some(body.map_err(|failure| failure.error)?.count),
        };
        let first = first.transpose().map_err(|failure| failure.error)?;
        if let Some(first) = &first
            && self.wants_count
        {
            count = Some(first.count);
        }
        if !self.asking.is_pushed_down() {
            let rows = self.read(first, &self.whole(0), super::ROWS_MAX + 1, &|skipped| self.whole(skipped)).await?;
            if rows.len() > super::ROWS_MAX {
                let detail = format!(
                    "the list has more than {} rows, and its order may have nulls behind the first column, so that the server \
                     cannot cut the page: name in `nullable` which columns may be null",
                    super::ROWS_MAX
                );
                return Err(self.violation(detail));
            }
            let count = self.fetch.count_up_to.map(|_| rows.len() as u64);
            return Ok(Rows { rows, is_whole: true, count });
        }
        // A server that does not count would be taken for one that has no rows.
        let count = match count {
            Some(None) => return Err(self.violation("the answer does not say how many rows there are".to_owned())),
            Some(count) => count,
            None => None,
        };
        let rows = match self.first_question() {
            None => self.in_runs().await?,
            Some(question) => {
                let enough = self.enough();
                let again = |skipped| {
                    self.of_run(Run::All, enough.saturating_sub(skipped), skipped).unwrap_or_else(|| question.clone())
                };
                let rows = self.read(first, &question, enough, &again).await?;
                self.in_order(rows).await?
            }
        };
        self.no_nulls_elsewhere(&rows)?;
        Ok(Rows { rows, is_whole: false, count })
    }

    async fn read(
        &self,
        first: Option<Body>,
        question: &Question,
        enough: usize,
        again: &(dyn Fn(usize) -> Question + Sync),
    ) -> Result<Vec<Value>, FetchError> {
        let (asker, server) = (self.asker, self.asking.server);
        let first = match first {
            Some(first) => first,
            None => {
                let body = asker.ask(std::slice::from_ref(question), server, self.deadline).await.pop();
                body.transpose().map_err(|failure| failure.error)?.unwrap_or_default()
            }
        };
        let (mut rows, _) = asker.read_on(question, first, enough, server, self.deadline, Some(again)).await?;
        rows.truncate(enough);
        Ok(rows)
    }

    /// Moves the nulls that a server has at its own end to the graph's, and fetches the rows that belong before these.
    async fn in_order(&self, rows: Vec<Value>) -> Result<Vec<Value>, FetchError> {
        let may_be_null = self.asking.order.first().is_some_and(|property| property.nullable);
        if !may_be_null || rows.is_empty() {
            return Ok(rows);
        }
        let is_cut = rows.len() >= self.enough();
        let starts_with_null = self.asking.is_null(&rows[0], 0);
        let is_backward = self.fetch.window.direction == Direction::Backward;
        match (is_cut, is_backward) {
            // The server has its nulls at the end where the graph has them, or has none.
            (true, true) if starts_with_null => return Ok(rows),
            (true, false) if !starts_with_null => return Ok(rows),
            (true, false) => return self.in_runs().await,
            _ => {}
        }
        let (mut missing, mut present): (Vec<Value>, Vec<Value>) =
            rows.into_iter().partition(|row| self.asking.is_null(row, 0));
        if is_cut {
            missing = self.of_one_run(Run::Missing, self.enough()).await?;
        }
        let mut rows = if is_backward {
            missing.append(&mut present);
            missing
        } else {
            present.append(&mut missing);
            present
        };
        rows.truncate(self.enough());
        Ok(rows)
    }

    /// Reads first the rows that come first in the graph's order, then the others.
    async fn in_runs(&self) -> Result<Vec<Value>, FetchError> {
        let runs = match self.fetch.window.direction {
            Direction::Forward => [Run::Present, Run::Missing],
            Direction::Backward => [Run::Missing, Run::Present],
        };
        let mut rows = Vec::new();
        for run in runs {
            let n_wanted = self.enough() - rows.len();
            rows.append(&mut self.of_one_run(run, n_wanted).await?);
        }
        Ok(rows)
    }

    async fn of_one_run(&self, run: Run, n_wanted: usize) -> Result<Vec<Value>, FetchError> {
        let Some(question) = self.of_run(run, n_wanted, 0).filter(|_| n_wanted > 0) else { return Ok(Vec::new()) };
        let again =
            |skipped| self.of_run(run, n_wanted.saturating_sub(skipped), skipped).unwrap_or_else(|| question.clone());
        self.read(None, &question, n_wanted, &again).await
    }

    /// A null in a column that the binding says has none would be at no place in the order.
    fn no_nulls_elsewhere(&self, rows: &[Value]) -> Result<(), FetchError> {
        for (n, property) in self.asking.order.iter().enumerate().filter(|(_, property)| !property.nullable) {
            if rows.iter().any(|row| self.asking.is_null(row, n)) {
                let detail = format!(
                    "{} is null in a row, and the list is ordered by it: name its column in `nullable`",
                    property.path
                );
                return Err(self.violation(detail));
            }
        }
        Ok(())
    }

    fn violation(&self, detail: String) -> FetchError {
        self.asker.name.error(FetchErrorKind::ContractViolation, detail)
    }
}
