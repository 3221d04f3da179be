//! The places for requests: so many are under way at once, and who gives way first is let into fewer of them.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The places for requests.
#[derive(Debug)]
pub(super) struct Places {
    n_max: usize,
    n_taken: AtomicUsize,
}

/// A place that is taken until it is dropped.
#[derive(Debug)]
pub(super) struct Place<'p>(&'p Places);

impl Places {
    /// Makes so many places.
    pub(super) fn new(n_max: usize) -> Self {
        Self { n_max, n_taken: AtomicUsize::new(0) }
    }

    /// Whether no place is free, for whomever.
    pub(super) fn is_full(&self) -> bool {
        self.n_taken.load(Ordering::Relaxed) >= self.n_max
    }

    /// Takes a place, where so many percent of them are not taken yet. Everyone is let in where nobody else is.
    pub(super) fn take(&self, share_percent: u32) -> Option<Place<'_>> {
        let share = self.n_max.saturating_mul(share_percent.min(100) as usize) / 100;
        let n_max = share.max(1).min(self.n_max);
        let take = |n_taken| (n_taken < n_max).then_some(n_taken + 1);
        self.n_taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, take).ok().map(|_| Place(self))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.n_taken.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_gives_way_first_is_let_into_fewer_places() {
        let places = Places::new(10);
        let low: Vec<_> = std::iter::from_fn(|| places.take(50)).collect();
        let normal: Vec<_> = std::iter::from_fn(|| places.take(80)).collect();
        assert!(!places.is_full());
        let high: Vec<_> = std::iter::from_fn(|| places.take(100)).collect();
        assert_eq!((low.len(), normal.len(), high.len(), places.is_full()), (5, 3, 2, true));
        drop(low);
        assert!(places.take(50).is_none() && places.take(80).is_some(), "those above it count, too");
        drop((normal, high));
        assert!(places.take(50).is_some());
        assert!(Places::new(1).take(50).is_some() && Places::new(0).take(100).is_none());
    }
}
