//! Repeats: messages that came before, so that one that is sent again, by the system or by somebody who listened in, does
//! nothing a second time. Bounded in number and time, and the process's own: one that is forgotten only recalls once more.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use hashbrown::HashSet;

/// How many messages are remembered: a busy system's of some minutes.
const MESSAGES_MAX: usize = 10_000;

/// The messages that came, by the hash of what names them.
#[derive(Debug)]
pub(super) struct Repeats {
    remembered_ms: i64,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    names: HashSet<[u8; 32]>,
    order: VecDeque<(i64, [u8; 32])>,
}

impl Repeats {
    /// Begins with none; each is remembered for so long.
    pub fn new(remembered: Duration) -> Self {
        Self { remembered_ms: i64::try_from(remembered.as_millis()).unwrap_or(i64::MAX), seen: Mutex::default() }
    }

    /// Whether a message of this name came before.
    pub fn has(&self, name: &[u8], now_ms: i64) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.forget_until(now_ms.saturating_sub(self.remembered_ms), MESSAGES_MAX);
        seen.names.contains(blake3::hash(name).as_bytes())
    }

    /// Remembers a message that did what it does: one that did not must be let in again.
    pub fn add(&self, name: &[u8], now_ms: i64) {
        let hash = *blake3::hash(name).as_bytes();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.forget_until(i64::MIN, MESSAGES_MAX - 1);
        if seen.names.insert(hash) {
            seen.order.push_back((now_ms, hash));
        }
    }
}

impl Seen {
    fn forget_until(&mut self, at_ms: i64, n_max: usize) {
        while self.order.front().is_some_and(|(seen_ms, _)| *seen_ms <= at_ms) || self.order.len() > n_max {
            let Some((_, name)) = self.order.pop_front() else { return };
            self.names.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_remembered_for_a_while_and_the_first_is_forgotten_first() {
        let repeats = Repeats::new(Duration::from_secs(10));
        assert!(!repeats.has(b"a", 0));
        repeats.add(b"a", 0);
        assert!(repeats.has(b"a", 9_999) && !repeats.has(b"b", 9_999) && !repeats.has(b"a", 10_000));
        for number in 0..=MESSAGES_MAX {
            repeats.add(number.to_string().as_bytes(), 20_000);
        }
        assert!(!repeats.has(b"0", 20_001) && repeats.has(b"1", 20_001));
        assert_eq!(repeats.seen.lock().unwrap().order.len(), MESSAGES_MAX);
    }
}
