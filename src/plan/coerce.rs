//! Coercion: variables and arguments become values of their declared types, as the GraphQL specification says.
//!
//! In: what was written or sent, the declared types, the contract. Out: coerced values, or a sentence that says which
//! value is wrong and what was expected.

use compact_str::CompactString;

use super::{
    model::{PlannedArguments, PlannedVariable, Within},
    operation::{Operation, WrittenType},
    parse::{Mistake, Refusal, RefusalKind},
};
use crate::{
    contract::{Argument, Contract, TypeKind, TypeRef, TypeRefKind},
    value::{Input, Leaf, Scalar},
};

/// The variables of one request, coerced; those that were neither sent nor have a default are missing.
#[derive(Debug, Clone, Default)]
pub struct Variables(Vec<(CompactString, Input)>);

impl Variables {
    /// Returns a variable's value.
    pub fn value(&self, name: &str) -> Option<&Input> {
        self.0.iter().find(|(variable, _)| variable == name).map(|(_, value)| value)
    }

    /// Whether any of them is, or holds, a list.
    pub(super) fn have_lists(&self) -> bool {
        fn has_list(value: &Input) -> bool {
            match value {
                Input::List(_) => true,
                Input::Object(fields) => fields.iter().any(|(_, value)| has_list(value)),
                _ => false,
            }
        }
        self.0.iter().any(|(_, value)| has_list(value))
    }

    /// Returns what variables are inside a rule's inputs: the arguments of the field that calls it, and pieces of them.
    fn within(arguments: &[(CompactString, Input)], pieces: &[(&'static str, &'static str)]) -> Self {
        let mut values = arguments.to_vec();
        for (name, path) in pieces {
            let mut path = path.split('.');
            let first = path.next().and_then(|first| arguments.iter().find(|(argument, _)| argument == first));
            let value = first.map_or(Input::Null, |(_, value)| piece(value, &path.collect::<Vec<_>>()));
            values.push(((*name).into(), value));
        }
        Self(values)
    }
}

/// Takes a piece out of a value; of a list, a piece out of each item.
fn piece(value: &Input, path: &[&str]) -> Input {
    match (value, path.split_first()) {
        (Input::List(items), Some(_)) => Input::List(items.iter().map(|item| piece(item, path)).collect()),
        (_, Some((name, rest))) => value.field(name).map_or(Input::Null, |value| piece(value, rest)),
        (_, None) => value.clone(),
    }
}

/// Resolves the types of an operation's variables and checks their defaults.
pub(super) fn plan_variables(contract: &Contract, operation: &Operation) -> Result<Vec<PlannedVariable>, Refusal> {
    let mut planned = Vec::with_capacity(operation.variables.len());
    let mut mistakes = Vec::new();
    for variable in &operation.variables {
        let mistake = |message: String| Mistake { message, positions: vec![variable.position] };
        let Some(ty) = type_of(contract, &variable.ty) else {
            mistakes.push(mistake(format!("Variable \"${}\" has a type that is not in the schema", variable.name)));
            continue;
        };
        let default = match &variable.default {
            None => None,
            Some(value) => match coerce(contract, &ty, value, &Variables::default(), Origin::Literal) {
                Ok(value) => Some(value),
                Err(wrong) => {
                    mistakes.push(mistake(format!("The default of variable \"${}\" {wrong}", variable.name)));
                    continue;
                }
            },
        };
        planned.push(PlannedVariable { name: variable.name.clone(), ty, default, position: variable.position });
    }
    if mistakes.is_empty() { Ok(planned) } else { Err(Refusal { kind: RefusalKind::Validation, mistakes }) }
}

fn type_of(contract: &Contract, written: &WrittenType) -> Option<TypeRef> {
    Some(match written {
        WrittenType::Named(name, non_null) => {
            TypeRef { of: TypeRefKind::Named(*contract.type_names.get(name)?), non_null: *non_null }
        }
        WrittenType::List(item, non_null) => {
            TypeRef { of: TypeRefKind::List(Box::new(type_of(contract, item)?)), non_null: *non_null }
        }
    })
}

/// Coerces the variables a request sent.
///
/// *Errors*: every variable that is missing or does not fit.
pub fn coerce_variables(
    contract: &Contract,
    planned: &[PlannedVariable],
    sent: &serde_json::Map<String, serde_json::Value>,
) -> Result<Variables, Refusal> {
    let mut values = Vec::with_capacity(planned.len());
    let mut mistakes = Vec::new();
    for variable in planned {
        let name = &variable.name;
        let mistake = |message: String| Mistake { message, positions: vec![variable.position] };
        match (sent.get(name.as_str()), &variable.default) {
            (Some(json), _) => {
                let value = Input::from_json(json);
                match coerce(contract, &variable.ty, &value, &Variables::default(), Origin::Variable) {
                    Ok(value) => values.push((name.clone(), value)),
                    Err(wrong) => mistakes.push(mistake(format!("Variable \"${name}\" {wrong}"))),
                }
            }
            (None, Some(default)) => values.push((name.clone(), default.clone())),
            (None, None) if variable.ty.non_null => mistakes.push(mistake(format!(
                "Variable \"${name}\" of required type \"{}\" was not provided",
                type_text(contract, &variable.ty)
            ))),
            (None, None) => {}
        }
    }
    if mistakes.is_empty() { Ok(Variables(values)) } else { Err(Refusal { kind: RefusalKind::Variables, mistakes }) }
}

/// Why a field has no arguments to be answered with: a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArgumentFault {
    /// A variable that it cannot do without was not given, or given as null.
    NotGiven(String),
    /// A value does not fit.
    Wrong(String),
}

impl ArgumentFault {
    /// Returns the sentence.
    pub fn text(&self) -> &str {
        match self {
            Self::NotGiven(text) | Self::Wrong(text) => text,
        }
    }

    /// Says where it is: puts the sentence into a longer one.
    fn at(self, say: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::NotGiven(text) => Self::NotGiven(say(text)),
            Self::Wrong(text) => Self::Wrong(say(text)),
        }
    }
}

impl std::fmt::Display for ArgumentFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text())
    }
}

/// The arguments of one field, coerced; or what is wrong with them.
pub type Coerced = Result<Vec<(CompactString, Input)>, ArgumentFault>;

/// Coerces the arguments of all fields of a plan.
pub fn coerce_arguments(contract: &Contract, planned: &[PlannedArguments], variables: &Variables) -> Vec<Coerced> {
    let mut coerced: Vec<Coerced> = Vec::with_capacity(planned.len());
    for arguments in planned {
        coerced.push(match arguments.within {
            None => coerce_field(contract, arguments, variables),
            // The field that calls a rule stands before what the rule reads.
            Some(Within { arguments: outer, pieces }) => match &coerced[outer.0] {
                Ok(outer) => coerce_field(contract, arguments, &Variables::within(outer, pieces)),
                Err(wrong) => Err(wrong.clone()),
            },
        });
    }
    coerced
}

/// Coerces the arguments of one field.
///
/// *Errors*: which argument is wrong, and how.
fn coerce_field(contract: &Contract, arguments: &PlannedArguments, variables: &Variables) -> Coerced {
    let mut coerced = Vec::with_capacity(arguments.declared.len());
    for (declared, written) in &arguments.declared {
        let name = &declared.name;
        let given = match written {
            Some(Input::Variable(name)) => variables.value(name).cloned().map(Ok),
            Some(value) => Some(coerce(contract, &declared.ty, value, variables, Origin::Literal)),
            None => None,
        };
        // Only a variable can be missing; what is written nowhere, and what is written as null, will never be there.
        let lacking =
            if matches!(written, Some(Input::Variable(_))) { ArgumentFault::NotGiven } else { ArgumentFault::Wrong };
        let value = match (given, &declared.default) {
            (Some(value), _) => value.map_err(|wrong| wrong.at(|wrong| format!("Argument \"{name}\" {wrong}")))?,
            // A default may leave out input fields that have defaults of their own.
            (None, Some(default)) => coerce(contract, &declared.ty, default, variables, Origin::Literal)
                .map_err(|wrong| wrong.at(|wrong| format!("The default of argument \"{name}\" {wrong}")))?,
            (None, None) if declared.ty.non_null => {
                let ty = type_text(contract, &declared.ty);
                return Err(lacking(format!("Argument \"{name}\" of required type \"{ty}\" was not provided")));
            }
            (None, None) => continue,
        };
        if value == Input::Null && declared.ty.non_null {
            return Err(lacking(format!("Argument \"{name}\" must not be null")));
        }
        coerced.push((name.as_str().into(), value));
    }
    Ok(coerced)
}

/// Checks a default written in the contract against its type and completes it.
pub fn coerce_default(contract: &Contract, argument: &Argument, default: &Input) -> Result<Input, ArgumentFault> {
    coerce(contract, &argument.ty, default, &Variables::default(), Origin::Literal)
}

/// Whether a value was written in the document or came as JSON: an enum is a bare word there and a string here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Literal,
    Variable,
}

fn coerce(
    contract: &Contract,
    ty: &TypeRef,
    value: &Input,
    variables: &Variables,
    origin: Origin,
) -> Result<Input, ArgumentFault> {
    let value = match value {
        // A variable's value has been coerced to the variable's own type, which validation has found to fit here.
        Input::Variable(name) => match variables.value(name) {
            Some(Input::Null) | None if ty.non_null => {
                let text = format!("got null from \"${name}\"; expected {}", type_text(contract, ty));
                return Err(ArgumentFault::NotGiven(text));
            }
            Some(value) => return Ok(value.clone()),
            None => return Ok(Input::Null),
        },
        Input::Null if ty.non_null => {
            let text = format!("got invalid value null; expected {}", type_text(contract, ty));
            return Err(ArgumentFault::Wrong(text));
        }
        Input::Null => return Ok(Input::Null),
        value => value,
    };
    match &ty.of {
        TypeRefKind::List(item) => match value {
            Input::List(items) => {
                let items = items.iter().map(|value| coerce(contract, item, value, variables, origin));
                Ok(Input::List(items.collect::<Result<_, _>>()?))
            }
            single => Ok(Input::List(vec![coerce(contract, item, single, variables, origin)?])),
        },
        TypeRefKind::Named(id) => {
            let named = contract.ty(*id);
            let wrong = || ArgumentFault::Wrong(format!("got invalid value {value}; expected {}", named.name));
            match &named.kind {
                TypeKind::Scalar { scalar, .. } => coerce_scalar(*scalar, value).ok_or_else(wrong),
                TypeKind::Enum { leaf, .. } => match (value, origin) {
                    (Input::Enum(word), Origin::Literal) | (Input::String(word), Origin::Variable)
                        if leaf.write_text(word, &mut Vec::new()).is_ok() =>
                    {
                        Ok(Input::Enum(word.clone()))
                    }
                    _ => Err(wrong()),
                },
                TypeKind::Input { fields, one_of } => {
                    let Input::Object(given) = value else { return Err(wrong()) };
                    coerce_object(contract, &named.name, fields, *one_of, given, variables, origin)
                }
                TypeKind::Object(_) | TypeKind::Interface { .. } | TypeKind::Union { .. } => Err(wrong()),
            }
        }
    }
}

fn coerce_object(
    contract: &Contract,
    type_name: &str,
    fields: &[Argument],
    one_of: bool,
    given: &[(CompactString, Input)],
    variables: &Variables,
    origin: Origin,
) -> Result<Input, ArgumentFault> {
    if let Some((unknown, _)) = given.iter().find(|(name, _)| fields.iter().all(|field| field.name != *name)) {
        let text = format!("got invalid value; field \"{unknown}\" is not defined by type {type_name}");
        return Err(ArgumentFault::Wrong(text));
    }
    let mut coerced = Vec::with_capacity(fields.len());
    let mut has_lacking = false;
    for field in fields {
        let written = given.iter().find(|(name, _)| *name == field.name).map(|(_, value)| value);
        // A variable that was not sent leaves the field out.
        let is_lacking = matches!(written, Some(Input::Variable(name)) if variables.value(name).is_none());
        has_lacking |=
            is_lacking || matches!(written, Some(Input::Variable(name)) if variables.value(name) == Some(&Input::Null));
        match (written.filter(|_| !is_lacking), &field.default) {
            (Some(value), _) => {
                let value = coerce(contract, &field.ty, value, variables, origin)
                    .map_err(|wrong| wrong.at(|wrong| format!("at \"{}\" {wrong}", field.name)))?;
                coerced.push((CompactString::from(field.name.as_str()), value));
            }
            (None, Some(default)) => {
                let default = coerce(contract, &field.ty, default, variables, Origin::Literal)
                    .map_err(|wrong| wrong.at(|wrong| format!("at the default of \"{}\" {wrong}", field.name)))?;
                coerced.push((field.name.as_str().into(), default));
            }
            (None, None) if field.ty.non_null => {
                let ty = type_text(contract, &field.ty);
                let text =
                    format!("got invalid value; field \"{}\" of required type {ty} was not provided", field.name);
                return Err(if is_lacking { ArgumentFault::NotGiven(text) } else { ArgumentFault::Wrong(text) });
            }
            (None, None) => {}
        }
    }
    if one_of && (coerced.len() != 1 || coerced[0].1 == Input::Null) {
        let text = format!("got invalid value; exactly one field of {type_name} must be given, and not null");
        return Err(if has_lacking { ArgumentFault::NotGiven(text) } else { ArgumentFault::Wrong(text) });
    }
    Ok(Input::Object(coerced))
}

fn coerce_scalar(scalar: Scalar, value: &Input) -> Option<Input> {
    let text = match (scalar, value) {
        (Scalar::Json | Scalar::Custom, value) => return Some(value.clone()),
        (Scalar::Boolean, Input::Boolean(_)) => return Some(value.clone()),
        (Scalar::Int | Scalar::Float | Scalar::Decimal | Scalar::Id, Input::Number(text)) => text,
        (Scalar::String | Scalar::Id | Scalar::Decimal | Scalar::Date | Scalar::DateTime, Input::String(text)) => text,
        _ => return None,
    };
    if scalar == Scalar::Id {
        let integral = matches!(value, Input::String(_)) || text.parse::<i64>().is_ok();
        return integral.then(|| Input::String(text.clone()));
    }
    let mut json = Vec::new();
    Leaf::Scalar(scalar).write_text(text, &mut json).ok()?;
    let json = String::from_utf8(json).ok()?;
    match json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        // The canonical text: an instant in UTC, a decimal without its exponent.
        Some(canonical) if scalar != Scalar::String => Some(Input::String(canonical.into())),
        Some(_) => Some(value.clone()),
        None => Some(Input::Number(json.into())),
    }
}

fn type_text(contract: &Contract, ty: &TypeRef) -> String {
    let bang = if ty.non_null { "!" } else { "" };
    match &ty.of {
        TypeRefKind::Named(id) => format!("{}{bang}", contract.ty(*id).name),
        TypeRefKind::List(item) => format!("[{}]{bang}", type_text(contract, item)),
    }
}
