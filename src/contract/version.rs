//! The version: a hash of what a contract means.
//!
//! Every fact becomes a line that names things by name, and the lines are sorted; so formatting, comments, descriptions
//! and the order of files and fields do not matter, and neither does where a system is reached, how patiently, or how it is
//! guarded (`rate`, `retries`, `breaker`), nor how it is heard of its changes, nor what requests may take (`[limits]`, `@cost`): that
//! changes when an answer comes, never what it says.
//! That a field has a copy is said to whoever reads the ownership table; how the copy is read is nobody's answer.

use std::{collections::BTreeMap, fmt::Write};

use super::{
    Answer, Argument, Contract, Feed, Field, GroupBinding, Hierarchy, KeyMapping, ListBinding, Narrowed, Object,
    OdataSet, OnOutage, Role, Scope, SystemKind, TypeKind, TypeRef, TypeRefKind, Visibility, freshness,
    placeholder::canonical, rule_settings,
};
use crate::value::{Adaptations, Pointer, TypeId, duration_text};

/// How many hex digits of the hash are shown: enough that two contracts of a company never share them.
const DIGITS: usize = 16;

/// Hashes a contract.
pub(super) fn version(contract: &Contract) -> String {
    let mut lines = lines(contract);
    lines.sort();
    let hash = blake3::hash(lines.join("\n").as_bytes()).to_hex();
    hash[..DIGITS].to_owned()
}

fn lines(contract: &Contract) -> Vec<String> {
    let mut lines = vec![format!("query {}", name(contract, contract.query))];
    for ty in &contract.types {
        type_lines(contract, &ty.name, &ty.kind, &mut lines);
    }
    for system in &contract.systems {
        lines.push(format!("system {} {}", system.name, system.kind.word()));
        if !system.lag.is_zero() {
            lines.push(format!("system {} lag={}", system.name, duration_text(system.lag)));
        }
        if let SystemKind::Odata { dialect, .. } = &system.kind {
            lines.push(format!("system {} odata={:?} options={:?}", system.name, dialect.version, dialect.options));
        }
    }
    if let Some(Hierarchy { list, parameter, .. }) = &contract.hierarchy {
        let list = contract.list(*list);
        lines.push(format!("hierarchy {} by {}", list.name, list.parameters[*parameter]));
    }
    lines.extend(rule_settings::lines(&contract.rules));
    for domain in &contract.domains {
        let on_outage = match domain.on_outage {
            OnOutage::Refuse => "refuse".to_owned(),
            OnOutage::ServeUpTo(age) => duration_text(age),
        };
        if domain.jitter_percent != freshness::JITTER_PERCENT {
            lines.push(format!("domain {} jitter={}", domain.name, domain.jitter_percent));
        }
        let [max_age, refresh, absent] = [domain.max_age, domain.refresh_after, domain.absent].map(duration_text);
        lines.push(format!("domain {} {max_age} {refresh} {on_outage} {absent}", domain.name));
    }
    for group in contract.groups.iter().filter(|group| !group.holds_copies) {
        let head = format!("group {}", group.name);
        let domain = &contract.domain(group.domain).name;
        lines.push(format!("{head} key={:?} domain={domain}", group.key_columns));
        if let Some(key) = &group.key {
            lines.push(format!("{head} maps {}", mapping(key)));
        }
        if let Some(valid_until) = &group.valid_until {
            lines.push(format!("{head} valid_until={valid_until}"));
        }
        if let Some(as_of) = &group.as_of {
            lines.push(format!("{head} as_of={as_of}"));
        }
        match &group.binding {
            GroupBinding::Sql(asked) => {
                lines.push(format!("{head} query={:?}", canonical(&asked.query)));
                for (field, query) in &asked.parts {
                    lines.push(format!("{head} part {field}={:?}", canonical(query)));
                }
            }
            GroupBinding::File(asked) => lines.push(format!("{head} files={asked:?} fields={:?}", group.fields)),
            GroupBinding::Rest(asked) => lines.push(format!("{head} call={asked:?} fields={:?}", group.fields)),
            GroupBinding::Odata(asked) => lines.push(format!("{head} {}", odata(&asked.set, &group.fields))),
            GroupBinding::GraphQl(asked) => lines.push(format!("{head} asked={asked:?} fields={:?}", group.fields)),
            GroupBinding::Inside(asked) => lines.push(format!("{head} table={}", asked.table.word())),
        }
        adaptation_lines(&head, &group.adaptations, &mut lines);
    }
    for list in &contract.lists {
        let head = format!("list {}", list.name);
        lines.push(format!(
            "{head} system={} of={} key={:?} order={:?} rows={},{} count={} domain={}",
            contract.system(list.system).name,
            name(contract, list.of),
            list.key_columns,
            list.order,
            list.page_rows_max,
            list.page_rows_default,
            list.count_max,
            contract.domain(list.domain).name,
        ));
        if let Some(Narrowed { accounts, login, .. }) = list.narrowed {
            let login = login.map(|login| &list.parameters[login]);
            lines.push(format!("{head} narrowed by {} {login:?}", list.parameters[accounts]));
        }
        let parameters = list.parameters.iter().zip(&list.argument_keys);
        let keys = parameters.filter_map(|(parameter, key)| Some((parameter.as_str(), key.as_ref()?)));
        for (of, key) in list.key.iter().map(|key| ("rows", key)).chain(keys) {
            lines.push(format!("{head} maps {of} {}", mapping(key)));
        }
        match &list.binding {
            ListBinding::Sql(asked) => lines.push(format!("{head} query={:?}", canonical(&asked.query))),
            ListBinding::File(asked) => lines.push(format!("{head} files={asked:?} fields={:?}", list.fields)),
            ListBinding::Rest(asked) => lines.push(format!("{head} call={asked:?} fields={:?}", list.fields)),
            ListBinding::Odata(asked) => {
                lines.push(format!("{head} {} nullable={:?}", odata(&asked.set, &list.fields), asked.nullable));
            }
            ListBinding::GraphQl(asked) => lines.push(format!("{head} asked={asked:?} fields={:?}", list.fields)),
            ListBinding::Inside(asked) => {
                lines.push(format!("{head} table={} filters={:?}", asked.table.word(), list.parameters));
            }
        }
        adaptation_lines(&head, &list.adaptations, &mut lines);
    }
    lines
}

fn mapping(key: &KeyMapping) -> String {
    // The numbers of a cross-reference's groups depend on the order of systems, which is not meaning.
    format!("{:?} crossref={:?}", key.spellings, key.crossref.as_ref().map(|crossref| &crossref.name))
}

/// What a server can is not part of it: it changes how often a system is asked, not for what.
fn odata(set: &OdataSet, fields: &BTreeMap<String, Pointer>) -> String {
    format!(
        "entity={:?} service={:?} filter={:?} options={:?} types={:?} expand={:?} fields={fields:?}",
        set.entity,
        set.service,
        set.filter.as_ref().map(ToString::to_string),
        set.options,
        set.types,
        set.expand,
    )
}

fn adaptation_lines(head: &str, adaptations: &Adaptations, lines: &mut Vec<String>) {
    let zone = adaptations.zone.as_ref().and_then(|zone| zone.iana_name());
    lines.push(format!("{head} trim={} zone={zone:?}", adaptations.trim));
    for (field, adaptation) in &adaptations.fields {
        lines.push(format!("{head} value {field}={adaptation:?}"));
    }
}

fn name(contract: &Contract, id: TypeId) -> &str {
    &contract.ty(id).name
}

fn names(contract: &Contract, ids: &[TypeId]) -> String {
    let mut names: Vec<&str> = ids.iter().map(|id| name(contract, *id)).collect();
    names.sort_unstable();
    names.join(" ")
}

fn type_lines(contract: &Contract, type_name: &str, kind: &TypeKind, lines: &mut Vec<String>) {
    let head = format!("type {type_name}");
    match kind {
        TypeKind::Scalar { specified_by, .. } => lines.push(format!("{head} scalar {specified_by:?}")),
        TypeKind::Enum { values, .. } => {
            lines.push(format!("{head} enum"));
            for value in values {
                lines.push(format!("{head} value {} {:?}", value.name, value.deprecation));
            }
        }
        TypeKind::Input { fields, one_of } => {
            lines.push(format!("{head} input one_of={one_of}"));
            lines.extend(fields.iter().map(|field| format!("{head} field {}", argument(contract, field))));
        }
        TypeKind::Union { possible } => lines.push(format!("{head} union {}", names(contract, possible))),
        TypeKind::Interface { fields, implements, .. } => {
            lines.push(format!("{head} interface implements {}", names(contract, implements)));
            lines.extend(fields.iter().map(|one| format!("{head} field {}", field(contract, one, &[]))));
        }
        TypeKind::Object(object) => {
            let role = match &object.role {
                Role::Root => "root".to_owned(),
                Role::Part { .. } => "part".to_owned(),
                Role::Paging => "paging".to_owned(),
                Role::Entity(entity) => {
                    let key: Vec<_> = entity.key.iter().map(|at| object.fields[*at].name.as_str()).collect();
                    let scope = entity.scope.as_ref().map(|scope| scope_line(object, scope));
                    let handover = entity.handover.map(|group| contract.group(group).name.as_str());
                    let identity = &contract.group(entity.identity).name;
                    format!("entity key={key:?} identity={identity:?} scope={scope:?} handover={handover:?}")
                }
            };
            lines.push(format!("{head} object implements {} {role}", names(contract, &object.implements)));
            lines.extend(
                object.fields.iter().map(|one| format!("{head} field {}", field(contract, one, &object.fields))),
            );
        }
    }
}

fn field(contract: &Contract, field: &Field, siblings: &[Field]) -> String {
    let mut arguments: Vec<String> = field.arguments.iter().map(|one| argument(contract, one)).collect();
    arguments.sort();
    let visible_to = audiences(contract, &field.visible_to);
    let mut copies: Vec<_> = field.copies.iter().map(|copy| (&contract.system(copy.system).name, &copy.name)).collect();
    copies.sort();
    format!(
        "{}({}): {} = {} domain={:?} internal={} visible={visible_to:?} needs={:?} copies={copies:?} deprecated={:?}",
        field.name,
        arguments.join(", "),
        type_ref(contract, &field.ty),
        answer(contract, &field.answer, siblings),
        field.domain.map(|domain| &contract.domain(domain).name),
        field.internal,
        field.needs,
        field.deprecation,
    )
}

fn scope_line(object: &Object, scope: &Scope) -> String {
    let own = scope.own.as_ref().map(|own| (&object.fields[own.login].name, &own.permission));
    let account = &object.fields[scope.account].name;
    format!("{account} permission={:?} children={:?} own={own:?}", scope.permission, scope.children)
}

fn audiences(contract: &Contract, visible_to: &Visibility) -> Option<Vec<String>> {
    let Visibility::Only(audiences) = visible_to else { return None };
    Some(audiences.iter().map(|audience| contract.audiences[audience.index()].clone()).collect())
}

fn answer(contract: &Contract, answer: &Answer, siblings: &[Field]) -> String {
    let feed = |feed: &Feed| match feed {
        Feed::Field(position) => format!("field {}", siblings[*position].name),
        Feed::Argument(path) => format!("argument {}", path.join(".")),
        Feed::Constant(text) => format!("constant {text:?}"),
    };
    match answer {
        // Slot numbers depend on the order of fields, which is not meaning.
        Answer::Slot { group, .. } => format!("slot of {}", contract.group(*group).name),
        Answer::Part { .. } => "part".to_owned(),
        Answer::Reference(reference) => {
            let key: Vec<String> = reference.key.iter().map(feed).collect();
            format!("ref {key:?} {:?}", reference.type_name.as_ref().map(feed))
        }
        Answer::List(list) => {
            let of = contract.list(list.list);
            let mut text = format!("list {} connection={}", of.name, list.connection);
            let mut fed: Vec<String> = (of.parameters.iter().zip(&list.arguments))
                .map(|(parameter, argument)| format!("{parameter}={:?}", argument.as_ref().map(feed)))
                .collect();
            fed.sort();
            let _ = write!(text, " {fed:?}");
            text
        }
        Answer::Rule { rule, .. } => format!("{:?}", contract.rule(*rule).rule),
        Answer::Key(_) | Answer::Provenance | Answer::Paging(_) | Answer::Abstract => format!("{answer:?}"),
    }
}

fn argument(contract: &Contract, argument: &Argument) -> String {
    let default = argument.default.as_ref().map(ToString::to_string);
    let visible_to = audiences(contract, &argument.visible_to);
    let Argument { name, deprecation, .. } = argument;
    format!("{name}: {} = {default:?} {deprecation:?} visible={visible_to:?}", type_ref(contract, &argument.ty))
}

fn type_ref(contract: &Contract, ty: &TypeRef) -> String {
    let of = match &ty.of {
        TypeRefKind::Named(id) => name(contract, *id).to_owned(),
        TypeRefKind::List(item) => format!("[{}]", type_ref(contract, item)),
    };
    if ty.non_null { format!("{of}!") } else { of }
}
