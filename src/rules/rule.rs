//! A rule as the program runs it: a name, the inputs it is fed with, and a pure function.
//!
//! The inputs are a selection of the graph itself, internal fields included, so that they are planned, batched, cached and
//! kept fresh as everything else is. What a field could not be found out for is written as unknown, not as null.

use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

use super::{context::Context, judgement::Judgement};

/// A commercial rule.
pub struct Rule {
    /// Its name, as `@rule(name:)` says it.
    pub name: &'static str,
    /// The type whose fields it answers.
    pub on: &'static str,
    /// The fields it answers: the members of what it comes to.
    pub answers: &'static [&'static str],
    /// What it selects of that type. Variables are the arguments of the field that calls it. A contract may lack what is
    /// `@optional`; what has `@set(name:)` is read only where `Settings::is_set` says so.
    pub inputs: &'static str,
    /// What it selects of the entity that a part lives in; its facts come as `$holder`. Empty: nothing.
    pub holder: &'static str,
    /// Variables of the inputs that are pieces of arguments: a name and the path to them, as `("skus", "lines.sku")`.
    pub pieces: &'static [(&'static str, &'static str)],
    /// Computes the answer from the facts of one object and the arguments, both as JSON.
    pub run: Run,
}

/// Computes an answer from facts and arguments, both as JSON.
pub type Run = fn(&[u8], &[u8], &Context<'_>) -> Result<Computed, serde_json::Error>;

impl std::fmt::Debug for Rule {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "rule {}", self.name)
    }
}

/// What a rule came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Computed {
    /// The fields it answers, by name, as one JSON object.
    pub members: Vec<u8>,
    /// The instant from which the answer may be another without any fact changing; none: never.
    pub holds_until: Option<Timestamp>,
    /// What somebody may have to act on.
    pub judgements: Vec<Judgement>,
}

/// What a function of typed facts comes to: the fields it answers and until when they hold; and what it judges, if it does.
pub(super) trait Came {
    /// The fields.
    type Members: Serialize;

    /// Takes it apart.
    fn apart(self) -> (Self::Members, Option<Timestamp>, Vec<Judgement>);
}

impl<M: Serialize> Came for (M, Option<Timestamp>) {
    type Members = M;

    fn apart(self) -> (M, Option<Timestamp>, Vec<Judgement>) {
        (self.0, self.1, Vec::new())
    }
}

impl<M: Serialize> Came for (M, Option<Timestamp>, Vec<Judgement>) {
    type Members = M;

    fn apart(self) -> (M, Option<Timestamp>, Vec<Judgement>) {
        self
    }
}

/// Runs a rule that is a function of typed facts and arguments.
pub(super) fn typed<F: DeserializeOwned, A: DeserializeOwned, C: Came>(
    facts: &[u8],
    arguments: &[u8],
    rule: impl FnOnce(&F, &A) -> C,
) -> Result<Computed, serde_json::Error> {
    let (facts, arguments) = (serde_json::from_slice(facts)?, serde_json::from_slice(arguments)?);
    let (members, holds_until, judgements) = rule(&facts, &arguments).apart();
    Ok(Computed { members: serde_json::to_vec(&members)?, holds_until, judgements })
}
