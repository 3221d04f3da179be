//! Turns: so many calls of a system in any window, and none while it has asked for quiet.
//!
//! In: who wants to call, and until when it can wait. Out: a turn; or at once, where it would come too late, how long until
//! there is one. Turns are taken in the order asked for.
//!
//! A call counts from its start until a window after its *end*. When between the two the system counts it is not known
//! here; counted from the start alone, a call that was held up on the way would meet the calls of the next window.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until, timeout_at};

/// The longest that a system's word keeps it from being called. A mistaken `Retry-After` of a week must not silence a
/// system for a week; after this one call finds out.
const QUIET_MAX: Duration = Duration::from_secs(600);

/// The turns to call one system.
pub struct Turns {
    state: Mutex<State>,
    /// Whoever is next holds it and waits for the turn; the others stand behind, in order.
    door: tokio::sync::Mutex<()>,
}

/// So many calls within any window of this length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TurnLimit {
    /// The calls.
    pub calls: u32,
    /// The window.
    pub per: Duration,
}

struct State {
    limit: Option<TurnLimit>,
    n_waiting: usize,
    n_running: usize,
    /// When calls ended, within the last window.
    ended: VecDeque<Instant>,
    quiet_until: Option<Instant>,
}

impl State {
    /// Returns the earliest instant at which a call with so many before it may be made; it may turn out later.
    fn next(&mut self, now: Instant, n_ahead: usize) -> Instant {
        let at = self.next_in_window(now, n_ahead);
        self.quiet_until.map_or(at, |until| at.max(until))
    }

    fn next_in_window(&mut self, now: Instant, n_ahead: usize) -> Instant {
        let Some(TurnLimit { calls, per }) = self.limit else { return now };
        while self.ended.front().is_some_and(|end| *end + per <= now) {
            self.ended.pop_front();
        }
        let calls = calls.max(1) as usize;
        let n_free = calls.saturating_sub(self.n_running + self.ended.len());
        if n_ahead < n_free {
            return now;
        }
        // The turn comes free with the so-many-th of the calls that count; those that run end now at the earliest.
        let nth = n_ahead - n_free;
        let windows = per * u32::try_from(nth / calls).unwrap_or(u32::MAX);
        self.ended.get(nth % calls).map_or(now, |end| *end) + per + windows
    }
}

/// A turn. The call is over when it is dropped.
pub struct Turn<'t> {
    turns: &'t Turns,
    /// How long it took to come; zero for one that was there.
    pub waited: Duration,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.turns.state();
        state.n_running -= 1;
        if state.limit.is_some() {
            // Read under the lock, so that the ends are in order.
            state.ended.push_back(Instant::now());
        }
    }
}

/// Stands in line for as long as it lives.
struct Waiting<'t>(&'t Turns);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.state().n_waiting -= 1;
    }
}

impl Turns {
    /// Makes the turns of a system. Without a limit they only wait for the end of a quiet it asked for.
    pub fn new(limit: Option<TurnLimit>) -> Self {
        let state = State { limit, n_waiting: 0, n_running: 0, ended: VecDeque::new(), quiet_until: None };
        Self { state: Mutex::new(state), door: tokio::sync::Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a turn, waiting for it where it comes in time.
    ///
    /// *Errors*: how long until there is one, where it would come after the deadline; said without waiting.
    pub async fn take(&self, deadline: Instant) -> Result<Turn<'_>, Duration> {
        let arrived = Instant::now();
        let turn = |waited| Turn { turns: self, waited };
        let too_late = |at: Instant| Err(at.saturating_duration_since(Instant::now()));
        let _waiting = {
            let mut state = self.state();
            let n_ahead = state.n_waiting;
            let at = state.next(arrived, n_ahead);
            if n_ahead == 0 && at <= arrived {
                state.n_running += 1;
                return Ok(turn(Duration::ZERO));
            }
            if at > deadline {
                return too_late(at);
            }
            state.n_waiting += 1;
            Waiting(self)
        };
        let Ok(_door) = timeout_at(deadline, self.door.lock()).await else {
            let at = self.state().next(Instant::now(), 0);
            return too_late(at);
        };
        loop {
            let at = {
                let (mut state, now) = (self.state(), Instant::now());
                let at = state.next(now, 0);
                if at <= now {
                    state.n_running += 1;
                    return Ok(turn(arrived.elapsed()));
                }
                at
            };
            if at > deadline {
                return too_late(at);
            }
            sleep_until(at).await;
        }
    }

    /// Gives no turns for as long as the system asked to be left alone.
    pub fn be_quiet(&self, time: Duration) {
        let until = Instant::now() + time.min(QUIET_MAX);
        let mut state = self.state();
        state.quiet_until = Some(state.quiet_until.map_or(until, |known| known.max(until)));
    }
}
