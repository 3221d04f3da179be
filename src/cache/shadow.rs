//! The shadow: a sample of what was served from what is kept, compared with what its owner says behind the answer.
//!
//! What differs is no fault, for it may have changed meanwhile and is within its bound. How often it differs says whether
//! the bound is worth what it costs.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use super::{Cache, kept::Kept, looked::Looked};
use crate::telemetry::Event;

/// Counts questions, so that one in so many is compared.
#[derive(Debug)]
pub struct Shadow {
    n_questions: AtomicU64,
    one_in: u64,
}

impl Shadow {
    /// Compares one question in so many; 0 compares none.
    pub fn new(one_in: u64) -> Self {
        Self { n_questions: AtomicU64::new(0), one_in }
    }

    fn is_due(&self) -> bool {
        self.one_in > 0 && self.n_questions.fetch_add(1, Ordering::Relaxed).is_multiple_of(self.one_in)
    }
}

impl Cache {
    /// Compares what a question was answered with from what is kept, if it is its turn.
    pub(super) fn compare(&self, looked: &Looked) {
        if !self.0.shadow.is_due() {
            return;
        }
        let (places, kept): (Vec<usize>, Vec<Kept>) = looked.kept().unzip();
        if places.is_empty() {
            return;
        }
        let (cache, question, system, domain) = (self.clone(), looked.part(&places), looked.system, looked.domain);
        let timeout = cache.0.contract.system(system).timeout;
        tokio::spawn(async move {
            let answers = cache.0.put(question.until(Instant::now() + timeout), system).await;
            let fresh = answers.iter().zip(&kept).filter_map(|(answer, kept)| Some((answer.as_ref().ok()?, kept)));
            let (same, changed): (Vec<_>, Vec<_>) = fresh.partition(|(fresh, kept)| fresh.says_the_same(kept));
            let domain = &cache.0.contract.domain(domain).name;
            cache.0.telemetry.emit(&Event::Compared { domain, n_same: same.len(), n_changed: changed.len() });
        });
    }
}
