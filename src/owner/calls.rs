//! The calls of one group: which keys are under way in which call, and which gather for the next.
//!
//! In: the keys of callers. Out: calls to make, and for each caller where the outcomes of its keys will be. It makes no call
//! itself and reads no clock.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::future::{FutureExt, Shared, join_all};
use hashbrown::HashMap;
use tokio::sync::oneshot;

use crate::{
    fetch::{FetchError, Outcome},
    value::Key,
};

/// A call: its keys, and where its outcomes go.
pub(super) struct Call {
    /// The keys, each once.
    pub keys: Vec<Key>,
    /// Takes one outcome per key, in order. Dropped without, it tells the callers that the call broke off.
    pub answer: oneshot::Sender<Arc<[Outcome]>>,
    seats: Arc<Seats>,
}

/// A call as its callers see it.
struct Seats {
    landing: Shared<oneshot::Receiver<Arc<[Outcome]>>>,
    n_callers: AtomicUsize,
}

/// The calls of one group.
#[derive(Default)]
pub(super) struct Calls {
    /// Calls under way, those that board included.
    n_running: usize,
    /// Calls that are about to be made, and still take keys.
    n_boarding: usize,
    place_of: HashMap<Key, (Arc<Seats>, usize)>,
    gathering: VecDeque<Call>,
}

/// What one caller waits for. Dropped, it waits no more; the calls go on for the others.
pub(super) struct Waiting {
    seats: Vec<Arc<Seats>>,
    /// For each key, which of the calls it is in, and where.
    places: Vec<(usize, usize)>,
    /// How many of the keys were under way or gathering already.
    pub n_joined: usize,
}

impl Calls {
    /// Seats a caller: each key joins the call it is in, and else the last one that gathers.
    pub fn join(&mut self, keys: &[Key], keys_max: usize) -> Waiting {
        let mut waiting = Waiting { seats: Vec::new(), places: Vec::with_capacity(keys.len()), n_joined: 0 };
        for key in keys {
            if let Some((seats, index)) = self.place_of.get(key) {
                waiting.n_joined += 1;
                waiting.sit(seats, *index);
            } else {
                let (seats, index) = self.gather(key, keys_max);
                waiting.sit(&seats, index);
                self.place_of.insert(key.clone(), (seats, index));
            }
        }
        waiting
    }

    fn gather(&mut self, key: &Key, keys_max: usize) -> (Arc<Seats>, usize) {
        if self.gathering.back().is_none_or(|call| call.keys.len() >= keys_max) {
            let (answer, landing) = oneshot::channel();
            let seats = Arc::new(Seats { landing: landing.shared(), n_callers: AtomicUsize::new(0) });
            self.gathering.push_back(Call { keys: Vec::new(), answer, seats });
        }
        let call = self.gathering.back_mut().expect("one was added where there was none");
        call.keys.push(key.clone());
        (Arc::clone(&call.seats), call.keys.len() - 1)
    }

    /// Whether a further call may be made. Whoever makes it boards first, and reports [`Calls::landed`] whatever happens.
    pub fn may_depart(&mut self, running_max: usize) -> bool {
        let may = self.n_running < running_max && self.n_boarding < self.gathering.len();
        self.n_running += usize::from(may);
        self.n_boarding += usize::from(may);
        may
    }

    /// Takes the next call, which takes no more keys from here on; `None` if nobody waits for any.
    pub fn board(&mut self) -> Option<Call> {
        self.n_boarding -= 1;
        loop {
            let call = self.gathering.pop_front()?;
            if call.seats.n_callers.load(Ordering::Relaxed) > 0 {
                return Some(call);
            }
            // What nobody waits for any more is not asked: a slow system has enough to do.
            self.forget(&call.keys);
        }
    }

    /// Takes note that a call has ended: its keys may be asked again. One that never boarded was dropped by a runtime that
    /// is going away, and takes with it what gathered for it, or there would be no end to calls that depart and are dropped.
    pub fn landed(&mut self, boarded: Option<&[Key]>) {
        self.n_running -= 1;
        match boarded {
            Some(keys) => self.forget(keys),
            None => {
                self.n_boarding -= 1;
                if let Some(call) = self.gathering.pop_front() {
                    self.forget(&call.keys);
                }
            }
        }
    }

    fn forget(&mut self, keys: &[Key]) {
        for key in keys {
            self.place_of.remove(key);
        }
    }
}

impl Waiting {
    fn sit(&mut self, seats: &Arc<Seats>, index: usize) {
        // Keys that came together mostly travel together, so the last call is nearly always the one.
        let number = self.seats.iter().rposition(|known| Arc::ptr_eq(known, seats)).unwrap_or_else(|| {
            seats.n_callers.fetch_add(1, Ordering::Relaxed);
            self.seats.push(Arc::clone(seats));
            self.seats.len() - 1
        });
        self.places.push((number, index));
    }

    /// Waits until every call has landed.
    pub async fn landed(&self) {
        join_all(self.seats.iter().map(|seats| seats.landing.clone())).await;
    }

    /// Returns the caller's outcomes, in the order of its keys: `late` for what has not landed, `broken` for a call that
    /// broke off.
    pub fn outcomes(&self, late: impl Fn() -> FetchError, broken: impl Fn() -> FetchError) -> Vec<Outcome> {
        let outcome = |(number, index): &(usize, usize)| match self.seats[*number].landing.peek() {
            Some(Ok(outcomes)) => outcomes.get(*index).cloned().unwrap_or_else(|| Err(broken())),
            Some(Err(_)) => Err(broken()),
            None => Err(late()),
        };
        self.places.iter().map(outcome).collect()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        for seats in &self.seats {
            seats.n_callers.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
