//! A batch of observations is written: what stands there is read, judged, and written back, in one transaction that no other
//! writer comes between. What changed goes beside it, for the webhook, in the order in which it was committed.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::{
    exceptions::time_text,
    failure::LedgerError,
    judge::{Became, Change, Judged, Row},
    observation::{Entity, Noted, Seen, Severity},
    store::{Lease, Row as Stored, Statement, Store, Value},
};

/// Rows or keys of one statement. Both kinds take at least 32,000 values in one.
const ROWS_PER_STATEMENT: usize = 200;

/// The columns of an exception, in the order of [`read`] and [`values`].
pub(super) const COLUMNS: &str = "id, subject, rule, code, severity, domain, entity_type, entity_key, account, system, line, \
                                  message, evidence, first_seen_ms, last_seen_ms, n_seen, n_reopened, resolved_at_ms";

/// Everything but what an exception is told apart by.
const REWRITE: &str = " on conflict (id) do update set subject = excluded.subject, rule = excluded.rule, severity = \
                       excluded.severity, domain = excluded.domain, message = excluded.message, evidence = \
                       excluded.evidence, first_seen_ms = excluded.first_seen_ms, last_seen_ms = excluded.last_seen_ms, \
                       n_seen = excluded.n_seen, n_reopened = excluded.n_reopened, resolved_at_ms = \
                       excluded.resolved_at_ms";

/// What became of exceptions with a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Those seen for the first time.
    pub n_new: usize,
    /// Those seen again after they had been resolved.
    pub n_reopened: usize,
    /// Those that do not hold any more.
    pub n_resolved: usize,
}

/// Writes a batch.
pub(super) async fn record(store: &Store, batch: &[Noted]) -> Result<Outcome, LedgerError> {
    if batch.iter().all(|noted| noted.seen.is_empty()) && !is_open(store, batch).await? {
        return Ok(Outcome::default());
    }
    let mut lease = store.begin().await?;
    let mut judged = load(&mut lease, batch).await?;
    batch.iter().for_each(|noted| judged.apply(noted));
    let rows: Vec<_> = judged.touched().collect();
    for rows in rows.chunks(ROWS_PER_STATEMENT) {
        let mut statement = Statement::of(format!("insert into exception ({COLUMNS}) values "));
        for (n, (id, row)) in rows.iter().enumerate() {
            statement.push(if n == 0 { "" } else { ", " });
            statement.push_values(values(id, row));
        }
        statement.push(REWRITE);
        lease.execute(statement).await?;
    }
    for changes in judged.changes.chunks(ROWS_PER_STATEMENT) {
        let mut statement = Statement::of("insert into exception_change (at_ms, change, exception, body) values ");
        for (n, change) in changes.iter().enumerate() {
            statement.push(if n == 0 { "" } else { ", " });
            let word = Value::from(change.became.word());
            let body = told(change).to_string();
            statement.push_values([Value::from(change.at_ms), word, change.id.as_str().into(), body.into()]);
        }
        lease.execute(statement).await?;
    }
    lease.commit().await?;
    let count = |became| judged.changes.iter().filter(|change| change.became == became).count();
    Ok(Outcome { n_new: count(Became::New), n_reopened: count(Became::Reopened), n_resolved: count(Became::Resolved) })
}

/// Whether anything is open of what a batch judges. Asked without holding up other writers: what one of them writes just
/// after it stays open until it is judged again, as it does where it is written after the whole batch.
async fn is_open(store: &Store, batch: &[Noted]) -> Result<bool, LedgerError> {
    let subjects: Vec<&str> = batch.iter().map(|noted| noted.subject.as_str()).collect();
    for subjects in subjects.chunks(ROWS_PER_STATEMENT) {
        let mut statement = Statement::of("select 1 from exception where resolved_at_ms is null and subject in ");
        statement.push_values(subjects.iter().copied());
        statement.push(" limit 1");
        if !store.ask(statement).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Reads what a batch may change: what it has seen, and what its subjects saw last and still holds.
async fn load(lease: &mut Lease<'_>, batch: &[Noted]) -> Result<Judged, LedgerError> {
    let ids: BTreeSet<&str> = batch.iter().flat_map(|noted| &noted.seen).map(|(id, _)| id.as_str()).collect();
    let subjects = batch.iter().filter(|noted| noted.is_complete).map(|noted| noted.subject.as_str());
    let subjects: BTreeSet<&str> = subjects.collect();
    let mut judged = Judged::default();
    for (column, condition, wanted) in [("id", "", ids), ("subject", " and resolved_at_ms is null", subjects)] {
        let wanted: Vec<&str> = wanted.into_iter().collect();
        for wanted in wanted.chunks(ROWS_PER_STATEMENT) {
            let mut statement = Statement::of(format!("select {COLUMNS} from exception where {column} in "));
            statement.push_values(wanted.iter().copied());
            statement.push(condition);
            for row in lease.fetch(statement).await? {
                let (id, row) = read(&row)?;
                judged.load(id, row);
            }
        }
    }
    Ok(judged)
}

/// Reads a row of [`COLUMNS`].
pub(super) fn read(row: &Stored) -> Result<(String, Row), LedgerError> {
    let severity = row.text(4)?;
    let seen = Seen {
        code: row.text(3)?,
        severity: Severity::of_word(&severity)
            .ok_or_else(|| LedgerError::Refused(format!("there is no severity `{severity}`")))?,
        domain: row.text_or_null(5)?,
        entity: Entity { type_name: row.text(6)?, key: row.text(7)? },
        account: row.text_or_null(8)?,
        system: row.text_or_null(9)?,
        line: row.text_or_null(10)?,
        message: row.text(11)?,
        evidence: row.text_or_null(12)?,
    };
    let read = Row {
        seen,
        subject: row.text(1)?,
        rule: row.text(2)?,
        first_seen_ms: row.number(13)?,
        last_seen_ms: row.number(14)?,
        n_seen: row.number(15)?,
        n_reopened: row.number(16)?,
        resolved_at_ms: row.number_or_null(17)?,
    };
    Ok((row.text(0)?, read))
}

fn values(id: &str, row: &Row) -> [Value; 18] {
    let seen = &row.seen;
    [
        id.into(),
        row.subject.clone().into(),
        row.rule.clone().into(),
        seen.code.clone().into(),
        seen.severity.word().into(),
        seen.domain.clone().into(),
        seen.entity.type_name.clone().into(),
        seen.entity.key.clone().into(),
        seen.account.clone().into(),
        seen.system.clone().into(),
        seen.line.clone().into(),
        seen.message.clone().into(),
        seen.evidence.clone().into(),
        row.first_seen_ms.into(),
        row.last_seen_ms.into(),
        row.n_seen.into(),
        row.n_reopened.into(),
        row.resolved_at_ms.into(),
    ]
}

/// Says what a webhook tells of a change. Without the evidence, which holds limits and prices: whoever may see them asks.
fn told(change: &Change) -> Json {
    let Change { became, at_ms, id, row } = change;
    let Row { seen, .. } = row;
    json!({
        "change": became.word(),
        "at": time_text(*at_ms),
        "exception": {
            "id": id,
            "code": seen.code,
            "severity": seen.severity.word(),
            "domain": seen.domain,
            "entity": { "type": seen.entity.type_name, "key": seen.entity.key },
            "account": seen.account,
            "system": seen.system,
            "line": seen.line,
            "message": seen.message,
            "firstSeen": time_text(row.first_seen_ms),
            "lastSeen": time_text(row.last_seen_ms),
            "count": row.n_seen,
            "reopened": row.n_reopened,
            "resolvedAt": row.resolved_at_ms.map(time_text),
        },
    })
}
