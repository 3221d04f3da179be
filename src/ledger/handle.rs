//! The ledger as the other rooms hold it: something to note in, and a store to ask.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
};

use super::{
    address::LedgerAddress,
    exceptions::{Exception, ExceptionFilter, Page, Paged},
    failure::LedgerError,
    observation::{Noted, Observation},
    queue::{Bounds, Queue},
    store::Store,
    sweep::Kept,
    webhook::{Route, Teller},
    writer::Writer,
};
use crate::{
    settings::LedgerSettings,
    telemetry::{Event, Ledger as Told, Telemetry},
};

/// The first sweep after a start: processes that are started again and again must sweep, too.
const FIRST_SWEEP: Duration = Duration::from_secs(60);

/// What a ledger is made of, beside its settings.
pub struct LedgerParts {
    /// Where it is.
    pub address: LedgerAddress,
    /// Where news of exceptions goes, if anywhere.
    pub route: Option<Route>,
    /// Whom to tell how it is.
    pub telemetry: Telemetry,
}

/// A ledger that is written to. Cheap to clone.
#[derive(Clone)]
pub struct Ledger(Arc<Inner>);

struct Inner {
    store: Arc<Store>,
    queue: Arc<Queue>,
    closing: watch::Sender<bool>,
    writer: Mutex<Option<JoinHandle<()>>>,
    /// What runs beside the writer.
    beside: Vec<JoinHandle<()>>,
}

impl Ledger {
    /// Opens a ledger: makes its tables where it can be reached, and starts to write to it.
    ///
    /// *Errors*: only that its tables are not for this program. One that cannot be reached is tried again, behind answers.
    pub async fn open(parts: LedgerParts, settings: &LedgerSettings) -> Result<Self, LedgerError> {
        let LedgerParts { address, route, telemetry } = parts;
        let kind = address.word();
        let store = Arc::new(Store::new(address));
        let is_away = match store.prepare().await {
            Ok(()) => {
                telemetry.emit(&Event::Ledger(Told::Connected { kind }));
                false
            }
            Err(error) if error.is_lasting() => return Err(error),
            Err(error) => {
                let (code, detail) = (error.code(), error.to_string());
                telemetry.emit(&Event::Ledger(Told::Away {
                    pause: Duration::ZERO,
                    code,
                    detail: &detail,
                    is_known: false,
                }));
                true
            }
        };
        let queue = Arc::new(Queue::new(Bounds {
            observations_max: settings.observations_waiting_max,
            bytes_max: settings.bytes_waiting_max,
            batch_max: settings.batch_observations,
        }));
        let news = Arc::new(Notify::new());
        let (closing, closed) = watch::channel(false);
        let writer = Writer {
            store: Arc::clone(&store),
            queue: Arc::clone(&queue),
            written_every: settings.written_every,
            telemetry: telemetry.clone(),
            news: Arc::clone(&news),
            closing: closed,
            is_away,
        };
        let mut beside = vec![tokio::spawn(sweep(Arc::clone(&store), settings.clone(), telemetry.clone()))];
        if let Some(route) = route {
            let teller = Teller { store: Arc::clone(&store), route, news, telemetry, process: process_name() };
            beside.push(tokio::spawn(teller.run()));
        }
        let writer = Mutex::new(Some(tokio::spawn(writer.run())));
        Ok(Self(Arc::new(Inner { store, queue, closing, writer, beside })))
    }

    /// Notes what is wrong with a subject. It never waits: what there is no room for is dropped and counted.
    pub fn note(&self, observation: Observation) {
        self.0.queue.note(Noted::of(observation));
    }

    /// Notes the version of the contract that is served from.
    pub fn note_contract(&self, version: &str, at_ms: i64) {
        self.0.queue.note_contract(version, at_ms);
    }

    /// Returns the store, to be asked and to write findings to.
    pub fn store(&self) -> &Arc<Store> {
        &self.0.store
    }

    /// Returns a page of the exceptions that fit, the last seen first.
    pub async fn exceptions(&self, filter: &ExceptionFilter, page: &Page) -> Result<Paged<Exception>, LedgerError> {
        self.0.store.exceptions(filter, page).await
    }

    /// Writes what waits, and stops; what is not written within this time is lost.
    pub async fn close(&self, within: Duration) {
        self.0.closing.send_replace(true);
        let writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut writer) = writer else { return };
        if tokio::time::timeout(within, &mut writer).await.is_err() {
            writer.abort();
        }
        self.0.beside.iter().for_each(JoinHandle::abort);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The writer ends by itself, as nobody can note anything.
        self.beside.iter().for_each(JoinHandle::abort);
    }
}

/// Deletes what is kept no longer, now and then.
async fn sweep(store: Arc<Store>, settings: LedgerSettings, telemetry: Telemetry) {
    let kept = Kept {
        resolved_for: settings.resolved_kept,
        rows_max: settings.rows_max,
        changes_for: settings.changes_kept,
        changes_max: settings.changes_max,
    };
    let mut pause = FIRST_SWEEP.min(settings.swept_every);
    loop {
        tokio::time::sleep(pause).await;
        pause = settings.swept_every;
        match store.sweep(kept, jiff::Timestamp::now().as_millisecond()).await {
            Ok(n_rows) => telemetry.emit(&Event::Ledger(Told::Swept { n_rows })),
            // The writer says that it is away.
            Err(LedgerError::Away(_)) => {}
            Err(error) => {
                let (code, detail) = (error.code(), error.to_string());
                telemetry.emit(&Event::Ledger(Told::Failed { operation: "sweep", n: 0, code, detail: &detail }));
            }
        }
    }
}

/// Returns a name that no other process has.
fn process_name() -> String {
    use std::hash::{BuildHasher, Hasher, RandomState};
    format!("{}-{:016x}", std::process::id(), RandomState::new().build_hasher().finish())
}
