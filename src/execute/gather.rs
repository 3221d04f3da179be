//! Gathering: runs the steps of a plan, breadth first.
//!
//! In: a plan and the owners. Out: everything its answer is written from. A step asks for all keys of all places that
//! need its group at once; it starts as soon as those keys are known, whatever its siblings are waiting for.

use std::{future::Future, pin::Pin, sync::Arc, task::Poll, time::Instant};

use futures_util::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use hashbrown::HashMap;

use super::{
    gathered::{Gathered, PageCell, PlaceRows},
    join::follow,
    pages::question,
};
use crate::{
    contract::{Contract, KeyMapping},
    fetch::{Fetch, Outcome, Owner},
    plan::{Ask, PlaceId, Plan, StepId},
    value::{GroupId, Key},
};

/// What gathering works with.
pub(super) struct Gathering<'e> {
    /// The contract.
    pub contract: &'e Contract,
    /// The owners, by system.
    pub owners: &'e [Arc<dyn Owner>],
    /// The plan.
    pub plan: &'e Plan,
    /// How many objects one place may have.
    pub rows_max: usize,
    /// When the caller stops waiting.
    pub deadline: Instant,
}

/// What a step has brought.
enum Brought {
    Records(Vec<Outcome>),
    Pages(Vec<PageCell>),
}

type Running<'e> = BoxFuture<'e, (StepId, Brought)>;

impl<'e> Gathering<'e> {
    /// Runs every step the request needs.
    ///
    /// *Shape*: returns how many questions were put to owners.
    pub async fn run(&self, gathered: &mut Gathered) -> usize {
        let mut running: FuturesUnordered<Running<'e>> = FuturesUnordered::new();
        let mut started = vec![false; self.plan.steps.len()];
        let mut n_fetches = 0;
        loop {
            loop {
                let followed = self.follow_joins(gathered);
                let answered = self.start_steps(gathered, &mut started, &mut running, &mut n_fetches).await;
                if !followed && !answered {
                    break;
                }
            }
            match running.next().await {
                None => return n_fetches,
                Some((step, brought)) => {
                    n_fetches += self.n_crossrefs(step, &brought);
                    settle(gathered, step, brought);
                }
            }
        }
    }

    /// Follows the joins whose parents and records are there. Returns whether any was.
    fn follow_joins(&self, gathered: &mut Gathered) -> bool {
        let mut followed = false;
        for (number, join) in self.plan.joins.iter().enumerate() {
            if gathered.joins[number].is_none() && gathered.can_follow(self.plan, join) {
                follow(self.contract, self.plan, gathered, number, self.rows_max);
                followed = true;
            }
        }
        followed
    }

    /// Starts the steps whose keys are known. Returns whether any was answered at once.
    async fn start_steps(
        &self,
        gathered: &mut Gathered,
        started: &mut [bool],
        running: &mut FuturesUnordered<Running<'e>>,
        n_fetches: &mut usize,
    ) -> bool {
        let mut answered = false;
        for (number, step) in self.plan.steps.iter().enumerate() {
            if started[number] {
                continue;
            }
            let id = StepId(number);
            let asking: Option<Running<'e>> = match &step.ask {
                Ask::Records { group, places } => {
                    if places.iter().any(|(place, _)| gathered.places[place.0].is_none()) {
                        continue;
                    }
                    self.ask_records(gathered, id, *group, places)
                }
                Ask::Pages(ask) => {
                    let parent = &self.plan.places[ask.parent.0];
                    let ready = gathered.places[ask.parent.0].is_some()
                        && ask.needs.iter().all(|&column| gathered.has_column(parent, column));
                    if !ready {
                        continue;
                    }
                    let mut question = question(self.contract, self.plan, gathered, ask, self.deadline);
                    match question.fetch.take() {
                        None => {
                            settle(gathered, id, Brought::Pages(question.settle(Vec::new())));
                            None
                        }
                        Some(fetch) => {
                            let owner = &self.owners[self.contract.list(ask.list).system.index()];
                            let asking = owner.list(fetch);
                            Some(Box::pin(async move { (id, Brought::Pages(question.settle(asking.await))) }))
                        }
                    }
                }
            };
            started[number] = true;
            match asking {
                None => answered = true,
                Some(mut asking) => {
                    *n_fetches += 1;
                    // What is in memory answers at once and needs no place among what is waited for.
                    match poll_once(asking.as_mut()).await {
                        Poll::Ready((step, brought)) => {
                            *n_fetches += self.n_crossrefs(step, &brought);
                            settle(gathered, step, brought);
                            answered = true;
                        }
                        Poll::Pending => running.push(asking),
                    }
                }
            }
        }
        answered
    }

    /// Counts the cross-references that a step asked on its way: one for all keys that became the system's own, and one
    /// for all rows that came back with such.
    fn n_crossrefs(&self, step: StepId, brought: &Brought) -> usize {
        match (&self.plan.steps[step.0].ask, brought) {
            (Ask::Records { group, .. }, _) => {
                let key = self.contract.group(*group).key.as_ref();
                usize::from(key.is_some_and(|key| key.asked_to_own().is_some()))
            }
            (Ask::Pages(ask), Brought::Pages(pages)) => {
                let list = self.contract.list(ask.list);
                let has_rows = |cell: &PageCell| matches!(cell, PageCell::Page(page) if page.first().is_some());
                let rows = list.key.as_ref().filter(|_| pages.iter().any(has_rows));
                let of_rows = rows.and_then(KeyMapping::asked_to_graph);
                let of_arguments = list.argument_keys.iter().flatten().filter_map(KeyMapping::asked_to_own);
                of_arguments.chain(of_rows).count()
            }
            (Ask::Pages(_), Brought::Records(_)) => 0,
        }
    }

    /// Asks for the records of a group, for the keys of all places that need it. `None` when there are no keys.
    fn ask_records(
        &self,
        gathered: &mut Gathered,
        step: StepId,
        group: GroupId,
        places: &[(PlaceId, usize)],
    ) -> Option<Running<'e>> {
        let needed: Vec<(PlaceId, usize)> = (places.iter().copied())
            .filter(|(place, column)| gathered.applies(self.plan.places[place.0].columns[*column].when))
            .collect();
        let keys = match needed.as_slice() {
            [(place, column)] => {
                let rows = known(gathered, *place);
                set_positions(rows, *column, None);
                rows.keys.clone()
            }
            several => merge_keys(gathered, several),
        };
        if keys.is_empty() {
            settle(gathered, step, Brought::Records(Vec::new()));
            return None;
        }
        let owner = &self.owners[self.contract.group(group).system.index()];
        let asking = owner.fetch(Fetch { group, keys, deadline: self.deadline });
        Some(Box::pin(async move { (step, Brought::Records(asking.await)) }))
    }
}

async fn poll_once<F: Future + ?Sized>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}

fn settle(gathered: &mut Gathered, step: StepId, brought: Brought) {
    match brought {
        Brought::Records(outcomes) => gathered.records[step.0] = Some(outcomes),
        Brought::Pages(pages) => gathered.pages[step.0] = Some(pages),
    }
}

fn known(gathered: &mut Gathered, place: PlaceId) -> &mut PlaceRows {
    gathered.places[place.0].as_mut().expect("a step starts after its places are known")
}

fn set_positions(rows: &mut PlaceRows, column: usize, positions: Option<Arc<[u32]>>) {
    if rows.in_step.len() <= column {
        rows.in_step.resize(column + 1, None);
    }
    rows.in_step[column] = positions;
}

/// Puts the keys of several places together, each once, and notes where each place's keys stand.
fn merge_keys(gathered: &mut Gathered, places: &[(PlaceId, usize)]) -> Arc<[Key]> {
    let mut merged: Vec<Key> = Vec::new();
    let mut known_at: HashMap<Key, u32> = HashMap::new();
    for &(place, column) in places {
        let rows = known(gathered, place);
        let positions: Arc<[u32]> = (rows.keys.iter())
            .map(|key| {
                *known_at.entry(key.clone()).or_insert_with(|| {
                    merged.push(key.clone());
                    (merged.len() - 1) as u32
                })
            })
            .collect();
        set_positions(rows, column, Some(positions));
    }
    merged.into()
}
