//! Bindings: the queries of a system file, and what they say of the fields they fill.

use super::{
    super::{
        binding::{AdaptationFile, FileGroupFile, GraphQlGroupFile, GroupAsked, GroupFile},
        merge::BUILT_IN,
        placeholder::{self, Unreadable, Usage},
        reader::Text,
        sdl::{FieldDef, Kind, TypeDef},
    },
    Written,
    groups::{Groups, header},
    inside,
    keys::Crossrefs,
    odata, rest,
    survey::{Category, GroupName, Survey},
};
use crate::{
    contract::{GraphQlKeys, nearest},
    diagnostic::Findings,
    value::SystemId,
};

/// Checks the bindings of all groups.
pub(super) fn check(survey: &Survey<'_>, groups: &Groups<'_>, crossrefs: &Crossrefs<'_>, findings: &mut Findings) {
    for (name, plan) in groups {
        let Some(ty) = survey.written.schema.types.get(&name.entity) else { continue };
        let Some(file) = plan.binding else { continue };
        // What a handover binds beside the fields it is asked for is not served from there.
        let fields: Vec<&FieldDef> = if plan.fields.is_empty() && plan.copies.is_empty() {
            ty.fields.iter().collect()
        } else {
            plan.fields.iter().chain(&plan.copies).map(|at| &ty.fields[*at]).collect()
        };
        let title = header(&name.entity, name.name.as_deref());
        let keys = survey.key_fields(&name.entity);
        let mapped = crossrefs.of_group(survey, &name.entity, file, findings);
        let columns: Vec<&str> = match &mapped {
            Some(mapped) => mapped.columns.iter().map(String::as_str).collect(),
            None => keys.iter().map(|field| field.name.name.as_str()).collect(),
        };
        match &file.asked {
            GroupAsked::Sql(asked) => {
                let n_key_fields = survey.key_fields(&name.entity).len();
                for query in asked.query.iter().chain(asked.parts.iter().map(|(_, query)| query)) {
                    keys_once(survey.written, query, n_key_fields, findings);
                }
                let filled: Vec<&Text> = asked.parts.iter().map(|(field, _)| field).collect();
                parts(survey, name, &filled, ty, &fields, findings);
            }
            GroupAsked::File(asked) => {
                parts(survey, name, &asked.part_fields(), ty, &fields, findings);
                let n_key_fields = survey.key_fields(&name.entity).len();
                for (field, _) in asked.parent_counts().filter(|(_, n_columns)| *n_columns != n_key_fields) {
                    let help = "write parent = [\"…\", \"…\"], in the key's order".to_owned();
                    let fields = if n_key_fields == 1 { "field" } else { "fields" };
                    let message = format!("the key of `{}` has {n_key_fields} {fields}", name.entity);
                    findings.fault("PART_PARENT", field.place, message, help);
                }
                file_time(survey, name.system, asked, file, findings);
            }
            GroupAsked::Rest(asked) => rest::keys_named(asked, &title, file.place, &columns, findings),
            GroupAsked::Odata(asked) => {
                let key_columns: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
                let checked = odata::Checked { title: &title, fields: &file.fields, key_columns: &key_columns };
                odata::group(&checked, asked, findings);
            }
            GroupAsked::GraphQl(asked) => key_variables(asked, &columns, findings),
            GroupAsked::Inside(asked) => inside::group(survey, name, (file, asked), (&columns, &fields), findings),
        }
        let known: Vec<&FieldDef> = keys.into_iter().chain(fields.iter().copied()).collect();
        let is_column = |path: &Text| mapped.is_some() && columns.contains(&path.text.as_str());
        for (path, _) in file.fields.iter().filter(|(path, _)| !is_column(path)) {
            field_known(survey, &title, path, &known, findings);
        }
        for (path, adaptation) in file.values.iter().filter(|(path, _)| !is_column(path)) {
            values(survey, &title, path, adaptation, &known, findings);
        }
    }
}

/// Checks one direction of a cross-reference, which is asked for keys by one column.
pub(super) fn crossref(survey: &Survey<'_>, system: SystemId, file: &GroupFile, asked: &str, findings: &mut Findings) {
    let title = header(&file.entity, file.name.as_deref());
    let part = match &file.asked {
        GroupAsked::Sql(sql) => {
            if let Some(query) = &sql.query {
                keys_once(survey.written, query, 1, findings);
            }
            sql.parts.first().map(|(field, _)| field)
        }
        GroupAsked::File(drop) => {
            file_time(survey, system, drop, file, findings);
            drop.part_fields().first().copied()
        }
        GroupAsked::Rest(call) => {
            rest::keys_named(call, &title, file.place, &[asked], findings);
            None
        }
        GroupAsked::Odata(set) => {
            let key_columns = [asked.to_owned()];
            let checked = odata::Checked { title: &title, fields: &file.fields, key_columns: &key_columns };
            odata::group(&checked, set, findings);
            None
        }
        GroupAsked::GraphQl(document) => {
            key_variables(document, &[asked], findings);
            None
        }
        GroupAsked::Inside(_) => {
            let message = "Freehold itself knows no system's keys";
            findings.fault("CROSSREF_INSIDE", file.place, message, "bind it in the file of the system that has them");
            None
        }
    };
    if let Some(field) = part {
        let message = format!("{title} does not answer a field `{}`", field.text);
        findings.fault("PARTS_UNKNOWN", field.place, message, "delete it; a cross-reference gives `key` and `own`");
    }
}

/// A day in a file's name begins somewhere.
fn file_time(survey: &Survey<'_>, system: SystemId, asked: &FileGroupFile, file: &GroupFile, findings: &mut Findings) {
    let zone = file.zone.as_ref().or(survey.system(system).inherited.zone.as_ref());
    if let (Some(time), None) = (asked.named_time(), zone) {
        let help = "add zone = \"Europe/Berlin\" to the group or its system";
        findings.fault("FILE_TIME", time.place, "nothing says in which zone this day begins", help);
    }
}

/// A group's query asks for all keys at once: `in (:keys)` exactly once, and nothing else is filled in.
fn keys_once(written: Written<'_>, query: &Text, n_key_fields: usize, findings: &mut Findings) {
    let place = |span| written.within(query.place, &query.text, span);
    let found = match placeholder::scan(&query.text) {
        Ok(scanned) => scanned.placeholders,
        Err(unreadable) => return not_readable(written, query, unreadable, findings),
    };
    let mut n_keys = 0;
    for one in found {
        if one.name != "keys" {
            findings.fault(
                "PLACEHOLDER_UNKNOWN",
                place(one.span),
                format!("a group's query is given :keys and nothing else, so no :{}", one.name),
                "delete it; arguments go to lists",
            );
            continue;
        }
        n_keys += 1;
        if n_keys > 1 {
            findings.fault(
                "KEYS_TWICE",
                place(one.span),
                ":keys stands in this query twice",
                "name the keys in a common table expression or a subquery, and use that twice",
            );
            continue;
        }
        match one.usage {
            Usage::InList { span, negated: true, .. } => findings.fault(
                "KEYS_NOT_IN",
                place(span),
                "`not in (:keys)` asks for all rows but those that are wanted",
                "write `column in (:keys)`",
            ),
            Usage::InList { span, row, .. } if row.is_some() != (n_key_fields > 1) => {
                let message = if row.is_some() {
                    "the key is one field, but a row stands before `in (:keys)`"
                } else {
                    "the key is several fields, but one column stands before `in (:keys)`"
                };
                let help = if row.is_some() {
                    "write `column in (:keys)`"
                } else {
                    "write `(a, b) in (:keys)`, in the key's order"
                };
                findings.fault("KEYS_ROW", place(span), message, help);
            }
            Usage::InList { .. } => {}
            Usage::Value | Usage::NullTest => findings.fault(
                "KEYS_NOT_IN",
                place(one.span),
                ":keys stands for many keys and is not in `in (:keys)`",
                "write `column in (:keys)`",
            ),
        }
    }
    if n_keys == 0 {
        findings.fault(
            "KEYS_MISSING",
            query.place,
            "this query does not ask for keys",
            "add `where column in (:keys)`; a group is always asked for many keys at once",
        );
    }
}

/// A document that is given one key at a time names the key's fields, as one that is given all takes objects of them.
fn key_variables(asked: &GraphQlGroupFile, names: &[&str], findings: &mut Findings) {
    let Some((group, place)) = asked.compile().zip(asked.place()) else { return };
    let of_one = names.len() == 1;
    match group.keys {
        GraphQlKeys::Entities(_) => {}
        GraphQlKeys::ByAlias(_) => {
            let given = asked.key_variables();
            let stranger = given.iter().find(|name| !(names.contains(&name.as_str()) || of_one && *name == "key"));
            if let Some(stranger) = stranger {
                findings.fault(
                    "KEYS_ROW",
                    place,
                    format!("`${stranger}` is no field of the key"),
                    if of_one { "write `$key`".to_owned() } else { format!("write ${}", names.join(", $")) },
                );
            }
        }
        GraphQlKeys::Together | GraphQlKeys::Ordered => {
            let scalar = group.document.variable("keys").filter(|keys| BUILT_IN.contains(&keys.named.as_str()));
            if let Some(keys) = scalar.filter(|_| !of_one) {
                findings.fault(
                    "KEYS_ROW",
                    place,
                    format!("the key is several fields, but `$keys` is `{}`", keys.ty),
                    format!("take a list of input objects with {}", names.join(" and ")),
                );
            }
        }
    }
}

/// Reports a query that cannot be looked through.
pub(super) fn not_readable(written: Written<'_>, query: &Text, unreadable: Unreadable, findings: &mut Findings) {
    let place = |at: usize| written.within(query.place, &query.text, at..at + 1);
    match unreadable {
        Unreadable::Unclosed(at) => {
            let help = "close it; nothing after it can be understood";
            findings.fault("SQL_UNCLOSED", place(at), "a quote or comment that opens here is never closed", help);
        }
        Unreadable::SecondStatement(at) => {
            let help = "write one statement; a common table expression can hold the steps before it";
            findings.fault("SQL_SECOND_STATEMENT", place(at), "a second statement begins here", help);
        }
    }
}

fn parts(
    survey: &Survey<'_>,
    name: &GroupName,
    filled: &[&Text],
    ty: &TypeDef,
    fields: &[&FieldDef],
    findings: &mut Findings,
) {
    for (n, field_name) in filled.iter().enumerate() {
        let (text, place) = (field_name.text.as_str(), field_name.place);
        let title = header(&name.entity, name.name.as_deref());
        let Some(field) = fields.iter().find(|field| field.name.name == text) else {
            let near = nearest(text, fields.iter().map(|field| field.name.name.as_str()));
            let owned_elsewhere = ty.fields.iter().any(|field| field.name.name == text);
            let help = match near {
                _ if owned_elsewhere => format!("move it to the group that owns `{text}`"),
                Some(near) => format!("did you mean `{near}`?"),
                None => "name a field of the group whose type is a part".to_owned(),
            };
            findings.fault("PARTS_UNKNOWN", place, format!("{title} does not answer a field `{text}`"), help);
            continue;
        };
        let is_part = matches!(survey.category(field.ty.named()), Category::Parts(_));
        if (!is_part && survey.written.schema.kind(field.ty.named()).is_some()) || field.ty.n_lists() > 1 {
            findings.fault(
                "PARTS_UNKNOWN",
                place,
                format!("`{}.{text}` is `{}`, which rows of a query cannot fill", name.entity, field.ty),
                "fill it from a column of the group's query",
            );
        }
        if filled[..n].iter().any(|earlier| earlier.text.eq_ignore_ascii_case(text)) {
            findings.fault("PARTS_UNKNOWN", place, format!("`{text}` is filled twice"), "keep one query");
        }
    }
}

/// Checks one `values.field = { … }`.
pub(super) fn values(
    survey: &Survey<'_>,
    title: &str,
    path: &Text,
    adaptation: &AdaptationFile,
    fields: &[&FieldDef],
    findings: &mut Findings,
) {
    let leaf = match part_of_type_name(survey, &path.text, fields) {
        true => Some("String"),
        false => leaf_at(survey, &path.text, fields),
    };
    let Some(leaf) = leaf else {
        let near = nearest(&path.text, fields.iter().map(|field| field.name.name.as_str()));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "name a field of the group, or a path to one inside a part: values.\"lines.unit\"".to_owned(),
        };
        findings.fault("VALUES_UNKNOWN", path.place, format!("{title} has no value `{}` to adapt", path.text), help);
        return;
    };
    let schema = survey.written.schema;
    let moved = [
        adaptation.scale.as_ref().map(|(_, place)| (*place, "scale")),
        adaptation.per.as_ref().map(|(_, place)| (*place, "per")),
        adaptation.digits.as_ref().map(|(_, place)| (*place, "digits")),
    ];
    if let Some((place, key)) = moved.into_iter().flatten().next()
        && (BUILT_IN[2..].contains(&leaf) || schema.kind(leaf) == Some(Kind::Enum) || adaptation.words.is_some())
    {
        let message = if adaptation.words.is_some() {
            format!("`{}` is both mapped and reckoned with", path.text)
        } else {
            format!("`{}` is `{leaf}`, which is no number to reckon with", path.text)
        };
        findings.fault("SCALE_POINTLESS", place, message, format!("delete `{key}`"));
    }
    let Some(words) = &adaptation.words else { return };
    let Some(ty) = schema.types.get(leaf).filter(|ty| ty.kind == Kind::Enum) else { return };
    for word in words.values() {
        if !ty.values.iter().any(|value| value.name.name == word.text) {
            let help = match nearest(&word.text, ty.values.iter().map(|value| value.name.name.as_str())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("use a value of `{leaf}`"),
            };
            let message = format!("`{}` is no value of the enum `{leaf}`", word.text);
            findings.fault("MAP_WORD", word.place, message, help);
        }
    }
}

/// Checks one `fields.name = "/pointer"`.
fn field_known(survey: &Survey<'_>, title: &str, path: &Text, fields: &[&FieldDef], findings: &mut Findings) {
    let is_part = |path: &str| {
        fields
            .iter()
            .any(|field| field.name.name == path && matches!(survey.category(field.ty.named()), Category::Parts(_)))
    };
    if path.text == "__typename"
        || part_of_type_name(survey, &path.text, fields)
        || is_part(&path.text)
        || leaf_at(survey, &path.text, fields).is_some()
    {
        return;
    }
    let help = match nearest(&path.text, fields.iter().map(|field| field.name.name.as_str())) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "name a field of the group, or a path to one inside a part: fields.\"lines.sku\"".to_owned(),
    };
    findings.fault("FIELDS_UNKNOWN", path.place, format!("{title} does not answer a field `{}`", path.text), help);
}

/// Whether a path is the `__typename` of a part that may have several types.
fn part_of_type_name(survey: &Survey<'_>, path: &str, fields: &[&FieldDef]) -> bool {
    let Some((part, "__typename")) = path.rsplit_once('.') else { return false };
    let field = fields.iter().find(|field| field.name.name == part);
    field.is_some_and(|field| matches!(survey.category(field.ty.named()), Category::Parts(parts) if parts.len() > 1))
}

/// Follows a path to a leaf, through parts of any of the types a field may have; returns the leaf's type.
fn leaf_at<'a>(survey: &Survey<'a>, path: &str, fields: &[&'a FieldDef]) -> Option<&'a str> {
    let (head, rest) = path.split_once('.').map_or((path, None), |(head, rest)| (head, Some(rest)));
    let named = fields.iter().find(|field| field.name.name == head)?.ty.named();
    match (survey.category(named), rest) {
        (Category::Leaf | Category::Unknown, None) => Some(named),
        (Category::Parts(parts), Some(rest)) => parts.into_iter().find_map(|part| {
            let fields: Vec<&FieldDef> = survey.written.schema.types.get(part)?.fields.iter().collect();
            leaf_at(survey, rest, &fields)
        }),
        _ => None,
    }
}
