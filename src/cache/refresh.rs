//! Early refresh: what will run out soon is asked for again behind the answer, so that nobody waits for it.
//!
//! Each place is refreshed once at a time, in this process and among those that share; and no more questions at once than a
//! bound, beyond which things run out as they would.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use hashbrown::HashSet;

use super::{Cache, kept::Place, looked::Looked, question::Question};
/// For how long a process has the sole right to refresh: after that another one may try.
const LEASE: Duration = Duration::from_secs(2);

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
        let timeout = cache.0.contract.system(system).timeout;
        tokio::spawn(async move {
            let question = match &cache.0.shared {
                None => question,
                Some(shared) => match leased(&question, &shared.lease(turn.places.clone(), LEASE).await) {
                    Some(question) => question,
                    None => return,
                },
            };
            // It has its own time, not that of the request that saw it was due. Failures are told by the owner's guards; what is kept serves on until it runs out.
            let _ = cache.0.put(question.until(Instant::now() + timeout), system).await;
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

/// Returns the question for those of its places that are ours to ask for, if any is.
fn leased(question: &Question, ours: &[bool]) -> Option<Question> {
    let is_ours = |at: &usize| ours.get(*at).copied().unwrap_or(true);
    let places: Vec<usize> = (0..question.n_places()).filter(is_ours).collect();
    (!places.is_empty()).then(|| question.part(&places))
}
