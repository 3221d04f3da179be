//! Stretches: pages of exceptions, findings or runs for many who ask at once, forward and backward.
//!
//! In: who wants which rows, and the stretch all of them want. Out: for each the places of its rows, in the order they are read.
//! Rows stand in the order in which they were first seen, the last one first. That never changes, so that pages follow each other
//! without gap or repetition while rows are added and seen again.

use super::{
    exceptions::ExceptionFilter,
    failure::LedgerError,
    findings::FindingFilter,
    runs::RunFilter,
    store::{Row, Statement, Store, Value},
};

/// Who asks in one statement: SQLite joins no more than 500.
const ASKING_PER_STATEMENT: usize = 200;

/// Values beyond which nobody joins a statement: where each may see many accounts, a few statements are quicker than one.
const VALUES_JOINED: usize = 2_000;

/// Which rows somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// Exceptions.
    Exceptions(ExceptionFilter),
    /// Findings of reconciliation.
    Findings(FindingFilter),
    /// Runs of reconciliation.
    Runs(RunFilter),
}

/// Where a row stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// When it was first seen or begun, in milliseconds since 1970.
    pub at_ms: i64,
    /// Its id; of a run, its number.
    pub id: String,
}

/// Which of the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// Behind this one.
    pub after: Option<Mark>,
    /// Before this one.
    pub before: Option<Mark>,
    /// How many at most.
    pub rows: usize,
    /// Whether it is filled from the end.
    pub is_backward: bool,
}

/// Where rows of one kind stand.
struct Standing {
    table: &'static str,
    at: &'static str,
    has_numbers: bool,
}

impl Store {
    /// Returns where the rows of a stretch stand, for each who asks.
    ///
    /// *Shape*: one list per entry of `listed`, in order; the rows as they are read: a backward stretch begins at its end.
    /// *Errors*: also where a mark is none of such rows.
    pub async fn stretches(&self, listed: &[Listed], stretch: &Stretch) -> Result<Vec<Vec<Mark>>, LedgerError> {
        let mut found = vec![Vec::new(); listed.len()];
        let statements = joined(listed, |number, listed, statement| {
            let Standing { table, at, .. } = listed.standing();
            statement.push(&format!(
                "select * from (select cast({number} as bigint) as asking, {at} as at_ms, cast(id as text) as id from {table} \
                 where 1 = 1"
            ));
            listed.push(statement);
            listed.push_bound(" < ", stretch.after.as_ref(), statement)?;
            listed.push_bound(" > ", stretch.before.as_ref(), statement)?;
            let direction = if stretch.is_backward { "asc" } else { "desc" };
            statement.push(&format!(
                " order by {table}.{at} {direction}, {table}.id {direction} limit {}) as asked_{number}",
                stretch.rows
            ));
            Ok(())
        })?;
        for row in self.ask_all(statements).await? {
            let (number, mark) = (row.number(0)?, Mark { at_ms: row.number(1)?, id: row.text(2)? });
            if let Some(rows) = usize::try_from(number).ok().and_then(|number| found.get_mut(number)) {
                rows.push(mark);
            }
        }
        for (rows, listed) in found.iter_mut().zip(listed) {
            // What is joined may come in any order.
            rows.sort_by(|a, b| listed.place(a).cmp(&listed.place(b)));
            if !stretch.is_backward {
                rows.reverse();
            }
        }
        Ok(found)
    }

    /// Returns how many rows each has who asks, counted up to a bound: one more says that there are further ones.
    pub async fn listed_counts(&self, listed: &[Listed], up_to: u64) -> Result<Vec<u64>, LedgerError> {
        let mut counts = vec![0; listed.len()];
        let statements = joined(listed, |number, listed, statement| {
            let table = listed.standing().table;
            statement.push(&format!(
                "select cast({number} as bigint), count(*) from (select 1 as one from {table} where 1 = 1"
            ));
            listed.push(statement);
            statement.push(&format!(" limit {}) as counted_{number}", up_to.saturating_add(1)));
            Ok(())
        })?;
        for row in self.ask_all(statements).await? {
            let (number, n) = (row.number(0)?, row.number(1)?);
            if let Some(count) = usize::try_from(number).ok().and_then(|number| counts.get_mut(number)) {
                *count = n.unsigned_abs();
            }
        }
        Ok(counts)
    }

    async fn ask_all(&self, statements: Vec<Statement>) -> Result<Vec<Row>, LedgerError> {
        let mut rows = Vec::new();
        for statement in statements {
            rows.extend(self.ask(statement).await?);
        }
        Ok(rows)
    }
}

/// Joins what each asks, which `push` adds with its number, into as few statements as hold it.
///
/// *Errors*: also where one alone has more values than a statement may have.
fn joined(
    listed: &[Listed],
    push: impl Fn(usize, &Listed, &mut Statement) -> Result<(), LedgerError>,
) -> Result<Vec<Statement>, LedgerError> {
    let mut statements: Vec<Statement> = Vec::new();
    let (mut statement, mut n_asking) = (Statement::default(), 0);
    for (number, listed) in listed.iter().enumerate() {
        let before = statement.length();
        statement.push(if n_asking == 0 { "" } else { " union all " });
        push(number, listed, &mut statement)?;
        n_asking += 1;
        if n_asking > 1 && (n_asking > ASKING_PER_STATEMENT || statement.n_values() > VALUES_JOINED) {
            statement.cut(before);
            statements.push(std::mem::take(&mut statement));
            push(number, listed, &mut statement)?;
            n_asking = 1;
        }
        statement.check()?;
    }
    statements.extend((n_asking > 0).then_some(statement));
    Ok(statements)
}

impl Listed {
    /// Refuses what has more values than can be asked with at once, so that who asks for it fails alone and not with all
    /// who ask at once.
    pub fn check(&self) -> Result<(), LedgerError> {
        let mut alone = Statement::default();
        self.push(&mut alone);
        // The places that a page begins and ends at.
        alone.push_values([0_i64; 4]);
        alone.check()
    }

    fn standing(&self) -> Standing {
        match self {
            Self::Exceptions(_) => Standing { table: "exception", at: "first_seen_ms", has_numbers: false },
            Self::Findings(_) => Standing { table: "finding", at: "first_seen_ms", has_numbers: false },
            Self::Runs(_) => Standing { table: "reconciliation_run", at: "started_at_ms", has_numbers: true },
        }
    }

    /// Adds the conditions of whoever asks.
    fn push(&self, to: &mut Statement) {
        match self {
            Self::Exceptions(filter) => filter.push(to),
            Self::Findings(filter) => filter.push(to),
            Self::Runs(filter) => filter.push(to),
        }
    }

    fn push_bound(&self, comparison: &str, mark: Option<&Mark>, to: &mut Statement) -> Result<(), LedgerError> {
        let Some(mark) = mark else { return Ok(()) };
        let Standing { table, at, has_numbers } = self.standing();
        let id = match has_numbers {
            true => Value::from(number(mark).ok_or_else(|| LedgerError::Refused("no run has this number".to_owned()))?),
            false => Value::from(mark.id.as_str()),
        };
        to.push(&format!(" and ({table}.{at}, {table}.id){comparison}"));
        to.push_values([Value::from(mark.at_ms), id]);
        Ok(())
    }

    /// Returns what a row is sorted by.
    fn place<'m>(&self, mark: &'m Mark) -> (i64, Option<i64>, &'m str) {
        (mark.at_ms, number(mark).filter(|_| self.standing().has_numbers), &mark.id)
    }
}

/// Returns the number of a run.
fn number(mark: &Mark) -> Option<i64> {
    mark.id.parse().ok()
}
