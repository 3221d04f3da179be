//! Persisted queries: documents that callers have sent with their hash, and may leave out from then on. Bounded by bytes; what
//! falls out is sent again.

use std::sync::Arc;

use quick_cache::{Weighter, sync::Cache};

/// About as many documents as the clients of one audience have.
const ENTRIES: usize = 1_000;
/// What they weigh: a thousand documents of four kilobytes.
const BYTES_MAX: u64 = 4 * 1024 * 1024;
/// A longer document is not kept: a few of them would drive out all others.
const DOCUMENT_BYTES_MAX: usize = 64 * 1024;

/// Documents by their hash.
#[derive(Debug)]
pub(super) struct Persisted(Cache<String, Arc<str>, Bytes>);

#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<String, Arc<str>> for Bytes {
    fn weight(&self, hash: &String, text: &Arc<str>) -> u64 {
        (hash.len() + text.len()) as u64
    }
}

impl Persisted {
    /// Makes one that is empty.
    pub(super) fn new() -> Self {
        Self(Cache::with_weighter(ENTRIES, BYTES_MAX, Bytes))
    }

    /// Returns the document of a hash.
    pub(super) fn find(&self, hash: &str) -> Option<Arc<str>> {
        self.0.get(hash)
    }

    /// Keeps a document under its hash.
    pub(super) fn keep(&self, hash: String, text: Arc<str>) {
        if text.len() <= DOCUMENT_BYTES_MAX {
            self.0.insert(hash, text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded_by_bytes_and_long_documents_are_not_kept() {
        let persisted = Persisted::new();
        for n in 0..1_000 {
            persisted.keep(format!("{n:064}"), "x".repeat(DOCUMENT_BYTES_MAX).into());
        }
        assert!(persisted.0.weight() <= BYTES_MAX && persisted.0.len() > 10);
        persisted.keep("long".to_owned(), "x".repeat(DOCUMENT_BYTES_MAX + 1).into());
        assert_eq!(persisted.find("long"), None);
        persisted.keep("short".to_owned(), "{a}".into());
        assert_eq!(persisted.find("short").as_deref(), Some("{a}"));
    }
}
