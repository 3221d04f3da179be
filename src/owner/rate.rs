//! The rate: a system is asked so many times in any window, and not at all while it has asked for quiet.
//!
//! In: any question. Out: its answer; or at once, where its turn would not come before the deadline, that the system is
//! asked too often, and when there would be a turn.
//!
//! What counts is what the system counts: of most kinds the questions, of those that speak HTTP the calls, of which one
//! question may make many. Their questions wait here for the first one's turn, so that none holds a place at the source
//! before; the source takes the others.

use std::sync::Arc;

use futures_util::{FutureExt, future::BoxFuture};
use tokio::time::Instant;

use crate::{
    fetch::{Fetch, FetchError, Lent, ListFetch, Outcome, Owner, Page, Turn},
    source::Pace,
};

/// An owner that is asked no more often than it takes.
pub struct Rate {
    inner: Arc<dyn Owner>,
    pace: Arc<Pace>,
    counted: Counted,
}

/// What of an owner takes turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Each question.
    Questions,
    /// Each call that a question makes; the source takes their turns from the same pace.
    Calls,
}

/// What a question holds while it is asked.
enum Entry<'t> {
    Turn { _turn: Turn<'t> },
    Lent { _lent: Lent<'t> },
}

impl Rate {
    /// Wraps an owner.
    pub fn new(inner: Arc<dyn Owner>, pace: Arc<Pace>, counted: Counted) -> Self {
        Self { inner, pace, counted }
    }

    async fn enter(&self, deadline: std::time::Instant) -> Result<Entry<'_>, FetchError> {
        let turn = self.pace.take(deadline).await?;
        Ok(match self.counted {
            Counted::Questions => Entry::Turn { _turn: turn },
            Counted::Calls => Entry::Lent { _lent: turn.lend() },
        })
    }

    /// Obeys the system's own word, whichever of the outcomes carries it. A source that takes turns itself has heard it, and
    /// may have refused a turn in the same words.
    fn heed<'f, T: 'f>(&self, outcomes: impl IntoIterator<Item = &'f Result<T, FetchError>>) {
        if self.counted == Counted::Questions {
            let errors = outcomes.into_iter().filter_map(|outcome| outcome.as_ref().err());
            self.pace.heed(errors.filter_map(|error| error.retry_after));
        }
    }
}

impl Owner for Rate {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        async move {
            match self.enter(fetch.deadline).await {
                Ok(_entry) => {
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
            match self.enter(fetch.deadline).await {
                Ok(_entry) => {
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
            let _entry = self.enter(Instant::now().into_std()).await?;
            self.inner.probe().await
        }
        .boxed()
    }
}
