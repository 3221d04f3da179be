//! Asking: the owners and the copying systems, past every cache and through the owners' guards.
//!
//! In: keys, or a place in a listing. Out: what the systems say now, no faster than the pace.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::time::Instant;

use super::{listing::Listing, pace::Pace, pairs::Pairing};
use crate::{
    cache::{self, refuse_outdated},
    contract::Contract,
    fetch::{Clock, Count, Cursor, Direction, Fetch, FetchError, ListFetch, Outcome, Page, SystemClock, Window},
    owner::Owners,
    value::{GroupId, Key, SystemId},
};

/// How long one question may take, retries and turns at a system that is asked seldom included. A system's own timeout is
/// far shorter.
const ANSWERED_WITHIN: Duration = Duration::from_secs(120);

/// Whom to ask, and how fast.
pub(super) struct Asking<'a> {
    contract: &'a Contract,
    owners: &'a Owners,
    pace: Pace,
}

/// What was said of some keys, by group and key.
pub(super) struct Asked {
    pub owners: Vec<Vec<Outcome>>,
    pub copy: Vec<Vec<Outcome>>,
}

impl<'a> Asking<'a> {
    pub fn new(contract: &'a Contract, owners: &'a Owners, rate: NonZeroU32) -> Self {
        Self { contract, owners, pace: Pace::new(rate) }
    }

    /// Asks both sides for keys.
    pub async fn both(&mut self, pairing: &Pairing, keys: &[Key]) -> Asked {
        self.pace.pass(keys.len()).await;
        let keys: Arc<[Key]> = keys.into();
        let n_owners = pairing.of_owners.len();
        let groups = pairing.of_owners.iter().chain(&pairing.of_copy);
        let mut owners = join_all(groups.map(|group| self.fetch(*group, keys.clone()))).await;
        let copy = owners.split_off(n_owners);
        // What a request would not be served of an owner is no measure of a copy. That a copy is old is what is looked for.
        for (group, outcomes) in pairing.of_owners.iter().zip(&mut owners) {
            for outcome in outcomes {
                let Ok(record) = outcome else { continue };
                let asked = cache::Asked::Group(*group);
                let refused = refuse_outdated(self.contract, asked, &record.stamp, SystemClock.now_ms());
                if let Some(error) = refused {
                    *outcome = Err(error);
                }
            }
        }
        Asked { owners, copy }
    }

    /// Asks one group for keys.
    pub async fn one(&mut self, group: GroupId, keys: &[Key]) -> Vec<Outcome> {
        self.pace.pass(keys.len()).await;
        self.fetch(group, keys.into()).await
    }

    /// Asks a listing for rows behind a place.
    pub async fn page(&mut self, listing: &Listing, n_rows: u32, after: Option<Cursor>) -> Result<Page, FetchError> {
        self.list(listing, n_rows, after, None).await
    }

    /// Asks how many rows a listing has, as far as it counts.
    pub async fn count(&mut self, listing: &Listing) -> Result<Option<Count>, FetchError> {
        let count_up_to = self.contract.list(listing.list).count_max;
        Ok(self.list(listing, 1, None, Some(count_up_to)).await?.count)
    }

    /// Whether a system answers at all.
    pub async fn answers(&self, system: SystemId) -> bool {
        self.owners.of(system).probe().await.is_ok()
    }

    /// A page costs its system as much as a key does, whatever number of rows it has.
    async fn list(
        &mut self,
        listing: &Listing,
        n_rows: u32,
        after: Option<Cursor>,
        count_up_to: Option<u64>,
    ) -> Result<Page, FetchError> {
        self.pace.pass(1).await;
        let fetch = ListFetch {
            list: listing.list,
            arguments: vec![listing.arguments.clone()],
            window: Window { direction: Direction::Forward, n_rows, after, before: None },
            count_up_to,
            deadline: deadline(),
        };
        let owner = self.owners.of(self.contract.list(listing.list).system);
        owner.list(fetch).await.pop().expect("an owner gives every parent its page")
    }

    async fn fetch(&self, group: GroupId, keys: Arc<[Key]>) -> Vec<Outcome> {
        let owner = self.owners.of(self.contract.group(group).system);
        owner.fetch(Fetch { group, keys, deadline: deadline() }).await
    }
}

/// The clock of the runtime, which tests hold still.
fn deadline() -> std::time::Instant {
    (Instant::now() + ANSWERED_WITHIN).into_std()
}
