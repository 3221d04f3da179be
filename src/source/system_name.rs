//! The name of a system, as its errors carry it. In: the contract. Out: fetch errors that say whose they are.

use std::sync::Arc;

use crate::{
    contract::Contract,
    fetch::{FetchError, FetchErrorKind},
    value::SystemId,
};

/// Whom a fetch error names.
#[derive(Debug, Clone)]
pub struct SystemName {
    name: Arc<str>,
    id: SystemId,
}

impl SystemName {
    /// Takes a system's name from the contract.
    pub fn new(contract: &Contract, system: SystemId) -> Self {
        Self { name: contract.system(system).name.as_str().into(), id: system }
    }

    /// Returns the name as the contract has it.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// Returns the system's identity.
    pub fn id(&self) -> SystemId {
        self.id
    }

    /// Makes an error of this system. `detail` is for the operator and may quote the system.
    pub fn error(&self, kind: FetchErrorKind, detail: impl AsRef<str>) -> FetchError {
        FetchError::new(Arc::clone(&self.name), self.id, kind, detail.as_ref())
    }
}
