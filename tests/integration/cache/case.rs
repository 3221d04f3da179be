//! A fleet over systems that do as a test says, and how it is asked.

use std::{sync::Arc, time::Duration};

use freehold::{
    cache::{Answer, Asking, Brought, Cache, Demand, Question},
    fetch::{Direction, FetchErrorKind, ListFetch, Window},
    settings::CacheSettings,
    value::{Argument, ListId},
};
use tokio::time::sleep;

use super::oracle::{Fleet, Redis, World, key};

/// How long the systems take here.
pub const TAKES_MS: u64 = 10;

/// A fleet, and its world.
pub struct Case {
    pub world: Arc<World>,
    pub fleet: Arc<Fleet>,
}

impl Case {
    /// Starts one process by itself.
    pub fn alone() -> Self {
        Self::start(1, false, CacheSettings::default())
    }

    pub fn start(n_processes: usize, has_redis: bool, settings: CacheSettings) -> Self {
        let world = World::begin(5);
        world.change(|conditions| conditions.takes_ms = Some((TAKES_MS, 0)));
        let redis = has_redis.then(|| Redis::start(&world));
        let fleet = Fleet::start(&world, redis, n_processes, settings);
        Self { world, fleet }
    }

    pub fn cache(&self) -> Cache {
        self.fleet.process(0).cache.clone()
    }

    /// Asks the first process for keys of the group of a domain.
    pub async fn ask(&self, domain: &str, keys: impl IntoIterator<Item = usize>) -> Answer {
        self.demand(domain, keys, Demand::default()).await
    }

    pub async fn demand(&self, domain: &str, keys: impl IntoIterator<Item = usize>, demand: Demand) -> Answer {
        answer(&self.cache(), self.question(domain, keys), &demand).await
    }

    pub fn question(&self, domain: &str, keys: impl IntoIterator<Item = usize>) -> Question {
        let keys = keys.into_iter().map(key).collect();
        Question::Records { group: self.world.group(domain), keys, deadline: deadline() }
    }

    pub async fn ask_list(&self, name: &str, category: &str) -> Answer {
        let contract = &self.world.contract;
        let list = contract.lists.iter().position(|list| list.name == name).expect("a list of the contract");
        let question = Question::Pages(ListFetch {
            list: ListId::from(list),
            arguments: vec![[Argument::One(category.into())].into()],
            window: Window { direction: Direction::Forward, n_rows: 10, after: None, before: None },
            count_up_to: None,
            deadline: deadline(),
        });
        answer(&self.cache(), question, &Demand::default()).await
    }

    /// Returns how many keys or parents each question was for that the owners were asked since this was asked last.
    pub fn asked(&self) -> Vec<usize> {
        self.world.take_asked()
    }
}

pub async fn answer(cache: &Cache, question: Question, demand: &Demand) -> Answer {
    match cache.ask(vec![question], demand).remove(0) {
        Asking::Answered(answer) => answer,
        Asking::Waiting(waiting) => waiting.await,
    }
}

fn deadline() -> std::time::Instant {
    (tokio::time::Instant::now() + Duration::from_secs(5)).into_std()
}

pub async fn pass(ms: u64) {
    sleep(Duration::from_millis(ms)).await;
}

/// Returns how many records are absent.
pub fn n_absent(answer: &Answer) -> usize {
    let Brought::Records(records) = &answer.brought else { return 0 };
    records.iter().flatten().filter(|record| record.table().is_none()).count()
}

/// Returns what went wrong with each record.
pub fn kinds(answer: &Answer) -> Vec<Option<FetchErrorKind>> {
    match &answer.brought {
        Brought::Records(records) => records.iter().map(|one| one.as_ref().err().map(|error| error.kind)).collect(),
        Brought::Pages(pages) => pages.iter().map(|one| one.as_ref().err().map(|error| error.kind)).collect(),
    }
}
