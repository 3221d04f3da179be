//! Interfaces: whoever implements one has its fields, takes their arguments and gives at least as much.

use super::{
    Schema,
    sdl::{FieldDef, Kind, Named, TypeDef, TypeUse, TypeUseKind},
};
use crate::diagnostic::Findings;

/// Checks every implementation.
pub(super) fn check(schema: &Schema, findings: &mut Findings) {
    for ty in schema.types.values() {
        for name in &ty.implements {
            let interface = schema.types.get(&name.name).filter(|other| other.kind == Kind::Interface);
            if let Some(interface) = interface {
                implementation(schema, ty, name, interface, findings);
            }
        }
    }
}

fn implementation(schema: &Schema, ty: &TypeDef, named: &Named, interface: &TypeDef, findings: &mut Findings) {
    let (name, place) = (&ty.name.name, named.place);
    if *name == named.name {
        findings.fault("INTERFACE_CYCLE", place, format!("`{name}` implements itself"), "delete this");
        return;
    }
    for further in &interface.implements {
        if further.name == *name {
            findings.fault(
                "INTERFACE_CYCLE",
                place,
                format!("`{name}` and `{}` implement each other", named.name),
                "let only one of them implement the other",
            );
        } else if !ty.implements.iter().any(|own| own.name == further.name) {
            findings.fault(
                "INTERFACE_TRANSITIVE",
                place,
                format!("`{}` implements `{}`, so `{name}` must say so too", named.name, further.name),
                format!("write `implements {} & {}`", named.name, further.name),
            );
        }
    }
    for expected in &interface.fields {
        let field_name = &expected.name.name;
        match ty.fields.iter().find(|field| field.name.name == *field_name) {
            Some(field) => implemented_field(schema, ty, &interface.name.name, field, expected, findings),
            None => findings.fault(
                "INTERFACE_FIELD_MISSING",
                place,
                format!("`{name}` lacks the field `{field_name}` of `{}`", interface.name.name),
                format!("add `{field_name}: {}`", expected.ty),
            ),
        }
    }
}

fn implemented_field(
    schema: &Schema,
    ty: &TypeDef,
    interface: &str,
    field: &FieldDef,
    expected: &FieldDef,
    findings: &mut Findings,
) {
    let path = format!("{}.{}", ty.name.name, field.name.name);
    if !gives(schema, &field.ty, &expected.ty) {
        findings.fault(
            "INTERFACE_FIELD_TYPE",
            field.ty.place,
            format!("`{path}` gives `{}` where `{interface}` promises `{}`", field.ty, expected.ty),
            "give the same type, or one that is part of it",
        );
    }
    for argument in &expected.arguments {
        let name = &argument.name.name;
        match field.arguments.iter().find(|own| own.name.name == *name) {
            None => findings.fault(
                "INTERFACE_ARGUMENT",
                field.name.place,
                format!("`{path}` lacks the argument `{name}` of `{interface}`"),
                format!("add `{name}: {}`", argument.ty),
            ),
            Some(own) if own.ty.to_string() != argument.ty.to_string() => findings.fault(
                "INTERFACE_ARGUMENT",
                own.ty.place,
                format!("`{name}` of `{path}` takes `{}` where `{interface}` takes `{}`", own.ty, argument.ty),
                format!("write `{name}: {}`", argument.ty),
            ),
            Some(_) => {}
        }
    }
    for own in &field.arguments {
        let further = !expected.arguments.iter().any(|argument| argument.name.name == own.name.name);
        if further && own.ty.non_null && own.default.is_none() {
            findings.fault(
                "INTERFACE_ARGUMENT",
                own.name.place,
                format!("`{path}` requires `{}`, which `{interface}` does not have", own.name.name),
                "make it nullable or give it a default",
            );
        }
    }
}

/// Whether what `own` gives is always something `promised` allows.
fn gives(schema: &Schema, own: &TypeUse, promised: &TypeUse) -> bool {
    if promised.non_null && !own.non_null {
        return false;
    }
    match (&own.of, &promised.of) {
        (TypeUseKind::List(own), TypeUseKind::List(promised)) => gives(schema, own, promised),
        (TypeUseKind::Named(own), TypeUseKind::Named(promised)) => {
            own == promised
                // A type that is not known is a fault of its own, and nothing follows from it.
                || schema.kind(own).is_none()
                || schema.kind(promised).is_none()
                || schema.possible(promised).contains(&own.as_str())
                || schema.types.get(own).is_some_and(|ty| ty.implements.iter().any(|name| name.name == *promised))
        }
        _ => false,
    }
}
