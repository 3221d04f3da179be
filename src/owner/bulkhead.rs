//! The bulkhead: a system is asked so many questions at once and no more, and few may wait.
//!
//! In: any question. Out: its answer, or at once the error that the system is asked too much. A slow system thus holds
//! only the requests that need it, and only so many of those.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::{FutureExt, future::BoxFuture};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    fetch::{Fetch, FetchError, FetchErrorKind, ListFetch, Outcome, Owner, Page},
    source::SystemName,
};

/// How many questions may wait for each that runs. A wait of this many turns is about what a deadline leaves time for
/// when a system has become slow; more would only time out.
const WAITING_PER_RUNNING: usize = 32;

/// An owner that is asked a bounded number of questions at once.
pub struct Bulkhead {
    inner: Arc<dyn Owner>,
    name: SystemName,
    running: Semaphore,
    n_waiting: AtomicUsize,
    waiting_max: usize,
}

/// Counts a waiting question for as long as it lives, given up or not.
struct Waiting<'b>(&'b AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Bulkhead {
    /// Wraps an owner that answers `running_max` questions at once.
    pub fn new(inner: Arc<dyn Owner>, name: SystemName, running_max: u32) -> Self {
        let running_max = running_max.max(1) as usize;
        Self {
            inner,
            name,
            running: Semaphore::new(running_max),
            n_waiting: AtomicUsize::new(0),
            waiting_max: running_max * WAITING_PER_RUNNING,
        }
    }

    async fn enter(&self) -> Result<SemaphorePermit<'_>, FetchError> {
        if let Ok(permit) = self.running.try_acquire() {
            return Ok(permit);
        }
        let full = || {
            let detail = format!("{} questions are already waiting", self.waiting_max);
            self.name.error(FetchErrorKind::Throttled, detail)
        };
        let ahead = self.n_waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.n_waiting);
        if ahead >= self.waiting_max {
            return Err(full());
        }
        self.running.acquire().await.map_err(|_| full())
    }
}

impl Owner for Bulkhead {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        async move {
            match self.enter().await {
                Ok(_permit) => self.inner.fetch(fetch).await,
                Err(error) => vec![Err(error); fetch.keys.len()],
            }
        }
        .boxed()
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        async move {
            match self.enter().await {
                Ok(_permit) => self.inner.list(fetch).await,
                Err(error) => vec![Err(error); fetch.arguments.len()],
            }
        }
        .boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        async move {
            let _permit = self.enter().await?;
            self.inner.probe().await
        }
        .boxed()
    }
}
