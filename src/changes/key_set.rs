//! All keys of a type, to find what is gone. Pure, and bounded.
//!
//! In: all keys, again and again. Out: those that are not there any more. Where there are many, only their hashes are kept:
//! then it is known that something is gone, and not what.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashSet;

use crate::value::Key;

/// How many keys are kept as they are: some 10 MB.
const NAMED_MAX: usize = 200_000;
/// How many are kept as hashes: some 300 MB.
const HASHED_MAX: usize = 20_000_000;

/// All keys at one moment.
#[derive(Debug)]
pub(super) struct KeySet {
    random: RandomState,
    /// The keys; none where there are too many.
    named: Option<HashSet<Key>>,
    hashes: HashSet<u64>,
    is_full: bool,
}

/// What is not there any more.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Gone {
    /// These, which may be none.
    Keys(Vec<Key>),
    /// Something.
    Something,
}

impl KeySet {
    /// Begins with none. `random` is the same for all that are compared.
    pub fn new(random: RandomState) -> Self {
        Self { random, named: Some(HashSet::new()), hashes: HashSet::new(), is_full: false }
    }

    /// Adds a key.
    pub fn add(&mut self, key: Key) {
        match &mut self.named {
            Some(named) if named.len() < NAMED_MAX => {
                named.insert(key);
            }
            named => {
                for key in named.take().into_iter().flatten() {
                    self.hashes.insert(self.random.hash_one(&key));
                }
                self.is_full |= self.hashes.len() >= HASHED_MAX;
                if !self.is_full {
                    self.hashes.insert(self.random.hash_one(&key));
                }
            }
        }
    }

    /// Finds what is not there any more.
    pub fn gone(&self, now: &Self) -> Gone {
        if self.is_full || now.is_full {
            return Gone::Something;
        }
        match &self.named {
            Some(named) => Gone::Keys(named.iter().filter(|key| !now.has(key)).cloned().collect()),
            None if self.hashes.iter().all(|hash| now.has_hash(*hash)) => Gone::Keys(Vec::new()),
            None => Gone::Something,
        }
    }

    fn has(&self, key: &Key) -> bool {
        match &self.named {
            Some(named) => named.contains(key),
            None => self.hashes.contains(&self.random.hash_one(key)),
        }
    }

    fn has_hash(&self, hash: u64) -> bool {
        match &self.named {
            // It was many and is few: nearly all of it is gone.
            Some(_) => false,
            None => self.hashes.contains(&hash),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(random: &RandomState, keys: impl Iterator<Item = usize>) -> KeySet {
        let mut set = KeySet::new(random.clone());
        keys.for_each(|n| set.add(Key::one(&n.to_string())));
        set
    }

    #[test]
    fn what_is_gone_is_named_as_long_as_there_are_few() {
        let random = RandomState::new();
        let (before, now) = (set(&random, 0..5), set(&random, (1..5).chain([9])));
        assert_eq!(before.gone(&now), Gone::Keys(vec![Key::one("0")]));
        assert_eq!(now.gone(&now), Gone::Keys(Vec::new()));
    }

    #[test]
    fn of_many_it_is_known_that_some_are_gone() {
        let random = RandomState::new();
        let many = set(&random, 0..NAMED_MAX + 2);
        assert_eq!(many.gone(&set(&random, 0..NAMED_MAX + 3)), Gone::Keys(Vec::new()));
        assert_eq!(many.gone(&set(&random, 1..NAMED_MAX + 2)), Gone::Something);
        assert_eq!(many.gone(&set(&random, 0..3)), Gone::Something);
        assert_eq!(set(&random, 0..3).gone(&many), Gone::Keys(Vec::new()));
    }
}
