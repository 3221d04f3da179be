//! The link: the connection that is in use, as long as one is.
//!
//! A task of its own keeps it: it opens the connection, compares clocks, and after a failure waits, longer each time, before
//! it tries again. So a dead Redis costs a request at most the one timeout by which it is noticed, and then nothing.

use std::{
    ops::Deref,
    sync::{Arc, OnceLock, PoisonError, RwLock},
    time::{Duration, Instant},
};

use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

use super::{
    address::RedisAddress,
    connection::{Connection, Failure},
    recalling::Missed,
    script::Keep,
};
use crate::{
    fetch::Clock,
    settings::RedisSettings,
    telemetry::{Event, Shared, Telemetry},
};

/// The first pause after a failure.
const PAUSE_MIN: Duration = Duration::from_millis(100);

/// The longest pause: a Redis that is back is in use again this soon.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// A connection that lasted for so long was sound: what ends it then is a failure of its own.
const SOUND_AFTER: Duration = Duration::from_secs(30);

/// How many connections opening one may take, one after the other: to sentinels that are gone, and then to the primary.
const OPENING_TURNS: u32 = 8;

/// A connection that is in use.
pub(super) struct InUse {
    connection: Connection,
    ended: Notify,
    why: OnceLock<Failure>,
}

/// The connection that is in use, if one is.
pub(super) struct Link {
    live: RwLock<Option<Arc<InUse>>>,
    clock: Arc<dyn Clock>,
    allowance: Duration,
    pub settings: RedisSettings,
    pub keep: Keep,
    pub missed: Missed,
    telemetry: Telemetry,
}

impl Deref for InUse {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl Link {
    /// Begins without a connection. Clocks may be `allowance` apart from each other.
    pub fn new(settings: RedisSettings, clock: Arc<dyn Clock>, allowance: Duration, telemetry: Telemetry) -> Self {
        let (keep, missed) = Default::default();
        Self { live: RwLock::default(), clock, allowance, settings, keep, missed, telemetry }
    }

    /// Returns the connection, if one is in use.
    pub fn connection(&self) -> Option<Arc<InUse>> {
        self.live.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells of a failure, and gives the connection up where it is of no more use.
    pub fn failed(&self, operation: &'static str, connection: &Arc<InUse>, failure: &Failure) {
        self.tell_failure(operation, failure);
        if failure.ends_connection() {
            self.give_up(connection);
            if connection.why.set(failure.clone()).is_ok() {
                connection.ended.notify_one();
            }
        }
    }

    /// Tells what happened.
    pub fn tell(&self, shared: Shared<'_>) {
        self.telemetry.emit(&Event::Shared(shared));
    }

    /// Tells what was not done.
    pub fn tell_failure(&self, operation: &'static str, failure: &Failure) {
        self.tell(Shared::Failed { operation, code: failure.code, detail: &failure.detail });
    }

    /// Keeps a connection in use as long as the process lasts.
    pub async fn hold(&self, address: RedisAddress) {
        let mut pause = PAUSE_MIN;
        let mut is_known = false;
        loop {
            let failure = match self.open(&address).await {
                Ok(connection) => {
                    let began = Instant::now();
                    let in_use = InUse { connection, ended: Notify::new(), why: OnceLock::new() };
                    let (failure, was_used) = self.watch(&Arc::new(in_use)).await;
                    is_known &= !was_used;
                    if began.elapsed() > SOUND_AFTER {
                        pause = PAUSE_MIN;
                    }
                    failure
                }
                Err(failure) => {
                    self.tell_failure("connect", &failure);
                    failure
                }
            };
            self.tell(Shared::Away { pause, code: failure.code, detail: &failure.detail, is_known });
            is_known = true;
            sleep(spread(pause)).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    async fn open(&self, address: &RedisAddress) -> Result<Connection, Failure> {
        let patience = self.settings.connect_timeout;
        let opened = timeout(patience * OPENING_TURNS, Connection::open(address, patience)).await;
        opened.unwrap_or_else(|_| Err(Failure::timeout(patience * OPENING_TURNS)))
    }

    /// Has a connection in use until it fails, while the clocks fit. Returns why it failed, and whether it ever was used.
    async fn watch(&self, connection: &Arc<InUse>) -> (Failure, bool) {
        let (mut fitted, mut was_used) = (None, false);
        loop {
            let offset_ms = match self.offset_ms(connection).await {
                Ok(offset_ms) => offset_ms,
                Err(failure) => {
                    self.failed("clock", connection, &failure);
                    return (failure, was_used);
                }
            };
            // Each process compares with Redis: two of them are apart by up to twice as much.
            let fits = u128::from(offset_ms.unsigned_abs()) * 2 <= self.allowance.as_millis();
            let changed = fitted != Some(fits);
            fitted = Some(fits);
            was_used |= fits;
            self.tell(Shared::ClockCompared { offset_ms, fits, changed });
            // Before it is used, so that nothing is read that was taken back meanwhile; and after, for what was taken back
            // at that very moment.
            if fits && let Err(failure) = self.make_up(connection).await {
                return (failure, was_used);
            }
            if changed {
                *self.live.write().unwrap_or_else(PoisonError::into_inner) = fits.then(|| Arc::clone(connection));
            }
            if fits && let Err(failure) = self.make_up(connection).await {
                return (failure, was_used);
            }
            let ended = timeout(self.settings.clocks_compared_every, connection.ended.notified()).await;
            if let (Ok(()), Some(failure)) = (ended, connection.why.get()) {
                self.give_up(connection);
                return (failure.clone(), was_used);
            }
        }
    }

    async fn make_up(&self, connection: &Arc<InUse>) -> Result<(), Failure> {
        let made_up = self.missed.make_up(connection, &self.keep, self.settings.connect_timeout).await;
        let Err(failure) = made_up else { return Ok(()) };
        self.failed("recall", connection, &failure);
        if failure.ends_connection() { Err(failure) } else { Ok(()) }
    }

    /// Returns how far the process's clock is ahead of Redis's.
    async fn offset_ms(&self, connection: &Connection) -> Result<i64, Failure> {
        let patience = self.settings.answer_timeout;
        let before_ms = self.clock.now_ms();
        let asked = timeout(patience, connection.time_ms()).await;
        let redis_ms = asked.unwrap_or_else(|_| Err(Failure::timeout(patience)))?;
        // Redis looked at its clock about half way.
        Ok(before_ms + (self.clock.now_ms() - before_ms) / 2 - redis_ms)
    }

    /// Takes a connection out of use.
    fn give_up(&self, connection: &Arc<InUse>) {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        if live.as_ref().is_some_and(|one| Arc::ptr_eq(one, connection)) {
            *live = None;
        }
    }
}

/// Spreads a pause over its second half, so that processes that lost Redis together do not come back together.
fn spread(pause: Duration) -> Duration {
    let share = jiff::Timestamp::now().subsec_nanosecond().unsigned_abs() % 1_000;
    pause / 2 + pause / 2 * share / 1_000
}
