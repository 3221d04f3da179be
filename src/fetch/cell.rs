//! The cell: one value as a source read it, before the contract's types are applied.

use std::borrow::Cow;

/// One value of a row, in the source's own terms. Numbers that are exact at the source stay text.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// No value.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A double, where the source holds one.
    Float(f64),
    /// Text, or an exact number as text.
    Text(Cow<'a, str>),
    /// A date and time without a zone.
    Civil(jiff::civil::DateTime),
    /// An instant.
    Instant(jiff::Timestamp),
    /// A date.
    Date(jiff::civil::Date),
    /// A JSON value.
    Json(Cow<'a, serde_json::Value>),
    /// A list, such as a database array.
    List(Vec<Cell<'a>>),
    /// A value of a type the source cannot give as text; names the type.
    Unreadable(Cow<'a, str>),
}

impl Cell<'_> {
    /// Returns the canonical text of a scalar, for keys and cursors; `None` for null and for what is no scalar.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Null | Self::List(_) | Self::Unreadable(_) => return None,
            Self::Bool(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
            Self::Int(value) => Cow::Owned(value.to_string()),
            Self::Float(value) => Cow::Owned(float_text(*value)),
            Self::Text(value) => Cow::Borrowed(value),
            Self::Civil(value) => Cow::Owned(value.to_string()),
            Self::Instant(value) => Cow::Owned(value.to_string()),
            Self::Date(value) => Cow::Owned(value.to_string()),
            Self::Json(value) => match value.as_ref() {
                serde_json::Value::String(text) => Cow::Borrowed(text),
                serde_json::Value::Number(number) => Cow::Owned(number.to_string()),
                serde_json::Value::Bool(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
                _ => return None,
            },
        })
    }
}

/// Writes a double with the fewest digits that read back as the same double: `1.1`, and `3` for 3.0.
pub(super) fn float_text(value: f64) -> String {
    format!("{value}")
}
