//! ODBC's values as cells. Pure, once the rows are read.
//!
//! In: a column's type as the driver says it, and its value as text. Out: a cell that holds it exactly. Numbers come as
//! text, never by way of a double; only what the system itself holds as a double comes as one. A value that does not fit its
//! type is unreadable: a fault of that value, never of the row.

use jiff::{Timestamp, civil};
use odbc_api::DataType;

use crate::{fetch::Cell, source::answer::Rows};

/// The rows of a statement.
#[derive(Debug)]
pub struct Answer {
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows.
    pub rows: Vec<Vec<Value>>,
}

/// A column of an answer.
#[derive(Debug)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// How its values are read.
    pub form: Form,
}

/// A value as the driver gave it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// Anything as text.
    Text(String),
    /// A double.
    Double(f64),
    /// What is no text.
    Unreadable,
}

/// How the values of a column are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Integers, and decimals that may be.
    Number,
    /// A 32-bit float, which has an exact text of its own.
    Single,
    /// A double.
    Double,
    /// A boolean.
    Bit,
    /// A date.
    Date,
    /// A date and time, with or without an offset.
    Timestamp,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
}

impl Form {
    /// Finds how a type's values are read.
    pub fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::TinyInt
            | DataType::SmallInt
            | DataType::Integer
            | DataType::BigInt
            | DataType::Numeric { .. }
            | DataType::Decimal { .. } => Self::Number,
            DataType::Real | DataType::Float { precision: 1..=24 } => Self::Single,
            DataType::Float { .. } | DataType::Double => Self::Double,
            DataType::Bit => Self::Bit,
            DataType::Date => Self::Date,
            DataType::Timestamp { .. } => Self::Timestamp,
            DataType::Other { data_type, .. } if data_type.0 == DATETIME_OFFSET => Self::Timestamp,
            DataType::Binary { .. } | DataType::Varbinary { .. } | DataType::LongVarbinary { .. } => Self::Bytes,
            _ => Self::Text,
        }
    }
}

/// The number of SQL Server's own type `datetimeoffset`.
const DATETIME_OFFSET: i16 = -155;

/// Reads rows.
pub fn cells(answer: &Answer) -> Rows<'_> {
    let forms: Vec<Form> = answer.columns.iter().map(|column| column.form).collect();
    answer.rows.iter().map(|row| row.iter().zip(&forms).map(|(value, form)| cell(value, *form)).collect()).collect()
}

fn cell(value: &Value, form: Form) -> Cell<'_> {
    match value {
        Value::Null => Cell::Null,
        Value::Double(number) => Cell::Float(*number),
        Value::Unreadable => unreadable(form),
        Value::Text(text) => match form {
            Form::Number => number(text),
            Form::Bit => match text.trim() {
                "1" => Cell::Bool(true),
                "0" => Cell::Bool(false),
                _ => unreadable(form),
            },
            Form::Date => text.parse::<civil::Date>().map_or_else(|_| unreadable(form), Cell::Date),
            Form::Timestamp => timestamp(text).unwrap_or_else(|| unreadable(form)),
            Form::Text => Cell::Text(text.into()),
            Form::Single | Form::Double | Form::Bytes => unreadable(form),
        },
    }
}

fn unreadable<'r>(form: Form) -> Cell<'r> {
    Cell::Unreadable(format!("{form:?}").to_lowercase().into())
}

/// Some drivers leave out the zero before the point.
fn number(text: &str) -> Cell<'_> {
    let text = text.trim();
    let bare = text.strip_prefix('-').unwrap_or(text);
    if bare.starts_with('.') {
        let sign = if bare.len() < text.len() { "-" } else { "" };
        return Cell::Text(format!("{sign}0{bare}").into());
    }
    text.parse().map_or_else(|_| Cell::Text(text.into()), Cell::Int)
}

/// Reads `2026-01-31 10:00:00.25`, and behind it an offset where there is one.
fn timestamp<'r>(text: &str) -> Option<Cell<'r>> {
    let text = text.trim();
    if let Ok(at) = text.parse::<civil::DateTime>() {
        return Some(Cell::Civil(at));
    }
    let sign = text.rfind(['+', '-', 'Z']).filter(|at| *at > "2026-01-31".len())?;
    let at: Timestamp = format!("{}{}", text[..sign].trim(), &text[sign..]).parse().ok()?;
    Some(Cell::Instant(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_exactly() {
        let read = |form, text: &str| cell(&Value::Text(text.to_owned()), form).text().map(|text| text.into_owned());
        for (form, text, expected) in [
            (Form::Number, "9223372036854775807", Some("9223372036854775807")),
            (Form::Number, "18446744073709551615", Some("18446744073709551615")),
            (Form::Number, ".50", Some("0.50")),
            (Form::Number, "-.5", Some("-0.5")),
            (Form::Number, "12.50", Some("12.50")),
            (Form::Bit, "1", Some("true")),
            (Form::Date, "2026-02-28", Some("2026-02-28")),
            (Form::Date, "0000-00-00", None),
            (Form::Timestamp, "2026-02-28 10:00:00.25", Some("2026-02-28T10:00:00.25")),
            (Form::Timestamp, "2026-02-28 10:00:00.0000000 +02:00", Some("2026-02-28T08:00:00Z")),
            (Form::Timestamp, "soon", None),
            (Form::Text, " a ", Some(" a ")),
        ] {
            assert_eq!(read(form, text).as_deref(), expected, "{form:?} {text}");
        }
    }
}
