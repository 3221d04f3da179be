//! The live check: every binding of every system is asked for a sample.
//!
//! In: a contract, sample keys that somebody gave, and how long it may take. Out: a report of what answers, how fast, which
//! declared fields are missing, which values do not fit, and which keys do not match across systems. Nothing is written
//! to any system, and a system is asked for no more than a few rows.
//!
//! Reading order: `report` (what is found), `samples` (the keys to ask for), `feeds` (what lists are asked with), `ask`
//! (the questions, measured), `fit` (what of an answer does not fit), `matching` (keys across systems), `text` and `json`
//! (the report for people and for machines).

mod ask;
mod feeds;
mod fit;
mod json;
mod matching;
mod report;
mod samples;
mod text;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{
    FutureExt, StreamExt,
    future::{join, join_all},
    stream::FuturesUnordered,
};
use tokio::time::timeout_at;

pub use report::{AskReport, Asked, Failure, Hint, KeyMatch, LiveReport, Misfit, Normalisation, SystemReport};
pub use samples::{SampleError, given_samples};

pub(super) use feeds::all_rows;

use self::{
    ask::{Asking, GroupAsk},
    samples::Samples,
};
use crate::{
    contract::Contract,
    fetch::FetchErrorKind,
    owner,
    telemetry::Telemetry,
    value::{GroupId, Key, ListId, SystemId, TypeId},
};

/// A system that has not said by then that it answers is asked after the others, which do not wait for it.
const PROMPT: Duration = Duration::from_secs(1);

/// How a live check is run.
#[derive(Debug, Clone)]
pub struct LiveOptions {
    /// Keys to ask for besides those that lists give, by entity.
    pub samples: BTreeMap<TypeId, Vec<Key>>,
    /// How long the whole check may take. What has not answered by then is reported so.
    pub patience: Duration,
}

/// Asks every binding of every system for a sample.
///
/// *Shape*: findings are in the contract's order, whatever order the answers came in. A system that does not answer at
/// all is reported once, and its lists and groups are not asked.
pub async fn check_live(contract: &Arc<Contract>, options: LiveOptions) -> LiveReport {
    let started = Instant::now();
    let owners = owner::open(contract, &Telemetry::new());
    let asking = Asking::new(contract, &owners, options.patience);
    let mut probes: FuturesUnordered<_> = (0..contract.systems.len())
        .map(SystemId::from)
        // What Freehold itself knows was checked when the contract was loaded, and a ledger belongs to a serving process.
        .filter(|id| !contract.system(*id).kind.is_inside())
        .map(|id| asking.probe(id).map(move |probed| (id, probed)))
        .collect();
    let mut systems = BTreeMap::new();
    let prompt = (started + PROMPT).into();
    while let Ok(Some((id, probed))) = timeout_at(prompt, probes.next()).await {
        systems.insert(id, probed);
    }
    let mut rounds = Rounds::new(&asking, Samples::new(options.samples));
    rounds.take_on(&systems);
    let (_, late) = join(rounds.run(), probes.collect::<BTreeMap<_, _>>()).await;
    rounds.take_on(&late);
    rounds.run().await;
    systems.extend(late);
    rounds.ask_back(&systems).await;
    let keys = matching::matches(&asking, &rounds.samples, &rounds.found).await;
    rounds.asks.sort_by_key(|(order, _)| *order);
    let asks = rounds.asks.into_iter().map(|(_, ask)| ask).collect();
    LiveReport { systems: systems.into_values().collect(), asks, keys, elapsed: started.elapsed() }
}

/// Where an ask stands in the report: by system, lists before groups, in the contract's order.
type Order = (SystemId, bool, usize);

/// The questions, round by round: what one round's answers hold is what the next one asks for.
struct Rounds<'a> {
    asking: &'a Asking<'a>,
    /// Those not yet asked.
    lists: Vec<ListId>,
    groups: Vec<GroupId>,
    samples: Samples,
    asks: Vec<(Order, AskReport)>,
    found: Vec<GroupAsk>,
}

impl<'a> Rounds<'a> {
    fn new(asking: &'a Asking<'a>, samples: Samples) -> Self {
        Self { asking, lists: Vec::new(), groups: Vec::new(), samples, asks: Vec::new(), found: Vec::new() }
    }

    /// Takes on the lists and groups of the systems that answer.
    fn take_on(&mut self, systems: &BTreeMap<SystemId, SystemReport>) {
        let contract = self.asking.contract;
        // A system that answers something wrong answers: a file system of which one drop is broken serves the others.
        let answers = |system: SystemId| match systems.get(&system).map(|probed| &probed.outcome) {
            Some(Err(failure)) => failure.code == FetchErrorKind::ContractViolation.code(),
            probed => probed.is_some(),
        };
        let lists = (0..contract.lists.len()).map(ListId::from);
        self.lists.extend(lists.filter(|list| answers(contract.list(*list).system)));
        let back: Vec<GroupId> = contract.crossrefs().into_iter().filter_map(|crossref| crossref.to_graph).collect();
        let groups = (0..contract.groups.len()).map(GroupId::from).filter(|group| !back.contains(group));
        self.groups.extend(groups.filter(|group| answers(contract.group(*group).system)));
    }

    /// Asks everything: first lists that need no key, then what has samples, at last what has none.
    async fn run(&mut self) {
        let contract = self.asking.contract;
        loop {
            let is_fed = |list: &ListId| match feeds::of(contract, *list).entity {
                Some(entity) => self.samples.has(entity),
                None => true,
            };
            let (ready, waiting) = std::mem::take(&mut self.lists).into_iter().partition(is_fed);
            self.lists = waiting;
            if self.ask_lists(ready).await {
                continue;
            }
            let has_samples = |group: &GroupId| self.samples.has(contract.group(*group).entity);
            let (ready, waiting) = std::mem::take(&mut self.groups).into_iter().partition(has_samples);
            self.groups = waiting;
            if self.ask_groups(ready).await {
                continue;
            }
            // Nothing feeds what is left. Asked for nothing, it still shows whether its question is understood.
            let left = std::mem::take(&mut self.lists);
            if self.ask_lists(left).await {
                continue;
            }
            let left = std::mem::take(&mut self.groups);
            if !self.ask_groups(left).await {
                return;
            }
        }
    }

    /// Asks cross-references for the graph's keys, by the systems' own keys that they gave for the samples.
    async fn ask_back(&mut self, systems: &BTreeMap<SystemId, SystemReport>) {
        let contract = self.asking.contract;
        let groups = contract.crossrefs().into_iter().filter_map(|crossref| {
            let group = crossref.to_graph?;
            let answers = systems.get(&contract.group(group).system).is_some_and(|probed| probed.outcome.is_ok());
            let asked = self.found.iter().find(|ask| Some(ask.group) == crossref.to_own);
            answers.then(|| (group, asked.map_or(Vec::new(), GroupAsk::crossed)))
        });
        let groups: Vec<_> = groups.collect();
        let asked = groups.iter().map(|(group, keys)| self.asking.group_for(*group, keys.clone()));
        for ((group, _), (report, _)) in groups.iter().zip(join_all(asked).await) {
            self.asks.push(((contract.group(*group).system, true, group.index()), report));
        }
    }

    async fn ask_lists(&mut self, lists: Vec<ListId>) -> bool {
        let asked = join_all(lists.iter().map(|list| self.asking.list(*list, &self.samples))).await;
        for (list, (report, items)) in lists.iter().zip(asked) {
            let system = self.asking.contract.list(*list).system;
            for (ty, key) in items {
                self.samples.add(ty, system, key);
            }
            self.asks.push(((system, false, list.index()), report));
        }
        !lists.is_empty()
    }

    async fn ask_groups(&mut self, groups: Vec<GroupId>) -> bool {
        let asked = join_all(groups.iter().map(|group| self.asking.group(*group, &self.samples))).await;
        for (group, (report, answer)) in groups.iter().zip(asked) {
            let system = self.asking.contract.group(*group).system;
            self.asks.push(((system, true, group.index()), report));
            self.found.push(answer);
        }
        // A key that leads from one entity to another is a sample of the other, where no list gives any.
        let without: Vec<TypeId> = (self.groups.iter().map(|group| self.asking.contract.group(*group).entity))
            .chain(self.lists.iter().filter_map(|list| feeds::of(self.asking.contract, *list).entity))
            .collect();
        let asked = &self.found[self.found.len() - groups.len()..];
        let led: Vec<_> = asked.iter().flat_map(|ask| samples::references(self.asking.contract, ask)).collect();
        for (ty, system, key) in led {
            if without.contains(&ty) {
                self.samples.add(ty, system, key);
            }
        }
        !groups.is_empty()
    }
}
