//! Rendering: a world as the folder an engineer would have written. Queries name columns and parameters; an owner in
//! memory answers in their place.

use std::fmt::Write;

use serde_json::Value;

use super::model::{Feed, Field, Input, Role, Source, Storage, Ty, World};

/// Renders the contract's files: path and text.
pub fn files(world: &World) -> Vec<(String, String)> {
    let mut files = vec![("graph.graphql".to_owned(), sdl(world)), ("freehold.toml".to_owned(), settings(world))];
    for system in &world.systems {
        files.push((format!("systems/{system}.toml"), bindings(world, system)));
    }
    files
}

/// Generated documents are far larger than what anybody writes.
const LIMITS: &str =
    "\n[limits]\ndepth = 60\naliases = 100000\nroot_fields = 100000\ndirectives = 100000\ncost = 4000000000\n";

fn settings(world: &World) -> String {
    let systems: Vec<String> = world.systems.iter().map(|system| format!("\"systems/{system}.toml\"")).collect();
    format!("systems = [{}]\n\n[freshness.basic]\nmax_age = \"60s\"\n{LIMITS}", systems.join(", "))
}

/// Renders the columns that hold a field: `weight.value`, `weight.unit` for a flat part.
pub fn columns(
    world: &World,
    path: &str,
    ty: &Ty,
    storage: &std::collections::BTreeMap<String, Storage>,
) -> Vec<String> {
    match storage.get(path) {
        Some(Storage::Query) => vec![],
        Some(Storage::Flat) => (world.objects[ty.name()].fields.iter())
            .filter(|field| field.source == Source::Member)
            .flat_map(|field| columns(world, &format!("{path}.{}", field.name), &field.ty, storage))
            .collect(),
        _ => vec![path.to_owned()],
    }
}

fn bindings(world: &World, system: &str) -> String {
    let mut out = String::from("kind = \"sqlite\"\nurl = \"nowhere.db\"\n");
    for (index, group) in world.groups.iter().enumerate().filter(|(_, group)| group.system == system) {
        let object = &world.objects[&group.entity];
        let Role::Entity { key, .. } = &object.role else { unreachable!("groups are of entities") };
        let mut selected: Vec<String> = key.clone();
        let mut parts = Vec::new();
        for field in object.fields.iter().filter(|field| field.source == Source::Group(index)) {
            selected.extend(columns(world, &field.name, &field.ty, &group.storage));
            if group.storage.get(&field.name) == Some(&Storage::Query) {
                parts.push(field);
            }
        }
        let name = group.group_name.as_ref().map_or(group.entity.clone(), |name| format!("{}.{name}", group.entity));
        let keys = if key.len() == 1 { key[0].clone() } else { format!("({})", key.join(", ")) };
        let quoted: Vec<String> = selected.iter().map(|column| format!("\\\"{column}\\\"")).collect();
        writeln!(out, "\n[{name}]\nquery = \"select {} from t where {keys} in (:keys)\"", quoted.join(", "))
            .expect("text grows");
        for field in parts {
            let parent = match key.as_slice() {
                [_] => "k as parent".to_owned(),
                several => several.iter().map(|key| format!("{key} as parent_{key}")).collect::<Vec<_>>().join(", "),
            };
            let mut members: Vec<String> = Vec::new();
            for ty in world.possible_types(field.ty.name()) {
                for member in world.objects[ty].fields.iter().filter(|member| member.source == Source::Member) {
                    if !members.contains(&member.name) {
                        members.push(member.name.clone());
                    }
                }
            }
            if world.possible_types(field.ty.name()).len() > 1 {
                members.push("__typename".into());
            }
            let query = format!("select {parent}, {} from t where {keys} in (:keys)", members.join(", "));
            writeln!(out, "parts.{} = \"{query}\"", field.name).expect("text grows");
        }
    }
    for list in world.lists.iter().filter(|list| list.system == system) {
        let mut selected: Vec<String> = list.order.iter().map(|(column, _)| column.clone()).collect();
        if world.possible_types(&list.of).len() > 1 {
            selected.push("'x' as __typename".into());
        }
        let conditions: Vec<String> = (list.parameters.iter())
            .map(|parameter| {
                let name = &parameter.name;
                match (parameter.many, parameter.optional) {
                    (true, _) => format!("(:{name} is null or {name} in (:{name}))"),
                    (false, true) => format!("(:{name} is null or {name} = :{name})"),
                    (false, false) => format!("{name} = :{name}"),
                }
            })
            .chain(["1 = 1".to_owned()])
            .collect();
        let order: Vec<String> = (list.order.iter())
            .map(|(column, descends)| format!("\"{column}{}\"", if *descends { " desc" } else { "" }))
            .collect();
        write!(
            out,
            "\n[lists.{}]\nquery = \"select {} from t where {}\"\norder = [{}]\npage_rows_max = {}\npage_rows_default = {}\ncount_max = {}\n",
            list.name,
            selected.join(", "),
            conditions.join(" and "),
            order.join(", "),
            list.page_rows_max,
            list.page_rows_default,
            list.count_max
        )
        .expect("text grows");
    }
    out
}

fn sdl(world: &World) -> String {
    let mut out = String::new();
    for scalar in &world.scalars {
        writeln!(out, "scalar {scalar}").expect("text grows");
    }
    for (name, words) in &world.enums {
        writeln!(out, "enum {name} {{ {} }}", words.join(" ")).expect("text grows");
    }
    for (name, object) in &world.inputs {
        let fields: Vec<String> = object.fields.iter().map(|field| argument(world, field)).collect();
        let one_of = if object.one_of { " @oneOf" } else { "" };
        writeln!(out, "input {name}{one_of} {{ {} }}", fields.join(", ")).expect("text grows");
    }
    for (name, members) in &world.unions {
        writeln!(out, "union {name} = {}", members.join(" | ")).expect("text grows");
    }
    for (name, interface) in &world.interfaces {
        writeln!(out, "interface {name}{} {{", implements(&interface.implements)).expect("text grows");
        for field in &interface.fields {
            writeln!(out, "  {}: {}", field.name, field.ty).expect("text grows");
        }
        out.push_str("}\n");
    }
    for (name, object) in &world.objects {
        let owner = match &object.role {
            Role::Entity { key, identity } => {
                let group = &world.groups[*identity];
                let owner = owner(&group.system, group.group_name.as_deref());
                format!(" @key(fields: \"{}\") {owner} @domain(name: \"basic\")", key.join(" "))
            }
            _ => String::new(),
        };
        writeln!(out, "type {name}{}{owner} {{", implements(&object.implements)).expect("text grows");
        // Part of the fields stand in an extension, as a contract in several files has them.
        let split = if object.fields.len() > 6 { 5 } else { object.fields.len() };
        for (n, field) in object.fields.iter().enumerate() {
            if n == split {
                writeln!(out, "}}\nextend type {name} {{").expect("text grows");
            }
            let arguments: Vec<String> = field.arguments.iter().map(|given| argument(world, given)).collect();
            let arguments = if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
            writeln!(out, "  {}{arguments}: {}{}", field.name, field.ty, directives(world, object, field))
                .expect("text grows");
        }
        out.push_str("}\n");
    }
    out
}

fn implements(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!(" implements {}", names.join(" & ")) }
}

fn owner(system: &str, group_name: Option<&str>) -> String {
    group_name
        .map_or(format!("@owner(system: \"{system}\")"), |name| format!("@owner(system: \"{system}\", as: \"{name}\")"))
}

fn directives(world: &World, object: &super::model::Object, field: &Field) -> String {
    let template = |feeds: &[(String, Feed)]| -> String {
        let written = feeds.iter().map(|(name, feed)| match feed {
            Feed::Sibling(sibling) => format!("{name}: {sibling}"),
            Feed::Argument(path) => format!("{name}: ${}", path.join(".")),
            Feed::Constant(text) => format!("{name}: '{text}'"),
        });
        written.collect::<Vec<_>>().join(", ")
    };
    match (&field.source, &object.role) {
        (Source::Group(index), Role::Entity { identity, .. }) if index != identity => {
            let group = &world.groups[*index];
            format!(" {}", owner(&group.system, group.group_name.as_deref()))
        }
        (Source::Reference { key, type_name }, _) => {
            let mut feeds: Vec<(String, Feed)> = Vec::new();
            feeds.extend(type_name.iter().map(|feed| ("__typename".to_owned(), feed.clone())));
            feeds.extend(key.iter().cloned());
            format!(" @ref(key: \"{}\")", template(&feeds))
        }
        (Source::List { list, feeds, .. }, _) if feeds.is_empty() => {
            format!(" @list(name: \"{}\")", world.lists[*list].name)
        }
        (Source::List { list, feeds, .. }, _) => {
            format!(" @list(name: \"{}\", args: \"{}\")", world.lists[*list].name, template(feeds))
        }
        _ => String::new(),
    }
}

fn argument(world: &World, input: &Input) -> String {
    let default =
        input.default.as_ref().map_or(String::new(), |value| format!(" = {}", literal(world, value, &input.ty)));
    format!("{}: {}{default}", input.name, input.ty)
}

/// Writes an input value of a type as a GraphQL literal.
pub fn literal(world: &World, value: &Value, ty: &Ty) -> String {
    match (ty.nullable(), value) {
        (Ty::List(item), Value::Array(items)) => {
            let items: Vec<String> = items.iter().map(|value| literal(world, value, item)).collect();
            format!("[{}]", items.join(", "))
        }
        (Ty::List(item), value) if !value.is_null() => literal(world, value, item),
        (Ty::Named(name), Value::String(word)) if world.enums.contains_key(name) => word.clone(),
        (Ty::Named(name), Value::Object(members)) if world.inputs.contains_key(name) => {
            let fields = &world.inputs[name].fields;
            let members = members.iter().map(|(name, value)| {
                let field = fields.iter().find(|field| field.name == *name).expect("members are fields");
                format!("{name}: {}", literal(world, value, &field.ty))
            });
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        (_, value) => value.to_string(),
    }
}
