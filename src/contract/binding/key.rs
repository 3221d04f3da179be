//! Keys: how a graph's key becomes a system's own and back; by its spelling, or by a cross-reference between the two.
//!
//! As written: `key = { … }` of a group or list, `keys = { … }` of a list's parameters, `[crossrefs.…]` of a system file. As
//! used: a spelling for each field of the key, and the groups that answer the cross-reference.

use toml::de::DeValue;

use super::{
    super::reader::{Entry, Reader, Text},
    Asking, GroupFile,
};
use crate::{
    diagnostic::Place,
    value::{Case, GroupId, Spelling},
};

/// How the keys of an entity become a system's own and back: by the cross-reference first, by the spelling then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyMapping {
    /// How the system spells each field of the key, in the order of `@key`.
    pub spellings: Vec<Spelling>,
    /// The cross-reference between the graph's keys and the system's.
    pub crossref: Option<Crossref>,
}

/// The groups that answer a cross-reference. Each has one slot: the key on the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crossref {
    /// Its name.
    pub name: String,
    /// From the graph's key to the system's own.
    pub to_own: Option<GroupId>,
    /// From the system's own key to the graph's.
    pub to_graph: Option<GroupId>,
}

impl KeyMapping {
    /// Whether the system's keys are others than the graph's.
    pub fn changes_keys(&self) -> bool {
        self.crossref.is_some() || !self.spellings.iter().all(Spelling::is_same)
    }

    /// Returns the group that is asked for the system's keys, if one is.
    pub fn asked_to_own(&self) -> Option<GroupId> {
        self.crossref.as_ref()?.to_own
    }

    /// Returns the group that is asked for the graph's keys, if one is.
    pub fn asked_to_graph(&self) -> Option<GroupId> {
        self.crossref.as_ref()?.to_graph
    }

    /// Whether the graph's keys can be told from the system's.
    pub fn is_two_way(&self) -> bool {
        self.spellings.iter().all(Spelling::is_two_way)
            && self.crossref.as_ref().is_none_or(|crossref| crossref.to_graph.is_some())
    }
}

impl std::fmt::Display for KeyMapping {
    /// Prints the mapping for people: `cross-reference skus, lower case`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let crossref = self.crossref.as_ref().map(|crossref| format!("cross-reference {}", crossref.name));
        let spellings = self.spellings.iter().filter(|spelling| !spelling.is_same()).map(ToString::to_string);
        f.write_str(&crossref.into_iter().chain(spellings).collect::<Vec<_>>().join(", "))
    }
}

/// `key = { … }`
#[derive(Debug)]
pub struct KeyFile {
    pub place: Place,
    /// What is said of a key of one field.
    pub one: FieldKeyFile,
    /// What is said of each field of a key of several.
    pub fields: Option<(Vec<(Text, FieldKeyFile)>, Place)>,
    pub crossref: Option<Text>,
}

/// What is said of one field of a key.
#[derive(Debug, Default)]
pub struct FieldKeyFile {
    /// The first thing said, for messages.
    pub place: Option<Place>,
    /// The column or member of the system's rows that holds it.
    pub field: Option<Text>,
    pub spelling: Spelling,
}

/// `keys = { sku = "Product" }`: what maps the values of a list's parameter.
#[derive(Debug)]
pub enum ArgumentKeyFile {
    /// As the keys of this entity are mapped.
    Entity(Text),
    /// In a way of its own.
    Own(Box<KeyFile>),
}

/// `[crossrefs.skus]`
#[derive(Debug)]
pub struct CrossrefFile {
    pub name: Text,
    pub domain: Option<Text>,
    pub to_own: Option<GroupFile>,
    pub to_graph: Option<GroupFile>,
}

const FIELD_KEYS: &[&str] = &["field", "case", "graph_case", "pad", "prefix", "without"];
const KEYS: &[&str] = &["field", "fields", "crossref", "case", "graph_case", "pad", "prefix", "without"];
const CROSSREF_KEYS: &[&str] = &["to_own", "to_graph", "domain"];
/// Longer than any system's column of keys.
const PAD_MAX: u64 = 100;

/// Reads `key = { … }`.
pub fn key(entry: Entry<'_, '_>, title: &str, reader: &mut Reader<'_>) -> Option<KeyFile> {
    let place = reader.place(entry.0);
    let table = reader.table(entry)?;
    let mut out = KeyFile { place, one: FieldKeyFile::default(), fields: None, crossref: None };
    for entry in table.iter() {
        match entry.0.get_ref().as_ref() {
            "fields" => out.fields = Some((fields(entry, title, reader), reader.place(entry.0))),
            "crossref" => out.crossref = reader.text(entry),
            _ if out.one.read(entry, reader) => {}
            _ => reader.unknown_key(entry.0, &format!("`key` of {title}"), KEYS),
        }
    }
    out.one.finish(reader);
    if table.is_empty() {
        let help =
            "name the column that holds the key, key = { field = \"erp_sku\" }, say how it is spelled, or delete it";
        reader.findings.fault("KEY_EMPTY", place, format!("{title} says nothing about its key"), help);
    }
    Some(out)
}

fn fields(entry: Entry<'_, '_>, title: &str, reader: &mut Reader<'_>) -> Vec<(Text, FieldKeyFile)> {
    let mut out = Vec::new();
    for entry in reader.table(entry).into_iter().flat_map(|table| table.iter()) {
        let name = Text { text: entry.0.get_ref().to_string(), place: reader.place(entry.0) };
        let mut file = FieldKeyFile { place: Some(name.place), ..FieldKeyFile::default() };
        if let DeValue::Table(table) = entry.1.get_ref() {
            for entry in table.iter() {
                if !file.read(entry, reader) {
                    reader.unknown_key(entry.0, &format!("`key.fields.{}` of {title}", name.text), FIELD_KEYS);
                }
            }
        } else {
            file.field = reader.text(entry);
        }
        file.finish(reader);
        out.push((name, file));
    }
    out
}

impl FieldKeyFile {
    fn read(&mut self, entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> bool {
        let name = entry.0.get_ref().as_ref();
        if !FIELD_KEYS.contains(&name) {
            return false;
        }
        self.place.get_or_insert_with(|| reader.place(entry.0));
        let text = |reader: &mut Reader<'_>| reader.text(entry).map(|text| text.text).unwrap_or_default();
        match name {
            "field" => self.field = reader.text(entry),
            "case" => self.spelling.case = case(entry, reader),
            "graph_case" => self.spelling.graph_case = case(entry, reader),
            "prefix" => self.spelling.prefix = text(reader),
            "without" => self.spelling.without = text(reader),
            _ => {
                let pad = reader.number(entry, 1, PAD_MAX);
                self.spelling.pad = pad.and_then(|pad| usize::try_from(pad).ok());
            }
        }
        true
    }

    fn finish(&self, reader: &mut Reader<'_>) {
        if self.spelling.graph_case.is_some() && self.spelling.case.is_none() {
            reader.findings.fault(
                "KEY_CASE",
                self.place,
                "the case of the graph's keys is said where the system keeps their case",
                "delete `graph_case`, or add `case` if the system changes it",
            );
        }
    }
}

fn case(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<Case> {
    let text = reader.text(entry)?;
    match text.text.as_str() {
        "lower" => Some(Case::Lower),
        "upper" => Some(Case::Upper),
        other => {
            let message = format!("`{other}` is no case of letters");
            reader.findings.fault("KEY_CASE", text.place, message, "write \"lower\" or \"upper\"");
            None
        }
    }
}

/// Reads `keys = { sku = "Product" }`.
pub fn argument_keys(entry: Entry<'_, '_>, title: &str, reader: &mut Reader<'_>) -> Vec<(Text, ArgumentKeyFile)> {
    let mut out = Vec::new();
    for entry in reader.table(entry).into_iter().flat_map(|table| table.iter()) {
        let parameter = Text { text: entry.0.get_ref().to_string(), place: reader.place(entry.0) };
        let file = match entry.1.get_ref() {
            DeValue::Table(_) => {
                let title = format!("`keys.{}` of {title}", parameter.text);
                key(entry, &title, reader).map(|key| ArgumentKeyFile::Own(Box::new(key)))
            }
            _ => reader.text(entry).map(ArgumentKeyFile::Entity),
        };
        out.extend(file.map(|file| (parameter, file)));
    }
    out
}

/// Reads `[crossrefs.skus]`.
pub fn crossref(entry: Entry<'_, '_>, asking: Asking, reader: &mut Reader<'_>) -> Option<CrossrefFile> {
    let name = Text { text: entry.0.get_ref().to_string(), place: reader.place(entry.0) };
    let table = reader.table(entry)?;
    let of = format!("crossrefs.{}", name.text);
    let mut out = CrossrefFile { name, domain: None, to_own: None, to_graph: None };
    for entry in table.iter() {
        match entry.0.get_ref().as_ref() {
            "domain" => out.domain = reader.text(entry),
            direction @ ("to_own" | "to_graph") => {
                let Some(table) = reader.table(entry) else { continue };
                let group = super::group(of.clone(), Some(direction.to_owned()), asking, entry, table.iter(), reader);
                if let Some(key) = &group.key {
                    reader.findings.fault(
                        "CROSSREF_KEY",
                        key.place,
                        format!("[{of}.{direction}] maps keys, and its own are mapped in turn"),
                        "delete `key`; a cross-reference is asked with keys as they are",
                    );
                }
                *(if direction == "to_own" { &mut out.to_own } else { &mut out.to_graph }) = Some(group);
            }
            _ => reader.unknown_key(entry.0, &format!("[{of}]"), CROSSREF_KEYS),
        }
    }
    Some(out)
}
