//! The task that writes what is noted.
//!
//! In: what waits in the queue. Out: rows in the ledger, and events for the operator. While the ledger is away it holds on to
//! one batch and tries again; what comes meanwhile waits in the queue as far as there is room. Nobody waits for this task.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::{Notify, watch};

use super::{
    failure::LedgerError,
    observation::Noted,
    queue::Queue,
    record::{Outcome, record},
    store::Store,
};
use crate::telemetry::{Event, Ledger as Told, Telemetry};

const PAUSE_FIRST: Duration = Duration::from_millis(250);
/// A ledger that is back is written to again within this time.
const PAUSE_LONGEST: Duration = Duration::from_secs(10);

/// Writes what is noted, until it is told to stop.
pub(super) struct Writer {
    /// Where to.
    pub store: Arc<Store>,
    /// What waits.
    pub queue: Arc<Queue>,
    /// How long what is noted may gather before it is written.
    pub written_every: Duration,
    /// Whom to tell what became of it.
    pub telemetry: Telemetry,
    /// Rings when there is something for the webhook.
    pub news: Arc<Notify>,
    /// Turns true, or ends, when what waits is to be written at once and no more.
    pub closing: watch::Receiver<bool>,
    /// Whether the ledger was away the last time.
    pub is_away: bool,
}

impl Writer {
    /// Writes until it is told to stop; then what waits, once, without trying again.
    pub async fn run(mut self) {
        loop {
            self.gather().await;
            let is_closing = self.is_closing();
            self.write_all().await;
            if is_closing {
                break;
            }
        }
    }

    /// Waits until something is noted, and then a moment for more.
    async fn gather(&mut self) {
        let queue = Arc::clone(&self.queue);
        let noted = async {
            match queue.has_contract() {
                // It could not be written, and nobody will note it again.
                true => tokio::time::timeout(PAUSE_LONGEST, queue.bell.notified()).await.unwrap_or_default(),
                false => queue.bell.notified().await,
            }
        };
        self.unless_closing(noted).await;
        if !queue.has_batch() {
            let gathered = async {
                tokio::select! {
                    () = tokio::time::sleep(self.written_every) => {}
                    // A whole batch.
                    () = queue.bell.notified() => {}
                }
            };
            let mut closing = self.closing.clone();
            tokio::select! {
                () = gathered => {}
                _ = closing.wait_for(|closing| *closing) => {}
            }
        }
    }

    async fn write_all(&mut self) {
        if let Some((version, at_ms)) = self.queue.take_contract() {
            match self.store.record_contract(&version, at_ms).await {
                Ok(()) => self.reached(),
                Err(error) => {
                    self.failed(&error, "contract", 0, PAUSE_LONGEST);
                    self.queue.return_contract((version, at_ms));
                }
            }
        }
        loop {
            let batch = self.queue.take();
            self.tell_waiting();
            if batch.is_empty() {
                return;
            }
            self.write(&batch).await;
        }
    }

    async fn write(&mut self, batch: &[Noted]) {
        let mut pause = PAUSE_FIRST;
        loop {
            let started = Instant::now();
            match record(&self.store, batch).await {
                Ok(outcome) => return self.recorded(batch, outcome, started.elapsed()),
                Err(LedgerError::Refused(_)) if batch.len() > 1 => return self.write_one_by_one(batch).await,
                Err(error @ LedgerError::Away(_)) if !self.is_closing() => {
                    self.failed(&error, "record", 0, pause);
                }
                Err(error) => return self.failed(&error, "record", times(batch), pause),
            }
            self.tell_waiting();
            self.unless_closing(tokio::time::sleep(pause)).await;
            pause = (pause * 2).min(PAUSE_LONGEST);
        }
    }

    /// What the ledger does not accept of one observation must not take the others with it.
    async fn write_one_by_one(&mut self, batch: &[Noted]) {
        for noted in batch {
            let (one, started) = (std::slice::from_ref(noted), Instant::now());
            match record(&self.store, one).await {
                Ok(outcome) => self.recorded(one, outcome, started.elapsed()),
                Err(error) => self.failed(&error, "record", times(one), PAUSE_FIRST),
            }
        }
    }

    fn recorded(&mut self, batch: &[Noted], outcome: Outcome, duration: Duration) {
        self.reached();
        let Outcome { n_new, n_reopened, n_resolved } = outcome;
        let n_observations = times(batch);
        self.tell(&Told::Recorded { n_observations, n_new, n_reopened, n_resolved, duration });
        if n_new + n_reopened + n_resolved > 0 {
            self.news.notify_one();
        }
    }

    fn reached(&mut self) {
        if self.is_away {
            self.tell(&Told::Connected { kind: self.store.kind() });
        }
        self.is_away = false;
    }

    /// Says what failed; `n` observations are given up.
    fn failed(&mut self, error: &LedgerError, operation: &'static str, n: u64, pause: Duration) {
        let (code, detail) = (error.code(), error.to_string());
        if matches!(error, LedgerError::Away(_)) {
            self.tell(&Told::Away { pause, code, detail: &detail, is_known: self.is_away });
            self.is_away = true;
        }
        if n > 0 || !matches!(error, LedgerError::Away(_)) {
            self.tell(&Told::Failed { operation, n, code, detail: &detail });
        }
    }

    fn tell_waiting(&self) {
        match self.queue.take_dropped() {
            0 => {}
            n => self.tell(&Told::Dropped { n }),
        }
        self.tell(&Told::Waiting { n: self.queue.len() });
    }

    fn tell(&self, told: &Told<'_>) {
        self.telemetry.emit(&Event::Ledger(told.clone()));
    }

    fn is_closing(&self) -> bool {
        // Whoever could say so is gone.
        *self.closing.borrow() || self.closing.has_changed().is_err()
    }

    async fn unless_closing(&mut self, waited: impl Future<Output = ()>) {
        tokio::select! {
            () = waited => {}
            _ = self.closing.wait_for(|closing| *closing) => {}
        }
    }
}

fn times(batch: &[Noted]) -> u64 {
    batch.iter().map(|noted| noted.times.unsigned_abs()).sum()
}
