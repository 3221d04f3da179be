//! Observations: what is noted of a subject, at one instant.
//!
//! A subject is what a rule has judged: an order, a product for an account. An observation says all that is wrong with it now.
//! So what was wrong with it before and is not among it is resolved; but only where the rule knew all it had to know.

use super::text::{KEY_BYTES_MAX, MESSAGE_BYTES_MAX, WORD_BYTES_MAX, bounded, bounded_json, digest};

/// Exceptions of one observation. Further ones are left out, and then nothing is resolved: a cart of 200 lines with five
/// reasons each.
const SEEN_MAX: usize = 1_000;

/// How bad an exception is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// It stops an order.
    Blocking,
    /// Somebody should look.
    Warning,
    /// It is good to know.
    Info,
}

/// An entity of the graph.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Entity {
    /// Its type.
    pub type_name: String,
    /// Its key; several fields joined as the graph shows keys.
    pub key: String,
}

/// What a rule has judged.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject {
    /// The rule, as `order.status`.
    pub rule: String,
    /// The entity.
    pub entity: Entity,
    /// The account for which it was judged, where that matters.
    pub account: Option<String>,
}

/// An exception that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The reason's code.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// The freshness domain of what is wrong.
    pub domain: Option<String>,
    /// Whom it is about; the subject's entity or one that its judgement met.
    pub entity: Entity,
    /// The account it concerns.
    pub account: Option<String>,
    /// The system whose data is wrong, or that failed.
    pub system: Option<String>,
    /// The line of an order or a cart.
    pub line: Option<String>,
    /// What is wrong, for a person.
    pub message: String,
    /// What shows it, as JSON: fields, values, times.
    pub evidence: Option<String>,
}

/// What is wrong with a subject at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The subject.
    pub subject: Subject,
    /// When it was judged, in milliseconds since 1970.
    pub at_ms: i64,
    /// Whether all facts were known. Only then is what is not among `seen` resolved.
    pub is_complete: bool,
    /// All that is wrong with it.
    pub seen: Vec<Seen>,
}

impl Severity {
    /// Every severity, worst first.
    pub const ALL: [Self; 3] = [Self::Blocking, Self::Warning, Self::Info];

    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Blocking => "BLOCKING",
            Self::Warning => "WARNING",
            Self::Info => "INFO",
        }
    }

    /// Returns the severity of a word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.word() == word)
    }
}

impl Entity {
    /// Makes an entity.
    pub fn new(type_name: impl Into<String>, key: impl Into<String>) -> Self {
        Self { type_name: type_name.into(), key: key.into() }
    }

    fn bounded(self) -> Self {
        Self { type_name: bounded(&self.type_name, WORD_BYTES_MAX), key: bounded(&self.key, KEY_BYTES_MAX) }
    }
}

impl Subject {
    /// Returns what it is told apart by.
    pub(super) fn id(&self) -> String {
        let Entity { type_name, key } = &self.entity;
        digest(&[Some(&self.rule), Some(type_name), Some(key), self.account.as_deref()])
    }
}

impl Seen {
    /// Returns what it is told apart by: its code, entity, account, system and line.
    pub(super) fn id(&self) -> String {
        let Entity { type_name, key } = &self.entity;
        let (account, system, line) = (self.account.as_deref(), self.system.as_deref(), self.line.as_deref());
        digest(&[Some(&self.code), Some(type_name), Some(key), account, system, line])
    }

    fn bounded(self) -> Self {
        let word = |text: Option<String>| text.map(|text| bounded(&text, WORD_BYTES_MAX));
        Self {
            code: bounded(&self.code, WORD_BYTES_MAX),
            severity: self.severity,
            domain: word(self.domain),
            entity: self.entity.bounded(),
            account: self.account.map(|account| bounded(&account, KEY_BYTES_MAX)),
            system: word(self.system),
            line: word(self.line),
            message: bounded(&self.message, MESSAGE_BYTES_MAX),
            evidence: self.evidence.as_deref().map(bounded_json),
        }
    }

    /// Returns about how many bytes it takes in memory.
    pub(super) fn bytes(&self) -> usize {
        let words = [&self.domain, &self.account, &self.system, &self.line, &self.evidence];
        let words: usize = words.iter().filter_map(|word| word.as_ref().map(String::len)).sum();
        size_of::<Self>()
            + words
            + self.code.len()
            + self.message.len()
            + self.entity.type_name.len()
            + self.entity.key.len()
    }
}

/// An observation within its bounds, with what its parts are told apart by.
#[derive(Debug, Clone)]
pub(super) struct Noted {
    /// What the subject is told apart by.
    pub subject: String,
    /// The rule that judged it.
    pub rule: String,
    /// When it was first judged like this.
    pub first_at_ms: i64,
    /// When it was last judged like this.
    pub last_at_ms: i64,
    /// How often.
    pub times: i64,
    /// Whether what is not among `seen` is resolved.
    pub is_complete: bool,
    /// What was seen, each once, by what it is told apart by.
    pub seen: Vec<(String, Seen)>,
}

/// That nothing was wrong with a subject, all facts being known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clean {
    /// When it was first judged like this.
    first_at_ms: i64,
    /// When it was last judged like this.
    last_at_ms: i64,
    /// How often.
    times: i64,
}

impl Clean {
    /// Counts another judgement of the same subject.
    pub fn join(&mut self, other: &Self) {
        self.first_at_ms = self.first_at_ms.min(other.first_at_ms);
        self.last_at_ms = self.last_at_ms.max(other.last_at_ms);
        self.times += other.times;
    }

    /// Makes an observation of it. The rule stands in what is seen alone.
    pub fn noted(self, subject: String) -> Noted {
        let Self { first_at_ms, last_at_ms, times } = self;
        Noted { subject, rule: String::new(), first_at_ms, last_at_ms, times, is_complete: true, seen: Vec::new() }
    }
}

impl Noted {
    /// Returns it by its subject, where it says that nothing is wrong.
    pub fn clean(self) -> Result<(String, Clean), Self> {
        let Self { first_at_ms, last_at_ms, times, .. } = self;
        match self.is_complete && self.seen.is_empty() {
            true => Ok((self.subject, Clean { first_at_ms, last_at_ms, times })),
            false => Err(self),
        }
    }

    /// Brings an observation within its bounds.
    pub fn of(observation: Observation) -> Self {
        let Observation { subject, at_ms, is_complete, seen } = observation;
        let fits = seen.len() <= SEEN_MAX;
        let mut seen: Vec<(String, Seen)> =
            seen.into_iter().take(SEEN_MAX).map(|seen| (seen.id(), seen.bounded())).collect();
        // Stable, so that of two that are the same the first is kept.
        seen.sort_by(|(a, _), (b, _)| a.cmp(b));
        seen.dedup_by(|(a, _), (b, _)| a == b);
        Self {
            subject: subject.id(),
            rule: bounded(&subject.rule, WORD_BYTES_MAX),
            first_at_ms: at_ms,
            last_at_ms: at_ms,
            times: 1,
            is_complete: is_complete && fits,
            seen,
        }
    }

    /// Whether another one says the same of the same subject.
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.subject == other.subject
            && self.is_complete == other.is_complete
            && self.seen.iter().map(|(id, _)| id).eq(other.seen.iter().map(|(id, _)| id))
    }

    /// Returns about how many bytes it takes in memory.
    pub fn bytes(&self) -> usize {
        let seen: usize = self.seen.iter().map(|(id, seen)| id.len() + seen.bytes()).sum();
        size_of::<Self>() + self.subject.len() + self.rule.len() + seen
    }
}
