//! The cache: a request's questions, answered from memory, from what processes share, or from the owners.
//!
//! Reading order: `question` (what is asked and how old the answer is), `demand` (what a request tightens), `serve` (the one
//! rule by which anything is served), `copy` (of what is itself a copy), `kept` (what is kept under what), `memory` (in the process), `shared` (between
//! processes) and `redis` (which implements it), `change` and `recalls` (what has changed since), `confirmed` (what has not),
//! `following` (what other processes say of both), `looked` (one question and what is known of it), `reading` (the way of a
//! wave of questions), `refresh` and `shadow` (behind the answer).

mod change;
mod confirmed;
mod copy;
mod demand;
mod following;
mod kept;
mod looked;
mod memory;
mod question;
mod reading;
mod recalls;
mod redis;
mod refresh;
mod serve;
mod shadow;
mod shared;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

pub use self::redis::{AddressError, Redis, RedisAddress, RedisParts, SharedEntry, SharedMessage};
pub use change::Change;
pub use confirmed::{Confirmation, Sure};
pub use copy::refuse_outdated;
pub use demand::Demand;
pub use kept::{Kept, PagePlace, Place};
pub use question::{Answer, Asked, Asking, Brought, Freshness, Levels, Question, Stale};
pub use serve::{Apart, Bounds, Life, Verdict};
pub use shared::{Bookmark, Hearing, Shared, SharedRead, SharedRecall, Told};

use confirmed::Confirmed;
use following::Following;
use memory::Memory;
use recalls::Recalls;
use refresh::Refreshing;
use serve::ms;
use shadow::Shadow;

use crate::{
    contract::Contract,
    fetch::{Clock, Stamp, SystemClock},
    owner::Owners,
    settings::CacheSettings,
    telemetry::Telemetry,
    value::Key,
};

/// Answers questions with what is kept, as far as its domain allows, and else with what the owners say.
#[derive(Clone)]
pub struct Cache(Arc<Inner>);

struct Inner {
    contract: Arc<Contract>,
    owners: Owners,
    memory: Memory,
    shared: Option<Arc<dyn Shared>>,
    recalls: Recalls,
    confirmed: Confirmed,
    following: OnceLock<Following>,
    refreshing: Refreshing,
    shadow: Shadow,
    clock: Arc<dyn Clock>,
    settings: CacheSettings,
    telemetry: Telemetry,
}

/// What a cache is made of, beside its settings.
pub struct CacheParts {
    /// The contract.
    pub contract: Arc<Contract>,
    /// Whom to ask.
    pub owners: Owners,
    /// What processes share, where they share anything.
    pub shared: Option<Arc<dyn Shared>>,
    /// What tells the time.
    pub clock: Arc<dyn Clock>,
    /// Whom to tell what is served.
    pub telemetry: Telemetry,
}

/// How long after the longest time a system may take something may still be on its way between processes.
const ON_THE_WAY: Duration = Duration::from_secs(60);

/// How long recalls are remembered where a feed confirms: what was asked before that is asked again when it runs out.
const CONFIRMED_MAX: Duration = Duration::from_secs(3_600);

impl Cache {
    /// Makes a cache that is the process's own.
    pub fn new(contract: &Arc<Contract>, owners: Owners, settings: CacheSettings, telemetry: &Telemetry) -> Self {
        let (contract, telemetry) = (Arc::clone(contract), telemetry.clone());
        Self::of(CacheParts { contract, owners, shared: None, clock: Arc::new(SystemClock), telemetry }, settings)
    }

    /// Makes a cache of its parts.
    ///
    /// *Shape*: where something is shared, within a runtime, which the task that follows other processes runs on.
    pub fn of(parts: CacheParts, settings: CacheSettings) -> Self {
        let CacheParts { contract, owners, shared, clock, telemetry } = parts;
        let longest = contract.systems.iter().map(|system| system.timeout).max().unwrap_or_default();
        let on_its_way = longest + ON_THE_WAY;
        let confirmed = Confirmed::new(&contract, ms(settings.clock_allowance));
        let remembered = if confirmed.is_used() { CONFIRMED_MAX } else { on_its_way };
        let recalls = Recalls::new((contract.groups.len(), contract.lists.len()), on_its_way, remembered);
        let memory = Memory::new(settings.memory_bytes_max);
        let (refreshing, shadow) = (Refreshing::new(settings.refreshes_max), Shadow::new(settings.compared_one_in));
        let cache = Self(Arc::new(Inner {
            contract,
            owners,
            memory,
            shared,
            recalls,
            confirmed,
            following: OnceLock::new(),
            refreshing,
            shadow,
            clock,
            settings,
            telemetry,
        }));
        if let Some(shared) = &cache.0.shared {
            cache.0.following.get_or_init(|| cache.follow(shared));
        }
        cache
    }

    /// Returns the owners.
    pub fn owners(&self) -> &Owners {
        &self.0.owners
    }

    /// Returns what its clock says, in milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        self.0.clock.now_ms()
    }

    /// Returns how old something is that the owner of a group or a list said, and how long its domain lets it be served.
    /// `key` is whose record it is: what nobody can tell from what was recalled is not confirmed.
    pub fn life(&self, (asked, key): (Asked, Option<&Key>), stamp: &Stamp, is_absent: bool, now_ms: i64) -> Life {
        let mut bounds = self.0.bounds(asked, &Demand::default());
        bounds.sure = bounds.sure.filter(|_| match (asked, key) {
            (Asked::Group(group), Some(key)) => {
                self.0.recalls.allow(asked, || Place::Record(group, key.clone()), stamp)
            }
            _ => false,
        });
        bounds.confirm_after(self.0.recalls.forgotten_ms());
        bounds.life(stamp, is_absent, now_ms)
    }

    /// Returns how many bytes are kept in the process, and how many entries that is.
    pub fn weight(&self) -> (u64, usize) {
        (self.0.memory.weight(), self.0.memory.len())
    }
}
