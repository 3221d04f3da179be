//! The report of a live check: what each system, list and group was found to do, and which keys match across systems.
//!
//! Plain data. What is a fault has to be mended before the contract is served; a notice somebody should know.

use std::time::Duration;

use crate::value::Key;

/// Everything a live check found.
#[derive(Debug)]
pub struct LiveReport {
    /// The systems, in the contract's order.
    pub systems: Vec<SystemReport>,
    /// The lists and groups that were asked, by system.
    pub asks: Vec<AskReport>,
    /// Whether keys of one system are known to another.
    pub keys: Vec<KeyMatch>,
    /// How long the check took.
    pub elapsed: Duration,
}

/// Whether a system answers at all.
#[derive(Debug)]
pub struct SystemReport {
    /// Its name.
    pub name: String,
    /// Its kind's word.
    pub kind: &'static str,
    /// How long it took to answer, or why it did not.
    pub outcome: Result<Duration, Failure>,
    /// How many lists and groups were not asked because it did not.
    pub n_unasked: usize,
}

/// What went wrong, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// A stable code: `SOURCE_TIMEOUT`.
    pub code: &'static str,
    /// What the operator needs to know, of the first one.
    pub detail: String,
    /// How many keys or parents it took down.
    pub n: usize,
}

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A list, for its first rows.
    List,
    /// A field group, for the records of keys.
    Group,
}

/// What a list or group was found to do.
#[derive(Debug)]
pub struct AskReport {
    /// The system that was asked.
    pub system: String,
    /// Whether it is a list or a group.
    pub asked: Asked,
    /// Its name in the system's file.
    pub name: String,
    /// Whether it was asked for something that is there; else for nothing, to see whether it understands.
    pub is_sampled: bool,
    /// For how many keys or parents it was asked.
    pub n_asked: usize,
    /// For how many of those an answer came.
    pub n_answered: usize,
    /// How many rows came.
    pub n_rows: usize,
    /// How long each call took, in the order of the calls. The first one may include connecting.
    pub calls: Vec<Duration>,
    /// Why no answer came, by code.
    pub failures: Vec<Failure>,
    /// The declared fields that the answer has no column for.
    pub missing: Vec<String>,
    /// The values that do not fit their types.
    pub misfits: Vec<Misfit>,
    /// The fields that are null in every row.
    pub never_filled: Vec<String>,
    /// How many rows of a list are left out, because nothing in the graph has their keys.
    pub n_left_out: u64,
    /// Some of their keys, as the system has them.
    pub left_out: Vec<String>,
}

/// Values of a field that do not fit its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// The field's path, without the positions in lists.
    pub field: String,
    /// What the contract expects, with its article: "a decimal".
    pub expected: String,
    /// In how many of the rows.
    pub n_rows: usize,
    /// The key of one of them.
    pub example: Key,
}

/// Whether the keys that one system's answers hold are known to a group.
#[derive(Debug)]
pub struct KeyMatch {
    /// The entity.
    pub entity: String,
    /// The system whose keys they are; `None` for keys that somebody gave as samples.
    pub of: Option<String>,
    /// The system that was asked for them.
    pub system: String,
    /// The group that was asked, as its system's file names it.
    pub group: String,
    /// Whether that system decides whether the entity exists.
    pub is_identity: bool,
    /// Whether an entity may rightly be known to only one of several systems: another hands it over, or holds copies of some.
    pub is_handed_over: bool,
    /// How many keys were asked for.
    pub n_sampled: usize,
    /// How many of them are known.
    pub n_matched: usize,
    /// Some of the others.
    pub unmatched: Vec<Key>,
    /// What would have matched.
    pub hint: Option<Hint>,
}

/// A key that is unknown as it is and known when it is written a little differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// The key as it was asked for.
    pub key: Key,
    /// The key that is known.
    pub known: Key,
    /// What makes the one of the other.
    pub normalisation: Normalisation,
}

/// The trivial ways in which two systems write the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Normalisation {
    /// In lower case.
    LowerCase,
    /// In upper case.
    UpperCase,
    /// Without blanks at its ends.
    Trimmed,
    /// Without any blanks.
    WithoutBlanks,
    /// Without the zeros it begins with.
    WithoutLeadingZeros,
    /// With zeros before it, to so many characters.
    PaddedWithZeros(usize),
}

/// Fewer unknown keys than this may all be of things that the other system does not have.
const UNMATCHED_FAULT_MIN: usize = 5;

impl SystemReport {
    /// Whether it has to be mended.
    pub fn is_fault(&self) -> bool {
        self.outcome.is_err()
    }
}

impl AskReport {
    /// How many things have to be mended.
    pub fn n_faults(&self) -> usize {
        self.failures.len() + self.missing.len() + self.misfits.len()
    }

    /// How many things somebody should know.
    pub fn n_notices(&self) -> usize {
        usize::from(!self.never_filled.is_empty()) + usize::from(!self.is_sampled) + usize::from(self.n_left_out > 0)
    }

    /// Returns how long a call usually takes: the middle one of all.
    pub fn median(&self) -> Option<Duration> {
        let mut calls = self.calls.clone();
        calls.sort();
        calls.get(calls.len() / 2).copied()
    }

    /// Returns how long the slowest call took.
    pub fn longest(&self) -> Option<Duration> {
        self.calls.iter().max().copied()
    }
}

impl KeyMatch {
    /// Whether it has to be mended: keys that differ in their writing alone, a sample that is not there, or so many
    /// unknown keys that the two systems hardly mean the same things.
    ///
    /// Some unknown keys are no fault: systems hold different selections of the same things.
    pub fn is_fault(&self) -> bool {
        let is_given_wrongly = self.of.is_none() && self.is_identity && self.n_matched < self.n_sampled;
        let none = self.n_matched == 0 && self.n_sampled >= UNMATCHED_FAULT_MIN && !self.is_handed_over;
        let crosses = self.of.as_ref().is_some_and(|of| *of != self.system);
        self.hint.is_some() || is_given_wrongly || (none && (crosses || self.is_identity))
    }

    /// Whether somebody should know it.
    pub fn is_notice(&self) -> bool {
        !self.is_fault() && self.n_matched < self.n_sampled
    }

    /// Whether there is anything to tell: two systems were compared, or a key is not known.
    pub fn tells(&self) -> bool {
        self.n_matched < self.n_sampled || self.of.as_ref().is_some_and(|of| *of != self.system)
    }
}

impl LiveReport {
    /// How many things have to be mended before the contract is served.
    pub fn n_faults(&self) -> usize {
        self.systems.iter().filter(|system| system.is_fault()).count()
            + self.asks.iter().map(AskReport::n_faults).sum::<usize>()
            + self.keys.iter().filter(|keys| keys.is_fault()).count()
    }

    /// How many things somebody should know.
    pub fn n_notices(&self) -> usize {
        self.asks.iter().map(AskReport::n_notices).sum::<usize>()
            + self.keys.iter().filter(|keys| keys.is_notice()).count()
    }
}
