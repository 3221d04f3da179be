//! Chunking: large fetches are cut into what the system takes at once, and the pieces are asked side by side.
//!
//! In: a fetch of any size. Out: the outcomes of its pieces, in the order asked.

use std::sync::Arc;

use futures_util::{
    FutureExt,
    future::{BoxFuture, join_all},
};

use crate::fetch::{Fetch, FetchError, ListFetch, Outcome, Owner, Page};

/// An owner that is never asked for more keys or parents at once than it takes.
pub struct Chunked {
    inner: Arc<dyn Owner>,
    keys_max: usize,
}

impl Chunked {
    /// Wraps an owner.
    pub fn new(inner: Arc<dyn Owner>, keys_per_fetch: usize) -> Self {
        Self { inner, keys_max: keys_per_fetch.max(1) }
    }
}

impl Owner for Chunked {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        if fetch.keys.len() <= self.keys_max {
            return self.inner.fetch(fetch);
        }
        let pieces = fetch
            .keys
            .chunks(self.keys_max)
            .map(|keys| self.inner.fetch(Fetch { group: fetch.group, keys: keys.into(), deadline: fetch.deadline }));
        join_all(pieces).map(|outcomes| outcomes.into_iter().flatten().collect()).boxed()
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        if fetch.arguments.len() <= self.keys_max {
            return self.inner.list(fetch);
        }
        let pieces = fetch.arguments.chunks(self.keys_max).map(|arguments| {
            let window = fetch.window.clone();
            let (list, count_up_to, deadline) = (fetch.list, fetch.count_up_to, fetch.deadline);
            self.inner.list(ListFetch { list, arguments: arguments.to_vec(), window, count_up_to, deadline })
        });
        join_all(pieces).map(|pages| pages.into_iter().flatten().collect()).boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        self.inner.probe()
    }
}
