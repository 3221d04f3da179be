//! PostgreSQL's values as cells, from their binary form. Pure.
//!
//! In: a column's type and the bytes of a value. Out: a cell that holds it exactly. Bytes that do not fit the type, and
//! types that have no place in the graph, are unreadable: a fault of that value, never of the row.

use std::borrow::Cow;

use jiff::{Timestamp, civil, tz::TimeZone};
use sqlx::{
    TypeInfo,
    postgres::{PgTypeInfo, PgTypeKind},
};

use super::numeric;
use crate::fetch::Cell;

/// How the values of a column are read.
#[derive(Debug, Clone, PartialEq)]
pub struct Reader {
    /// The type's name, for what cannot be read.
    name: String,
    form: Form,
}

#[derive(Debug, Clone, PartialEq)]
enum Form {
    Bool,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    Numeric,
    Text,
    Uuid,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    Json,
    Jsonb,
    Array(Box<Reader>),
    Unreadable,
}

/// Microseconds from 1970, where instants count from, to 2000, where PostgreSQL's do.
const EPOCH_MICROSECONDS: i64 = 946_684_800_000_000;

impl Reader {
    /// Finds how a type's values are read.
    pub fn of(ty: &PgTypeInfo) -> Self {
        let form = match ty.kind() {
            PgTypeKind::Array(item) => Form::Array(Box::new(Self::of(item))),
            PgTypeKind::Domain(base) => return Self::of(base),
            PgTypeKind::Enum(_) => Form::Text,
            _ => match ty.oid().map(|oid| oid.0) {
                Some(16) => Form::Bool,
                Some(18 | 19 | 25 | 705 | 1042 | 1043) => Form::Text,
                Some(20) => Form::Int8,
                Some(21) => Form::Int2,
                Some(23) => Form::Int4,
                Some(26) => Form::Oid,
                Some(114) => Form::Json,
                Some(700) => Form::Float4,
                Some(701) => Form::Float8,
                Some(1082) => Form::Date,
                Some(1083) => Form::Time,
                Some(1114) => Form::Timestamp,
                Some(1184) => Form::TimestampTz,
                Some(1700) => Form::Numeric,
                Some(2950) => Form::Uuid,
                Some(3802) => Form::Jsonb,
                _ if ty.name().eq_ignore_ascii_case("citext") => Form::Text,
                _ => Form::Unreadable,
            },
        };
        Self { name: ty.name().to_ascii_lowercase(), form }
    }

    /// Reads a value.
    pub fn cell<'r>(&self, bytes: Option<&'r [u8]>) -> Cell<'r> {
        match bytes {
            None => Cell::Null,
            Some(bytes) => self.value(bytes).unwrap_or_else(|| Cell::Unreadable(self.name.clone().into())),
        }
    }

    fn value<'r>(&self, bytes: &'r [u8]) -> Option<Cell<'r>> {
        Some(match &self.form {
            Form::Bool => Cell::Bool(*bytes.first()? != 0),
            Form::Int2 => Cell::Int(i16::from_be_bytes(bytes.try_into().ok()?).into()),
            Form::Int4 => Cell::Int(i32::from_be_bytes(bytes.try_into().ok()?).into()),
            Form::Int8 => Cell::Int(i64::from_be_bytes(bytes.try_into().ok()?)),
            Form::Oid => Cell::Int(u32::from_be_bytes(bytes.try_into().ok()?).into()),
            Form::Float4 => {
                // By way of the shortest text, so that 1.1 stays 1.1 when it becomes a double.
                Cell::Float(f32::from_be_bytes(bytes.try_into().ok()?).to_string().parse().ok()?)
            }
            Form::Float8 => Cell::Float(f64::from_be_bytes(bytes.try_into().ok()?)),
            Form::Numeric => Cell::Text(numeric::text(bytes)?.into()),
            Form::Text => Cell::Text(std::str::from_utf8(bytes).ok()?.into()),
            Form::Uuid => Cell::Text(uuid_text(bytes.try_into().ok()?).into()),
            Form::Date => Cell::Date(date(i32::from_be_bytes(bytes.try_into().ok()?))?),
            Form::Time => Cell::Text(time_text(i64::from_be_bytes(bytes.try_into().ok()?))?.into()),
            Form::Timestamp => Cell::Civil(TimeZone::UTC.to_datetime(instant(bytes)?)),
            Form::TimestampTz => Cell::Instant(instant(bytes)?),
            Form::Json => Cell::Json(Cow::Owned(serde_json::from_slice(bytes).ok()?)),
            Form::Jsonb => {
                let (version, json) = bytes.split_first()?;
                Cell::Json(Cow::Owned(serde_json::from_slice(json).ok().filter(|_| *version == 1)?))
            }
            Form::Array(item) => array(item, bytes)?,
            Form::Unreadable => return None,
        })
    }
}

fn uuid_text(bytes: [u8; 16]) -> String {
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// Reads a date. Infinity and the years before 1, which the graph's dates do not have, are `None`.
fn date(days: i32) -> Option<civil::Date> {
    let date = civil::date(2000, 1, 1).checked_add(jiff::Span::new().try_days(days).ok()?).ok()?;
    (date.year() > 0).then_some(date)
}

fn instant(bytes: &[u8]) -> Option<Timestamp> {
    let microseconds = i64::from_be_bytes(bytes.try_into().ok()?).checked_add(EPOCH_MICROSECONDS)?;
    let instant = Timestamp::from_microsecond(microseconds).ok()?;
    (TimeZone::UTC.to_datetime(instant).year() > 0).then_some(instant)
}

fn time_text(microseconds: i64) -> Option<String> {
    let all = u64::try_from(microseconds).ok()?;
    let (seconds, fraction) = (all / 1_000_000, all % 1_000_000);
    let text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if fraction == 0 {
        return Some(text);
    }
    Some(format!("{text}.{}", format!("{fraction:06}").trim_end_matches('0')))
}

/// Reads an array: the number of dimensions, a flag, the item's type, each dimension's length and lower bound, the items.
fn array<'r>(item: &Reader, bytes: &'r [u8]) -> Option<Cell<'r>> {
    let mut rest = bytes;
    let n_dimensions = usize::try_from(take(&mut rest)?).ok()?;
    take(&mut rest)?;
    take(&mut rest)?;
    let mut lengths = Vec::new();
    for _ in 0..n_dimensions {
        lengths.push(usize::try_from(take(&mut rest)?).ok()?);
        take(&mut rest)?;
    }
    if lengths.is_empty() || lengths.contains(&0) {
        return Some(Cell::List(Vec::new()));
    }
    items(item, &lengths, &mut rest)
}

fn items<'r>(item: &Reader, lengths: &[usize], rest: &mut &'r [u8]) -> Option<Cell<'r>> {
    let (length, inner) = lengths.split_first()?;
    let mut cells = Vec::new();
    for _ in 0..*length {
        if !inner.is_empty() {
            cells.push(items(item, inner, rest)?);
            continue;
        }
        let n_bytes = take(rest)?;
        let bytes = match usize::try_from(n_bytes) {
            Err(_) => None,
            Ok(n_bytes) => {
                let (bytes, after) = rest.split_at_checked(n_bytes)?;
                *rest = after;
                Some(bytes)
            }
        };
        cells.push(item.cell(bytes));
    }
    Some(Cell::List(cells))
}

fn take(rest: &mut &[u8]) -> Option<i32> {
    let (bytes, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(i32::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(form: Form, bytes: &[u8]) -> Option<String> {
        Reader { name: "x".to_owned(), form }.cell(Some(bytes)).text().map(Cow::into_owned)
    }

    #[test]
    fn values_are_read_exactly() {
        assert_eq!(read(Form::Int8, &i64::MAX.to_be_bytes()).as_deref(), Some("9223372036854775807"));
        assert_eq!(read(Form::Float4, &1.1f32.to_be_bytes()).as_deref(), Some("1.1"));
        assert_eq!(read(Form::Timestamp, &1i64.to_be_bytes()).as_deref(), Some("2000-01-01T00:00:00.000001"));
        assert_eq!(read(Form::TimestampTz, &(-1i64).to_be_bytes()).as_deref(), Some("1999-12-31T23:59:59.999999Z"));
        assert_eq!(read(Form::Date, &9556i32.to_be_bytes()).as_deref(), Some("2026-03-01"));
        assert_eq!(read(Form::Time, &86_399_500_000i64.to_be_bytes()).as_deref(), Some("23:59:59.5"));
        assert_eq!(read(Form::Uuid, &[0xa0; 16]).as_deref(), Some("a0a0a0a0-a0a0-a0a0-a0a0-a0a0a0a0a0a0"));
    }

    #[test]
    fn infinity_and_short_bytes_are_unreadable() {
        for form in [Form::Date, Form::Timestamp, Form::TimestampTz, Form::Jsonb, Form::Int4] {
            assert_eq!(read(form, &[]), None);
        }
        assert_eq!(read(Form::Date, &i32::MAX.to_be_bytes()), None);
        assert_eq!(read(Form::Timestamp, &i64::MAX.to_be_bytes()), None);
        assert_eq!(read(Form::TimestampTz, &i64::MIN.to_be_bytes()), None);
    }

    proptest::proptest! {
        #[test]
        fn an_array_of_any_bytes_is_read_or_unreadable(bytes in proptest::collection::vec(0u8..4, 0..60)) {
            let item = Reader { name: "int4".to_owned(), form: Form::Int4 };
            Reader { name: "_int4".to_owned(), form: Form::Array(Box::new(item)) }.cell(Some(&bytes));
        }
    }
}
