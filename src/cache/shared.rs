//! The level between processes: what another process already asked, and the word that it changed since.
//!
//! It is never believed and never needed: what comes from it is judged by its stamp like anything else, and where it fails
//! nothing comes from it.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{
    change::Change,
    confirmed::Confirmation,
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

/// What is recalled at once.
#[derive(Debug, Clone, Default)]
pub struct SharedRecall {
    /// The places.
    pub places: Vec<Place>,
    /// The groups and lists that are recalled as a whole.
    pub whole: Vec<Asked>,
    /// What was asked until then is not kept any more, in milliseconds since 1970.
    pub at_ms: i64,
    /// For how long something older can be on its way.
    pub remembered: Duration,
    /// What all processes are told of it.
    pub changes: Vec<Change>,
}

/// What one process tells all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Something changed.
    Changed(Change),
    /// A complete feed knows all up to an instant.
    Confirmed(Confirmation),
}

/// Up to where a process has heard what is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bookmark {
    /// Who keeps what is told, in which life and as whose copy: another one may have lost what was told last.
    pub keeper: String,
    /// The latest message that was heard.
    pub id: String,
}

/// What was told, as far as it is still there.
#[derive(Debug, Clone)]
pub struct Hearing {
    /// Who keeps it, and the latest message that stands there.
    pub latest: Bookmark,
    /// The message of the bookmark, if it still stands there, and what follows it, in order; `None` is what cannot be read.
    pub messages: Vec<(String, Option<Told>)>,
    /// How long the first that was not heard yet has been there.
    pub lag: Duration,
}

/// What processes share.
pub trait Shared: Send + Sync {
    /// Reads many places in one round trip, and what was recalled of their groups and lists.
    fn read(&self, places: Vec<Place>) -> BoxFuture<'static, SharedRead>;

    /// Keeps things behind the answer, each for so long; what cannot be kept is dropped. An entry is kept only if it was
    /// asked of its owner later than what is there, be that another entry or a recall.
    fn keep(&self, entries: Vec<(Place, Kept, Duration)>);

    /// Recalls places, and groups and lists as a whole, and tells all processes what changed. Returns whether that is
    /// certain; where there is nothing to recall, whether it would be.
    fn recall(&self, recall: SharedRecall) -> BoxFuture<'static, bool>;

    /// Tells all processes something behind all that was told before. Returns whether that is certain.
    fn tell(&self, told: Told) -> BoxFuture<'static, bool>;

    /// Waits for a while until something is told after a bookmark. Returns what stands there, of one moment; `None` where
    /// it cannot be heard. Without a bookmark it does not wait.
    fn hear(&self, since: Option<Bookmark>) -> BoxFuture<'static, Option<Hearing>>;

    /// Asks, for each place, for the sole right to ask its owner for it, for so long at most.
    ///
    /// *Shape*: one entry per place, in order. Where processes cannot be asked each has the right.
    fn lease(&self, places: Vec<Place>, lasting: Duration) -> BoxFuture<'static, Vec<bool>>;
}
