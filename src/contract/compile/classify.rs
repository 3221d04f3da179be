//! Classification: where the value of each field comes from.

use std::collections::BTreeMap;

use super::{
    super::{
        directive, provenance,
        sdl::{FieldDef, TypeDef},
    },
    FieldId, path,
    survey::{Category, EntityFacts, GroupName, Survey, TypeRole},
};
use crate::{
    contract::nearest,
    diagnostic::Findings,
    rules::{self, RULES},
};

/// Where a field's value comes from, before it is compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Class {
    /// The position among the key's fields.
    Key(usize),
    /// A slot of a group of the entity.
    Slot(GroupName),
    /// A slot of the part.
    Part,
    Reference,
    List,
    Rule(String),
    /// Where the values of the fields beside it came from.
    Provenance,
    /// A field of a connection, an edge or `PageInfo`.
    Paging,
    /// Nowhere; a fault said why.
    Unknown,
}

/// Classifies the fields of all object types.
pub(super) fn classify<'a>(survey: &Survey<'a>, findings: &mut Findings) -> BTreeMap<FieldId<'a>, Class> {
    let mut classes = BTreeMap::new();
    for (ty, part) in survey.objects() {
        for (n, field) in ty.fields.iter().enumerate() {
            let class = match part {
                TypeRole::Connection | TypeRole::Edge | TypeRole::PageInfo => Class::Paging,
                TypeRole::Root | TypeRole::Part | TypeRole::Entity(_) => classify_field(survey, ty, part, n, findings),
            };
            pointless_arguments(ty, field, &class, findings);
            pointless_copies(ty, field, &class, findings);
            classes.insert((ty.name.name.as_str(), n), class);
        }
    }
    classes
}

fn classify_field<'a>(
    survey: &Survey<'a>,
    ty: &'a TypeDef,
    part: &TypeRole,
    position: usize,
    findings: &mut Findings,
) -> Class {
    let field = &ty.fields[position];
    if let TypeRole::Entity(facts) = part
        && let Some(n) = facts.key.iter().position(|at| *at == position)
    {
        return Class::Key(n);
    }
    if field.name.name == provenance::FIELD && matches!(part, TypeRole::Entity(_)) {
        return Class::Provenance;
    }
    if let Some(class) = directed(ty, field, findings) {
        return class;
    }
    if let Some(class) = misplaced(survey, ty, part, field, findings) {
        return class;
    }
    match part {
        TypeRole::Root => {
            findings.fault(
                "ROOT_FIELD",
                field.name.place,
                format!("nothing says how `{}` is answered", path(ty, field)),
                "lead to an entity by its key with @ref(key: …), or to several with @list(name: …)",
            );
            Class::Unknown
        }
        TypeRole::Entity(facts) => slot(survey, ty, field, facts, findings),
        _ => {
            if let Some(owner) = directive::find(&field.directives, "owner") {
                findings.fault(
                    "ENTITY_ONLY",
                    owner.name.place,
                    format!("`{}` belongs to a part, which is fetched with the entity that holds it", path(ty, field)),
                    "delete the @owner, or move the field to the entity",
                );
            }
            Class::Part
        }
    }
}

/// A field that says itself how it is answered.
fn directed(ty: &TypeDef, field: &FieldDef, findings: &mut Findings) -> Option<Class> {
    let ways: Vec<_> =
        (field.directives.iter()).filter(|one| matches!(one.name.name.as_str(), "ref" | "list" | "rule")).collect();
    let first = ways.first()?;
    let owner = directive::find(&field.directives, "owner");
    let second = ways.iter().skip(1).copied().find(|one| one.name.name != first.name.name).or(owner);
    if let Some(second) = second {
        findings.fault(
            "ANSWER_TWICE",
            second.name.place,
            format!(
                "`{}` has both `@{}` and `@{}`, which answer it differently",
                path(ty, field),
                first.name.name,
                second.name.name
            ),
            format!("keep one; with `@{}` the owner follows from what it leads to", first.name.name),
        );
    }
    Some(match first.name.name.as_str() {
        "ref" => Class::Reference,
        "list" => Class::List,
        _ => {
            let (name, place) = first.text("name")?;
            if rules::find(name).is_none() {
                let names = || RULES.iter().map(|rule| rule.name);
                let help = match nearest(name, names()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the rules are {}", names().collect::<Vec<_>>().join(", ")),
                };
                findings.fault("RULE_UNKNOWN", place, format!("there is no rule `{name}`"), help);
            }
            Class::Rule(name.to_owned())
        }
    })
}

/// A field whose type cannot be part of a record.
fn misplaced(
    survey: &Survey<'_>,
    ty: &TypeDef,
    part: &TypeRole,
    field: &FieldDef,
    findings: &mut Findings,
) -> Option<Class> {
    let (named, place, path) = (field.ty.named(), field.ty.place, path(ty, field));
    let name = survey.written.schema.types.get_key_value(named).map_or(named, |(name, _)| name.as_str());
    match survey.category(name) {
        Category::Leaf | Category::Parts(_) => return None,
        Category::Unknown => {}
        // The root says more plainly what it lacks.
        Category::Entities(_) | Category::Connection if matches!(part, TypeRole::Root) => return None,
        Category::Entities(_) => findings.fault(
            "ENTITY_NESTED",
            place,
            format!("`{path}` holds the entity `{named}`, but nothing says by which key it is found"),
            "add @ref(key: …), or @list(name: …) for many",
        ),
        Category::Connection => findings.fault(
            "CONNECTION_WITHOUT_LIST",
            place,
            format!("`{path}` gives a connection, but no list fills it"),
            "add @list(name: …)",
        ),
        Category::Misplaced => findings.fault(
            "TYPE_MISPLACED",
            place,
            format!("`{path}` cannot hold `{named}`"),
            "edges and page info stand in connections, the query root in nothing",
        ),
        Category::Mixed => findings.fault(
            "ABSTRACT_MIXED",
            place,
            format!("`{path}` may hold entities and parts alike, which are found differently"),
            format!("let all types of `{named}` have a @key, or none"),
        ),
        Category::Nothing => findings.fault(
            "ABSTRACT_EMPTY",
            place,
            format!("no object type is a `{named}`, so `{path}` can hold nothing"),
            "implement it, or use another type",
        ),
    }
    Some(Class::Unknown)
}

fn slot(survey: &Survey<'_>, ty: &TypeDef, field: &FieldDef, facts: &EntityFacts, findings: &mut Findings) -> Class {
    let owner = match directive::find(&field.directives, "owner") {
        Some(owner) => survey.owner(ty, owner, findings),
        None => facts.identity.clone(),
    };
    let Some(group) = owner else { return Class::Unknown };
    if field.ty.non_null
        && let Some(identity) = &facts.identity
        && *identity != group
    {
        let (own, other) = (&survey.system(group.system).name, &survey.system(identity.system).name);
        let (type_name, path) = (&ty.name.name, path(ty, field));
        let message = if identity.system == group.system {
            format!(
                "`{path}` is never null, but `{own}` answers it by another query than the one that says a `{type_name}` exists"
            )
        } else {
            format!("`{path}` is never null, but `{own}` owns it while `{other}` says whether a `{type_name}` exists")
        };
        let nullable = field.ty.to_string();
        findings.fault(
            "OWNER_CROSSED",
            field.ty.place,
            message,
            format!(
                "write `{}`: what `{own}` lacks must not erase the {}",
                nullable.trim_end_matches('!'),
                type_name.to_lowercase()
            ),
        );
    }
    if field.ty.non_null && facts.identity.as_ref() == Some(&group) && is_shared(survey, ty, &group) {
        let (own, type_name, path) = (&survey.system(group.system).name, &ty.name.name, path(ty, field));
        let nullable = field.ty.to_string();
        findings.fault(
            "OWNER_SHARED",
            field.ty.place,
            format!("`{path}` is never null, so while `{own}` is down a `{type_name}` is lost with what other owners say of it"),
            format!("write `{}`: only the key of an entity with several owners is never null", nullable.trim_end_matches('!')),
        );
    }
    Class::Slot(group)
}

/// Whether other queries than `group`'s answer fields of the type.
fn is_shared(survey: &Survey<'_>, ty: &TypeDef, group: &GroupName) -> bool {
    let elsewhere = |field: &FieldDef| {
        let owner = directive::find(&field.directives, "owner")?;
        // What is wrong with the directive is said where its own field is classified.
        survey.owner(ty, owner, &mut Findings::default())
    };
    ty.fields.iter().filter_map(elsewhere).any(|owner| owner != *group)
}

/// An argument that nothing reads promises what it does not do.
fn pointless_arguments(ty: &TypeDef, field: &FieldDef, class: &Class, findings: &mut Findings) {
    if !matches!(class, Class::Key(_) | Class::Slot(_) | Class::Part | Class::Paging) {
        return;
    }
    for argument in &field.arguments {
        findings.fault(
            "ARGUMENT_UNUSED",
            argument.name.place,
            format!("nothing reads the argument `{}` of `{}`", argument.name.name, path(ty, field)),
            "delete it; only @ref, @list and @rule take arguments",
        );
    }
}

fn pointless_copies(ty: &TypeDef, field: &FieldDef, class: &Class, findings: &mut Findings) {
    if matches!(class, Class::Slot(_) | Class::Unknown) {
        return;
    }
    let Some(copy) = directive::find(&field.directives, "copy") else { return };
    if let Class::Key(_) = class {
        findings.fault(
            "COPY_POINTLESS",
            copy.name.place,
            format!("`{}` is what a copy is found by, so it never differs", path(ty, field)),
            "delete it; who lacks the entity is found with any other copied field",
        );
    } else {
        findings.fault(
            "COPY_POINTLESS",
            copy.name.place,
            format!("`{}` is not a value that a system holds, so there is no copy of it", path(ty, field)),
            "put the @copy on the entity's own fields",
        );
    }
}
