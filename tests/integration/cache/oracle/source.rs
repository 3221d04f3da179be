//! The versioned source: a system that says what is true at the instant it reads, at times slowly, and stamps it by the
//! clock of the process that asks.

use std::{sync::Arc, time::Duration};

use freehold::{
    cache::Asked,
    fetch::{Clock, Fetch, FetchError, FetchErrorKind, ListFetch, Outcome, Owner, Page, Stamp},
    value::SystemId,
};
use futures_util::{FutureExt, future::BoxFuture};
use tokio::time::sleep;

use super::{
    truth::{Said, Spot, page, record},
    world::{World, spot},
};

/// A system as one process reaches it.
pub struct Source {
    pub world: Arc<World>,
    pub clock: Arc<dyn Clock>,
    pub system: SystemId,
    pub is_copy: bool,
}

impl Source {
    /// Answers for places: what was true at one instant between the question and the answer.
    async fn read(&self, spots: Vec<Spot>) -> Result<(Vec<Said>, Stamp), FetchError> {
        let (world, started_ms) = (&self.world, self.clock.now_ms());
        world.note_asked(spots.len());
        let conditions = world.conditions();
        let (takes_ms, reads_ms) = conditions.takes_ms.unwrap_or_else(|| self.course());
        if conditions.is_down {
            sleep(Duration::from_millis(takes_ms.min(20))).await;
            return Err(self.error("it is down"));
        }
        sleep(Duration::from_millis(reads_ms)).await;
        let conditions = world.conditions();
        let lag_ms = if self.is_copy { conditions.copy_lag_ms } else { 0 };
        let true_ms = world.time.now_ms() - lag_ms;
        let said = spots.iter().map(|spot| world.truth.at(*spot, true_ms)).collect();
        sleep(Duration::from_millis(takes_ms - reads_ms)).await;
        let as_of_ms = self.is_copy.then_some(true_ms + conditions.copy_off_ms);
        Ok((said, Stamp { system: self.system, started_ms, ended_ms: self.clock.now_ms(), as_of_ms, until_ms: None }))
    }

    /// Draws how long a question takes, and after how long it reads.
    fn course(&self) -> (u64, u64) {
        let mut random = self.world.random();
        let takes_ms = match random.below(10) {
            0 => random.between(300, 1_500),
            1 | 2 => random.between(40, 300),
            _ => random.between(1, 40),
        };
        let reads_ms = match random.below(3) {
            0 => 0,
            1 => takes_ms,
            _ => random.below(takes_ms),
        };
        (takes_ms as u64, reads_ms as u64)
    }

    fn error(&self, detail: &str) -> FetchError {
        FetchError::new("source".into(), self.system, FetchErrorKind::Unavailable, detail)
    }
}

impl Owner for Source {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        async move {
            let spots: Vec<_> = fetch.keys.iter().map(|key| spot(&self.world, fetch.group, key.as_str())).collect();
            match self.read(spots.clone()).await {
                Ok((said, stamp)) => {
                    spots.iter().zip(said).map(|(spot, said)| Ok(record(*spot, said, stamp).into())).collect()
                }
                Err(error) => vec![Err(error); spots.len()],
            }
        }
        .boxed()
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        async move {
            let spots: Vec<_> = (0..fetch.arguments.len()).map(|at| list_spot(&fetch, at)).collect();
            match self.read(spots.clone()).await {
                Ok((said, stamp)) => spots.iter().zip(said).map(|(spot, said)| Ok(page(*spot, said, stamp))).collect(),
                Err(error) => vec![Err(error); spots.len()],
            }
        }
        .boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        async { Ok(()) }.boxed()
    }
}

/// Returns the place of one parent's page.
pub fn list_spot(fetch: &ListFetch, at: usize) -> Spot {
    let text = format!("{:?} {:?} {:?}", fetch.arguments[at], fetch.window, fetch.count_up_to);
    Spot::new(Asked::List(fetch.list), &text)
}
