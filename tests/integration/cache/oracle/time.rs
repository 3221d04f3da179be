//! The time of a run, and the clocks that processes read it from: each a little off, some stepping.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use freehold::fetch::{Clock, steady_ms};
use tokio::time::Instant;

/// When every run begins, in milliseconds since 1970.
const BEGIN_MS: i64 = 1_700_000_000_000;

/// The true time.
#[derive(Debug, Clone, Copy)]
pub struct Time(Instant);

impl Time {
    pub fn begin() -> Self {
        Self(Instant::now())
    }

    pub fn passed_ms(self) -> i64 {
        self.0.elapsed().as_millis() as i64
    }

    pub fn now_ms(self) -> i64 {
        BEGIN_MS + self.passed_ms()
    }
}

/// A process's clock over the clock of its machine, which is off and may be set: the process's never goes back.
#[derive(Debug)]
pub struct OffClock {
    time: Time,
    machine_off_ms: AtomicI64,
    ahead_ms: AtomicI64,
}

impl OffClock {
    pub fn new(time: Time, off_ms: i64) -> Arc<Self> {
        Arc::new(Self { time, machine_off_ms: off_ms.into(), ahead_ms: i64::MIN.into() })
    }

    /// Sets the machine's clock off by so much.
    pub fn set_off(&self, off_ms: i64) {
        // A process reads its clock all the time; a step back is one from what it read just before.
        self.now_ms();
        self.machine_off_ms.store(off_ms, Ordering::Relaxed);
    }

    /// How far the process's clock is off by now.
    pub fn off_ms(&self) -> i64 {
        self.now_ms() - self.time.now_ms()
    }
}

impl Clock for OffClock {
    fn now_ms(&self) -> i64 {
        let machine_ms = self.time.now_ms() + self.machine_off_ms.load(Ordering::Relaxed);
        steady_ms(&self.ahead_ms, self.time.passed_ms(), machine_ms)
    }
}
