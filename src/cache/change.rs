//! A change at an owner, as far as it was heard of. It can do one thing: take back what is kept.

use super::{Cache, kept::Place, question::Asked};
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

impl Cache {
    /// Takes back what is kept of changed entities: their records of that system, and its lists of them. What was asked
    /// of the owner until now is not served any more.
    pub async fn recall(&self, change: &Change) {
        let inner = &self.0;
        // A question that another process puts at this moment by a clock that is ahead may still bring what was before.
        // And a system that is behind says what was before for as long as it is.
        let ahead = inner.settings.clock_allowance + inner.contract.system(change.system).lag;
        let at_ms = inner.clock.now_ms() + i64::try_from(ahead.as_millis()).unwrap_or(0);
        self.recall_until(change, at_ms);
        let Some(shared) = &inner.shared else { return };
        let (groups, lists) = (self.groups_of(change), self.lists_of(change));
        let remembered = groups.iter().map(|group| Asked::Group(*group)).chain(lists.iter().copied());
        let remembered = remembered.map(|asked| inner.lasting(inner.source_of(asked).1)).max().unwrap_or_default();
        let mut whole = lists;
        let mut places = Vec::new();
        match &change.keys {
            None => whole.extend(groups.into_iter().map(Asked::Group)),
            Some(keys) => {
                let of_group = |group| keys.iter().map(move |key| Place::Record(group, key.clone()));
                places.extend(groups.into_iter().flat_map(of_group));
            }
        }
        shared.recall(places, whole, at_ms, remembered + ahead).await;
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
