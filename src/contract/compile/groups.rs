//! Groups: which fields of an entity one system answers in one query, and how fresh such a record must be.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{binding::GroupFile, directive, nearest, sdl::TypeDef},
    FieldId,
    classify::Class,
    path,
    survey::{Category, EntityFacts, GroupName, Survey, TypeRole},
};
use crate::{
    diagnostic::{Findings, Place},
    value::DomainId,
};

/// A group before it is compiled.
pub(super) struct GroupPlan<'a> {
    /// The positions of its fields in the entity type.
    pub fields: Vec<usize>,
    /// The positions of the fields that others own and it holds copies of.
    pub copies: Vec<usize>,
    /// Where the contract names it first.
    pub place: Place,
    /// How it is asked, if that is written down.
    pub binding: Option<&'a GroupFile>,
    /// The tightest domain of its fields; of the type's, where it has none.
    pub domain: Option<DomainId>,
    /// Whether an entity type's own answers come from it, and not only copies.
    pub served: bool,
    /// Whether it answers for the entity until its owner has it: as far as it binds them, the fields of the owner's group.
    pub hands_over: bool,
}

/// The groups, in order of type, system and name.
pub(super) type Groups<'a> = BTreeMap<GroupName, GroupPlan<'a>>;

/// Collects the groups that the contract speaks of.
pub(super) fn collect<'a>(
    survey: &Survey<'a>,
    classes: &BTreeMap<FieldId<'a>, Class>,
    findings: &mut Findings,
) -> Groups<'a> {
    let mut groups = Groups::new();
    for (ty, part) in survey.objects() {
        if let TypeRole::Entity(facts) = part {
            entity(survey, classes, ty, facts, &mut groups, findings);
        }
    }
    for (name, plan) in &mut groups {
        bind(survey, name, plan, findings);
    }
    unused(survey, &groups, findings);
    groups
}

/// Prints a group's header in its system file: `[Product.stock]`.
pub(super) fn header(entity: &str, name: Option<&str>) -> String {
    name.map_or_else(|| format!("[{entity}]"), |name| format!("[{entity}.{name}]"))
}

fn entity<'a>(
    survey: &Survey<'a>,
    classes: &BTreeMap<FieldId<'a>, Class>,
    ty: &'a TypeDef,
    facts: &EntityFacts,
    groups: &mut Groups<'a>,
    findings: &mut Findings,
) {
    let type_name = ty.name.name.as_str();
    let own_domain = survey.domain(&ty.directives, findings);
    let type_place = directive::find(&ty.directives, "owner").map_or(ty.name.place, |one| one.name.place);
    let mut add = |group: GroupName, place: Place, field: Option<usize>, domains: Vec<DomainId>, served: bool| {
        let plan = groups.entry(group).or_insert_with(|| GroupPlan {
            fields: Vec::new(),
            copies: Vec::new(),
            place,
            binding: None,
            domain: None,
            served,
            hands_over: false,
        });
        plan.served |= served;
        let fields = if served { &mut plan.fields } else { &mut plan.copies };
        fields.extend(field.filter(|field| !fields.contains(field)));
        plan.domain = tightest(survey, plan.domain.into_iter().chain(domains));
    };
    if let Some(identity) = &facts.identity {
        add(identity.clone(), type_place, None, Vec::new(), true);
    }
    let mut without_domain = Vec::new();
    for (n, field) in ty.fields.iter().enumerate() {
        let domain = survey.domain(&field.directives, findings).or(own_domain);
        let class = classes.get(&(type_name, n)).cloned().unwrap_or(Class::Unknown);
        if let Class::Slot(group) = class {
            let inside = domains_inside(survey, field.ty.named(), &mut BTreeSet::new(), findings);
            let written = directive::find(&field.directives, "domain").is_some();
            if domain.is_none() && !written && inside.is_empty() {
                without_domain.push(field.name.name.as_str());
            }
            let place = directive::find(&field.directives, "owner").map_or(type_place, |one| one.name.place);
            add(group, place, Some(n), domain.into_iter().chain(inside).collect(), true);
        }
        for copy in field.directives.iter().filter(|one| one.name.name == "copy") {
            if let Some(group) = survey.owner(ty, copy, findings) {
                add(group, copy.name.place, Some(n), own_domain.into_iter().collect(), false);
            }
        }
    }
    if let Some(handover) = directive::find(&ty.directives, "handover")
        && let Some((system, place)) = handover.text("from")
        && let Some(system) = survey.system_named(system, place, findings)
    {
        let group = GroupName { entity: type_name.to_owned(), system, name: None };
        add(group.clone(), place, None, own_domain.into_iter().collect(), true);
        hand_over(ty, facts, groups, group, place, findings);
    }
    let decided =
        facts.identity.as_ref().is_some_and(|identity| groups.get(identity).is_some_and(|plan| plan.domain.is_some()));
    if directive::find(&ty.directives, "domain").is_none() && (!decided || !without_domain.is_empty()) {
        let fields =
            if without_domain.is_empty() { String::new() } else { format!(" ({})", without_domain.join(", ")) };
        findings.fault(
            "DOMAIN_MISSING",
            ty.name.place,
            format!("nothing says how fresh `{type_name}`{fields} must be"),
            "add @domain(name: …) to the type",
        );
    }
    // A group of which no field is served yet, as of a handover, is as fresh as the entity's existence.
    let of_identity = facts.identity.as_ref().and_then(|identity| groups.get(identity)?.domain).or(own_domain);
    for (_, plan) in groups.iter_mut().filter(|(name, _)| name.entity == type_name) {
        plan.domain = plan.domain.or(of_identity);
    }
    same_but_for_case(ty, groups, findings);
}

/// Lets a group answer for what the owner's group answers for, until the owner has the entity.
fn hand_over<'a>(
    ty: &TypeDef,
    facts: &EntityFacts,
    groups: &mut Groups<'a>,
    group: GroupName,
    place: Place,
    findings: &mut Findings,
) {
    // That a system hands over to itself is said elsewhere.
    let Some(identity) = facts.identity.as_ref().filter(|identity| **identity != group) else { return };
    let fields = groups.get(identity).map(|plan| plan.fields.clone()).unwrap_or_default();
    let Some(plan) = groups.get_mut(&group) else { return };
    if let Some(own) = plan.fields.first() {
        findings.fault(
            "HANDOVER_SHARED",
            place,
            format!("`{}` is answered by the same query as what is handed over", path(ty, &ty.fields[*own])),
            format!(
                "give it a query of its own with @owner(system: …, as: …), bound as {}",
                header(&group.entity, Some("…"))
            ),
        );
        return;
    }
    (plan.fields, plan.hands_over) = (fields, true);
}

/// Returns the domain that allows the least age.
pub(super) fn tightest(survey: &Survey<'_>, domains: impl Iterator<Item = DomainId>) -> Option<DomainId> {
    let all: Vec<_> = survey.written.settings.domains.values().collect();
    domains.min_by_key(|id| (all[id.index()].max_age, all[id.index()].refresh_after, *id))
}

/// Finds the domains that the fields of a part, and of the parts inside it, ask for.
fn domains_inside<'a>(
    survey: &Survey<'a>,
    ty: &'a str,
    seen: &mut BTreeSet<&'a str>,
    findings: &mut Findings,
) -> Vec<DomainId> {
    let Category::Parts(parts) = survey.category(ty) else { return Vec::new() };
    let mut domains = Vec::new();
    for part in parts {
        let Some(ty) = survey.written.schema.types.get(part).filter(|_| seen.insert(part)) else { continue };
        domains.extend(survey.domain(&ty.directives, findings));
        for field in &ty.fields {
            domains.extend(survey.domain(&field.directives, findings));
            domains.extend(domains_inside(survey, field.ty.named(), seen, findings));
        }
    }
    domains
}

fn bind<'a>(survey: &Survey<'a>, name: &GroupName, plan: &mut GroupPlan<'a>, findings: &mut Findings) {
    let system = survey.system(name.system);
    plan.binding = system.groups.iter().find(|group| group.entity == name.entity && group.name == name.name);
    if plan.binding.is_none() && system.readable {
        let header = header(&name.entity, name.name.as_deref());
        let bound = system.groups.iter().filter(|group| group.entity == name.entity);
        let near = nearest(name.name.as_deref().unwrap_or_default(), bound.filter_map(|group| group.name.as_deref()));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("add {header} with a query to the file of `{}`, or name another system", system.name),
        };
        let message = format!("system `{}` is said to have {header}, but its file does not bind it", system.name);
        findings.fault("GROUP_UNBOUND", plan.place, message, help);
    }
}

/// Whether the contract may mean one of the entity's groups and say so wrongly, which is a fault of its own.
fn doubtful(survey: &Survey<'_>, groups: &Groups<'_>, entity: &str, system: usize) -> bool {
    let unbound = groups
        .iter()
        .any(|(name, plan)| name.entity == entity && name.system.index() == system && plan.binding.is_none());
    let Some(ty) = survey.written.schema.types.get(entity) else { return unbound };
    let mut uses = ty.fields.iter().flat_map(|field| &field.directives).chain(&ty.directives);
    let is_system = |name: &str| survey.written.systems.iter().any(|system| system.name == name);
    unbound
        || uses.any(|one| {
            let system = one.text("system").or_else(|| one.text("from"));
            !directive::is_known(&one.name.name) || system.is_some_and(|(system, _)| !is_system(system))
        })
}

fn unused(survey: &Survey<'_>, groups: &Groups<'_>, findings: &mut Findings) {
    let schema = survey.written.schema;
    for (n, system) in survey.written.systems.iter().enumerate() {
        for file in &system.groups {
            let header = header(&file.entity, file.name.as_deref());
            let used = groups
                .keys()
                .any(|group| group.system.index() == n && group.entity == file.entity && group.name == file.name);
            if used || (schema.incomplete && !schema.types.contains_key(&file.entity)) {
                continue;
            }
            let (message, help) = match survey.parts.get(file.entity.as_str()) {
                None => {
                    let near = nearest(&file.entity, survey.parts.keys().copied());
                    let help = near.map_or("name an entity type, or delete it".to_owned(), |near| {
                        format!("did you mean `[{near}]`?")
                    });
                    (format!("{header} binds a type that does not exist"), help)
                }
                Some(TypeRole::Entity(facts))
                    if facts.identity.is_none() || schema.incomplete || doubtful(survey, groups, &file.entity, n) =>
                {
                    continue;
                }
                Some(TypeRole::Entity(_)) => (
                    format!("nothing in the contract is owned by {header} of `{}`", system.name),
                    "point an @owner at it, or delete it".to_owned(),
                ),
                Some(_) => (
                    format!("{header} binds a type that is no entity"),
                    "bind the entity that holds it; `parts` fill what it holds".to_owned(),
                ),
            };
            findings.fault("GROUP_UNUSED", file.place, message, help);
        }
    }
}

/// A column fills the field of its name in any case, so two such fields would take each other's.
fn same_but_for_case(ty: &TypeDef, groups: &Groups<'_>, findings: &mut Findings) {
    let plans = groups.iter().filter(|(name, _)| name.entity == ty.name.name).map(|(_, plan)| plan);
    for fields in plans.flat_map(|plan| [&plan.fields, &plan.copies]) {
        for (n, at) in fields.iter().enumerate() {
            let field = &ty.fields[*at];
            let twin = fields[..n].iter().map(|at| &ty.fields[*at]).find(|other| {
                other.name.name != field.name.name && other.name.name.eq_ignore_ascii_case(&field.name.name)
            });
            if let Some(twin) = twin {
                findings.fault(
                    "FIELD_CASE",
                    field.name.place,
                    format!("`{}` and `{}` differ only in case", path(ty, field), twin.name.name),
                    "rename one; a column fills the field of its name whatever its case",
                );
            }
        }
    }
}
