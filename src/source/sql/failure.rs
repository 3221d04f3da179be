//! Why a question has no answer, in the same words for every kind.
//!
//! In: what a kind made of its driver's error. Out: the error's kind and detail, and what may help against it.

use crate::fetch::FetchErrorKind;

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong.
    pub kind: FetchErrorKind,
    /// What the operator needs; it may quote the system.
    pub detail: String,
    /// What may help, where asking again at once may.
    pub remedy: Option<Remedy>,
}

/// What may help when a question is asked again at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// The connection is gone: only a fresh one can answer.
    Reconnect,
    /// The tables may not be what they were when the question was learned.
    LearnAnew,
    /// One value among many may be what the system cannot compare: the others can be asked without it.
    AskApart,
}

impl Failure {
    /// Says that the binding does not fit the system.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self { kind: FetchErrorKind::BadRequest, detail: detail.into(), remedy: None }
    }

    /// Says that the answer is not what the contract says.
    pub fn violation(detail: impl Into<String>) -> Self {
        Self { kind: FetchErrorKind::ContractViolation, detail: detail.into(), remedy: None }
    }
}

/// How often a question has been repeated: once where an idle connection had died, once where what was learned may be
/// outdated. Each on a fresh connection.
#[derive(Debug, Default)]
pub struct Attempts {
    reconnected: bool,
    learned_anew: bool,
}

impl Attempts {
    /// Whether this is a repetition.
    pub fn is_again(&self) -> bool {
        self.reconnected || self.learned_anew
    }

    /// Whether the question may be asked once more; it then counts as asked.
    pub fn may_repeat(&mut self, failure: &Failure, was_idle: bool) -> bool {
        match failure.remedy {
            Some(Remedy::Reconnect) if was_idle => !std::mem::replace(&mut self.reconnected, true),
            Some(Remedy::LearnAnew) => !std::mem::replace(&mut self.learned_anew, true),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_repeated_once_for_each_reason_and_never_for_a_fresh_connection_that_broke() {
        let failure = |remedy| Failure { remedy, ..Failure::bad_request("") };
        let mut attempts = Attempts::default();
        assert!(!attempts.may_repeat(&failure(None), true));
        assert!(!attempts.may_repeat(&failure(Some(Remedy::Reconnect)), false));
        assert!(!attempts.is_again());
        assert!(attempts.may_repeat(&failure(Some(Remedy::Reconnect)), true));
        assert!(!attempts.may_repeat(&failure(Some(Remedy::Reconnect)), true));
        assert!(attempts.is_again());
        assert!(attempts.may_repeat(&failure(Some(Remedy::LearnAnew)), false));
        assert!(!attempts.may_repeat(&failure(Some(Remedy::LearnAnew)), false));
    }
}
