//! What is kept, and what it is kept under.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use super::question::Asked;
use crate::{
    fetch::{Page, Record, Stamp, Window},
    value::{Argument, GroupId, Key, ListId},
};

/// What something is kept under: what was asked of an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A record of a group.
    Record(GroupId, Key),
    /// A page of a list.
    Page(ListId, Box<PagePlace>),
}

/// All that a page of a list depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PagePlace {
    /// The arguments of the parent.
    pub arguments: Box<[Argument]>,
    /// Which rows.
    pub window: Window,
    /// How far they are counted, if they are.
    pub count_up_to: Option<u64>,
}

/// Something that is kept. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// A record, or a known absence.
    Record(Arc<Record>),
    /// A page.
    Page(Arc<Page>),
}

/// The place of a record whose key is only borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordPlace<'a>(pub GroupId, pub &'a Key);

impl RecordPlace<'_> {
    /// Returns the share of a key's records.
    pub fn share(key: &Key) -> u8 {
        mix(0, key.as_str().as_bytes())
    }
}

/// Mixes bytes into one, so that neighbouring keys are far apart.
fn mix(share: u8, bytes: &[u8]) -> u8 {
    let mixed = bytes
        .iter()
        .fold(u32::from(share) ^ 0x811c_9dc5, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    mixed.to_le_bytes()[3]
}

impl Hash for RecordPlace<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
        self.1.hash(state);
    }
}

impl Hash for Place {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Record(group, key) => RecordPlace(*group, key).hash(state),
            Self::Page(list, page) => {
                list.hash(state);
                page.hash(state);
            }
        }
    }
}

impl Place {
    /// Returns the group or list.
    pub fn asked(&self) -> Asked {
        match self {
            Self::Record(group, _) => Asked::Group(*group),
            Self::Page(list, _) => Asked::List(*list),
        }
    }

    /// Returns a byte that differs from place to place: it spreads in time what became ripe together.
    pub fn share(&self) -> u8 {
        match self {
            Self::Record(_, key) => RecordPlace::share(key),
            Self::Page(_, page) => {
                page.arguments.iter().fold(page.window.n_rows as u8, |share, argument| match argument {
                    Argument::One(text) => mix(share, text.as_bytes()),
                    _ => share,
                })
            }
        }
    }

    /// Returns how many bytes it takes in memory.
    pub fn weight(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Record(_, key) => key.as_str().len().saturating_sub(size_of::<Key>()),
                Self::Page(_, page) => page.weight(),
            }
    }
}

impl PagePlace {
    fn weight(&self) -> usize {
        let texts = self.arguments.iter().map(|argument| match argument {
            Argument::Null => 0,
            Argument::One(text) => text.len(),
            Argument::Many(texts) => texts.iter().map(|text| size_of_val(text) + text.len()).sum(),
        });
        let cursors = [&self.window.after, &self.window.before].into_iter().flatten().flat_map(|cursor| &cursor.0);
        size_of::<Self>()
            + size_of_val(&*self.arguments)
            + texts.sum::<usize>()
            + cursors.map(|text| size_of_val(text) + text.as_ref().map_or(0, String::len)).sum::<usize>()
    }
}

impl Kept {
    /// Returns where and when it came from.
    pub fn stamp(&self) -> &Stamp {
        match self {
            Self::Record(record) => &record.stamp,
            Self::Page(page) => &page.stamp,
        }
    }

    /// Whether another one says the same, whenever it was asked for.
    pub fn says_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Record(one), Self::Record(other)) => one.says_the_same(other),
            (Self::Page(one), Self::Page(other)) => one.says_the_same(other),
            _ => false,
        }
    }

    /// Whether it says that there is nothing.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Record(record) if record.table().is_none())
    }

    /// Returns how many bytes it takes in memory.
    pub fn weight(&self) -> usize {
        match self {
            Self::Record(record) => record.weight(),
            Self::Page(page) => page.weight(),
        }
    }
}
