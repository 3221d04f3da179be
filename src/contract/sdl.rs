//! SDL as written: one file's text becomes definitions with the place of every name.
//!
//! The only file of the room that knows async-graphql's parser; its types do not leave here, except `Value`.

use async_graphql::{
    Positioned,
    parser::types::{self as parsed, BaseType, TypeSystemDefinition},
};

use super::place::Spots;
use crate::diagnostic::{FileId, Findings, Place};

/// A value as written in SDL.
pub(super) type Value = async_graphql::Value;

/// A name and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub name: String,
    pub place: Place,
}

/// What one file defines.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub types: Vec<TypeDef>,
    pub schemas: Vec<SchemaDef>,
    /// `directive @…` definitions.
    pub directives: Vec<Named>,
}

/// `schema { … }`
#[derive(Debug)]
pub(super) struct SchemaDef {
    pub extend: bool,
    pub place: Place,
    pub query: Option<Named>,
    /// `mutation: …` and `subscription: …`
    pub others: Vec<(&'static str, Named)>,
    pub directives: Vec<DirectiveUse>,
}

/// The kinds of type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Scalar,
    Object,
    Interface,
    Union,
    Enum,
    Input,
}

impl Kind {
    /// Returns the word that begins such a definition.
    pub fn word(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Object => "type",
            Self::Interface => "interface",
            Self::Union => "union",
            Self::Enum => "enum",
            Self::Input => "input",
        }
    }
}

/// A type, or an extension of one. Only the lists of its own kind are filled.
#[derive(Debug, Clone)]
pub(super) struct TypeDef {
    pub name: Named,
    pub kind: Kind,
    pub extend: bool,
    pub description: Option<String>,
    pub directives: Vec<DirectiveUse>,
    pub implements: Vec<Named>,
    pub fields: Vec<FieldDef>,
    pub members: Vec<Named>,
    pub values: Vec<ValueDef>,
    pub inputs: Vec<InputDef>,
}

/// A field of an object or interface.
#[derive(Debug, Clone)]
pub(super) struct FieldDef {
    pub name: Named,
    pub description: Option<String>,
    pub arguments: Vec<InputDef>,
    pub ty: TypeUse,
    pub directives: Vec<DirectiveUse>,
}

/// An argument, or a field of an input object.
#[derive(Debug, Clone)]
pub(super) struct InputDef {
    pub name: Named,
    pub description: Option<String>,
    pub ty: TypeUse,
    pub default: Option<(Value, Place)>,
    pub directives: Vec<DirectiveUse>,
}

/// A value of an enum.
#[derive(Debug, Clone)]
pub(super) struct ValueDef {
    pub name: Named,
    pub description: Option<String>,
    pub directives: Vec<DirectiveUse>,
}

/// A directive where it is used.
#[derive(Debug, Clone)]
pub(super) struct DirectiveUse {
    pub name: Named,
    pub arguments: Vec<(Named, Value, Place)>,
}

impl DirectiveUse {
    /// Returns an argument's text and place, if it is a text.
    pub fn text(&self, argument: &str) -> Option<(&str, Place)> {
        self.arguments.iter().find(|(name, ..)| name.name == argument).and_then(|(_, value, place)| match value {
            Value::String(text) => Some((text.as_str(), *place)),
            _ => None,
        })
    }
}

/// A type where it is used.
#[derive(Debug, Clone)]
pub(super) struct TypeUse {
    pub of: TypeUseKind,
    pub non_null: bool,
    pub place: Place,
}

/// A named type or a list.
#[derive(Debug, Clone)]
pub(super) enum TypeUseKind {
    Named(String),
    List(Box<TypeUse>),
}

impl TypeUse {
    /// Returns the name inside all lists.
    pub fn named(&self) -> &str {
        match &self.of {
            TypeUseKind::Named(name) => name,
            TypeUseKind::List(item) => item.named(),
        }
    }

    /// How many lists are wrapped around the named type.
    pub fn n_lists(&self) -> usize {
        match &self.of {
            TypeUseKind::Named(_) => 0,
            TypeUseKind::List(item) => 1 + item.n_lists(),
        }
    }

    /// Returns the type of the items, if it is a list.
    pub fn item(&self) -> Option<&TypeUse> {
        match &self.of {
            TypeUseKind::Named(_) => None,
            TypeUseKind::List(item) => Some(item),
        }
    }
}

impl std::fmt::Display for TypeUse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.of {
            TypeUseKind::Named(name) => f.write_str(name)?,
            TypeUseKind::List(item) => write!(f, "[{item}]")?,
        }
        if self.non_null { f.write_str("!") } else { Ok(()) }
    }
}

/// Parses one file.
///
/// *Errors*: none to return; a file that does not parse is one fault, and `None`.
pub(super) fn parse(file: FileId, text: &str, findings: &mut Findings) -> Option<Document> {
    let spots = Spots::new(file, text);
    if spots.is_blank() {
        return Some(Document::default());
    }
    if let Some(place) = spots.too_deep() {
        findings.fault(
            "SDL_SYNTAX",
            place,
            "brackets are nested too deep here to be read",
            "close the brackets that are open; no type needs that many",
        );
        return None;
    }
    match async_graphql::parser::parse_schema(text) {
        Ok(parsed) => Some(Reading { spots: &spots }.document(parsed)),
        Err(error) => {
            let place = error.positions().next().map_or_else(|| spots.start(), |pos| spots.word(pos.line, pos.column));
            // The parser draws a picture; its last line says what was expected.
            let said = error.to_string();
            let said = said.rsplit("= ").next().unwrap_or_default().trim().replace('_', " ");
            findings.fault(
                "SDL_SYNTAX",
                place,
                format!("this is not GraphQL: {said}"),
                "correct the syntax here; the other files are checked meanwhile, as far as they can be without this one",
            );
            None
        }
    }
}

struct Reading<'a> {
    spots: &'a Spots<'a>,
}

impl Reading<'_> {
    fn document(&self, document: parsed::ServiceDocument) -> Document {
        let mut out = Document::default();
        for definition in document.definitions {
            match definition {
                TypeSystemDefinition::Type(ty) => out.types.push(self.ty(ty.node)),
                TypeSystemDefinition::Directive(directive) => out.directives.push(self.name(directive.node.name)),
                TypeSystemDefinition::Schema(schema) => {
                    let place = self.spots.word(schema.pos.line, schema.pos.column);
                    let schema = schema.node;
                    let others = [("mutation", schema.mutation), ("subscription", schema.subscription)];
                    out.schemas.push(SchemaDef {
                        extend: schema.extend,
                        place,
                        query: schema.query.map(|name| self.name(name)),
                        others: (others.into_iter())
                            .filter_map(|(word, name)| Some((word, self.name(name?))))
                            .collect(),
                        directives: self.directives(schema.directives),
                    });
                }
            }
        }
        out
    }

    fn ty(&self, ty: parsed::TypeDefinition) -> TypeDef {
        let mut out = TypeDef {
            name: self.name(ty.name),
            kind: Kind::Scalar,
            extend: ty.extend,
            description: ty.description.map(|text| text.node),
            directives: self.directives(ty.directives),
            implements: Vec::new(),
            fields: Vec::new(),
            members: Vec::new(),
            values: Vec::new(),
            inputs: Vec::new(),
        };
        let names = |names: Vec<Positioned<_>>| names.into_iter().map(|name| self.name(name)).collect();
        match ty.kind {
            parsed::TypeKind::Scalar => {}
            parsed::TypeKind::Object(object) => {
                out.kind = Kind::Object;
                out.implements = names(object.implements);
                out.fields = object.fields.into_iter().map(|field| self.field(field.node)).collect();
            }
            parsed::TypeKind::Interface(interface) => {
                out.kind = Kind::Interface;
                out.implements = names(interface.implements);
                out.fields = interface.fields.into_iter().map(|field| self.field(field.node)).collect();
            }
            parsed::TypeKind::Union(union) => {
                out.kind = Kind::Union;
                out.members = names(union.members);
            }
            parsed::TypeKind::Enum(words) => {
                out.kind = Kind::Enum;
                let value = |value: Positioned<parsed::EnumValueDefinition>| ValueDef {
                    name: self.name(value.node.value),
                    description: value.node.description.map(|text| text.node),
                    directives: self.directives(value.node.directives),
                };
                out.values = words.values.into_iter().map(value).collect();
            }
            parsed::TypeKind::InputObject(input) => {
                out.kind = Kind::Input;
                out.inputs = input.fields.into_iter().map(|field| self.input(field.node)).collect();
            }
        }
        out
    }

    fn field(&self, field: parsed::FieldDefinition) -> FieldDef {
        FieldDef {
            name: self.name(field.name),
            description: field.description.map(|text| text.node),
            arguments: field.arguments.into_iter().map(|argument| self.input(argument.node)).collect(),
            ty: self.type_use(&field.ty),
            directives: self.directives(field.directives),
        }
    }

    fn input(&self, input: parsed::InputValueDefinition) -> InputDef {
        InputDef {
            name: self.name(input.name),
            description: input.description.map(|text| text.node),
            ty: self.type_use(&input.ty),
            default: input.default_value.map(|value| {
                let place = self.spots.value(value.pos.line, value.pos.column);
                (value.node, place)
            }),
            directives: self.directives(input.directives),
        }
    }

    fn directives(&self, directives: Vec<Positioned<parsed::ConstDirective>>) -> Vec<DirectiveUse> {
        let argument = |(name, value): (Positioned<_>, Positioned<Value>)| {
            let place = self.spots.value(value.pos.line, value.pos.column);
            (self.name(name), value.node, place)
        };
        let one = |directive: Positioned<parsed::ConstDirective>| {
            let mut name = self.name(directive.node.name);
            name.place.start = name.place.start.saturating_sub(1);
            DirectiveUse { name, arguments: directive.node.arguments.into_iter().map(argument).collect() }
        };
        directives.into_iter().map(one).collect()
    }

    fn type_use(&self, ty: &Positioned<parsed::Type>) -> TypeUse {
        fn of(ty: &parsed::Type, place: Place) -> TypeUse {
            let kind = match &ty.base {
                BaseType::Named(name) => TypeUseKind::Named(name.to_string()),
                BaseType::List(item) => TypeUseKind::List(Box::new(of(item, place))),
            };
            TypeUse { of: kind, non_null: !ty.nullable, place }
        }
        of(&ty.node, self.spots.type_use(ty.pos.line, ty.pos.column))
    }

    fn name(&self, name: Positioned<async_graphql::Name>) -> Named {
        Named { name: name.node.to_string(), place: self.spots.word(name.pos.line, name.pos.column) }
    }
}
