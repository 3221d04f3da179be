//! The memory of the process: what was served lately, up to so many bytes.
//!
//! What is looked at once, as a long list or an export does, does not drive out what is looked at often.

use std::hash::Hash;

use quick_cache::{Equivalent, Weighter, sync::Cache};

use super::kept::{Kept, Place, RecordPlace};

/// What an entry costs beside its value: the cache's own bookkeeping, measured by filling one.
const ENTRY_BYTES: usize = 64;

/// How heavy a usual entry is; the cache makes room for so many entries from the start.
const USUAL_BYTES: usize = 1024;

/// What is kept in the process.
#[derive(Debug)]
pub struct Memory(Option<Cache<Place, Kept, ByBytes>>);

#[derive(Debug, Clone)]
struct ByBytes;

impl Weighter<Place, Kept> for ByBytes {
    fn weight(&self, place: &Place, kept: &Kept) -> u64 {
        (ENTRY_BYTES + place.weight() + kept.weight()) as u64
    }
}

impl Equivalent<Place> for RecordPlace<'_> {
    fn equivalent(&self, place: &Place) -> bool {
        matches!(place, Place::Record(group, key) if *group == self.0 && key == self.1)
    }
}

impl Memory {
    /// Makes a memory of at most so many bytes; 0 keeps nothing.
    pub fn new(bytes_max: usize) -> Self {
        Self((bytes_max > 0).then(|| Cache::with_weighter(bytes_max / USUAL_BYTES + 1, bytes_max as u64, ByBytes)))
    }

    /// Returns what is kept under a place.
    #[inline]
    pub fn get<P: Hash + Equivalent<Place> + ?Sized>(&self, place: &P) -> Option<Kept> {
        self.0.as_ref()?.get(place)
    }

    /// Keeps something, unless it is there, or something younger. Returns whether it was neither.
    pub fn put(&self, place: Place, kept: &Kept) -> bool {
        let Some(cache) = &self.0 else { return true };
        let is_younger = cache.peek(&place).is_none_or(|known| known.stamp().started_ms < kept.stamp().started_ms);
        if is_younger {
            cache.insert(place, kept.clone());
        }
        is_younger
    }

    /// Forgets what is kept under a place.
    pub fn forget(&self, place: &Place) {
        if let Some(cache) = &self.0 {
            cache.remove(place);
        }
    }

    /// Forgets everything.
    pub fn clear(&self) {
        if let Some(cache) = &self.0 {
            cache.clear();
        }
    }

    /// Returns how many bytes are kept.
    pub fn weight(&self) -> u64 {
        self.0.as_ref().map_or(0, Cache::weight)
    }

    /// Returns how many entries are kept.
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, Cache::len)
    }
}
