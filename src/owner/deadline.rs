//! The deadline: nobody waits for a system longer than the caller has time, nor longer than the system is given.
//!
//! In: any question. Out: its answer in time, or a timeout for every key. What is late is dropped, not awaited.

use std::{sync::Arc, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};
use tokio::time::{Instant, timeout_at};

use crate::{
    fetch::{Fetch, FetchError, FetchErrorKind, ListFetch, Outcome, Owner, Page},
    source::SystemName,
};

/// An owner that answers in time.
pub struct Deadline {
    inner: Arc<dyn Owner>,
    name: SystemName,
    timeout: Duration,
}

impl Deadline {
    /// Wraps an owner; `timeout` is how long one fetch of its system may take.
    pub fn new(inner: Arc<dyn Owner>, name: SystemName, timeout: Duration) -> Self {
        Self { inner, name, timeout }
    }

    /// The earlier of the caller's deadline and the system's.
    fn earlier(&self, deadline: std::time::Instant) -> std::time::Instant {
        deadline.min((Instant::now() + self.timeout).into_std())
    }

    fn error(&self, asked: Instant) -> FetchError {
        let detail = format!("no answer within {} ms", asked.elapsed().as_millis());
        self.name.error(FetchErrorKind::Timeout, detail)
    }
}

impl Owner for Deadline {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        async move {
            let asked = Instant::now();
            let deadline = self.earlier(fetch.deadline);
            let n_keys = fetch.keys.len();
            match timeout_at(deadline.into(), self.inner.fetch(Fetch { deadline, ..fetch })).await {
                Ok(outcomes) => outcomes,
                Err(_) => vec![Err(self.error(asked)); n_keys],
            }
        }
        .boxed()
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        async move {
            let asked = Instant::now();
            let deadline = self.earlier(fetch.deadline);
            let n_parents = fetch.arguments.len();
            match timeout_at(deadline.into(), self.inner.list(ListFetch { deadline, ..fetch })).await {
                Ok(pages) => pages,
                Err(_) => vec![Err(self.error(asked)); n_parents],
            }
        }
        .boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        async move {
            let asked = Instant::now();
            timeout_at(asked + self.timeout, self.inner.probe()).await.unwrap_or_else(|_| Err(self.error(asked)))
        }
        .boxed()
    }
}
