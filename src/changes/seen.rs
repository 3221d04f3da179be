//! Changes that were seen already, where questions overlap. Pure.
//!
//! In: the rows of a question, each with when it changed. Out: which of them tell something that was not told. Rows are
//! remembered by a hash, and only those of the question before: what has fallen out of the overlap does not come again.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashMap;

use super::earlier::is_coarse;
use crate::value::Key;

/// How often a row that bears a coarse time is told. The first time, the second that it bears may not have been over: the
/// row may have changed again within it. When it is asked for again, it is over.
const TOLD_COARSE: u8 = 2;

/// The rows of the question before, and those of this one.
#[derive(Debug, Default)]
pub(super) struct Seen {
    random: RandomState,
    before: HashMap<u64, u8>,
    now: HashMap<u64, u8>,
}

impl Seen {
    /// Begins a question.
    pub fn begin(&mut self) {
        self.now.clear();
    }

    /// Takes in a row. Returns whether its change is to be told.
    pub fn note(&mut self, changed: &str, key: &Key) -> bool {
        let hash = self.random.hash_one((changed, key));
        let n_told = self.before.get(&hash).copied().unwrap_or(0);
        self.now.insert(hash, n_told.saturating_add(1));
        n_told < if is_coarse(changed) { TOLD_COARSE } else { 1 }
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

    fn told(seen: &mut Seen, rows: &[(&str, &str)]) -> Vec<bool> {
        seen.begin();
        let told = rows.iter().map(|(changed, key)| seen.note(changed, &Key::one(key))).collect();
        seen.end();
        told
    }

    #[test]
    fn a_change_is_told_once_and_one_of_a_whole_second_twice() {
        let mut seen = Seen::default();
        let fine = ("2026-03-01 12:00:00.5", "A");
        let coarse = ("2026-03-01 12:00:00", "B");
        assert_eq!(told(&mut seen, &[fine, coarse]), [true, true]);
        assert_eq!(told(&mut seen, &[fine, coarse]), [false, true]);
        assert_eq!(told(&mut seen, &[fine, coarse]), [false, false]);
        let again = ("2026-03-01 12:00:07.5", "A");
        assert_eq!(told(&mut seen, &[fine, coarse, again]), [false, false, true]);
        assert_eq!(told(&mut seen, &[("2026-03-01 11:59:59.5", "C"), again]), [true, false], "a late commit");
    }

    #[test]
    fn a_question_that_broke_off_has_told_nothing() {
        let mut seen = Seen::default();
        seen.begin();
        assert!(seen.note("1", &Key::one("A")));
        assert_eq!(told(&mut seen, &[("1", "A")]), [true]);
        assert_eq!(told(&mut seen, &[("1", "A")]), [false]);
    }
}
