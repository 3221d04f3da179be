//! The difference between two contracts: what a change of a contract means to those who ask by it.
//!
//! In: two compiled contracts, the one that is served and the one that is to be. Out: changes, each of a kind, so that a
//! pipeline can hold back those that somebody should have agreed to. Pure.
//!
//! Reading order: this file (what a change is), `view` (what an audience has of a contract), `schema` with `types` (what callers'
//! documents meet), `owner` (who answers, and how it is asked), `bounds` (how old an answer may be), `visibility` (who sees what), `limits`
//! (what a request may take),
//! `report` (how changes are printed).

mod bounds;
mod limits;
mod owner;
mod report;
mod schema;
mod types;
mod view;
mod visibility;

pub use report::{diff_json, diff_text};

use super::{Contract, rule_settings};

/// What kind of a change it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// A document that was valid is refused, or its answer has what its reader may not expect.
    Breaking,
    /// Another system answers.
    Owner,
    /// Answers may be older than they might have been.
    Bounds,
    /// Somebody sees what they did not.
    Visibility,
    /// Worth knowing; breaks and opens nothing.
    Note,
    /// Something was added, or promised more strictly.
    Safe,
}

impl ChangeKind {
    /// All of them, the gravest first.
    pub const ALL: [Self; 6] = [Self::Breaking, Self::Owner, Self::Bounds, Self::Visibility, Self::Note, Self::Safe];

    /// Returns the word by which people and machines know it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Breaking => "breaking",
            Self::Owner => "owner",
            Self::Bounds => "bounds",
            Self::Visibility => "visibility",
            Self::Note => "note",
            Self::Safe => "safe",
        }
    }

    /// Whether somebody has to agree to it.
    pub fn is_grave(self) -> bool {
        !matches!(self, Self::Note | Self::Safe)
    }
}

/// One thing that is different.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// What kind of a change it is.
    pub kind: ChangeKind,
    /// What is different: `Product.name`, `[freshness.price]`, `audience bi`.
    pub subject: String,
    /// What of it: a sentence that goes on from the subject.
    pub message: String,
    /// The audiences to whom it is different; none named: everyone.
    pub audiences: Vec<String>,
}

impl Change {
    fn new(kind: ChangeKind, subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, subject: subject.into(), message: message.into(), audiences: Vec::new() }
    }
}

/// Says what is different between two contracts, the gravest first.
pub fn diff(old: &Contract, new: &Contract) -> Vec<Change> {
    let mut changes = schema::changes(old, new);
    changes.extend(owner::changes(old, new));
    changes.extend(bounds::changes(old, new));
    changes.extend(visibility::changes(old, new));
    changes.extend(limits::changes(old, new));
    changes.extend(settings(old, new));
    changes.sort();
    changes.dedup();
    changes
}

/// What is said differently of the commercial rules, line by line.
fn settings(old: &Contract, new: &Contract) -> Vec<Change> {
    let (old, new) = (rule_settings::lines(&old.rules), rule_settings::lines(&new.rules));
    let lost = old.iter().filter(|line| !new.contains(line)).map(|line| format!("no longer say: {line}"));
    let gained = new.iter().filter(|line| !old.contains(line)).map(|line| format!("say: {line}"));
    lost.chain(gained).map(|message| Change::new(ChangeKind::Note, "[rules]", message)).collect()
}
