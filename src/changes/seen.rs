//! Changes that were seen already, where questions overlap. Pure: time comes in.
//!
//! In: the rows of a question, each with when it changed. Out: which of them tell something that was not told. Rows are
//! remembered by a hash, and only those of the question before: what has fallen out of the overlap does not come again.

use std::{
    hash::{BuildHasher, RandomState},
    time::{Duration, Instant},
};

use hashbrown::HashMap;

use super::earlier::is_coarse;
use crate::value::Key;

/// How long a row that bears a time in whole seconds is told again: it may change once more within the second that it bears,
/// and then bears the same.
pub(super) const COARSE: Duration = Duration::from_secs(1);

/// What is known of a row that was told.
#[derive(Debug, Clone, Copy)]
struct Told {
    /// When the first question that told it had been answered.
    first: Instant,
    /// Whether it tells nothing more.
    is_final: bool,
}

/// The rows of the question before, and those of this one.
#[derive(Debug)]
pub(super) struct Seen {
    random: RandomState,
    /// When this question was put.
    asked: Instant,
    before: HashMap<u64, Told>,
    now: HashMap<u64, Told>,
}

impl Default for Seen {
    fn default() -> Self {
        Self { random: RandomState::new(), asked: Instant::now(), before: HashMap::new(), now: HashMap::new() }
    }
}

impl Seen {
    /// Begins a question that is put now.
    pub fn begin(&mut self, now: Instant) {
        self.asked = now;
        self.now.clear();
    }

    /// Takes in a row that was answered by now. Returns whether its change is to be told.
    pub fn note(&mut self, changed: &str, key: &Key, now: Instant) -> bool {
        let hash = self.random.hash_one((changed, key));
        let before = self.before.get(&hash);
        let first = before.map_or(now, |told| told.first);
        let is_final = !is_coarse(changed) || before.is_some() && self.asked >= first + COARSE;
        self.now.insert(hash, Told { first, is_final });
        !before.is_some_and(|told| told.is_final)
    }

    /// Ends a question that was answered to its end.
    pub fn end(&mut self) {
        std::mem::swap(&mut self.before, &mut self.now);
        self.now.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(seen: &mut Seen, now: Instant, rows: &[(&str, &str)]) -> Vec<bool> {
        seen.begin(now);
        let told = rows.iter().map(|(changed, key)| seen.note(changed, &Key::one(key), now)).collect();
        seen.end();
        told
    }

    #[test]
    fn a_change_is_told_once_and_one_of_a_whole_second_until_that_second_is_over() {
        let mut seen = Seen::default();
        let begun = Instant::now();
        let at = |ms: u64| begun + Duration::from_millis(ms);
        let fine = ("2026-03-01 12:00:00.5", "A");
        let coarse = ("2026-03-01 12:00:00", "B");
        assert_eq!(told(&mut seen, at(0), &[fine, coarse]), [true, true]);
        assert_eq!(told(&mut seen, at(100), &[fine, coarse]), [false, true]);
        assert_eq!(told(&mut seen, at(900), &[fine, coarse]), [false, true]);
        assert_eq!(told(&mut seen, at(1_100), &[fine, coarse]), [false, true]);
        assert_eq!(told(&mut seen, at(1_200), &[fine, coarse]), [false, false]);
        let again = ("2026-03-01 12:00:07.5", "A");
        assert_eq!(told(&mut seen, at(7_000), &[fine, coarse, again]), [false, false, true]);
        let late = ("2026-03-01 11:59:59.5", "C");
        assert_eq!(told(&mut seen, at(8_000), &[late, again]), [true, false], "a late commit");
    }

    #[test]
    fn a_question_that_broke_off_has_told_nothing() {
        let (mut seen, now) = (Seen::default(), Instant::now());
        seen.begin(now);
        assert!(seen.note("1", &Key::one("A"), now));
        assert_eq!(told(&mut seen, now, &[("1", "A")]), [true]);
        assert_eq!(told(&mut seen, now, &[("1", "A")]), [false]);
    }
}
