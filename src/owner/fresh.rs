//! Freshness of copies: a record of a system that is itself a copy is refused once the copy is older than the domain allows.
//!
//! In: any question. Out: its answer, but for records whose own as-of lies further back than `max_age`: nothing is served
//! past its bound, however young the answer is. A record without an as-of is as old as its fetch, and passes.

use std::{sync::Arc, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};

use super::guarded_system::GuardedSystem;
use crate::{
    fetch::{Clock, Fetch, FetchError, FetchErrorKind, ListFetch, Outcome, Owner, Page},
    value::duration_text,
};

/// An owner that refuses what is too old to be served.
pub struct Fresh {
    inner: Arc<dyn Owner>,
    system: GuardedSystem,
    clock: Arc<dyn Clock>,
}

impl Fresh {
    /// Wraps an owner; `clock` tells how old a copy is.
    pub fn new(inner: Arc<dyn Owner>, system: GuardedSystem, clock: Arc<dyn Clock>) -> Self {
        Self { inner, system, clock }
    }
}

impl Owner for Fresh {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        async move {
            let group = fetch.group;
            let mut outcomes = self.inner.fetch(fetch).await;
            let now_ms = self.clock.now_ms();
            // All records of a copy mostly share one as-of, and then one refusal.
            let mut refused: Option<(i64, FetchError)> = None;
            for outcome in &mut outcomes {
                let Some(as_of_ms) = outcome.as_ref().ok().and_then(|record| record.stamp.as_of_ms) else { continue };
                let domain = self.system.domain(group);
                // A copy from the future is a wrong clock, and no older than now.
                let age = Duration::from_millis(u64::try_from(now_ms.saturating_sub(as_of_ms)).unwrap_or(0));
                if age <= domain.max_age {
                    continue;
                }
                if refused.as_ref().is_none_or(|(of, _)| *of != as_of_ms) {
                    let bound = duration_text(domain.max_age);
                    let detail = format!("the copy is {} s old; {} may be {bound} old", age.as_secs(), domain.name);
                    refused = Some((as_of_ms, self.system.error(FetchErrorKind::Stale, detail)));
                }
                if let Some((_, error)) = &refused {
                    *outcome = Err(error.clone());
                }
            }
            outcomes
        }
        .boxed()
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        self.inner.list(fetch)
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        self.inner.probe()
    }
}
