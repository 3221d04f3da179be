//! Groups of a GraphQL system, as written: by `$keys`, by an alias for each key, or as representations.

use super::{
    super::super::reader::{Entry, Reader, Text},
    GraphQlGroup, GraphQlKeys,
    document::{DocumentFault, Written},
    question::{Fault, Question, members, with_arguments},
};
use crate::diagnostic::Place;

/// The keys of a group that only GraphQL systems have.
#[derive(Debug, Default)]
pub struct GraphQlGroupFile {
    common: Question,
    argument: Option<Text>,
    by_key: Option<Text>,
    entities: Option<Text>,
    key_type: Option<Text>,
    ordered: Option<(bool, Place)>,
    more: Option<(Vec<String>, Place)>,
    forms: Vec<(&'static str, Place)>,
}

impl GraphQlGroupFile {
    /// The keys.
    pub const KEYS: &[&str] = &[
        "document",
        "query",
        "argument",
        "by_key",
        "entities",
        "key_type",
        "rows",
        "ordered",
        "more",
        "page_rows",
        "aliases_max",
        "variables",
    ];
    /// Those that hold tables.
    pub const TABLES: &[&str] = &["variables"];

    /// Reads one key; false when it is none of these.
    pub fn read(&mut self, entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> bool {
        let place = reader.place(entry.0);
        match entry.0.get_ref().as_ref() {
            "document" => self.forms.push(("document", place)),
            "query" => self.forms.push(("query", place)),
            "by_key" => {
                self.forms.push(("by_key", place));
                self.by_key = reader.text(entry);
                return true;
            }
            "entities" => {
                self.forms.push(("entities", place));
                self.entities = reader.text(entry);
                return true;
            }
            "argument" => {
                self.argument = reader.text(entry);
                return true;
            }
            "key_type" => {
                self.key_type = reader.text(entry);
                return true;
            }
            "ordered" => {
                self.ordered = reader.boolean(entry).map(|ordered| (ordered, place));
                return true;
            }
            "more" => {
                self.more = members(entry, reader);
                return true;
            }
            _ => {}
        }
        self.common.read(entry, reader)
    }

    /// Reports what is missing or wrong once all keys are read.
    pub fn finish(&self, title: &str, place: Place, reader: &mut Reader<'_>) {
        match self.forms.as_slice() {
            [] => reader.findings.fault(
                "QUERY_MISSING",
                place,
                format!("{title} has no document"),
                "add document = \"query($keys: [String!]!) { … }\", or query, by_key or entities",
            ),
            [_] => {
                if let Err((place, fault)) = self.build() {
                    reader.findings.fault(fault.code, place, fault.message, fault.help);
                }
            }
            [(first, _), (second, place), ..] => reader.findings.fault(
                "ASKING_MIXED",
                *place,
                format!("{title} is asked by `{first}` and by `{second}`"),
                "keep one of them",
            ),
        }
    }

    /// Returns the variables by which `by_key` is given one key.
    pub fn key_variables(&self) -> Vec<String> {
        let Some(group) = self.compile() else { return Vec::new() };
        let given = |name: &&String| !group.constants.iter().any(|(constant, _)| constant == *name);
        let names: Vec<String> = group.document.variables.iter().map(|one| one.name.clone()).collect();
        names.iter().filter(given).cloned().collect()
    }

    /// Returns the place of the text that names them.
    pub fn place(&self) -> Option<Place> {
        let texts = [&self.common.document, &self.common.query, &self.by_key, &self.entities];
        texts.into_iter().flatten().next().map(|text| text.place)
    }

    /// Compiles what was written; `None` where a fault has been reported.
    pub fn compile(&self) -> Option<GraphQlGroup> {
        self.build().ok().flatten()
    }

    /// Makes the group; `None` where a text could not even be read, which has been reported.
    fn build(&self) -> Result<Option<GraphQlGroup>, Fault> {
        let key_type = self.key_type.as_ref().map_or("String!", |text| &text.text);
        let constants = self.common.constants();
        let is_ordered = self.ordered.is_some_and(|(ordered, _)| ordered);
        let (text, written, keys) = match (&self.common.document, &self.common.query, &self.by_key, &self.entities) {
            (Some(text), ..) => {
                let written = Written::parse(text).map_err(|fault| (text.place, fault))?;
                if !written.declares("keys") {
                    return Err((text.place, no_keys("declare `$keys` in the document's head and ask by it")));
                }
                (text, written, if is_ordered { GraphQlKeys::Ordered } else { GraphQlKeys::Together })
            }
            (_, Some(text), ..) => {
                let field = match &self.argument {
                    None => text.text.clone(),
                    Some(argument) => with_arguments(&text.text, &[(argument.text.clone(), "keys".to_owned())]),
                };
                let whole = Text { text: format!("query {{ {field} }}"), place: text.place };
                let mut written = Written::parse(&whole).map_err(|fault| (text.place, fault))?;
                if !written.used().iter().any(|name| name == "keys") {
                    return Err((text.place, no_keys("say which argument takes the keys: argument = \"skus\"")));
                }
                written.declare("keys", &format!("[{key_type}]!")).map_err(|fault| (text.place, fault))?;
                (text, written, if is_ordered { GraphQlKeys::Ordered } else { GraphQlKeys::Together })
            }
            (_, _, Some(text), _) => {
                let whole = Text { text: format!("query {{ {} }}", text.text), place: text.place };
                let mut written = Written::parse(&whole).map_err(|fault| (text.place, fault))?;
                let used = written.used();
                if used.is_empty() {
                    return Err((text.place, no_keys("write `$key` where the key goes: \"product(sku: $key)\"")));
                }
                for name in used {
                    written.declare(&name, key_type).map_err(|fault| (text.place, fault))?;
                }
                (text, written, GraphQlKeys::ByAlias(self.common.aliases_max()))
            }
            (_, _, _, Some(text)) => {
                let of = &text.text;
                let asked = format!("_entities(representations: $keys) {{ ... on {of} {{ __fields }} }}");
                let whole = Text { text: format!("query($keys: [_Any!]!) {{ {asked} }}"), place: text.place };
                let written = Written::parse(&whole).map_err(|fault| (text.place, fault))?;
                (text, written, GraphQlKeys::Entities(of.clone()))
            }
            _ => return Ok(None),
        };
        let mut written = written;
        self.fits(&keys)?;
        self.common.constants_declared(&written)?;
        let root = self.common.rows_or_root(&written, text.place)?;
        let rows = match (&keys, written.only_root()) {
            (GraphQlKeys::ByAlias(_), Some(own)) if self.common.rows.is_some() && root.first() != Some(&own) => {
                std::iter::once(own).chain(root).collect()
            }
            _ => root,
        };
        let rows_place = self.common.rows.as_ref().map_or(text.place, |(_, place)| *place);
        if !matches!(keys, GraphQlKeys::Entities(_)) {
            written.select_rows(&rows).map_err(|fault| (rows_place, fault))?;
        }
        if let Some((more, place)) = &self.more {
            written.select(more, self.common.document.is_none()).map_err(|fault| (*place, fault))?;
        }
        let document = written.document().map_err(|fault| (text.place, fault))?;
        let fed = |name: &str| name == "keys" || constants.iter().any(|(constant, _)| constant == name);
        if !matches!(keys, GraphQlKeys::ByAlias(_)) {
            let unfed = document.variables.iter().find(|one| !fed(&one.name) && one.default.is_none());
            if let Some(unfed) = unfed {
                return Err((text.place, unfed_variable(&unfed.name)));
            }
            if document.variable("keys").is_some_and(|keys| !keys.is_list) {
                return Err((
                    text.place,
                    no_keys("declare `$keys` as a list; a group is always asked for many keys at once"),
                ));
            }
        }
        let more = self.more.as_ref().map(|(steps, _)| steps.clone());
        Ok(Some(GraphQlGroup { document, keys, rows, more, page_rows: self.common.page_rows(), constants }))
    }

    /// Refuses keys that say nothing of this way of asking.
    fn fits(&self, keys: &GraphQlKeys) -> Result<(), Fault> {
        let of_many = matches!(keys, GraphQlKeys::Together | GraphQlKeys::Ordered);
        let pointless = [
            ("argument", self.argument.as_ref().map(|text| text.place), self.common.query.is_some()),
            ("ordered", self.ordered.map(|(_, place)| place), of_many),
            ("more", self.more.as_ref().map(|(_, place)| *place), of_many),
            ("aliases_max", self.common.aliases_max.map(|(_, place)| place), matches!(keys, GraphQlKeys::ByAlias(_))),
            (
                "key_type",
                self.key_type.as_ref().map(|text| text.place),
                self.common.document.is_none() && self.entities.is_none(),
            ),
        ];
        match pointless.into_iter().find_map(|(name, place, fits)| place.filter(|_| !fits).map(|place| (name, place))) {
            None => Ok(()),
            Some((name, place)) => Err((
                place,
                DocumentFault {
                    code: "ASKING_MIXED",
                    message: format!("`{name}` says nothing of a group that is asked so"),
                    help: "delete it".to_owned(),
                },
            )),
        }
    }
}

fn no_keys(help: &str) -> DocumentFault {
    DocumentFault {
        code: "KEYS_MISSING",
        message: "this document does not ask for keys".to_owned(),
        help: help.to_owned(),
    }
}

fn unfed_variable(name: &str) -> DocumentFault {
    DocumentFault {
        code: "VARIABLE_UNFED",
        message: format!("nothing feeds `${name}`: a group's document is given `$keys` and constants"),
        help: format!("give it a value: variables = {{ {name} = … }}; arguments go to lists"),
    }
}
