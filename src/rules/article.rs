//! The article: what a rule must know of a product to count and to price it, and how its units convert.
//!
//! In: a product as the graph has it. Out: fractions of its base unit.

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};

use super::{
    availability::StockFacts,
    evidence::At,
    fact::{Fact, Unknown},
    price::PriceFacts,
    ratio::Ratio,
};

/// What is selected of a product for `Article`.
macro_rules! article {
    () => {
        "sku type lifecycle baseUnit salesUnit @optional units @optional { unit numerator denominator } \
         packQuantity @optional minimumQuantity @optional listPrice @optional { amount currency per unit } "
    };
}
pub(super) use article;

/// A product, as far as counting and pricing goes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Article {
    /// Where it stands in the inputs.
    #[serde(rename = "$at", default)]
    pub at: At,
    /// The article number.
    #[serde(default)]
    pub sku: Fact<String>,
    /// What kind of article it is.
    #[serde(default, rename = "type")]
    pub kind: Fact<String>,
    /// Whether it may be sold.
    #[serde(default)]
    pub lifecycle: Fact<String>,
    /// The unit that stock is counted in.
    #[serde(default)]
    pub base_unit: Fact<String>,
    /// The unit it is sold in.
    #[serde(default)]
    pub sales_unit: Fact<String>,
    /// How other units convert to the base unit.
    #[serde(default)]
    pub units: Fact<Vec<Fact<Conversion>>>,
    /// How many base units one package holds.
    #[serde(default)]
    pub pack_quantity: Fact<Decimal>,
    /// The least quantity of a line, in sales units.
    #[serde(default)]
    pub minimum_quantity: Fact<Decimal>,
    /// The price for anyone; none where the contract does not say such a thing at all.
    #[serde(default, deserialize_with = "asked")]
    pub list_price: Option<Fact<UnitPrice>>,
    /// Whether it is dangerous goods.
    #[serde(default)]
    pub hazardous: Fact<bool>,
    /// The freight class; null where it goes as a parcel.
    #[serde(default)]
    pub freight_class: Fact<String>,
    /// Its size with packaging.
    #[serde(default)]
    pub dimensions: Fact<DimensionsFacts>,
    /// What one base unit weighs with packaging.
    #[serde(default)]
    pub gross_weight: Fact<WeightFacts>,
    /// Its documents, as far as they can run out.
    #[serde(default)]
    pub documents: Fact<Vec<Fact<Document>>>,
    /// What plants hold and expect of it.
    #[serde(default)]
    pub stock: Fact<Box<StockFacts>>,
    /// The products it has to do with, in the PIM's order.
    #[serde(default)]
    pub relations: Fact<Vec<Fact<Relation>>>,
    /// Its price for the account that asks.
    #[serde(default)]
    pub price: Fact<Box<PriceFacts>>,
}

/// A size as its owner says it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct DimensionsFacts {
    /// Length.
    pub length: Fact<Decimal>,
    /// Width.
    pub width: Fact<Decimal>,
    /// Height.
    pub height: Fact<Decimal>,
    /// The unit of all three.
    pub unit: Fact<String>,
}

impl std::fmt::Display for DimensionsFacts {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let side = |fact: &Fact<Decimal>| fact.known().map_or_else(|| "?".to_owned(), Decimal::to_string);
        let unit = self.unit.known().map_or("?", String::as_str);
        write!(out, "{} x {} x {} {unit}", side(&self.length), side(&self.width), side(&self.height))
    }
}

/// A weight as its owner says it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct WeightFacts {
    /// The number.
    pub value: Fact<Decimal>,
    /// The unit.
    pub unit: Fact<String>,
}

impl std::fmt::Display for WeightFacts {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let value = self.value.known().map_or_else(|| "?".to_owned(), Decimal::to_string);
        write!(out, "{value} {}", self.unit.known().map_or("?", String::as_str))
    }
}

/// A document that can run out.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    /// Where it stands in the inputs.
    #[serde(rename = "$at", default)]
    pub at: At,
    /// What it is.
    pub kind: Fact<String>,
    /// The last day it is valid.
    #[serde(default)]
    pub valid_until: Fact<jiff::civil::Date>,
}

/// A related product.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Relation {
    /// What the other product is to this one.
    pub kind: Fact<String>,
    /// The other product's article number.
    pub sku: Fact<String>,
    /// How many of the other belong to one of this, in base units.
    #[serde(default)]
    pub quantity: Fact<Decimal>,
    /// The other product.
    #[serde(default)]
    pub product: Fact<Article>,
}

/// How a unit converts to the base unit.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Conversion {
    /// The unit.
    pub unit: Fact<String>,
    /// Multiply by this.
    pub numerator: Fact<i64>,
    /// Then divide by this.
    pub denominator: Fact<i64>,
}

/// A price of so many units, as an owner says it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct UnitPrice {
    /// Where it stands in the inputs.
    #[serde(rename = "$at", default)]
    pub at: At,
    /// The amount for `per` units.
    pub amount: Fact<Decimal>,
    /// The currency.
    pub currency: Fact<String>,
    /// How many units the amount is for; null is one.
    #[serde(default)]
    pub per: Fact<i64>,
    /// The unit.
    #[serde(default)]
    pub unit: Fact<String>,
}

/// Keeps a null that the owner says apart from a field that was not asked for.
fn asked<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned>(d: D) -> Result<Option<Fact<T>>, D::Error> {
    Fact::deserialize(d).map(Some)
}

/// Why a unit does not convert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoUnit {
    /// It is none of the product's.
    Foreign,
    /// The product's units could not be found out.
    Unclear(Unknown),
}

impl Article {
    /// Returns the unit a quantity is in where nobody says one: the sales unit, or else the base unit.
    pub fn usual_unit(&self) -> Result<Option<&str>, &Unknown> {
        Ok(match self.sales_unit.asked()? {
            Some(unit) => Some(unit),
            None => self.base_unit.asked()?.map(String::as_str),
        })
    }

    /// Returns how many base units one of a unit is.
    pub fn base_units(&self, unit: &str) -> Result<Ratio, NoUnit> {
        let unclear = |unknown: &Unknown| NoUnit::Unclear(unknown.clone());
        if self.base_unit.asked().map_err(unclear)?.is_some_and(|base| base == unit) {
            return Ok(Ratio::ONE);
        }
        for conversion in self.units.asked().map_err(unclear)?.into_iter().flatten() {
            let Some(conversion) = conversion.asked().map_err(unclear)? else { continue };
            if conversion.unit.asked().map_err(unclear)?.is_none_or(|name| name != unit) {
                continue;
            }
            let numerator = conversion.numerator.asked().map_err(unclear)?.copied().unwrap_or(1);
            let denominator = conversion.denominator.asked().map_err(unclear)?.copied().unwrap_or(1);
            let ratio = Ratio::new(numerator.into(), denominator.into()).filter(|ratio| ratio.is_positive());
            return ratio.ok_or(NoUnit::Foreign);
        }
        Err(NoUnit::Foreign)
    }

    /// Returns how many of one unit one of another is; the same unit is one even where the product's units are not known.
    pub fn converted(&self, from: &str, to: &str) -> Result<Ratio, NoUnit> {
        if from == to {
            return Ok(Ratio::ONE);
        }
        self.base_units(from)?.over(self.base_units(to)?).ok_or(NoUnit::Foreign)
    }

    /// Tells whether it is work, which never ships and has no stock.
    pub fn is_service(&self) -> bool {
        self.kind.known().is_some_and(|kind| kind == "SERVICE")
    }

    /// Tells whether it is known to be sold.
    pub fn is_sold(&self) -> bool {
        self.lifecycle.known().is_some_and(|word| word == "ACTIVE" || word == "PHASE_OUT")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn article(json: &str) -> Article {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn units_convert_through_the_base_unit_or_not_at_all() {
        let article = article(
            r#"{"baseUnit":"EA","salesUnit":"BOX","units":[{"unit":"BOX","numerator":12,"denominator":1},
               {"unit":"DOZ3","numerator":36,"denominator":1},{"unit":"M","numerator":10,"denominator":3},
               {"unit":"BAD","numerator":1,"denominator":0}]}"#,
        );
        assert_eq!(article.usual_unit(), Ok(Some("BOX")));
        assert_eq!(article.converted("DOZ3", "BOX"), Ok(Ratio::new(3, 1).unwrap()));
        assert_eq!(article.converted("EA", "M"), Ok(Ratio::new(3, 10).unwrap()));
        assert_eq!(article.converted("PAL", "PAL"), Ok(Ratio::ONE));
        assert_eq!(article.base_units("PAL"), Err(NoUnit::Foreign));
        assert_eq!(article.base_units("BAD"), Err(NoUnit::Foreign));
    }

    #[test]
    fn what_is_not_known_of_units_is_unclear_and_not_foreign() {
        let article = article(r#"{"baseUnit":"EA","units":{"$unknown":{"code":"TIMEOUT","system":"erp"}}}"#);
        assert_eq!(article.base_units("EA"), Ok(Ratio::ONE));
        assert!(matches!(article.base_units("BOX"), Err(NoUnit::Unclear(_))));
        assert_eq!(article.converted("BOX", "BOX"), Ok(Ratio::ONE));
    }

    #[test]
    fn a_list_price_of_null_is_not_a_list_price_that_nobody_asked_for() {
        assert!(article("{}").list_price.is_none());
        assert!(matches!(article(r#"{"listPrice":null}"#).list_price, Some(Fact::Null)));
    }
}
