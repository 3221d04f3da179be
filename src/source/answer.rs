//! The answer: rows of cells become one outcome per key, or one page per parent.
//!
//! In: what was asked, the rows as cells, and where the columns are. Out: outcomes in the order asked. Pure.

use std::{
    collections::{HashMap, HashSet},
    fmt::Display,
};

use super::layout::{GroupLayout, ListLayout};
use crate::{
    contract::{Contract, Group, List},
    fetch::{
        Cell, Count, Cursor, Direction, FetchError, FetchErrorKind, LeftOut, ListItem, Outcome, Page, PartRows, Record,
        Stamp, Window,
    },
    source::system_name::SystemName,
    value::Key,
};

/// Rows as cells, by column.
pub type Rows<'r> = Vec<Vec<Cell<'r>>>;

/// The whole answer of a group's queries.
pub struct GroupAnswer<'r> {
    /// The rows of the group's query.
    pub rows: Rows<'r>,
    /// The rows of each part query.
    pub parts: Vec<Rows<'r>>,
    /// When it was asked and answered.
    pub stamp: Stamp,
}

/// Gives each key its outcome.
///
/// *Shape*: one outcome per key, in order. A key without a row is a known absence; a key with two rows, or whose row
/// differs from it by padding or case alone, is a violation of the contract. A row that nobody asked for is ignored.
pub fn outcomes(
    contract: &Contract,
    group: &Group,
    layout: &GroupLayout,
    system: &SystemName,
    keys: &[Key],
    answer: GroupAnswer<'_>,
) -> Vec<Outcome> {
    let violation = |detail: String| system.error(FetchErrorKind::ContractViolation, detail);
    let mut row_of: HashMap<Key, Vec<usize>> = HashMap::with_capacity(keys.len());
    for (number, row) in answer.rows.iter().enumerate() {
        if let Some(key) = key_of(row, &layout.keys, &layout.trims) {
            row_of.entry(key).or_default().push(number);
        }
    }
    let mut of_parent: Vec<HashMap<Key, Rows<'_>>> = Vec::with_capacity(layout.parts.len());
    for (places, rows) in layout.parts.iter().zip(answer.parts) {
        let mut by_parent: HashMap<Key, Rows<'_>> = HashMap::new();
        for row in rows {
            if let Some(key) = key_of(&row, &places.parents, &layout.trims) {
                by_parent.entry(key).or_default().push(row);
            }
        }
        of_parent.push(by_parent);
    }
    let mut similar: Option<HashMap<String, &Key>> = None;
    let outcome = |key: &Key| match row_of.get(key).map(Vec::as_slice) {
        Some(&[number]) => {
            let parts = (layout.parts.iter().zip(&of_parent))
                .map(|(places, rows)| PartRows {
                    layout: &places.layout,
                    rows: rows.get(key).map_or(&[][..], Vec::as_slice),
                })
                .collect::<Vec<_>>();
            let row = &answer.rows[number];
            let as_of_ms = match layout.as_of {
                None => answer.stamp.as_of_ms,
                Some(column) => Some(instant_ms(cell(row, column), group).map_err(|said| {
                    violation(format!(
                        "{}: the row for the key {key} does not say since when it holds: {said}",
                        group.name
                    ))
                })?),
            };
            // A row without an end holds until it is changed.
            let end = layout.valid_until.map(|column| cell(row, column)).filter(|cell| cell.text().is_some());
            let until_ms = end.map(|cell| instant_ms(cell, group)).transpose().map_err(|said| {
                violation(format!("{}: the row for the key {key} does not say until when it holds: {said}", group.name))
            })?;
            let stamp = Stamp { as_of_ms, until_ms, ..answer.stamp };
            Ok(layout.layout.record(&contract.shapes, row, &parts, stamp).into())
        }
        Some(several) => Err(violation(format!("{}: {} rows for the key {key}", group.name, several.len()))),
        None => {
            let similar = similar.get_or_insert_with(|| {
                let asked: HashSet<&Key> = keys.iter().collect();
                similar_keys(row_of.keys().filter(|key| !asked.contains(key)))
            });
            match similar.get(&folded(key)) {
                Some(row) if row.as_str().to_lowercase() == key.as_str().to_lowercase() => Err(violation(format!(
                    "{}: the row for the key {key} says `{row}`, which differs by case",
                    group.name
                ))),
                Some(row) => Err(violation(format!(
                    "{}: the row for the key {key} says `{row}`, which differs by padding; `trim = true` cuts it",
                    group.name
                ))),
                None => Ok(Record::absent(answer.stamp).into()),
            }
        }
    };
    keys.iter().map(outcome).collect()
}

/// Reads the instant since or until which a row holds.
fn instant_ms(cell: &Cell<'_>, group: &Group) -> Result<i64, String> {
    let text = cell.text().ok_or("there is no value")?;
    let instant = match text.parse::<jiff::Timestamp>() {
        Ok(instant) => instant,
        Err(_) => {
            let civil: jiff::civil::DateTime = text.parse().map_err(|_| format!("`{text}` is no time"))?;
            let zone = group.adaptations.zone.as_ref().ok_or("the time has no zone, nor has the binding")?;
            zone.to_timestamp(civil).map_err(|_| format!("`{text}` is not within the calendar"))?
        }
    };
    Ok(instant.as_millisecond())
}

/// Returns the keys of rows that nobody asked for, by what they are without padding and case: systems that compare without
/// them answer with such a row.
fn similar_keys<'k>(keys: impl Iterator<Item = &'k Key>) -> HashMap<String, &'k Key> {
    keys.map(|key| (folded(key), key)).collect()
}

/// What a key is without padding and case.
fn folded(key: &Key) -> String {
    let fields = key.fields().map(|field| field.trim_end_matches(' ').to_lowercase());
    fields.collect::<Vec<_>>().join("\u{1f}")
}

/// Reads the key of a row; `None` when it has none.
pub fn key_of(row: &[Cell<'_>], columns: &[usize], trims: &[bool]) -> Option<Key> {
    let mut texts = Vec::with_capacity(columns.len());
    for (column, trim) in columns.iter().zip(trims) {
        texts.push((row.get(*column)?.text()?, *trim));
    }
    Key::of(texts.iter().map(|(text, trim)| if *trim { text.trim_end_matches([' ', '\0']) } else { text }))
}

/// What a page is made of, beside its rows.
pub struct PageFacts<'a> {
    /// The list.
    pub list: &'a List,
    /// Where its columns are.
    pub layout: &'a ListLayout,
    /// The window asked for.
    pub window: &'a Window,
    /// How a cell becomes the text of a cursor; `None` where the kind has no text for it.
    pub cursor_text: fn(&Cell<'_>) -> Option<String>,
}

impl PageFacts<'_> {
    /// Makes a parent's page of its rows, which come in the order they were read, one more than asked where there are
    /// more.
    pub fn page(
        &self,
        system: &SystemName,
        rows: &[Vec<Cell<'_>>],
        count: Option<Count>,
        stamp: Stamp,
    ) -> Result<Page, FetchError> {
        let n_rows = self.window.n_rows as usize;
        let more = rows.len() > n_rows;
        let mut read = (rows.iter().take(n_rows))
            .map(|row| self.row(row))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|detail| system.error(FetchErrorKind::ContractViolation, detail))?;
        let (has_next, has_previous) = match self.window.direction {
            Direction::Forward => (more, self.window.after.is_some()),
            Direction::Backward => {
                read.reverse();
                (self.window.before.is_some(), more)
            }
        };
        let (items, left_out) = parted(read);
        Ok(Page { items, has_next, has_previous, count, stamp, left_out })
    }

    /// Reads a row; where keys are mapped, one may have none, and then has a place alone.
    pub fn row(&self, row: &[Cell<'_>]) -> Result<Result<ListItem, Cursor>, String> {
        let lacks = |position: &usize| cell(row, *position).text().is_none_or(|text| text.trim().is_empty());
        match self.list.key.is_some() && self.layout.keys.iter().any(lacks) {
            true => self.cursor(row, "without a key").map(Err),
            false => self.item(row).map(Ok),
        }
    }

    /// Makes the item of a row; what is wrong with it otherwise.
    fn item(&self, row: &[Cell<'_>]) -> Result<ListItem, String> {
        let name = &self.list.name;
        let mut texts = Vec::with_capacity(self.layout.keys.len());
        for (position, column) in self.layout.keys.iter().zip(&self.list.key_columns) {
            let text = cell(row, *position).text().ok_or_else(|| format!("{name}: a row without a {column}"))?;
            let adapted = self.list.adaptations.of(column).apply(&text, None).map(|text| text.into_owned());
            texts.push(adapted.map_err(|expected| format!("{name}: the {column} `{text}` is not {expected}"))?);
        }
        let key = Key::of(texts.iter().map(String::as_str))
            .ok_or_else(|| format!("{name}: a row whose key holds a control character"))?;
        let cursor = self.cursor(row, &key)?;
        let type_name = match self.layout.type_name {
            None => None,
            Some(position) => {
                let text = cell(row, position).text().ok_or_else(|| format!("{name}: a row without a __typename"))?;
                let adapted = self.list.adaptations.of("__typename").apply(&text, None).map(|text| text.into_owned());
                Some(adapted.map_err(|expected| format!("{name}: the __typename `{text}` is not {expected}"))?)
            }
        };
        Ok(ListItem { type_name, key, cursor })
    }

    fn cursor(&self, row: &[Cell<'_>], key: impl Display) -> Result<Cursor, String> {
        let name = &self.list.name;
        let mut cursor = Vec::with_capacity(self.layout.order.len());
        for (position, column) in self.layout.order.iter().zip(&self.list.order) {
            cursor.push(match cell(row, *position) {
                Cell::Null => None,
                value => {
                    Some((self.cursor_text)(value).ok_or_else(|| {
                        format!("{name}: the row {key} has a {} that no cursor can hold", column.column)
                    })?)
                }
            });
        }
        Ok(Cursor(cursor))
    }
}

/// Parts the rows of a page from those without a key, as [`PageFacts::row`] read them.
pub fn parted(rows: Vec<Result<ListItem, Cursor>>) -> (Vec<ListItem>, Option<Box<LeftOut>>) {
    let left_out = left_out(&rows);
    (rows.into_iter().flatten().collect(), left_out)
}

/// Counts the rows without a key; they are known by where they stand.
fn left_out(rows: &[Result<ListItem, Cursor>]) -> Option<Box<LeftOut>> {
    let place = |row: &Result<ListItem, Cursor>| match row {
        Ok(item) => item.cursor.clone(),
        Err(cursor) => cursor.clone(),
    };
    let mut keyless = rows.iter().filter_map(|row| row.as_ref().err()).peekable();
    keyless.peek()?;
    let mut left_out = LeftOut::new(place(rows.first()?), place(rows.last()?));
    for Cursor(texts) in keyless {
        let texts: Vec<&str> = texts.iter().map(|text| text.as_deref().unwrap_or("null")).collect();
        left_out.add_unmatched(|| texts.join(", "));
    }
    Some(Box::new(left_out))
}

fn cell<'a, 'r>(row: &'a [Cell<'r>], position: usize) -> &'a Cell<'r> {
    row.get(position).unwrap_or(&Cell::Null)
}
