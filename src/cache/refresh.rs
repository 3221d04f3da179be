//! Early refresh: what will run out soon is asked for again behind the answer, so that nobody waits for it.
//!
//! Each place is refreshed once at a time, in this process and among those that share; and no more questions at once than a
//! bound, beyond which things run out as they would.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use hashbrown::HashSet;
use tokio::time::Instant;

use super::{
    Cache, Inner,
    demand::Demand,
    kept::{Kept, Place},
    looked::Looked,
    question::{Asked, Question},
    serve::{Bounds, Verdict},
    shared::SharedRead,
};
use crate::{telemetry::Event, value::DomainId};

/// How long a process has the sole right to ask at most: longer than owners usually take.
const LEASE_MAX: Duration = Duration::from_secs(2);

/// How long it has it at least, however short what it asks for is kept.
const LEASE_MIN: Duration = Duration::from_millis(100);

/// The places that are being refreshed.
#[derive(Debug)]
pub struct Refreshing {
    places: Mutex<HashSet<Place>>,
    questions_max: usize,
}

/// Some places that are being refreshed; dropped, they are not any more.
struct Turn {
    cache: Cache,
    places: Vec<Place>,
}

impl Refreshing {
    /// Begins with none, for at most so many questions at once.
    pub fn new(questions_max: usize) -> Self {
        Self { places: Mutex::default(), questions_max }
    }

    fn places(&self) -> std::sync::MutexGuard<'_, HashSet<Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut places = self.cache.0.refreshing.places();
        for place in &self.places {
            places.remove(place);
        }
    }
}

impl Cache {
    /// Refreshes the ripe places of a question behind its answer.
    pub(super) fn refresh(&self, looked: &Looked) {
        if looked.ripe.is_empty() {
            return;
        }
        let Some((turn, ours)) = self.begin(looked) else { return };
        let (question, system, cache) = (looked.part(&ours), looked.system, self.clone());
        let (asked, bounds) = (looked.asked, self.0.bounds(looked.asked, &Demand::default()));
        let domain = looked.domain;
        let (timeout, lasting) = (self.0.contract.system(system).timeout, self.0.lease(looked.domain));
        tokio::spawn(async move {
            let mut question = question;
            if let Some(shared) = cache.0.shared.as_ref().filter(|_| cache.0.is_shared(system)) {
                // Another process may have refreshed it. Its lease outlasts its answer, so that who finds neither asks.
                let began_ms = cache.0.clock.now_ms();
                let read = shared.read(turn.places.clone()).await;
                let is_due = cache.0.take_refreshed((asked, began_ms), &bounds, &turn.places, &read);
                let due =
                    turn.places.iter().zip(&is_due).filter(|(_, is_due)| **is_due).map(|(place, _)| place.clone());
                let due: Vec<Place> = due.collect();
                let Some(of_due) = only(&question, &is_due) else { return };
                let Some(leased) = only(&of_due, &shared.lease(due, lasting).await) else { return };
                question = leased;
            }
            // It has its own time, not that of the request that saw it was due. Failures are told by the owner's guards;
            // what is kept serves on until it runs out.
            let (n, domain) = (question.n_places(), &cache.0.contract.domain(domain).name);
            cache.0.telemetry.emit(&Event::RefreshedEarly { domain, n });
            let _ = cache.0.put(question.until((Instant::now() + timeout).into_std()), system).await;
            drop(turn);
        });
    }

    /// Takes the ripe places that nobody refreshes; `None` when there are none, or too many are being refreshed.
    fn begin(&self, looked: &Looked) -> Option<(Turn, Vec<usize>)> {
        let mut refreshing = self.0.refreshing.places();
        let mut turn = Turn { cache: self.clone(), places: Vec::new() };
        let mut ours = Vec::new();
        for &at in &looked.ripe {
            if refreshing.len() >= self.0.refreshing.questions_max {
                break;
            }
            let place = looked.place(at);
            if refreshing.insert(place.clone()) {
                turn.places.push(place);
                ours.push(at);
            }
        }
        // A turn without places takes the lock, too, when it is dropped.
        drop(refreshing);
        (!ours.is_empty()).then_some((turn, ours))
    }
}

impl Inner {
    /// How long a process has the sole right to ask: less than what it asks for is kept, so that it is over by the time
    /// that somebody has to ask again.
    pub(super) fn lease(&self, domain: DomainId) -> Duration {
        let domain = self.contract.domain(domain);
        let kept = domain.refresh_after.min(domain.max_age).saturating_sub(self.settings.clock_allowance);
        (kept / 2).clamp(LEASE_MIN, LEASE_MAX)
    }

    /// Takes what other processes have refreshed, as was begun to be read at `began_ms`. Returns for each place whether it
    /// still has to be.
    fn take_refreshed(
        &self,
        (asked, began_ms): (Asked, i64),
        bounds: &Bounds,
        places: &[Place],
        read: &SharedRead,
    ) -> Vec<bool> {
        for (asked, at_ms) in &read.recalled {
            self.recalls.recall_all(*asked, *at_ms);
        }
        let now_ms = self.clock.now_ms();
        let is_fresh = |place: &Place, kept: &Kept| {
            let verdict = bounds.judge(kept.stamp(), kept.is_absent(), || place.share(), now_ms);
            verdict == Verdict::Fresh && self.remember(asked, place, kept, began_ms)
        };
        let entry = |n: usize| read.entries.get(n).and_then(Option::as_ref);
        places.iter().enumerate().map(|(n, place)| !entry(n).is_some_and(|kept| is_fresh(place, kept))).collect()
    }
}

/// Returns the question for some of its places, if there are any.
fn only(question: &Question, ours: &[bool]) -> Option<Question> {
    let is_ours = |at: &usize| ours.get(*at).copied().unwrap_or(true);
    let places: Vec<usize> = (0..question.n_places()).filter(is_ours).collect();
    (!places.is_empty()).then(|| question.part(&places))
}
