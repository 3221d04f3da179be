//! Availability: whether and by when a quantity can be had, and what serves instead.
//!
//! In: what plants hold, what is on its way, the policy of back orders, relations. Out: what is free, what can be promised by
//! day, the storefront's word, a promise, substitutes, reasons. What is not kept in stock is null, not 0.
//!
//! Reading order: `assess` (the whole way), `facts`, `stock` (what is free and what comes), `promise` (by when, and the
//! word), `related` (substitutes and successors).

mod assess;
mod facts;
mod promise;
mod related;
mod stock;

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(super) use facts::{InboundFacts, OwnerAtp, PlantFacts};

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

pub(super) use assess::{Availability, AvailabilityAsk, assess};
pub(super) use facts::{StockFacts, stock};
pub(super) use promise::Promise;
pub(super) use related::{Substitute, successor};

use super::{
    amount,
    article::{Article, article},
    price::price,
    ratio::Ratio,
    rule::{Rule, typed},
};

/// Assesses what can be had of a product.
pub(super) const RULE: Rule = Rule {
    name: "availability",
    on: "Product",
    answers: &["availability"],
    inputs: concat!(
        article!(),
        stock!(),
        "relations @optional { kind sku quantity product { ",
        article!(),
        stock!(),
        "price(account: $account) @optional { ",
        price!(),
        "} relations @optional { kind sku product { sku lifecycle relations @optional { kind sku product { sku lifecycle } } } } } }"
    ),
    holder: "",
    pieces: &[],
    run: |facts, arguments, context| {
        typed(facts, arguments, |article: &Article, arguments: &Arguments| {
            let availability = assess(article, &arguments.ask(), context);
            let holds_until = availability.holds_until;
            (Members { availability }, holds_until)
        })
    },
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Arguments {
    #[serde(default, deserialize_with = "amount::decimal")]
    quantity: Option<Decimal>,
    unit: Option<String>,
    account: Option<String>,
    ship_to: Option<String>,
    date: Option<Date>,
    plants: Option<Vec<String>>,
}

impl Arguments {
    fn ask(&self) -> AvailabilityAsk<'_> {
        AvailabilityAsk {
            quantity: self.quantity.unwrap_or(Decimal::ONE),
            unit: self.unit.as_deref(),
            wanted_by: self.date,
            plants: self.plants.as_deref(),
            taken: Ratio::ZERO,
            for_account: self.account.is_some(),
            currency: None,
            price_date: None,
            ship_to: self.ship_to.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct Members {
    availability: Availability,
}
