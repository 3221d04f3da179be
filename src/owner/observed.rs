//! Observation: what each question to a system brought, as events.
//!
//! In: any question. Out: its answer, unchanged. A failure that took down many keys is told once; a value that did not fit
//! is told for each record it stands in.

use std::{sync::Arc, time::Instant};

use futures_util::{FutureExt, future::BoxFuture};

use crate::{
    contract::Contract,
    fetch::{Fetch, FetchError, FetchErrorKind, ListFetch, Outcome, Owner, Page},
    telemetry::{Event, Failure, Telemetry},
    value::{GroupId, Key},
};

/// An owner whose answers are told to the telemetry.
pub struct Observed {
    inner: Arc<dyn Owner>,
    contract: Arc<Contract>,
    system: String,
    telemetry: Telemetry,
}

impl Observed {
    /// Wraps an owner.
    pub fn new(inner: Arc<dyn Owner>, contract: Arc<Contract>, system: String, telemetry: Telemetry) -> Self {
        Self { inner, contract, system, telemetry }
    }

    fn tell_violations(&self, group: GroupId, keys: &[Key], outcomes: &[Outcome]) {
        for (key, outcome) in keys.iter().zip(outcomes) {
            let Ok(record) = outcome else { continue };
            for violation in record.violations() {
                self.telemetry.emit(&Event::ViolationMet {
                    system: &self.system,
                    group: &self.contract.group(group).name,
                    key: &key.to_string(),
                    field: &violation.field,
                    expected: &violation.expected,
                });
            }
        }
    }
}

fn failure<'f, T>(outcomes: impl IntoIterator<Item = &'f Result<T, FetchError>>) -> Option<Failure<'f>>
where
    T: 'f,
{
    // A caller's cursor from elsewhere is no failure of the system.
    let failed = outcomes.into_iter().filter_map(|outcome| outcome.as_ref().err());
    let error = failed.into_iter().find(|error| error.kind != FetchErrorKind::ForeignCursor)?;
    Some(Failure { code: error.kind.code(), detail: &error.detail })
}

impl Owner for Observed {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        async move {
            let (group, keys, started) = (fetch.group, fetch.keys.clone(), Instant::now());
            let outcomes = self.inner.fetch(fetch).await;
            let rows = outcomes.iter().filter(|outcome| matches!(outcome, Ok(record) if record.table().is_some()));
            self.telemetry.emit(&Event::Fetched {
                system: &self.system,
                group: &self.contract.group(group).name,
                n_keys: keys.len(),
                n_rows: rows.count(),
                duration: started.elapsed(),
                failure: failure(&outcomes),
            });
            self.tell_violations(group, &keys, &outcomes);
            outcomes
        }
        .boxed()
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        async move {
            let (list, n_parents, started) = (fetch.list, fetch.arguments.len(), Instant::now());
            let pages = self.inner.list(fetch).await;
            self.telemetry.emit(&Event::Listed {
                system: &self.system,
                list: &self.contract.list(list).name,
                n_parents,
                n_rows: pages.iter().flatten().map(|page| page.items.len()).sum(),
                duration: started.elapsed(),
                failure: failure(&pages),
            });
            pages
        }
        .boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        self.inner.probe()
    }
}
