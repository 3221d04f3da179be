//! The level between processes: what another process already asked, and the word that it changed since.
//!
//! It is never believed and never needed: what comes from it is judged by its stamp like anything else, and where it fails
//! nothing comes from it.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{
    kept::{Kept, Place},
    question::Asked,
};

/// What was read at once.
#[derive(Debug, Clone, Default)]
pub struct SharedRead {
    /// One entry per place, in order; `None` for what is not there, cannot be read, or takes too long.
    pub entries: Vec<Option<Kept>>,
    /// Until when each group or list that was read is recalled as a whole, in milliseconds since 1970.
    pub recalled: Vec<(Asked, i64)>,
}

/// What processes share.
pub trait Shared: Send + Sync {
    /// Reads many places in one round trip, and what was recalled of their groups and lists.
    fn read(&self, places: Vec<Place>) -> BoxFuture<'static, SharedRead>;

    /// Keeps things behind the answer, each for so long; what cannot be kept is dropped. An entry is kept only if it was
    /// asked of its owner later than what is there, be that another entry or a recall.
    fn keep(&self, entries: Vec<(Place, Kept, Duration)>);

    /// Recalls places, and groups and lists as a whole: what was asked of them until `at_ms` is not kept any more.
    /// Returns whether that is certain.
    fn recall(
        &self,
        places: Vec<Place>,
        whole: Vec<Asked>,
        at_ms: i64,
        remembered: Duration,
    ) -> BoxFuture<'static, bool>;

    /// Asks, for each place, for the sole right to ask its owner for it, for so long at most.
    ///
    /// *Shape*: one entry per place, in order. Where processes cannot be asked each has the right.
    fn lease(&self, places: Vec<Place>, lasting: Duration) -> BoxFuture<'static, Vec<bool>>;
}
