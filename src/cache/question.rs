//! Questions as a request puts them, and the answers it gets: what is asked at once, what came, and how old it is.

use std::{sync::Arc, time::Instant};

use futures_util::future::BoxFuture;

use super::kept::{PagePlace, Place};
use crate::{
    fetch::{FetchError, ListFetch, Outcome, Page, Stamp},
    value::{DomainId, GroupId, Key, ListId, SystemId},
};

/// One question of a request.
#[derive(Debug, Clone)]
pub enum Question {
    /// The records of a group.
    Records {
        /// The group.
        group: GroupId,
        /// The keys, each once.
        keys: Arc<[Key]>,
        /// When the caller stops waiting.
        deadline: Instant,
    },
    /// The pages of a list.
    Pages(ListFetch),
}

/// What a question brought.
#[derive(Debug)]
pub struct Answer {
    /// The records or pages, in the order asked.
    pub brought: Brought,
    /// How many questions were put to an owner for it.
    pub n_asked: usize,
    /// How old it is.
    pub freshness: Freshness,
    /// Where it was found.
    pub levels: Levels,
}

/// Where the places of a question were answered from: how many of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Levels {
    /// The memory of the process.
    pub memory: usize,
    /// What processes share.
    pub shared: usize,
    /// The owner.
    pub fetched: usize,
}

impl Levels {
    /// Adds the places of another question.
    pub fn add(&mut self, other: Self) {
        self.memory += other.memory;
        self.shared += other.shared;
        self.fetched += other.fetched;
    }
}

/// Records or pages, as was asked.
#[derive(Debug)]
pub enum Brought {
    /// One outcome per key.
    Records(Vec<Outcome>),
    /// One page per parent.
    Pages(Vec<Result<Arc<Page>, FetchError>>),
}

/// How old something is that is served.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Freshness {
    /// Since when its oldest part is known to be true, in milliseconds since 1970; `None` for nothing at all.
    pub since_ms: Option<i64>,
    /// Until when all of it may be served, in milliseconds since 1970.
    pub until_ms: Option<i64>,
    /// What is older than its domain allows and served because its owner is down.
    pub stale: Vec<Stale>,
}

/// What is served past its domain's bound because its owner is down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// The owner.
    pub system: SystemId,
    /// What was asked of it.
    pub asked: Asked,
    /// Its freshness domain.
    pub domain: DomainId,
    /// Since when the oldest of it is known to be true, in milliseconds since 1970.
    pub since_ms: i64,
    /// How many records or pages.
    pub n: usize,
    /// Why the owner did not answer: its stable code.
    pub code: &'static str,
}

/// A group or a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Asked {
    /// A group.
    Group(GroupId),
    /// A list.
    List(ListId),
}

/// An answer that is there, or is waited for.
pub enum Asking<'a> {
    /// It was in memory.
    Answered(Answer),
    /// It is waited for.
    Waiting(BoxFuture<'a, Answer>),
}

impl Question {
    /// Returns the group or list.
    pub fn asked(&self) -> Asked {
        match self {
            Self::Records { group, .. } => Asked::Group(*group),
            Self::Pages(fetch) => Asked::List(fetch.list),
        }
    }

    /// Returns how many places it asks for: keys, or parents.
    pub fn n_places(&self) -> usize {
        match self {
            Self::Records { keys, .. } => keys.len(),
            Self::Pages(fetch) => fetch.arguments.len(),
        }
    }

    /// Returns one of its places.
    pub fn place(&self, at: usize) -> Place {
        match self {
            Self::Records { group, keys, .. } => Place::Record(*group, keys[at].clone()),
            Self::Pages(ListFetch { list, arguments, window, count_up_to, .. }) => {
                let (arguments, window) = (arguments[at].clone(), window.clone());
                Place::Page(*list, Box::new(PagePlace { arguments, window, count_up_to: *count_up_to }))
            }
        }
    }

    /// Returns the question for some of its places alone.
    pub fn part(&self, places: &[usize]) -> Self {
        match self {
            Self::Records { group, keys, deadline } => {
                let keys: Arc<[_]> = match places.len() == keys.len() {
                    true => Arc::clone(keys),
                    false => places.iter().map(|at| keys[*at].clone()).collect(),
                };
                Self::Records { group: *group, keys, deadline: *deadline }
            }
            Self::Pages(fetch) => {
                let arguments = places.iter().map(|at| fetch.arguments[*at].clone()).collect();
                Self::Pages(ListFetch { arguments, ..fetch.clone() })
            }
        }
    }

    /// Gives it another deadline.
    pub fn until(self, deadline: Instant) -> Self {
        match self {
            Self::Records { group, keys, .. } => Self::Records { group, keys, deadline },
            Self::Pages(fetch) => Self::Pages(ListFetch { deadline, ..fetch }),
        }
    }

    /// Returns when the caller stops waiting.
    pub fn deadline(&self) -> Instant {
        match self {
            Self::Records { deadline, .. } => *deadline,
            Self::Pages(fetch) => fetch.deadline,
        }
    }
}

impl Freshness {
    /// Takes note of something that is served.
    pub fn add(&mut self, since_ms: i64, until_ms: i64) {
        self.since_ms = Some(self.since_ms.map_or(since_ms, |known| known.min(since_ms)));
        self.until_ms = Some(self.until_ms.map_or(until_ms, |known| known.min(until_ms)));
    }

    /// Takes note of all that another says.
    pub fn merge(&mut self, other: Self) {
        if let (Some(since_ms), Some(until_ms)) = (other.since_ms, other.until_ms) {
            self.add(since_ms, until_ms);
        }
        self.stale.extend(other.stale);
    }
}

impl Brought {
    /// Returns the stamps of all that came.
    pub fn stamps(&self) -> impl Iterator<Item = &Stamp> {
        let (records, pages) = match self {
            Self::Records(records) => (Some(records), None),
            Self::Pages(pages) => (None, Some(pages)),
        };
        let of_records = records.into_iter().flatten().filter_map(|outcome| outcome.as_ref().ok().map(|r| &r.stamp));
        of_records.chain(pages.into_iter().flatten().filter_map(|page| page.as_ref().ok().map(|page| &page.stamp)))
    }
}
