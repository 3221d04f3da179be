//! The owners of a contract's systems, by system.
//!
//! In: a contract, or ready-made owners. Out: whom to ask for what a system owns.

use std::sync::Arc;

use super::{bulkhead::Bulkhead, chunked::Chunked, deadline::Deadline, mapped::Mapped, observed::Observed};
use crate::{
    contract::Contract,
    fetch::Owner,
    source::{self, SystemName},
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

/// Builds every system's stack. Nothing is connected until something is asked.
pub fn open(contract: &Arc<Contract>, telemetry: &Telemetry) -> Owners {
    let stack = |number: usize| -> Arc<dyn Owner> {
        let id = SystemId::from(number);
        let (system, name) = (contract.system(id), SystemName::new(contract, id));
        let source = source::open(contract, id);
        let guarded = Arc::new(Bulkhead::new(source, name.clone(), system.connections_max));
        let bounded = Arc::new(Deadline::new(guarded, name, system.timeout));
        let observed = Observed::new(bounded, contract.clone(), system.name.clone(), telemetry.clone());
        Arc::new(Chunked::new(Arc::new(observed), system.keys_per_fetch))
    };
    Owners(Mapped::wrap(contract, (0..contract.systems.len()).map(stack).collect(), telemetry))
}
