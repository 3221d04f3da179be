//! Names: none twice, none that GraphQL keeps for itself, nothing empty.

use std::collections::BTreeMap;

use super::{
    Schema,
    sdl::{InputDef, Kind, Named, TypeDef},
};
use crate::diagnostic::Findings;

/// Checks the names of types and all they hold.
pub(super) fn check(schema: &Schema, findings: &mut Findings) {
    for ty in schema.types.values() {
        reserved(&ty.name, "type", findings);
        check_type(ty, findings);
    }
}

fn check_type(ty: &TypeDef, findings: &mut Findings) {
    let name = &ty.name.name;
    let holder = format!("`{name}`");
    unique(ty.fields.iter().map(|field| &field.name), "field", &holder, findings);
    unique(ty.inputs.iter().map(|input| &input.name), "field", &holder, findings);
    unique(ty.values.iter().map(|value| &value.name), "value", &holder, findings);
    unique(ty.members.iter(), "member", &holder, findings);
    unique(ty.implements.iter(), "interface", &holder, findings);
    for field in &ty.fields {
        reserved(&field.name, "field", findings);
        let holder = format!("`{name}.{}`", field.name.name);
        unique(field.arguments.iter().map(|argument| &argument.name), "argument", &holder, findings);
        inputs(&field.arguments, "argument", findings);
    }
    inputs(&ty.inputs, "field", findings);
    for value in &ty.values {
        reserved(&value.name, "value", findings);
    }
    let empty = match ty.kind {
        Kind::Scalar => None,
        Kind::Object | Kind::Interface => ty.fields.is_empty().then_some("field"),
        Kind::Union => ty.members.is_empty().then_some("member"),
        Kind::Enum => ty.values.is_empty().then_some("value"),
        Kind::Input => ty.inputs.is_empty().then_some("field"),
    };
    if let Some(what) = empty {
        let message = format!("`{name}` has no {what}");
        findings.fault("TYPE_EMPTY", ty.name.place, message, format!("give it at least one {what}, or delete it"));
    }
}

fn inputs(inputs: &[InputDef], what: &str, findings: &mut Findings) {
    for input in inputs {
        reserved(&input.name, what, findings);
    }
}

fn reserved(name: &Named, what: &str, findings: &mut Findings) {
    if name.name.starts_with("__") {
        findings.fault(
            "NAME_RESERVED",
            name.place,
            format!("the {what} name `{}` begins with two underscores, which GraphQL keeps for itself", name.name),
            "choose another name",
        );
    }
}

fn unique<'a>(names: impl Iterator<Item = &'a Named>, what: &str, holder: &str, findings: &mut Findings) {
    let mut seen = BTreeMap::new();
    for name in names {
        if seen.insert(name.name.as_str(), ()).is_some() {
            findings.fault(
                "NAME_DUPLICATE",
                name.place,
                format!("{holder} has the {what} `{}` twice", name.name),
                "keep one of them",
            );
        }
    }
}
