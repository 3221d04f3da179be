//! Watermarks: rows that carry when they last changed are asked for again and again, `[changes.watermark.Product]`.
//!
//! As written: a query with `:since`, and one for all keys, by which what is gone is found. As used: two lists of the
//! system, which no field of the graph uses, so that they are asked like everything else that is asked of it.

use std::time::Duration;

use toml::de::DeValue;

use super::super::reader::{Entry, Reader, Text};
use crate::value::{ListId, TypeId};

/// How it is seen by the rows themselves that they changed.
#[derive(Debug, Clone)]
pub struct Watermark {
    /// The type.
    pub entity: TypeId,
    /// The list of changed rows, by when they changed; its one parameter is since when.
    pub changed: ListId,
    /// How often it is asked.
    pub every: Duration,
    /// How far each question goes back before the latest change that was seen.
    pub overlap: Overlap,
    /// What no row can have changed before.
    pub begin: String,
    /// How what is gone is found.
    pub deletes: Option<Deletes>,
}

/// How far a question goes back, for changes that are seen later than others that came after them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// The column is a time.
    Time(Duration),
    /// The column is a number that grows with each change.
    Steps(u64),
}

/// How what is gone is found: all keys are read and compared with those that were there before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletes {
    /// The list of all rows.
    pub list: ListId,
    /// How often.
    pub every: Duration,
}

/// `[changes.watermark.Product]`
#[derive(Debug)]
pub struct WatermarkFile {
    pub entity: Text,
    pub query: Text,
    pub column: String,
    pub every: Duration,
    pub overlap: Overlap,
    pub begin: String,
    pub deletes: Option<DeletesFile>,
}

/// `deletes = { … }`
#[derive(Debug)]
pub struct DeletesFile {
    pub query: Text,
    pub every: Duration,
}

const KEYS: &[&str] = &["query", "column", "every", "overlap", "begin", "deletes"];
const DELETES_KEYS: &[&str] = &["query", "every"];
const EVERY: Duration = Duration::from_secs(10);
const EVERY_DELETES: Duration = Duration::from_secs(600);
/// Faster is a load on the system that its own notices would spare it.
const EVERY_MIN: Duration = Duration::from_millis(100);
const EVERY_MAX: Duration = Duration::from_secs(86_400);
const OVERLAP: Duration = Duration::from_secs(30);

/// Reads `[changes.watermark]`.
pub fn read(watermark: Entry<'_, '_>, reader: &mut Reader<'_>) -> Vec<WatermarkFile> {
    let entries = reader.table(watermark).into_iter().flat_map(|table| table.iter());
    entries.filter_map(|entry| one(entry, reader)).collect()
}

fn one(watermark: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<WatermarkFile> {
    let entity = Text { text: watermark.0.get_ref().to_string(), place: reader.place(watermark.0) };
    let title = format!("[changes.watermark.{}]", entity.text);
    let n_faults = reader.findings.n_faults();
    let (mut query, mut begin, mut deletes) = (None, None, None);
    let (mut column, mut every, mut overlap) = ("changed_at".to_owned(), EVERY, Overlap::Time(OVERLAP));
    for entry in reader.table(watermark)?.iter() {
        match entry.0.get_ref().as_ref() {
            "query" => query = reader.text(entry),
            "column" => column = reader.text(entry)?.text,
            "every" => every = pause(entry, reader)?,
            "overlap" => {
                overlap = match entry.1.get_ref() {
                    DeValue::Integer(_) => Overlap::Steps(reader.number(entry, 0, u64::MAX / 2)?),
                    _ => Overlap::Time(reader.duration(entry)?),
                };
            }
            "begin" => begin = Some(reader.text(entry)?.text),
            "deletes" => deletes = deletes_of(entry, &title, reader),
            _ => reader.unknown_key(entry.0, &title, KEYS),
        }
    }
    if reader.findings.n_faults() > n_faults {
        return None;
    }
    let Some(query) = query else {
        query_missing(&entity, &title, reader);
        return None;
    };
    let begin = begin.unwrap_or_else(|| match overlap {
        Overlap::Time(_) => "1970-01-02 00:00:00".to_owned(),
        Overlap::Steps(_) => "0".to_owned(),
    });
    Some(WatermarkFile { entity, query, column, every, overlap, begin, deletes })
}

fn deletes_of(deletes: Entry<'_, '_>, title: &str, reader: &mut Reader<'_>) -> Option<DeletesFile> {
    let (mut query, mut every) = (None, EVERY_DELETES);
    let place = reader.place(deletes.0);
    for entry in reader.table(deletes)?.iter() {
        match entry.0.get_ref().as_ref() {
            "query" => query = Some(reader.text(entry)?),
            "every" => every = pause(entry, reader)?,
            _ => reader.unknown_key(entry.0, &format!("`deletes` of {title}"), DELETES_KEYS),
        }
    }
    if query.is_none() {
        let text = Text { text: String::new(), place };
        query_missing(&text, &format!("`deletes` of {title}"), reader);
    }
    Some(DeletesFile { query: query?, every })
}

fn query_missing(at: &Text, title: &str, reader: &mut Reader<'_>) {
    let help =
        "add query = \"select sku, changed_at from item where changed_at >= :since\"; for deletes, one of all keys";
    reader.findings.fault("QUERY_MISSING", at.place, format!("{title} has no query"), help);
}

fn pause(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<Duration> {
    let every = reader.duration(entry)?;
    if !(EVERY_MIN..=EVERY_MAX).contains(&every) {
        let place = reader.place(entry.1);
        let message = "a system is not asked so often, or so rarely";
        reader.findings.fault("WATERMARK_EVERY", place, message, "write a duration from \"100ms\" to \"24h\"");
        return None;
    }
    Some(every)
}
