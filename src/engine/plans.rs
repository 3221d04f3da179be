//! The cache of compiled plans: bounded, shared by all callers. A hit costs one hash of the document.

use std::sync::Arc;

use quick_cache::{Equivalent, sync::Cache};

use crate::plan::Plan;

/// Compiled plans by document and operation name.
#[derive(Debug)]
pub(super) struct Plans(Cache<(String, Option<String>), Arc<Plan>>);

/// A key that borrows what it looks up.
#[derive(Hash)]
struct Borrowed<'k>(&'k str, Option<&'k str>);

impl Equivalent<(String, Option<String>)> for Borrowed<'_> {
    fn equivalent(&self, key: &(String, Option<String>)) -> bool {
        self.0 == key.0 && self.1 == key.1.as_deref()
    }
}

impl Plans {
    /// Makes a cache of at most `n_entries` plans.
    pub fn new(n_entries: usize) -> Self {
        Self(Cache::new(n_entries.max(1)))
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
