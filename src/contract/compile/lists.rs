//! Lists: `@list` fields, and the list queries they use.

use std::collections::BTreeMap;

use super::{
    super::{
        binding::{ListAsked, ListFile, Parameter},
        directive,
        reader::Text,
        sdl::FieldDef,
    },
    FieldId, bindings,
    classify::Class,
    feeds::{Fed, Reader},
    groups::{self, Groups},
    inside,
    keys::Crossrefs,
    odata, order, paging, path,
    references::{common_key, nullable},
    scopes,
    shapes::adaptations,
    survey::{Category, Survey},
};
use crate::{
    contract::{Feed, List, ListUse, nearest},
    diagnostic::{Findings, Place},
    value::{DomainId, ListId},
};

/// The lists that are used, and by which fields.
#[derive(Default)]
pub(super) struct Lists<'a> {
    pub lists: Vec<List>,
    pub uses: BTreeMap<FieldId<'a>, ListUse>,
}

/// What a `@list` field asks for.
struct Asked<'a> {
    named: &'a str,
    possible: Vec<&'a str>,
    connection: bool,
    key_names: Vec<&'a str>,
}

/// Compiles all `@list` fields and the lists they use.
pub(super) fn compile<'a>(
    survey: &Survey<'a>,
    classes: &BTreeMap<FieldId<'a>, Class>,
    groups: &Groups<'a>,
    crossrefs: &Crossrefs<'a>,
    findings: &mut Findings,
) -> Lists<'a> {
    let mut out = Lists::default();
    let mut targets: BTreeMap<&str, &str> = BTreeMap::new();
    let parameters: BTreeMap<&str, Vec<Parameter>> = (survey.lists.iter())
        .filter_map(|(name, (_, file))| Some((*name, parameters_of(survey, file, findings)?)))
        .collect();
    for ((type_name, position), class) in classes {
        let Some(ty) = survey.written.schema.types.get(*type_name).filter(|_| *class == Class::List) else { continue };
        let field = &ty.fields[*position];
        let reader = Reader { survey, classes, ty, field };
        let Some((name, place)) = directive::find(&field.directives, "list").and_then(|one| one.text("name")) else {
            continue;
        };
        let asked = asked(reader, findings);
        let Some((name, (system, file))) = survey.lists.get_key_value(name) else {
            unknown(survey, name, place, findings);
            continue;
        };
        let (name, system) = (*name, *system);
        let first_use = !targets.contains_key(name);
        // Even a field that is wrong uses the list, which must not be called unused.
        let target = *targets.entry(name).or_insert_with(|| asked.as_ref().map_or("", |asked| asked.named));
        let Some(asked) = asked else { continue };
        if !target.is_empty() && target != asked.named {
            findings.fault(
                "LIST_TARGET",
                place,
                format!("the list `{name}` gives `{target}` elsewhere and `{}` here", asked.named),
                "use one list for each type",
            );
        }
        let known = parameters.get(name);
        // Of a query that does not read nobody knows the parameters.
        let fed = known.map(|known| arguments(reader, file, known, asked.connection, findings)).unwrap_or_default();
        let known = known.map_or(&[][..], Vec::as_slice);
        if first_use {
            let list = list(survey, (groups, crossrefs), (name, file), &asked, known, findings);
            out.lists.extend(list.map(|list| List { system, ..list }));
        }
        let number = out.lists.iter().position(|list| list.name == name).unwrap_or_default();
        let arguments = fed.into_iter().map(|fed| fed.map(|fed| fed.feed)).collect();
        let list_use = ListUse { list: ListId::from(number), arguments, connection: asked.connection };
        out.uses.insert((*type_name, *position), list_use);
    }
    for (name, (_, file)) in &survey.lists {
        if !targets.contains_key(name) && !survey.written.schema.incomplete {
            findings.notice(
                "LIST_UNUSED",
                file.name.place,
                format!("no field uses the list `{name}`"),
                format!("give a field @list(name: \"{name}\"), or delete the list"),
            );
        }
    }
    out
}

fn parameters_of(survey: &Survey<'_>, file: &ListFile, findings: &mut Findings) -> Option<Vec<Parameter>> {
    match file.asked.parameters()? {
        Ok(parameters) => Some(parameters),
        Err((query, unreadable)) => {
            bindings::not_readable(survey.written, query, unreadable, findings);
            None
        }
    }
}

fn unknown(survey: &Survey<'_>, name: &str, place: Place, findings: &mut Findings) {
    let all_read = survey.written.settings.readable && survey.written.systems.iter().all(|system| system.readable);
    if all_read {
        let help = match nearest(name, survey.lists.keys().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("add [lists.{name}] with a query to the file of the system that has it"),
        };
        findings.fault("LIST_UNKNOWN", place, format!("no system file has a list `{name}`"), help);
    }
}

/// Finds out what a field asks of its list.
fn asked<'a>(reader: Reader<'_, 'a>, findings: &mut Findings) -> Option<Asked<'a>> {
    let Reader { survey, ty, field, .. } = reader;
    let path = path(ty, field);
    let named = field.ty.named();
    let (connection, named, possible) = match survey.category(named) {
        Category::Unknown => return None,
        Category::Connection => {
            let node = paging::node_type(survey, named)?;
            let Category::Entities(possible) = survey.category(node) else { return None };
            (true, node, possible)
        }
        Category::Entities(possible) => (false, named, possible),
        _ => {
            findings.fault(
                "LIST_OF",
                field.ty.place,
                format!("`{path}` lists `{named}`, which is no entity"),
                "list a type with a @key, or a connection of one",
            );
            return None;
        }
    };
    if field.ty.n_lists() != usize::from(!connection) {
        let help = if connection { format!("write `{}`", field.ty.named()) } else { format!("write `[{named}]`") };
        findings.fault("LIST_OF", field.ty.place, format!("`{path}` is `{}`, which is no list", field.ty), help);
        return None;
    }
    if field.ty.non_null {
        findings.fault(
            "LIST_NON_NULL",
            field.ty.place,
            format!("`{path}` is never null, so its whole holder is lost when the list cannot be fetched"),
            format!("write `{}`", field.ty.to_string().trim_end_matches('!')),
        );
    }
    if !connection {
        nullable(&path, field, findings);
    }
    paging_arguments(&path, field, connection, findings);
    let key_names = common_key(survey, named, &possible, &path, field, findings)?;
    Some(Asked { named, possible, connection, key_names })
}

fn paging_names(connection: bool) -> &'static [&'static str] {
    if connection { &["first", "after", "last", "before"] } else { &["first"] }
}

fn paging_arguments(path: &str, field: &FieldDef, connection: bool, findings: &mut Findings) {
    for argument in &field.arguments {
        let name = argument.name.name.as_str();
        if !paging_names(connection).contains(&name) {
            continue;
        }
        let expected = if matches!(name, "first" | "last") { "Int" } else { "String" };
        if argument.ty.n_lists() > 0 || argument.ty.named() != expected {
            findings.fault(
                "PAGING_ARGUMENT",
                argument.ty.place,
                format!("`{name}` of `{path}` is `{}`", argument.ty),
                format!("write `{name}: {expected}`; it says which page is wanted"),
            );
        }
    }
}

/// Finds what feeds each parameter of a list: the template, else an argument of its name, else a field beside.
fn arguments<'a>(
    reader: Reader<'_, 'a>,
    file: &ListFile,
    uses: &[Parameter],
    connection: bool,
    findings: &mut Findings,
) -> Vec<Option<Fed<'a>>> {
    let Reader { ty, field, .. } = reader;
    let list = &file.name.text;
    let is = |named: &Option<Text>, parameter: &str| named.as_ref().is_some_and(|named| named.text == parameter);
    let path = path(ty, field);
    let parameters = names(uses);
    let mut fed: BTreeMap<&str, Option<Fed<'a>>> = BTreeMap::new();
    let written = directive::find(&field.directives, "list");
    let args = written.and_then(|one| one.text("args"));
    if args.is_none() && written.is_some_and(|one| one.arguments.iter().any(|(name, ..)| name.name == "args")) {
        return Vec::new();
    }
    let lines = args.map(|(text, place)| reader.template(text, place, findings).ok_or(()));
    // After a template that does not read, what it would have fed is not missed.
    let Some(lines) = lines.transpose().ok() else { return Vec::new() };
    let mut broken = false;
    for line in lines.iter().flatten() {
        let Some(parameter) = parameters.iter().find(|parameter| **parameter == line.name) else {
            let help = match nearest(&line.name, parameters.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("use :{} in the query, or delete this", line.name),
            };
            let message = format!("the query of `{list}` has no parameter `:{}`", line.name);
            findings.fault("LIST_ARGUMENT", line.name_place, message, help);
            broken = true;
            continue;
        };
        if is(&file.own, parameter) {
            findings.fault(
                "LIST_OWN_FED",
                line.name_place,
                format!("`:{parameter}` of `{list}` takes the caller's login, and `{path}` feeds it something else"),
                "delete this: who asks feeds it",
            );
        }
        let found = reader.feed(&line.source, line.source_place, findings);
        broken |= found.is_none();
        if let Some(found) = &found {
            one_for_one(found, parameter, uses, line.source_place, findings);
        }
        fed.insert(parameter, found);
    }
    for parameter in &parameters {
        if fed.contains_key(parameter) {
            continue;
        }
        if is(&file.own, parameter) {
            continue;
        }
        let argument = (field.arguments.iter())
            .find(|argument| argument.name.name == **parameter)
            .filter(|_| !paging_names(connection).contains(parameter));
        let found = match argument {
            Some(argument) => {
                let source = super::super::template::Source::Argument(vec![(*parameter).to_owned()]);
                reader.feed(&source, argument.name.place, findings)
            }
            // Whoever asks feeds it.
            None if is(&file.scope, parameter) => continue,
            None => reader.silent_sibling(parameter),
        };
        match (&found, argument) {
            (Some(found), argument) => {
                let place = argument.map_or(field.name.place, |argument| argument.ty.place);
                one_for_one(found, parameter, uses, place, findings);
            }
            (None, Some(_)) => broken = true,
            (None, None) => findings.fault(
                "LIST_PARAMETER_UNFED",
                field.name.place,
                format!("nothing feeds `:{parameter}` of the list `{list}` at `{path}`"),
                format!("add an argument `{parameter}`, or @list(args: \"{parameter}: …\")"),
            ),
        }
        fed.insert(parameter, found);
    }
    if !broken {
        let read: Vec<&Feed> = fed.values().flatten().map(|fed| &fed.feed).collect();
        reader.unread_arguments(&read, paging_names(connection), findings);
    }
    parameters.iter().map(|parameter| fed.remove(parameter).flatten()).collect()
}

fn names(uses: &[Parameter]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for one in uses {
        if !names.contains(&one.name.as_str()) {
            names.push(&one.name);
        }
    }
    names
}

/// A list of values needs `in (:name)`.
fn one_for_one(fed: &Fed<'_>, parameter: &str, uses: &[Parameter], place: Place, findings: &mut Findings) {
    let as_value = uses.iter().any(|one| one.name == parameter && one.is_single);
    if fed.many && as_value {
        findings.fault(
            "LIST_PARAMETER_MANY",
            place,
            format!("`:{parameter}` gets a list of values, but the query uses it as one"),
            format!("write `in (:{parameter})` in the query, or give a single value"),
        );
    }
}

fn list(
    survey: &Survey<'_>,
    (groups, crossrefs): (&Groups<'_>, &Crossrefs<'_>),
    (name, file): (&str, &ListFile),
    asked: &Asked<'_>,
    uses: &[Parameter],
    findings: &mut Findings,
) -> Option<List> {
    let system = survey.lists.get(name).map(|(system, _)| *system).unwrap_or(crate::value::SystemId(0));
    let mapped = crossrefs.of_list(survey, system, file, &asked.possible, &asked.key_names, findings);
    let (key, key_columns) = match mapped {
        Some(mapped) => (Some(mapped.mapping), mapped.columns),
        None => (None, asked.key_names.iter().map(|name| (*name).to_owned()).collect()),
    };
    let argument_keys = crossrefs.of_parameters(survey, system, file, &names(uses), findings);
    let domain = match &file.domain {
        Some(domain) => survey.domain_named(&domain.text, domain.place, findings),
        None => identity_domain(survey, groups, asked.named),
    };
    let key_fields = match survey.category(survey.type_key(asked.named)) {
        Category::Entities(possible) => possible.first().map_or(Vec::new(), |ty| survey.key_fields(ty)),
        _ => Vec::new(),
    };
    for (path, adaptation) in file.values.iter().filter(|(path, _)| !key_columns.contains(&path.text)) {
        bindings::values(survey, &format!("[lists.{name}]"), path, adaptation, &key_fields, findings);
    }
    let order = match &file.asked {
        ListAsked::Inside(asked_of) => inside::list(survey, (system, asked.named), asked_of, &key_columns, findings),
        _ => order::order(name, file, &key_columns, findings),
    };
    let parameters: Vec<String> = names(uses).into_iter().map(str::to_owned).collect();
    if let ListAsked::Odata(asked) = &file.asked {
        let title = format!("[lists.{name}]");
        let checked = odata::Checked { title: &title, fields: &file.fields, key_columns: &key_columns };
        let columns: Vec<String> = order.iter().map(|order| order.column.clone()).collect();
        odata::list(&checked, asked, &columns, &parameters, findings);
    }
    Some(List {
        name: name.to_owned(),
        system,
        of: survey.type_ids.get(asked.named).copied().unwrap_or(crate::value::TypeId(0)),
        order,
        key_columns,
        key,
        parameters,
        argument_keys,
        fields: file.fields.iter().map(|(column, pointer)| (column.text.clone(), pointer.clone())).collect(),
        binding: file.asked.compile()?,
        narrowed: scopes::narrowed(survey, file, &asked.possible, uses, findings),
        page_rows_max: file.page_rows_max,
        page_rows_default: file.page_rows_default,
        count_max: file.count_max,
        domain: domain.unwrap_or(DomainId(0)),
        adaptations: adaptations(&file.values, file.trim, file.zone.as_ref(), &survey.system(system).inherited),
    })
}

fn identity_domain(survey: &Survey<'_>, groups: &Groups<'_>, named: &str) -> Option<DomainId> {
    let possible = survey.written.schema.possible(named);
    let domains = possible.into_iter().filter_map(|ty| {
        let identity = survey.entity_facts(ty)?.identity.as_ref()?;
        groups.get(identity)?.domain
    });
    groups::tightest(survey, domains)
}

impl<'a> Survey<'a> {
    /// Returns a type's name as the schema keeps it.
    fn type_key(&self, name: &str) -> &'a str {
        self.written.schema.types.get_key_value(name).map_or("", |(name, _)| name.as_str())
    }
}
