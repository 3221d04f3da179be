//! A contract becomes what answers by it: its owners, cache, feeds, engine and gate, put together whole or not at all.
//!
//! In: a contract, and what the process has whatever contract it serves. Out: what answers, which ends its connections and
//! feeds when the last request is done with it.

use std::{error::Error, sync::Arc};

use futures_util::future::BoxFuture;

use crate::{
    access::{Caller, Gate, GateParts, KeysError, Stranger},
    cache::{Cache, CacheParts, Redis, RedisAddress, RedisParts, Shared},
    changes::{self, Feeds, Heard, Message, Unheard},
    contract::Contract,
    engine::{Answer, Engine, EngineError, Pace, Probe, Request},
    fetch::{Clock, SystemClock},
    http::{Answering, Answers},
    ledger::Ledger,
    owner::{self, Process},
    settings::{RedisSettings, Settings},
    telemetry::Telemetry,
    value::AudienceId,
};

/// What a process has, whatever contract it serves.
pub(super) struct Assembly {
    /// Its bounds.
    pub settings: Settings,
    /// What it shares with others.
    pub redis: Option<(RedisAddress, RedisSettings)>,
    /// What it remembers.
    pub ledger: Option<Ledger>,
    /// Who comes without a token, where callers are told apart.
    pub stranger: Stranger,
    /// Whom to tell what happens.
    pub telemetry: Telemetry,
}

/// Why nothing answers by a contract.
#[derive(Debug, thiserror::Error)]
pub(super) enum AssemblyError {
    /// Nobody could prove who they are.
    #[error("let anybody in")]
    Gate(#[source] KeysError),
    /// The engine cannot be made.
    #[error("start the engine")]
    Engine(#[source] EngineError),
}

impl AssemblyError {
    /// Writes it with what led to it.
    pub(super) fn chain(&self) -> String {
        self.source().map_or_else(|| self.to_string(), |cause| format!("{self}: {cause}"))
    }
}

impl Assembly {
    /// Makes what answers by a contract, where it takes another's place with what is known at that one's gate.
    ///
    /// *Shape*: called within a runtime, which connections and feeds run on.
    pub(super) fn answers(&self, contract: Contract, before: Option<&Gate>) -> Result<Answers, AssemblyError> {
        let Self { settings, redis, ledger, stranger, telemetry } = self;
        let contract = Arc::new(contract);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = || ledger.as_ref().map(|ledger| Arc::clone(ledger.store()));
        let gate = match &contract.access {
            None => Gate::open(Caller::operator()),
            Some(_) => {
                let (stranger, clock) = (stranger.clone(), Arc::clone(&clock));
                let telemetry = telemetry.clone();
                let parts = GateParts { contract: &contract, ledger: store(), stranger, before, clock, telemetry };
                Gate::new(parts).map_err(AssemblyError::Gate)?
            }
        };
        let owners = owner::open_in(&contract, &Process { telemetry: telemetry.clone(), ledger: store() });
        let shared = redis.clone().map(|(address, own)| {
            let (contract, clock) = (Arc::clone(&contract), Arc::clone(&clock));
            let parts = RedisParts { address, contract, clock, telemetry: telemetry.clone() };
            Arc::new(Redis::new(parts, own, &settings.cache)) as Arc<dyn Shared>
        });
        let parts = CacheParts { contract: Arc::clone(&contract), owners, shared, clock, telemetry: telemetry.clone() };
        let cache = Cache::of(parts, settings.cache.clone());
        let engine = Engine::new(Arc::clone(&contract), cache.clone(), settings.engine.clone(), telemetry.clone())
            .map_err(AssemblyError::Engine)?
            .with_ledger(ledger.clone());
        let feeds = changes::start(&contract, &cache, telemetry);
        Ok(Answers { answering: Arc::new(Fed { _feeds: feeds, engine }), gate: Arc::new(gate) })
    }
}

/// An engine, and the feeds that take back what it keeps. They end with it: what is still being answered is answered with
/// what is true.
struct Fed {
    _feeds: Feeds,
    engine: Engine,
}

impl Answering for Fed {
    fn answer(&self, request: Request) -> BoxFuture<'_, Answer> {
        Answering::answer(&self.engine, request)
    }

    fn pace(&self, audience: Option<AudienceId>) -> Pace<'_> {
        Answering::pace(&self.engine, audience)
    }

    fn hears_of(&self, system: &str) -> bool {
        Answering::hears_of(&self.engine, system)
    }

    fn hear<'a>(&'a self, system: &'a str, message: &'a Message) -> BoxFuture<'a, Result<Heard, Unheard>> {
        Answering::hear(&self.engine, system, message)
    }

    fn probe(&self) -> BoxFuture<'_, Vec<Probe>> {
        Answering::probe(&self.engine)
    }

    fn domains(&self) -> Vec<&str> {
        Answering::domains(&self.engine)
    }

    fn contract_version(&self) -> &str {
        Answering::contract_version(&self.engine)
    }
}
