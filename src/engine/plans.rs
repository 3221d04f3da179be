//! The cache of compiled plans: bounded by bytes, shared by all callers of an audience. A hit costs one hash of the document.

use std::sync::Arc;

use quick_cache::{Equivalent, Weighter, sync::Cache};

use crate::plan::Plan;

/// What a plan weighs at least: about as much as that of a page with some fifty fields, with its document. So many plans as an
/// operator asks for are kept where they weigh no more, and fewer where they do.
const PLAN_BYTES: u64 = 16 * 1024;

type Key = (String, Option<String>);

/// Compiled plans by document and operation name.
#[derive(Debug)]
pub(super) struct Plans(Cache<Key, Arc<Plan>, Bytes>);

#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<Key, Arc<Plan>> for Bytes {
    fn weight(&self, (query, operation_name): &Key, plan: &Arc<Plan>) -> u64 {
        let n_bytes = query.len() + operation_name.as_ref().map_or(0, String::len) + plan.n_bytes();
        (n_bytes as u64).max(PLAN_BYTES)
    }
}

/// A key that borrows what it looks up.
#[derive(Hash)]
struct Borrowed<'k>(&'k str, Option<&'k str>);

impl Equivalent<Key> for Borrowed<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.0 == key.0 && self.1 == key.1.as_deref()
    }
}

impl Plans {
    /// Makes a cache of at most `n_entries` plans, and as many bytes as so many of the usual weigh.
    pub fn new(n_entries: usize) -> Self {
        let n_entries = n_entries.max(1);
        Self(Cache::with_weighter(n_entries, n_entries as u64 * PLAN_BYTES, Bytes))
    }

    /// Returns the plan of a document's operation.
    pub fn find(&self, query: &str, operation_name: Option<&str>) -> Option<Arc<Plan>> {
        self.0.get(&Borrowed(query, operation_name))
    }

    /// Keeps a plan.
    pub fn keep(&self, query: &str, operation_name: Option<&str>, plan: Arc<Plan>) {
        self.0.insert((query.to_owned(), operation_name.map(str::to_owned)), plan);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_of_long_documents_leave_room_for_fewer() {
        for (n_bytes, n_max) in [(10, 200), (160 * 1024, 20)] {
            let plans = Plans::new(200);
            for n in 0..1_000 {
                plans.keep(&(n.to_string() + &" ".repeat(n_bytes)), None, Arc::default());
            }
            assert!(plans.0.len() <= n_max && plans.0.len() >= n_max / 2, "{} of {n_max}", plans.0.len());
            assert!(plans.0.weight() <= 200 * PLAN_BYTES);
        }
        let plans = Plans::new(10);
        plans.keep("{a}", Some("Q"), Arc::default());
        assert!(plans.find("{a}", Some("Q")).is_some() && plans.find("{a}", None).is_none());
    }
}
