//! Calling rules: what a rule reads is planned like a selection, under the object it is called for.
//!
//! In: a field that a rule answers. Out: a call, and a join that leads from each object to what the rule comes to. What it
//! reads is asked with everything else, at the stage where its keys are known; nothing of it is written to the answer.

use std::collections::BTreeSet;

use super::{
    collect::Collected,
    compile::{Compiling, Holder, Selected, fields_of},
    model::{Call, CallId, Join, JoinFrom, JoinId, Output, PlaceId, PlaceKind, Produce, StepId, Within},
    operation::{Guard, Position, SelectedField, Selection},
};
use crate::{
    contract::{Contract, Field, RuleInput, TypeKind},
    value::{Input, RuleId, TypeId},
};

/// A rule that is called already: for which objects, with which arguments, and where its answer is.
pub(super) struct Called {
    place: PlaceId,
    rule: RuleId,
    arguments: Vec<(compact_str::CompactString, Input)>,
    /// What the variables in them are.
    within: Option<Within>,
    guards: Vec<Guard>,
    join: JoinId,
    answer: PlaceId,
}

impl Compiling<'_> {
    /// Compiles a field that a rule answers. Fields of one object that call a rule alike share one call.
    pub(super) fn rule(
        &mut self,
        place: PlaceId,
        rule: RuleId,
        slot: usize,
        field: &Field,
        collected: &Collected<'_>,
    ) -> Produce {
        let guards = collected.guards();
        let written = &collected.field().arguments;
        let within = self.within_of(written);
        let same = |called: &&Called| {
            called.place == place
                && called.rule == rule
                && called.arguments == *written
                && called.within == within
                && called.guards == guards
        };
        let (join, answer) = match self.called.iter().find(same) {
            Some(called) => (called.join, called.answer),
            None => {
                let (join, answer) = self.call(place, rule, field, collected, &guards);
                let arguments = written.clone();
                self.called.push(Called { place, rule, arguments, within, guards, join, answer });
                (join, answer)
            }
        };
        let of = self.slot(Holder::Place(answer), 0, slot, field, collected);
        Produce::Rule { join, of: Box::new(of) }
    }

    fn call(
        &mut self,
        place: PlaceId,
        rule: RuleId,
        field: &Field,
        collected: &Collected<'_>,
        guards: &[Guard],
    ) -> (JoinId, PlaceId) {
        let contract = self.contract;
        let called = contract.rule(rule);
        let arguments = self.arguments(field, collected.field());
        let outer = self.within.replace(Within { arguments, pieces: called.rule.pieces });
        let inputs = self.read(place, &called.inputs, guards);
        let held_by = (self.plan.joins.iter())
            .position(|join| join.targets.iter().any(|(_, target)| *target == place))
            .filter(|_| !called.holder.is_empty());
        let holder = held_by.map(|join| {
            let outputs = self.read(self.plan.joins[join].parent, &called.holder, guards);
            (JoinId(join), outputs)
        });
        self.within = outer;

        let mut needs = Needs { compiling: self, steps: BTreeSet::new(), joins: BTreeSet::new() };
        needs.object(place);
        needs.outputs(place, &inputs);
        if let Some((join, outputs)) = &holder {
            let parent = needs.compiling.plan.joins[join.0].parent;
            needs.object(parent);
            needs.outputs(parent, outputs);
        }
        let (steps, joins) = (Vec::from_iter(needs.steps), Vec::from_iter(needs.joins));
        let known_after = steps.iter().map(|step| self.plan.steps[step.0].stage).max();
        let known_after = known_after.unwrap_or(0).max(self.plan.places[place.0].known_after);

        let (path, rows) = (self.plan.places[place.0].path.clone(), self.plan.places[place.0].rows_max);
        let answer = self.place(path, called.ty, PlaceKind::Part, known_after, rows);
        let call = CallId(self.plan.calls.len());
        self.plan.calls.push(Call { rule, place, arguments, inputs, holder, steps, joins });
        let when = self.when(guards, &[]);
        let from = JoinFrom::Rule(call);
        let targets = vec![(called.rule.name.to_owned(), answer)];
        self.plan.joins.push(Join { parent: place, when, from, needs: Vec::new(), targets, hidden: Vec::new() });
        (JoinId(self.plan.joins.len() - 1), answer)
    }

    /// Plans what a rule reads of the objects of a place.
    fn read(&mut self, place: PlaceId, inputs: &[RuleInput], guards: &[Guard]) -> Vec<Output> {
        let ty = self.plan.places[place.0].ty;
        let selections = selections(self.contract, inputs, ty);
        let selected: Vec<_> = guards.iter().map(|guard| (selections.as_slice(), guard.clone())).collect();
        let selected: &Selected<'_> = &selected;
        self.outputs(Holder::Place(place), ty, selected)
    }
}

/// Turns what a rule reads of a type into selections; fields that the type does not have are left out.
fn selections(contract: &Contract, inputs: &[RuleInput], ty: TypeId) -> Vec<Selection> {
    let selection = |input: &RuleInput| match input {
        RuleInput::On { ty: name, inputs } => {
            let on = *contract.type_names.get(name)?;
            Some(Selection::Fragment {
                type_condition: Some(name.clone()),
                guard: Guard::default(),
                selections: selections(contract, inputs, on),
            })
        }
        RuleInput::Field { key, name, arguments, inputs, .. } => {
            let field = declared(contract, ty).iter().find(|field| field.name == *name);
            let inner = match field {
                Some(field) => selections(contract, inputs, field.ty.named()),
                None if name == "__typename" => Vec::new(),
                None => return None,
            };
            // One type that holds a part may take an argument that another does not.
            let is_taken =
                |argument: &str| field.is_some_and(|field| field.arguments.iter().any(|one| one.name == argument));
            let arguments = arguments.iter().filter(|(argument, _)| is_taken(argument));
            Some(Selection::Field(SelectedField {
                response_key: key.as_str().into(),
                name: name.as_str().into(),
                arguments: arguments.map(|(name, value)| (name.as_str().into(), value.clone())).collect(),
                guard: Guard::default(),
                selections: inner,
                position: Position::default(),
            }))
        }
    };
    inputs.iter().filter_map(selection).collect()
}

/// Returns the fields that a selection of a type may name.
fn declared(contract: &Contract, ty: TypeId) -> &[Field] {
    match &contract.ty(ty).kind {
        TypeKind::Interface { fields, .. } => fields,
        _ => fields_of(contract, ty),
    }
}

/// Collects what must be known before outputs can be written.
struct Needs<'n, 'c> {
    compiling: &'n Compiling<'c>,
    steps: BTreeSet<StepId>,
    joins: BTreeSet<JoinId>,
}

impl Needs<'_, '_> {
    /// Whether an object exists.
    fn object(&mut self, place: PlaceId) {
        let compiling = self.compiling;
        let place = &compiling.plan.places[place.0];
        if let PlaceKind::Entity { identity, .. } = place.kind {
            self.steps.insert(place.columns[identity].step);
        }
    }

    fn outputs(&mut self, place: PlaceId, outputs: &[Output]) {
        outputs.iter().for_each(|output| self.produce(place, &output.produce));
    }

    fn produce(&mut self, place: PlaceId, produce: &Produce) {
        match produce {
            Produce::Leaf { column, .. } | Produce::Part { column, .. } => {
                // A part's own record is there when the part is.
                if let Some(column) = self.compiling.plan.places[place.0].columns.get(*column) {
                    self.steps.insert(column.step);
                }
            }
            Produce::Join { join, .. } | Produce::Nodes { join, .. } | Produce::Node(join) => self.join(*join),
            Produce::Rule { join, of } => {
                self.join(*join);
                if let Produce::Join { join, .. } = **of {
                    self.join(join);
                }
            }
            Produce::Connection { step, seen, outputs } => {
                self.steps.insert(*step);
                seen.iter().for_each(|join| self.join(*join));
                self.outputs(place, outputs);
            }
            Produce::Edges { outputs, .. } | Produce::PageInfo(outputs) => self.outputs(place, outputs),
            Produce::TypeName(_)
            | Produce::Key { .. }
            | Produce::Cursor
            | Produce::TotalCount
            | Produce::HasNextPage
            | Produce::HasPreviousPage
            | Produce::StartCursor
            | Produce::EndCursor
            | Produce::Null
            | Produce::Provenance { .. }
            | Produce::Introspection => {}
        }
    }

    fn join(&mut self, id: JoinId) {
        if !self.joins.insert(id) {
            return;
        }
        let compiling = self.compiling;
        let plan = &compiling.plan;
        let join = &plan.joins[id.0];
        let parent = &plan.places[join.parent.0];
        self.steps.extend(join.needs.iter().filter_map(|column| parent.columns.get(*column)).map(|column| column.step));
        match &join.from {
            JoinFrom::Pages(step) => {
                self.steps.insert(*step);
            }
            JoinFrom::Rule(call) => {
                let call = &plan.calls[call.0];
                self.steps.extend(&call.steps);
                call.joins.iter().for_each(|join| self.join(*join));
            }
            JoinFrom::Reference { .. } | JoinFrom::Part { .. } => {}
        }
        for (_, target) in &join.targets {
            let target_place = &plan.places[target.0];
            self.steps.extend(target_place.columns.iter().map(|column| column.step));
            self.outputs(*target, &target_place.outputs);
        }
    }
}
