//! Recalls: what changed at its owner, and when this became known.
//!
//! What was asked of the owner before that moment is not served any more and not kept any more, however late it comes: a
//! slow fetch that began before a change never overwrites it. Recalls can do nothing else. Bounded: a recall is remembered
//! for as long as something older can still be on its way; where there are too many, the whole group is recalled. Beyond
//! that, as far as there is room, it is remembered for those who must know that something was *not* recalled.
//!
//! A gap is when recalls may have gone unheard: nothing that began before its end is kept in memory.

use std::{
    collections::VecDeque,
    sync::{
        RwLock,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use hashbrown::HashMap;

use super::{kept::Place, question::Asked};
use crate::fetch::Stamp;

/// How many single places are remembered before whole groups are recalled.
const PLACES_MAX: usize = 100_000;

/// What has been recalled.
#[derive(Debug)]
pub struct Recalls {
    groups: Box<[AtomicI64]>,
    lists: Box<[AtomicI64]>,
    has_places: AtomicBool,
    places: RwLock<Places>,
    /// How long something older than a recall can still be on its way.
    on_its_way_ms: i64,
    /// How long a recall is remembered where there is room.
    remembered_ms: i64,
    /// The latest of all that was forgotten.
    forgotten_ms: AtomicI64,
    /// The end of the latest gap.
    gap_ms: AtomicI64,
}

#[derive(Debug, Default)]
struct Places {
    at_ms: HashMap<Place, i64>,
    order: VecDeque<(i64, Place)>,
}

impl Recalls {
    /// Begins with none, for so many groups and lists. Something older than a recall can be on its way for so long; recalls
    /// are remembered for so long where there is room.
    pub fn new((n_groups, n_lists): (usize, usize), on_its_way: Duration, remembered: Duration) -> Self {
        let never = |n: usize| (0..n).map(|_| AtomicI64::new(i64::MIN)).collect();
        Self {
            groups: never(n_groups),
            lists: never(n_lists),
            has_places: AtomicBool::new(false),
            places: RwLock::default(),
            on_its_way_ms: ms(on_its_way),
            remembered_ms: ms(remembered.max(on_its_way)),
            forgotten_ms: AtomicI64::new(i64::MIN),
            gap_ms: AtomicI64::new(i64::MIN),
        }
    }

    /// Recalls everything of a group or list that was asked until a moment.
    pub fn recall_all(&self, asked: Asked, at_ms: i64) {
        self.floor(asked).fetch_max(at_ms, Ordering::AcqRel);
    }

    /// Recalls what was asked of one place until a moment.
    pub fn recall(&self, place: Place, at_ms: i64) {
        let mut places = self.places.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let is_over = |(known_ms, _): &(i64, Place)| at_ms.saturating_sub(*known_ms) > self.remembered_ms;
        while places.order.len() >= PLACES_MAX || places.order.front().is_some_and(is_over) {
            let Some((known_ms, known)) = places.forget_first() else { break };
            self.forgotten_ms.fetch_max(known_ms, Ordering::AcqRel);
            if at_ms.saturating_sub(known_ms) <= self.on_its_way_ms {
                self.recall_all(known.asked(), known_ms);
            }
        }
        let known_ms = places.at_ms.entry(place.clone()).or_insert(at_ms);
        *known_ms = at_ms.max(*known_ms);
        places.order.push_back((at_ms, place));
        self.has_places.store(true, Ordering::Release);
    }

    /// Whether something may be served and kept, as far as is known.
    #[inline]
    pub fn allow(&self, asked: Asked, place: impl FnOnce() -> Place, stamp: &Stamp) -> bool {
        if stamp.started_ms <= self.floor(asked).load(Ordering::Acquire) {
            return false;
        }
        if !self.has_places.load(Ordering::Acquire) {
            return true;
        }
        let places = self.places.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        places.at_ms.get(&place()).is_none_or(|at_ms| stamp.started_ms > *at_ms)
    }

    /// Returns the latest instant of which a place's recall may be forgotten. Looked at after [`Recalls::allow`].
    #[inline]
    pub fn forgotten_ms(&self) -> i64 {
        self.forgotten_ms.load(Ordering::Acquire)
    }

    /// Takes note of a gap that ends now.
    pub fn gap(&self, now_ms: i64) {
        self.gap_ms.fetch_max(now_ms, Ordering::AcqRel);
    }

    /// Whether every recall was heard of what was asked, or read from what processes share, at a moment.
    pub fn heard_since(&self, began_ms: i64) -> bool {
        began_ms > self.gap_ms.load(Ordering::Acquire)
    }

    fn floor(&self, asked: Asked) -> &AtomicI64 {
        match asked {
            Asked::Group(group) => &self.groups[group.index()],
            Asked::List(list) => &self.lists[list.index()],
        }
    }
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl Places {
    fn forget_first(&mut self) -> Option<(i64, Place)> {
        let (at_ms, place) = self.order.pop_front()?;
        // It may have been recalled again since.
        if self.at_ms.get(&place) == Some(&at_ms) {
            self.at_ms.remove(&place);
        }
        Some((at_ms, place))
    }
}
