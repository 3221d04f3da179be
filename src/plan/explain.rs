//! Explaining: a plan in words and as JSON, before anything is asked.
//!
//! In: a contract and a plan. Out: which owner is asked what, in which stage, for which keys, how fresh it must be, and
//! what it can cost at worst.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{
    model::{Ask, Call, JoinFrom, PagesAsk, PlaceId, Plan, PlannedFeed, Step, When},
    operation::Given,
};
use crate::{
    contract::{Contract, Domain, GroupBinding, KeyMapping, ListBinding, Role, SystemKind},
    value::{GroupId, TypeId},
};

/// A plan, explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The operation's name.
    pub operation: Option<String>,
    /// The version of the contract.
    pub contract: String,
    /// The steps, by stage.
    pub stages: Vec<Vec<ExplainedStep>>,
    /// The rules that are run.
    pub rules: Vec<ExplainedRule>,
    /// Objects the answer can have at worst.
    pub rows_max: u64,
}

/// One question to one owner, explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedStep {
    /// The system that is asked.
    pub system: String,
    /// The field group, or the list.
    pub asks: String,
    /// Whether it is a list.
    pub is_list: bool,
    /// The parts that are read with the records by queries of their own, in the same snapshot.
    pub parts: Vec<String>,
    /// Statements that it costs a system that speaks SQL, pieces aside: one, one for each part, one for a count.
    pub statements: Option<usize>,
    /// The freshness domain and its bound.
    pub freshness: String,
    /// How the keys it is asked for, or those its rows give, map between the graph and the system.
    pub keys_mapped: Vec<String>,
    /// The cross-references asked for that, each in one fetch more.
    pub crossrefs: Vec<String>,
    /// The group that answers for entities its owner does not have yet.
    pub handed_over_by: Option<String>,
    /// Fetches that this may cost beside: the other system, and the owner again where neither has an entity.
    pub handover_fetches_max: usize,
    /// For which places of the answer.
    pub places: Vec<ExplainedPlace>,
    /// Keys (or lists) asked for at worst.
    pub keys_max: u64,
}

/// A rule that is run, explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedRule {
    /// Its name.
    pub name: String,
    /// The place of the answer whose objects it is run for.
    pub path: String,
    /// After which stage what it reads is there.
    pub after_stage: u32,
    /// The groups and lists it reads.
    pub reads: Vec<String>,
}

/// A place of the answer that a step is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedPlace {
    /// The response keys that lead to it.
    pub path: String,
    /// Where its keys come from.
    pub keys: String,
    /// The fields the step answers.
    pub fields: Vec<String>,
    /// Whether it depends on `@skip` or `@include`.
    pub conditional: bool,
    /// The permissions without which it is not asked; one of them is enough.
    pub needs: Vec<String>,
}

impl Explanation {
    /// Explains a plan.
    pub fn new(contract: &Contract, plan: &Plan) -> Self {
        let n_stages = plan.steps.iter().map(|step| step.stage as usize).max().unwrap_or(0);
        let mut stages: Vec<Vec<ExplainedStep>> = (0..n_stages).map(|_| Vec::new()).collect();
        for step in &plan.steps {
            stages[step.stage as usize - 1].push(explain_step(contract, plan, step));
        }
        let rows = plan.places.iter().skip(1).map(|place| place.rows_max);
        let rules = plan.calls.iter().map(|call| explain_call(contract, plan, call));
        Self {
            operation: plan.operation.clone(),
            contract: contract.version.clone(),
            stages,
            rules: rules.collect(),
            rows_max: rows.fold(0, u64::saturating_add),
        }
    }

    /// How many questions are put to owners where none lacks an entity that another system may hand over.
    pub fn n_fetches(&self) -> usize {
        self.stages.iter().flatten().map(|step| 1 + step.crossrefs.len()).sum()
    }

    /// How many questions are put to owners at most.
    pub fn n_fetches_max(&self) -> usize {
        self.n_fetches() + self.stages.iter().flatten().map(|step| step.handover_fetches_max).sum::<usize>()
    }

    /// How many statements the systems that speak SQL run, pieces aside.
    pub fn n_statements(&self) -> usize {
        self.stages.iter().flatten().filter_map(|step| step.statements).sum()
    }

    /// Returns the explanation as JSON.
    pub fn to_json(&self) -> Value {
        let stages = self.stages.iter().map(|steps| {
            let steps = steps.iter().map(|step| {
                let places = step.places.iter().map(|place| {
                    json!({
                        "path": place.path, "keys": place.keys, "fields": place.fields, "conditional": place.conditional,
                        "needs": place.needs,
                    })
                });
                let mut explained = json!({
                    "system": step.system,
                    "asks": step.asks,
                    "kind": if step.is_list { "list" } else { "records" },
                    "freshness": step.freshness,
                    "parts": step.parts,
                    "statements": step.statements,
                    "keysMax": step.keys_max,
                    "places": places.collect::<Vec<_>>(),
                });
                if let Some(by) = &step.handed_over_by {
                    explained["handedOverBy"] = json!(by);
                    explained["handoverFetchesMax"] = json!(step.handover_fetches_max);
                }
                if !step.keys_mapped.is_empty() {
                    explained["keysMapped"] = json!(step.keys_mapped);
                    explained["crossrefs"] = json!(step.crossrefs);
                }
                explained
            });
            Value::from(steps.collect::<Vec<_>>())
        });
        let rules = self.rules.iter().map(
            |rule| json!({ "rule": rule.name, "path": rule.path, "afterStage": rule.after_stage, "reads": rule.reads }),
        );
        json!({
            "operation": self.operation,
            "contract": self.contract,
            "cost": {
                "stages": self.stages.len(),
                "fetches": self.n_fetches(),
                "fetchesMax": self.n_fetches_max(),
                "statements": self.n_statements(),
                "rowsMax": self.rows_max,
            },
            "stages": stages.collect::<Vec<_>>(),
            "rules": rules.collect::<Vec<_>>(),
        })
    }
}

impl std::fmt::Display for Explanation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.operation.as_deref().unwrap_or("(unnamed)");
        writeln!(f, "operation {name}, contract {}", self.contract)?;
        let (n_fetches, n_fetches_max) = (self.n_fetches(), self.n_fetches_max());
        write!(f, "cost: {n_fetches} fetches")?;
        if n_fetches_max > n_fetches {
            write!(f, " (at most {n_fetches_max}, where owners lack entities)")?;
        }
        writeln!(f, " in {} stages, at most {} objects", self.stages.len(), self.rows_max)?;
        for (number, steps) in self.stages.iter().enumerate() {
            writeln!(f, "stage {}", number + 1)?;
            for step in steps {
                let kind = if step.is_list { "list " } else { "" };
                writeln!(f, "  {kind}{}  [{}]  at most {} keys", step.asks, step.freshness, step.keys_max)?;
                if !step.parts.is_empty() {
                    writeln!(f, "    with parts {}", step.parts.join(", "))?;
                }
                if let Some(by) = &step.handed_over_by {
                    let n = step.handover_fetches_max;
                    writeln!(f, "    and {by} for what its owner does not have yet, in at most {n} fetches more")?;
                }
                for mapped in &step.keys_mapped {
                    writeln!(f, "    keys mapped: {mapped}")?;
                }
                for crossref in &step.crossrefs {
                    writeln!(f, "    with {crossref}")?;
                }
                for place in &step.places {
                    let mut line = format!("    {} by {}", place.path, place.keys);
                    if !place.fields.is_empty() {
                        let _ = write!(line, ": {}", place.fields.join(", "));
                    }
                    if place.conditional {
                        line.push_str("  (if included)");
                    }
                    if !place.needs.is_empty() {
                        let _ = write!(line, "  (needs {})", place.needs.join(" or "));
                    }
                    writeln!(f, "{line}")?;
                }
            }
        }
        for rule in &self.rules {
            let path = if rule.path.is_empty() { "the query" } else { &rule.path };
            writeln!(
                f,
                "rule {} for {path} after stage {}: reads {}",
                rule.name,
                rule.after_stage,
                rule.reads.join(", ")
            )?;
        }
        Ok(())
    }
}

fn explain_call(contract: &Contract, plan: &Plan, call: &Call) -> ExplainedRule {
    let mut reads: Vec<String> = Vec::new();
    for step in &call.steps {
        let name = match &plan.steps[step.0].ask {
            Ask::Records { group, .. } => &contract.group(*group).name,
            Ask::Pages(ask) => &contract.list(ask.list).name,
        };
        if !reads.contains(name) {
            reads.push(name.clone());
        }
    }
    ExplainedRule {
        name: contract.rule(call.rule).rule.name.to_owned(),
        path: plan.places[call.place.0].path.clone(),
        after_stage: call.steps.iter().map(|step| plan.steps[step.0].stage).max().unwrap_or(0),
        reads,
    }
}

fn explain_step(contract: &Contract, plan: &Plan, step: &Step) -> ExplainedStep {
    match &step.ask {
        Ask::Records { group, places } => {
            let described = contract.group(*group);
            let explained = places.iter().map(|(place, column)| {
                let column = &plan.places[place.0].columns[*column];
                let (conditional, needs) = conditions_of(plan, column.when);
                ExplainedPlace {
                    path: plan.places[place.0].path.clone(),
                    keys: keys_of(contract, plan, *place, *group),
                    fields: column.fields.clone(),
                    conditional,
                    needs,
                }
            });
            let parts: Vec<String> = described.binding.part_names().into_iter().map(str::to_owned).collect();
            let speaks_sql = matches!(described.binding, GroupBinding::Sql(_));
            // PostgreSQL brings the parts with what holds them.
            let in_one = matches!(contract.system(described.system).kind, SystemKind::Postgres { .. });
            let key = described.key.as_ref().filter(|key| key.changes_keys());
            ExplainedStep {
                keys_mapped: key.iter().map(ToString::to_string).collect(),
                crossrefs: names(contract, key.and_then(KeyMapping::asked_to_own)),
                handed_over_by: contract.handed_over_by(*group).map(|by| contract.group(by).name.clone()),
                handover_fetches_max: handover_fetches_max(contract, *group),
                system: contract.system(described.system).name.clone(),
                asks: described.name.clone(),
                is_list: false,
                statements: speaks_sql.then_some(if in_one { 1 } else { 1 + parts.len() }),
                parts,
                freshness: freshness(contract.domain(described.domain)),
                places: explained.collect(),
                keys_max: places.iter().map(|(place, _)| plan.places[place.0].rows_max).fold(0, u64::saturating_add),
            }
        }
        Ask::Pages(ask) => {
            let list = contract.list(ask.list);
            let system = contract.system(list.system).name.clone();
            let parent = &plan.places[ask.parent.0];
            let path = if parent.path.is_empty() { "(root)".to_owned() } else { parent.path.clone() };
            let (conditional, needs) = conditions_of(plan, ask.when);
            let place = ExplainedPlace {
                path,
                keys: parameters_of(contract, plan, ask),
                fields: ask.count.iter().map(|_| "totalCount".to_owned()).collect(),
                conditional,
                needs,
            };
            let of_rows = list.key.as_ref().filter(|key| key.changes_keys());
            let of_arguments: Vec<(&String, &KeyMapping)> = (list.parameters.iter().zip(&list.argument_keys))
                .filter_map(|(name, key)| Some((name, key.as_ref().filter(|key| key.changes_keys())?)))
                .collect();
            let arguments = of_arguments.iter().map(|(name, key)| format!("{name} by {key}"));
            let asked = of_arguments.iter().filter_map(|(_, key)| key.asked_to_own());
            ExplainedStep {
                keys_mapped: arguments.chain(of_rows.map(|key| format!("of rows by {key}"))).collect(),
                crossrefs: names(contract, asked.chain(of_rows.and_then(KeyMapping::asked_to_graph))),
                handed_over_by: None,
                handover_fetches_max: 0,
                asks: format!("{system} {}", list.name),
                system,
                is_list: true,
                parts: Vec::new(),
                statements: matches!(list.binding, ListBinding::Sql(_)).then_some(1 + usize::from(ask.count.is_some())),
                freshness: freshness(contract.domain(list.domain)),
                places: vec![place],
                keys_max: parent.rows_max,
            }
        }
    }
}

/// Says what something depends on: whether on variables, and on which permissions.
fn conditions_of(plan: &Plan, when: When) -> (bool, Vec<String>) {
    let Some(condition) = when.map(|when| &plan.conditions[when.0]) else { return (false, Vec::new()) };
    let given = condition.any.iter().chain(&condition.none).flat_map(|guard| &guard.0);
    let mut needs: Vec<String> = Vec::new();
    let mut conditional = false;
    for (given, _) in given {
        match given {
            Given::Variable(_) => conditional = true,
            Given::Permission(name) if needs.iter().any(|known| known == name.as_str()) => {}
            Given::Permission(name) => needs.push(name.to_string()),
        }
    }
    (conditional, needs)
}

/// Counts the fetches that handing over may cost, cross-references included. An owner that is behind is not asked again.
fn handover_fetches_max(contract: &Contract, group: GroupId) -> usize {
    let Some(by) = contract.handed_over_by(group) else { return 0 };
    let is_behind = !contract.system(contract.group(group).system).lag.is_zero();
    let asked = [Some(by), Some(group).filter(|_| !is_behind)];
    let fetches = asked.into_iter().flatten().map(|group| {
        let key = contract.group(group).key.as_ref();
        1 + usize::from(key.is_some_and(|key| key.asked_to_own().is_some()))
    });
    fetches.sum()
}

fn names(contract: &Contract, groups: impl IntoIterator<Item = GroupId>) -> Vec<String> {
    groups.into_iter().map(|group| contract.group(group).name.clone()).collect()
}

fn freshness(domain: &Domain) -> String {
    format!("{} ≤ {}", domain.name, crate::value::duration_text(domain.max_age))
}

/// Says where the keys of a place come from: `sku ← $sku`.
fn keys_of(contract: &Contract, plan: &Plan, place: PlaceId, group: GroupId) -> String {
    let columns = key_names(contract, contract.group(group).entity);
    let Some(join) = plan.joins.iter().find(|join| join.targets.iter().any(|(_, target)| *target == place)) else {
        return columns.join(", ");
    };
    match &join.from {
        JoinFrom::Reference { key, .. } => {
            let parent = &plan.places[join.parent.0];
            let feeds = columns.iter().zip(key);
            let feeds = feeds.map(|(column, feed)| {
                format!("{column} ← {}", feed_text(contract, plan, parent.ty, join.parent, feed))
            });
            feeds.collect::<Vec<_>>().join(", ")
        }
        JoinFrom::Pages(step) => match &plan.steps[step.0].ask {
            Ask::Pages(ask) => format!("{} ← rows of {}", columns.join(", "), contract.list(ask.list).name),
            Ask::Records { .. } => columns.join(", "),
        },
        JoinFrom::Part { .. } | JoinFrom::Rule(_) => columns.join(", "),
    }
}

fn key_names(contract: &Contract, entity: TypeId) -> Vec<&str> {
    let Some(object) = contract.object(entity) else { return Vec::new() };
    let Role::Entity(entity) = &object.role else { return Vec::new() };
    entity.key.iter().map(|position| object.fields[*position].name.as_str()).collect()
}

fn parameters_of(contract: &Contract, plan: &Plan, ask: &PagesAsk) -> String {
    let list = contract.list(ask.list);
    let parent = &plan.places[ask.parent.0];
    let given = list.parameters.iter().zip(&ask.parameters);
    let given = given.filter_map(|(name, feed)| {
        let feed = feed.as_ref()?;
        Some(format!("{name} ← {}", feed_text(contract, plan, parent.ty, ask.parent, feed)))
    });
    let given: Vec<String> = given.collect();
    if given.is_empty() { "no parameters".to_owned() } else { given.join(", ") }
}

fn feed_text(contract: &Contract, plan: &Plan, ty: TypeId, place: PlaceId, feed: &PlannedFeed) -> String {
    let name = &contract.ty(ty).name;
    match feed {
        PlannedFeed::Argument(path) => format!("${}", path.join(".")),
        PlannedFeed::Constant(text) => format!("'{text}'"),
        PlannedFeed::Key(position) => {
            let key = contract.object(ty).and_then(|object| match &object.role {
                crate::contract::Role::Entity(entity) => {
                    entity.key.get(*position).map(|&field| &object.fields[field].name)
                }
                _ => None,
            });
            format!("{name}.{}", key.map_or("key", String::as_str))
        }
        PlannedFeed::Slot { column, slot } => {
            let columns = &plan.places[place.0].columns;
            let shape = columns.get(*column).map(|column| contract.group(column.group).shape);
            let slot_name = match shape {
                Some(shape) => contract.shapes[shape.index()].slots.get(*slot).map(|slot| slot.name.clone()),
                None => part_field(contract, ty, *slot),
            };
            format!("{name}.{}", slot_name.unwrap_or_default())
        }
    }
}

fn part_field(contract: &Contract, ty: TypeId, wanted: usize) -> Option<String> {
    let fields = &contract.object(ty)?.fields;
    let field = fields.iter().find(|field| field.answer == crate::contract::Answer::Part { slot: wanted })?;
    Some(field.name.clone())
}
