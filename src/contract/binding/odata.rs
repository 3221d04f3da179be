//! Groups and lists of an OData service: an entity set each, what of it is wanted, and how its server is to be asked.

use std::collections::BTreeMap;

use super::{
    super::{
        condition::Condition,
        reader::{Entry, Reader, Text},
    },
    asked::Parameter,
};
use crate::diagnostic::Place;

/// The versions of the protocol, which differ in literals, answers and batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OdataVersion {
    /// Version 2, as SAP's `A_*` services speak it.
    V2,
    /// Version 4.
    V4,
}

/// What a server can; what a binding does not say, it has from its system, and the system from its version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OdataServer {
    /// Whether it has the operator `in`.
    pub in_operator: Option<bool>,
    /// Whether it takes several questions in one call.
    pub batch: Option<bool>,
    /// Whether it fails a whole question for one key in it.
    pub isolate: Option<bool>,
    /// How long an address it takes, path and query, in bytes.
    pub url_bytes_max: Option<u32>,
    /// How many keys it takes in one condition.
    pub keys_per_filter: Option<u32>,
    /// How many rows it answers with at most.
    pub page_rows: Option<u32>,
    /// Whether it is asked to write large numbers as texts.
    pub ieee754_compatible: Option<bool>,
}

impl OdataServer {
    /// Returns what holds where this says nothing: what `other` says.
    pub fn or(self, other: Self) -> Self {
        Self {
            in_operator: self.in_operator.or(other.in_operator),
            batch: self.batch.or(other.batch),
            isolate: self.isolate.or(other.isolate),
            url_bytes_max: self.url_bytes_max.or(other.url_bytes_max),
            keys_per_filter: self.keys_per_filter.or(other.keys_per_filter),
            page_rows: self.page_rows.or(other.page_rows),
            ieee754_compatible: self.ieee754_compatible.or(other.ieee754_compatible),
        }
    }
}

/// How all entity sets of a system are asked.
#[derive(Debug, Clone)]
pub struct OdataDialect {
    /// The version it speaks.
    pub version: OdataVersion,
    /// What its server can.
    pub server: OdataServer,
    /// Query options of every question, such as `sap-client`.
    pub options: Vec<(String, String)>,
}

/// The types whose literals differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OdataType {
    /// `'text'`
    String,
    /// `5`
    Int,
    /// `5`, and in version 2 `5L`
    Int64,
    /// `5.25`, and in version 2 `5.25M`
    Decimal,
    /// `5.25`, and in version 2 `5.25d`
    Double,
    /// `true`
    Boolean,
    /// A bare one, and in version 2 `guid'…'`
    Guid,
    /// `2026-03-31`, and in version 2 midnight of it
    Date,
    /// An instant; in version 2 `datetime'…'`, which has no zone and is written in UTC
    DateTime,
    /// An instant; in version 2 `datetimeoffset'…'`
    DateTimeOffset,
}

impl OdataType {
    const WORDS: &[(&str, Self)] = &[
        ("string", Self::String),
        ("int", Self::Int),
        ("int64", Self::Int64),
        ("decimal", Self::Decimal),
        ("double", Self::Double),
        ("boolean", Self::Boolean),
        ("guid", Self::Guid),
        ("date", Self::Date),
        ("datetime", Self::DateTime),
        ("datetimeoffset", Self::DateTimeOffset),
    ];
}

/// Which rows and properties of which entity set a binding asks for.
#[derive(Debug, Clone)]
pub struct OdataSet {
    /// The path of the service below the system's address, where the system has several.
    pub service: Option<String>,
    /// The entity set.
    pub entity: String,
    /// The condition that its rows fulfil.
    pub filter: Option<Condition>,
    /// Query options of its own.
    pub options: Vec<(String, String)>,
    /// The types of keys, arguments and columns of the order that are no strings.
    pub types: BTreeMap<String, OdataType>,
    /// The navigation properties that come with each row, as paths: `to_Item`, `to_Item/to_ScheduleLine`.
    pub expand: Vec<String>,
    /// What its server can, where that is not what the system says.
    pub server: OdataServer,
}

/// How a group is asked over OData.
#[derive(Debug, Clone)]
pub struct OdataGroup {
    /// The rows.
    pub set: OdataSet,
}

/// How a list is asked over OData.
#[derive(Debug, Clone)]
pub struct OdataList {
    /// The rows.
    pub set: OdataSet,
    /// The columns of the order that may be null; `None` where all but the key's may be.
    pub nullable: Option<Vec<String>>,
}

/// What a system file says of an OData system, beside how it is reached.
#[derive(Debug, Default)]
pub struct OdataSystemFile {
    version: Option<(Option<OdataVersion>, Place)>,
    server: OdataServer,
    options: Vec<(String, String)>,
}

/// The keys that groups and lists of OData systems have.
#[derive(Debug, Default)]
pub struct OdataSetFile {
    service: Option<Text>,
    entity: Option<Text>,
    entity_given: bool,
    filter: Option<(Text, Option<Condition>)>,
    options: Vec<(String, String)>,
    pub types: Vec<(Text, OdataType)>,
    expand: Vec<String>,
    server: OdataServer,
}

/// The keys of a list that only OData systems have.
#[derive(Debug, Default)]
pub struct OdataListFile {
    pub set: OdataSetFile,
    pub nullable: Option<Vec<Text>>,
}

/// Keys that an address cannot be longer than: what proxies and gateways are known to pass.
const URL_BYTES_MAX: u64 = 1 << 16;

/// The query options that a binding has other keys for, or that Freehold writes.
const WRITTEN: &[&str] =
    &["$filter", "$select", "$expand", "$orderby", "$top", "$skip", "$count", "$inlinecount", "$skiptoken"];

impl OdataServer {
    /// Reads one key; false when it is none of these.
    fn read(&mut self, entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> bool {
        let number =
            |reader: &mut Reader<'_>, max| reader.number(entry, 1, max).and_then(|number| u32::try_from(number).ok());
        match entry.0.get_ref().as_ref() {
            "in_operator" => self.in_operator = reader.boolean(entry),
            "batch" => self.batch = reader.boolean(entry),
            "isolate" => self.isolate = reader.boolean(entry),
            "ieee754_compatible" => self.ieee754_compatible = reader.boolean(entry),
            "url_bytes_max" => self.url_bytes_max = number(reader, URL_BYTES_MAX),
            "keys_per_filter" => self.keys_per_filter = number(reader, 100_000),
            "page_rows" => self.page_rows = number(reader, 1_000_000),
            _ => return false,
        }
        true
    }
}

impl OdataSystemFile {
    /// The keys.
    pub const KEYS: &[&str] = &[
        "version",
        "options",
        "in_operator",
        "batch",
        "isolate",
        "url_bytes_max",
        "keys_per_filter",
        "page_rows",
        "ieee754_compatible",
    ];

    /// Reads one key; false when it is none of these.
    pub fn read(&mut self, entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> bool {
        match entry.0.get_ref().as_ref() {
            "version" => {
                let version = reader.text(entry);
                self.version = version.map(|text| match text.text.as_str() {
                    "v2" => (Some(OdataVersion::V2), text.place),
                    "v4" => (Some(OdataVersion::V4), text.place),
                    _ => (None, text.place),
                });
            }
            "options" => self.options = options(entry, reader),
            _ => return self.server.read(entry, reader),
        }
        true
    }

    /// Returns how the system is asked; `None` where its version is missing, which is reported.
    pub fn dialect(self, start: Place, findings: &mut crate::diagnostic::Findings) -> Option<OdataDialect> {
        let version = match self.version {
            Some((Some(version), _)) => version,
            said => {
                let (message, place) = match said {
                    Some((_, place)) => ("there is no such version of OData", place),
                    None => ("the system does not say which version of OData it speaks", start),
                };
                findings.fault("ODATA_VERSION", place, message, "write version = \"v4\" or version = \"v2\"");
                return None;
            }
        };
        Some(OdataDialect { version, server: self.server, options: self.options })
    }

    /// Whether the system speaks version 2.
    pub fn is_v2(&self) -> bool {
        matches!(self.version, Some((Some(OdataVersion::V2), _)))
    }
}

impl OdataSetFile {
    /// The keys.
    pub const KEYS: &[&str] = &[
        "entity",
        "service",
        "filter",
        "options",
        "types",
        "expand",
        "in_operator",
        "batch",
        "isolate",
        "url_bytes_max",
        "keys_per_filter",
        "page_rows",
        "ieee754_compatible",
    ];
    /// Those that hold tables.
    pub const TABLES: &[&str] = &["options", "types"];

    /// Reads one key; false when it is none of these.
    pub fn read(&mut self, entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> bool {
        match entry.0.get_ref().as_ref() {
            "entity" => {
                self.entity_given = true;
                self.entity = reader.text(entry);
            }
            "service" => self.service = reader.text(entry),
            "filter" => self.filter = reader.text(entry).map(|text| condition(text, reader)),
            "options" => self.options = options(entry, reader),
            "types" => self.types = types(entry, reader),
            "expand" => {
                let paths = reader.texts(entry);
                self.expand = paths.into_iter().flatten().map(|path| path.text).collect();
            }
            _ => return self.server.read(entry, reader),
        }
        true
    }

    /// Reports what is missing once all keys are read.
    pub fn finish(&self, title: &str, place: Place, reader: &mut Reader<'_>) {
        if !self.entity_given {
            let help = "add entity = \"…\", as the service's $metadata names the entity set";
            reader.findings.fault("ODATA_ENTITY", place, format!("{title} names no entity set"), help);
        }
        for path in [&self.entity, &self.service].into_iter().flatten() {
            if path.text.is_empty() || path.text.contains(['?', '#', '%', ' ']) || path.text.ends_with('/') {
                reader.findings.fault(
                    "ODATA_ENTITY",
                    path.place,
                    format!("`{}` is no path of an OData service", path.text),
                    "write the path alone: entity = \"A_Product\", service = \"API_PRODUCT_SRV\"",
                );
            }
        }
    }

    /// Refuses arguments: a group is asked by its keys and nothing else.
    pub fn refuse_arguments(&self, reader: &mut Reader<'_>) {
        let Some((text, Some(condition))) = &self.filter else { return };
        if let Some((name, _)) = condition.arguments().first() {
            reader.findings.fault(
                "ODATA_FILTER",
                text.place,
                format!("a group is given its keys and nothing else, so no {{{name}}}"),
                "write a constant condition; arguments go to lists",
            );
        }
    }

    /// Returns the arguments of the condition; `None` where it does not read, which has been reported.
    pub fn parameters(&self) -> Option<Vec<Parameter>> {
        let Some((_, condition)) = &self.filter else { return Some(Vec::new()) };
        let arguments = condition.as_ref()?.arguments().into_iter();
        Some(arguments.map(|(name, is_single)| Parameter { name: name.to_owned(), is_single }).collect())
    }

    /// Compiles what was written; `None` where a fault has been reported.
    pub fn compile(&self) -> Option<OdataSet> {
        Some(OdataSet {
            service: self.service.as_ref().map(|text| text.text.trim_matches('/').to_owned()),
            entity: self.entity.as_ref()?.text.trim_matches('/').to_owned(),
            filter: match &self.filter {
                None => None,
                Some((_, condition)) => Some(condition.clone()?),
            },
            options: self.options.clone(),
            types: self.types.iter().map(|(name, ty)| (name.text.clone(), *ty)).collect(),
            expand: self.expand.clone(),
            server: self.server,
        })
    }
}

impl OdataListFile {
    /// The keys.
    pub const KEYS: &[&str] = &[
        "entity",
        "service",
        "filter",
        "options",
        "types",
        "expand",
        "nullable",
        "in_operator",
        "batch",
        "isolate",
        "url_bytes_max",
        "keys_per_filter",
        "page_rows",
        "ieee754_compatible",
    ];

    /// Reads one key; false when it is none of these.
    pub fn read(&mut self, entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> bool {
        if entry.0.get_ref() == "nullable" {
            self.nullable = reader.texts(entry);
            return true;
        }
        self.set.read(entry, reader)
    }

    /// Compiles what was written; `None` where a fault has been reported.
    pub fn compile(&self) -> Option<OdataList> {
        let nullable = self.nullable.as_ref();
        Some(OdataList {
            set: self.set.compile()?,
            nullable: nullable.map(|columns| columns.iter().map(|column| column.text.clone()).collect()),
        })
    }
}

/// Reads a condition and reports one that is none.
fn condition(text: Text, reader: &mut Reader<'_>) -> (Text, Option<Condition>) {
    let read = Condition::parse(&text.text);
    if let Err(error) = &read {
        let behind: String = text.text.get(error.at()..).unwrap_or_default().chars().take(20).collect();
        let behind = if behind.is_empty() { "the end".to_owned() } else { format!("`{behind}`") };
        reader.findings.fault(
            "ODATA_FILTER",
            text.place,
            format!("this is no condition: {error}, at {behind}"),
            "write OData's $filter: \"Category eq {category} and Status ne 'X'\"",
        );
    }
    (text, read.ok())
}

/// Reads `options = { sap-client = "100" }`.
fn options(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for entry in reader.table(entry).into_iter().flat_map(|table| table.iter()) {
        let name = entry.0.get_ref().to_string();
        if WRITTEN.contains(&name.to_ascii_lowercase().as_str()) {
            reader.findings.fault(
                "ODATA_OPTION",
                reader.place(entry.0),
                format!("`{name}` is written by freehold"),
                "use the keys `filter`, `fields`, `expand` and `order`",
            );
            continue;
        }
        out.extend(reader.text(entry).map(|value| (name, value.text)));
    }
    out
}

/// Reads `types = { id = "guid" }`.
fn types(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Vec<(Text, OdataType)> {
    let mut out = Vec::new();
    for entry in reader.table(entry).into_iter().flat_map(|table| table.iter()) {
        let name = Text { text: entry.0.get_ref().to_string(), place: reader.place(entry.0) };
        let Some(word) = reader.text(entry) else { continue };
        match OdataType::WORDS.iter().find(|(known, _)| *known == word.text) {
            Some((_, ty)) => out.push((name, *ty)),
            None => {
                let words: Vec<&str> = OdataType::WORDS.iter().map(|(word, _)| *word).collect();
                reader.findings.fault(
                    "ODATA_TYPE",
                    word.place,
                    format!("`{}` is no type of a literal", word.text),
                    format!("write one of {}", words.join(", ")),
                );
            }
        }
    }
    out
}
