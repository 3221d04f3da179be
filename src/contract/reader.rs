//! Reading TOML: typed values out of a parsed table, with a fault and its place for each that is not what it should be.

use std::{collections::BTreeMap, time::Duration};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{
    diagnostic::{FileId, Findings, Place},
    value::parse_duration,
};

/// A text and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Text {
    pub text: String,
    pub place: Place,
}

/// Reads the values of one file.
pub(super) struct Reader<'f> {
    pub file: FileId,
    pub findings: &'f mut Findings,
}

/// An entry of a table.
pub(super) type Entry<'a, 'i> = (&'a Spanned<std::borrow::Cow<'i, str>>, &'a Spanned<DeValue<'i>>);

/// Parses a TOML text.
///
/// *Errors*: each key that is defined twice is a fault, the first definition holds; any other error is one fault for the
/// file, and `None`.
pub(super) fn parse<'t>(file: FileId, text: &'t str, findings: &mut Findings) -> Option<DeTable<'t>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut readable = true;
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let place = Place { file, start: span.start, end: span.end };
        if error.message().starts_with("duplicate key") {
            findings.fault(
                "TOML_DUPLICATE",
                place,
                "this key is defined twice",
                "keep one of the two; it is not said which would hold",
            );
        } else if std::mem::take(&mut readable) {
            findings.fault(
                "TOML_SYNTAX",
                place,
                format!("this is not TOML: {}", error.message()),
                "correct the syntax here; the other files are checked meanwhile, as far as they can be without this one",
            );
        }
    }
    readable.then(|| table.into_inner())
}

impl Reader<'_> {
    /// Returns the place of a key or value.
    pub fn place<T>(&self, spanned: &Spanned<T>) -> Place {
        let span = spanned.span();
        Place { file: self.file, start: span.start, end: span.end }
    }

    /// Refuses a key, and says which ones there are.
    pub fn unknown_key(&mut self, key: &Spanned<std::borrow::Cow<'_, str>>, table: &str, known: &[&str]) {
        let place = self.place(key);
        let near = super::nearest(key.get_ref(), known.iter().copied());
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known here: {}", known.join(", ")),
        };
        self.findings.fault("KEY_UNKNOWN", place, format!("{table} has no key `{}`", key.get_ref()), help);
    }

    fn wrong<T>(&mut self, (key, value): Entry<'_, '_>, expected: &str) -> Option<T> {
        let place = self.place(value);
        self.findings.fault(
            "VALUE_TYPE",
            place,
            format!("`{}` is not {expected}", key.get_ref()),
            format!("write {expected}"),
        );
        None
    }

    /// Reads a text.
    pub fn text(&mut self, entry: Entry<'_, '_>) -> Option<Text> {
        match entry.1.get_ref() {
            DeValue::String(text) => Some(Text { text: text.to_string(), place: self.place(entry.1) }),
            _ => self.wrong(entry, "a text in quotes"),
        }
    }

    /// Reads a list of texts.
    pub fn texts(&mut self, entry: Entry<'_, '_>) -> Option<Vec<Text>> {
        let DeValue::Array(items) = entry.1.get_ref() else { return self.wrong(entry, "a list of texts") };
        let texts = items.iter().map(|item| self.text((entry.0, item)));
        // Collected in two steps so that each item that is no text is a fault of its own.
        let texts: Vec<Option<Text>> = texts.collect();
        texts.into_iter().collect()
    }

    /// Reads true or false.
    pub fn boolean(&mut self, entry: Entry<'_, '_>) -> Option<bool> {
        match entry.1.get_ref() {
            DeValue::Boolean(value) => Some(*value),
            _ => self.wrong(entry, "true or false"),
        }
    }

    /// Reads a whole number within bounds.
    pub fn number(&mut self, entry: Entry<'_, '_>, min: u64, max: u64) -> Option<u64> {
        let number = match entry.1.get_ref() {
            DeValue::Integer(number) => u64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok(),
            _ => None,
        };
        match number {
            Some(number) if (min..=max).contains(&number) => Some(number),
            _ => self.wrong(entry, &format!("a whole number from {min} to {max}")),
        }
    }

    /// Reads a duration.
    pub fn duration(&mut self, entry: Entry<'_, '_>) -> Option<Duration> {
        let read = match entry.1.get_ref() {
            DeValue::String(text) => parse_duration(text),
            _ => None,
        };
        if read.is_none() {
            let place = self.place(entry.1);
            self.findings.fault(
                "DURATION_INVALID",
                place,
                format!("`{}` is not a duration", entry.0.get_ref()),
                "write a whole number and a unit, 3650d at most: \"500ms\", \"60s\", \"15m\", \"24h\" or \"7d\"",
            );
        }
        read
    }

    /// Reads a table.
    pub fn table<'a, 'i>(&mut self, entry: Entry<'a, 'i>) -> Option<&'a DeTable<'i>> {
        match entry.1.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => self.wrong(entry, "a table"),
        }
    }

    /// Reads a table of words to words.
    pub fn words(&mut self, entry: Entry<'_, '_>) -> Option<BTreeMap<String, Text>> {
        let table = self.table(entry)?;
        Some(table.iter().filter_map(|entry| Some((entry.0.get_ref().to_string(), self.text(entry)?))).collect())
    }
}
