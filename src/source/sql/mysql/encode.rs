//! MySQL's types in our words, and how a text is written as a value of them. Pure.
//!
//! In: a type as the server names it. Out: the texts it takes, and the cast by which a cursor's text becomes the very value
//! again. Without the cast, MySQL would compare text with a number as doubles, and two prices that differ far behind the
//! point would be one.

use super::super::{fit::Fit, positional::Typed};

/// Finds what texts a column takes.
fn fit(name: &str) -> Fit {
    match name {
        "BOOLEAN" | "TINYINT" => Fit::Integer(i8::MIN.into(), i8::MAX.into()),
        "TINYINT UNSIGNED" => Fit::Integer(0, u8::MAX.into()),
        "SMALLINT" => Fit::Integer(i16::MIN.into(), i16::MAX.into()),
        "SMALLINT UNSIGNED" | "YEAR" => Fit::Integer(0, u16::MAX.into()),
        "MEDIUMINT" | "INT" => Fit::Integer(i32::MIN.into(), i32::MAX.into()),
        "MEDIUMINT UNSIGNED" | "INT UNSIGNED" => Fit::Integer(0, u32::MAX.into()),
        "BIGINT" => Fit::Integer(i64::MIN.into(), i64::MAX.into()),
        "BIGINT UNSIGNED" | "BIT" => Fit::Integer(0, u64::MAX.into()),
        "DECIMAL" => Fit::Numeric,
        "FLOAT" => Fit::Real,
        "DOUBLE" => Fit::Double,
        "DATE" => Fit::Date,
        "TIME" => Fit::Time,
        "DATETIME" | "TIMESTAMP" => Fit::Timestamp,
        "CHAR" | "VARCHAR" | "ENUM" | "SET" | "TINYTEXT" | "TEXT" | "MEDIUMTEXT" | "LONGTEXT" => Fit::Text,
        // Text in a binary collation is called so too; bytes that are no text make no cursor.
        "BINARY" | "VARBINARY" | "TINYBLOB" | "BLOB" | "MEDIUMBLOB" | "LONGBLOB" => Fit::Text,
        _ => Fit::Unknown,
    }
}

/// Finds how a cursor's text is written as a value of a column.
pub fn cursor(name: &str) -> Typed {
    let fit = fit(name);
    let written = match &fit {
        Fit::Integer(0, _) => "cast(? as unsigned)",
        Fit::Integer(..) => "cast(? as signed)",
        // The most digits that it takes; a column has no more behind the point.
        Fit::Numeric => "cast(? as decimal(65, 30))",
        Fit::Real => "cast(? as float)",
        Fit::Double => "cast(? as double)",
        Fit::Date => "cast(? as date)",
        Fit::Time => "cast(? as time(6))",
        Fit::Timestamp => "cast(? as datetime(6))",
        _ => "?",
    };
    Typed { fit, written }
}
