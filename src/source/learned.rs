//! What has been learned about queries: kept by what they are of, forgotten when it no longer holds.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Learned things by what they are of; at most one for each of the contract's groups or lists.
#[derive(Debug)]
pub struct Learned<K, V>(Mutex<HashMap<K, Arc<V>>>);

impl<K: Hash + Eq, V> Learned<K, V> {
    /// Knows nothing yet.
    pub fn new() -> Self {
        Self(Mutex::default())
    }

    /// Returns what is known.
    pub fn of(&self, of: K) -> Option<Arc<V>> {
        self.entries().get(&of).cloned()
    }

    /// Keeps what was learned.
    pub fn keep(&self, of: K, value: V) -> Arc<V> {
        let value = Arc::new(value);
        self.entries().insert(of, Arc::clone(&value));
        value
    }

    /// Forgets what no longer holds.
    pub fn forget(&self, of: K) {
        self.entries().remove(&of);
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<K, Arc<V>>> {
        // A panic elsewhere cannot leave a map of finished values half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
