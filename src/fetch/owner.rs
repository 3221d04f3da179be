//! The owner: a system as a thing one can ask, and the question it is asked.

use std::{sync::Arc, time::Instant};

use futures_util::future::BoxFuture;

use super::{FetchError, ListFetch, Page, Record};
use crate::value::{GroupId, Key};

/// One batched question: the records of one field group for many keys.
#[derive(Debug, Clone)]
pub struct Fetch {
    /// The field group.
    pub group: GroupId,
    /// The keys, each once.
    pub keys: Arc<[Key]>,
    /// When the caller stops waiting.
    pub deadline: Instant,
}

/// What an owner says about one key: a record (which may be a known absence), or why it could not say.
pub type Outcome = Result<Arc<Record>, FetchError>;

/// A system that answers for the fields it owns.
///
/// Caching, chunking and deadlines are owners around owners.
pub trait Owner: Send + Sync {
    /// Fetches the records of a group.
    ///
    /// *Shape*: one outcome per key, in the order of `fetch.keys`.
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>>;

    /// Runs a list query for many parents at once.
    ///
    /// *Shape*: one page per entry of `fetch.arguments`, in order.
    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>>;

    /// Asks whether the system answers at all.
    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>>;
}
