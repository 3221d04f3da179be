//! Amounts as they go out, rounded, and decimals as they come in from a caller.

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::value::RawValue;

use super::{money::Money, ratio::Ratio, settings::Settings};

/// Rounds an exact amount to the digits of its currency, a half up; none where it does not fit.
pub(super) fn rounded(exact: Ratio, currency: &str, settings: &Settings) -> Option<Money> {
    let amount = exact.rounded(settings.digits(currency))?;
    Some(Money { amount, currency: currency.to_owned() })
}

/// Reads a decimal that a caller wrote as a text or as a number; null is none.
pub(super) fn decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    let text = <&RawValue>::deserialize(deserializer)?.get();
    if text == "null" {
        return Ok(None);
    }
    let text = text.trim_matches('"');
    text.parse().or_else(|_| Decimal::from_scientific(text)).map(Some).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_write_decimals_as_texts_or_numbers() {
        #[derive(Deserialize)]
        struct Arguments {
            #[serde(default, deserialize_with = "decimal")]
            quantity: Option<Decimal>,
        }
        let read = |json: &str| serde_json::from_str::<Arguments>(json).map(|read| read.quantity);
        for text in [r#"{"quantity":"2.50"}"#, r#"{"quantity":2.50}"#, r#"{"quantity":25e-1}"#] {
            assert_eq!(read(text).unwrap(), Some(Decimal::new(25, 1)), "{text}");
        }
        assert_eq!(read("{}").unwrap(), None);
        assert_eq!(read(r#"{"quantity":null}"#).unwrap(), None);
        assert!(read(r#"{"quantity":"many"}"#).is_err());
    }
}
