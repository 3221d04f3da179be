//! An ear: all that a feed may do with what it hears.
//!
//! In: changes of one system. Out: recalls in the cache, and events. There is no way from a change to anything that is kept
//! but to take it back; what a complete feed confirms is no change.

use std::{
    fmt::Display,
    sync::Arc,
    time::{Duration, Instant},
};

use super::gathered::Gathered;
use crate::{
    cache::{Cache, Change, Confirmation},
    contract::{Changes, Contract},
    fetch::{FetchError, ListFetch, Page, Window},
    telemetry::{Event, Heard, Telemetry},
    value::{Argument, ListId, SystemId, TypeId},
};

/// One feed's way to the cache.
pub(super) struct Ear {
    cache: Cache,
    contract: Arc<Contract>,
    telemetry: Telemetry,
    system: SystemId,
    /// How it is heard: `listen`.
    source: &'static str,
    /// Which feed of the system it is.
    feed: String,
}

/// What all feeds are made of.
#[derive(Clone, Copy)]
pub(super) struct EarParts<'p> {
    pub contract: &'p Arc<Contract>,
    pub cache: &'p Cache,
    pub telemetry: &'p Telemetry,
}

impl Ear {
    /// Makes the way of one feed.
    ///
    /// *Shape*: `of` is the type that the feed is about, where there is one feed for each.
    pub fn new(parts: &EarParts<'_>, system: SystemId, source: &'static str, of: Option<TypeId>) -> Self {
        let EarParts { contract, cache, telemetry } = *parts;
        let feed = match of {
            None => source.to_owned(),
            Some(entity) => format!("{source}.{}", contract.ty(entity).name),
        };
        let (contract, cache, telemetry) = (Arc::clone(contract), cache.clone(), telemetry.clone());
        Self { cache, contract, telemetry, system, source, feed }
    }

    /// Returns the contract.
    pub fn contract(&self) -> &Arc<Contract> {
        &self.contract
    }

    /// Returns the system that is heard.
    pub fn system(&self) -> SystemId {
        self.system
    }

    /// Returns how the system is heard.
    pub fn changes(&self) -> &Changes {
        &self.contract.changes[self.system.index()]
    }

    /// Recalls what changed, and forgets that it was gathered. Returns whether all processes will hear of it.
    pub async fn tell(&self, gathered: &mut Gathered) -> bool {
        let (mut n_keys, mut n_types, mut is_shared) = (0, 0, true);
        for (entity, keys) in gathered.take() {
            match &keys {
                Some(keys) => n_keys += keys.len(),
                None => n_types += 1,
            }
            is_shared &= self.cache.recall(&Change { system: self.system, entity, keys }).await;
        }
        if n_keys + n_types > 0 {
            let (system, source) = (&self.contract.system(self.system).name, self.source);
            self.telemetry.emit(&Event::ChangesHeard { system, source, n_keys, n_types });
        }
        is_shared
    }

    /// Recalls all of these types: any of them may have changed unheard. Returns whether all processes will hear of it.
    pub async fn tell_all(&self, entities: impl Iterator<Item = TypeId>) -> bool {
        let mut gathered = Gathered::default();
        entities.for_each(|entity| gathered.add_all(entity));
        self.tell(&mut gathered).await
    }

    /// Returns the cache.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Confirms what did not change.
    pub async fn confirm(&self, confirmation: Confirmation) {
        self.cache.confirm(confirmation).await;
    }

    /// Asks the system for a page of one of the feed's own lists, through all that guards the system.
    pub async fn page(&self, list: ListId, arguments: &[Argument], window: Window) -> Result<Page, FetchError> {
        let deadline = Instant::now() + self.contract.system(self.system).timeout;
        let fetch = ListFetch { list, arguments: vec![arguments.into()], window, count_up_to: None, deadline };
        let mut pages = self.cache.owners().of(self.system).list(fetch).await;
        pages.pop().expect("an owner gives every parent its page")
    }

    /// Says that the feed hears.
    pub fn connected(&self) {
        self.emit(Heard::Connected);
    }

    /// Says that the feed does not hear.
    pub fn lost(&self, why: impl Display) {
        self.emit(Heard::Lost { detail: &why.to_string() });
    }

    /// Says that something was heard that cannot be read.
    pub fn unread(&self, why: impl Display) {
        self.emit(Heard::Unread { detail: &why.to_string() });
    }

    /// Says how long ago the moment is up to which all is known.
    pub fn behind(&self, lag: Duration) {
        self.emit(Heard::Behind { lag });
    }

    /// Says for how long the system keeps what was heard already; zero when that is over.
    pub fn held_back(&self, held: Duration) {
        self.emit(Heard::HeldBack { held });
    }

    fn emit(&self, heard: Heard<'_>) {
        let system = &self.contract.system(self.system).name;
        self.telemetry.emit(&Event::Feed { system, feed: &self.feed, heard });
    }
}
