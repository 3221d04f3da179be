//! Scalars: how a leaf's text is checked and written as JSON, exactly and once.
//!
//! Decimals travel as text, never through a float. One place, so that a source, a variable and a literal agree.

use std::sync::Arc;

use super::write_json_string;

/// A built-in or canonical scalar of the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scalar {
    /// A signed 32-bit integer.
    Int,
    /// A finite double.
    Float,
    /// Text.
    String,
    /// True or false.
    Boolean,
    /// An opaque identifier, written as a string.
    Id,
    /// An exact decimal, written as a string: `"12.50"`.
    Decimal,
    /// A calendar date, `"2026-03-31"`.
    Date,
    /// An instant in UTC, `"2026-03-31T06:00:00Z"`.
    DateTime,
    /// Any JSON value, as the owner holds it.
    Json,
    /// A scalar of the contract's own: any JSON leaf, passed as it is.
    Custom,
}

/// The words of an enum: the only values a leaf of that type may have.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct EnumWords {
    /// The enum's name.
    pub name: String,
    /// Its values.
    pub words: Vec<String>,
}

/// The type of a leaf.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Leaf {
    /// A scalar.
    Scalar(Scalar),
    /// An enum.
    Enum(Arc<EnumWords>),
}

/// Why a text is not a value of the leaf's type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not {expected}")]
pub struct LeafError {
    /// What would have been right, with its article: "a decimal".
    pub expected: &'static str,
}

impl Scalar {
    /// Returns the scalar of this name in the graph; any other name is a scalar of the contract's own.
    pub fn named(name: &str) -> Self {
        match name {
            "Int" => Self::Int,
            "Float" => Self::Float,
            "String" => Self::String,
            "Boolean" => Self::Boolean,
            "ID" => Self::Id,
            "Decimal" => Self::Decimal,
            "Date" => Self::Date,
            "DateTime" => Self::DateTime,
            "JSON" => Self::Json,
            _ => Self::Custom,
        }
    }
}

impl Leaf {
    /// Appends `text` as finished JSON of this type.
    ///
    /// *Shape*: canonical text in (`12.50`, `true`, `2026-03-31`), one JSON value out.
    /// *Errors*: the text is not a value of the type; nothing is appended then.
    pub fn write_text(&self, text: &str, out: &mut Vec<u8>) -> Result<(), LeafError> {
        match self {
            Self::Enum(words) => {
                if !words.words.iter().any(|word| word == text) {
                    return Err(LeafError { expected: "a value of its enum" });
                }
                write_json_string(text, out);
            }
            Self::Scalar(scalar) => scalar.write_text(text, out)?,
        }
        Ok(())
    }
}

impl Scalar {
    fn write_text(self, text: &str, out: &mut Vec<u8>) -> Result<(), LeafError> {
        match self {
            Self::Int => {
                let number: i32 = text
                    .parse()
                    .ok()
                    .or_else(|| integral_decimal(text))
                    .ok_or(LeafError { expected: "a 32-bit integer" })?;
                out.extend_from_slice(number.to_string().as_bytes());
            }
            Self::Float => {
                let finite = text.parse::<f64>().is_ok_and(f64::is_finite);
                if !finite || !is_json_number(text) {
                    return Err(LeafError { expected: "a finite number" });
                }
                out.extend_from_slice(text.as_bytes());
            }
            Self::Boolean => match text {
                "true" | "t" | "1" => out.extend_from_slice(b"true"),
                "false" | "f" | "0" => out.extend_from_slice(b"false"),
                _ => return Err(LeafError { expected: "a boolean" }),
            },
            Self::String | Self::Id => write_json_string(text, out),
            Self::Decimal => {
                if !write_decimal(text, out) {
                    return Err(LeafError { expected: "a decimal" });
                }
            }
            Self::Date => {
                let date: jiff::civil::Date = text.parse().map_err(|_| LeafError { expected: "a date" })?;
                write_json_string(&date.to_string(), out);
            }
            Self::DateTime => {
                let at: jiff::Timestamp = text.parse().map_err(|_| LeafError { expected: "an instant with a zone" })?;
                write_json_string(&at.to_string(), out);
            }
            Self::Json => {
                let value: serde_json::Value =
                    serde_json::from_str(text).map_err(|_| LeafError { expected: "JSON" })?;
                serde_json::to_writer(out, &value).expect("a value writes into memory");
            }
            Self::Custom => write_json_string(text, out),
        }
        Ok(())
    }
}

/// Reads an integer that a database holds as a decimal: `12.000`.
fn integral_decimal(text: &str) -> Option<i32> {
    let (whole, fraction) = text.split_once('.')?;
    fraction.bytes().all(|digit| digit == b'0').then(|| whole.parse().ok())?
}

/// Whether the text is a number by JSON's grammar.
fn is_json_number(text: &str) -> bool {
    serde_json::from_str::<serde_json::Number>(text).is_ok()
}

/// Appends a decimal as a JSON string with its digits untouched; an exponent is written out.
///
/// *Shape*: false, appending nothing, when the text is not a decimal or would need more than 200 digits.
fn write_decimal(text: &str, out: &mut Vec<u8>) -> bool {
    let plain = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(w, f)| (w, Some(f)));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        all_digits(whole) && fraction.is_none_or(all_digits)
    };
    if plain(text) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return true;
    }
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        // Some databases print `.5` and `+3`.
        let padded = match text.strip_prefix('+').unwrap_or(text) {
            rest if rest.starts_with('.') => format!("0{rest}"),
            rest if rest.starts_with("-.") => format!("-0{}", &rest[1..]),
            rest => rest.to_owned(),
        };
        return padded != text && write_decimal(&padded, out);
    };
    let Ok(exponent) = exponent.parse::<i32>() else { return false };
    if !plain(mantissa) || exponent.abs() > 200 || mantissa.len() > 200 {
        return false;
    }
    let (sign, digits) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    let point = whole.len() as i32 + exponent;
    let written = if point <= 0 {
        format!("{sign}0.{}{all}", "0".repeat(point.unsigned_abs() as usize))
    } else if point as usize >= all.len() {
        format!("{sign}{all}{}", "0".repeat(point as usize - all.len()))
    } else {
        format!("{sign}{}.{}", &all[..point as usize], &all[point as usize..])
    };
    write_decimal(&written, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(scalar: Scalar, text: &str) -> Result<String, LeafError> {
        let mut out = Vec::new();
        Leaf::Scalar(scalar).write_text(text, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn decimals_keep_their_digits() {
        for (text, json) in [
            ("12.50", "\"12.50\""),
            ("-0.000000000000000000000000000001", "\"-0.000000000000000000000000000001\""),
            ("99999999999999999999999999999999.99", "\"99999999999999999999999999999999.99\""),
            ("1.5e3", "\"1500\""),
            ("15E-3", "\"0.015\""),
            (".5", "\"0.5\""),
        ] {
            assert_eq!(written(Scalar::Decimal, text).unwrap(), json);
        }
        for text in ["", "abc", "1.", "1,5", "NaN", "Infinity", "1e999", "--1", "."] {
            assert!(written(Scalar::Decimal, text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_integer_may_come_as_an_integral_decimal_and_must_fit() {
        assert_eq!(written(Scalar::Int, "12.000").unwrap(), "12");
        assert!(written(Scalar::Int, "12.5").is_err());
        assert!(written(Scalar::Int, "2147483648").is_err());
    }

    #[test]
    fn instants_need_a_zone_and_are_written_in_utc() {
        assert_eq!(written(Scalar::DateTime, "2026-03-31T08:00:00+02:00").unwrap(), "\"2026-03-31T06:00:00Z\"");
        assert!(written(Scalar::DateTime, "2026-03-31T08:00:00").is_err());
    }
}
