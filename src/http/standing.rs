//! What answers at this moment. A request takes it once and finishes on it, whatever answers the next one.

use std::sync::{Arc, PoisonError, RwLock};

use super::Answering;
use crate::access::Gate;

/// Who answers, and who is let in to ask: always those of one contract.
pub struct Answers {
    /// Who answers.
    pub answering: Arc<dyn Answering>,
    /// Who is let in, and as whom.
    pub gate: Arc<Gate>,
}

/// What answers at this moment. Cheap to clone: every clone is of the same.
#[derive(Clone)]
pub struct Standing(Arc<RwLock<Arc<Answers>>>);

impl Standing {
    /// Begins with somebody who answers.
    ///
    /// *Shape*: called within a runtime, on which the issuers of tokens are asked for their keys.
    pub fn new(answers: Answers) -> Self {
        answers.gate.warm();
        Self(Arc::new(RwLock::new(Arc::new(answers))))
    }

    /// Returns what answers a request that has just come.
    pub fn now(&self) -> Arc<Answers> {
        // What stands is replaced whole, so a panic elsewhere cannot have left half of it.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets others answer from the next request on. Those before end with the last request that they answer.
    ///
    /// *Shape*: called within a runtime, as above.
    pub fn replace(&self, answers: Answers) {
        answers.gate.warm();
        let before = {
            let mut standing = self.0.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *standing, Arc::new(answers))
        };
        // Outside the lock: ending connections and feeds must keep no request waiting.
        drop(before);
    }
}
