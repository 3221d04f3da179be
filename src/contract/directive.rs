//! The directives of a contract: which there are, where they may stand, what they take.

use super::{
    cost,
    merge::Schema,
    sdl::{DirectiveUse, Kind, Value},
};
use crate::diagnostic::Findings;

/// Where a directive stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Location {
    Schema,
    Scalar,
    Object,
    Field,
    Argument,
    Interface,
    Union,
    Enum,
    EnumValue,
    Input,
    InputField,
}

impl Location {
    fn words(self) -> &'static str {
        match self {
            Self::Schema => "the schema",
            Self::Scalar => "a scalar",
            Self::Object => "an object type",
            Self::Field => "a field",
            Self::Argument => "an argument",
            Self::Interface => "an interface",
            Self::Union => "a union",
            Self::Enum => "an enum",
            Self::EnumValue => "an enum value",
            Self::Input => "an input object",
            Self::InputField => "an input field",
        }
    }
}

/// What an argument takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Text,
    Texts,
    Number,
}

struct Directive {
    name: &'static str,
    locations: &'static [Location],
    required: &'static [(&'static str, Takes)],
    optional: &'static [(&'static str, Takes)],
    repeatable: bool,
}

const fn directive(
    name: &'static str,
    locations: &'static [Location],
    required: &'static [(&'static str, Takes)],
    optional: &'static [(&'static str, Takes)],
) -> Directive {
    Directive { name, locations, required, optional, repeatable: false }
}

const OBJECT: &[Location] = &[Location::Object];
const FIELD: &[Location] = &[Location::Field];
const BOTH: &[Location] = &[Location::Object, Location::Field];

const DIRECTIVES: &[Directive] = &[
    directive("key", OBJECT, &[("fields", Takes::Text)], &[]),
    directive("owner", BOTH, &[("system", Takes::Text)], &[("as", Takes::Text)]),
    directive("domain", BOTH, &[("name", Takes::Text)], &[]),
    directive("ref", FIELD, &[("key", Takes::Text)], &[]),
    directive("list", FIELD, &[("name", Takes::Text)], &[("args", Takes::Text)]),
    directive("rule", FIELD, &[("name", Takes::Text)], &[]),
    directive(
        "scope",
        OBJECT,
        &[("account", Takes::Text)],
        &[("permission", Takes::Text), ("children", Takes::Text), ("login", Takes::Text), ("own", Takes::Text)],
    ),
    directive("needs", FIELD, &[("permission", Takes::Text)], &[]),
    directive("visible", &[Location::Object, Location::Field, Location::Argument], &[("to", Takes::Texts)], &[]),
    Directive { repeatable: true, ..directive("copy", FIELD, &[("system", Takes::Text)], &[("as", Takes::Text)]) },
    directive("handover", OBJECT, &[("from", Takes::Text)], &[]),
    directive("internal", BOTH, &[], &[]),
    directive(
        "cost",
        &[Location::Scalar, Location::Object, Location::Field, Location::Argument, Location::Enum],
        &[("weight", Takes::Text)],
        &[],
    ),
    directive("listSize", FIELD, &[], &[("assumedSize", Takes::Number), ("slicingArguments", Takes::Texts)]),
    directive(
        "deprecated",
        &[Location::Field, Location::Argument, Location::InputField, Location::EnumValue],
        &[],
        &[("reason", Takes::Text)],
    ),
    directive("specifiedBy", &[Location::Scalar], &[("url", Takes::Text)], &[]),
    directive("oneOf", &[Location::Input], &[], &[]),
];

/// Whether there is such a directive.
pub(super) fn is_known(name: &str) -> bool {
    DIRECTIVES.iter().any(|directive| directive.name == name)
}

/// Returns the use of a directive, where there is one.
pub(super) fn find<'a>(uses: &'a [DirectiveUse], name: &str) -> Option<&'a DirectiveUse> {
    uses.iter().find(|one| one.name.name == name)
}

/// Returns why not to use something any more, where it says so.
pub(super) fn deprecation(uses: &[DirectiveUse]) -> Option<String> {
    let deprecated = find(uses, "deprecated")?;
    Some(deprecated.text("reason").map_or("No longer supported", |(reason, _)| reason).to_owned())
}

/// Returns the audiences of `@visible`; one alone may stand without brackets, as GraphQL has it.
pub(super) fn visible_to(uses: &[DirectiveUse]) -> Vec<String> {
    let value = find(uses, "visible").and_then(|one| one.arguments.iter().find(|(name, ..)| name.name == "to"));
    match value {
        Some((_, Value::List(items), _)) => items.iter().filter_map(text).collect(),
        Some((_, value, _)) => text(value).into_iter().collect(),
        None => Vec::new(),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// Checks every use of a directive in the schema.
pub(super) fn check(schema: &Schema, findings: &mut Findings) {
    if let Some(written) = &schema.written {
        check_uses(&written.directives, Location::Schema, findings);
    }
    for ty in schema.types.values() {
        let location = match ty.kind {
            Kind::Scalar => Location::Scalar,
            Kind::Object => Location::Object,
            Kind::Interface => Location::Interface,
            Kind::Union => Location::Union,
            Kind::Enum => Location::Enum,
            Kind::Input => Location::Input,
        };
        check_uses(&ty.directives, location, findings);
        for field in &ty.fields {
            check_uses(&field.directives, Location::Field, findings);
            cost::check_list_size(field, findings);
            for argument in &field.arguments {
                check_uses(&argument.directives, Location::Argument, findings);
            }
            if ty.kind == Kind::Interface {
                inert_on_interface(&field.directives, findings);
            }
        }
        for value in &ty.values {
            check_uses(&value.directives, Location::EnumValue, findings);
        }
        for input in &ty.inputs {
            check_uses(&input.directives, Location::InputField, findings);
        }
    }
}

fn check_uses(uses: &[DirectiveUse], location: Location, findings: &mut Findings) {
    for (n, one) in uses.iter().enumerate() {
        let name = &one.name.name;
        let Some(directive) = DIRECTIVES.iter().find(|directive| directive.name == name) else {
            let near = super::nearest(name, DIRECTIVES.iter().map(|directive| directive.name));
            let help = match near {
                Some(near) => format!("did you mean `@{near}`?"),
                None => {
                    let names: Vec<String> = DIRECTIVES.iter().map(|d| format!("@{}", d.name)).collect();
                    format!("there are {}", names.join(", "))
                }
            };
            findings.fault("DIRECTIVE_UNKNOWN", one.name.place, format!("there is no directive `@{name}`"), help);
            continue;
        };
        if !directive.locations.contains(&location) {
            let places: Vec<_> = directive.locations.iter().map(|location| location.words()).collect();
            findings.fault(
                "DIRECTIVE_LOCATION",
                one.name.place,
                format!("`@{name}` cannot stand on {}", location.words()),
                format!("it stands on {}", places.join(" or ")),
            );
        } else if !directive.repeatable && uses[..n].iter().any(|earlier| earlier.name.name == *name) {
            let help = "keep one of them; an `extend` adds to the directives of its type";
            findings.fault("DIRECTIVE_REPEATED", one.name.place, format!("`@{name}` stands here twice"), help);
        }
        check_arguments(one, directive, findings);
        cost::check_weight(one, findings);
    }
}

fn check_arguments(one: &DirectiveUse, directive: &Directive, findings: &mut Findings) {
    let name = directive.name;
    let all = || directive.required.iter().chain(directive.optional);
    for (n, (argument, value, place)) in one.arguments.iter().enumerate() {
        let Some((_, takes)) = all().find(|(known, _)| *known == argument.name) else {
            let known: Vec<_> = all().map(|(known, _)| *known).collect();
            let help = match known.as_slice() {
                [] => format!("`@{name}` takes no argument"),
                known => format!("it takes {}", known.join(" and ")),
            };
            let message = format!("`@{name}` has no argument `{}`", argument.name);
            findings.fault("DIRECTIVE_ARGUMENT", argument.place, message, help);
            continue;
        };
        if one.arguments[..n].iter().any(|(earlier, ..)| earlier.name == argument.name) {
            let message = format!("`@{name}` is given `{}` twice", argument.name);
            findings.fault("DIRECTIVE_ARGUMENT", argument.place, message, "give it once");
        }
        let fits =
            |value: &Value| matches!(value, Value::String(text) if name == "deprecated" || !text.trim().is_empty());
        let (ok, expected) = match (takes, value) {
            (Takes::Text, value) => (fits(value), "a text"),
            (Takes::Texts, Value::List(items)) => (!items.is_empty() && items.iter().all(fits), "a list of texts"),
            (Takes::Texts, value) => (fits(value), "a list of texts"),
            (Takes::Number, value) => (cost::size(value).is_some(), "a whole number"),
        };
        if !ok {
            let message = format!("`{}` of `@{name}` is not {expected}", argument.name);
            let help = match takes {
                Takes::Number => "write a whole number of at least 0".to_owned(),
                Takes::Text | Takes::Texts => format!("write {expected}, in quotes and not empty"),
            };
            findings.fault("DIRECTIVE_ARGUMENT", *place, message, help);
        }
    }
    for (required, _) in directive.required {
        if !one.arguments.iter().any(|(argument, ..)| argument.name == *required) {
            let message = format!("`@{name}` lacks its argument `{required}`");
            let help = format!("write `@{name}({required}: …)`");
            findings.fault("DIRECTIVE_ARGUMENT", one.name.place, message, help);
        }
    }
}

/// An interface answers nothing itself, so what says how a field is answered stands on the object types.
fn inert_on_interface(uses: &[DirectiveUse], findings: &mut Findings) {
    for one in uses {
        if is_known(&one.name.name) && !matches!(one.name.name.as_str(), "deprecated" | "visible" | "internal") {
            findings.fault(
                "DIRECTIVE_LOCATION",
                one.name.place,
                format!("`@{}` on an interface's field says nothing: no system answers an interface", one.name.name),
                "write it on the field of each object type that implements the interface",
            );
        }
    }
}
