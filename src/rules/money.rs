//! Amounts of money, as owners say them and as rules work with them.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{
    evidence::At,
    fact::{Fact, Unknown},
};

/// An amount in a currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Money {
    /// The amount, in units of the currency.
    pub amount: Decimal,
    /// The currency, ISO 4217.
    pub currency: String,
}

/// An amount of money as its owner says it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct MoneyFacts {
    /// Which object it is.
    #[serde(rename = "$at")]
    pub at: At,
    /// The amount.
    pub amount: Fact<Decimal>,
    /// The currency.
    pub currency: Fact<String>,
}

impl Money {
    /// Reads what an owner says; none where it says that there is none. An amount without a currency is nobody's to know.
    pub fn read(fact: &Fact<MoneyFacts>) -> Result<Option<Self>, Unknown> {
        let Some(MoneyFacts { amount, currency, .. }) = fact.asked().map_err(Clone::clone)? else {
            return Ok(None);
        };
        match (amount.asked().map_err(Clone::clone)?, currency.asked().map_err(Clone::clone)?) {
            (Some(amount), Some(currency)) => Ok(Some(Self { amount: *amount, currency: currency.clone() })),
            (None, None) => Ok(None),
            _ => Err(Unknown { code: "CONTRACT_VIOLATION".to_owned(), system: String::new() }),
        }
    }

    /// Adds an amount of the same currency; none where the currencies differ or the sum is too great to be told.
    pub fn plus(&self, other: &Self) -> Option<Self> {
        let amount = self.amount.checked_add(other.amount).filter(|_| self.currency == other.currency)?;
        Some(Self { amount, currency: self.currency.clone() })
    }

    /// Takes away an amount of the same currency; none where the currencies differ or the rest is too great to be told.
    pub fn minus(&self, other: &Self) -> Option<Self> {
        let amount = self.amount.checked_sub(other.amount).filter(|_| self.currency == other.currency)?;
        Some(Self { amount, currency: self.currency.clone() })
    }
}

impl std::fmt::Display for Money {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} {}", self.amount, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Option<Money>, Unknown> {
        Money::read(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn an_amount_is_known_null_or_unknown() {
        let euros = Money { amount: Decimal::new(1250, 2), currency: "EUR".to_owned() };
        assert_eq!(read(r#"{"$at":3,"amount":"12.50","currency":"EUR"}"#), Ok(Some(euros)));
        assert_eq!(read("null"), Ok(None));
        assert_eq!(read(r#"{"amount":null,"currency":null}"#), Ok(None));
        assert!(read(r#"{"amount":"1","currency":null}"#).is_err());
        assert!(read(r#"{"amount":{"$unknown":{"code":"TIMEOUT","system":"erp"}},"currency":"EUR"}"#).is_err());
        assert!(read(r#"{"$unknown":{"code":"TIMEOUT","system":"erp"}}"#).is_err());
    }

    #[test]
    fn currencies_do_not_mix_and_nothing_overflows() {
        let of = |amount, currency: &str| Money { amount, currency: currency.to_owned() };
        assert_eq!(of(Decimal::ONE, "EUR").plus(&of(Decimal::TWO, "EUR")), Some(of(Decimal::new(3, 0), "EUR")));
        assert_eq!(of(Decimal::ONE, "EUR").minus(&of(Decimal::TWO, "USD")), None);
        assert_eq!(of(Decimal::MAX, "EUR").plus(&of(Decimal::MAX, "EUR")), None);
    }
}
