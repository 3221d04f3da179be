//! Laying: rows become records. Every value is checked against its declared type here, once, for all kinds of source.
//!
//! In: a row's cells, the rows of its parts, the shape. Out: the record's tape and the values that did not fit. A value
//! that does not fit is null and recorded as a violation; it never takes the row down.

use std::borrow::Cow;

use jiff::tz::TimeZone;
use serde_json::Value;

use super::{Cell, Record, Stamp, TableWriter, Violation};
use crate::value::{Adaptation, Adaptations, Leaf, Per, Scalar, Shape, ShapeId, SlotKind, Variant, write_json_string};

/// Which column, part query or group of columns fills each slot of an object; made once per query.
#[derive(Debug, Clone)]
pub struct Layout {
    shape: ShapeId,
    fills: Vec<Fill>,
    zone: Option<TimeZone>,
}

/// How the rows of a part query become objects: by their type's layout, told apart by `__typename` where there are several.
#[derive(Debug, Clone)]
pub struct PartLayout {
    type_name_column: Option<usize>,
    type_name: Adaptation,
    variants: Vec<(String, Layout)>,
}

/// The rows of one part query that belong to one entity.
#[derive(Debug)]
pub struct PartRows<'a, 'c> {
    /// How they are laid out.
    pub layout: &'a PartLayout,
    /// The rows, in the owner's order.
    pub rows: &'a [Vec<Cell<'c>>],
}

#[derive(Debug, Clone)]
enum Fill {
    Missing,
    Column { column: usize, quantity: Option<usize>, adaptation: Adaptation, inner: Adaptations },
    Flattened(Layout),
    Rows(usize),
}

impl Layout {
    /// Finds what fills each slot of a shape.
    ///
    /// *Shape*: `columns` are the query's aliases; a dotted alias (`weight.value`) fills a slot inside a part. `parts` are
    /// the names of the part queries, in the order their rows will come. A slot that nothing fills is a violation in
    /// every record, because the contract says the owner has it.
    pub fn new(
        shape: ShapeId,
        shapes: &[Shape],
        columns: &[String],
        parts: &[String],
        adaptations: &Adaptations,
    ) -> Self {
        let columns: Vec<(usize, &str)> = columns.iter().map(String::as_str).enumerate().collect();
        Self::at("", shape, shapes, &columns, parts, adaptations)
    }

    fn at(
        path: &str,
        shape: ShapeId,
        shapes: &[Shape],
        columns: &[(usize, &str)],
        parts: &[String],
        adaptations: &Adaptations,
    ) -> Self {
        let slots = &shapes[shape.index()].slots;
        let fills = slots.iter().map(|slot| {
            let path = join(path, &slot.name);
            if let Some(part) = parts.iter().position(|part| *part == slot.name) {
                return Fill::Rows(part);
            }
            let same = |name: &str| name == slot.name;
            let folded = |name: &str| name.eq_ignore_ascii_case(&slot.name);
            let column = columns.iter().find(|c| same(c.1)).or_else(|| columns.iter().find(|c| folded(c.1)));
            if let Some((column, _)) = column {
                let prefix = format!("{path}.");
                let inner = Adaptations {
                    fields: (adaptations.fields.iter())
                        .filter_map(|(field, a)| Some((field.strip_prefix(&prefix)?.to_owned(), a.clone())))
                        .collect(),
                    trim: adaptations.trim,
                    zone: adaptations.zone.clone(),
                };
                let adaptation = adaptations.of(&path);
                let quantity = match &adaptation.per {
                    Some(Per::Column(name)) => columns.iter().find(|c| c.1.eq_ignore_ascii_case(name)).map(|c| c.0),
                    _ => None,
                };
                return Fill::Column { column: *column, quantity, adaptation, inner };
            }
            match &slot.kind {
                SlotKind::Part(variants) if variants.len() == 1 && slot.nesting.n_lists() == 0 => {
                    let inside: Vec<(usize, &str)> = (columns.iter())
                        .filter_map(|(column, name)| {
                            let (head, rest) = name.split_once('.')?;
                            head.eq_ignore_ascii_case(&slot.name).then_some((*column, rest))
                        })
                        .collect();
                    if inside.is_empty() {
                        return Fill::Missing;
                    }
                    Fill::Flattened(Self::at(&path, variants[0].shape, shapes, &inside, &[], adaptations))
                }
                _ => Fill::Missing,
            }
        });
        Self { shape, fills: fills.collect(), zone: adaptations.zone.clone() }
    }

    /// Returns the names of the slots that nothing fills, as paths.
    pub fn missing(&self, shapes: &[Shape]) -> Vec<String> {
        let slots = &shapes[self.shape.index()].slots;
        let mut names = Vec::new();
        for (slot, fill) in slots.iter().zip(&self.fills) {
            match fill {
                Fill::Missing => names.push(slot.name.clone()),
                Fill::Flattened(inner) => {
                    names.extend(inner.missing(shapes).into_iter().map(|name| join(&slot.name, &name)));
                }
                _ => {}
            }
        }
        names
    }

    /// Lays a row out as a record.
    ///
    /// *Shape*: `cells` by column; `parts` in the order given to [`Layout::new`].
    pub fn record(&self, shapes: &[Shape], cells: &[Cell<'_>], parts: &[PartRows<'_, '_>], stamp: Stamp) -> Record {
        let mut tape = Vec::with_capacity(16 * self.fills.len());
        let mut laying = Laying { shapes, violations: Vec::new(), path: String::new() };
        laying.object(self, cells, parts, &mut tape);
        Record::row(stamp, tape.into_boxed_slice(), laying.violations.into_boxed_slice())
    }
}

impl PartLayout {
    /// Finds what fills each slot of the part field `slot` from a part query's columns.
    pub fn new(
        path: &str,
        variants: &[Variant],
        shapes: &[Shape],
        columns: &[String],
        adaptations: &Adaptations,
    ) -> Self {
        let numbered: Vec<(usize, &str)> = columns.iter().map(String::as_str).enumerate().collect();
        let layouts = variants.iter().map(|variant| {
            let layout = Layout::at(path, variant.shape, shapes, &numbered, &[], adaptations);
            (variant.type_name.clone(), layout)
        });
        Self {
            type_name_column: columns.iter().position(|column| column == "__typename"),
            type_name: adaptations.of(&join(path, "__typename")),
            variants: layouts.collect(),
        }
    }

    /// Returns the names of the slots that nothing fills, as paths inside the part.
    pub fn missing(&self, shapes: &[Shape]) -> Vec<String> {
        self.variants.iter().flat_map(|(_, layout)| layout.missing(shapes)).collect()
    }

    fn variant_of(&self, cells: &[Cell<'_>]) -> Option<usize> {
        if self.variants.len() == 1 {
            return Some(0);
        }
        let name = cells.get(self.type_name_column?)?.text()?;
        let name = self.type_name.apply(&name, None).ok()?;
        self.variants.iter().position(|(type_name, _)| *type_name == name)
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The work on one row: what it reads and the violations it has met so far.
struct Laying<'s> {
    shapes: &'s [Shape],
    violations: Vec<Violation>,
    path: String,
}

impl Laying<'_> {
    fn object(&mut self, layout: &Layout, cells: &[Cell<'_>], parts: &[PartRows<'_, '_>], out: &mut Vec<u8>) {
        let shapes = self.shapes;
        let slots = &shapes[layout.shape.index()].slots;
        let mut table = TableWriter::begin(slots.len(), out);
        for (slot, fill) in slots.iter().zip(&layout.fills) {
            let path_length = self.enter(&slot.name);
            let start = out.len();
            let laid = match fill {
                Fill::Missing if shapes[layout.shape.index()].may_lack => null(slot.nesting.non_null),
                Fill::Missing => Err(Violation::COLUMN.to_owned()),
                Fill::Column { column, quantity, adaptation, inner } => {
                    let quantity = quantity.and_then(|column| cells.get(column)?.text());
                    let quantity = quantity.as_deref();
                    let value = Element { kind: &slot.kind, nesting: &slot.nesting, adaptation, quantity, inner };
                    self.element(&value, 0, cells.get(*column).unwrap_or(&Cell::Null), layout.zone.as_ref(), out)
                }
                Fill::Flattened(inner) => {
                    if inner.all_null(cells) {
                        null(slot.nesting.non_null)
                    } else {
                        out.push(0);
                        self.object(inner, cells, &[], out);
                        Ok(())
                    }
                }
                Fill::Rows(number) => match parts.get(*number) {
                    None => null(slot.nesting.non_null),
                    Some(rows) if slot.nesting.n_lists() == 0 => match rows.rows {
                        [] => null(slot.nesting.non_null),
                        [row] => self.part_row(rows.layout, row, out),
                        [..] => Err("at most one row".to_owned()),
                    },
                    Some(rows) => {
                        let mut list = TableWriter::begin(rows.rows.len(), out);
                        for (n, row) in rows.rows.iter().enumerate() {
                            let path_length = self.enter(&n.to_string());
                            let item_start = out.len();
                            let laid = self.part_row(rows.layout, row, out);
                            self.close(laid, item_start, &mut list, out);
                            self.path.truncate(path_length);
                        }
                        Ok(())
                    }
                },
            };
            self.close(laid, start, &mut table, out);
            self.path.truncate(path_length);
        }
    }

    /// Ends an entry: as it was laid, or as a fault.
    fn close(&mut self, laid: Result<(), String>, start: usize, table: &mut TableWriter, out: &mut Vec<u8>) {
        match laid {
            Ok(()) => table.close_entry(out),
            Err(expected) => {
                out.truncate(start);
                let number = u32::try_from(self.violations.len()).expect("violations are fewer than slots");
                self.violations.push(Violation { field: self.path.clone(), expected });
                table.close_fault(number, out);
            }
        }
    }

    fn enter(&mut self, name: &str) -> usize {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(name);
        length
    }

    fn part_row(&mut self, layout: &PartLayout, row: &[Cell<'_>], out: &mut Vec<u8>) -> Result<(), String> {
        let variant = layout.variant_of(row).ok_or("a __typename that the field's type allows")?;
        out.push(u8::try_from(variant).map_err(|_| "fewer than 256 types")?);
        self.object(&layout.variants[variant].1, row, &[], out);
        Ok(())
    }

    /// Lays one value of a slot, `level` lists deep.
    fn element(
        &mut self,
        element: &Element<'_>,
        level: usize,
        cell: &Cell<'_>,
        zone: Option<&TimeZone>,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        if matches!(cell, Cell::Null) || matches!(cell, Cell::Json(value) if value.is_null()) {
            return null(element.nesting.non_null_at(level));
        }
        if level < element.nesting.n_lists() {
            let items = list_items(cell).ok_or("a list")?;
            return match element.kind {
                SlotKind::Leaf(_) => self.leaf_list(element, level, &items, zone, out),
                SlotKind::Part(_) => {
                    let mut list = TableWriter::begin(items.len(), out);
                    for (n, item) in items.iter().enumerate() {
                        let path_length = self.enter(&n.to_string());
                        let start = out.len();
                        let laid = self.element(element, level + 1, item, zone, out);
                        self.close(laid, start, &mut list, out);
                        self.path.truncate(path_length);
                    }
                    Ok(())
                }
            };
        }
        match element.kind {
            SlotKind::Leaf(leaf) => match &element.adaptation.language {
                None => write_leaf(leaf, cell, element, zone, out),
                Some(languages) => match in_language(cell, languages)? {
                    None => null(element.nesting.non_null_at(level)),
                    Some(cell) => write_leaf(leaf, &cell, element, zone, out),
                },
            },
            SlotKind::Part(variants) => self.json_object(variants, cell, element.inner, out),
        }
    }

    /// Lays a list of leaves as one finished JSON text. One value that does not fit makes the whole list a fault: its
    /// place inside the text could not be told otherwise.
    fn leaf_list(
        &mut self,
        element: &Element<'_>,
        level: usize,
        items: &[Cell<'_>],
        zone: Option<&TimeZone>,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        out.push(b'[');
        for (n, item) in items.iter().enumerate() {
            if n > 0 {
                out.push(b',');
            }
            let start = out.len();
            self.element(element, level + 1, item, zone, out)
                .map_err(|expected| format!("{expected} at position {n}"))?;
            if out.len() == start {
                out.extend_from_slice(b"null");
            }
        }
        out.push(b']');
        Ok(())
    }

    fn json_object(
        &mut self,
        variants: &[Variant],
        cell: &Cell<'_>,
        adaptations: &Adaptations,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        let value = json_of(cell).ok_or("a JSON object")?;
        let Value::Object(members) = value.as_ref() else { return Err("a JSON object".to_owned()) };
        let number = match variants {
            [_] => 0,
            _ => (members.get("__typename").and_then(Value::as_str))
                .and_then(|name| adaptations.of("__typename").apply(name, None).ok().map(Cow::into_owned))
                .and_then(|name| variants.iter().position(|variant| variant.type_name == name))
                .ok_or("a __typename that the field's type allows")?,
        };
        out.push(u8::try_from(number).map_err(|_| "fewer than 256 types")?);
        let slots = &self.shapes[variants[number].shape.index()].slots;
        let mut table = TableWriter::begin(slots.len(), out);
        for slot in slots {
            let path_length = self.enter(&slot.name);
            let start = out.len();
            let member = members.get(&slot.name).map_or(Cell::Null, |value| Cell::Json(Cow::Borrowed(value)));
            let prefix = format!("{}.", slot.name);
            let inner = Adaptations {
                fields: (adaptations.fields.iter())
                    .filter_map(|(field, a)| Some((field.strip_prefix(&prefix)?.to_owned(), a.clone())))
                    .collect(),
                trim: adaptations.trim,
                zone: adaptations.zone.clone(),
            };
            let adaptation = adaptations.of(&slot.name);
            let quantity = match &adaptation.per {
                Some(Per::Column(name)) => {
                    members.get(name).and_then(|value| Some(Cell::Json(Cow::Borrowed(value)).text()?.into_owned()))
                }
                _ => None,
            };
            let value = Element {
                kind: &slot.kind,
                nesting: &slot.nesting,
                adaptation: &adaptation,
                quantity: quantity.as_deref(),
                inner: &inner,
            };
            let laid = self.element(&value, 0, &member, adaptations.zone.as_ref(), out);
            self.close(laid, start, &mut table, out);
            self.path.truncate(path_length);
        }
        Ok(())
    }
}

/// What a slot's value must become.
struct Element<'a> {
    kind: &'a SlotKind,
    nesting: &'a crate::value::Nesting,
    adaptation: &'a Adaptation,
    /// What the column says that [`Per::Column`] names.
    quantity: Option<&'a str>,
    inner: &'a Adaptations,
}

impl Layout {
    fn all_null(&self, cells: &[Cell<'_>]) -> bool {
        self.fills.iter().all(|fill| match fill {
            Fill::Column { column, .. } => matches!(cells.get(*column), None | Some(Cell::Null)),
            Fill::Flattened(inner) => inner.all_null(cells),
            Fill::Missing | Fill::Rows(_) => true,
        })
    }
}

fn null(refused: bool) -> Result<(), String> {
    if refused { Err(Violation::VALUE.to_owned()) } else { Ok(()) }
}

fn json_of<'a>(cell: &'a Cell<'_>) -> Option<Cow<'a, Value>> {
    match cell {
        Cell::Json(value) => Some(Cow::Borrowed(value.as_ref())),
        // A database without a JSON type holds JSON as text.
        Cell::Text(text) => serde_json::from_str(text).ok().map(Cow::Owned),
        _ => None,
    }
}

/// Picks the value in the best language there is from one member for each language.
fn in_language<'a>(cell: &'a Cell<'_>, languages: &[String]) -> Result<Option<Cell<'a>>, String> {
    let value = json_of(cell).filter(|value| value.is_object()).ok_or("one member for each language")?;
    let named = |language: &&String| value.get(language.as_str()).is_some_and(|text| !text.is_null());
    let Some(language) = languages.iter().find(named) else { return Ok(None) };
    Ok(match value {
        Cow::Borrowed(value) => value.get(language).map(|value| Cell::Json(Cow::Borrowed(value))),
        Cow::Owned(mut value) => value.get_mut(language).map(|value| Cell::Json(Cow::Owned(value.take()))),
    })
}

fn list_items<'a>(cell: &'a Cell<'_>) -> Option<Vec<Cell<'a>>> {
    match cell {
        Cell::List(items) => Some(items.iter().map(borrowed).collect()),
        _ => match json_of(cell)? {
            Cow::Borrowed(Value::Array(items)) => {
                Some(items.iter().map(|item| Cell::Json(Cow::Borrowed(item))).collect())
            }
            Cow::Owned(Value::Array(items)) => {
                Some(items.into_iter().map(|item| Cell::Json(Cow::Owned(item))).collect())
            }
            _ => None,
        },
    }
}

fn borrowed<'a>(cell: &'a Cell<'_>) -> Cell<'a> {
    match cell {
        Cell::Text(text) => Cell::Text(Cow::Borrowed(text)),
        Cell::Json(value) => Cell::Json(Cow::Borrowed(value)),
        Cell::List(items) => Cell::List(items.iter().map(borrowed).collect()),
        Cell::Unreadable(name) => Cell::Unreadable(Cow::Borrowed(name)),
        Cell::Null => Cell::Null,
        Cell::Bool(value) => Cell::Bool(*value),
        Cell::Int(value) => Cell::Int(*value),
        Cell::Float(value) => Cell::Float(*value),
        Cell::Civil(value) => Cell::Civil(*value),
        Cell::Instant(value) => Cell::Instant(*value),
        Cell::Date(value) => Cell::Date(*value),
    }
}

/// Writes one scalar as finished JSON.
fn write_leaf(
    leaf: &Leaf,
    cell: &Cell<'_>,
    element: &Element<'_>,
    zone: Option<&TimeZone>,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    match (leaf, cell) {
        (Leaf::Scalar(Scalar::Json | Scalar::Custom), Cell::Json(value)) => {
            return serde_json::to_writer(out, value.as_ref()).map_err(|_| "JSON".to_owned());
        }
        (Leaf::Scalar(Scalar::Custom), Cell::Bool(_) | Cell::Int(_) | Cell::Float(_)) => {
            let text = cell.text().ok_or("a scalar")?;
            out.extend_from_slice(text.as_bytes());
            return Ok(());
        }
        (Leaf::Scalar(Scalar::Boolean), Cell::Bool(_) | Cell::Int(_) | Cell::Text(_) | Cell::Json(_)) => {}
        (Leaf::Scalar(Scalar::Boolean), _) | (Leaf::Scalar(Scalar::Int | Scalar::Decimal), Cell::Bool(_)) => {
            return Err(expected(leaf));
        }
        (Leaf::Scalar(Scalar::DateTime), Cell::Civil(at)) => return write_civil(*at, zone, out),
        (Leaf::Scalar(Scalar::DateTime), Cell::Date(date)) => return write_civil(date.at(0, 0, 0, 0), zone, out),
        _ => {}
    }
    let text = cell.text().ok_or_else(|| expected(leaf))?;
    let text = element.adaptation.apply(&text, element.quantity)?;
    if *leaf == Leaf::Scalar(Scalar::DateTime) && text.parse::<jiff::Timestamp>().is_err() {
        let at = text.parse::<jiff::civil::DateTime>().map_err(|_| expected(leaf))?;
        return write_civil(at, zone, out);
    }
    leaf.write_text(&text, out).map_err(|error| error.expected.to_owned())
}

/// Writes a time without a zone as the instant it is in the binding's zone. A time that the zone skips or repeats at a
/// change of clocks is taken as the standard says: before the gap by the old offset, in a fold the first of the two.
fn write_civil(at: jiff::civil::DateTime, zone: Option<&TimeZone>, out: &mut Vec<u8>) -> Result<(), String> {
    let zone = zone.ok_or("an instant with a zone, or a `zone` in the binding")?;
    let instant = zone.to_timestamp(at).map_err(|_| "an instant within the calendar")?;
    write_json_string(&instant.to_string(), out);
    Ok(())
}

/// What a leaf's type is called in a violation.
fn expected(leaf: &Leaf) -> String {
    match leaf {
        Leaf::Enum(words) => format!("a value of {}", words.name),
        Leaf::Scalar(Scalar::Int) => "a 32-bit integer".to_owned(),
        Leaf::Scalar(Scalar::Float) => "a finite number".to_owned(),
        Leaf::Scalar(Scalar::Boolean) => "a boolean".to_owned(),
        Leaf::Scalar(Scalar::Decimal) => "a decimal".to_owned(),
        Leaf::Scalar(Scalar::Date) => "a date".to_owned(),
        Leaf::Scalar(Scalar::DateTime) => "an instant with a zone".to_owned(),
        Leaf::Scalar(Scalar::Json) => "JSON".to_owned(),
        Leaf::Scalar(Scalar::String | Scalar::Id) => "text".to_owned(),
        Leaf::Scalar(Scalar::Custom) => "a scalar".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fetch::{Entry, Table},
        value::{Nesting, Slot, SystemId},
    };

    const STAMP: Stamp = Stamp { system: SystemId(0), started_ms: 1, ended_ms: 2, as_of_ms: None, until_ms: None };

    fn leaf(name: &str, scalar: Scalar, non_null: bool) -> Slot {
        let nesting = Nesting { non_null, items_non_null: Vec::new() };
        Slot { name: name.to_owned(), kind: SlotKind::Leaf(Leaf::Scalar(scalar)), nesting }
    }

    fn shapes() -> Vec<Shape> {
        let money = Variant { type_name: "Money".to_owned(), shape: ShapeId(1) };
        let nullable = Nesting { non_null: false, items_non_null: Vec::new() };
        let money = Slot { name: "price".to_owned(), kind: SlotKind::Part([money].into()), nesting: nullable };
        vec![
            Shape {
                name: "Product".to_owned(),
                slots: vec![
                    leaf("unit", Scalar::String, true),
                    leaf("weight", Scalar::Decimal, false),
                    leaf("changedAt", Scalar::DateTime, false),
                    money,
                ],
                may_lack: false,
            },
            Shape {
                name: "Money".to_owned(),
                slots: vec![leaf("amount", Scalar::Decimal, true), leaf("currency", Scalar::String, true)],
                may_lack: false,
            },
        ]
    }

    fn laid(columns: &[&str], cells: &[Cell<'_>], adaptations: &Adaptations) -> Record {
        let columns: Vec<String> = columns.iter().map(|&c| c.to_owned()).collect();
        let shapes = shapes();
        Layout::new(ShapeId(0), &shapes, &columns, &[], adaptations).record(&shapes, cells, &[], STAMP)
    }

    fn text(entry: Entry<'_>) -> &str {
        match entry {
            Entry::Value(value) => std::str::from_utf8(value).unwrap(),
            other => panic!("no value: {other:?}"),
        }
    }

    #[test]
    fn a_row_becomes_finished_json_in_slots() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let adaptations = Adaptations { trim: true, zone: Some(zone), ..Adaptations::default() };
        let cells = [
            Cell::Text("EA ".into()),
            Cell::Text("1.250".into()),
            Cell::Civil("2026-07-01T08:00:00".parse().unwrap()),
            Cell::Text("12.50".into()),
            Cell::Text("EUR".into()),
        ];
        let columns = ["unit", "weight", "changedat", "price.amount", "price.currency"];
        let record = laid(&columns, &cells, &adaptations);
        let table = record.table().unwrap();
        assert_eq!(text(table.entry(0)), "\"EA\"");
        assert_eq!(text(table.entry(1)), "\"1.250\"");
        assert_eq!(text(table.entry(2)), "\"2026-07-01T06:00:00Z\"");
        let Entry::Value(price) = table.entry(3) else { panic!("a price") };
        let (variant, price) = Entry::object(price).unwrap();
        assert_eq!((variant, text(price.entry(0)), text(price.entry(1))), (0, "\"12.50\"", "\"EUR\""));
        assert_eq!(record.violations(), []);
    }

    #[test]
    fn a_price_is_for_the_quantity_of_its_row_and_a_text_in_the_best_language_there_is() {
        let per = Adaptation { per: Some(Per::Column("per".to_owned())), ..Adaptation::default() };
        let language = Adaptation { language: Some(vec!["fr".to_owned(), "de".to_owned()]), ..Adaptation::default() };
        let fields = [("price.amount".to_owned(), per), ("unit".to_owned(), language)].into();
        let adaptations = Adaptations { fields, ..Adaptations::default() };
        let names = r#"{"en": "piece", "de": "Stück", "fr": null}"#;
        let price = r#"{"amount": "12.50", "per": 100, "currency": "EUR"}"#;
        let cells = [Cell::Text(names.into()), Cell::Null, Cell::Null, Cell::Text(price.into())];
        let record = laid(&["unit", "weight", "changedAt", "price"], &cells, &adaptations);
        let table = record.table().unwrap();
        assert_eq!(text(table.entry(0)), "\"Stück\"");
        let Entry::Value(price) = table.entry(3) else { panic!("a price") };
        assert_eq!(text(Entry::object(price).unwrap().1.entry(0)), "\"0.125\"");
        let cells = [Cell::Text("{}".into()), Cell::Null, Cell::Null, Cell::Text("12.50".into()), Cell::Int(1000)];
        let columns = ["unit", "weight", "changedAt", "price.amount", "price.per"];
        let record = laid(&columns, &cells, &adaptations);
        let table = record.table().unwrap();
        assert_eq!(table.entry(0), Entry::Fault(0));
        let Entry::Value(price) = table.entry(3) else { panic!("a price") };
        assert_eq!(text(Entry::object(price).unwrap().1.entry(0)), "\"0.0125\"");
    }

    #[test]
    fn a_value_that_does_not_fit_nulls_its_field_alone() {
        let cells = [Cell::Text("EA".into()), Cell::Text("heavy".into()), Cell::Null, Cell::Null];
        let record = laid(&["unit", "weight", "changedAt", "price"], &cells, &Adaptations::default());
        let table = record.table().unwrap();
        assert_eq!(text(table.entry(0)), "\"EA\"");
        assert_eq!(table.entry(1), Entry::Fault(0));
        assert_eq!(table.entry(2), Entry::Null);
        assert_eq!(record.violations(), [Violation { field: "weight".to_owned(), expected: "a decimal".to_owned() }]);
    }

    #[test]
    fn json_feeds_parts_and_names_the_place_that_does_not_fit() {
        let price = r#"{"amount": 12.5000000000000000001, "currency": null}"#;
        let cells = [Cell::Text("EA".into()), Cell::Null, Cell::Null, Cell::Text(price.into())];
        let record = laid(&["unit", "weight", "changedAt", "price"], &cells, &Adaptations::default());
        let Entry::Value(price) = record.table().unwrap().entry(3) else { panic!("a price") };
        let (_, price) = Entry::object(price).unwrap();
        assert_eq!(text(price.entry(0)), "\"12.5000000000000000001\"");
        assert_eq!(price.entry(1), Entry::Fault(0));
        assert_eq!(record.violations()[0].field, "price.currency");
    }

    #[test]
    fn a_slot_that_no_column_fills_is_a_violation_and_a_null_non_null_is_too() {
        let record =
            laid(&["unit", "changedAt", "price"], &[Cell::Null, Cell::Null, Cell::Null], &Adaptations::default());
        let fields: Vec<&str> = record.violations().iter().map(|v| v.field.as_str()).collect();
        assert_eq!(fields, ["unit", "weight"]);
        assert!(Table::new(&[]).is_empty());
    }
}
