//! Evidence: which fact a reason rests on, and where that fact came from.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::fact::Unknown;

/// Which object of a request's inputs a fact stands in. Inputs carry it in every object, as `$at`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Deserialize)]
pub struct At(pub u32);

/// Where a fact came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The system that owns it; none where the caller gave it.
    pub system: Option<String>,
    /// What it is said of, such as `Account 10001`.
    pub entity: String,
    /// The freshness domain that it is of.
    pub domain: Option<String>,
    /// Since when it is known to be true.
    pub as_of: Option<Timestamp>,
}

/// What knows where facts came from.
pub trait Sources {
    /// Returns where a field of an object came from.
    fn source(&self, at: At, field: &str) -> Source;
}

/// One fact that a reason, or a step of an explanation, rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// The field, as the graph calls it.
    pub field: String,
    /// What it says, as text; none for null.
    pub value: Option<String>,
    /// What it is said of, such as `Account 10001`.
    pub entity: String,
    /// The system that owns it; none where the caller gave it.
    pub system: Option<String>,
    /// Since when it is known to be true.
    pub as_of: Option<Timestamp>,
    /// The freshness domain that it is of, for the ledger.
    #[serde(skip)]
    pub domain: Option<String>,
}

impl Evidence {
    /// Takes down what a field of an object says.
    pub fn new(sources: &dyn Sources, at: At, field: &str, value: Option<String>) -> Self {
        let Source { system, entity, domain, as_of } = sources.source(at, field);
        Self { field: field.to_owned(), value, entity, system, as_of, domain }
    }

    /// Takes down what the caller says, which no system owns.
    pub fn of_question(field: &str, value: impl ToString) -> Self {
        let (field, value) = (field.to_owned(), Some(value.to_string()));
        Self { field, value, entity: "the question".to_owned(), system: None, as_of: None, domain: None }
    }

    /// Takes down what the caller's token says, which no system owns.
    pub fn of_token(field: &str, value: impl ToString) -> Self {
        Self { entity: "the token".to_owned(), ..Self::of_question(field, value) }
    }

    /// Takes down that nobody could say something of an entity: the value is the code of why.
    pub fn of_silence(field: &str, entity: String, unknown: &Unknown) -> Self {
        let system = Some(unknown.system.clone()).filter(|system| !system.is_empty());
        Self { field: field.to_owned(), value: Some(unknown.code.clone()), entity, system, as_of: None, domain: None }
    }
}
