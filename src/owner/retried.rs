//! Retries: what failed for a moment is asked again, as long as that does not add to an outage.
//!
//! In: any question. Out: its answer. Only the keys that failed are asked again, and only where asking again is safe and
//! useful: a system that could not be reached, at once; one that asked for quiet, when it said so and the deadline allows.
//! A timeout is never retried, since the system may still be at work on it; nor is any answer, however unwelcome; nor what
//! a breaker refused, which knows better when to ask.

use std::{
    hash::{BuildHasher, Hasher},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use tokio::time::{Instant, sleep};

use super::guarded_system::GuardedSystem;
use crate::{
    fetch::{Fetch, FetchError, FetchErrorKind, ListFetch, Outcome, Owner, Page},
    telemetry::Guarded,
};

/// What a call adds to the budget, in thousandths of a retry: an outage adds a tenth to the load, never doubles it.
const EARNED: u32 = 100;
/// What a retry costs.
const COST: u32 = 1_000;
/// The most that is saved up: enough for a restart between two calls, not for an outage.
const SAVED_MAX: u32 = 10 * COST;
/// The pause before a second retry; doubled before each further one.
const PAUSE_FIRST: Duration = Duration::from_millis(100);

/// An owner that is asked again where that helps.
pub struct Retried {
    inner: Arc<dyn Owner>,
    system: GuardedSystem,
    retries_max: u32,
    saved: Mutex<u32>,
}

/// What is asked again, and after how long.
struct Again {
    positions: Vec<usize>,
    wait: Duration,
    code: &'static str,
}

impl Retried {
    /// Wraps an owner.
    pub fn new(inner: Arc<dyn Owner>, system: GuardedSystem) -> Self {
        let retries_max = system.system().guards.retries_max;
        Self { inner, system, retries_max, saved: Mutex::new(SAVED_MAX) }
    }

    /// Waits until the `number`th retry is due; `None` if there is none, else which positions it asks for.
    async fn due<T>(&self, outcomes: &[Result<T, FetchError>], number: u32, deadline: Instant) -> Option<Vec<usize>> {
        let Again { positions, wait, code } = again(outcomes, number)?;
        if Instant::now() + wait >= deadline {
            return None;
        }
        if !self.pay() {
            self.system.tell(Guarded::RetryWithheld { code });
            return None;
        }
        self.system.tell(Guarded::Retried { code, n_keys: positions.len() });
        if !wait.is_zero() {
            sleep(wait).await;
        }
        Some(positions)
    }

    fn earn(&self) {
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        *saved = (*saved + EARNED).min(SAVED_MAX);
    }

    fn pay(&self) -> bool {
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        let left = saved.checked_sub(COST);
        *saved = left.unwrap_or(*saved);
        left.is_some()
    }
}

fn again<T>(outcomes: &[Result<T, FetchError>], number: u32) -> Option<Again> {
    let mut again: Option<Again> = None;
    for (position, outcome) in outcomes.iter().enumerate() {
        let Err(error) = outcome else { continue };
        let wait = match (error.kind, error.retry_after) {
            (FetchErrorKind::Unavailable, None) => pause(number),
            (FetchErrorKind::Throttled, Some(after)) => after + jittered(PAUSE_FIRST),
            _ => continue,
        };
        let again = again.get_or_insert(Again { positions: Vec::new(), wait, code: error.kind.code() });
        again.positions.push(position);
        again.wait = again.wait.max(wait);
    }
    again
}

/// The first retry goes out at once: most broken connections are one broken connection.
fn pause(number: u32) -> Duration {
    if number == 0 { Duration::ZERO } else { jittered(PAUSE_FIRST * 2_u32.saturating_pow(number - 1)) }
}

/// Half the time to the whole of it, so that those who failed together do not come back together.
fn jittered(time: Duration) -> Duration {
    let random = std::hash::RandomState::new().build_hasher().finish() % 1_000;
    time / 2 + time.mul_f64(random as f64 / 2_000.0)
}

impl Owner for Retried {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        async move {
            self.earn();
            let mut outcomes = self.inner.fetch(fetch.clone()).await;
            for number in 0..self.retries_max {
                let Some(positions) = self.due(&outcomes, number, fetch.deadline.into()).await else { break };
                let keys = positions.iter().map(|position| fetch.keys[*position].clone()).collect();
                let retried = self.inner.fetch(Fetch { keys, ..fetch.clone() }).await;
                for (position, outcome) in positions.into_iter().zip(retried) {
                    outcomes[position] = outcome;
                }
            }
            outcomes
        }
        .boxed()
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        async move {
            self.earn();
            let mut pages = self.inner.list(fetch.clone()).await;
            for number in 0..self.retries_max {
                let Some(positions) = self.due(&pages, number, fetch.deadline.into()).await else { break };
                let arguments = positions.iter().map(|position| fetch.arguments[*position].clone()).collect();
                let retried = self.inner.list(ListFetch { arguments, ..fetch.clone() }).await;
                for (position, page) in positions.into_iter().zip(retried) {
                    pages[position] = page;
                }
            }
            pages
        }
        .boxed()
    }

    /// A probe is not retried: it asks how the system is now.
    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        self.inner.probe()
    }
}
