//! Following: what other processes tell is heard in order, and whatever may have gone unheard is taken back.
//!
//! In: what stands between processes since a bookmark. Out: recalls and confirmations here, as if they had been heard at
//! their owner. The rule by which a gap is found is pure: what follows a bookmark is complete only where the same keeper
//! still has the bookmark's own message. Whatever was trimmed, emptied, restored or taken over is a gap, and so is what
//! cannot be read.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::{task::JoinHandle, time::sleep};

use super::{
    Cache, Inner,
    question::Asked,
    serve::ms,
    shared::{Bookmark, Hearing, Shared, Told},
};
use crate::telemetry::{self, Event};

/// How long after a failure it is tried again: a Redis that is back is heard again this soon.
const PAUSE: Duration = Duration::from_millis(100);

/// Follows what is told for as long as it is kept.
#[derive(Debug)]
pub(super) struct Following(JoinHandle<()>);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Why recalls may have gone unheard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gap {
    /// Nothing was heard before.
    Begun,
    /// Another keeps what is told, or the same in another life.
    Replaced,
    /// What was heard last does not stand there any more, nor may what followed it.
    Trimmed,
    /// Something was told that cannot be read.
    Unreadable,
}

impl Gap {
    fn word(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Replaced => "replaced",
            Self::Trimmed => "trimmed",
            Self::Unreadable => "unreadable",
        }
    }
}

/// Returns what follows a bookmark, if nothing is missing in between.
fn follows(bookmark: Option<&Bookmark>, hearing: &Hearing) -> Result<Vec<Told>, Gap> {
    let bookmark = bookmark.ok_or(Gap::Begun)?;
    if hearing.latest.keeper != bookmark.keeper {
        return Err(Gap::Replaced);
    }
    match hearing.messages.split_first() {
        Some(((id, _), following)) if *id == bookmark.id => {
            following.iter().map(|(_, told)| told.clone().ok_or(Gap::Unreadable)).collect()
        }
        _ => Err(Gap::Trimmed),
    }
}

impl Cache {
    /// Begins to follow what processes tell one another.
    pub(super) fn follow(&self, shared: &Arc<dyn Shared>) -> Following {
        Following(tokio::spawn(follow(Arc::downgrade(&self.0), Arc::clone(shared))))
    }

    /// Takes in what was told since a bookmark. Returns the next bookmark.
    fn heard(&self, bookmark: Option<Bookmark>, hearing: Hearing) -> Bookmark {
        let told = follows(bookmark.as_ref(), &hearing);
        let n_told = told.as_ref().map_or(0, Vec::len);
        self.0.tell_followed(telemetry::Shared::Followed { n_told, lag: hearing.lag });
        match told {
            Ok(told) => {
                told.iter().for_each(|told| self.take_told(told));
                let latest = hearing.messages.into_iter().next_back().map(|(id, _)| id);
                Bookmark { id: latest.unwrap_or(hearing.latest.id), ..hearing.latest }
            }
            Err(gap) => {
                self.gap(gap);
                hearing.latest
            }
        }
    }

    /// Takes in what another process, or this one, told. Whenever that was, what was asked until now may be from before.
    fn take_told(&self, told: &Told) {
        let inner = &self.0;
        match told {
            Told::Changed(change) => {
                self.recall_here(change);
            }
            Told::Confirmed(confirmation) => {
                inner.confirmed.take(&inner.contract, confirmation, inner.clock.now_ms());
            }
        }
    }

    /// Takes back all that may have been recalled unheard: what memory holds, and, unless nothing was ever heard here, what
    /// processes share. For what kept the messages then may have lost recalls as well.
    fn gap(&self, gap: Gap) {
        self.forget_all();
        let inner = &self.0;
        let now_ms = inner.clock.now_ms();
        if gap != Gap::Begun {
            let recall = |asked: Asked| {
                let ahead_ms = ms(inner.ahead(inner.source_of(asked).0));
                inner.recalls.recall_all(asked, now_ms + ahead_ms);
            };
            (0..inner.contract.groups.len()).for_each(|number| recall(Asked::Group(number.into())));
            (0..inner.contract.lists.len()).for_each(|number| recall(Asked::List(number.into())));
        }
        inner.confirmed.gap(now_ms);
        inner.tell_followed(telemetry::Shared::Gap { reason: gap.word() });
    }

    /// Forgets everything that this process keeps by itself: recalls of it may have gone unheard here, but not by what
    /// processes share.
    pub fn forget_all(&self) {
        let inner = &self.0;
        // In this order: what is kept meanwhile is either found there, or finds the gap.
        inner.recalls.gap(inner.clock.now_ms());
        inner.memory.clear();
    }
}

impl Inner {
    fn tell_followed(&self, followed: telemetry::Shared<'_>) {
        self.telemetry.emit(&Event::Shared(followed));
    }
}

async fn follow(cache: Weak<Inner>, shared: Arc<dyn Shared>) {
    let mut bookmark = None;
    loop {
        let hearing = shared.hear(bookmark.clone()).await;
        let Some(inner) = cache.upgrade() else { return };
        match hearing {
            Some(hearing) => bookmark = Some(Cache(inner).heard(bookmark, hearing)),
            None => {
                inner.tell_followed(telemetry::Shared::Unfollowed);
                drop(inner);
                sleep(PAUSE).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cache::Change,
        value::{SystemId, TypeId},
    };

    fn at(keeper: &str, id: &str) -> Bookmark {
        Bookmark { keeper: keeper.to_owned(), id: id.to_owned() }
    }

    fn change() -> Told {
        Told::Changed(Change { system: SystemId(0), entity: TypeId(0), keys: None })
    }

    fn hearing(keeper: &str, ids: &[&str]) -> Hearing {
        let messages = ids.iter().map(|id| ((*id).to_owned(), Some(change()))).collect();
        Hearing { latest: at(keeper, ids.last().unwrap_or(&"")), messages, lag: Duration::ZERO }
    }

    #[test]
    fn what_follows_is_complete_only_behind_the_bookmarks_own_message() {
        let bookmark = at("one", "5-0");
        let follows = |hearing| follows(Some(&bookmark), &hearing).map(|told| told.len());
        assert_eq!(super::follows(None, &hearing("one", &["5-0"])), Err(Gap::Begun));
        assert_eq!(follows(hearing("one", &["5-0", "6-0", "9-0"])), Ok(2));
        assert_eq!(follows(hearing("one", &["5-0"])), Ok(0));
        assert_eq!(follows(hearing("one", &["6-0"])), Err(Gap::Trimmed));
        assert_eq!(follows(hearing("one", &[])), Err(Gap::Trimmed), "emptied, or gone back to what was");
        assert_eq!(follows(hearing("two", &["5-0", "6-0"])), Err(Gap::Replaced));
        let mut unreadable = hearing("one", &["5-0", "6-0"]);
        unreadable.messages[0].1 = None;
        assert_eq!(follows(unreadable.clone()), Ok(1), "what was heard is not read again");
        unreadable.messages[1].1 = None;
        assert_eq!(follows(unreadable), Err(Gap::Unreadable));
    }
}
