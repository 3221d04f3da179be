//! The owners of a contract's systems, by system.
//!
//! In: a contract, or ready-made owners. Out: whom to ask for what a system owns.

use std::sync::Arc;

use super::{
    breaker::Breaker,
    bulkhead::Bulkhead,
    chunked::Chunked,
    coalesced::Coalesced,
    deadline::Deadline,
    guarded_system::GuardedSystem,
    mapped::Mapped,
    observed::Observed,
    rate::{Counted, Rate},
    retried::Retried,
};
use crate::{
    contract::Contract,
    fetch::Owner,
    source::{self, Pace, Process, SystemName},
    telemetry::Telemetry,
    value::SystemId,
};

/// The owner of each system.
pub struct Owners(Vec<Arc<dyn Owner>>);

impl Owners {
    /// Takes owners in the order of the contract's systems, such as in-memory ones.
    pub fn from_vec(owners: Vec<Arc<dyn Owner>>) -> Self {
        Self(owners)
    }

    /// Returns the owners, in the order of the contract's systems.
    pub fn as_slice(&self) -> &[Arc<dyn Owner>] {
        &self.0
    }

    /// Returns the owner of a system.
    pub fn of(&self, system: SystemId) -> &Arc<dyn Owner> {
        &self.0[system.index()]
    }
}

/// Builds every system's stack, in a process without a ledger. Nothing is connected until something is asked; files are read from
/// the start.
pub fn open(contract: &Arc<Contract>, telemetry: &Telemetry) -> Owners {
    open_in(contract, &Process { telemetry: telemetry.clone(), ledger: None })
}

/// Builds every system's stack, in a process that may remember something.
pub fn open_in(contract: &Arc<Contract>, process: &Process) -> Owners {
    let telemetry = &process.telemetry;
    let stack = |number: usize| {
        let id = SystemId::from(number);
        let pace = Pace::new(contract, id, telemetry);
        let counted = if contract.system(id).kind.is_http() { Counted::Calls } else { Counted::Questions };
        let source = source::open_at(Arc::clone(&pace), contract, id, process);
        guard_at((pace, counted), source, contract, id, telemetry)
    };
    // Outside of all that: a cross-reference is a question to a system like any other.
    Owners(Mapped::wrap(contract, (0..contract.systems.len()).map(stack).collect(), telemetry))
}

/// Builds a system's stack around a source that takes no turns itself. There is one per system and process, so every bound
/// in it holds for the whole process.
///
/// From the source outwards, each stands where it does for a reason:
///
/// - `bulkhead` counts what really runs at the source, so it stands next to it.
/// - `deadline` stands around it: a place in the queue counts as waiting for the system. What it drops gives its place up.
/// - `rate` stands around both: who waits for a turn holds no place at the source. It counts a call until after its end,
///   so that a stay in the queue cannot push two windows' calls into one. The calls of one HTTP question after its first
///   take their turns inside, before the questions that have not begun.
/// - `breaker` sees every attempt, retries too, and sees the timeouts, which the deadline makes. It refuses before a turn is
///   spent.
/// - `retried` stands around the breaker, so that a retry stops as soon as the breaker opens.
/// - `observed` tells how a question ended after all that: its refusals are failures of the system to whoever asked. The
///   guards tell what they did themselves.
/// - `chunked` cuts what is too large for one call; each piece is retried and told by itself.
/// - `coalesced` comes first: what is joined costs none of the above. It gives each call its deadline, so that waits and
///   retries all together take no longer than the system's timeout.
pub fn guard(source: Arc<dyn Owner>, contract: &Arc<Contract>, id: SystemId, telemetry: &Telemetry) -> Arc<dyn Owner> {
    let pace = Pace::new(contract, id, telemetry);
    guard_at((pace, Counted::Questions), source, contract, id, telemetry)
}

/// Builds a system's stack around a source, with the pace that the source may take turns of.
fn guard_at(
    (pace, counted): (Arc<Pace>, Counted),
    source: Arc<dyn Owner>,
    contract: &Arc<Contract>,
    id: SystemId,
    telemetry: &Telemetry,
) -> Arc<dyn Owner> {
    let (system, guarded) = (contract.system(id), GuardedSystem::new(contract, id, telemetry));
    let name = SystemName::new(contract, id);
    let bulkhead = Bulkhead::new(source, name.clone(), system.connections_max);
    let deadline = Deadline::new(Arc::new(bulkhead), name, system.timeout);
    let rate = Rate::new(Arc::new(deadline), pace, counted);
    let breaker = Breaker::new(Arc::new(rate), guarded.clone());
    let retried = Retried::new(Arc::new(breaker), guarded.clone());
    let observed = Observed::new(Arc::new(retried), contract.clone(), system.name.clone(), telemetry.clone());
    let chunked = Chunked::new(Arc::new(observed), system.keys_per_fetch);
    // Half of the connections: one group under load leaves the others of its system room.
    let calls_max = (system.connections_max / 2).max(1) as usize;
    Arc::new(Coalesced::new(Arc::new(chunked), guarded, calls_max))
}
