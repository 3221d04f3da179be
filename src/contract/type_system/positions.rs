//! Positions: every type in use exists and may stand where it stands.

use super::{
    Schema,
    sdl::{Kind, Named, TypeUse},
};
use crate::{
    contract::{merge::article, nearest},
    diagnostic::{Findings, Place},
};

/// Checks every use of a type.
pub(super) fn check(schema: &Schema, findings: &mut Findings) {
    for ty in schema.types.values() {
        for field in &ty.fields {
            let what = format!("field `{}.{}`", ty.name.name, field.name.name);
            output(schema, &field.ty, &what, findings);
            for argument in &field.arguments {
                let what = format!("argument `{}` of `{}.{}`", argument.name.name, ty.name.name, field.name.name);
                input(schema, &argument.ty, &what, findings);
            }
        }
        for field in &ty.inputs {
            input(schema, &field.ty, &format!("input field `{}.{}`", ty.name.name, field.name.name), findings);
        }
        for member in &ty.members {
            of_kind(schema, member, Kind::Object, "UNION_MEMBER", "a union's members are object types", findings);
        }
        for interface in &ty.implements {
            let code = "INTERFACE_KIND";
            of_kind(schema, interface, Kind::Interface, code, "only interfaces are implemented", findings);
        }
    }
}

fn output(schema: &Schema, ty: &TypeUse, what: &str, findings: &mut Findings) {
    match known(schema, ty.named(), ty.place, findings) {
        Some(Kind::Input) => findings.fault(
            "TYPE_POSITION",
            ty.place,
            format!("{what} gives the input object `{}`, which can only be taken", ty.named()),
            "use an object type",
        ),
        _ => too_many_lists(ty, what, findings),
    }
}

fn input(schema: &Schema, ty: &TypeUse, what: &str, findings: &mut Findings) {
    match known(schema, ty.named(), ty.place, findings) {
        Some(kind @ (Kind::Object | Kind::Interface | Kind::Union)) => findings.fault(
            "TYPE_POSITION",
            ty.place,
            format!("{what} takes `{}`, {}, which can only be given", ty.named(), article(kind)),
            "use a scalar, an enum or an input object",
        ),
        _ => too_many_lists(ty, what, findings),
    }
}

/// Introspection tools read types about seven wrappers deep; past that they see a cut-off type.
fn too_many_lists(ty: &TypeUse, what: &str, findings: &mut Findings) {
    if ty.n_lists() > 3 {
        let message = format!("{what} is nested {} lists deep", ty.n_lists());
        findings.fault("TYPE_DEPTH", ty.place, message, "use at most three lists; put a type between them");
    }
}

fn known(schema: &Schema, name: &str, place: Place, findings: &mut Findings) -> Option<Kind> {
    let kind = schema.kind(name);
    if kind.is_none() && !schema.incomplete {
        let known = schema.types.keys().map(String::as_str);
        let near = nearest(name, known.chain(crate::contract::merge::BUILT_IN.iter().copied()));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "define it, or use a type that exists".to_owned(),
        };
        findings.fault("TYPE_UNKNOWN", place, format!("there is no type `{name}`"), help);
    }
    kind
}

fn of_kind(
    schema: &Schema,
    name: &Named,
    expected: Kind,
    code: &'static str,
    help: &'static str,
    findings: &mut Findings,
) {
    if let Some(kind) = known(schema, &name.name, name.place, findings)
        && kind != expected
    {
        findings.fault(code, name.place, format!("`{}` is {}", name.name, article(kind)), help);
    }
}
