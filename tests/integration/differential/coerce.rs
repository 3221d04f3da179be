//! Coercion: variables and arguments by the specification (sections 6.1.2 and 6.4.1), to plain JSON; an enum value is a
//! text, what was not given is not there.

use serde_json::{Map, Value};

use super::document::{Literal, Operation};
use super::model::{Input, Ty, World};

/// A value that its type refuses; says which.
pub type Refused = String;

/// Coerces the variables of an operation.
pub fn variables(
    world: &World,
    operation: &Operation,
    given: &Map<String, Value>,
) -> Result<Map<String, Value>, Refused> {
    let mut coerced = Map::new();
    for variable in &operation.variables {
        let value = match (given.get(&variable.name), &variable.default) {
            (Some(given), _) => value(world, given, &variable.ty)?,
            (None, Some(default)) => {
                literal(world, default, &variable.ty, &Map::new())?.expect("a default has no variables")
            }
            (None, None) if variable.ty.is_required() => return Err(format!("${} is required", variable.name)),
            (None, None) => continue,
        };
        coerced.insert(variable.name.clone(), value);
    }
    Ok(coerced)
}

/// Coerces the arguments of a field, or the members of an input object.
pub fn inputs(
    world: &World,
    definitions: &[Input],
    given: &[(String, Literal)],
    variables: &Map<String, Value>,
) -> Result<Map<String, Value>, Refused> {
    let mut coerced = Map::new();
    for input in definitions {
        let given = given.iter().find(|(name, _)| *name == input.name);
        let value = match given {
            Some((_, literal_given)) => literal(world, literal_given, &input.ty, variables)?,
            None => None,
        };
        insert(world, input, value, &mut coerced)?;
    }
    Ok(coerced)
}

fn insert(world: &World, input: &Input, given: Option<Value>, into: &mut Map<String, Value>) -> Result<(), Refused> {
    let coerced = match (given, &input.default) {
        (Some(given), _) => given,
        (None, Some(default)) => value(world, default, &input.ty)?,
        (None, None) if input.ty.is_required() => return Err(format!("{} is required", input.name)),
        (None, None) => return Ok(()),
    };
    into.insert(input.name.clone(), coerced);
    Ok(())
}

/// Coerces a literal; `None` is a variable without a value.
fn literal(world: &World, given: &Literal, ty: &Ty, variables: &Map<String, Value>) -> Result<Option<Value>, Refused> {
    if let Literal::Variable(name) = given {
        return match variables.get(name) {
            Some(Value::Null) if ty.is_required() => Err(format!("${name} is null")),
            found => Ok(found.cloned()),
        };
    }
    if let Ty::NonNull(inner) = ty {
        let coerced = literal(world, given, inner, variables)?;
        return if coerced == Some(Value::Null) { Err("null where none may be".into()) } else { Ok(coerced) };
    }
    let coerced = match (ty, given) {
        (_, Literal::Plain(Value::Null)) => Value::Null,
        (Ty::List(item), Literal::List(items)) => {
            let mut coerced = Vec::new();
            for given in items {
                let value = literal(world, given, item, variables)?.unwrap_or(Value::Null);
                if value.is_null() && item.is_required() {
                    return Err("a null item".into());
                }
                coerced.push(value);
            }
            Value::Array(coerced)
        }
        (Ty::List(item), single) => Value::Array(vec![literal(world, single, item, variables)?.unwrap_or(Value::Null)]),
        (Ty::Named(name), Literal::Object(members)) if world.inputs.contains_key(name) => {
            Value::Object(inputs(world, &world.inputs[name].fields, members, variables)?)
        }
        (_, Literal::Enum(word)) => Value::String(word.clone()),
        (_, Literal::Plain(plain)) => plain.clone(),
        (ty, given) => return Err(format!("{given} is no {ty}")),
    };
    Ok(Some(coerced))
}

/// Coerces a JSON value.
pub fn value(world: &World, given: &Value, ty: &Ty) -> Result<Value, Refused> {
    match (ty, given) {
        (Ty::NonNull(_), Value::Null) => Err("null where none may be".into()),
        (Ty::NonNull(inner), given) => value(world, given, inner),
        (_, Value::Null) => Ok(Value::Null),
        (Ty::List(item), Value::Array(items)) => {
            items.iter().map(|given| value(world, given, item)).collect::<Result<_, _>>().map(Value::Array)
        }
        (Ty::List(item), single) => Ok(Value::Array(vec![value(world, single, item)?])),
        (Ty::Named(name), Value::Object(members)) if world.inputs.contains_key(name) => {
            let mut coerced = Map::new();
            for input in &world.inputs[name].fields {
                let given = members.get(&input.name).map(|given| value(world, given, &input.ty)).transpose()?;
                insert(world, input, given, &mut coerced)?;
            }
            Ok(Value::Object(coerced))
        }
        (_, given) => Ok(given.clone()),
    }
}
