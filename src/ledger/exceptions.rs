//! Reading exceptions: by what they are about, page by page, and how many there are.

use super::{
    failure::LedgerError,
    judge::Row,
    observation::{Entity, Severity},
    record::{COLUMNS, read},
    store::{Statement, Store},
};

/// Rows of a page at most.
const PAGE_ROWS_MAX: usize = 1_000;

/// Ids of one statement.
pub(super) const IDS_PER_STATEMENT: usize = 1_000;

/// How far is counted: further, a number says no more than that there are too many.
const COUNT_MAX: usize = 10_000;

/// An exception as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// What it is told apart by: a digest of code, entity, account, system and line.
    pub id: String,
    /// The rule that saw it last.
    pub rule: String,
    /// The reason's code.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// The freshness domain of what is wrong.
    pub domain: Option<String>,
    /// Whom it is about.
    pub entity: Entity,
    /// The account it concerns.
    pub account: Option<String>,
    /// The system whose data is wrong, or that failed.
    pub system: Option<String>,
    /// The line of an order or a cart.
    pub line: Option<String>,
    /// What is wrong, for a person.
    pub message: String,
    /// What shows it, as JSON. It may hold limits and prices.
    pub evidence: Option<String>,
    /// When it was first seen, in milliseconds since 1970.
    pub first_seen_ms: i64,
    /// When it was last seen.
    pub last_seen_ms: i64,
    /// In how many judgements.
    pub n_seen: i64,
    /// How often it was seen again after it had been resolved.
    pub n_reopened: i64,
    /// When it was resolved, unless it holds as far as is known.
    pub resolved_at_ms: Option<i64>,
}

/// Whether exceptions hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// Both.
    #[default]
    Any,
    /// They hold, as far as is known.
    Open,
    /// They do not.
    Resolved,
}

/// Which exceptions. What is empty or `None` does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExceptionFilter {
    /// One of these codes.
    pub codes: Vec<String>,
    /// One of these severities.
    pub severities: Vec<Severity>,
    /// About an entity of this type.
    pub entity_type: Option<String>,
    /// About an entity with this key.
    pub entity_key: Option<String>,
    /// Concerning one of these accounts. Who may see some accounts only is given them here.
    pub accounts: Option<Vec<String>>,
    /// Of this system.
    pub system: Option<String>,
    /// Whether they hold.
    pub state: State,
    /// Seen then or later, in milliseconds since 1970.
    pub since_ms: Option<i64>,
}

/// Which rows of those that fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// How many; 1,000 at most.
    pub rows: usize,
    /// Behind this cursor, which another page gave.
    pub after: Option<String>,
}

/// A page, the last seen first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paged<T> {
    /// Its rows.
    pub rows: Vec<T>,
    /// The cursor behind its last row, where there are further ones.
    pub next: Option<String>,
}

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// How many, up to 10,000.
    pub n: usize,
    /// Whether there are more.
    pub is_more: bool,
}

/// How many exceptions of one code hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCount {
    /// The code.
    pub code: String,
    /// How bad they are.
    pub severity: Severity,
    /// How many.
    pub n: i64,
}

impl Page {
    /// Returns the first page of so many rows.
    pub fn first(rows: usize) -> Self {
        Self { rows, after: None }
    }
}

impl Store {
    /// Returns a page of the exceptions that fit.
    pub async fn exceptions(&self, filter: &ExceptionFilter, page: &Page) -> Result<Paged<Exception>, LedgerError> {
        let mut statement = Statement::of(format!("select {COLUMNS} from exception where 1 = 1"));
        filter.push(&mut statement);
        let n_rows = push_page(&mut statement, page)?;
        let rows = self.ask(statement).await?;
        let rows = rows.iter().map(|row| read(row).map(|(id, row)| Exception::of(id, row)));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        Ok(paged(rows, n_rows, |exception| (exception.last_seen_ms, &exception.id)))
    }

    /// Returns the exceptions with these ids, in no order.
    pub async fn exceptions_with(&self, ids: &[&str]) -> Result<Vec<Exception>, LedgerError> {
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(IDS_PER_STATEMENT) {
            let mut statement = Statement::of(format!("select {COLUMNS} from exception where id in "));
            statement.push_values(ids.iter().copied());
            for row in self.ask(statement).await? {
                found.push(read(&row).map(|(id, row)| Exception::of(id, row))?);
            }
        }
        Ok(found)
    }

    /// Counts the exceptions that fit.
    pub async fn exceptions_count(&self, filter: &ExceptionFilter) -> Result<Count, LedgerError> {
        let mut statement = Statement::of("select count(*) from (select 1 as one from exception where 1 = 1");
        filter.push(&mut statement);
        statement.push(&format!(" limit {}) as counted", COUNT_MAX + 1));
        let n = first_number(self.ask(statement).await?.first())?;
        Ok(Count { n: n.min(COUNT_MAX), is_more: n > COUNT_MAX })
    }

    /// Counts the exceptions that hold, by code and severity, the worst and most frequent first.
    pub async fn open_exceptions(&self) -> Result<Vec<OpenCount>, LedgerError> {
        let sql = "select code, severity, count(*) from exception where resolved_at_ms is null group by code, severity order \
                   by case severity when 'BLOCKING' then 0 when 'WARNING' then 1 else 2 end, 3 desc, 1";
        let rows = self.ask(Statement::of(sql)).await?;
        let count = |row: &super::store::Row| {
            let severity = Severity::of_word(&row.text(1)?).unwrap_or(Severity::Info);
            Ok(OpenCount { code: row.text(0)?, severity, n: row.number(2)? })
        };
        rows.iter().map(count).collect()
    }
}

impl Exception {
    fn of(id: String, row: Row) -> Self {
        let Row { seen, rule, first_seen_ms, last_seen_ms, n_seen, n_reopened, resolved_at_ms, .. } = row;
        Self {
            id,
            rule,
            code: seen.code,
            severity: seen.severity,
            domain: seen.domain,
            entity: seen.entity,
            account: seen.account,
            system: seen.system,
            line: seen.line,
            message: seen.message,
            evidence: seen.evidence,
            first_seen_ms,
            last_seen_ms,
            n_seen,
            n_reopened,
            resolved_at_ms,
        }
    }
}

impl ExceptionFilter {
    /// Adds its conditions.
    pub(super) fn push(&self, to: &mut Statement) {
        push_any(to, "code", self.codes.iter().map(String::as_str));
        push_any(to, "severity", self.severities.iter().map(|severity| severity.word()));
        push_any(to, "entity_type", self.entity_type.as_deref());
        push_any(to, "entity_key", self.entity_key.as_deref());
        if let Some(accounts) = &self.accounts {
            // Whoever may see no account sees nothing.
            match accounts.is_empty() {
                true => to.push(" and 1 = 0"),
                false => push_any(to, "account", accounts.iter().map(String::as_str)),
            }
        }
        push_any(to, "system", self.system.as_deref());
        push_state(to, self.state);
        if let Some(since_ms) = self.since_ms {
            to.push(" and last_seen_ms >= ");
            to.push_value(since_ms);
        }
    }
}

/// Adds that a column holds one of these, if there are any.
pub(super) fn push_any<'a>(to: &mut Statement, column: &str, wanted: impl IntoIterator<Item = &'a str>) {
    let mut wanted = wanted.into_iter().peekable();
    if wanted.peek().is_some() {
        to.push(&format!(" and {column} in "));
        to.push_values(wanted);
    }
}

/// Adds whether what is asked for holds.
pub(super) fn push_state(to: &mut Statement, state: State) {
    to.push(match state {
        State::Any => "",
        State::Open => " and resolved_at_ms is null",
        State::Resolved => " and resolved_at_ms is not null",
    });
}

/// Adds the order, the cursor and the bound; returns how many rows the page has.
pub(super) fn push_page(to: &mut Statement, page: &Page) -> Result<usize, LedgerError> {
    let n_rows = page.rows.clamp(1, PAGE_ROWS_MAX);
    if let Some(cursor) = &page.after {
        let unread = || LedgerError::Refused("a cursor that no page gave".to_owned());
        let (seen_ms, id) = cursor.split_once('.').ok_or_else(unread)?;
        let seen_ms: i64 = seen_ms.parse().map_err(|_| unread())?;
        to.push(" and (last_seen_ms, id) < (");
        to.push_value(seen_ms);
        to.push(", ");
        to.push_value(id);
        to.push(")");
    }
    // One more tells whether there is a next page.
    to.push(&format!(" order by last_seen_ms desc, id desc limit {}", n_rows + 1));
    Ok(n_rows)
}

/// Cuts a page out of its rows and the one behind them.
pub(super) fn paged<T>(mut rows: Vec<T>, n_rows: usize, place: impl Fn(&T) -> (i64, &String)) -> Paged<T> {
    let is_more = rows.len() > n_rows;
    rows.truncate(n_rows);
    let cursor = |row| {
        let (seen_ms, id) = place(row);
        format!("{seen_ms}.{id}")
    };
    let next = rows.last().filter(|_| is_more).map(cursor);
    Paged { rows, next }
}

/// Returns the number of a row with one column.
pub(super) fn first_number(row: Option<&super::store::Row>) -> Result<usize, LedgerError> {
    let n = row.map(|row| row.number(0)).transpose()?.unwrap_or_default();
    Ok(usize::try_from(n).unwrap_or_default())
}

/// Prints a time, as `2026-03-02T08:15:00Z`.
pub(super) fn time_text(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).map_or_else(|_| at_ms.to_string(), |at| at.to_string())
}
