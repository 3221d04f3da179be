//! Explanations: how an answer came about, in words that a service agent reads out.

use serde::Serialize;

use super::evidence::Evidence;

/// One step of an explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What was looked at, in one stable word such as `HOLDS` or `VALIDITY`.
    pub step: &'static str,
    /// What came of it, in one sentence.
    pub text: String,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
}
