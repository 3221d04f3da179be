//! What is kept for how long, and how much of it: the rest is deleted, in batches that hold up nobody.

use std::time::Duration;

use super::{
    exceptions::first_number,
    failure::LedgerError,
    store::{Statement, Store},
};

/// Rows deleted in one transaction, for which the writer waits.
const BATCH_ROWS: usize = 1_000;

/// Batches of one kind in one sweep; the next one goes on.
const BATCHES_MAX: usize = 200;

/// What is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    /// How long what is resolved is kept.
    pub resolved_for: Duration,
    /// Rows of exceptions, and as many of findings.
    pub rows_max: usize,
    /// How long changes wait for the webhook.
    pub changes_for: Duration,
    /// Changes that wait for it.
    pub changes_max: usize,
}

impl Store {
    /// Deletes what is kept no longer; returns how many rows that were.
    pub(super) async fn sweep(&self, kept: Kept, now_ms: i64) -> Result<u64, LedgerError> {
        let before = |age: Duration| now_ms.saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
        let resolved_ms = before(kept.resolved_for);
        let mut n_deleted = 0;
        for table in ["exception", "finding"] {
            let old = format!("{table} where resolved_at_ms < {resolved_ms} order by resolved_at_ms");
            n_deleted += self.delete(table, "id", &old, usize::MAX).await?;
            let n_over = self.n_over(table, kept.rows_max).await?;
            // What is resolved goes before what is open, and what was long ago before what was lately.
            let oldest = format!(
                "{table} order by case when resolved_at_ms is null then 1 else 0 end, coalesce(resolved_at_ms, \
                 last_seen_ms), id"
            );
            n_deleted += self.delete(table, "id", &oldest, n_over).await?;
        }
        let changes_ms = before(kept.changes_for);
        let old = format!("exception_change where at_ms < {changes_ms} order by at_ms");
        n_deleted += self.delete("exception_change", "id", &old, usize::MAX).await?;
        let n_over = self.n_over("exception_change", kept.changes_max).await?;
        n_deleted += self.delete("exception_change", "id", "exception_change order by id", n_over).await?;
        let old = format!("reconciliation_run where finished_at_ms < {resolved_ms} order by finished_at_ms");
        n_deleted += self.delete("reconciliation_run", "id", &old, usize::MAX).await?;
        let orphaned = "reconciliation_field where run not in (select id from reconciliation_run)";
        n_deleted += self.delete("reconciliation_field", "run", orphaned, usize::MAX).await?;
        Ok(n_deleted)
    }

    async fn n_over(&self, table: &str, rows_max: usize) -> Result<usize, LedgerError> {
        let rows = self.ask(Statement::of(format!("select count(*) from {table}"))).await?;
        Ok(first_number(rows.first())?.saturating_sub(rows_max))
    }

    /// Deletes so many rows at most, in batches.
    async fn delete(&self, table: &str, column: &str, which: &str, n_max: usize) -> Result<u64, LedgerError> {
        let (mut n_deleted, mut left) = (0, n_max);
        for _ in 0..BATCHES_MAX {
            let batch = left.min(BATCH_ROWS);
            if batch == 0 {
                break;
            }
            let sql = format!("delete from {table} where {column} in (select {column} from {which} limit {batch})");
            let mut lease = self.begin().await?;
            let n = lease.execute(Statement::of(sql)).await?;
            lease.commit().await?;
            n_deleted += n;
            left -= batch;
            if n < batch as u64 {
                break;
            }
            // A writer that waits has its turn.
            tokio::task::yield_now().await;
        }
        Ok(n_deleted)
    }
}
