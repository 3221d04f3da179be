//! The engine: the whole way of a query, from a request to an answer.
//!
//! What comes in is a [`Request`], however it arrived; what goes out is an [`Answer`]. Nothing here knows HTTP.

use std::time::Duration;

use crate::fetch::FetchError;

/// One GraphQL request, however it arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The document.
    pub query: String,
    /// Which of the document's operations to run.
    pub operation_name: Option<String>,
    /// The values of its variables.
    pub variables: serde_json::Map<String, serde_json::Value>,
    /// Whether only reading is allowed (an HTTP GET): a mutation is refused.
    pub read_only: bool,
}

/// An answer: the response body and what it says about the request.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The whole JSON response.
    pub body: Vec<u8>,
    /// What the body holds.
    pub status: AnswerStatus,
}

/// What an answer's body holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerStatus {
    /// Data without errors.
    Complete,
    /// Data that is not null, with errors.
    Partial,
    /// `data: null`, with errors from execution.
    NullData,
    /// No data: the request was refused before execution.
    Refused(RefusalKind),
}

/// Why a request was refused before execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// The document cannot be parsed.
    Syntax,
    /// The document does not fit the schema.
    Validation,
    /// The variables do not fit the operation.
    Variables,
    /// The operation is unknown or ambiguous.
    Operation,
    /// A mutation where only reading is allowed.
    MethodNotAllowed,
    /// The document or its plan is larger than allowed.
    TooLarge,
    /// The process has as much to do as it may.
    Overloaded,
}

/// What one system said when asked whether it answers.
#[derive(Debug, Clone)]
pub struct Probe {
    /// The system's name.
    pub system: String,
    /// How long it took, or why it did not answer.
    pub outcome: Result<Duration, FetchError>,
}
