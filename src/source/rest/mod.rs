//! REST: asks groups and lists by calls as their bindings write them, JSON-RPC and its like included.
//!
//! Reading order: `encode`, `batches` (which keys go into one call), `decode`, `pages` (from page to page), `reading` (one
//! question over its pages), `group`, `list`.

mod batches;
mod decode;
mod encode;
mod group;
mod list;
mod pages;
mod reading;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{FutureExt, future::BoxFuture};

use self::{
    group::{GroupFetch, GroupPlan},
    list::ListReading,
    reading::Caller,
};
use super::{
    http::{Call, HttpClient},
    learned::Learned,
    pace::Pace,
    system_name::SystemName,
};
use crate::{
    contract::{Contract, GroupBinding, HttpSystem, ListBinding},
    fetch::{Fetch, FetchError, FetchErrorKind, ListFetch, Outcome, Owner, Page},
    value::{GroupId, SystemId},
};

/// A REST system.
pub struct RestSource {
    contract: Arc<Contract>,
    caller: Caller,
    timeout: Duration,
    connections_max: usize,
    groups: Learned<GroupId, GroupPlan>,
}

impl RestSource {
    /// Makes the source of a system. Nothing is connected until something is asked.
    pub fn new(contract: Arc<Contract>, system: SystemId, http: HttpSystem, pace: Arc<Pace>) -> Self {
        let described = contract.system(system);
        let name = SystemName::new(&contract, system);
        let client = HttpClient::new(name.clone(), http, pace);
        let caller = Caller::new(name, client, described.connections_max);
        let (timeout, connections_max) = (described.timeout, described.connections_max as usize);
        Self { caller, timeout, connections_max, groups: Learned::new(), contract }
    }

    /// Returns how many calls have been sent so far, tokens apart.
    pub fn calls(&self) -> u64 {
        self.caller.client.calls()
    }

    async fn fetch_group(&self, fetch: &Fetch) -> Result<Vec<Outcome>, FetchError> {
        let group = self.contract.group(fetch.group);
        let GroupBinding::Rest(asked) = &group.binding else { return Err(self.foreign(&group.name)) };
        let plan = match self.groups.of(fetch.group) {
            Some(plan) => plan,
            None => {
                let plan = GroupPlan::new(&self.contract, group, asked);
                self.groups.keep(fetch.group, plan.map_err(|detail| self.caller.violation(detail))?)
            }
        };
        let fetching = GroupFetch {
            caller: &self.caller,
            contract: &self.contract,
            group,
            asked,
            plan: &plan,
            connections_max: self.connections_max,
            deadline: self.earlier(fetch.deadline),
        };
        Ok(fetching.outcomes(&fetch.keys).await)
    }

    async fn fetch_pages(&self, fetch: &ListFetch) -> Result<Vec<Result<Page, FetchError>>, FetchError> {
        let list = self.contract.list(fetch.list);
        let ListBinding::Rest(asked) = &list.binding else { return Err(self.foreign(&list.name)) };
        let deadline = self.earlier(fetch.deadline);
        let reading = ListReading::new(&self.caller, list, asked, self.connections_max, deadline)?;
        Ok(reading.pages(fetch).await)
    }

    /// Asks for nothing in particular; any answer but a refusal shows that somebody is there.
    async fn ping(&self) -> Result<(), FetchError> {
        let deadline = Instant::now() + self.timeout;
        let answer = self.caller.client.exchange(&Call::get(""), deadline).await?;
        match answer.status {
            401 | 500.. => self.caller.client.accepted(answer).map(drop),
            _ => Ok(()),
        }
    }

    fn earlier(&self, deadline: Instant) -> Instant {
        deadline.min(Instant::now() + self.timeout)
    }

    fn foreign(&self, of: &str) -> FetchError {
        self.caller.name.error(FetchErrorKind::BadRequest, format!("{of} is not asked by a call"))
    }
}

impl Owner for RestSource {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        async move {
            if fetch.keys.is_empty() {
                return Vec::new();
            }
            match self.fetch_group(&fetch).await {
                Ok(outcomes) => outcomes,
                Err(error) => fetch.keys.iter().map(|_| Err(error.clone())).collect(),
            }
        }
        .boxed()
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        async move {
            match self.fetch_pages(&fetch).await {
                Ok(pages) => pages,
                Err(error) => fetch.arguments.iter().map(|_| Err(error.clone())).collect(),
            }
        }
        .boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        self.ping().boxed()
    }
}
