//! Changes as written in a system file: `[changes.…]`, how it is heard of that something changed at the system.
//!
//! In: the tables of `[changes]`. Out: what listens to a system runs on, once `compile` has found the types that are named.
//! Reading order: this file (the ways there are), `signature` (what proves that a message is the system's), `webhook` (the
//! system calls), `listen` (it notifies), `watermark` (its rows say when they changed), `replication` (it sends every
//! change).

mod listen;
mod replication;
mod signature;
mod watermark;
mod webhook;

use super::{
    http::Filling,
    reader::{Entry, Reader},
};

pub(super) use listen::ListenFile;
pub use listen::{Listen, ListenedType};
pub use replication::{ReplicatedTable, Replication};
pub(super) use replication::{ReplicationFile, TableFile};
pub use signature::{Encoding, Proof, Signature, SignedPiece, SignedTime};
pub(super) use watermark::WatermarkFile;
pub use watermark::{Deletes, Overlap, Watermark};
pub use webhook::{Handshake, Hint, Part, Webhook, When};
pub(super) use webhook::{HintFile, WebhookFile};

/// How it is heard of that something changed at a system.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// The system calls.
    pub webhook: Option<Webhook>,
    /// It notifies.
    pub listen: Option<Listen>,
    /// Its rows say when they changed.
    pub watermarks: Vec<Watermark>,
    /// It sends every change.
    pub replication: Option<Replication>,
}

/// `[changes]`
#[derive(Debug, Default)]
pub(super) struct ChangesFile {
    pub webhook: Option<WebhookFile>,
    pub listen: Option<ListenFile>,
    pub watermarks: Vec<WatermarkFile>,
    pub replication: Option<ReplicationFile>,
}

const KEYS: &[&str] = &["webhook", "listen", "watermark", "replication"];

/// Reads `[changes]`.
pub(super) fn read(entry: Entry<'_, '_>, filling: &mut Filling<'_>, reader: &mut Reader<'_>) -> ChangesFile {
    let mut out = ChangesFile::default();
    for entry in reader.table(entry).into_iter().flat_map(|table| table.iter()) {
        match entry.0.get_ref().as_ref() {
            "webhook" => out.webhook = webhook::read(entry, filling, reader),
            "listen" => out.listen = listen::read(entry, reader),
            "watermark" => out.watermarks = watermark::read(entry, reader),
            "replication" => out.replication = replication::read(entry, reader),
            _ => reader.unknown_key(entry.0, "[changes]", KEYS),
        }
    }
    out
}
