//! Bindings as written: the `[Group]` and `[lists.…]` tables of a system file.
//!
//! Reading order: this file (what every kind of system has), `asked` (the switch between the kinds), then one file for each
//! way to ask: `sql`, `rest`, `odata`, `graphql`, `file`, `inside` (what Freehold itself knows); and `key` (how a system's keys differ from the graph's). Each
//! holds what the user wrote and what the program runs on.

mod asked;
mod file;
mod graphql;
mod inside;
mod key;
mod odata;
mod rest;
mod sql;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use toml::de::{DeTable, DeValue};

pub(super) use self::{
    asked::{Asking, GroupAsked, ListAsked, Parameter},
    file::FileGroupFile,
    graphql::{GraphQlGroupFile, meanings},
    inside::InsideFile,
    key::{ArgumentKeyFile, CrossrefFile, KeyFile, crossref},
    odata::{OdataListFile, OdataSetFile, OdataSystemFile},
    rest::RestGroupFile,
};
pub use self::{
    file::{Complete, Csv, Delivery, Empty, FileGroup, FileList, FilePart, Form},
    graphql::{
        CONNECTION_VARIABLES, GraphQlDocument, GraphQlGroup, GraphQlKeys, GraphQlList, GraphQlMeaning, GraphQlPaging,
        GraphQlPiece, GraphQlRoot, GraphQlVariable,
    },
    inside::{InsideGroup, InsideList, InsideTable},
    key::{Crossref, KeyMapping},
    odata::{OdataDialect, OdataGroup, OdataList, OdataServer, OdataSet, OdataType, OdataVersion},
    rest::{
        Blank, BlankForm, Counter, FailureKind, Failures, NextLink, PageTarget, Paging, Piece, RestCall, RestGroup,
        RestList, RowsAt, TextTemplate, ValueTemplate,
    },
    sql::{SqlGroup, SqlList},
};
use super::reader::{Entry, Reader, Text};
use crate::{
    diagnostic::Place,
    value::{Per, Pointer},
};

/// `[Product]` or `[Product.stock]`.
#[derive(Debug)]
pub(super) struct GroupFile {
    pub entity: String,
    /// The group's name, where it has one.
    pub name: Option<String>,
    pub place: Place,
    /// Where each field stands in a row, where that is not the member of its name.
    pub fields: Vec<(Text, Pointer)>,
    pub key: Option<KeyFile>,
    pub as_of: Option<Text>,
    /// The column that says until when a row holds.
    pub valid_until: Option<Text>,
    pub values: Vec<(Text, AdaptationFile)>,
    pub trim: Option<bool>,
    pub zone: Option<TimeZone>,
    pub asked: GroupAsked,
}

/// `values.status = { … }`
#[derive(Debug, Default)]
pub(super) struct AdaptationFile {
    pub trim: bool,
    pub scale: Option<(u32, Place)>,
    pub per: Option<(Per, Place)>,
    pub digits: Option<(u32, Place)>,
    pub language: Option<Vec<String>>,
    pub words: Option<BTreeMap<String, Text>>,
}

/// `[lists.productsOfCategory]`
#[derive(Debug)]
pub(super) struct ListFile {
    pub name: Text,
    /// Where each column stands in a row, where that is not the member of its name.
    pub fields: Vec<(Text, Pointer)>,
    /// How the keys of its rows map, where that is not how those of the listed type's group do.
    pub key: Option<KeyFile>,
    /// The parameters that are keys, and how they map.
    pub keys: Vec<(Text, ArgumentKeyFile)>,
    pub order: Option<(Vec<Text>, Place)>,
    /// The parameter that takes the accounts whose rows are wanted.
    pub scope: Option<Text>,
    /// The parameter that takes the login whose rows are wanted.
    pub own: Option<Text>,
    pub page_rows_max: u32,
    pub page_rows_default: u32,
    pub count_max: u64,
    pub domain: Option<Text>,
    pub values: Vec<(Text, AdaptationFile)>,
    pub trim: Option<bool>,
    pub zone: Option<TimeZone>,
    pub asked: ListAsked,
}

/// The keys of a group of every kind.
const GROUP_KEYS: &[&str] = &["key", "values", "as_of", "valid_until", "trim", "zone"];
/// The keys of a group of every kind that hold tables and so are no groups of their own.
const GROUP_TABLES: &[&str] = &["values", "key", "fields"];
/// The keys of a list of every kind.
const LIST_KEYS: &[&str] = &[
    "key",
    "keys",
    "order",
    "scope",
    "own",
    "page_rows_max",
    "page_rows_default",
    "count_max",
    "domain",
    "values",
    "trim",
    "zone",
];
const VALUE_KEYS: &[&str] = &["trim", "map", "scale", "per", "digits", "language"];
/// More digits than any decimal column has.
const SCALE_MAX: u64 = 38;
/// More than any price is quoted for.
const PER_MAX: u64 = 1_000_000_000;

/// Reads a time zone.
pub(super) fn zone(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<TimeZone> {
    let text = reader.text(entry)?;
    let zone = TimeZone::get(&text.text).ok();
    if zone.is_none() {
        reader.findings.fault(
            "ZONE_UNKNOWN",
            text.place,
            format!("there is no time zone `{}`", text.text),
            "write a name of the IANA time zone database: \"UTC\", \"Europe/Berlin\"",
        );
    }
    zone
}

/// Reads the groups of a type: its own, and those with a name.
pub(super) fn groups(
    entry: Entry<'_, '_>,
    table: &DeTable<'_>,
    asking: Asking,
    reader: &mut Reader<'_>,
    out: &mut Vec<GroupFile>,
) {
    let tables: Vec<&str> = GROUP_TABLES.iter().chain(asking.group_tables()).copied().collect();
    let entity = entry.0.get_ref().to_string();
    let mut named = Vec::new();
    let is_group = |entry: &Entry<'_, '_>| match entry.1.get_ref() {
        // A table without a query whose name is nearly that of a key was meant to be the key.
        DeValue::Table(table) => {
            let name = entry.0.get_ref();
            let asks = GroupAsked::new(asking).keys().iter().any(|key| table.contains_key(*key));
            !tables.contains(&&**name) && (asks || super::nearest(name, tables.iter().copied()).is_none())
        }
        _ => false,
    };
    for entry in table.iter().filter(is_group) {
        let DeValue::Table(table) = entry.1.get_ref() else { continue };
        let name = Some(entry.0.get_ref().to_string());
        named.push(group(entity.clone(), name, asking, entry, table.iter(), reader));
    }
    let own: Vec<_> = table.iter().filter(|entry| !is_group(entry)).collect();
    if !own.is_empty() || named.is_empty() {
        out.push(group(entity, None, asking, entry, own.into_iter(), reader));
    }
    out.append(&mut named);
}

fn group<'a, 'i: 'a>(
    entity: String,
    name: Option<String>,
    asking: Asking,
    header: Entry<'a, 'i>,
    entries: impl Iterator<Item = Entry<'a, 'i>>,
    reader: &mut Reader<'_>,
) -> GroupFile {
    let place = reader.place(header.0);
    let mut out = GroupFile {
        entity,
        name,
        place,
        fields: Vec::new(),
        key: None,
        as_of: None,
        valid_until: None,
        values: Vec::new(),
        trim: None,
        zone: None,
        asked: GroupAsked::new(asking),
    };
    let title = match &out.name {
        Some(name) => format!("[{}.{name}]", out.entity),
        None => format!("[{}]", out.entity),
    };
    for entry in entries {
        match entry.0.get_ref().as_ref() {
            "fields" if asking.has_fields() => out.fields = fields(entry, reader),
            // Of files a table says how a name tells the time.
            "as_of" if asking != Asking::File || matches!(entry.1.get_ref(), DeValue::String(_)) => {
                out.as_of = reader.text(entry);
            }
            "valid_until" => out.valid_until = reader.text(entry),
            "values" => out.values = values(entry, reader),
            "trim" => out.trim = reader.boolean(entry),
            "zone" => out.zone = zone(entry, reader),
            "key" => out.key = key::key(entry, &title, reader),
            _ if out.asked.read(entry, reader) => {}
            _ => reader.unknown_key(entry.0, &title, &known(out.asked.keys(), GROUP_KEYS, asking)),
        }
    }
    out.asked.finish(&title, place, &out.fields, reader);
    out
}

/// The keys that a binding may have, its kind's own first.
fn known(own: &[&'static str], of_all: &[&'static str], asking: Asking) -> Vec<&'static str> {
    let fields = asking.has_fields().then_some("fields");
    own.iter().copied().chain(fields).chain(of_all.iter().copied()).collect()
}

/// Reads `fields = { name = "/values/name/0/data" }`.
fn fields(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Vec<(Text, Pointer)> {
    let mut out = Vec::new();
    for entry in reader.table(entry).into_iter().flat_map(|table| table.iter()) {
        let field = Text { text: entry.0.get_ref().to_string(), place: reader.place(entry.0) };
        out.extend(pointer(entry, reader).map(|pointer| (field, pointer)));
    }
    out
}

/// Reads a pointer.
pub(super) fn pointer(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<Pointer> {
    let text = reader.text(entry)?;
    let read = Pointer::parse(&text.text);
    if let Err(error) = &read {
        reader.findings.fault(
            "POINTER",
            text.place,
            format!("this is no pointer: {error}"),
            "write the way to the value: \"/values/name\", \"/lines/*/sku\", \"/names/[language=de]/text\"",
        );
    }
    read.ok()
}

fn values(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Vec<(Text, AdaptationFile)> {
    let mut out = Vec::new();
    for entry in reader.table(entry).into_iter().flat_map(|table| table.iter()) {
        let field = Text { text: entry.0.get_ref().to_string(), place: reader.place(entry.0) };
        let Some(table) = reader.table(entry) else { continue };
        let mut adaptation = AdaptationFile::default();
        for entry in table.iter() {
            match entry.0.get_ref().as_ref() {
                "trim" => adaptation.trim = reader.boolean(entry).unwrap_or(false),
                "map" => adaptation.words = reader.words(entry),
                "scale" => {
                    let place = reader.place(entry.1);
                    let digits = reader.number(entry, 0, SCALE_MAX).and_then(|digits| u32::try_from(digits).ok());
                    adaptation.scale = digits.map(|digits| (digits, place));
                }
                "digits" => {
                    let place = reader.place(entry.1);
                    let digits = reader.number(entry, 0, SCALE_MAX).and_then(|digits| u32::try_from(digits).ok());
                    adaptation.digits = digits.map(|digits| (digits, place));
                }
                "per" => adaptation.per = per(entry, reader),
                "language" => {
                    let languages = reader.texts(entry);
                    adaptation.language = languages.map(|all| all.into_iter().map(|text| text.text).collect());
                }
                _ => reader.unknown_key(entry.0, &format!("values.{}", field.text), VALUE_KEYS),
            }
        }
        out.push((field, adaptation));
    }
    out
}

/// Reads `per = 100` or `per = "price_unit"`.
fn per(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<(Per, Place)> {
    let place = reader.place(entry.1);
    let per = match entry.1.get_ref() {
        DeValue::String(column) => Per::Column(column.to_string()),
        _ => Per::Quantity(reader.number(entry, 1, PER_MAX)?),
    };
    Some((per, place))
}

/// Reads a list.
pub(super) fn list(entry: Entry<'_, '_>, asking: Asking, reader: &mut Reader<'_>) -> Option<ListFile> {
    let name = Text { text: entry.0.get_ref().to_string(), place: reader.place(entry.0) };
    let title = format!("[lists.{}]", name.text);
    let table = reader.table(entry)?;
    let mut out = ListFile {
        name,
        fields: Vec::new(),
        key: None,
        keys: Vec::new(),
        order: None,
        scope: None,
        own: None,
        page_rows_max: 100,
        page_rows_default: 20,
        count_max: 10_000,
        domain: None,
        values: Vec::new(),
        trim: None,
        zone: None,
        asked: ListAsked::new(asking),
    };
    let mut default_given = None;
    for entry in table.iter() {
        let rows = |number: Option<u64>| number.and_then(|number| u32::try_from(number).ok());
        match entry.0.get_ref().as_ref() {
            "fields" if asking.has_fields() => out.fields = fields(entry, reader),
            "key" => out.key = key::key(entry, &title, reader),
            "keys" => out.keys = key::argument_keys(entry, &title, reader),
            "order" => {
                let place = reader.place(entry.1);
                out.order = reader.texts(entry).map(|columns| (columns, place));
            }
            "scope" => out.scope = reader.text(entry),
            "own" => out.own = reader.text(entry),
            "page_rows_max" => out.page_rows_max = rows(reader.number(entry, 1, 100_000)).unwrap_or(100),
            "page_rows_default" => {
                default_given = Some(reader.place(entry.1));
                out.page_rows_default = rows(reader.number(entry, 1, 100_000)).unwrap_or(20);
            }
            "count_max" => out.count_max = reader.number(entry, 1, 1_000_000_000).unwrap_or(10_000),
            "domain" => out.domain = reader.text(entry),
            "values" => out.values = values(entry, reader),
            "trim" => out.trim = reader.boolean(entry),
            "zone" => out.zone = zone(entry, reader),
            _ if out.asked.read(entry, reader) => {}
            _ => reader.unknown_key(entry.0, &title, &known(out.asked.keys(), LIST_KEYS, asking)),
        }
    }
    out.asked.finish(&title, out.name.place, &out.fields, reader);
    if let Some((_, place)) = out.order.as_ref().filter(|_| out.asked.is_ordered_by_system()) {
        reader.findings.fault(
            "ORDER_POINTLESS",
            *place,
            format!("{title} is ordered by the system itself"),
            "delete `order`; the system's own order and cursors are used",
        );
    }
    match default_given {
        Some(place) if out.page_rows_default > out.page_rows_max => reader.findings.fault(
            "PAGE_ROWS_ORDER",
            place,
            format!("{title} gives {} rows by default but at most {}", out.page_rows_default, out.page_rows_max),
            "lower `page_rows_default` or raise `page_rows_max`",
        ),
        _ => out.page_rows_default = out.page_rows_default.min(out.page_rows_max),
    }
    Some(out)
}
