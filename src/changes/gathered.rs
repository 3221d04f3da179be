//! Changes that are told at once: a transaction's, or a burst's. Pure. Bounded: where there are too many, all of the type
//! may have changed.

use std::collections::{BTreeMap, BTreeSet};

use crate::value::{Key, TypeId};

/// Beyond so many keys of a type, recalling all of it costs less than recalling each.
const KEYS_MAX: usize = 10_000;

/// Changes by type: the keys, or `None` where all may have changed.
#[derive(Debug, Default)]
pub(super) struct Gathered(BTreeMap<TypeId, Option<BTreeSet<Key>>>);

impl Gathered {
    /// Adds an entity.
    pub fn add(&mut self, entity: TypeId, key: Key) {
        let known = self.0.entry(entity).or_insert_with(|| Some(BTreeSet::new()));
        if let Some(keys) = known {
            keys.insert(key);
            if keys.len() > KEYS_MAX {
                *known = None;
            }
        }
    }

    /// Adds all entities of a type.
    pub fn add_all(&mut self, entity: TypeId) {
        self.0.insert(entity, None);
    }

    /// Takes what was gathered, and begins anew.
    pub fn take(&mut self) -> impl Iterator<Item = (TypeId, Option<Vec<Key>>)> + use<> {
        std::mem::take(&mut self.0).into_iter().map(|(entity, keys)| (entity, keys.map(Vec::from_iter)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_keys_are_told_once_each_and_too_many_as_all() {
        let (product, account) = (TypeId(1), TypeId(2));
        let mut gathered = Gathered::default();
        for text in ["B", "A", "B"] {
            gathered.add(product, Key::one(text));
        }
        gathered.add_all(account);
        gathered.add(account, Key::one("C"));
        let expected = vec![(product, Some(vec![Key::one("A"), Key::one("B")])), (account, None)];
        assert_eq!(gathered.take().collect::<Vec<_>>(), expected);
        assert_eq!(gathered.take().count(), 0);
        (0..=KEYS_MAX).for_each(|n| gathered.add(product, Key::one(&n.to_string())));
        assert_eq!(gathered.take().collect::<Vec<_>>(), vec![(product, None)]);
    }
}
