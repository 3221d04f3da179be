//! The rate: a system is asked so many times in any window, and not at all while it has asked for quiet.
//!
//! In: any question. Out: its answer; or at once, where its turn would not come before the deadline, that the system is
//! asked too often, and when there would be a turn.

use std::sync::Arc;

use futures_util::{FutureExt, future::BoxFuture};
use tokio::time::Instant;

use super::guarded_system::GuardedSystem;
use crate::{
    contract::RateLimit,
    fetch::{Fetch, FetchError, FetchErrorKind, ListFetch, Outcome, Owner, Page, Turn, TurnLimit, Turns},
    telemetry::Guarded,
};

/// An owner that is asked no more often than it takes.
pub struct Rate {
    inner: Arc<dyn Owner>,
    system: GuardedSystem,
    turns: Turns,
}

impl Rate {
    /// Wraps an owner. Without a limit, the system's own `Retry-After` is obeyed all the same.
    pub fn new(inner: Arc<dyn Owner>, system: GuardedSystem) -> Self {
        let limit = system.system().guards.rate.map(|RateLimit { calls, per }| TurnLimit { calls, per });
        Self { inner, system, turns: Turns::new(limit) }
    }

    async fn enter(&self, deadline: Instant) -> Result<Turn<'_>, FetchError> {
        match self.turns.take(deadline).await {
            Ok(turn) => {
                if !turn.waited.is_zero() {
                    self.system.tell(Guarded::RateWaited { duration: turn.waited });
                }
                Ok(turn)
            }
            Err(retry_after) => {
                self.system.tell(Guarded::RateRefused { retry_after });
                let detail = format!("no turn within the deadline; the next is in {} ms", retry_after.as_millis());
                Err(self.system.error(FetchErrorKind::Throttled, detail).with_retry_after(retry_after))
            }
        }
    }

    /// Obeys the system's own word, whichever of the outcomes carries it.
    fn heed<'f, T: 'f>(&self, outcomes: impl IntoIterator<Item = &'f Result<T, FetchError>>) {
        let errors = outcomes.into_iter().filter_map(|outcome| outcome.as_ref().err());
        if let Some(quiet) = errors.filter_map(|error| error.retry_after).max() {
            self.turns.be_quiet(quiet);
        }
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
