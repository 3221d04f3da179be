//! The system a guard stands before: whom its errors name, and whom its events are about.

use std::sync::Arc;

use crate::{
    contract::{Contract, System},
    fetch::{FetchError, FetchErrorKind},
    source::SystemName,
    telemetry::{Event, Guarded, Telemetry},
    value::{GroupId, ListId, SystemId},
};

/// A system as its guards know it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct GuardedSystem {
    contract: Arc<Contract>,
    id: SystemId,
    name: SystemName,
    telemetry: Telemetry,
}

impl GuardedSystem {
    /// Takes a system of a contract, and whom to tell what its guards do.
    pub fn new(contract: &Arc<Contract>, id: SystemId, telemetry: &Telemetry) -> Self {
        let name = SystemName::new(contract, id);
        Self { contract: Arc::clone(contract), id, name, telemetry: telemetry.clone() }
    }

    /// Returns how it is reached and guarded.
    pub fn system(&self) -> &System {
        self.contract.system(self.id)
    }

    /// Returns the name of a group.
    pub fn group(&self, group: GroupId) -> &str {
        &self.contract.group(group).name
    }

    /// Returns the name of a list.
    pub fn list(&self, list: ListId) -> &str {
        &self.contract.list(list).name
    }

    /// Makes an error of this system.
    pub fn error(&self, kind: FetchErrorKind, detail: impl AsRef<str>) -> FetchError {
        self.name.error(kind, detail)
    }

    /// Tells what a guard did.
    pub fn tell(&self, guarded: Guarded<'_>) {
        self.telemetry.emit(&Event::Guarded { system: &self.system().name, guarded });
    }
}
