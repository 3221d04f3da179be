//! A GraphQL request and its answer, however they travel.

use std::sync::Arc;

use super::documents::DocumentName;
use crate::{
    access::Caller,
    cache::{Demand, Freshness},
    plan::{Refusal, RefusalKind},
};

/// One GraphQL request.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The document; empty where it is called by a name alone.
    pub query: String,
    /// What the document is called by.
    pub document: Option<DocumentName>,
    /// Which of its operations.
    pub operation_name: Option<String>,
    /// The variables, as sent.
    pub variables: serde_json::Map<String, serde_json::Value>,
    /// How fresh it wants its answer.
    pub demand: Demand,
    /// Who asks. Nobody, where it is not said.
    pub caller: Arc<Caller>,
    /// Whether its answer is to say who answered it.
    pub names_owners: bool,
}

/// An answer: the whole response body, and what it says about the request.
#[derive(Debug)]
pub struct Answer {
    /// The response, as JSON.
    pub body: Vec<u8>,
    /// What became of the request.
    pub status: AnswerStatus,
    /// How many facts that its rules read could not be found out.
    pub n_unknown: usize,
    /// How old it is.
    pub freshness: Freshness,
    /// When it was given, in milliseconds since 1970.
    pub at_ms: i64,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerStatus {
    /// Data without errors.
    Complete,
    /// Data, and errors.
    Partial,
    /// `"data": null`, and errors.
    NullData,
    /// The request was refused before it ran; there is no `data`.
    Refused(RefusalKind),
}

impl AnswerStatus {
    /// Returns the word by which logs and metrics know it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::NullData => "null",
            Self::Refused(kind) => refusal_word(kind),
        }
    }
}

pub(super) fn refusal_word(kind: RefusalKind) -> &'static str {
    match kind {
        RefusalKind::Syntax => "syntax",
        RefusalKind::Validation => "validation",
        RefusalKind::Operation => "operation",
        RefusalKind::NotAQuery => "not_a_query",
        RefusalKind::Variables => "variables",
        RefusalKind::TooLarge => "too_large",
        RefusalKind::DocumentUnknown => "document_unknown",
        RefusalKind::DocumentRequired => "document_required",
        RefusalKind::PersistedQueryNotFound => "persisted_query_not_found",
        RefusalKind::PersistedQueryMismatch => "persisted_query_mismatch",
        RefusalKind::TooCostly => "too_costly",
        RefusalKind::Introspection => "introspection",
    }
}

fn code(kind: RefusalKind) -> &'static str {
    match kind {
        RefusalKind::Syntax => "GRAPHQL_PARSE_FAILED",
        RefusalKind::Validation => "GRAPHQL_VALIDATION_FAILED",
        RefusalKind::Operation => "OPERATION_RESOLUTION_FAILURE",
        RefusalKind::NotAQuery => "READ_ONLY",
        RefusalKind::Variables => "BAD_VARIABLES",
        RefusalKind::TooLarge => "TOO_LARGE",
        RefusalKind::DocumentUnknown => "DOCUMENT_UNKNOWN",
        RefusalKind::DocumentRequired => "DOCUMENT_REQUIRED",
        RefusalKind::PersistedQueryNotFound => "PERSISTED_QUERY_NOT_FOUND",
        RefusalKind::PersistedQueryMismatch => "PERSISTED_QUERY_MISMATCH",
        RefusalKind::TooCostly => "TOO_COSTLY",
        RefusalKind::Introspection => "INTROSPECTION_OFF",
    }
}

impl Answer {
    /// Answers a request that is refused: a response without `data`.
    pub fn refused(refusal: &Refusal, at_ms: i64) -> Self {
        let entries = refusal.mistakes.iter().map(|mistake| {
            let mut entry = serde_json::Map::new();
            entry.insert("message".to_owned(), mistake.message.clone().into());
            if !mistake.positions.is_empty() {
                let at = mistake.positions.iter();
                let at: Vec<_> = at.map(|at| serde_json::json!({"line": at.line, "column": at.column})).collect();
                entry.insert("locations".to_owned(), at.into());
            }
            entry.insert("extensions".to_owned(), serde_json::json!({"code": code(refusal.kind)}));
            serde_json::Value::from(entry)
        });
        let body = serde_json::json!({"errors": entries.collect::<Vec<_>>()});
        let status = AnswerStatus::Refused(refusal.kind);
        Self { body: body.to_string().into_bytes(), status, n_unknown: 0, freshness: Freshness::default(), at_ms }
    }
}
