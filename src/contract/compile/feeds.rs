//! Feeds: what a template's sources are in the graph, and of which type.

use std::collections::BTreeMap;

use super::{
    super::{
        sdl::{FieldDef, Kind, TypeDef, TypeUse},
        template::{self, Source},
    },
    FieldId,
    classify::Class,
    path,
    survey::{Survey, TypeRole},
};
use crate::{
    contract::{Feed, nearest},
    diagnostic::{Findings, Place},
};

/// The field whose template is read, and what it may draw from.
#[derive(Clone, Copy)]
pub(super) struct Reader<'s, 'a> {
    pub survey: &'s Survey<'a>,
    pub classes: &'s BTreeMap<FieldId<'a>, Class>,
    pub ty: &'a TypeDef,
    pub field: &'a FieldDef,
}

/// A source that was found.
pub(super) struct Fed<'a> {
    pub feed: Feed,
    /// The type's name; `None` for a constant.
    pub named: Option<&'a str>,
    /// Whether it is a list of values.
    pub many: bool,
}

/// One `name: source` of a template, with its places in the file.
pub(super) struct Line {
    pub name: String,
    pub name_place: Place,
    pub source: Source,
    pub source_place: Place,
}

impl<'a> Reader<'_, 'a> {
    /// Reads a template; `None` when it does not read, which is a fault.
    pub fn template(&self, text: &str, place: Place, findings: &mut Findings) -> Option<Vec<Line>> {
        let within = |span| self.survey.written.within(place, text, span);
        let parts = match template::parse(text) {
            Ok(parts) => parts,
            Err(misread) => {
                findings.fault(
                    "TEMPLATE_SYNTAX",
                    within(misread.span),
                    format!("the template of `{}` needs {} here", path(self.ty, self.field), misread.expected),
                    "write pairs: \"sku: sku, customer: $customer, kind: 'A'\"",
                );
                return None;
            }
        };
        let lines = parts.into_iter().map(|part| Line {
            name: part.name,
            name_place: within(part.name_span),
            source: part.source,
            source_place: within(part.source_span),
        });
        Some(lines.collect())
    }

    /// Finds a source.
    pub fn feed(&self, source: &Source, place: Place, findings: &mut Findings) -> Option<Fed<'a>> {
        match source {
            Source::Constant(text) => Some(Fed { feed: Feed::Constant(text.clone()), named: None, many: false }),
            Source::Sibling(name) => self.sibling(name, place, findings),
            Source::Argument(names) => self.argument(names, place, findings),
        }
    }

    /// Finds the field of a name beside this one that can feed, without a word if there is none.
    pub fn silent_sibling(&self, name: &str) -> Option<Fed<'a>> {
        let exists = self.ty.fields.iter().any(|field| field.name.name == name);
        exists.then(|| self.sibling(name, self.field.name.place, &mut Findings::default()))?
    }

    fn sibling(&self, name: &str, place: Place, findings: &mut Findings) -> Option<Fed<'a>> {
        let type_name = self.ty.name.name.as_str();
        let path = path(self.ty, self.field);
        if matches!(self.survey.parts.get(type_name), Some(TypeRole::Root)) {
            let help = format!("take an argument: `${name}`");
            findings.fault(
                "FEED_UNKNOWN",
                place,
                format!("`{path}` has no fields beside it to draw `{name}` from"),
                help,
            );
            return None;
        }
        let Some(position) = self.ty.fields.iter().position(|field| field.name.name == name) else {
            let help = match nearest(name, self.ty.fields.iter().map(|field| field.name.name.as_str())) {
                _ if self.field.arguments.iter().any(|argument| argument.name.name == name) => {
                    format!("for the argument, write `${name}`")
                }
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("name a field of `{type_name}`, or an argument as `$argument`"),
            };
            findings.fault("FEED_UNKNOWN", place, format!("`{type_name}` has no field `{name}`"), help);
            return None;
        };
        let field = &self.ty.fields[position];
        let class = self.classes.get(&(type_name, position))?;
        let named = field.ty.named();
        if *class == Class::Unknown || self.survey.written.schema.kind(named).is_none() {
            return None;
        }
        let stored = matches!(class, Class::Key(_) | Class::Slot(_) | Class::Part);
        if !stored || !self.survey.written.schema.is_leaf(named) || field.ty.n_lists() > 1 {
            findings.fault(
                "FEED_NOT_LEAF",
                place,
                format!("`{type_name}.{name}` is `{}`, which feeds nothing", field.ty),
                "draw from a field that holds a scalar or an enum",
            );
            return None;
        }
        Some(Fed { feed: Feed::Field(position), named: Some(named), many: field.ty.n_lists() == 1 })
    }

    fn argument(&self, names: &[String], place: Place, findings: &mut Findings) -> Option<Fed<'a>> {
        let path = path(self.ty, self.field);
        let mut inputs = &self.field.arguments;
        let mut holder = format!("`{path}`");
        let mut what = "argument";
        let mut found: Option<&'a TypeUse> = None;
        for (n, name) in names.iter().enumerate() {
            let Some(input) = inputs.iter().find(|input| input.name.name == *name) else {
                let help = match nearest(name, inputs.iter().map(|input| input.name.name.as_str())) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("add `{name}` there, or draw from something else"),
                };
                findings.fault("FEED_UNKNOWN", place, format!("{holder} has no {what} `{name}`"), help);
                return None;
            };
            let last = n + 1 == names.len();
            let named = input.ty.named();
            if !last {
                let ty = self.survey.written.schema.types.get(named).filter(|ty| ty.kind == Kind::Input);
                let Some(ty) = ty.filter(|_| input.ty.n_lists() == 0) else {
                    let message = format!("`{name}` of {holder} is `{}`, which has no fields", input.ty);
                    findings.fault("FEED_UNKNOWN", place, message, "end the path there");
                    return None;
                };
                inputs = &ty.inputs;
                holder = format!("`{named}`");
                what = "field";
            }
            found = Some(&input.ty);
        }
        let ty = found?;
        self.survey.written.schema.kind(ty.named())?;
        if !self.survey.written.schema.is_leaf(ty.named()) || ty.n_lists() > 1 {
            let message = format!("`${}` is `{ty}`, which feeds nothing", names.join("."));
            findings.fault("FEED_NOT_LEAF", place, message, "name one of its fields that is a scalar or an enum");
            return None;
        }
        Some(Fed { feed: Feed::Argument(names.to_vec()), named: Some(ty.named()), many: ty.n_lists() == 1 })
    }

    /// Reports the arguments that nothing reads.
    pub fn unread_arguments(&self, read: &[&Feed], paging: &[&str], findings: &mut Findings) {
        for argument in &self.field.arguments {
            let name = &argument.name.name;
            let is_read = read.iter().any(|feed| matches!(feed, Feed::Argument(names) if names.first() == Some(name)));
            if !is_read && !paging.contains(&name.as_str()) {
                findings.fault(
                    "ARGUMENT_UNUSED",
                    argument.name.place,
                    format!("nothing reads the argument `{name}` of `{}`", path(self.ty, self.field)),
                    format!("use it as `${name}`, or delete it"),
                );
            }
        }
    }
}
