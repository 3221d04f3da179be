//! Protection: whose rows these are, who has which fields, and who holds copies.
//!
//! An entity is taken for customer data when its own domain or the domain of one of its fields is of the family
//! `customer` or `order`, or when a field of its key is named `account`. Such an entity says by `@scope` which field names
//! the account.

use super::{
    super::{
        directive,
        sdl::{DirectiveUse, FieldDef, TypeDef},
    },
    path, scopes,
    survey::{EntityFacts, Survey, TypeRole},
    visible::Visible,
};
use crate::{contract::nearest, diagnostic::Findings, value::AudienceId};

/// The families of domains that hold customer data.
const CUSTOMER_FAMILIES: &[&str] = &["customer", "order"];

/// The enum whose values are what a caller may do.
const PERMISSION: &str = "Permission";

/// Checks scopes, audiences, permissions, copies and handovers.
pub(super) fn check(survey: &Survey<'_>, findings: &mut Findings) {
    for ty in survey.written.schema.types.values() {
        audiences(survey, &ty.directives, findings);
        for field in &ty.fields {
            audiences(survey, &field.directives, findings);
            for argument in &field.arguments {
                audiences(survey, &argument.directives, findings);
            }
        }
    }
    for (ty, part) in survey.objects() {
        if let TypeRole::Entity(facts) = part {
            scope(ty, facts, findings);
            scopes::check(survey, ty, facts, findings);
            handover(survey, ty, facts, findings);
            copies(survey, ty, facts, findings);
        }
        hidden(survey, ty, findings);
        visible_types(survey, ty, part, findings);
    }
    permissions(survey, findings);
}

fn audiences(survey: &Survey<'_>, uses: &[DirectiveUse], findings: &mut Findings) {
    let Some(visible) = directive::find(uses, "visible") else { return };
    let settings = survey.written.settings;
    for audience in directive::visible_to(uses) {
        if settings.audiences.contains(&audience) || !settings.readable {
            continue;
        }
        let place = visible.arguments.first().map_or(visible.name.place, |(.., place)| *place);
        let said = format!("\"{audience}\"");
        let place = survey.written.within(place, &said, 0..said.len());
        let help = match nearest(&audience, settings.audiences.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "add it to `audiences` in freehold.toml, or name one that is there".to_owned(),
        };
        findings.fault("AUDIENCE_UNKNOWN", place, format!("there is no audience `{audience}`"), help);
    }
}

/// What callers may do is said in the contract's own words, where it has them.
fn permissions(survey: &Survey<'_>, findings: &mut Findings) {
    let written = survey.written;
    let named = written.settings.access.iter().flat_map(|access| &access.permissions);
    let known = written.schema.types.get(PERMISSION).filter(|ty| !ty.values.is_empty());
    let known: Option<Vec<&str>> = known.map(|ty| ty.values.iter().map(|value| value.name.name.as_str()).collect());
    for text in named {
        let is_known = known.as_ref().is_none_or(|known| known.contains(&text.text.as_str()));
        let help = match (text.text.as_str(), &known) {
            ("*", _) => "write [\"*\"] alone for everything, where a role grants it".to_owned(),
            (_, Some(_)) if is_known => continue,
            (_, None) => continue,
            (word, Some(known)) => match nearest(word, known.iter().copied()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("the values of `{PERMISSION}` are {}", known.join(", ")),
            },
        };
        findings.fault("ACCESS_PERMISSION", text.place, format!("there is no permission \"{}\"", text.text), help);
    }
}

fn scope(ty: &TypeDef, facts: &EntityFacts, findings: &mut Findings) {
    let name = &ty.name.name;
    let Some(why) = customer_data(ty, facts).filter(|_| directive::find(&ty.directives, "scope").is_none()) else {
        return;
    };
    let help = match ty.fields.iter().any(|field| field.name.name == "account") {
        true => "add @scope(account: \"account\") to the type".to_owned(),
        false => "add @scope(account: …) to the type, naming the field that holds the account".to_owned(),
    };
    let message = format!("`{name}` is customer data ({why}), but nothing says whose");
    findings.fault("SCOPE_MISSING", ty.name.place, message, help);
}

fn customer_data(ty: &TypeDef, facts: &EntityFacts) -> Option<String> {
    if facts.key.iter().any(|at| ty.fields[*at].name.name == "account") {
        return Some("its key holds an account".to_owned());
    }
    let uses = std::iter::once(&ty.directives).chain(ty.fields.iter().map(|field| &field.directives));
    let mut domains = uses.filter_map(|uses| directive::find(uses, "domain")?.text("name"));
    let (domain, _) = domains.find(|(domain, _)| {
        let family = domain.split('.').next().unwrap_or(domain);
        CUSTOMER_FAMILIES.contains(&family)
    })?;
    Some(format!("its domain is `{domain}`"))
}

fn handover(survey: &Survey<'_>, ty: &TypeDef, facts: &EntityFacts, findings: &mut Findings) {
    let Some(handover) = directive::find(&ty.directives, "handover") else { return };
    let (Some((from, place)), Some(identity)) = (handover.text("from"), &facts.identity) else { return };
    if survey.system(identity.system).name == from {
        findings.fault(
            "HANDOVER_TO_ITSELF",
            place,
            format!("`{from}` owns `{}` already, so there is nothing to hand over", ty.name.name),
            "name the system that has it before, or delete the @handover",
        );
    }
}

fn copies(survey: &Survey<'_>, ty: &TypeDef, facts: &EntityFacts, findings: &mut Findings) {
    for field in &ty.fields {
        let owner = match directive::find(&field.directives, "owner") {
            Some(owner) => owner.text("system").map(|(system, _)| system),
            None => facts.identity.as_ref().map(|identity| survey.system(identity.system).name.as_str()),
        };
        for copy in field.directives.iter().filter(|one| one.name.name == "copy") {
            if let Some((system, place)) = copy.text("system")
                && Some(system) == owner
            {
                let message = format!("`{system}` owns `{}`, so what it holds is no copy", path(ty, field));
                findings.fault("COPY_OF_ITSELF", place, message, "name the system that holds the copy");
            }
        }
    }
}

/// GraphQL has no type without fields, and a type has every field of its interfaces.
fn hidden(survey: &Survey<'_>, ty: &TypeDef, findings: &mut Findings) {
    let internal = |uses: &[DirectiveUse]| directive::find(uses, "internal").is_some();
    if internal(&ty.directives) {
        return;
    }
    if !ty.fields.is_empty() && ty.fields.iter().all(|field| internal(&field.directives)) {
        findings.fault(
            "INTERNAL_ALL",
            ty.name.place,
            format!("all fields of `{}` are internal, but the type is not", ty.name.name),
            "put @internal on the type",
        );
    }
    for field in &ty.fields {
        needs(ty, field, findings);
        arguments(survey, ty, field, findings);
        let interfaces = ty.implements.iter().filter_map(|name| survey.written.schema.types.get(&name.name));
        let promised = interfaces.flat_map(|interface| interface.fields.iter().map(move |field| (interface, field)));
        let audiences = directive::visible_to(&field.directives);
        for (interface, promised) in promised.filter(|(_, promised)| promised.name.name == field.name.name) {
            let of_interface = directive::visible_to(&promised.directives);
            let for_fewer = !audiences.is_empty()
                && (of_interface.is_empty() || of_interface.iter().any(|audience| !audiences.contains(audience)));
            let hiding = if internal(&field.directives) { Some("internal") } else { for_fewer.then_some("visible") };
            let Some(hiding) = hiding.and_then(|name| directive::find(&field.directives, name)) else { continue };
            findings.fault(
                "INTERFACE_HIDDEN",
                hiding.name.place,
                format!("`{}` is hidden from some who have it through `{}`", path(ty, field), interface.name.name),
                "delete this, or say the same on the interface's field",
            );
        }
    }
}

/// Whoever lacks a permission finds null, so null must be able to stand there.
fn needs(ty: &TypeDef, field: &FieldDef, findings: &mut Findings) {
    let Some(needs) = directive::find(&field.directives, "needs") else { return };
    if field.ty.non_null {
        findings.fault(
            "NEEDS_NON_NULL",
            needs.name.place,
            format!("`{}` is `{}`, so it cannot be null for whoever lacks the permission", path(ty, field), field.ty),
            format!("write `{}`", field.ty.to_string().trim_end_matches('!')),
        );
    }
}

/// An argument that some do not have must be one that they can do without.
fn arguments(survey: &Survey<'_>, ty: &TypeDef, field: &FieldDef, findings: &mut Findings) {
    for argument in &field.arguments {
        let Some(visible) = directive::find(&argument.directives, "visible") else { continue };
        let promised = ty.implements.iter().any(|name| {
            let interface = survey.written.schema.types.get(&name.name);
            interface.is_some_and(|interface| interface.fields.iter().any(|one| one.name.name == field.name.name))
        });
        let why = match () {
            () if argument.ty.non_null && argument.default.is_none() => "must be given",
            () if promised => "is promised by an interface",
            () => continue,
        };
        findings.fault(
            "ARGUMENT_HIDDEN",
            visible.name.place,
            format!("`{}` of `{}` is hidden from some, and {why}", argument.name.name, path(ty, field)),
            "give it a default or make it nullable, or hide the whole field",
        );
    }
}

/// A type that nobody of an audience has a field of must itself be hidden from them; a part that comes as one of several
/// types cannot be, since the record holds it whoever asks.
fn visible_types(survey: &Survey<'_>, ty: &TypeDef, role: &TypeRole, findings: &mut Findings) {
    let visible = Visible { survey };
    let audiences = (0..survey.written.settings.audiences.len()).map(AudienceId::from);
    let has = |uses: &[DirectiveUse], audience| visible.written(uses).includes(Some(audience));
    let without = audiences
        .filter(|audience| has(&ty.directives, *audience))
        .find(|audience| !ty.fields.is_empty() && !ty.fields.iter().any(|field| has(&field.directives, *audience)));
    if let Some(audience) = without {
        let audience = &survey.written.settings.audiences[audience.index()];
        findings.fault(
            "VISIBLE_NONE",
            ty.name.place,
            format!("all fields of `{}` are hidden from `{audience}`, but the type is not", ty.name.name),
            "put @visible on the type",
        );
    }
    let schema = survey.written.schema;
    let of_several = !ty.implements.is_empty()
        || schema.types.values().any(|union| union.members.iter().any(|member| member.name == ty.name.name));
    if let (TypeRole::Part, true, Some(visible)) = (role, of_several, directive::find(&ty.directives, "visible")) {
        findings.fault(
            "VISIBLE_PART",
            visible.name.place,
            format!("`{}` is one of several types that a record may hold, whoever asks", ty.name.name),
            "put @visible on the fields that lead to it",
        );
    }
}
