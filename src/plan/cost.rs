//! The cost of a plan: what its answer can have at worst, weighed.
//!
//! In: the contract and a plan. Out: one number, the same for every caller. Every object that can be in the answer costs the
//! weight of its type (1 unless `@cost` says otherwise), every field with `@cost` its weight for each object it is written
//! for, and every rule ten for each object it is run for. Pages multiply what is inside them.

use std::collections::{HashMap, HashSet};

use super::model::{JoinId, Output, PlaceId, Plan, Produce};
use crate::contract::{Contract, Weight};

/// How many parts a list in a record is taken to have where `@listSize` does not say: an order has some ten lines.
const PARTS_ASSUMED: u64 = 10;

/// What it costs to run a rule for one object: it reads some ten facts.
const RULE: Weight = Weight(10_000);

/// Weighs a plan.
///
/// *Units*: objects of weight 1, rounded up.
pub fn cost(contract: &Contract, plan: &Plan) -> u64 {
    let mut weighing = Weighing { contract, plan, known: HashMap::new() };
    weighing.place(PlaceId(0)).div_ceil(Weight::OBJECT.0)
}

struct Weighing<'p> {
    contract: &'p Contract,
    plan: &'p Plan,
    /// What is written for one object of each place weighs.
    known: HashMap<PlaceId, u64>,
}

impl Weighing<'_> {
    /// Weighs what is written for one object of a place.
    fn place(&mut self, id: PlaceId) -> u64 {
        if let Some(known) = self.known.get(&id) {
            return *known;
        }
        let plan = self.plan;
        let weight = self.members(&plan.places[id.0].outputs);
        self.known.insert(id, weight);
        weight
    }

    /// Weighs the members of one object. Of several places where one may come to stand it has one.
    fn members(&mut self, outputs: &[Output]) -> u64 {
        let mut names = HashSet::new();
        let mut called = HashSet::new();
        let mut weight = 0_u64;
        for output in outputs.iter().filter(|output| !matches!(output.produce, Produce::Null)) {
            if names.insert(&output.name) {
                weight = weight.saturating_add(output.weight.0).saturating_add(self.produced(
                    &output.produce,
                    output,
                    &mut called,
                ));
            }
        }
        weight
    }

    fn produced(&mut self, produce: &Produce, output: &Output, called: &mut HashSet<JoinId>) -> u64 {
        let n_items = |n_lists: usize| match (n_lists, output.n_items) {
            (0, _) => 1,
            (_, Some(n_items)) => n_items,
            (n_lists, None) => PARTS_ASSUMED.saturating_pow(u32::try_from(n_lists).unwrap_or(u32::MAX)),
        };
        match produce {
            Produce::Part { nesting, variants, .. } => {
                let one = variants.iter().map(|outputs| self.members(outputs)).max().unwrap_or(0);
                n_items(nesting.n_lists()).saturating_mul(one.saturating_add(Weight::OBJECT.0))
            }
            Produce::Join { join, nesting } => match self.plan.joins[join.0].from {
                super::model::JoinFrom::Part { .. } => n_items(nesting.n_lists()).saturating_mul(self.target(*join)),
                _ => self.joined(*join, output.n_items),
            },
            Produce::Nodes { join, .. } | Produce::Node(join) => self.joined(*join, output.n_items),
            // What a connection and its edges hold is multiplied where the rows are joined.
            Produce::Connection { outputs, .. } | Produce::Edges { outputs, .. } | Produce::PageInfo(outputs) => {
                self.members(outputs)
            }
            Produce::Rule { join, of } => {
                let call = if called.insert(*join) { RULE.0 } else { 0 };
                call.saturating_add(self.produced(of, output, called))
            }
            Produce::Provenance { members, outputs } => {
                (members.len() as u64).saturating_mul(self.members(outputs).saturating_add(Weight::OBJECT.0))
            }
            _ => 0,
        }
    }

    /// Weighs the objects a join leads to from one object.
    fn joined(&mut self, join: JoinId, n_items: Option<u64>) -> u64 {
        let found = &self.plan.joins[join.0];
        let rows = |place: PlaceId| self.plan.places[place.0].rows_max;
        let of_target = found.targets.first().map_or(1, |(_, target)| rows(*target));
        let n_rows = n_items.unwrap_or_else(|| of_target.div_ceil(rows(found.parent).max(1)));
        n_rows.saturating_mul(self.target(join))
    }

    /// Weighs one object a join leads to, of whichever type weighs most.
    fn target(&mut self, join: JoinId) -> u64 {
        let plan = self.plan;
        let weights = plan.joins[join.0].targets.iter().map(|(_, target)| {
            let own = self.contract.ty(plan.places[target.0].ty).weight.unwrap_or(Weight::OBJECT);
            self.place(*target).saturating_add(own.0)
        });
        weights.max().unwrap_or(0)
    }
}
