//! Pauses between attempts to hear a system: they grow, and differ from process to process.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};

const FIRST: Duration = Duration::from_millis(250);
/// A system that is back is heard again within this time.
const LONGEST: Duration = Duration::from_secs(30);

/// The pauses of one feed.
#[derive(Debug)]
pub(super) struct Pauses(Duration);

impl Default for Pauses {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Pauses {
    /// Waits before the next attempt.
    pub async fn wait(&mut self) {
        let pause = self.next();
        tokio::time::sleep(pause).await;
    }

    fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (pause * 2).min(LONGEST);
        // When a system comes back, not all processes come back to it at once.
        let random = RandomState::new().build_hasher().finish() % 1_000;
        pause / 2 + pause.mul_f64(random as f64 / 2_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_have_an_end() {
        let mut pauses = Pauses::default();
        let begun: Vec<Duration> = (0..12).map(|_| pauses.next()).collect();
        assert!(begun[0] >= FIRST / 2 && begun[0] <= FIRST);
        assert!(begun[11] >= LONGEST / 2 && begun[11] <= LONGEST);
    }
}
