//! A fact: what an owner says of one thing, or that nobody knows.
//!
//! In: the JSON that a request's inputs are written in. Out: typed facts. Null and unknown are different things: null is the
//! owner's answer (no limit, no end, no such row), unknown is the lack of one, and is never treated as fine.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _},
};
use serde_json::value::RawValue;

/// What an owner says of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact<T> {
    /// This.
    Known(T),
    /// That there is none.
    Null,
    /// Nothing: it could not be found out.
    Unknown(Unknown),
}

/// Why nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Unknown {
    /// The code of the fault, such as `TIMEOUT` or `STALE_REFUSED`.
    pub code: String,
    /// The system that was asked.
    #[serde(default)]
    pub system: String,
}

/// The member that stands for what nobody knows: `{"$unknown":{"code":"TIMEOUT","system":"erp"}}`.
const UNKNOWN: &str = "{\"$unknown\":";

/// A fact that was not asked for counts as null: a contract without the field says nothing of it.
impl<T> Default for Fact<T> {
    fn default() -> Self {
        Self::Null
    }
}

impl<T> Fact<T> {
    /// Returns the value, where it is known and not null.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown(_) => None,
        }
    }

    /// Returns why nobody knows, where nobody does.
    pub fn unknown(&self) -> Option<&Unknown> {
        match self {
            Self::Unknown(unknown) => Some(unknown),
            Self::Known(_) | Self::Null => None,
        }
    }

    /// Returns the value, none for null, or why nobody knows.
    pub fn asked(&self) -> Result<Option<&T>, &Unknown> {
        match self {
            Self::Known(value) => Ok(Some(value)),
            Self::Null => Ok(None),
            Self::Unknown(unknown) => Err(unknown),
        }
    }
}

/// Lets `?` hand on why nobody knows.
impl From<&Unknown> for Unknown {
    fn from(unknown: &Unknown) -> Self {
        unknown.clone()
    }
}

impl<T> Fact<Vec<Fact<T>>> {
    /// Returns the items of a list, none for null. A list of which one item is unknown is unknown.
    pub fn items(&self) -> Result<Vec<&T>, &Unknown> {
        let items = self.asked()?.map(Vec::as_slice).unwrap_or_default();
        items.iter().filter_map(|item| item.asked().transpose()).collect()
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Fact<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        if text == "null" {
            return Ok(Self::Null);
        }
        if let Some(unknown) = text.strip_prefix(UNKNOWN).and_then(|rest| rest.strip_suffix('}')) {
            return serde_json::from_str(unknown).map(Self::Unknown).map_err(D::Error::custom);
        }
        serde_json::from_str(text).map(Self::Known).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Facts {
        limit: Fact<Decimal>,
        days: Fact<u32>,
        lines: Fact<Vec<Fact<Line>>>,
        #[serde(default)]
        unasked: Fact<bool>,
    }

    #[derive(Debug, Clone, PartialEq, Deserialize)]
    struct Line {
        sku: Fact<String>,
    }

    #[test]
    fn null_unknown_and_known_are_three_things_at_any_depth() {
        let json = br#"{"limit":"12.50","days":14,
            "lines":[{"sku":"A"},null,{"$unknown":{"code":"TIMEOUT","system":"erp"}},{"sku":null}]}"#;
        let facts: Facts = serde_json::from_slice(json).unwrap();
        assert_eq!(facts.limit, Fact::Known(Decimal::new(1250, 2)));
        assert_eq!(facts.days, Fact::Known(14));
        let timeout = Unknown { code: "TIMEOUT".to_owned(), system: "erp".to_owned() };
        let lines = facts.lines.known().unwrap();
        assert_eq!(lines[0], Fact::Known(Line { sku: Fact::Known("A".to_owned()) }));
        assert_eq!((&lines[1], &lines[2]), (&Fact::Null, &Fact::Unknown(timeout)));
        assert_eq!(lines[3], Fact::Known(Line { sku: Fact::Null }));
        assert_eq!(facts.unasked, Fact::Null);
        assert!(serde_json::from_slice::<Facts>(br#"{"limit":true,"days":null,"lines":null}"#).is_err());
    }
}
