//! References: `@ref` fields, and the key each takes its entity by.

use std::collections::BTreeMap;

use super::{
    super::{
        directive,
        merge::Schema,
        sdl::{FieldDef, Kind},
    },
    FieldId,
    classify::Class,
    feeds::{Fed, Line, Reader},
    path,
    survey::{Category, Survey},
};
use crate::{
    contract::{Reference, nearest},
    diagnostic::Findings,
};

/// Compiles all `@ref` fields.
pub(super) fn compile<'a>(
    survey: &Survey<'a>,
    classes: &BTreeMap<FieldId<'a>, Class>,
    findings: &mut Findings,
) -> BTreeMap<FieldId<'a>, Reference> {
    let mut references = BTreeMap::new();
    for ((type_name, position), class) in classes {
        if *class != Class::Reference {
            continue;
        }
        let Some(ty) = survey.written.schema.types.get(*type_name) else { continue };
        let reader = Reader { survey, classes, ty, field: &ty.fields[*position] };
        if let Some(reference) = reference(reader, findings) {
            references.insert((*type_name, *position), reference);
        }
    }
    references
}

fn reference(reader: Reader<'_, '_>, findings: &mut Findings) -> Option<Reference> {
    let Reader { survey, ty, field, .. } = reader;
    let path = path(ty, field);
    let (text, place) = directive::find(&field.directives, "ref")?.text("key")?;
    let lines = reader.template(text, place, findings);
    let named = field.ty.named();
    let possible = match survey.category(named) {
        Category::Entities(possible) => possible,
        Category::Unknown => return None,
        _ => {
            findings.fault(
                "REF_TARGET",
                field.ty.place,
                format!("`{path}` refers to `{named}`, which is no entity"),
                "refer to a type with a @key; what has none is fetched with its holder",
            );
            return None;
        }
    };
    nullable(&path, field, findings);
    let lines = lines?;
    let key_names = common_key(survey, named, &possible, &path, field, findings)?;
    let abstracted = survey.written.schema.kind(named) != Some(Kind::Object);
    let mut fed: BTreeMap<&str, Fed<'_>> = BTreeMap::new();
    let mut n_faults = 0;
    for line in &lines {
        let known = key_names.contains(&line.name.as_str()) || (abstracted && line.name == "__typename");
        if !known {
            unknown_key(line, named, &key_names, findings);
            n_faults += 1;
        } else if fed.contains_key(line.name.as_str()) {
            let message = format!("`{path}` gives `{}` twice", line.name);
            findings.fault("REF_KEY", line.name_place, message, "give it once");
            n_faults += 1;
        } else if let Some(found) = reader.feed(&line.source, line.source_place, findings) {
            fits(survey, &possible, line, &found, findings);
            fed.insert(&line.name, found);
        } else {
            n_faults += 1;
        }
    }
    let feeds: Vec<_> = fed.values().map(|fed| &fed.feed).collect();
    let n_before = findings.n_faults();
    if n_faults == 0 {
        missing(&path, named, &key_names, abstracted, &fed, place, findings);
        lists(&path, field, &fed, place, findings);
    }
    if n_faults == 0 && findings.n_faults() == n_before {
        reader.unread_arguments(&feeds, &[], findings);
    }
    let type_name = fed.get("__typename").map(|fed| fed.feed.clone());
    let key = key_names.iter().map(|name| fed.get(*name).map(|fed| fed.feed.clone())).collect::<Option<_>>()?;
    Some(Reference { key, type_name })
}

/// Existence is another owner's fact, so an entity may always turn out not to be there.
pub(super) fn nullable(path: &str, field: &FieldDef, findings: &mut Findings) {
    let entity = field.ty.item().unwrap_or(&field.ty);
    if entity.non_null {
        findings.fault(
            "ENTITY_NON_NULL",
            field.ty.place,
            format!(
                "`{path}` is never null, but only its owner can know whether there is such a `{}`",
                field.ty.named()
            ),
            match field.ty.item() {
                Some(item) => format!("write `[{}]`", item.named()),
                None => format!("write `{}`", field.ty.named()),
            },
        );
    }
}

/// Returns the names of the key's fields, which are the same for every type the entity may have.
pub(super) fn common_key<'a>(
    survey: &Survey<'a>,
    named: &str,
    possible: &[&'a str],
    path: &str,
    field: &FieldDef,
    findings: &mut Findings,
) -> Option<Vec<&'a str>> {
    let key_of = |ty: &str| -> Vec<&'a str> {
        survey.key_fields(ty).into_iter().map(|field| field.name.name.as_str()).collect()
    };
    let first = key_of(possible.first()?);
    if possible.iter().any(|ty| key_of(ty) != first) {
        findings.fault(
            "ABSTRACT_KEYS",
            field.ty.place,
            format!("the types of `{named}` have different keys, so `{path}` cannot find them"),
            "give them key fields of the same names, in the same order",
        );
        return None;
    }
    (!first.is_empty()).then_some(first)
}

fn unknown_key(line: &Line, named: &str, key_names: &[&str], findings: &mut Findings) {
    let help = match nearest(&line.name, key_names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the key of `{named}` is {}", key_names.join(", ")),
    };
    let message = format!("`{}` is no key field of `{named}`", line.name);
    findings.fault("REF_KEY", line.name_place, message, help);
}

fn missing(
    path: &str,
    named: &str,
    key_names: &[&str],
    abstracted: bool,
    fed: &BTreeMap<&str, Fed<'_>>,
    place: crate::diagnostic::Place,
    findings: &mut Findings,
) {
    for name in key_names.iter().filter(|name| !fed.contains_key(**name)) {
        let help = format!("add `{name}: …` to the key");
        findings.fault(
            "REF_KEY",
            place,
            format!("`{path}` does not give `{name}`, part of the key of `{named}`"),
            help,
        );
    }
    if abstracted && !fed.contains_key("__typename") {
        findings.fault(
            "REF_KEY",
            place,
            format!("`{path}` does not say which type of `{named}` to ask for"),
            "add `__typename: …`, from a field that holds the type's name",
        );
    }
}

/// One list of values makes a list of entities, in its order.
fn lists(
    path: &str,
    field: &FieldDef,
    fed: &BTreeMap<&str, Fed<'_>>,
    place: crate::diagnostic::Place,
    findings: &mut Findings,
) {
    let n_many = fed.values().filter(|fed| fed.many).count();
    match (field.ty.n_lists(), n_many) {
        (0, 0) | (1, 1) => {}
        (0, _) => findings.fault(
            "REF_LIST",
            place,
            format!("`{path}` is one entity, but its key is drawn from a list"),
            format!("make it `[{}]`, or draw from a single value", field.ty.named()),
        ),
        (1, 0) => findings.fault(
            "REF_LIST",
            place,
            format!("`{path}` is a list, but no part of its key is drawn from a list"),
            "draw one key field from a list of values, or use @list",
        ),
        (1, _) => findings.fault(
            "REF_LIST",
            place,
            format!("`{path}` draws {n_many} key fields from lists, and nothing says how they pair"),
            "draw only one of them from a list",
        ),
        _ => findings.fault(
            "REF_LIST",
            field.ty.place,
            format!("`{path}` is a list of lists"),
            "refer to a list at most",
        ),
    }
}

fn fits(survey: &Survey<'_>, possible: &[&str], line: &Line, fed: &Fed<'_>, findings: &mut Findings) {
    let Some(source) = fed.named else { return };
    let schema = survey.written.schema;
    let target = match line.name.as_str() {
        "__typename" => Some("String"),
        name => possible.first().and_then(|ty| {
            survey.key_fields(ty).into_iter().find(|field| field.name.name == name).map(|field| field.ty.named())
        }),
    };
    let Some(target) = target else { return };
    if !may_feed(schema, source, target) {
        findings.fault(
            "REF_KEY_TYPE",
            line.source_place,
            format!("a `{source}` is no `{}`, which is a `{target}`", line.name),
            "draw it from a field or argument of that type",
        );
    }
}

/// Whether the text of one type can be the text of another: any name or number is a String or an ID.
fn may_feed(schema: &Schema, source: &str, target: &str) -> bool {
    let never = |name: &str| matches!(name, "Boolean" | "Float" | "JSON");
    match target {
        _ if source == target => true,
        _ if schema.kind(target).is_none() || schema.kind(source).is_none() => true,
        "String" | "ID" => !never(source),
        "Decimal" => source == "Int",
        "Int" | "Date" | "DateTime" => false,
        // A scalar of the contract's own is written as a text.
        _ => schema.kind(target) == Some(Kind::Scalar) && matches!(source, "String" | "ID"),
    }
}
