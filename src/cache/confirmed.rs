//! Confirmations: what a complete feed says of all that it did not recall.
//!
//! Age counts from the question, for nobody knows what happened since. A feed that delivers everything its owner commits
//! does know. When it has delivered all that was committed before an instant, then what it did not recall was still true at
//! that instant, and its age counts from there. That holds, and is used, only for what
//!
//! - is of a group that the contract says is read from tables which the feed follows and from nothing else;
//! - was asked after the feed began to follow: what changed before was not its to tell;
//! - was asked since when this process has heard every recall, its own feed's or by the word of others: a gap ends it;
//! - has not been recalled since, as far back as this process remembers recalls.
//!
//! An absence is confirmed likewise: what fills it is an insert, which the feed tells under the same key. A list is not: a
//! row that enters it has no key that the list is kept under.

use std::sync::atomic::{AtomicI64, Ordering};

use super::{Cache, question::Asked, shared::Told};
use crate::{
    contract::Contract,
    value::{GroupId, SystemId},
};

/// That all which was asked of some groups later than one instant, and not recalled, was true at another.
///
/// A recall cannot be made into one: the feed that delivers everything makes it, and the bytes in which it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    system: SystemId,
    groups: Vec<GroupId>,
    followed_ms: i64,
    known_ms: i64,
}

impl Confirmation {
    /// Makes the confirmation of a feed that has followed without a gap since `followed_ms`, has delivered everything that
    /// was committed before `known_ms`, and has seen all of that recalled.
    pub fn by_complete_feed(system: SystemId, groups: Vec<GroupId>, (followed_ms, known_ms): (i64, i64)) -> Self {
        Self { system, groups, followed_ms, known_ms }
    }

    /// Returns the system whose feed says so.
    pub fn system(&self) -> SystemId {
        self.system
    }

    /// Returns the groups.
    pub fn groups(&self) -> &[GroupId] {
        &self.groups
    }

    /// Returns since when the feed follows without a gap, and up to when all is known, in milliseconds since 1970.
    pub fn window_ms(&self) -> (i64, i64) {
        (self.followed_ms, self.known_ms)
    }
}

impl Cache {
    /// Takes a confirmation of a feed of this process, and tells all others behind the recalls that they were told.
    pub async fn confirm(&self, confirmation: Confirmation) {
        let inner = &self.0;
        inner.confirmed.take(&inner.contract, &confirmation, inner.clock.now_ms());
        if let Some(shared) = &inner.shared {
            // Where it does not arrive another one follows.
            shared.tell(Told::Confirmed(confirmation)).await;
        }
    }
}

/// What is confirmed of one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sure {
    /// What was asked later than this,
    pub after_ms: i64,
    /// was true at this instant, unless it is recalled.
    pub known_ms: i64,
}

/// What is confirmed of each group that can be.
#[derive(Debug)]
pub(super) struct Confirmed {
    groups: Box<[Option<OfGroup>]>,
    /// How far clocks may be apart.
    allowance_ms: i64,
}

#[derive(Debug)]
struct OfGroup {
    after_ms: AtomicI64,
    known_ms: AtomicI64,
}

impl Confirmed {
    /// Begins with nothing confirmed.
    pub fn new(contract: &Contract, allowance_ms: i64) -> Self {
        let can_be = |(number, group): (usize, &crate::contract::Group)| {
            let feed = contract.changes.get(group.system.index())?.replication.as_ref()?;
            let never = || AtomicI64::new(i64::MIN);
            feed.confirms.contains(&GroupId::from(number)).then(|| OfGroup { after_ms: never(), known_ms: never() })
        };
        Self { groups: contract.groups.iter().enumerate().map(can_be).collect(), allowance_ms }
    }

    /// Whether anything can be confirmed at all.
    pub fn is_used(&self) -> bool {
        self.groups.iter().any(Option::is_some)
    }

    /// Takes a confirmation of what the contract has confirmed by that system's feed. What claims to know the future was said by a clock that cannot be trusted.
    pub fn take(&self, contract: &Contract, confirmation: &Confirmation, now_ms: i64) {
        let Confirmation { system, groups, followed_ms, known_ms } = confirmation;
        if *known_ms - now_ms > self.allowance_ms || followed_ms > known_ms {
            return;
        }
        let is_of_system = |group: &&GroupId| contract.groups.get(group.index()).is_some_and(|of| of.system == *system);
        for of_group in groups.iter().filter(is_of_system).filter_map(|group| self.groups[group.index()].as_ref()) {
            // In this order: whoever sees the later instant sees what it holds for.
            of_group.after_ms.fetch_max(followed_ms + self.allowance_ms, Ordering::AcqRel);
            of_group.known_ms.fetch_max(*known_ms, Ordering::AcqRel);
        }
    }

    /// Ends all that was confirmed of what was asked until now: recalls of it may not have been heard.
    pub fn gap(&self, now_ms: i64) {
        for of_group in self.groups.iter().flatten() {
            of_group.after_ms.fetch_max(now_ms + self.allowance_ms, Ordering::AcqRel);
        }
    }

    /// Returns what is confirmed of a group. Looked at before recalls are: those it depends on came first.
    #[inline]
    pub fn of(&self, asked: Asked) -> Option<Sure> {
        let Asked::Group(group) = asked else { return None };
        let of_group = self.groups[group.index()].as_ref()?;
        let known_ms = of_group.known_ms.load(Ordering::Acquire);
        (known_ms > i64::MIN).then(|| Sure { after_ms: of_group.after_ms.load(Ordering::Acquire), known_ms })
    }
}
