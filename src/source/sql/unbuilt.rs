//! A system whose kind this build does not speak: it is in the contract, and every fetch says what is missing.

use std::sync::Arc;

use futures_util::{FutureExt, future::BoxFuture};

use crate::{
    contract::Contract,
    fetch::{Fetch, FetchError, FetchErrorKind, ListFetch, Outcome, Owner, Page},
    source::system_name::SystemName,
    value::SystemId,
};

/// An owner that cannot be asked.
pub struct Unbuilt {
    error: FetchError,
}

impl Unbuilt {
    /// Makes the owner of a system; `needs` is the feature that the build lacks.
    pub fn open(contract: &Contract, system: SystemId, needs: &str) -> Arc<dyn Owner> {
        let detail = format!("this build of freehold lacks the feature; build it with `--features {needs}`");
        Arc::new(Self { error: SystemName::new(contract, system).error(FetchErrorKind::Unavailable, detail) })
    }
}

impl Owner for Unbuilt {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        async move { fetch.keys.iter().map(|_| Err(self.error.clone())).collect() }.boxed()
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        async move { fetch.arguments.iter().map(|_| Err(self.error.clone())).collect() }.boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        async move { Err(self.error.clone()) }.boxed()
    }
}
