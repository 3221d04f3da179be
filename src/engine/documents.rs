//! Documents: which text a request means, by the text it brings or the name it calls one by.
//!
//! In: a request. Out: the document that it may run, or why there is none. A registered document is found by its hash or by
//! what its manifest calls it; others are kept by their hash once somebody has sent them (automatic persisted queries), for
//! each audience by itself. What is sent with a hash is hashed here: nobody can keep one text under the name of another.

use std::{collections::HashMap, sync::Arc};

use crate::{
    contract::{Contract, document_hash},
    plan::{Refusal, RefusalKind},
    value::AudienceId,
};

use super::{persisted::Persisted, request::Request};

/// What a request calls its document by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentName {
    /// `extensions.persistedQuery.sha256Hash`: 64 hexadecimal digits.
    Hash(String),
    /// `documentId`, as manifests know it; `sha256:` before a hash is left out.
    Id(String),
}

/// What clients that keep queries by their hash wait for before they send one whole: letter by letter.
const NOT_FOUND: &str = "PersistedQueryNotFound";

/// The registered documents of a contract, by every name they have.
pub(super) struct Documents {
    by_name: HashMap<String, Vec<usize>>,
}

/// A document that may be run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Meant {
    /// Its text.
    pub text: Arc<str>,
    /// The hash to keep it under once it is known to be sound.
    pub keep_as: Option<String>,
}

impl Documents {
    /// Takes in what a contract has registered.
    pub(super) fn new(contract: &Contract) -> Self {
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, document) in contract.documents.registered.iter().enumerate() {
            for name in [&document.hash, &document.id] {
                by_name.entry(name.clone()).or_default().push(at);
            }
        }
        Self { by_name }
    }

    /// Finds the document that a request means.
    pub(super) fn meant(
        &self,
        contract: &Contract,
        request: &Request,
        persisted: &Persisted,
    ) -> Result<Meant, Refusal> {
        let audience = request.caller.audience;
        let trusts_only = audience.is_some_and(|audience| contract.documents.trusted_only.contains(&audience));
        let sent = || Meant { text: request.query.as_str().into(), keep_as: None };
        match (&request.document, request.query.is_empty()) {
            (None, _) if !trusts_only => Ok(sent()),
            (None, _) => self.trusted(contract, audience, &document_hash(&request.query)).ok_or_else(required),
            (Some(name), true) => {
                let (DocumentName::Hash(called) | DocumentName::Id(called)) = name;
                if let Some(meant) = self.trusted(contract, audience, called) {
                    return Ok(meant);
                }
                match name {
                    DocumentName::Hash(hash) if !trusts_only => match persisted.find(hash) {
                        Some(text) => Ok(Meant { text, keep_as: None }),
                        None => Err(refused(RefusalKind::PersistedQueryNotFound, NOT_FOUND)),
                    },
                    _ => Err(unknown(called)),
                }
            }
            (Some(name), false) => {
                let hash = document_hash(&request.query);
                let registered = self.trusted(contract, audience, &hash);
                let is_it = match name {
                    DocumentName::Hash(called) => *called == hash,
                    DocumentName::Id(called) => {
                        *called == hash
                            || self
                                .trusted(contract, audience, called)
                                .is_some_and(|it| registered.as_ref() == Some(&it))
                    }
                };
                match registered {
                    _ if !is_it => Err(mismatch(&hash)),
                    Some(meant) => Ok(meant),
                    None if trusts_only => Err(required()),
                    None => Ok(Meant { keep_as: Some(hash), ..sent() }),
                }
            }
        }
    }

    /// Finds a registered document that an audience may run. One text may be registered several times, for each audience by
    /// itself.
    fn trusted(&self, contract: &Contract, audience: Option<AudienceId>, called: &str) -> Option<Meant> {
        let mut documents = self.by_name.get(called)?.iter().map(|at| &contract.documents.registered[*at]);
        let document = documents.find(|document| contract.documents.may_run(document, audience))?;
        Some(Meant { text: document.text.as_str().into(), keep_as: None })
    }
}

fn refused(kind: RefusalKind, message: impl Into<String>) -> Refusal {
    Refusal::new(kind, message, Vec::new())
}

fn required() -> Refusal {
    let message = "this audience runs registered documents alone; send extensions.persistedQuery.sha256Hash or documentId of one, or have this one registered in the manifest of the contract";
    refused(RefusalKind::DocumentRequired, message)
}

fn unknown(called: &str) -> Refusal {
    // As long as a hash: what a caller makes up does not fill answers.
    let called: String = called.chars().take(64).collect();
    let message = format!(
        "no document of this audience is registered as {called}; add it to the manifest of the contract, or send the document of the manifest that is served"
    );
    refused(RefusalKind::DocumentUnknown, message)
}

fn mismatch(hash: &str) -> Refusal {
    let message = format!("the query is not the document it is said to be; its SHA-256 is {hash}");
    refused(RefusalKind::PersistedQueryMismatch, message)
}
