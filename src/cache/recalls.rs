//! Recalls: what changed at its owner, and when this became known.
//!
//! What was asked of the owner before that moment is not served any more and not kept any more, however late it comes: a
//! slow fetch that began before a change never overwrites it. Recalls can do nothing else. Bounded: a recall is remembered
//! for as long as something older can still be on its way; where there are too many, the whole group is recalled.

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
    remembered: Duration,
}

#[derive(Debug, Default)]
struct Places {
    at_ms: HashMap<Place, i64>,
    order: VecDeque<(i64, Place)>,
}

impl Recalls {
    /// Begins with none, for so many groups and lists.
    pub fn new(n_groups: usize, n_lists: usize, remembered: Duration) -> Self {
        let never = |n: usize| (0..n).map(|_| AtomicI64::new(i64::MIN)).collect();
        Self {
            groups: never(n_groups),
            lists: never(n_lists),
            has_places: AtomicBool::new(false),
            places: RwLock::default(),
            remembered,
        }
    }

    /// Recalls everything of a group or list that was asked until a moment.
    pub fn recall_all(&self, asked: Asked, at_ms: i64) {
        self.floor(asked).fetch_max(at_ms, Ordering::AcqRel);
    }

    /// Recalls what was asked of one place until a moment.
    pub fn recall(&self, place: Place, at_ms: i64) {
        let mut places = self.places.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let remembered_ms = i64::try_from(self.remembered.as_millis()).unwrap_or(i64::MAX);
        while places.order.front().is_some_and(|(known_ms, _)| at_ms.saturating_sub(*known_ms) > remembered_ms) {
            places.forget_first();
        }
        if places.order.len() >= PLACES_MAX
            && let Some((known_ms, known)) = places.forget_first()
        {
            self.recall_all(known.asked(), known_ms);
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

    fn floor(&self, asked: Asked) -> &AtomicI64 {
        match asked {
            Asked::Group(group) => &self.groups[group.index()],
            Asked::List(list) => &self.lists[list.index()],
        }
    }
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
