//! Compiling: an operation becomes places, joins and steps.
//!
//! In: the contract and an operation that validation has accepted. Out: the plan. Nothing here waits, reads a clock or
//! knows a caller. The work goes down the selections once; a place asks for a column when the first of its fields needs
//! one, and a step is shared by all places that need the same group at the same stage.

use std::collections::HashMap;

use compact_str::CompactString;

use super::{
    call::Called,
    coerce::plan_variables,
    collect::{Collected, collect},
    model::{
        ArgumentsId, Ask, Column, Condition, ConditionId, Join, JoinFrom, JoinId, Output, PagesAsk, Place, PlaceId,
        PlaceKind, Plan, PlannedArguments, PlannedFeed, Produce, Scoped, Step, StepId, When, Within,
    },
    operation::{Guard, Operation, SelectedField, Selection},
    parse::{Refusal, RefusalKind},
    provenance,
};
use crate::{
    contract::{
        Answer, Contract, Feed, Field, List, ListUse, PagingField, Reference, Role, Scope, TypeKind, TypeRef,
        TypeRefKind, Weight,
    },
    value::{AudienceId, DomainId, GroupId, Input, Leaf, Nesting, Scalar, SlotKind, TypeId, write_json_string},
};

/// How many objects a list inside a record is taken to have when the worst case is reckoned: the contract does not say.
const PART_ROWS_ASSUMED: u64 = 100;

/// How many members a plan may have for all types of objects it meets. Where a field leads to several types, what is selected
/// of it is planned for each: a short document may come to any number. A real page has some hundreds.
const OUTPUTS_MAX: usize = 20_000;

/// Compiles an operation for an audience; none: for the whole graph.
///
/// *Errors*: a variable's default does not fit its type; the plan has more members than anybody keeps.
pub fn compile(contract: &Contract, audience: Option<AudienceId>, operation: &Operation) -> Result<Plan, Refusal> {
    let variables = plan_variables(contract, operation)?;
    let mut compiling = Compiling {
        contract,
        audience,
        plan: Plan {
            operation: operation.name.clone(),
            variables,
            introspects: operation.introspects,
            ..Plan::default()
        },
        record_steps: HashMap::new(),
        column_guards: HashMap::new(),
        called: Vec::new(),
        within: None,
        n_outputs: 0,
    };
    let always = Guard::default();
    let root = compiling.place(String::new(), contract.query, PlaceKind::Root, 0, 1);
    compiling.fill(root, &[(operation.selections.as_slice(), always)]);
    if compiling.n_outputs > OUTPUTS_MAX {
        let message = format!(
            "the plan of the operation has more than {OUTPUTS_MAX} members for all types of objects it meets: select less of \
             what has several types, or select it in fragments on those types"
        );
        return Err(Refusal::new(RefusalKind::TooLarge, message, Vec::new()));
    }
    compiling.settle_columns();
    Ok(compiling.plan)
}

/// What selections select of a type, each with the guard under which it does.
pub(super) type Selected<'o> = [(&'o [Selection], Guard)];

/// The work on one plan.
pub(super) struct Compiling<'c> {
    pub contract: &'c Contract,
    audience: Option<AudienceId>,
    pub plan: Plan,
    /// The steps that fetch records: of a group, at a stage, for whoever may see the same of it.
    record_steps: HashMap<(GroupId, u32, Option<bool>), StepId>,
    /// Under which guards each place needs each of its columns.
    column_guards: HashMap<(PlaceId, usize), Vec<Guard>>,
    /// The rules called so far.
    pub called: Vec<Called>,
    /// Inside what a rule reads: what variables are.
    pub within: Option<Within>,
    /// How many members have been planned.
    n_outputs: usize,
}

/// The object whose members are being written: which fields it can have and where its leaves are read from.
#[derive(Clone, Copy)]
pub(super) enum Holder {
    /// An object of a place.
    Place(PlaceId),
    /// A part written straight from its record; it leads nowhere else.
    Inline,
}

impl<'c> Compiling<'c> {
    pub(super) fn place(
        &mut self,
        path: String,
        ty: TypeId,
        kind: PlaceKind,
        known_after: u32,
        rows_max: u64,
    ) -> PlaceId {
        let id = PlaceId(self.plan.places.len());
        self.plan.places.push(Place {
            path,
            ty,
            kind,
            scope: None,
            columns: Vec::new(),
            outputs: Vec::new(),
            is_shown: self.is_shown(),
            known_after,
            rows_max,
        });
        id
    }

    /// Whether the audience may be told of what is being planned. Whoever has the whole graph is told everything.
    fn is_shown(&self) -> bool {
        self.audience.is_none() || self.within.is_none()
    }

    /// Counts members; false once there are too many, and nothing more is to be planned.
    fn has_room(&mut self, n_outputs: usize) -> bool {
        self.n_outputs = self.n_outputs.saturating_add(n_outputs);
        self.n_outputs <= OUTPUTS_MAX
    }

    /// Compiles what is written for the objects of a place.
    fn fill(&mut self, place: PlaceId, selected: &Selected<'_>) {
        let ty = self.plan.places[place.0].ty;
        let identity = match self.contract.object(ty).map(|object| &object.role) {
            Some(Role::Entity(entity)) => Some(entity.identity),
            _ => None,
        };
        if let Some(group) = identity {
            // Whether an object exists is asked whenever it is reached at all, whatever is selected of it.
            for (_, guard) in selected {
                self.column(place, group, guard, None);
            }
        }
        let outputs = self.outputs(Holder::Place(place), ty, selected);
        self.plan.places[place.0].outputs = outputs;
    }

    pub(super) fn outputs(&mut self, holder: Holder, ty: TypeId, selected: &Selected<'_>) -> Vec<Output> {
        let mut placed = Vec::new();
        if self.n_outputs > OUTPUTS_MAX {
            return Vec::new();
        }
        for collected in collect(self.contract, ty, selected) {
            if !self.has_room(collected.occurrences.len()) {
                return Vec::new();
            }
            let needs = self.needs(ty, &collected);
            let held = needs.map(|permission| collected.given(permission, true));
            let (produce, non_null, domain) = self.produce(holder, ty, held.as_ref().unwrap_or(&collected));
            let priced = self.priced(ty, collected.field());
            self.output(held.as_ref().unwrap_or(&collected), produce, non_null, domain, priced, &mut placed);
            if let Some(permission) = needs {
                self.output(&collected.given(permission, false), Produce::Null, false, domain, priced, &mut placed);
            }
        }
        let mut outputs = in_order(placed);
        provenance::fill(&self.plan, &mut outputs);
        outputs
    }

    /// Returns the permission that a field takes. What a rule reads is nobody's answer: it is the same for every caller.
    fn needs(&self, ty: TypeId, collected: &Collected<'_>) -> Option<&'c str> {
        let contract: &'c Contract = self.contract;
        let field = fields_of(contract, ty).iter().find(|field| collected.field().name == field.name)?;
        field.needs.as_deref().filter(|_| self.within.is_none())
    }

    /// Returns what a field costs beside its values, and how many values it is taken to have.
    fn priced(&self, ty: TypeId, selected: &SelectedField) -> (Weight, Option<u64>) {
        let Some(field) = fields_of(self.contract, ty).iter().find(|field| selected.name == field.name) else {
            return (Weight(0), None);
        };
        let of = self.contract.ty(field.ty.named());
        // What an object costs is counted with the object.
        let of_leaf = of.weight.filter(|_| matches!(of.kind, TypeKind::Scalar { .. } | TypeKind::Enum { .. }));
        let given = |name: &str| selected.arguments.iter().find(|(given, _)| given == name).map(|(_, value)| value);
        let arguments = field.arguments.iter().filter(|argument| given(&argument.name).is_some());
        let weights = arguments.filter_map(|argument| argument.weight).chain(field.weight.or(of_leaf));
        let n_items = field.list_size.as_ref().and_then(|size| {
            let asked = size.slicing.iter().filter_map(|name| n_asked(field, selected, name));
            match asked.max() {
                // As many as there can be.
                Some(u64::MAX) => None,
                asked => asked.or(size.assumed),
            }
        });
        (Weight(weights.map(|weight| weight.0).fold(0, u64::saturating_add)), n_items)
    }

    /// Adds what is written for one response key. It stands where its first included occurrence stands; a field whose
    /// first occurrence may be left out gets an output for each place it may come to stand.
    fn output(
        &mut self,
        collected: &Collected<'_>,
        produce: Produce,
        non_null: bool,
        domain: Option<DomainId>,
        (weight, n_items): (Weight, Option<u64>),
        placed: &mut Vec<(usize, Output)>,
    ) {
        let mut key = Vec::with_capacity(collected.response_key.len() + 3);
        write_json_string(&collected.response_key, &mut key);
        key.push(b':');
        let key = key.into_boxed_slice();
        let mut earlier: Vec<Guard> = Vec::new();
        for occurrence in &collected.occurrences {
            if earlier.contains(&occurrence.guard) {
                continue;
            }
            let output = Output {
                key: key.clone(),
                name: collected.response_key.clone(),
                when: self.when(std::slice::from_ref(&occurrence.guard), &earlier),
                non_null,
                produce: produce.clone(),
                domain,
                position: occurrence.field.position,
                weight,
                n_items,
            };
            placed.push((occurrence.n_before, output));
            if occurrence.guard.is_always() {
                break;
            }
            earlier.push(occurrence.guard.clone());
        }
    }

    fn produce(&mut self, holder: Holder, ty: TypeId, collected: &Collected<'_>) -> (Produce, bool, Option<DomainId>) {
        let contract = self.contract;
        let selected = collected.field();
        if selected.name == "__typename" {
            let mut name = Vec::new();
            write_json_string(&contract.ty(ty).name, &mut name);
            return (Produce::TypeName(name.into_boxed_slice()), true, None);
        }
        let Some(field) = fields_of(contract, ty).iter().find(|field| selected.name == field.name) else {
            // Only `__schema` and `__type` are valid without being a field of the type.
            return (Produce::Introspection, selected.name == "__schema", None);
        };
        let produce = match &field.answer {
            Answer::Key(position) => Produce::Key { position: *position, leaf: leaf_of(contract, field.ty.named()) },
            Answer::Slot { group, slot } => {
                let Holder::Place(place) = holder else { unreachable!("only an entity has groups") };
                let column = self.columns(place, *group, &collected.guards(), Some(&selected.name));
                self.slot(holder, column, *slot, field, collected)
            }
            Answer::Part { slot } => self.slot(holder, 0, *slot, field, collected),
            Answer::Reference(reference) => {
                let Holder::Place(place) = holder else { unreachable!("a part that leads on has a place") };
                self.reference(place, ty, field, reference, collected)
            }
            Answer::List(list) => {
                let Holder::Place(place) = holder else { unreachable!("a part that leads on has a place") };
                self.list(place, ty, field, list, collected)
            }
            Answer::Rule { rule, slot } => {
                let Holder::Place(place) = holder else { unreachable!("a part that a rule is called for has a place") };
                self.rule(place, *rule, *slot, field, collected)
            }
            Answer::Provenance => {
                let inner = self.outputs(Holder::Inline, field.ty.named(), &collected.selections());
                Produce::Provenance { members: Vec::new(), outputs: inner }
            }
            Answer::Paging(_) | Answer::Abstract => unreachable!("paging is compiled with its connection"),
        };
        (produce, field.ty.non_null, field.domain)
    }

    /// Compiles a field that a record's slot holds.
    pub(super) fn slot(
        &mut self,
        holder: Holder,
        column: usize,
        slot: usize,
        field: &Field,
        collected: &Collected<'_>,
    ) -> Produce {
        let contract = self.contract;
        let ty = field.ty.named();
        if matches!(contract.ty(ty).kind, TypeKind::Scalar { .. } | TypeKind::Enum { .. }) {
            return Produce::Leaf { column, slot };
        }
        let nesting = nesting_of(&field.ty);
        let selected = collected.selections();
        let variants = self.variants_of(holder, column, slot, ty);
        if let Holder::Place(parent) = holder
            && variants.iter().any(|&variant| leads_on(contract, variant, &selected))
        {
            let place = &self.plan.places[parent.0];
            let (known_after, rows) = match place.columns.get(column) {
                Some(column) => (self.plan.steps[column.step.0].stage, place.rows_max),
                None => (place.known_after, place.rows_max),
            };
            let rows = if nesting.n_lists() > 0 { rows.saturating_mul(PART_ROWS_ASSUMED) } else { rows };
            let from = JoinFrom::Part { column, slot, nesting: nesting.clone() };
            let needs = if place.columns.is_empty() { Vec::new() } else { vec![column] };
            let target = Target { parent, kind: TargetKind::Parts, variants, known_after, rows };
            let join = self.join(target, from, needs, collected);
            return Produce::Join { join, nesting };
        }
        let variants = variants.iter().map(|&variant| self.outputs(Holder::Inline, variant, &selected)).collect();
        Produce::Part { column, slot, nesting, variants }
    }

    /// Returns the object types a part may have, in the order of the record's variants.
    fn variants_of(&self, holder: Holder, column: usize, slot: usize, ty: TypeId) -> Vec<TypeId> {
        let contract = self.contract;
        if let Holder::Place(place) = holder
            && let Some(column) = self.plan.places[place.0].columns.get(column)
        {
            let shape = &contract.shapes[contract.group(column.group).shape.index()];
            if let SlotKind::Part(variants) = &shape.slots[slot].kind {
                return variants.iter().map(|variant| contract.type_names[&variant.type_name]).collect();
            }
        }
        contract.possible_types(ty)
    }

    fn reference(
        &mut self,
        place: PlaceId,
        ty: TypeId,
        field: &Field,
        reference: &Reference,
        collected: &Collected<'_>,
    ) -> Produce {
        let guards = collected.guards();
        let arguments = (!field.arguments.is_empty()).then(|| self.arguments(field, collected.field()));
        let key: Vec<_> = reference.key.iter().map(|feed| self.feed(place, ty, feed, &guards)).collect();
        let type_name = reference.type_name.as_ref().map(|feed| self.feed(place, ty, feed, &guards));
        let needs = columns_read(key.iter().chain(&type_name));
        let nesting = nesting_of(&field.ty);
        let many = nesting.n_lists() > 0;
        let rows = self.plan.places[place.0].rows_max;
        let rows = if many { rows.saturating_mul(self.n_keys_given(&key, field, collected.field())) } else { rows };
        let target = Target {
            parent: place,
            kind: TargetKind::Entities { is_scoped: self.is_scoped(key.iter()) },
            variants: self.contract.possible_types(field.ty.named()),
            known_after: self.known_after(place, &needs),
            rows,
        };
        let from = JoinFrom::Reference { key, type_name, arguments, many };
        let join = self.join(target, from, needs, collected);
        Produce::Join { join, nesting }
    }

    /// How many keys a list reference is given: as many as the document or the contract writes out, or what a record's list
    /// is taken to have.
    fn n_keys_given(&self, key: &[PlannedFeed], declared: &Field, field: &SelectedField) -> u64 {
        let given = key.iter().filter_map(|feed| match feed {
            PlannedFeed::Argument(path) => {
                let written = field.arguments.iter().find(|(name, _)| *name == path[0]).map(|(_, value)| value);
                let default = || declared.arguments.iter().find(|one| one.name == path[0])?.default.as_ref();
                let value = written.or_else(default);
                Some(value.map_or(0, |value| n_values(value, &path[1..], PART_ROWS_ASSUMED)))
            }
            _ => None,
        });
        given.max().unwrap_or(PART_ROWS_ASSUMED)
    }

    fn list(
        &mut self,
        place: PlaceId,
        ty: TypeId,
        field: &Field,
        list_use: &ListUse,
        collected: &Collected<'_>,
    ) -> Produce {
        let contract = self.contract;
        let guards = collected.guards();
        let list = contract.list(list_use.list);
        let feeds: Vec<Option<PlannedFeed>> = (list_use.arguments.iter())
            .map(|feed| feed.as_ref().map(|feed| self.feed(place, ty, feed, &guards)))
            .collect();
        let needs = columns_read(feeds.iter().flatten());
        let stage = self.known_after(place, &needs) + 1;
        let step = StepId(self.plan.steps.len());
        let is_scoped = self.is_scoped(feeds.iter().flatten());
        let scopes = match is_scoped {
            true => {
                contract.possible_types(list.of).into_iter().filter(|ty| scope_of(contract, *ty).is_some()).collect()
            }
            false => Vec::new(),
        };
        let ask = PagesAsk {
            list: list_use.list,
            system: list.system,
            parent: place,
            needs,
            parameters: feeds,
            arguments: self.arguments(field, collected.field()),
            scopes,
            is_named: self.within.is_some(),
            is_shown: self.is_shown(),
            connection: list_use.connection,
            when: self.when(&guards, &[]),
            count: None,
        };
        self.plan.steps.push(Step { ask: Ask::Pages(ask), stage });
        let rows = self.plan.places[place.0].rows_max.saturating_mul(page_rows(
            list,
            list_use.connection,
            (field, collected.field()),
        ));
        let rows = Rows { parent: place, step, stage, rows, of: list.of, is_scoped };
        if list_use.connection {
            let outputs = self.paging(&rows, field.ty.named(), &collected.selections(), &collected.response_key);
            let seen = self.seen(&rows, &outputs, collected);
            return Produce::Connection { step, seen, outputs };
        }
        let join = self.rows_join(&rows, collected);
        Produce::Join { join, nesting: nesting_of(&field.ty) }
    }

    /// Compiles what is written for a connection, an edge or a `PageInfo`.
    fn paging(&mut self, rows: &Rows, ty: TypeId, selected: &Selected<'_>, path: &str) -> Vec<Output> {
        let contract = self.contract;
        let mut placed = Vec::new();
        for collected in collect(contract, ty, selected) {
            if !self.has_room(collected.occurrences.len()) {
                return Vec::new();
            }
            let first = collected.field();
            let field = fields_of(contract, ty).iter().find(|field| first.name == field.name);
            let inner = collected.selections();
            let inner_path = format!("{path}.{}", collected.response_key);
            let produce = match field.map(|field| (&field.answer, field)) {
                Some((Answer::Paging(paging), field)) => match paging {
                    PagingField::Edges => Produce::Edges {
                        outputs: self.paging(rows, field.ty.named(), &inner, &inner_path),
                        nesting: nesting_of(&field.ty),
                    },
                    PagingField::Nodes => Produce::Nodes {
                        join: self.rows_join_at(rows, &collected, path),
                        nesting: nesting_of(&field.ty),
                    },
                    PagingField::Node => Produce::Node(self.rows_join_at(rows, &collected, path)),
                    PagingField::PageInfo => {
                        Produce::PageInfo(self.paging(rows, field.ty.named(), &inner, &inner_path))
                    }
                    PagingField::TotalCount => {
                        let when = self.when(&collected.guards(), &[]);
                        self.count(rows.step, when);
                        Produce::TotalCount
                    }
                    PagingField::Cursor => Produce::Cursor,
                    PagingField::HasNextPage => Produce::HasNextPage,
                    PagingField::HasPreviousPage => Produce::HasPreviousPage,
                    PagingField::StartCursor => Produce::StartCursor,
                    PagingField::EndCursor => Produce::EndCursor,
                },
                _ => {
                    let mut name = Vec::new();
                    write_json_string(&contract.ty(ty).name, &mut name);
                    Produce::TypeName(name.into_boxed_slice())
                }
            };
            let non_null = field.is_none_or(|field| field.ty.non_null);
            let domain = contract.list(rows.list(&self.plan)).domain;
            let priced = self.priced(ty, first);
            self.output(&collected, produce, non_null, Some(domain), priced, &mut placed);
        }
        in_order(placed)
    }

    /// Returns the join that tells which rows of a connection are there for the caller, where not all may be: where a row's
    /// node is always written, the join that leads to it, else one that asks for nothing but whether it is there.
    fn seen(&mut self, rows: &Rows, outputs: &[Output], collected: &Collected<'_>) -> Option<JoinId> {
        let possible = self.contract.possible_types(rows.of);
        let is_hidden = |ty: &TypeId| {
            (rows.is_scoped && scope_of(self.contract, *ty).is_some())
                || (self.within.is_none() && !self.contract.has(*ty, self.audience))
        };
        if !possible.iter().any(is_hidden) || !shows_rows(outputs) {
            return None;
        }
        if let Some(join) = always_joined(outputs) {
            return Some(join);
        }
        let nothing: Vec<_> = collected.guards().into_iter().map(|guard| (&[] as &[Selection], guard)).collect();
        let target = self.rows_target(rows);
        Some(self.join_selected(target, JoinFrom::Pages(rows.step), Vec::new(), (&nothing, &collected.response_key)))
    }

    /// Notes that a list step counts, and when.
    fn count(&mut self, step: StepId, when: When) {
        let Ask::Pages(ask) = &self.plan.steps[step.0].ask else { return };
        let both = match (ask.count, when) {
            (None, when) => when,
            (Some(None), _) | (_, None) => None,
            (Some(Some(first)), Some(second)) => {
                let any =
                    [first, second].iter().flat_map(|id| self.plan.conditions[id.0].any.clone()).collect::<Vec<_>>();
                self.when(&any, &[])
            }
        };
        if let Ask::Pages(ask) = &mut self.plan.steps[step.0].ask {
            ask.count = Some(both);
        }
    }

    fn rows_join(&mut self, rows: &Rows, collected: &Collected<'_>) -> JoinId {
        self.rows_join_at(rows, collected, "")
    }

    /// Joins the rows of a list step to the entities they name.
    fn rows_join_at(&mut self, rows: &Rows, collected: &Collected<'_>, path: &str) -> JoinId {
        let target = self.rows_target(rows);
        self.join_at(target, JoinFrom::Pages(rows.step), Vec::new(), collected, path)
    }

    fn rows_target(&self, rows: &Rows) -> Target {
        Target {
            parent: rows.parent,
            kind: TargetKind::Entities { is_scoped: rows.is_scoped },
            variants: self.contract.possible_types(rows.of),
            known_after: rows.stage,
            rows: rows.rows,
        }
    }

    fn join(&mut self, target: Target, from: JoinFrom, needs: Vec<usize>, collected: &Collected<'_>) -> JoinId {
        self.join_at(target, from, needs, collected, "")
    }

    fn join_at(
        &mut self,
        target: Target,
        from: JoinFrom,
        needs: Vec<usize>,
        collected: &Collected<'_>,
        between: &str,
    ) -> JoinId {
        let path = [between, &collected.response_key];
        let path = path.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(".");
        self.join_selected(target, from, needs, (&collected.selections(), &path))
    }

    /// Joins objects of which something is selected, or nothing but whether they are there.
    fn join_selected(
        &mut self,
        target: Target,
        from: JoinFrom,
        needs: Vec<usize>,
        (selected, below): (&Selected<'_>, &str),
    ) -> JoinId {
        let guards: Vec<Guard> = selected.iter().map(|(_, guard)| guard.clone()).collect();
        let join = JoinId(self.plan.joins.len());
        let when = self.when(&guards, &[]);
        let is_hidden = |ty: &TypeId| {
            matches!(target.kind, TargetKind::Entities { .. })
                && self.within.is_none()
                && !self.contract.has(*ty, self.audience)
        };
        let (hidden, variants): (Vec<TypeId>, Vec<TypeId>) = target.variants.iter().partition(|ty| is_hidden(ty));
        let hidden = hidden.into_iter().map(|ty| self.contract.ty(ty).name.clone()).collect();
        self.plan.joins.push(Join { parent: target.parent, when, from, needs, targets: Vec::new(), hidden });
        let path = [self.plan.places[target.parent.0].path.as_str(), below];
        let path = path.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(".");
        for ty in variants {
            let (kind, scope) = match target.kind {
                TargetKind::Parts => (PlaceKind::Part, None),
                TargetKind::Entities { is_scoped: true } => (self.entity_kind(ty), self.scoped(ty)),
                TargetKind::Entities { is_scoped: false } => (self.entity_kind(ty), None),
            };
            let place = self.place(path.clone(), ty, kind, target.known_after, target.rows);
            self.plan.places[place.0].scope = scope;
            self.plan.joins[join.0].targets.push((self.contract.ty(ty).name.clone(), place));
            self.fill(place, selected);
        }
        join
    }

    /// Whether what is found by these feeds is only what the caller may see. What a rule reads on its way from an object is
    /// not: it is the same for every caller. What it is told by a caller to look up is.
    fn is_scoped<'f>(&self, mut feeds: impl Iterator<Item = &'f PlannedFeed>) -> bool {
        self.within.is_none() || feeds.any(|feed| matches!(feed, PlannedFeed::Argument(_)))
    }

    /// Says whose rows the objects of a type are, where not everyone may see them.
    fn scoped(&self, ty: TypeId) -> Option<Scoped> {
        let object = self.contract.object(ty)?;
        let scope = scope_of(self.contract, ty)?;
        let feed = |position: usize| match object.fields[position].answer {
            Answer::Key(position) => PlannedFeed::Key(position),
            // The contract's lints let a scope stand in the identity group alone, which is a place's first column.
            Answer::Slot { slot, .. } => PlannedFeed::Slot { column: 0, slot },
            _ => unreachable!("the contract's lints let only keys and leaves name an account"),
        };
        let login = scope.own.as_ref().map(|own| feed(own.login));
        Some(Scoped { account: feed(scope.account), login, is_named: self.within.is_some() })
    }

    fn entity_kind(&self, ty: TypeId) -> PlaceKind {
        let contract = self.contract;
        let Some(object) = contract.object(ty) else { unreachable!("a reference leads to object types") };
        let Role::Entity(entity) = &object.role else { unreachable!("a reference leads to entities") };
        let key = entity.key.iter().map(|&position| leaf_of(contract, object.fields[position].ty.named())).collect();
        PlaceKind::Entity { key, identity: 0 }
    }

    pub(super) fn arguments(&mut self, field: &Field, selected: &SelectedField) -> ArgumentsId {
        let declared = field.arguments.iter().map(|argument| {
            let written = selected.arguments.iter().find(|(name, _)| *name == argument.name);
            (argument.into(), written.map(|(_, value)| value.clone()))
        });
        let declared = declared.collect();
        self.plan.arguments.push(PlannedArguments { declared, within: self.within_of(&selected.arguments) });
        ArgumentsId(self.plan.arguments.len() - 1)
    }

    /// Returns what the variables in arguments are; arguments without any are the same whoever reads them.
    pub(super) fn within_of(&self, written: &[(CompactString, Input)]) -> Option<Within> {
        self.within.filter(|_| written.iter().any(|(_, value)| value.has_variables()))
    }

    fn feed(&mut self, place: PlaceId, ty: TypeId, feed: &Feed, guards: &[Guard]) -> PlannedFeed {
        match feed {
            Feed::Argument(path) => PlannedFeed::Argument(path.clone()),
            Feed::Constant(text) => PlannedFeed::Constant(text.clone()),
            Feed::Field(position) => {
                let sibling = &fields_of(self.contract, ty)[*position];
                match &sibling.answer {
                    Answer::Key(position) => PlannedFeed::Key(*position),
                    Answer::Slot { group, slot } => {
                        let column = self.columns(place, *group, guards, Some(&CompactString::from(&*sibling.name)));
                        PlannedFeed::Slot { column, slot: *slot }
                    }
                    Answer::Part { slot } => PlannedFeed::Slot { column: 0, slot: *slot },
                    _ => unreachable!("the contract's lints let only keys and leaves feed"),
                }
            }
        }
    }

    fn columns(&mut self, place: PlaceId, group: GroupId, guards: &[Guard], field: Option<&CompactString>) -> usize {
        let mut column = 0;
        for guard in guards {
            column = self.column(place, group, guard, field);
        }
        column
    }

    /// Returns the place's column for a group, adding it (and the step that fetches it) at first need.
    fn column(&mut self, place: PlaceId, group: GroupId, guard: &Guard, field: Option<&CompactString>) -> usize {
        let found = self.plan.places[place.0].columns.iter().position(|column| column.group == group);
        let column = found.unwrap_or_else(|| {
            let stage = self.plan.places[place.0].known_after + 1;
            let next_step = StepId(self.plan.steps.len());
            // What a caller may not see in one place must not be told by what is fetched for another.
            let seen_as = self.plan.places[place.0].scope.as_ref().map(|scope| scope.is_named);
            let step = *self.record_steps.entry((group, stage, seen_as)).or_insert(next_step);
            if step == next_step {
                self.plan.steps.push(Step { ask: Ask::Records { group, places: Vec::new() }, stage });
            }
            let columns = &mut self.plan.places[place.0].columns;
            columns.push(Column { group, step, when: None, fields: Vec::new(), shown: Vec::new() });
            let column = columns.len() - 1;
            if let Ask::Records { places, .. } = &mut self.plan.steps[step.0].ask {
                places.push((place, column));
            }
            column
        });
        let guards = self.column_guards.entry((place, column)).or_default();
        if !guards.contains(guard) {
            guards.push(guard.clone());
        }
        if let Some(field) = field {
            let ty = self.plan.places[place.0].ty;
            let declared = fields_of(self.contract, ty).iter().find(|declared| *field == declared.name);
            let is_shown = self.is_shown() && declared.is_some_and(|declared| declared.is_shown_to(self.audience));
            let Column { fields, shown, .. } = &mut self.plan.places[place.0].columns[column];
            for names in [Some(fields), Some(shown).filter(|_| is_shown)].into_iter().flatten() {
                if !names.iter().any(|name| name == field) {
                    names.push(field.to_string());
                }
            }
        }
        column
    }

    /// Gives every column its condition, now that all its readers are known.
    fn settle_columns(&mut self) {
        let guards = std::mem::take(&mut self.column_guards);
        for ((place, column), guards) in guards {
            self.plan.places[place.0].columns[column].when = self.when(&guards, &[]);
        }
    }

    /// After which stage what these columns hold is known.
    fn known_after(&self, place: PlaceId, needs: &[usize]) -> u32 {
        let place = &self.plan.places[place.0];
        let stages = needs.iter().filter_map(|&column| place.columns.get(column));
        stages.map(|column| self.plan.steps[column.step.0].stage).max().unwrap_or(place.known_after)
    }

    pub(super) fn when(&mut self, any: &[Guard], none: &[Guard]) -> When {
        if none.is_empty() && any.iter().any(Guard::is_always) {
            return None;
        }
        let mut any = any.to_vec();
        any.sort();
        any.dedup();
        let condition = Condition { any, none: none.to_vec() };
        let found = self.plan.conditions.iter().position(|known| *known == condition);
        Some(ConditionId(found.unwrap_or_else(|| {
            self.plan.conditions.push(condition);
            self.plan.conditions.len() - 1
        })))
    }
}

/// Where a join leads.
struct Target {
    parent: PlaceId,
    kind: TargetKind,
    variants: Vec<TypeId>,
    known_after: u32,
    rows: u64,
}

enum TargetKind {
    /// Entities, and whether only those are met that the caller may see.
    Entities {
        is_scoped: bool,
    },
    Parts,
}

/// The rows of one list step.
struct Rows {
    parent: PlaceId,
    step: StepId,
    stage: u32,
    rows: u64,
    of: TypeId,
    is_scoped: bool,
}

impl Rows {
    fn list(&self, plan: &Plan) -> crate::value::ListId {
        match &plan.steps[self.step.0].ask {
            Ask::Pages(ask) => ask.list,
            Ask::Records { .. } => unreachable!("rows come from a list step"),
        }
    }
}

/// Puts the members of an object in the order in which they are written.
fn in_order(mut placed: Vec<(usize, Output)>) -> Vec<Output> {
    placed.sort_by_key(|(n_before, _)| *n_before);
    placed.into_iter().map(|(_, output)| output).collect()
}

fn scope_of(contract: &Contract, ty: TypeId) -> Option<&Scope> {
    match &contract.object(ty)?.role {
        Role::Entity(entity) => entity.scope.as_ref(),
        _ => None,
    }
}

pub(super) fn fields_of(contract: &Contract, ty: TypeId) -> &[Field] {
    contract.object(ty).map_or(&[], |object| &object.fields)
}

fn leaf_of(contract: &Contract, ty: TypeId) -> Leaf {
    match &contract.ty(ty).kind {
        TypeKind::Scalar { scalar, .. } => Leaf::Scalar(*scalar),
        TypeKind::Enum { leaf, .. } => leaf.clone(),
        _ => Leaf::Scalar(Scalar::String),
    }
}

fn nesting_of(ty: &TypeRef) -> Nesting {
    let mut items_non_null = Vec::new();
    let mut inner = ty;
    while let TypeRefKind::List(item) = &inner.of {
        items_non_null.push(item.non_null);
        inner = item;
    }
    Nesting { non_null: ty.non_null, items_non_null }
}

/// Whether any field selected of a part, at any depth, leads to another entity or calls a rule.
fn leads_on(contract: &Contract, ty: TypeId, selected: &Selected<'_>) -> bool {
    collect(contract, ty, selected).iter().any(|collected| {
        let field = fields_of(contract, ty).iter().find(|field| collected.field().name == field.name);
        match field.map(|field| (&field.answer, field.ty.named())) {
            Some((Answer::Reference(_) | Answer::List(_) | Answer::Rule { .. }, _)) => true,
            Some((Answer::Part { .. }, inner)) => {
                contract.possible_types(inner).iter().any(|&inner| leads_on(contract, inner, &collected.selections()))
            }
            _ => false,
        }
    })
}

fn columns_read<'f>(feeds: impl Iterator<Item = &'f PlannedFeed>) -> Vec<usize> {
    let mut columns: Vec<usize> = feeds
        .filter_map(|feed| match feed {
            PlannedFeed::Slot { column, .. } => Some(*column),
            _ => None,
        })
        .collect();
    columns.sort_unstable();
    columns.dedup();
    columns
}

/// How many rows a page of this field can have: what the document or the contract writes, or what the list allows. Where both
/// `first` and `last` are written, only one of them may have a value when it is asked.
fn page_rows(list: &List, is_connection: bool, (declared, field): (&Field, &SelectedField)) -> u64 {
    let max = u64::from(list.page_rows_max);
    let names: &[&str] = if is_connection { &["first", "last"] } else { &["first"] };
    let asked = names.iter().filter_map(|name| n_asked(declared, field, name)).max();
    asked.map_or(if is_connection { u64::from(list.page_rows_default) } else { max }, |asked| asked.min(max))
}

/// How many values an argument asks for, as it is written or by its default; none: it asks for no number, and for a variable
/// or anything else that is not known yet, more than any.
fn n_asked(declared: &Field, field: &SelectedField, name: &str) -> Option<u64> {
    let written = field.arguments.iter().find(|(given, _)| given == name).map(|(_, value)| value);
    let default = || declared.arguments.iter().find(|argument| argument.name == name)?.default.as_ref();
    match written.or_else(default)? {
        Input::Null => None,
        Input::Number(text) => Some(text.parse().unwrap_or(0)),
        _ => Some(u64::MAX),
    }
}

/// How many values are found in an argument by a path, where a variable has so many. One that stands in a list is one of its
/// items.
pub(super) fn n_values(value: &Input, path: &[String], of_variable: u64) -> u64 {
    match (value, path.split_first()) {
        (Input::Variable(_), _) => of_variable,
        (Input::Null, _) => 0,
        (Input::List(items), _) => items.iter().map(|item| n_values(item, path, 1)).sum(),
        (_, Some((name, rest))) => value.field(name).map_or(0, |value| n_values(value, rest, of_variable)),
        (_, None) => 1,
    }
}

/// Whether anything is written of the single rows of a page.
fn shows_rows(outputs: &[Output]) -> bool {
    outputs.iter().any(|output| match &output.produce {
        Produce::Edges { .. } | Produce::Nodes { .. } | Produce::StartCursor | Produce::EndCursor => true,
        Produce::PageInfo(outputs) => shows_rows(outputs),
        _ => false,
    })
}

/// Returns a join of the rows of a page that is followed whenever the page is written.
fn always_joined(outputs: &[Output]) -> Option<JoinId> {
    outputs.iter().filter(|output| output.when.is_none()).find_map(|output| match &output.produce {
        Produce::Nodes { join, .. } | Produce::Node(join) => Some(*join),
        Produce::Edges { outputs, .. } => always_joined(outputs),
        _ => None,
    })
}
