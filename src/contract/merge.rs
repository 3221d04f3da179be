//! Merging: the definitions of all files become one schema as written, every `extend` laid onto what it extends.

use std::collections::{BTreeMap, btree_map::Entry};

use super::sdl::{DirectiveUse, Document, Kind, Named, SchemaDef, TypeDef};
use crate::diagnostic::Findings;

/// The scalars every GraphQL schema has.
pub(super) const BUILT_IN: &[&str] = &["Int", "Float", "String", "Boolean", "ID"];
/// The scalars a contract may use without declaring them, because freehold knows how their values are written.
pub(super) const CANONICAL: &[&str] = &["Decimal", "Date", "DateTime", "JSON"];

/// The schema as written, all files together.
#[derive(Debug, Default)]
pub(super) struct Schema {
    /// The types, by name.
    pub types: BTreeMap<String, TypeDef>,
    /// The name of the query root.
    pub query: String,
    /// `schema { … }`, where one is written.
    pub written: Option<SchemaDef>,
    /// Whether a file could not be read; what it would have defined is then not missed.
    pub incomplete: bool,
}

impl Schema {
    /// Returns a type's kind; built-in and canonical scalars need no declaration.
    pub fn kind(&self, name: &str) -> Option<Kind> {
        match self.types.get(name) {
            Some(ty) => Some(ty.kind),
            None => (BUILT_IN.contains(&name) || CANONICAL.contains(&name)).then_some(Kind::Scalar),
        }
    }

    /// Whether a type's values are leaves.
    pub fn is_leaf(&self, name: &str) -> bool {
        matches!(self.kind(name), Some(Kind::Scalar | Kind::Enum))
    }

    /// Returns the object types a value of this type may have: those that implement an interface in order of name, a
    /// union's members in their own order, or the type itself.
    pub fn possible<'s>(&'s self, name: &'s str) -> Vec<&'s str> {
        let Some(ty) = self.types.get(name) else { return Vec::new() };
        let is_object = |name: &str| self.kind(name) == Some(Kind::Object);
        match ty.kind {
            Kind::Interface => (self.types.values())
                .filter(|other| other.kind == Kind::Object && other.implements.iter().any(|i| i.name == name))
                .map(|other| other.name.name.as_str())
                .collect(),
            Kind::Union => ty.members.iter().map(|member| member.name.as_str()).filter(|n| is_object(n)).collect(),
            Kind::Object => vec![ty.name.name.as_str()],
            Kind::Scalar | Kind::Enum | Kind::Input => Vec::new(),
        }
    }
}

/// Merges the files' documents.
///
/// *Shape*: `incomplete` says that a file is missing from them because it did not parse.
pub(super) fn merge(documents: Vec<Document>, incomplete: bool, findings: &mut Findings) -> Schema {
    let mut schema = Schema { incomplete, query: "Query".to_owned(), ..Schema::default() };
    let mut extensions = Vec::new();
    let mut schemas = Vec::new();
    for document in documents {
        for ty in document.types {
            if ty.extend {
                extensions.push(ty);
            } else {
                define(&mut schema, ty, findings);
            }
        }
        schemas.extend(document.schemas);
        for directive in &document.directives {
            directive_definition(directive, findings);
        }
    }
    for extension in extensions {
        extend(&mut schema, extension, findings);
    }
    schema_definition(&mut schema, schemas, findings);
    schema
}

fn define(schema: &mut Schema, ty: TypeDef, findings: &mut Findings) {
    let Named { name, place } = ty.name.clone();
    if BUILT_IN.contains(&name.as_str()) {
        let message = format!("`{name}` is a scalar of GraphQL itself");
        findings.fault("TYPE_DUPLICATE", place, message, "delete this definition, or choose another name");
        return;
    }
    match schema.types.entry(name) {
        Entry::Vacant(entry) => {
            entry.insert(ty);
        }
        Entry::Occupied(entry) => {
            let name = entry.key();
            findings.fault(
                "TYPE_DUPLICATE",
                place,
                format!("`{name}` is defined twice"),
                format!("rename one, or write `extend {} {name}` to add to the other", ty.kind.word()),
            );
        }
    }
}

fn extend(schema: &mut Schema, extension: TypeDef, findings: &mut Findings) {
    let name = &extension.name.name;
    let Some(ty) = schema.types.get_mut(name) else {
        if !schema.incomplete {
            let near = super::nearest(name, schema.types.keys().map(String::as_str));
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "define the type first, without `extend`".to_owned(),
            };
            let message = format!("there is no type `{name}` to extend");
            findings.fault("EXTEND_UNKNOWN", extension.name.place, message, help);
        }
        return;
    };
    if ty.kind != extension.kind {
        findings.fault(
            "EXTEND_KIND",
            extension.name.place,
            format!("`{name}` is {} and is extended as {}", article(ty.kind), article(extension.kind)),
            format!("write `extend {} {name}`", ty.kind.word()),
        );
        return;
    }
    ty.directives.extend(extension.directives);
    ty.implements.extend(extension.implements);
    ty.fields.extend(extension.fields);
    ty.members.extend(extension.members);
    ty.values.extend(extension.values);
    ty.inputs.extend(extension.inputs);
}

/// Returns a kind with its article.
pub(super) fn article(kind: Kind) -> &'static str {
    match kind {
        Kind::Scalar => "a scalar",
        Kind::Object => "an object type",
        Kind::Interface => "an interface",
        Kind::Union => "a union",
        Kind::Enum => "an enum",
        Kind::Input => "an input object",
    }
}

fn directive_definition(directive: &Named, findings: &mut Findings) {
    let name = &directive.name;
    let help = if super::directive::is_known(name) {
        "delete the definition; freehold declares its directives itself"
    } else {
        "delete the definition; a contract uses freehold's own directives and no others"
    };
    findings.fault("DIRECTIVE_DEFINED", directive.place, format!("a contract does not define `@{name}`"), help);
}

fn schema_definition(schema: &mut Schema, schemas: Vec<SchemaDef>, findings: &mut Findings) {
    let mut directives: Vec<DirectiveUse> = Vec::new();
    for definition in schemas {
        for (word, name) in &definition.others {
            only_reads(word, name, findings);
        }
        if definition.extend {
            directives.extend(definition.directives);
        } else if schema.written.is_some() {
            let help = "keep one `schema` definition";
            findings.fault("SCHEMA_DUPLICATE", definition.place, "the schema is defined twice", help);
        } else {
            if let Some(query) = &definition.query {
                schema.query.clone_from(&query.name);
            }
            schema.written = Some(definition);
        }
    }
    match &mut schema.written {
        Some(written) => written.directives.append(&mut directives),
        None => {
            for word in ["Mutation", "Subscription"] {
                if let Some(ty) = schema.types.get(word).filter(|ty| ty.kind == Kind::Object) {
                    only_reads(&word.to_lowercase(), &ty.name, findings);
                }
            }
        }
    }
    let root = schema.types.get(&schema.query);
    let place = schema.written.as_ref().and_then(|written| written.query.as_ref()).map(|query| query.place);
    match root {
        Some(ty) if ty.kind != Kind::Object => findings.fault(
            "QUERY_KIND",
            ty.name.place,
            format!("the query root `{}` is {}", schema.query, article(ty.kind)),
            "make it an object type",
        ),
        None if !schema.incomplete => findings.fault(
            "QUERY_ROOT",
            place,
            format!("there is no type `{}` to ask", schema.query),
            format!("define `type {}` with a field for each way in, with @ref or @list", schema.query),
        ),
        _ => {}
    }
}

fn only_reads(word: &str, name: &Named, findings: &mut Findings) {
    findings.fault(
        "READS_ONLY",
        name.place,
        format!("there is a {word} root, but freehold only reads"),
        "delete it; writes go to the system that owns the data",
    );
}
