//! The frontier: how far the server has written, asked over a connection of our own beside the one that replicates.
//!
//! In: a slot and a publication. Out: a position behind everything that was committed before the question was put. By it the
//! owner says itself how much a feed has yet to deliver; no clock has a part in it. It says so only while the feed can tell
//! everything: while the slot is read at this very server, and publication and tables are as they were when it began.
//!
//! A transaction is delivered as soon as it is written, and seen a moment later. Whoever asks in between is told what was before
//! it; that the recall of a change reaches into the future by the clock allowance is what takes it back, as long as that
//! moment and what clocks differ by are less together. Only where standbys are waited for may it be longer.

use std::time::Duration;

use sqlx::{
    Connection, PgConnection, Row,
    postgres::{PgConnectOptions, PgRow},
};

use super::replicate::Position;
use crate::contract::Replication;

/// The position of the next byte to be written: a transaction that others see has all of its bytes before it, whether they
/// are on disk yet or not. Where the slot is read, and what decides what the feed is told: the publication, with the versions
/// of its rows, for altering it back and forth leaves others; of each table its file, which DDL that rewrites values
/// replaces without telling a row, its replica identity and its columns; and of each part of a partitioned table its file,
/// and the version of the row that makes it one, for a part that is attached or detached brings and takes rows untold.
const QUESTION: &str = "\
select pg_current_wal_insert_lsn()::text,
  exists (select from pg_replication_slots where slot_name = $1 and active),
  coalesce((select pubinsert and pubupdate and pubdelete and pubtruncate from pg_publication where pubname = $2), false)
    and not exists (select from pg_publication_tables t where pubname = $2 and schemaname || '.' || tablename = any($3)
      and to_jsonb(t) ->> 'rowfilter' is not null),
  array(select part from (
    select 'publication ' || p.oid::text || ' ' || p.xmin::text from pg_publication p where pubname = $2
    union all select 'of ' || r.oid::text || ' ' || r.xmin::text from pg_publication_rel r join pg_publication p on p.oid = r.prpubid
      where pubname = $2
    union all select 'published ' || schemaname::text || '.' || tablename::text from pg_publication_tables where pubname = $2
    union all select 'part ' || t.part::oid::text || ' ' || t.version || ' ' || p.relfilenode::text from (
      with recursive tree (part, version) as (
        select i.inhrelid, i.xmin::text from pg_inherits i join pg_class c on c.oid = i.inhparent
          join pg_namespace n on n.oid = c.relnamespace where n.nspname || '.' || c.relname = any($3)
        union all select i.inhrelid, i.xmin::text from pg_inherits i join tree on i.inhparent = tree.part)
      select part, version from tree) t join pg_class p on p.oid = t.part
    union all select 'table ' || c.oid::text || ' ' || c.relfilenode::text || ' ' || c.relreplident::text || ' ' || array(
      select attname::text || ' ' || atttypid::text from pg_attribute where attrelid = c.oid and attnum > 0 order by attnum)::text
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname || '.' || c.relname = any($3)
  ) parts (part) order by part),
  current_setting('synchronous_standby_names') = '',
  exists (select from pg_inherits i join pg_class c on c.oid = i.inhparent join pg_namespace n on n.oid = c.relnamespace
    where n.nspname || '.' || c.relname = any($3) and c.relkind = 'r')";

/// Why nothing that is delivered is known to be everything.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unsure {
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    #[error("no answer in time")]
    Late,
    #[error(
        "the publication leaves out changes, so that nothing can be confirmed: publish insert, update, delete and truncate, \
         without a row filter"
    )]
    LeavesOut,
    #[error(
        "the server waits for synchronous standbys, so that it delivers changes which nobody sees yet, and nothing can be \
         confirmed: have synchronous_standby_names be empty, or delete `confirms`"
    )]
    Synchronous,
    #[error(
        "other tables inherit from one that is followed, and what changes there is told of them alone, so that nothing can be \
         confirmed: partition it, or delete `confirms`"
    )]
    Inherited,
    #[error("the publication or a table was altered, so that changes may have gone untold")]
    Altered,
}

/// A connection that asks how far the server has written.
pub(super) struct Frontier {
    /// None after a question that failed: what it would say next may be the answer to that.
    connection: Option<PgConnection>,
    options: PgConnectOptions,
    slot: String,
    publication: String,
    tables: Vec<String>,
    patience: Duration,
    /// What decides what the feed is told.
    decides: Vec<String>,
}

impl Frontier {
    /// Connects, before the slot is read.
    pub async fn begin(
        options: &PgConnectOptions,
        replication: &Replication,
        patience: Duration,
    ) -> Result<Self, Unsure> {
        let tables = replication.tables.iter().map(|table| format!("{}.{}", table.schema, table.name)).collect();
        let (slot, publication) = (replication.slot.clone(), replication.publication.clone());
        let (connection, options, decides) = (None, options.clone(), Vec::new());
        let mut frontier = Self { connection, options, slot, publication, tables, patience, decides };
        let row = frontier.answer().await?;
        if !row.try_get::<bool, _>(2)? {
            return Err(Unsure::LeavesOut);
        }
        if !row.try_get::<bool, _>(4)? {
            return Err(Unsure::Synchronous);
        }
        if row.try_get::<bool, _>(5)? {
            return Err(Unsure::Inherited);
        }
        frontier.decides = row.try_get(3)?;
        Ok(frontier)
    }

    /// Returns a position behind everything that was committed before the question; `None` where that is not said now.
    ///
    /// *Errors*: what is delivered may not be everything any more.
    pub async fn position(&mut self) -> Result<Option<Position>, Unsure> {
        let row = match self.answer().await {
            Ok(row) => row,
            Err(_) => return Ok(None),
        };
        if row.try_get::<Vec<String>, _>(3)? != self.decides {
            return Err(Unsure::Altered);
        }
        // While a transaction waits for standbys it has been delivered, and whoever asks for what it changed is told what was
        // before it. That must not be confirmed either when they are not waited for any more.
        if !row.try_get::<bool, _>(4)? {
            return Err(Unsure::Synchronous);
        }
        // Elsewhere, as at a server that has just taken over, positions are others.
        let is_here = row.try_get::<bool, _>(1)?;
        Ok(Position::parse(row.try_get(0)?).filter(|_| is_here))
    }

    async fn answer(&mut self) -> Result<PgRow, Unsure> {
        let asked = async {
            let mut connection = match self.connection.take() {
                Some(connection) => connection,
                None => PgConnection::connect_with(&self.options).await?,
            };
            let question = sqlx::query(QUESTION).bind(&self.slot).bind(&self.publication).bind(&self.tables);
            let row = question.fetch_one(&mut connection).await?;
            self.connection = Some(connection);
            Ok(row)
        };
        tokio::time::timeout(self.patience, asked).await.unwrap_or(Err(Unsure::Late))
    }
}
