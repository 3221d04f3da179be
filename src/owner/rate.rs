//! The rate: a system is asked so many times in any window, and not at all while it has asked for quiet.
//!
//! In: any question. Out: its answer; or at once, where its turn would not come before the deadline, that the system is
//! asked too often, and when there would be a turn. Callers take turns in the order they came.
//!
//! A call counts from its start until a window after its *end*. When between the two the system counts it is not known
//! here; counted from the start alone, a call that was held up on the way would meet the calls of the next window.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::guarded_system::GuardedSystem;
use crate::{
    contract::RateLimit,
    fetch::{Fetch, FetchError, FetchErrorKind, ListFetch, Outcome, Owner, Page},
    telemetry::Guarded,
};

/// The longest that a system's word keeps it from being asked. A mistaken `Retry-After` of a week must not silence a system
/// for a week; after this one call finds out.
const QUIET_MAX: Duration = Duration::from_secs(600);

/// An owner that is asked no more often than it takes.
pub struct Rate {
    inner: Arc<dyn Owner>,
    system: GuardedSystem,
    turns: Mutex<Turns>,
    /// Whoever is next holds it and waits for the turn; the others stand behind, in order.
    door: tokio::sync::Mutex<()>,
}

/// The turns that were taken.
struct Turns {
    limit: Option<RateLimit>,
    n_waiting: usize,
    n_running: u32,
    /// When calls ended, within the last window.
    ended: VecDeque<Instant>,
    quiet_until: Option<Instant>,
}

impl Turns {
    /// Returns the earliest instant at which a call with so many before it may be made; it may turn out later.
    fn next(&mut self, now: Instant, n_ahead: usize) -> Instant {
        let at = self.next_in_window(now, n_ahead);
        self.quiet_until.map_or(at, |until| at.max(until))
    }

    fn next_in_window(&mut self, now: Instant, n_ahead: usize) -> Instant {
        let Some(RateLimit { calls, per }) = self.limit else { return now };
        while self.ended.front().is_some_and(|end| *end + per <= now) {
            self.ended.pop_front();
        }
        let calls = calls.max(1) as usize;
        let n_free = calls.saturating_sub(self.n_running as usize + self.ended.len());
        if n_ahead < n_free {
            return now;
        }
        // The turn comes free with the so-many-th of the calls that count; those that run end now at the earliest.
        let nth = n_ahead - n_free;
        let windows = per * u32::try_from(nth / calls).unwrap_or(u32::MAX);
        self.ended.get(nth % calls).map_or(now, |end| *end) + per + windows
    }
}

/// A turn that was taken.
struct Turn<'r>(&'r Rate);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut turns = self.0.turns();
        turns.n_running -= 1;
        if turns.limit.is_some() {
            // Read under the lock, so that the ends are in order.
            turns.ended.push_back(Instant::now());
        }
    }
}

/// Stands in line for as long as it lives.
struct Waiting<'r>(&'r Rate);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.turns().n_waiting -= 1;
    }
}

impl Rate {
    /// Wraps an owner. Without a limit, the system's own `Retry-After` is obeyed all the same.
    pub fn new(inner: Arc<dyn Owner>, system: GuardedSystem) -> Self {
        let limit = system.system().guards.rate;
        let turns = Turns { limit, n_waiting: 0, n_running: 0, ended: VecDeque::new(), quiet_until: None };
        Self { inner, system, turns: Mutex::new(turns), door: tokio::sync::Mutex::default() }
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn enter(&self, deadline: Instant) -> Result<Turn<'_>, FetchError> {
        let arrived = Instant::now();
        let _waiting = {
            let mut turns = self.turns();
            let n_ahead = turns.n_waiting;
            let at = turns.next(arrived, n_ahead);
            if n_ahead == 0 && at <= arrived {
                turns.n_running += 1;
                return Ok(Turn(self));
            }
            if at > deadline {
                drop(turns);
                return Err(self.refusal(at));
            }
            turns.n_waiting += 1;
            Waiting(self)
        };
        let Ok(_door) = timeout_at(deadline, self.door.lock()).await else {
            let now = Instant::now();
            let at = self.turns().next(now, 0);
            return Err(self.refusal(at));
        };
        loop {
            let at = {
                let (mut turns, now) = (self.turns(), Instant::now());
                let at = turns.next(now, 0);
                if at <= now {
                    turns.n_running += 1;
                    break;
                }
                at
            };
            if at > deadline {
                return Err(self.refusal(at));
            }
            sleep_until(at).await;
        }
        self.system.tell(Guarded::RateWaited { duration: arrived.elapsed() });
        Ok(Turn(self))
    }

    fn refusal(&self, at: Instant) -> FetchError {
        let retry_after = at.saturating_duration_since(Instant::now());
        self.system.tell(Guarded::RateRefused { retry_after });
        let detail = format!("no turn within the deadline; the next is in {} ms", retry_after.as_millis());
        self.system.error(FetchErrorKind::Throttled, detail).with_retry_after(retry_after)
    }

    /// Obeys the system's own word, whichever of the outcomes carries it.
    fn heed<'f, T: 'f>(&self, outcomes: impl IntoIterator<Item = &'f Result<T, FetchError>>) {
        let errors = outcomes.into_iter().filter_map(|outcome| outcome.as_ref().err());
        let Some(quiet) = errors.filter_map(|error| error.retry_after).max() else { return };
        let until = Instant::now() + quiet.min(QUIET_MAX);
        let mut turns = self.turns();
        turns.quiet_until = Some(turns.quiet_until.map_or(until, |known| known.max(until)));
    }
}

impl Owner for Rate {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        async move {
            match self.enter(fetch.deadline.into()).await {
                Ok(_turn) => {
                    let outcomes = self.inner.fetch(fetch).await;
                    self.heed(&outcomes);
                    outcomes
                }
                Err(error) => vec![Err(error); fetch.keys.len()],
            }
        }
        .boxed()
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        async move {
            match self.enter(fetch.deadline.into()).await {
                Ok(_turn) => {
                    let pages = self.inner.list(fetch).await;
                    self.heed(&pages);
                    pages
                }
                Err(error) => vec![Err(error); fetch.arguments.len()],
            }
        }
        .boxed()
    }

    /// A probe takes a turn like any call, and never waits for one.
    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        async move {
            let _turn = self.enter(Instant::now()).await?;
            self.inner.probe().await
        }
        .boxed()
    }
}
