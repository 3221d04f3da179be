//! Changes as written in a system file: `[changes.…]`, how it is heard of that something changed at the system.
//!
//! In: the tables of `[changes]`. Out: what listens to a system runs on, once `compile` has found the types that are named.
//! Reading order: this file (the ways there are), `signature` (what proves that a message is the system's), `webhook` (the
//! system calls).

mod signature;
mod webhook;

use super::{
    http::Filling,
    reader::{Entry, Reader},
};

pub use signature::{Encoding, Proof, Signature, SignedPiece, SignedTime};
pub use webhook::{Handshake, Hint, Part, Webhook, When};
pub(super) use webhook::{HintFile, WebhookFile};

/// How it is heard of that something changed at a system.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// The system calls.
    pub webhook: Option<Webhook>,
}

/// `[changes]`
#[derive(Debug, Default)]
pub(super) struct ChangesFile {
    pub webhook: Option<WebhookFile>,
}

const KEYS: &[&str] = &["webhook"];

/// Reads `[changes]`.
pub(super) fn read(entry: Entry<'_, '_>, filling: &mut Filling<'_>, reader: &mut Reader<'_>) -> ChangesFile {
    let mut out = ChangesFile::default();
    for entry in reader.table(entry).into_iter().flat_map(|table| table.iter()) {
        match entry.0.get_ref().as_ref() {
            "webhook" => out.webhook = webhook::read(entry, filling, reader),
            _ => reader.unknown_key(entry.0, "[changes]", KEYS),
        }
    }
    out
}
