//! Replication: every change that the system commits is sent in order, `[changes.replication]`.
//!
//! As written: the slot, the publication, and whose key a row of each table has. As used: the same with types found.

use super::super::reader::{Entry, Reader, Text};
use crate::{
    diagnostic::Place,
    value::{GroupId, Spelling, TypeId},
};

/// How a system's changes are replicated.
#[derive(Debug, Clone)]
pub struct Replication {
    /// The slot, which keeps what was not heard yet.
    pub slot: String,
    /// The publication, which says what of which tables is sent.
    pub publication: String,
    /// Whether the slot is created where it is missing.
    pub create_slot: bool,
    /// The tables.
    pub tables: Vec<ReplicatedTable>,
    /// The groups that are read from these tables and nothing else: what did not change there is as it was.
    pub confirms: Vec<GroupId>,
}

/// A table of which a row has the key of an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicatedTable {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// The type.
    pub entity: TypeId,
    /// The column of each field of the key, in the order of `@key`.
    pub key: Vec<String>,
    /// The ways in which the system's groups spell the key, a spelling for each field; none where the graph's keys cannot
    /// be told from the system's, so that any change is about all of the type.
    pub spellings: Vec<Vec<Spelling>>,
}

/// `[changes.replication]`
#[derive(Debug)]
pub struct ReplicationFile {
    pub slot: String,
    pub publication: String,
    pub create_slot: bool,
    pub tables: Vec<TableFile>,
    pub confirms: Vec<Text>,
}

/// `tables = { item = { … } }`
#[derive(Debug)]
pub struct TableFile {
    pub table: Text,
    pub entity: Text,
    /// The key fields with their columns.
    pub key: Vec<(Text, String)>,
}

const KEYS: &[&str] = &["slot", "publication", "create_slot", "tables", "confirms"];
const TABLE_KEYS: &[&str] = &["type", "key"];

/// Reads `[changes.replication]`.
pub fn read(replication: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<ReplicationFile> {
    let (place, n_faults) = (reader.place(replication.0), reader.findings.n_faults());
    let (mut slot, mut publication, mut create_slot, mut tables) = (None, None, false, Vec::new());
    let mut confirms = Vec::new();
    for entry in reader.table(replication)?.iter() {
        match entry.0.get_ref().as_ref() {
            "slot" => slot = slot_of(entry, reader),
            "publication" => publication = reader.text(entry),
            "create_slot" => create_slot = reader.boolean(entry)?,
            "tables" => {
                for entry in reader.table(entry)?.iter() {
                    tables.extend(table(entry, reader));
                }
            }
            "confirms" => confirms = reader.texts(entry)?,
            _ => reader.unknown_key(entry.0, "[changes.replication]", KEYS),
        }
    }
    if reader.findings.n_faults() > n_faults {
        return None;
    }
    let lacks = [("slot", slot.is_none()), ("publication", publication.is_none()), ("tables", tables.is_empty())];
    for (name, _) in lacks.iter().filter(|(_, lacks)| *lacks) {
        missing(place, name, reader);
    }
    Some(ReplicationFile { slot: slot?.text, publication: publication?.text, create_slot, tables, confirms })
}

fn missing(place: Place, name: &str, reader: &mut Reader<'_>) {
    let help = "write slot = \"freehold\", publication = \"freehold\" and \
                tables = { item = { type = \"Product\", key = { sku = \"item_no\" } } }";
    reader.findings.fault("REPLICATION_MISSING", place, format!("[changes.replication] has no `{name}`"), help);
}

fn slot_of(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<Text> {
    let slot = reader.text(entry)?;
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if slot.text.is_empty() || slot.text.len() > 63 || !slot.text.bytes().all(is_name) {
        let message = format!("`{}` is no name of a slot", slot.text);
        let help = "write small letters, digits and underscores";
        reader.findings.fault("REPLICATION_SLOT", slot.place, message, help);
        return None;
    }
    Some(slot)
}

fn table(table: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<TableFile> {
    let named = Text { text: table.0.get_ref().to_string(), place: reader.place(table.0) };
    let (title, mut entity, mut key) = (format!("the table `{}`", named.text), None, Vec::new());
    for entry in reader.table(table)?.iter() {
        match entry.0.get_ref().as_ref() {
            "type" => entity = Some(reader.text(entry)?),
            "key" => {
                for entry in reader.table(entry)?.iter() {
                    let field = Text { text: entry.0.get_ref().to_string(), place: reader.place(entry.0) };
                    key.push((field, reader.text(entry)?.text));
                }
            }
            _ => reader.unknown_key(entry.0, &title, TABLE_KEYS),
        }
    }
    if entity.is_none() || key.is_empty() {
        let help = "write { type = \"Product\", key = { sku = \"item_no\" } }";
        let message = format!("{title} does not say whose key its rows have");
        reader.findings.fault("REPLICATION_TABLE", named.place, message, help);
    }
    Some(TableFile { table: named, entity: entity?, key })
}
