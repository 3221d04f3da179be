//! Turns: so many calls of a system in any window, and none while it has asked for quiet.
//!
//! In: who wants to call, and until when it can wait. Out: a turn; or at once, where it would come too late, how long until
//! there is one. Turns are taken in the order asked for; but what has begun goes before what has not, since a question that
//! is left halfway has spent its turns for nothing.
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
    /// Whoever is next in a line holds its door and waits for the turn; the others stand behind, in order.
    doors: [tokio::sync::Mutex<()>; 2],
}

/// So many calls within any window of this length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TurnLimit {
    /// The calls.
    pub calls: u32,
    /// The window.
    pub per: Duration,
}

/// Where one waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// What has made calls already, or may make its first.
    Begun,
    /// What has not begun, behind all that has.
    Before,
}

struct State {
    limit: Option<TurnLimit>,
    /// How many stand in each line.
    n_waiting: [usize; 2],
    n_running: usize,
    /// How many of those that run have been lent and not yet taken.
    n_lent: usize,
    /// When calls ended, within the last window.
    ended: VecDeque<Instant>,
    quiet_until: Option<Instant>,
}

impl State {
    /// Takes a turn for whoever is next in a line; else says when there may be one.
    fn take(&mut self, line: Line, now: Instant) -> Result<(), Instant> {
        if line == Line::Begun && self.n_lent > 0 {
            // It was taken before the system asked for quiet, and is worth no more than any other until that ends.
            return match self.quiet_until {
                Some(until) if until > now => Err(until),
                _ => {
                    self.n_lent -= 1;
                    Ok(())
                }
            };
        }
        let at = self.next(now, self.n_before(line));
        if at > now {
            return Err(at);
        }
        self.n_running += 1;
        Ok(())
    }

    /// Returns how many stand in the lines that go before this one.
    fn n_before(&self, line: Line) -> usize {
        self.n_waiting[..line as usize].iter().sum()
    }

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

impl<'t> Turn<'t> {
    /// Lends the turn to the first call of what it was taken for; [`Turns::go_on`] takes it.
    pub fn lend(self) -> Lent<'t> {
        let turns = self.turns;
        std::mem::forget(self);
        turns.state().n_lent += 1;
        Lent(turns)
    }
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

/// A turn that waits for its call. Without one it is given back when this is dropped, as if it had not been taken.
pub struct Lent<'t>(&'t Turns);

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        // Lent turns are alike: who found this one taken may have taken another's, which then is as good as this.
        if state.n_lent > 0 {
            state.n_lent -= 1;
            state.n_running -= 1;
        }
    }
}

/// Stands in line for as long as it lives.
struct Waiting<'t>(&'t Turns, Line);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.state().n_waiting[self.1 as usize] -= 1;
    }
}

impl Turns {
    /// Makes the turns of a system. Without a limit they only wait for the end of a quiet it asked for.
    pub fn new(limit: Option<TurnLimit>) -> Self {
        let state =
            State { limit, n_waiting: [0; 2], n_running: 0, n_lent: 0, ended: VecDeque::new(), quiet_until: None };
        Self { state: Mutex::new(state), doors: Default::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a turn to begin something, waiting for it where it comes in time.
    ///
    /// *Errors*: how long until there is one, where it would come after the deadline; said without waiting.
    pub async fn take(&self, deadline: Instant) -> Result<Turn<'_>, Duration> {
        self.take_in(Line::Before, deadline).await
    }

    /// Takes a turn for a call of something that has begun: one that was lent, else the next there is.
    ///
    /// *Errors*: as of [`Turns::take`].
    pub async fn go_on(&self, deadline: Instant) -> Result<Turn<'_>, Duration> {
        self.take_in(Line::Begun, deadline).await
    }

    async fn take_in(&self, line: Line, deadline: Instant) -> Result<Turn<'_>, Duration> {
        let arrived = Instant::now();
        let turn = |waited| Turn { turns: self, waited };
        let too_late = |at: Instant| Err(at.saturating_duration_since(Instant::now()));
        let _waiting = {
            let mut state = self.state();
            let n_here = state.n_waiting[line as usize];
            let is_lent = line == Line::Begun && state.n_lent > 0;
            // Nobody passes those who wait, except for what is kept for them.
            let taken = match n_here == 0 || is_lent {
                true => state.take(line, arrived),
                false => {
                    let n_ahead = state.n_before(line) + n_here;
                    Err(state.next(arrived, n_ahead))
                }
            };
            match taken {
                Ok(()) => return Ok(turn(Duration::ZERO)),
                Err(at) if at > deadline => return too_late(at),
                Err(_) => state.n_waiting[line as usize] += 1,
            }
            Waiting(self, line)
        };
        let Ok(_door) = timeout_at(deadline, self.doors[line as usize].lock()).await else {
            let mut state = self.state();
            let n_before = state.n_before(line);
            return too_late(state.next(Instant::now(), n_before));
        };
        loop {
            let taken = {
                let (mut state, now) = (self.state(), Instant::now());
                state.take(line, now)
            };
            match taken {
                Ok(()) => return Ok(turn(arrived.elapsed())),
                Err(at) if at > deadline => return too_late(at),
                Err(at) => sleep_until(at).await,
            }
        }
    }

    /// Gives no turns for as long as the system asked to be left alone.
    pub fn be_quiet(&self, time: Duration) {
        let until = Instant::now() + time.min(QUIET_MAX);
        let mut state = self.state();
        state.quiet_until = Some(state.quiet_until.map_or(until, |known| known.max(until)));
    }
}
