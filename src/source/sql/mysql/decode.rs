//! MySQL's values as cells, from their binary form. Pure.
//!
//! In: a column's type and the bytes of a value. Out: a cell that holds it exactly. A zero date (`0000-00-00`) is no value:
//! it is what MySQL stores for none where a column takes no null, and what its own `is null` takes it for. A date of which
//! only parts are zero, and bytes that are no text, are unreadable: a fault of that value, never of the row.

use jiff::{civil, tz::TimeZone};
use sqlx::{
    Column, Decode, MySql, Row, TypeInfo, ValueRef,
    mysql::{MySqlRow, MySqlTypeInfo},
};

use crate::{fetch::Cell, source::answer::Rows};

/// How the values of a column are read.
#[derive(Debug, Clone, PartialEq)]
struct Reader {
    /// The type's name, for what cannot be read.
    name: String,
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    Signed,
    Unsigned,
    Float,
    Double,
    Text,
    Bits,
    Date,
    Time,
    Datetime,
    Timestamp,
    Json,
    Unreadable,
}

/// Returns the names of the columns, which only rows can tell.
pub fn columns(rows: &[MySqlRow]) -> Option<Vec<String>> {
    Some(rows.first()?.columns().iter().map(|column| column.name().to_owned()).collect())
}

/// Reads rows by the types they came with.
pub fn cells(rows: &[MySqlRow]) -> Rows<'_> {
    let Some(first) = rows.first() else { return Vec::new() };
    let readers: Vec<Reader> = first.columns().iter().map(|column| Reader::of(column.type_info())).collect();
    let row_cells = |row| (readers.iter().enumerate()).map(|(n, reader)| cell(row, n, reader)).collect();
    rows.iter().map(row_cells).collect()
}

fn cell<'r>(row: &'r MySqlRow, column: usize, reader: &Reader) -> Cell<'r> {
    match row.try_get_raw(column) {
        // The driver, too, takes a zero date for none.
        Ok(value) if value.is_null() => Cell::Null,
        Ok(value) => match <&[u8] as Decode<'_, MySql>>::decode(value) {
            Ok(bytes) => reader.cell(bytes),
            Err(_) => Cell::Null,
        },
        Err(_) => Cell::Null,
    }
}

impl Reader {
    fn of(ty: &MySqlTypeInfo) -> Self {
        let name = ty.name();
        let form = match name {
            "YEAR" => Form::Unsigned,
            "FLOAT" => Form::Float,
            "DOUBLE" => Form::Double,
            "BIT" => Form::Bits,
            "DATE" => Form::Date,
            "TIME" => Form::Time,
            "DATETIME" => Form::Datetime,
            "TIMESTAMP" => Form::Timestamp,
            "JSON" => Form::Json,
            "GEOMETRY" | "NULL" => Form::Unreadable,
            _ if name.ends_with(" UNSIGNED") => Form::Unsigned,
            // `tinyint(1)` is said to be a boolean, yet holds numbers; as a number it fills either.
            "BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => Form::Signed,
            // Decimals come as text; so does text in a binary collation, which is named like bytes.
            _ => Form::Text,
        };
        Self { name: name.to_ascii_lowercase(), form }
    }

    fn cell<'r>(&self, bytes: &'r [u8]) -> Cell<'r> {
        self.value(bytes).unwrap_or_else(|| Cell::Unreadable(self.name.clone().into()))
    }

    fn value<'r>(&self, bytes: &'r [u8]) -> Option<Cell<'r>> {
        Some(match self.form {
            Form::Signed => Cell::Int(match *bytes {
                [a] => i64::from(i8::from_le_bytes([a])),
                [a, b] => i64::from(i16::from_le_bytes([a, b])),
                [a, b, c, d] => i64::from(i32::from_le_bytes([a, b, c, d])),
                _ => i64::from_le_bytes(bytes.try_into().ok()?),
            }),
            Form::Unsigned => whole(little_endian(bytes)?),
            Form::Float => {
                // By way of the shortest text, so that 1.1 stays 1.1 when it becomes a double.
                Cell::Float(f32::from_le_bytes(bytes.try_into().ok()?).to_string().parse().ok()?)
            }
            Form::Double => Cell::Float(f64::from_le_bytes(bytes.try_into().ok()?)),
            Form::Text => Cell::Text(std::str::from_utf8(bytes).ok()?.into()),
            Form::Bits => {
                whole(bytes.iter().try_fold(0u64, |all, byte| Some(all.checked_mul(256)? + u64::from(*byte)))?)
            }
            Form::Date => Cell::Date(date(bytes.get(1..5)?)?),
            Form::Time => Cell::Text(time_text(bytes)?.into()),
            Form::Datetime => Cell::Civil(datetime(bytes)?),
            // The session's zone is UTC, so that is what the server gives.
            Form::Timestamp => Cell::Instant(TimeZone::UTC.to_timestamp(datetime(bytes)?).ok()?),
            Form::Json => Cell::Json(std::borrow::Cow::Owned(serde_json::from_slice(bytes).ok()?)),
            Form::Unreadable => return None,
        })
    }
}

fn little_endian(bytes: &[u8]) -> Option<u64> {
    (bytes.len() <= 8).then(|| bytes.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte)))
}

/// A number that only an unsigned type may hold stays text, which is exact.
fn whole<'r>(number: u64) -> Cell<'r> {
    i64::try_from(number).map_or_else(|_| Cell::Text(number.to_string().into()), Cell::Int)
}

fn date(bytes: &[u8]) -> Option<civil::Date> {
    let [year_low, year_high, month, day] = *bytes.first_chunk()?;
    let year = i16::try_from(u16::from_le_bytes([year_low, year_high])).ok().filter(|year| *year > 0)?;
    civil::Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// Reads the length, the date, and what of the time is not zero.
fn datetime(bytes: &[u8]) -> Option<civil::DateTime> {
    let date = date(bytes.get(1..)?)?;
    let part = |at: usize| i8::try_from(bytes.get(at).copied().unwrap_or(0)).ok();
    let microseconds = bytes.get(8..12).map_or(Some(0), |bytes| Some(i32::from_le_bytes(bytes.try_into().ok()?)))?;
    let time = civil::Time::new(part(5)?, part(6)?, part(7)?, microseconds.checked_mul(1000)?).ok()?;
    Some(date.to_datetime(time))
}

/// Reads the length, the sign, days, hours, minutes, seconds and microseconds. MySQL's times are durations: they may be
/// negative and longer than a day.
fn time_text(bytes: &[u8]) -> Option<String> {
    if *bytes.first()? == 0 {
        return Some("00:00:00".to_owned());
    }
    let days = u64::from(u32::from_le_bytes(bytes.get(2..6)?.try_into().ok()?));
    let [hours, minutes, seconds] = *bytes.get(6..9)?.first_chunk()?;
    let sign = if bytes[1] == 1 { "-" } else { "" };
    let text = format!("{sign}{:02}:{minutes:02}:{seconds:02}", days * 24 + u64::from(hours));
    let Some(fraction) = bytes.get(9..13) else { return Some(text) };
    let microseconds = u32::from_le_bytes(fraction.try_into().ok()?);
    Some(format!("{text}.{}", format!("{microseconds:06}").trim_end_matches('0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(form: Form, bytes: &[u8]) -> Option<String> {
        Reader { name: "x".to_owned(), form }.cell(bytes).text().map(|text| text.into_owned())
    }

    #[test]
    fn values_are_read_exactly() {
        assert_eq!(read(Form::Unsigned, &u64::MAX.to_le_bytes()).as_deref(), Some("18446744073709551615"));
        assert_eq!(read(Form::Signed, &[255]).as_deref(), Some("-1"));
        assert_eq!(read(Form::Signed, &i64::MIN.to_le_bytes()).as_deref(), Some("-9223372036854775808"));
        assert_eq!(read(Form::Float, &1.1f32.to_le_bytes()).as_deref(), Some("1.1"));
        assert_eq!(read(Form::Bits, &[1, 0]).as_deref(), Some("256"));
        assert_eq!(read(Form::Date, &[4, 0xea, 0x07, 2, 28]).as_deref(), Some("2026-02-28"));
        let at = [11, 0xea, 0x07, 2, 28, 10, 0, 1, 1, 0, 0, 0];
        assert_eq!(read(Form::Datetime, &at).as_deref(), Some("2026-02-28T10:00:01.000001"));
        assert_eq!(read(Form::Timestamp, &at[..8]).as_deref(), Some("2026-02-28T10:00:01Z"));
        assert_eq!(read(Form::Datetime, &at[..5]).as_deref(), Some("2026-02-28T00:00:00"));
        assert_eq!(read(Form::Time, &[8, 1, 1, 0, 0, 0, 2, 3, 4]).as_deref(), Some("-26:03:04"));
        assert_eq!(read(Form::Time, &[0]).as_deref(), Some("00:00:00"));
    }

    #[test]
    fn dates_with_zero_parts_and_short_bytes_are_unreadable() {
        assert_eq!(read(Form::Date, &[4, 0xea, 0x07, 0, 0]), None);
        for form in [Form::Date, Form::Datetime, Form::Timestamp, Form::Time, Form::Double, Form::Json] {
            assert_eq!(read(form, &[]), None, "{form:?}");
        }
        assert_eq!(read(Form::Text, &[0xff]), None);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_unreadable(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..14)) {
            for form in [Form::Signed, Form::Unsigned, Form::Bits, Form::Date, Form::Time, Form::Datetime, Form::Timestamp] {
                read(form, &bytes);
            }
        }
    }
}
