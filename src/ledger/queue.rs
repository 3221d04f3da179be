//! What waits to be written.
//!
//! In: observations, from answers that do not wait. Out: batches, in order. It is bounded in number and in bytes: what does not
//! fit is dropped and counted. An observation that says what the last one of its subject says is counted with that one, so
//! that a thousand answers about one order are one row to write.
//!
//! Most observations say that nothing is wrong, an export's by the ten thousand. They matter only where something is open,
//! which the ledger alone knows: another process may have noted it a moment ago, or this one before it was started again. So
//! they are never skipped on what this process remembers. They wait in groups between the others, by subject and as two
//! times, and have their turn there.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::Notify;

use super::observation::{Clean, Noted};

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

/// Subjects of which nothing is wrong that wait: two exports of 50,000 orders, in some 20 MB.
const CLEAN_MAX: usize = 100_000;

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
    /// The subjects of which nothing is wrong: each group with the number of the observation that it stands before.
    clean: VecDeque<(u64, HashMap<String, Clean>)>,
    n_clean: usize,
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
        let noted = match noted.clean() {
            Err(noted) => noted,
            Ok((subject, clean)) => {
                let (is_first, is_kept) = (waiting.is_empty(), waiting.keep_clean(subject, clean));
                drop(waiting);
                if !is_kept {
                    self.n_dropped.fetch_add(1, Ordering::Relaxed);
                } else if is_first {
                    self.bell.notify_one();
                }
                return;
            }
        };
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

    /// Returns how many observations wait, beside those that say that nothing is wrong.
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

    fn is_empty(&self) -> bool {
        self.noted.is_empty() && self.clean.is_empty()
    }

    /// Keeps that nothing is wrong with a subject, unless there are too many. Returns whether it is kept.
    fn keep_clean(&mut self, subject: String, clean: Clean) -> bool {
        let next = self.first + self.noted.len() as u64;
        if self.clean.back().is_none_or(|(before, _)| *before != next) {
            self.clean.push_back((next, HashMap::new()));
        }
        let Some((_, group)) = self.clean.back_mut() else { return false };
        if let Some(known) = group.get_mut(&subject) {
            known.join(&clean);
            return true;
        }
        if self.n_clean >= CLEAN_MAX {
            return false;
        }
        // What was seen of it before this is not counted with what is seen of it later.
        self.of_subject.remove(&subject);
        group.insert(subject, clean);
        self.n_clean += 1;
        true
    }

    /// Takes what stands before all observations that wait.
    fn take_clean(&mut self, n_max: usize) -> Vec<Noted> {
        let Some((_, group)) = self.clean.front_mut().filter(|(before, _)| *before <= self.first) else {
            return Vec::new();
        };
        let subjects: Vec<String> = group.keys().take(n_max).cloned().collect();
        let taken = subjects.into_iter().filter_map(|subject| group.remove_entry(&subject));
        let taken: Vec<Noted> = taken.map(|(subject, clean)| clean.noted(subject)).collect();
        if group.is_empty() {
            self.clean.pop_front();
        }
        self.n_clean -= taken.len();
        taken
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
            let clean = self.take_clean(batch_max - batch.len());
            if !clean.is_empty() {
                batch.extend(clean);
                continue;
            }
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

    #[test]
    fn what_is_clean_takes_no_room_from_the_rest() {
        let queue = queue(10, 100_000);
        (0..20_000).for_each(|n| queue.note(noted(&n.to_string(), 1, &[])));
        (0..20_000).for_each(|n| queue.note(noted(&n.to_string(), 2, &[])));
        queue.note(noted("held", 3, &["HOLD"]));
        assert_eq!((queue.len(), queue.take_dropped()), (1, 0));
        let (mut n_subjects, mut batches) = (0, 0);
        loop {
            let batch = queue.take();
            if batch.is_empty() {
                break;
            }
            let clean: Vec<_> = batch.iter().filter(|one| one.seen.is_empty()).collect();
            assert!(clean.iter().all(|one| (one.times, one.first_at_ms, one.last_at_ms) == (2, 1, 2)));
            (n_subjects, batches) = (n_subjects + clean.len(), batches + 1);
        }
        assert_eq!((n_subjects, batches, queue.waiting().n_clean), (20_000, 41, 0));
    }

    #[test]
    fn what_is_clean_between_two_sightings_keeps_its_turn() {
        let queue = queue(10, 100_000);
        let codes = |batch: Vec<Noted>| batch.iter().map(|one| one.seen.len()).collect::<Vec<_>>();
        queue.note(noted("1", 1, &[]));
        queue.note(noted("1", 2, &["HOLD"]));
        queue.note(noted("1", 3, &[]));
        assert_eq!((codes(queue.take()), codes(queue.take())), (vec![0, 1, 0], vec![]));
        let unknown = Noted { is_complete: false, ..noted("2", 1, &[]) };
        queue.note(unknown);
        assert_eq!(queue.len(), 1, "what is not known is not clean");
    }

    #[test]
    fn so_many_clean_subjects_wait_and_no_more() {
        let queue = queue(10, 100_000);
        (0..CLEAN_MAX + 5).for_each(|n| queue.note(noted(&n.to_string(), 1, &[])));
        assert_eq!(queue.take_dropped(), 5);
    }
}
