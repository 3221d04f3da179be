//! What waits to be written.
//!
//! In: observations, from answers that do not wait. Out: batches, in order. It is bounded in number and in bytes: what does not
//! fit is dropped and counted. An observation that says what the last one of its subject says is counted with that one, so
//! that a thousand answers about one order are one row to write.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::Notify;

use super::observation::Noted;

/// The bounds of what waits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Observations that wait.
    pub observations_max: usize,
    /// Their bytes.
    pub bytes_max: usize,
    /// Observations of one batch.
    pub batch_max: usize,
}

/// Exceptions of one batch, beyond which no further observation joins it.
const BATCH_SEEN_MAX: usize = 2_000;

/// What waits, and the bell for whoever writes it.
pub(super) struct Queue {
    bounds: Bounds,
    waiting: Mutex<Waiting>,
    n_dropped: AtomicU64,
    /// Rings when something waits.
    pub bell: Notify,
}

#[derive(Default)]
struct Waiting {
    /// The number of the first that waits; they are numbered as they come.
    first: u64,
    noted: VecDeque<Noted>,
    /// The last that waits of each subject.
    of_subject: HashMap<String, u64>,
    /// The last that waits and has seen each exception.
    of_exception: HashMap<String, u64>,
    n_bytes: usize,
    contract: Option<(String, i64)>,
}

impl Queue {
    /// Makes an empty queue.
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, waiting: Mutex::default(), n_dropped: AtomicU64::new(0), bell: Notify::new() }
    }

    /// Takes an observation, if there is room for it.
    pub fn note(&self, noted: Noted) {
        let mut waiting = self.waiting();
        if waiting.joins(&noted) {
            return;
        }
        let n_bytes = noted.bytes();
        if waiting.noted.len() >= self.bounds.observations_max || waiting.n_bytes + n_bytes > self.bounds.bytes_max {
            self.n_dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.push(noted, n_bytes);
        let n_waiting = waiting.noted.len();
        drop(waiting);
        // The first wakes the writer, which lets others gather; a whole batch need not wait longer.
        if n_waiting == 1 || n_waiting == self.bounds.batch_max {
            self.bell.notify_one();
        }
    }

    /// Takes the version of the contract that is served.
    pub fn note_contract(&self, version: &str, at_ms: i64) {
        self.waiting().contract = Some((version.to_owned(), at_ms));
        self.bell.notify_one();
    }

    /// Gives out the next batch; empty when nothing waits.
    pub fn take(&self) -> Vec<Noted> {
        self.waiting().take(self.bounds.batch_max)
    }

    /// Gives out the version of the contract, once.
    pub fn take_contract(&self) -> Option<(String, i64)> {
        self.waiting().contract.take()
    }

    /// Takes back the version of the contract, which could not be written.
    pub fn return_contract(&self, contract: (String, i64)) {
        self.waiting().contract.get_or_insert(contract);
    }

    /// Whether the version of the contract waits.
    pub fn has_contract(&self) -> bool {
        self.waiting().contract.is_some()
    }

    /// Returns how many observations wait.
    pub fn len(&self) -> usize {
        self.waiting().noted.len()
    }

    /// Whether a whole batch waits.
    pub fn has_batch(&self) -> bool {
        self.len() >= self.bounds.batch_max
    }

    /// Returns how many were dropped since it was last asked.
    pub fn take_dropped(&self) -> u64 {
        self.n_dropped.swap(0, Ordering::Relaxed)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // A panic elsewhere cannot leave it half changed: nothing in here calls out.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Counts an observation with the last one of its subject, where that comes to the same as writing both.
    fn joins(&mut self, noted: &Noted) -> bool {
        let Some(&number) = self.of_subject.get(&noted.subject) else { return false };
        // Another subject that saw one of them in between would have to have its turn in between.
        if !noted.seen.iter().all(|(id, _)| self.of_exception.get(id) == Some(&number)) {
            return false;
        }
        let Some(last) = self.noted.get_mut((number - self.first) as usize) else { return false };
        if !last.says_the_same(noted) || noted.first_at_ms < last.last_at_ms {
            return false;
        }
        let before = last.bytes();
        last.times += noted.times;
        last.last_at_ms = noted.last_at_ms;
        last.seen.clone_from(&noted.seen);
        self.n_bytes = (self.n_bytes - before) + last.bytes();
        true
    }

    fn push(&mut self, noted: Noted, n_bytes: usize) {
        let number = self.first + self.noted.len() as u64;
        self.of_subject.insert(noted.subject.clone(), number);
        for (id, _) in &noted.seen {
            self.of_exception.insert(id.clone(), number);
        }
        self.n_bytes += n_bytes;
        self.noted.push_back(noted);
    }

    fn take(&mut self, batch_max: usize) -> Vec<Noted> {
        let (mut batch, mut n_seen) = (Vec::new(), 0);
        while batch.len() < batch_max && n_seen < BATCH_SEEN_MAX {
            let Some(noted) = self.noted.pop_front() else { break };
            let number = self.first;
            self.first += 1;
            self.n_bytes -= noted.bytes();
            if self.of_subject.get(&noted.subject) == Some(&number) {
                self.of_subject.remove(&noted.subject);
            }
            for (id, _) in &noted.seen {
                if self.of_exception.get(id) == Some(&number) {
                    self.of_exception.remove(id);
                }
            }
            n_seen += noted.seen.len();
            batch.push(noted);
        }
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::observation::{Entity, Observation, Seen, Severity, Subject},
        *,
    };

    fn noted(order: &str, at_ms: i64, codes: &[&str]) -> Noted {
        let entity = Entity::new("Order", order);
        let seen = codes.iter().map(|code| Seen {
            code: (*code).to_owned(),
            severity: Severity::Blocking,
            domain: None,
            entity: Entity::new("Account", "K1"),
            account: None,
            system: None,
            line: None,
            message: "m".repeat(100),
            evidence: None,
        });
        let subject = Subject { rule: "order.status".to_owned(), entity, account: None };
        Noted::of(Observation { subject, at_ms, is_complete: true, seen: seen.collect() })
    }

    fn queue(observations_max: usize, bytes_max: usize) -> Queue {
        Queue::new(Bounds { observations_max, bytes_max, batch_max: 500 })
    }

    #[test]
    fn what_says_the_same_is_one_and_counts_as_many() {
        let queue = queue(10, 100_000);
        (0..1_000).for_each(|at| queue.note(noted("1", at, &["HOLD"])));
        let batch = queue.take();
        assert_eq!(batch.len(), 1);
        assert_eq!((batch[0].times, batch[0].first_at_ms, batch[0].last_at_ms), (1_000, 0, 999));
        assert_eq!((queue.len(), queue.take_dropped(), queue.waiting().n_bytes), (0, 0, 0));
        assert!(queue.waiting().of_exception.is_empty() && queue.waiting().of_subject.is_empty());
    }

    #[test]
    fn what_another_subject_saw_in_between_keeps_its_turn() {
        let queue = queue(10, 100_000);
        for (order, codes) in [("1", &["HOLD"][..]), ("2", &["HOLD"]), ("1", &["HOLD"]), ("1", &[]), ("1", &["HOLD"])] {
            queue.note(noted(order, 1, codes));
        }
        assert_eq!(queue.take().len(), 5);
    }

    #[test]
    fn what_does_not_fit_is_dropped_and_counted() {
        let by_number = queue(3, usize::MAX);
        (0..5).for_each(|n| by_number.note(noted(&n.to_string(), 1, &["HOLD"])));
        assert_eq!((by_number.len(), by_number.take_dropped(), by_number.take_dropped()), (3, 2, 0));
        let bytes = noted("0", 1, &["HOLD"]).bytes();
        let by_bytes = queue(100, bytes * 2 + 1);
        (0..5).for_each(|n| by_bytes.note(noted(&n.to_string(), 1, &["HOLD"])));
        assert_eq!((by_bytes.len(), by_bytes.take_dropped()), (2, 3));
    }
}
