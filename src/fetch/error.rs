//! Why an owner did not answer: which system, what kind, what a client may read and what an operator needs.

use std::{sync::Arc, time::Duration};

use crate::value::SystemId;

/// A failed fetch. One pointer, shared: one failure is reported for every key it took down.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{} {}: {}", .0.system, .0.kind, .0.detail)]
pub struct FetchError(Arc<FetchFailure>);

/// What a failed fetch says.
#[derive(Debug, Clone)]
pub struct FetchFailure {
    /// The system that was asked, by name.
    pub system: Arc<str>,
    /// Its identity.
    pub system_id: SystemId,
    /// What went wrong, as a client may read it.
    pub kind: FetchErrorKind,
    /// What the operator needs. Never shown to a client: it may quote the system's own message.
    pub detail: String,
    /// How long to wait before asking again, counted from the failure: said by the system, or by the guard that refused.
    pub retry_after: Option<Duration>,
    /// Where what is kept was refused because it is too old: how old.
    pub too_old: Option<TooOld>,
}

/// How old something is that is refused for its age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooOld {
    /// Its age, in milliseconds.
    pub age_ms: i64,
    /// The age up to which it is served, in milliseconds.
    pub bound_ms: i64,
    /// Why there is nothing younger: the owner's failure; none where the owner itself is a copy and answered.
    pub because: Option<FetchErrorKind>,
}

impl FetchError {
    /// Says that a system did not answer.
    pub fn new(system: Arc<str>, system_id: SystemId, kind: FetchErrorKind, detail: impl Into<String>) -> Self {
        Self(Arc::new(FetchFailure {
            system,
            system_id,
            kind,
            detail: detail.into(),
            retry_after: None,
            too_old: None,
        }))
    }

    /// Says how old what is refused is. Where its owner failed, that is what refuses it.
    pub fn with_too_old(mut self, too_old: TooOld) -> Self {
        let failure = Arc::make_mut(&mut self.0);
        (failure.kind, failure.too_old) = (FetchErrorKind::Stale, Some(too_old));
        self
    }

    /// Says when asking again makes sense, if that is known.
    pub fn with_retry_after(mut self, retry_after: impl Into<Option<Duration>>) -> Self {
        Arc::make_mut(&mut self.0).retry_after = retry_after.into();
        self
    }
}

impl std::ops::Deref for FetchError {
    type Target = FetchFailure;

    fn deref(&self) -> &FetchFailure {
        &self.0
    }
}

/// The kinds of failure every source classifies its own into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FetchErrorKind {
    /// The system could not be reached or broke off.
    Unavailable,
    /// The system did not answer in time.
    Timeout,
    /// The system refused the credentials or the right to read.
    Denied,
    /// The system says the question is wrong: the binding does not fit it.
    BadRequest,
    /// The system asks to be asked less.
    Throttled,
    /// The answer is not what the contract says it is.
    ContractViolation,
    /// What is known is older than the freshness domain allows: the system is itself a copy, or does not answer.
    Stale,
    /// There is no ledger to ask: the process keeps none.
    NoLedger,
    /// The caller's cursor is not one of the list: nobody's failure but the question's.
    ForeignCursor,
}

impl FetchErrorKind {
    /// Returns the stable code a client reads in `extensions.code`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unavailable => "SOURCE_UNAVAILABLE",
            Self::Timeout => "SOURCE_TIMEOUT",
            Self::Denied => "SOURCE_DENIED",
            Self::BadRequest => "SOURCE_BAD_REQUEST",
            Self::Throttled => "SOURCE_THROTTLED",
            Self::ContractViolation => "CONTRACT_VIOLATION",
            Self::Stale => "STALE_REFUSED",
            Self::NoLedger => "LEDGER_MISSING",
            Self::ForeignCursor => "BAD_ARGUMENT",
        }
    }

    /// Returns the sentence a client reads in `extensions.reason`.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Unavailable => "the system could not be reached",
            Self::Timeout => "the system did not answer in time",
            Self::Denied => "the system refused to answer",
            Self::BadRequest => "the system did not understand the question",
            Self::Throttled => "the system asked to be asked less often",
            Self::ContractViolation => "the system's answer does not fit the contract",
            Self::Stale => "what is known is older than the field's freshness allows",
            Self::NoLedger => "no ledger is configured: start `freehold serve` with --ledger",
            Self::ForeignCursor => "the cursor is not one of this list: pass one that it gave",
        }
    }

    /// Whether asking again may help.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::Unavailable | Self::Timeout | Self::Throttled)
    }
}

impl std::fmt::Display for FetchErrorKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}
