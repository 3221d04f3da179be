//! Who answers, and how they are asked: the owner of each field, the group, list or rule behind it, and copies.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{Answer, Contract, Field, Group, List, Object, Role, TypeKind},
    Change,
    ChangeKind::{Note, Owner},
    view::sides,
};

/// Compares who answers.
pub(super) fn changes(old: &Contract, new: &Contract) -> Vec<Change> {
    let mut changes = systems(old, new);
    let (before, after) = (objects(old), objects(new));
    for (name, was, is) in sides(&before, &after).both {
        changes.extend(entity(name, (old, was), (new, is)));
        let (fields, now) = (by_name(was), by_name(is));
        for (field, was, is) in sides(&fields, &now).both {
            changes.extend(one_field(&format!("{name}.{field}"), (old, was), (new, is)));
        }
    }
    changes.extend(questions(old, new));
    changes
}

/// The object types of a contract, by name.
pub(super) fn objects(contract: &Contract) -> BTreeMap<&str, &Object> {
    let objects = contract.types.iter().filter_map(|ty| match &ty.kind {
        TypeKind::Object(object) => Some((ty.name.as_str(), object)),
        _ => None,
    });
    objects.collect()
}

/// The fields of an object by name.
pub(super) fn by_name(object: &Object) -> BTreeMap<&str, &Field> {
    object.fields.iter().map(|field| (field.name.as_str(), field)).collect()
}

fn systems(old: &Contract, new: &Contract) -> Vec<Change> {
    let kinds = |contract: &'_ Contract| -> BTreeMap<String, &'static str> {
        contract.systems.iter().map(|system| (system.name.clone(), system.kind.word())).collect()
    };
    let (old, new) = (kinds(old), kinds(new));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let told = names.into_iter().filter_map(|name| match (old.get(name), new.get(name)) {
        (Some(_), None) => Some(Change::new(Note, format!("system {name}"), "is asked no more")),
        (None, Some(kind)) => Some(Change::new(Note, format!("system {name}"), format!("is added: {kind}"))),
        (Some(was), Some(is)) if was != is => {
            Some(Change::new(Note, format!("system {name}"), format!("was {was}, is {is}")))
        }
        _ => None,
    });
    told.collect()
}

/// Compares who says whether an entity exists.
fn entity(name: &str, (old, was): (&Contract, &Object), (new, is): (&Contract, &Object)) -> Vec<Change> {
    let (Role::Entity(was), Role::Entity(is)) = (&was.role, &is.role) else { return Vec::new() };
    let mut changes = Vec::new();
    let owner = |contract: &Contract, group| contract.system(contract.group(group).system).name.clone();
    let (before, after) = (owner(old, was.identity), owner(new, is.identity));
    if before != after {
        changes.push(Change::new(Owner, name, format!("existed where {before} had it, exists where {after} has it")));
    }
    let from = |contract: &Contract, group: Option<_>| {
        group.map_or_else(|| "nobody".to_owned(), |group| owner(contract, group))
    };
    let (before, after) = (from(old, was.handover), from(new, is.handover));
    if before != after {
        let message = format!("was answered until its owner has it by {before}, is by {after}");
        changes.push(Change::new(Owner, name, message));
    }
    changes
}

fn one_field(subject: &str, (old, was): (&Contract, &Field), (new, is): (&Contract, &Field)) -> Vec<Change> {
    let mut changes = Vec::new();
    let (before, after) = (owner_of(old, was), owner_of(new, is));
    let (asked, asks) = (answered_by(old, was), answered_by(new, is));
    match (before, after) {
        (Some(before), Some(after)) if before != after => {
            changes.push(Change::new(Owner, subject, format!("was owned by {before}, is owned by {after}")));
        }
        _ if asked != asks => {
            changes.push(Change::new(Note, subject, format!("was answered by {asked}, is answered by {asks}")));
        }
        _ => {}
    }
    let copies = |contract: &Contract, field: &Field| -> BTreeSet<String> {
        field.copies.iter().map(|copy| contract.system(copy.system).name.clone()).collect()
    };
    let (before, after) = (copies(old, was), copies(new, is));
    let lost = before.difference(&after).map(|system| format!("is compared with the copy of {system} no more"));
    let gained = after.difference(&before).map(|system| format!("is compared with the copy of {system}"));
    changes.extend(lost.chain(gained).map(|message| Change::new(Note, subject, message)));
    changes
}

/// Names the owner of a field; none where it only leads somewhere.
fn owner_of<'c>(contract: &'c Contract, field: &Field) -> Option<&'c str> {
    match (&field.answer, field.owner) {
        (Answer::Rule { .. }, _) => Some("a rule"),
        (_, owner) => owner.map(|owner| contract.system(owner).name.as_str()),
    }
}

/// Says what a field is answered by, in the words of system files.
fn answered_by(contract: &Contract, field: &Field) -> String {
    match &field.answer {
        Answer::Key(_) => "the key".to_owned(),
        Answer::Slot { group, .. } => header(contract.group(*group)).to_owned(),
        Answer::Part { .. } => "the record that holds it".to_owned(),
        Answer::Reference(_) => "a reference".to_owned(),
        Answer::List(list) => format!("[lists.{}]", contract.list(list.list).name),
        Answer::Rule { rule, .. } => format!("rule {}", contract.rule(*rule).rule.name),
        Answer::Provenance => "where its neighbours came from".to_owned(),
        Answer::Paging(_) => "a page".to_owned(),
        Answer::Abstract => "its concrete types".to_owned(),
    }
}

fn header(group: &Group) -> String {
    format!("[{}]", group.name.split_once(' ').map_or(group.name.as_str(), |(_, name)| name))
}

/// Groups and lists that are asked in other words.
fn questions(old: &Contract, new: &Contract) -> Vec<Change> {
    let groups = |contract: &Contract| -> BTreeMap<String, String> {
        contract.groups.iter().map(|group| (format!("group {}", group.name), question(group))).collect()
    };
    let lists = |contract: &Contract| -> BTreeMap<String, String> {
        contract.lists.iter().map(|list| (format!("list {}", list.name), listing(contract, list))).collect()
    };
    let mut changes = Vec::new();
    for (old, new) in [(groups(old), groups(new)), (lists(old), lists(new))] {
        let names = |of: &'_ BTreeMap<String, String>| of.keys().cloned().collect::<BTreeSet<_>>();
        let both: Vec<String> = names(&old).intersection(&names(&new)).cloned().collect();
        let asked = both.into_iter().filter(|name| old[name] != new[name]);
        changes.extend(asked.map(|name| Change::new(Note, name, "is asked, or read, differently")));
    }
    changes
}

fn question(group: &Group) -> String {
    let Group { key_columns, fields, as_of, valid_until, adaptations, binding, .. } = group;
    format!("{key_columns:?} {fields:?} {as_of:?} {valid_until:?} {adaptations:?} {binding:?}")
}

fn listing(contract: &Contract, list: &List) -> String {
    let List { key_columns, parameters, fields, binding, order, page_rows_max, page_rows_default, .. } = list;
    let (system, count_max, adaptations) = (&contract.system(list.system).name, list.count_max, &list.adaptations);
    format!(
        "{system} {key_columns:?} {parameters:?} {fields:?} {binding:?} {order:?} {page_rows_max} {page_rows_default} {count_max} {adaptations:?}"
    )
}
