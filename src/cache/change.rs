//! A change at an owner, as far as it was heard of. It can do one thing: take back what is kept, in every process.

use std::time::Duration;

use super::{Cache, Inner, kept::Place, question::Asked, serve::ms, shared::SharedRecall};
use crate::value::{GroupId, Key, SystemId, TypeId};

/// Something that changed at its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The system that says so.
    pub system: SystemId,
    /// The entity type.
    pub entity: TypeId,
    /// Which entities; `None` where all may have changed.
    pub keys: Option<Vec<Key>>,
}

/// How many keys one message to all processes names: a message is some KiB.
const KEYS_TOLD: usize = 200;

impl Change {
    /// Returns it as it is told to other processes.
    fn told(&self) -> Vec<Self> {
        let of = |keys: Option<&[Key]>| Self { keys: keys.map(<[Key]>::to_vec), ..*self };
        match &self.keys {
            None => vec![of(None)],
            Some(keys) => keys.chunks(KEYS_TOLD).map(|keys| of(Some(keys))).collect(),
        }
    }
}

impl Inner {
    /// Returns how far ahead of its time a recall reaches: a question that another process puts at this moment by a clock
    /// that is ahead may still bring what was before, and a system that is behind says what was before for as long as it is.
    pub(super) fn ahead(&self, system: SystemId) -> Duration {
        self.settings.clock_allowance + self.contract.system(system).lag
    }
}

impl Cache {
    /// Takes back what is kept of changed entities: their records of that system, and its lists of them. What was asked
    /// of the owner until now is not served any more: here from now on, and elsewhere as soon as it is heard there. Returns
    /// whether what processes share has taken note; without any there is nothing to take note.
    pub async fn recall(&self, change: &Change) -> bool {
        let inner = &self.0;
        let at_ms = self.recall_here(change);
        let Some(shared) = &inner.shared else { return true };
        let (groups, lists) = (self.groups_of(change), self.lists_of(change));
        let remembered = groups.iter().map(|group| Asked::Group(*group)).chain(lists.iter().copied());
        let remembered = remembered.map(|asked| inner.lasting(inner.source_of(asked).1)).max().unwrap_or_default();
        let remembered = remembered + inner.ahead(change.system);
        let mut whole = lists;
        let mut places = Vec::new();
        match &change.keys {
            None => whole.extend(groups.into_iter().map(Asked::Group)),
            Some(keys) => {
                let of_group = |group| keys.iter().map(move |key| Place::Record(group, key.clone()));
                places.extend(groups.into_iter().flat_map(of_group));
            }
        }
        shared.recall(SharedRecall { places, whole, at_ms, remembered, changes: change.told() }).await
    }

    /// Whether a recall would be taken note of by what processes share at this moment.
    pub async fn recalls_are_shared(&self) -> bool {
        let Some(shared) = &self.0.shared else { return true };
        shared.recall(SharedRecall::default()).await
    }

    /// Returns for how long anything of a system that was asked for can be of use, here or to those who share.
    pub fn lasting(&self, system: SystemId) -> Duration {
        let inner = &self.0;
        let asked = (0..inner.contract.groups.len()).map(|number| Asked::Group(number.into()));
        let asked = asked.chain((0..inner.contract.lists.len()).map(|number| Asked::List(number.into())));
        let sources = asked.map(|asked| inner.source_of(asked)).filter(|(of, _)| *of == system);
        sources.map(|(_, domain)| inner.lasting(domain)).max().unwrap_or_default() + inner.ahead(system)
    }

    /// Takes back, in this process alone, what was asked until now. Returns until when.
    pub(super) fn recall_here(&self, change: &Change) -> i64 {
        let inner = &self.0;
        let at_ms = inner.clock.now_ms() + ms(inner.ahead(change.system));
        self.recall_until(change, at_ms);
        at_ms
    }

    /// Takes back, in this process alone, what was asked until a moment.
    pub fn recall_until(&self, change: &Change, at_ms: i64) {
        let inner = &self.0;
        for group in self.groups_of(change) {
            match &change.keys {
                None => inner.recalls.recall_all(Asked::Group(group), at_ms),
                Some(keys) => {
                    for key in keys {
                        let place = Place::Record(group, key.clone());
                        inner.recalls.recall(place.clone(), at_ms);
                        inner.memory.forget(&place);
                    }
                }
            }
        }
        for list in self.lists_of(change) {
            inner.recalls.recall_all(list, at_ms);
        }
    }

    /// Returns the groups that a change is about.
    fn groups_of(&self, change: &Change) -> Vec<GroupId> {
        let groups = self.0.contract.groups.iter().enumerate();
        let changed = groups.filter(|(_, group)| group.system == change.system && group.entity == change.entity);
        changed.map(|(number, _)| GroupId::from(number)).collect()
    }

    /// Returns the lists that a change is about: whatever it was, it may have moved an entity into one or out of it.
    fn lists_of(&self, change: &Change) -> Vec<Asked> {
        let contract = &self.0.contract;
        let lists = contract.lists.iter().enumerate();
        let changed = lists.filter(|(_, list)| {
            list.system == change.system && contract.possible_types(list.of).contains(&change.entity)
        });
        changed.map(|(number, _)| Asked::List(number.into())).collect()
    }
}
