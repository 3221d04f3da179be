//! The pace: no more keys a second than somebody allowed, whatever comes of them.

use std::{num::NonZeroU32, time::Duration};

use tokio::time::{Instant, sleep_until};

/// Lets so many keys a second pass.
pub(super) struct Pace {
    rate: NonZeroU32,
    /// When those that passed are paid for.
    free_at: Instant,
}

impl Pace {
    pub fn new(rate: NonZeroU32) -> Self {
        Self { rate, free_at: Instant::now() }
    }

    /// Waits until those before have had their time.
    pub async fn pass(&mut self, n_keys: usize) {
        sleep_until(self.free_at).await;
        let cost = Duration::from_secs_f64(n_keys as f64 / f64::from(self.rate.get()));
        self.free_at = Instant::now() + cost;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn never_more_keys_pass_in_any_time_than_the_rate_allows_and_one_batch() {
        let mut pace = Pace::new(NonZeroU32::new(100).expect("a rate"));
        let (began, mut passed) = (Instant::now(), Vec::new());
        for n_keys in [50, 1, 100, 7, 100, 100] {
            pace.pass(n_keys).await;
            passed.push((began.elapsed(), n_keys));
        }
        for (first, (from, _)) in passed.iter().enumerate() {
            for (last, (to, last_keys)) in passed.iter().enumerate().skip(first) {
                let n_keys: usize = passed[first..=last].iter().map(|(_, n_keys)| n_keys).sum();
                let allowed = (*to - *from).as_secs_f64() * 100.0 + *last_keys as f64;
                assert!(n_keys as f64 <= allowed + 1.0, "{n_keys} keys, {allowed} allowed");
            }
        }
        assert_eq!(passed.last().map(|(at, _)| at.as_millis()), Some(2_580));
    }
}
