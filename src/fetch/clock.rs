//! The clock: the one place time comes from, so that tests can hold it still.

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Instant,
};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Returns the milliseconds since 1970-01-01T00:00:00Z.
    fn now_ms(&self) -> i64;
}

/// The machine's clock, but that it never goes back: when it is set back it goes on from where it was, and when it is set
/// forward, or the machine slept, it follows. So nothing ever looks younger than it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// When the process first looked at the clock.
static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// How far the machine's clock was ever ahead of the time passed since [`BEGUN`].
static AHEAD_MS: AtomicI64 = AtomicI64::new(i64::MIN);

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        let passed_ms = i64::try_from(BEGUN.elapsed().as_millis()).unwrap_or(i64::MAX);
        steady_ms(&AHEAD_MS, passed_ms, jiff::Timestamp::now().as_millisecond())
    }
}

/// Returns the later of what the clock says and what it said before, carried on by the time that has passed.
pub fn steady_ms(ahead_ms: &AtomicI64, passed_ms: i64, clock_ms: i64) -> i64 {
    let ahead = clock_ms - passed_ms;
    passed_ms + ahead_ms.fetch_max(ahead, Ordering::Relaxed).max(ahead)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_goes_on_and_one_that_is_set_forward_is_followed() {
        let ahead = AtomicI64::new(i64::MIN);
        assert_eq!(steady_ms(&ahead, 0, 1_000_000), 1_000_000);
        assert_eq!(steady_ms(&ahead, 500, 1_000_500), 1_000_500);
        assert_eq!(steady_ms(&ahead, 600, 400_000), 1_000_600, "set back");
        assert_eq!(steady_ms(&ahead, 700, 1_500_000), 1_500_000, "set forward, or slept");
        assert_eq!(steady_ms(&ahead, 800, 1_000_800), 1_500_100, "set right again");
    }
}
