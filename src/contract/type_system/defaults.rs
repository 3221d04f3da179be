//! Default values fit their types; input objects can be written down at all.

use super::{
    Schema,
    sdl::{InputDef, Kind, TypeDef, TypeUse, TypeUseKind, Value},
};
use crate::{
    contract::directive,
    diagnostic::Findings,
    value::{Leaf, Scalar},
};

/// Checks arguments and input fields.
pub(super) fn check(schema: &Schema, findings: &mut Findings) {
    for ty in schema.types.values() {
        for field in &ty.fields {
            for argument in &field.arguments {
                input(schema, argument, findings);
            }
        }
        for field in &ty.inputs {
            input(schema, field, findings);
        }
        if ty.kind == Kind::Input {
            one_of(ty, findings);
            endless(schema, ty, findings);
        }
    }
}

fn input(schema: &Schema, input: &InputDef, findings: &mut Findings) {
    if let Some((value, place)) = &input.default
        && let Err(why) = fits(schema, value, &input.ty, 0)
    {
        findings.fault(
            "DEFAULT_TYPE",
            *place,
            format!("the default of `{}` does not fit `{}`: {why}", input.name.name, input.ty),
            format!("write a value of type `{}`", input.ty),
        );
    }
    if input.ty.non_null && input.default.is_none() && directive::deprecation(&input.directives).is_some() {
        findings.fault(
            "DEPRECATED_REQUIRED",
            input.name.place,
            format!("`{}` is required, so nobody can stop using it", input.name.name),
            "make it nullable or give it a default before you deprecate it",
        );
    }
}

fn one_of(ty: &TypeDef, findings: &mut Findings) {
    if directive::find(&ty.directives, "oneOf").is_none() {
        return;
    }
    for field in &ty.inputs {
        if field.ty.non_null || field.default.is_some() {
            findings.fault(
                "ONE_OF_FIELD",
                field.name.place,
                format!("`{}.{}` cannot be left out, but exactly one field is given", ty.name.name, field.name.name),
                "make every field of a @oneOf input nullable and without a default",
            );
        }
    }
}

/// Finds a cycle of required input fields that leads back to `start`: no value of it could ever be written.
fn endless(schema: &Schema, start: &TypeDef, findings: &mut Findings) {
    let required = |ty: &TypeUse| match &ty.of {
        TypeUseKind::Named(name) if ty.non_null => Some(name.clone()),
        _ => None,
    };
    for field in &start.inputs {
        let mut open: Vec<String> = required(&field.ty).into_iter().collect();
        let mut seen = Vec::new();
        while let Some(name) = open.pop() {
            if name == start.name.name {
                findings.fault(
                    "INPUT_ENDLESS",
                    field.ty.place,
                    format!("`{name}` requires itself through `{}`, so it can never be written", field.name.name),
                    "make one field of the cycle nullable",
                );
                return;
            }
            if seen.contains(&name) {
                continue;
            }
            let inputs = schema.types.get(&name).map_or(&[][..], |ty| &ty.inputs);
            open.extend(inputs.iter().filter_map(|input| required(&input.ty)));
            seen.push(name);
        }
    }
}

/// Values nested deeper than this are refused rather than followed.
const DEPTH_MAX: usize = 32;

fn fits(schema: &Schema, value: &Value, ty: &TypeUse, depth: usize) -> Result<(), String> {
    if depth > DEPTH_MAX {
        return Err("it is nested too deep".to_owned());
    }
    if *value == Value::Null {
        return if ty.non_null { Err("it is null".to_owned()) } else { Ok(()) };
    }
    match &ty.of {
        TypeUseKind::List(item) => match value {
            Value::List(items) => items.iter().try_for_each(|one| fits(schema, one, item, depth + 1)),
            // One value alone stands for a list of it.
            one => fits(schema, one, item, depth + 1),
        },
        TypeUseKind::Named(name) => named(schema, value, name, depth),
    }
}

fn named(schema: &Schema, value: &Value, name: &str, depth: usize) -> Result<(), String> {
    let written = schema.types.get(name);
    match schema.kind(name) {
        Some(Kind::Scalar) => scalar(value, name),
        Some(Kind::Enum) => match value {
            Value::Enum(word) if written.is_some_and(|ty| ty.values.iter().any(|v| v.name.name == word.as_str())) => {
                Ok(())
            }
            other => Err(format!("{other} is no value of the enum")),
        },
        Some(Kind::Input) => match (value, written) {
            (Value::Object(members), Some(ty)) => {
                for (member, value) in members {
                    let field = ty.inputs.iter().find(|input| input.name.name == member.as_str());
                    let field = field.ok_or_else(|| format!("`{name}` has no field `{member}`"))?;
                    fits(schema, value, &field.ty, depth + 1)?;
                }
                let missing = ty.inputs.iter().find(|input| {
                    input.ty.non_null
                        && input.default.is_none()
                        && !members.iter().any(|(member, _)| member.as_str() == input.name.name)
                });
                let exactly_one = directive::find(&ty.directives, "oneOf").is_none()
                    || (members.len() == 1 && !members.values().any(|value| *value == Value::Null));
                match missing {
                    Some(missing) => Err(format!("it lacks `{}`", missing.name.name)),
                    None if !exactly_one => Err("it gives other than exactly one field".to_owned()),
                    None => Ok(()),
                }
            }
            _ => Err("it is no object".to_owned()),
        },
        // Not known, or not an input: a fault of its own.
        _ => Ok(()),
    }
}

fn scalar(value: &Value, name: &str) -> Result<(), String> {
    let is_number = |value: &Value| matches!(value, Value::Number(_));
    let ok = match name {
        "Int" => matches!(value, Value::Number(number) if number.as_i64().is_some_and(|n| i32::try_from(n).is_ok())),
        "Float" => is_number(value),
        "Boolean" => matches!(value, Value::Boolean(_)),
        "ID" => matches!(value, Value::String(_)) || matches!(value, Value::Number(n) if n.is_i64() || n.is_u64()),
        "String" => matches!(value, Value::String(_)),
        "Decimal" | "Date" | "DateTime" => match value {
            Value::String(text) => Leaf::Scalar(Scalar::named(name)).write_text(text, &mut Vec::new()).is_ok(),
            value => name == "Decimal" && is_number(value),
        },
        _ => true,
    };
    if ok { Ok(()) } else { Err(format!("{value} is no {name}")) }
}
