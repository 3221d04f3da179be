//! Literals: a value as OData writes it in a condition. Pure.
//!
//! In: the canonical text of a value and its type. Out: the literal, not yet percent-encoded; or that no value of the type
//! has this text.

use std::borrow::Cow;

use jiff::{Timestamp, civil, tz::TimeZone};

use crate::{
    contract::{OdataType, OdataVersion},
    value::compare_decimals,
};

/// How the literals of a service are written.
#[derive(Debug, Clone, Copy)]
pub struct Literals<'a> {
    /// The version of the protocol.
    pub version: OdataVersion,
    /// Whose clock the times without a zone show; UTC without one.
    pub zone: Option<&'a TimeZone>,
}

impl Literals<'_> {
    /// Writes a value; `None` where no value of the type has this text.
    pub fn write(self, ty: OdataType, text: &str) -> Option<String> {
        let is_v2 = self.version == OdataVersion::V2;
        Some(match ty {
            OdataType::String => format!("'{}'", text.replace('\'', "''")),
            OdataType::Int => whole(text)?.to_owned(),
            OdataType::Int64 => format!("{}{}", whole(text)?, if is_v2 { "L" } else { "" }),
            OdataType::Decimal => format!("{}{}", number(text)?, if is_v2 { "M" } else { "" }),
            OdataType::Double => format!("{}{}", number(text)?, if is_v2 { "d" } else { "" }),
            OdataType::Boolean => matches!(text, "true" | "false").then(|| text.to_owned())?,
            OdataType::Guid if is_v2 => format!("guid'{}'", guid(text)?),
            OdataType::Guid => guid(text)?.to_owned(),
            OdataType::Date => {
                let date: civil::Date = text.get(..10)?.parse().ok()?;
                if is_v2 { format!("datetime'{date}T00:00:00'") } else { date.to_string() }
            }
            OdataType::DateTime if is_v2 => {
                let zone = self.zone.cloned().unwrap_or(TimeZone::UTC);
                let at = match text.parse::<Timestamp>() {
                    Ok(instant) => instant.to_zoned(zone).datetime(),
                    Err(_) => text.parse().ok()?,
                };
                format!("datetime'{at}'")
            }
            OdataType::DateTimeOffset if is_v2 => format!("datetimeoffset'{}'", self.instant(text)?),
            OdataType::DateTime | OdataType::DateTimeOffset => self.instant(text)?.to_string(),
        })
    }

    fn instant(self, text: &str) -> Option<Timestamp> {
        if let Ok(instant) = text.parse() {
            return Some(instant);
        }
        let at: civil::DateTime = text.parse().ok()?;
        self.zone.cloned().unwrap_or(TimeZone::UTC).to_timestamp(at).ok()
    }
}

/// Returns the text that all texts of one value share: a server may write a GUID in either case, and a day as midnight.
pub fn canonical(ty: OdataType, text: &str) -> Cow<'_, str> {
    match ty {
        OdataType::Guid => Cow::Owned(text.to_ascii_lowercase()),
        OdataType::Date => Cow::Borrowed(text.get(..10).unwrap_or(text)),
        OdataType::DateTime | OdataType::DateTimeOffset => match text.parse::<Timestamp>() {
            Ok(instant) => Cow::Owned(instant.to_string()),
            Err(_) => Cow::Borrowed(text),
        },
        _ => Cow::Borrowed(text),
    }
}

/// A whole number without superfluous digits: none else is how an integer column writes its value.
fn whole(text: &str) -> Option<&str> {
    text.parse::<i64>().ok().filter(|number| number.to_string() == text).map(|_| text)
}

fn number(text: &str) -> Option<&str> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"-.".contains(&byte));
    (is_plain && compare_decimals(text, "0").is_some() && !text.ends_with('.')).then_some(text)
}

fn guid(text: &str) -> Option<&str> {
    let is_guid = text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    is_guid.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_its_literal_in_each_version() {
        const GUID: &str = "6f9619ff-8b86-d011-b42d-00c04fc964ff";
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let write = |version, ty, text| Literals { version, zone: Some(&zone) }.write(ty, text);
        for (ty, text, v2, v4) in [
            (OdataType::String, "1'4\"×", "'1''4\"×'", "'1''4\"×'"),
            (OdataType::String, "", "''", "''"),
            (OdataType::Int, "-5", "-5", "-5"),
            (OdataType::Int64, "9007199254740993", "9007199254740993L", "9007199254740993"),
            (OdataType::Decimal, "12.50", "12.50M", "12.50"),
            (OdataType::Double, "0.1", "0.1d", "0.1"),
            (OdataType::Boolean, "true", "true", "true"),
            (OdataType::Guid, GUID, "guid'6f9619ff-8b86-d011-b42d-00c04fc964ff'", GUID),
            (OdataType::Date, "2026-07-01", "datetime'2026-07-01T00:00:00'", "2026-07-01"),
            (OdataType::DateTime, "2026-07-01T06:00:00Z", "datetime'2026-07-01T08:00:00'", "2026-07-01T06:00:00Z"),
            (OdataType::DateTime, "2026-07-01T08:00:00", "datetime'2026-07-01T08:00:00'", "2026-07-01T06:00:00Z"),
            (
                OdataType::DateTimeOffset,
                "2026-07-01T08:00:00+02:00",
                "datetimeoffset'2026-07-01T06:00:00Z'",
                "2026-07-01T06:00:00Z",
            ),
        ] {
            assert_eq!(write(OdataVersion::V2, ty, text).as_deref(), Some(v2), "{ty:?} {text}");
            assert_eq!(write(OdataVersion::V4, ty, text).as_deref(), Some(v4), "{ty:?} {text}");
        }
    }

    #[test]
    fn a_text_that_no_value_has_is_no_literal() {
        let literals = Literals { version: OdataVersion::V4, zone: None };
        for (ty, text) in [
            (OdataType::Int, "abc"),
            (OdataType::Int, "007"),
            (OdataType::Int64, "99999999999999999999"),
            (OdataType::Decimal, "1) or (1 eq 1"),
            (OdataType::Decimal, "1e5"),
            (OdataType::Boolean, "yes"),
            (OdataType::Guid, "6f9619ff-8b86-d011-b42d-00c04fc964f'"),
            (OdataType::Date, "soon"),
            (OdataType::DateTime, "2026-07-01 or true"),
        ] {
            assert_eq!(literals.write(ty, text), None, "{ty:?} {text}");
        }
    }
}
