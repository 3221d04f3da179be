//! News of exceptions for whoever acts on them: told over HTTP, in order, at least once.
//!
//! In: the changes that stand in the ledger beside the exceptions. Out: signed messages, through a [`Deliver`] that somebody
//! else implements, for this room speaks no HTTP. How far it has come stands in the ledger. Of several processes with the same
//! ledger one tells, and another takes over when that one is gone. A receiver that is down holds up the news and nothing else.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::Notify;

use super::{
    failure::LedgerError,
    store::{Statement, Store},
};
use crate::telemetry::{Event, Ledger as Told, Telemetry};

/// How long a process may be silent until another one tells in its place; longer than a delivery may take.
const HELD: Duration = Duration::from_secs(60);
/// How often it is looked whether another process has written changes, or has gone.
const LOOKED_EVERY: Duration = Duration::from_secs(5);
const PAUSE_FIRST: Duration = Duration::from_millis(500);
const PAUSE_LONGEST: Duration = Duration::from_secs(60);

/// Sends a message to the receiver of news.
pub trait Deliver: Send + Sync {
    /// Sends it, once.
    ///
    /// *Errors*: it was not taken, or nobody knows whether it was.
    fn deliver(&self, delivery: Delivery) -> BoxFuture<'_, Result<(), DeliveryFailure>>;
}

/// A message.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Its headers: what proves it, when it was signed, and which it is.
    pub headers: Vec<(&'static str, String)>,
    /// Its body, as JSON.
    pub body: Bytes,
}

/// Why a message was not taken.
#[derive(Debug, Clone)]
pub struct DeliveryFailure {
    /// What the operator needs.
    pub detail: String,
    /// How long the receiver asks to be left alone.
    pub retry_after: Option<Duration>,
}

/// Where news goes.
#[derive(Clone)]
pub struct Route {
    /// Who sends it.
    pub deliver: Arc<dyn Deliver>,
    /// What messages are signed with.
    pub secret: String,
    /// Changes of one message.
    pub changes_max: usize,
    /// How long one message is tried.
    pub given_up_after: Duration,
}

/// Tells the news.
pub(super) struct Teller {
    /// The ledger it stands in.
    pub store: Arc<Store>,
    /// Where it goes.
    pub route: Route,
    /// Rings when there is some.
    pub news: Arc<Notify>,
    /// Whom to tell what became of it.
    pub telemetry: Telemetry,
    /// What this process is called among those with the same ledger.
    pub process: String,
}

/// Changes that are told together.
struct Batch {
    /// The numbers of the first and the last.
    first: i64,
    last: i64,
    n_changes: usize,
    body: Bytes,
}

impl Teller {
    /// Tells news for as long as it runs.
    pub async fn run(self) {
        loop {
            // What fails with the ledger, its writer says.
            let told = match self.next().await {
                Ok(Some(batch)) => self.tell(&batch).await,
                Ok(None) | Err(_) => false,
            };
            if !told {
                let _ = tokio::time::timeout(LOOKED_EVERY, self.news.notified()).await;
            }
        }
    }

    /// Returns what is to be told next, if it is this process that tells.
    async fn next(&self) -> Result<Option<Batch>, LedgerError> {
        let Some(position) = self.hold().await? else { return Ok(None) };
        let sql = format!(
            "select id, body from exception_change where id > $1 order by id limit {}",
            self.route.changes_max.max(1)
        );
        let rows = self.store.ask(Statement::of(sql).with(position)).await?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(None) };
        let (first, last) = (first.number(0)?, last.number(0)?);
        let mut body = format!("{{\"delivery\":\"{first}-{last}\",\"changes\":[");
        for (n, row) in rows.iter().enumerate() {
            // Each is an object, to which its number is added: a receiver that gets it twice knows it by that.
            let change = row.text(1)?;
            let comma = if n == 0 { "" } else { "," };
            body += &format!("{comma}{{\"id\":{},{}", row.number(0)?, change.strip_prefix('{').unwrap_or("}"));
        }
        body += "]}";
        Ok(Some(Batch { first, last, n_changes: rows.len(), body: body.into() }))
    }

    /// Tells a batch, again and again; says whether it is done with it.
    async fn tell(&self, batch: &Batch) -> bool {
        let begun = Instant::now();
        let mut pause = PAUSE_FIRST;
        let mut is_known = false;
        loop {
            let Err(failure) = self.route.deliver.deliver(self.signed(batch)).await else {
                let is_done = self.advance(batch.last).await;
                if is_done {
                    self.emit(Told::Told { n_changes: batch.n_changes });
                }
                return is_done;
            };
            if begun.elapsed() >= self.route.given_up_after {
                let is_done = self.advance(batch.last).await;
                self.emit(Told::GivenUp { n_changes: batch.n_changes, detail: &failure.detail });
                return is_done;
            }
            let wait = failure.retry_after.unwrap_or(pause).clamp(pause, PAUSE_LONGEST);
            self.emit(Told::Untold { pause: wait, detail: &failure.detail, is_known });
            is_known = true;
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(PAUSE_LONGEST);
            // Another process may have taken over meanwhile, and be further by now.
            match self.hold().await {
                Ok(Some(position)) if position < batch.first => {}
                Ok(_) => return false,
                // The ledger is away: this much is known, and is told meanwhile.
                Err(_) => {}
            }
        }
    }

    /// Takes or keeps the right to tell; returns how far the news has come, if this process has it.
    async fn hold(&self) -> Result<Option<i64>, LedgerError> {
        let now_ms = jiff::Timestamp::now().as_millisecond();
        let until_ms = now_ms + HELD.as_millis() as i64;
        let mut lease = self.store.begin().await?;
        // Who asks for news hears of what comes, and not of the past.
        let made = "insert into webhook (name, position, held_until_ms) select 'news', coalesce(max(id), 0), 0 from \
                    exception_change where true on conflict (name) do nothing";
        lease.execute(Statement::of(made)).await?;
        let held = "update webhook set held_by = $1, held_until_ms = $2 where name = 'news' and (held_by = $3 or \
                    held_until_ms < $4) returning position";
        let held =
            Statement::of(held).with(self.process.as_str()).with(until_ms).with(self.process.as_str()).with(now_ms);
        let rows = lease.fetch(held).await?;
        lease.commit().await?;
        rows.first().map(|row| row.number(0)).transpose()
    }

    /// Writes down how far the news has come; false where that is not possible: then it is told again.
    async fn advance(&self, to: i64) -> bool {
        let sql = "update webhook set position = $1 where name = 'news' and held_by = $2 and position < $3";
        let written = async {
            let mut lease = self.store.begin().await?;
            lease.execute(Statement::of(sql).with(to).with(self.process.as_str()).with(to)).await?;
            lease.commit().await
        };
        written.await.is_ok()
    }

    fn signed(&self, batch: &Batch) -> Delivery {
        let seconds = jiff::Timestamp::now().as_second().to_string();
        let signature = sign(self.route.secret.as_bytes(), &seconds, &batch.body);
        let headers = vec![
            ("freehold-signature", format!("sha256={signature}")),
            ("freehold-timestamp", seconds),
            ("freehold-delivery", format!("{}-{}", batch.first, batch.last)),
        ];
        Delivery { headers, body: batch.body.clone() }
    }

    fn emit(&self, told: Told<'_>) {
        self.telemetry.emit(&Event::Ledger(told));
    }
}

/// Signs `{timestamp}.{body}`, as `[changes.webhook]` of a system can be told to check it; in hexadecimal digits.
fn sign(secret: &[u8], timestamp: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key of HMAC may have any length");
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}
