//! Gathering: runs the steps of a plan, breadth first.
//!
//! In: a plan and the cache. Out: everything its answer is written from. A step asks for all keys of all places that
//! need its group at once; it starts as soon as those keys are known, whatever its siblings are waiting for.

use std::{sync::Arc, time::Instant};

use futures_util::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use hashbrown::HashMap;

use super::{
    gathered::{Gathered, PageCell, PlaceRows},
    handover::HandedOver,
    join::follow,
    pages::{PagesQuestion, question},
    rule::{self, BusinessTime, Calling},
    veil::{Veiling, settle_freshness},
};
use crate::{
    cache::{Answer, Asking, Brought, Cache, Demand, Question},
    contract::{Contract, KeyMapping},
    plan::{Ask, JoinFrom, PlaceId, Plan, StepId},
    rules::OrderLimit,
    value::{GroupId, Key},
};

/// What gathering works with.
pub(super) struct Gathering<'e> {
    /// The contract.
    pub contract: &'e Contract,
    /// What answers questions.
    pub cache: &'e Cache,
    /// How fresh the request wants its answer.
    pub demand: &'e Demand,
    /// The plan.
    pub plan: &'e Plan,
    /// How many objects one place may have.
    pub rows_max: usize,
    /// The time that rules are asked at.
    pub time: BusinessTime,
    /// The greatest order that whoever asks may place without approval; none: any.
    pub order_limit: Option<&'e OrderLimit>,
    /// When the caller stops waiting.
    pub deadline: Instant,
}

/// A step that is answered, or waited for.
struct Asked {
    step: StepId,
    /// For a list: what gives each parent its page.
    pages: Option<PagesQuestion>,
}

type Running<'e> = BoxFuture<'e, (Asked, Answer)>;

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
                let answered = self.start_steps(gathered, &mut started, &mut running, &mut n_fetches);
                if !followed && !answered {
                    break;
                }
            }
            match running.next().await {
                None => {
                    settle_freshness(self.contract, self.plan, gathered);
                    return n_fetches;
                }
                Some((asked, answer)) => n_fetches += self.settle(gathered, asked, answer),
            }
        }
    }

    /// Follows the joins whose parents and records are there. Returns whether any was.
    fn follow_joins(&self, gathered: &mut Gathered) -> bool {
        let mut followed = false;
        for (number, join) in self.plan.joins.iter().enumerate() {
            if gathered.joins[number].is_none() && gathered.can_follow(self.plan, join) {
                match join.from {
                    JoinFrom::Rule(call) => {
                        let Self { contract, cache, plan, order_limit, .. } = *self;
                        let calling = Calling { contract, cache, plan, order_limit };
                        rule::run(calling, gathered, number, call, self.time);
                    }
                    _ => follow(self.contract, self.plan, gathered, number, self.rows_max),
                }
                followed = true;
            }
        }
        followed
    }

    /// Asks for the steps whose keys are known, all at once. Returns whether any was answered at once.
    fn start_steps(
        &self,
        gathered: &mut Gathered,
        started: &mut [bool],
        running: &mut FuturesUnordered<Running<'e>>,
        n_fetches: &mut usize,
    ) -> bool {
        let mut answered = false;
        let (mut asked, mut wave) = (Vec::new(), Vec::new());
        for (number, step) in self.plan.steps.iter().enumerate() {
            if started[number] {
                continue;
            }
            let step_id = StepId(number);
            match &step.ask {
                Ask::Records { group, places } => {
                    if places.iter().any(|(place, _)| gathered.places[place.0].is_none()) {
                        continue;
                    }
                    match self.records_question(gathered, *group, places) {
                        None => {
                            gathered.records[number] = Some(Vec::new());
                            self.judge(gathered, number);
                            answered = true;
                        }
                        Some(question) => {
                            let handed_over = self.handed_over(&question, places, gathered);
                            wave.push(question);
                            asked.push((Asked { step: step_id, pages: None }, handed_over));
                        }
                    }
                }
                Ask::Pages(ask) => {
                    let parent = &self.plan.places[ask.parent.0];
                    let ready = gathered.places[ask.parent.0].is_some()
                        && gathered.is_judged(self.plan, ask.parent)
                        && ask.needs.iter().all(|&column| gathered.has_column(parent, column));
                    if !ready {
                        continue;
                    }
                    let mut question = question(self.contract, self.plan, gathered, ask, self.deadline);
                    match question.fetch.take() {
                        None => {
                            gathered.pages[number] = Some(question.settle(Vec::new()));
                            answered = true;
                        }
                        Some(fetch) => {
                            wave.push(Question::Pages(fetch));
                            asked.push((Asked { step: step_id, pages: Some(question) }, None));
                        }
                    }
                }
            }
            started[number] = true;
        }
        if wave.is_empty() {
            return answered;
        }
        for ((asked, handed_over), asking) in asked.into_iter().zip(self.cache.ask(wave, self.demand)) {
            match (asking, handed_over) {
                // What is in memory answers at once and needs no place among what is waited for.
                (Asking::Answered(answer), handed_over) => {
                    match handed_over.filter(|handed_over| handed_over.has_lacks(&answer)) {
                        None => {
                            *n_fetches += self.settle(gathered, asked, answer);
                            answered = true;
                        }
                        Some(handed_over) => {
                            running.push(Box::pin(async move { (asked, handed_over.fill(answer).await) }));
                        }
                    }
                }
                (Asking::Waiting(waiting), None) => running.push(Box::pin(async move { (asked, waiting.await) })),
                (Asking::Waiting(waiting), Some(handed_over)) => running.push(Box::pin(async move {
                    let answer = waiting.await;
                    let answer = if handed_over.has_lacks(&answer) { handed_over.fill(answer).await } else { answer };
                    (asked, answer)
                })),
            }
        }
        answered
    }

    /// Returns how a question's absences are filled, where another system answers for its entities until their owner does.
    fn handed_over(
        &self,
        question: &Question,
        places: &[(PlaceId, usize)],
        gathered: &Gathered,
    ) -> Option<HandedOver<'e>> {
        let Question::Records { group, keys, deadline } = question else { return None };
        let by = self.contract.handed_over_by(*group)?;
        let (cache, demand) = (self.cache, self.demand);
        let is_behind = !self.contract.system(self.contract.group(*group).system).lag.is_zero();
        // All places of a step are seen alike: what is read for a rule is a step of its own.
        let veilings = places.iter().map(|(place, _)| Veiling::of(&self.plan.places[place.0], gathered.sight.as_ref()));
        let veiling = veilings.flatten().next();
        let keys = keys.clone();
        Some(HandedOver { cache, demand, group: *group, by, keys, is_behind, deadline: *deadline, veiling })
    }

    /// Takes what a step has brought. Returns how many questions were put to owners for it.
    fn settle(&self, gathered: &mut Gathered, asked: Asked, answer: Answer) -> usize {
        let Answer { brought, n_asked, freshness, levels } = answer;
        let step = asked.step.0;
        gathered.step_freshness[step] = freshness;
        gathered.levels[step] = levels;
        let n_crossrefs;
        match brought {
            Brought::Records(outcomes) => {
                n_crossrefs = self.n_crossrefs(asked.step, &[]);
                gathered.records[step] = Some(outcomes);
                self.judge(gathered, step);
            }
            Brought::Pages(pages) => {
                let cells = asked.pages.map_or_else(Vec::new, |question| question.settle(pages));
                n_crossrefs = self.n_crossrefs(asked.step, &cells);
                gathered.pages[step] = Some(cells);
            }
        }
        if n_asked > 0 { n_asked + n_crossrefs } else { 0 }
    }

    /// Judges which objects are there for the caller, where a step has said whose they are: of their identity, the first
    /// column.
    fn judge(&self, gathered: &mut Gathered, step: usize) {
        let Ask::Records { places, .. } = &self.plan.steps[step].ask else { return };
        for (place, _) in places.iter().filter(|(_, column)| *column == 0) {
            gathered.judge(self.plan, *place);
        }
    }

    /// Counts the cross-references that a step asked on its way: one for all keys that became the system's own, and one
    /// for all rows that came back with such.
    fn n_crossrefs(&self, step: StepId, pages: &[PageCell]) -> usize {
        match &self.plan.steps[step.0].ask {
            Ask::Records { group, .. } => {
                let key = self.contract.group(*group).key.as_ref();
                usize::from(key.is_some_and(|key| key.asked_to_own().is_some()))
            }
            Ask::Pages(ask) => {
                let list = self.contract.list(ask.list);
                let has_rows = |cell: &PageCell| matches!(cell, PageCell::Page(page) if page.first().is_some());
                let rows = list.key.as_ref().filter(|_| pages.iter().any(has_rows));
                let of_rows = rows.and_then(KeyMapping::asked_to_graph);
                let of_arguments = list.argument_keys.iter().flatten().filter_map(KeyMapping::asked_to_own);
                of_arguments.chain(of_rows).count()
            }
        }
    }

    /// Returns the question for the records of a group, for the keys of all places that need it. `None` when there are no
    /// keys.
    fn records_question(
        &self,
        gathered: &mut Gathered,
        group: GroupId,
        places: &[(PlaceId, usize)],
    ) -> Option<Question> {
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
        (!keys.is_empty()).then_some(Question::Records { group, keys, deadline: self.deadline })
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
