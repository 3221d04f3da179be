//! Handing over: until its owner has an entity, another system answers for it.
//!
//! In: what the owner said. Out: the same, with the other system's rows where the owner has none. An entity moves from one
//! system to the other between two questions: where neither has it, the owner is asked again after the other has answered, so
//! that what exists all the time is never missed. An owner that is itself a copy would say the same again: there an entity
//! may be missed for as long as the copy is behind.

use std::{sync::Arc, time::Instant};

use super::veil::Veiling;
use crate::{
    cache::{Answer, Asked, Asking, Brought, Cache, Demand, Question},
    fetch::Outcome,
    value::{GroupId, Key},
};

/// One group, and the one that hands its entities over.
pub(super) struct HandedOver<'h> {
    /// What answers questions.
    pub cache: &'h Cache,
    /// How fresh the request wants its answer.
    pub demand: &'h Demand,
    /// The owner's group.
    pub group: GroupId,
    /// The group that answers until then.
    pub by: GroupId,
    /// The keys that the owner was asked for.
    pub keys: Arc<[Key]>,
    /// Whether the owner's system may be behind what it is a copy of.
    pub is_behind: bool,
    /// When the caller stops waiting.
    pub deadline: Instant,
    /// What the caller may not see. The other system is asked for that too, so that it is answered, and fails, as what is not
    /// there.
    pub veiling: Option<Veiling<'h>>,
}

impl HandedOver<'_> {
    /// Whether the owner said of anything that there is no such row, or none that the caller may see.
    pub fn has_lacks(&self, answer: &Answer) -> bool {
        !self.lacks(answer).is_empty()
    }

    /// Puts the other system's rows where the owner has none.
    pub async fn fill(self, mut answer: Answer) -> Answer {
        let lacking = self.lacks(&answer);
        let earlier = self.ask(self.by, &lacking, self.demand).await;
        let (mut gone, mut not_before_ms) = (Vec::new(), i64::MIN);
        for (position, outcome) in lacking.iter().zip(self.take(&mut answer, earlier)) {
            // Of what the owner has, the other system decides nothing.
            let is_veiled = self.is_veiled(&answer, *position);
            if is_absent(&outcome) || (is_veiled && outcome.is_ok()) {
                // The owner may have taken it over since it was asked.
                let said_ms = ended_ms(&outcome);
                if self.may_be_there(&answer, *position, said_ms) {
                    gone.push(*position);
                    not_before_ms = not_before_ms.max(said_ms);
                }
            } else {
                set(&mut answer, *position, outcome);
            }
        }
        if gone.is_empty() {
            return answer;
        }
        let not_before_ms = Some(self.demand.not_before_ms.map_or(not_before_ms, |asked| asked.max(not_before_ms)));
        let anew = Demand { not_before_ms, ..self.demand.clone() };
        let again = self.ask(self.group, &gone, &anew).await;
        for (position, outcome) in gone.iter().zip(self.take(&mut answer, again)) {
            set(&mut answer, *position, outcome);
        }
        answer
    }

    fn lacks(&self, answer: &Answer) -> Vec<usize> {
        let Brought::Records(outcomes) = &answer.brought else { return Vec::new() };
        let positions = 0..outcomes.len().min(self.keys.len());
        positions.filter(|at| is_absent(&outcomes[*at]) || self.is_veiled(answer, *at)).collect()
    }

    fn is_veiled(&self, answer: &Answer, position: usize) -> bool {
        let (Brought::Records(outcomes), Some(veiling)) = (&answer.brought, &self.veiling) else { return false };
        matches!(&outcomes[position], Ok(record) if veiling.hides(&self.keys[position], record))
    }

    /// Whether the owner, asked again, may have what it had not when it was asked; the other system said so at an instant.
    fn may_be_there(&self, answer: &Answer, position: usize, said_ms: i64) -> bool {
        let Brought::Records(outcomes) = &answer.brought else { return false };
        let Ok(record) = &outcomes[position] else { return false };
        let (stamp, asked) = (&record.stamp, (Asked::Group(self.group), self.keys.get(position)));
        let is_copy = self.is_behind || stamp.as_of_ms.is_some();
        !is_copy && self.cache.life(asked, stamp, true, self.cache.now_ms()).since_ms < said_ms
    }

    async fn ask(&self, group: GroupId, positions: &[usize], demand: &Demand) -> Answer {
        let keys = positions.iter().map(|position| self.keys[*position].clone()).collect();
        let question = Question::Records { group, keys, deadline: self.deadline };
        match self.cache.ask(vec![question], demand).pop() {
            Some(Asking::Answered(answer)) => answer,
            Some(Asking::Waiting(waiting)) => waiting.await,
            None => unreachable!("one question has one answer"),
        }
    }

    /// Takes what an answer brought, and adds its age and cost to those of the whole.
    fn take(&self, whole: &mut Answer, answer: Answer) -> Vec<Outcome> {
        whole.n_asked += answer.n_asked;
        whole.freshness.merge(answer.freshness);
        whole.levels.add(answer.levels);
        match answer.brought {
            Brought::Records(outcomes) => outcomes,
            Brought::Pages(_) => Vec::new(),
        }
    }
}

fn is_absent(outcome: &Outcome) -> bool {
    matches!(outcome, Ok(record) if record.table().is_none())
}

fn ended_ms(outcome: &Outcome) -> i64 {
    outcome.as_ref().map_or(i64::MIN, |record| record.stamp.ended_ms)
}

fn set(answer: &mut Answer, position: usize, outcome: Outcome) {
    if let Brought::Records(outcomes) = &mut answer.brought {
        outcomes[position] = outcome;
    }
}
