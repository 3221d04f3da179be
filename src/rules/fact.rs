//! A fact: what an owner says of one thing, or that nobody knows.
//!
//! In: the JSON that a request's inputs are written in. Out: typed facts. Null and unknown are different things: null is the
//! owner's answer (no limit, no end, no such row), unknown is the lack of one, and is never treated as fine.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeOwned, DeserializeSeed, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor,
        value::{BorrowedStrDeserializer, MapAccessDeserializer, SeqAccessDeserializer},
    },
};

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

/// The code of what is known and not for whoever asks: of an account that they may see, and not all of.
pub const WITHHELD: &str = "WITHHELD";

impl Unknown {
    /// Whether it is known, and not for whoever asks.
    pub fn is_withheld(&self) -> bool {
        self.code == WITHHELD
    }
}

/// The member that stands for what nobody knows: `{"$unknown":{"code":"TIMEOUT","system":"erp"}}`.
const UNKNOWN: &str = "$unknown";

/// The member by which serde_json hands on a number that it keeps as text, as it does any that is no integer. The name is its
/// own; a test reads such a number.
const NUMBER: &str = "$serde_json::private::Number";

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
        deserializer.deserialize_any(Said(PhantomData))
    }
}

/// Reads a fact as it comes, without looking ahead: facts stand in facts, and each look would be a reading of all that is inside.
struct Said<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for Said<T> {
    type Value = Fact<T>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a fact")
    }

    fn visit_unit<E: Error>(self) -> Result<Fact<T>, E> {
        Ok(Fact::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Fact<T>, E> {
        T::deserialize(value.into_deserializer()).map(Fact::Known)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Fact<T>, E> {
        T::deserialize(number.into_deserializer()).map(Fact::Known)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Fact<T>, E> {
        T::deserialize(number.into_deserializer()).map(Fact::Known)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Fact<T>, E> {
        T::deserialize(text.into_deserializer()).map(Fact::Known)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, items: S) -> Result<Fact<T>, S::Error> {
        T::deserialize(SeqAccessDeserializer::new(items)).map(Fact::Known)
    }

    fn visit_map<M: MapAccess<'de>>(self, mut members: M) -> Result<Fact<T>, M::Error> {
        let first: Option<Name<'de>> = members.next_key()?;
        match first.as_ref().map(|Name(name)| name.as_ref()) {
            Some(UNKNOWN) => members.next_value().map(Fact::Unknown),
            Some(NUMBER) => {
                let text: String = members.next_value()?;
                serde_json::from_str(&text).map(Fact::Known).map_err(M::Error::custom)
            }
            _ => T::deserialize(MapAccessDeserializer::new(Members { first, rest: members })).map(Fact::Known),
        }
    }
}

/// The name of a member.
#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'n>(#[serde(borrow)] Cow<'n, str>);

/// The members of an object of which the first name is read already.
struct Members<'de, M> {
    first: Option<Name<'de>>,
    rest: M,
}

impl<'de, M: MapAccess<'de>> MapAccess<'de> for Members<'de, M> {
    type Error = M::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, M::Error> {
        match self.first.take() {
            Some(Name(Cow::Borrowed(name))) => seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some),
            Some(Name(Cow::Owned(name))) => seed.deserialize(name.into_deserializer()).map(Some),
            None => self.rest.next_key_seed(seed),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, M::Error> {
        self.rest.next_value_seed(seed)
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
        for wrong in [
            r#"{"limit":true,"days":null,"lines":null}"#,
            r#"{"limit":null,"days":1.5,"lines":null}"#,
            r#"{"limit":null,"days":-1,"lines":null}"#,
            r#"{"limit":null,"days":null,"lines":{}}"#,
            r#"{"limit":null,"days":null,"lines":[{}]}"#,
            r#"{"limit":null,"days":null,"lines":[{"sku":"A"}"#,
            r#"{"limit":{"$unknown":{"system":"erp"}},"days":null,"lines":null}"#,
            r#"{"limit":{"$unknown":{"code":"TIMEOUT"},"amount":1},"days":null,"lines":null}"#,
        ] {
            assert!(serde_json::from_str::<Facts>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_are_read_as_they_are_written() {
        assert_eq!(serde_json::from_str::<Fact<i64>>("-5").unwrap(), Fact::Known(-5));
        let number: Fact<serde_json::Number> = serde_json::from_str("0.10").unwrap();
        assert_eq!(number.known().unwrap().to_string(), "0.10");
    }

    #[test]
    fn names_and_texts_are_read_as_they_are_written() {
        let line: Fact<Line> = serde_json::from_str(r#"{"s\u006bu":"A \"1\"","more":[1,{}]}"#).unwrap();
        assert_eq!(line, Fact::Known(Line { sku: Fact::Known("A \"1\"".to_owned()) }));
    }
}
