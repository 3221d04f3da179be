//! Price: what an account pays for a quantity, by the records that could apply.
//!
//! In: every record of the owner, valid or not; what is asked. Out: the price with where it comes from, until when it holds,
//! its tiers and surcharges, or the reasons why there is none: never the list price by the way, and never zero.
//!
//! Reading order: `resolve` (the whole way), `facts`, `want` (what is asked), `candidate` (hard filters), `field` (all of them), `pick` (the
//! strategy), `remarks`, `surcharge`, `boundary` (until when it holds), `resolved` (what goes out).

mod boundary;
mod candidate;
mod facts;
mod field;
mod pick;
mod remarks;
mod resolve;
mod resolved;
mod surcharge;
mod want;

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(super) use facts::{Buyer, OwnerPrice, Record, Surcharge};

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

pub(super) use facts::{PriceFacts, price};
pub(super) use resolve::{resolve, why_unclear};
pub(super) use resolved::ResolvedPrice;
pub(super) use want::Ask;

use resolve::unclear;

use super::{
    amount,
    article::article,
    rule::{Rule, typed},
};

/// Resolves the price of one product for one account.
pub(super) const RULE: Rule = Rule {
    name: "price",
    on: "Price",
    answers: &["resolved"],
    inputs: concat!(price!(), "product { ", article!(), "}"),
    holder: "",
    pieces: &[],
    run: |facts, arguments, context| {
        typed(facts, arguments, |facts: &PriceFacts, arguments: &Arguments| {
            let resolved = match facts.product.asked() {
                Ok(article) => resolve(facts, article, &arguments.ask(), context),
                Err(unknown) => {
                    let quantity = arguments.ask().quantity;
                    let reasons = vec![unclear(facts, unknown, context)];
                    ResolvedPrice { reasons, ..ResolvedPrice::nothing(quantity) }
                }
            };
            let holds_until = resolved.holds_until;
            (Members { resolved }, holds_until)
        })
    },
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Arguments {
    #[serde(default, deserialize_with = "amount::decimal")]
    quantity: Option<Decimal>,
    unit: Option<String>,
    currency: Option<String>,
    date: Option<Date>,
    ship_to: Option<String>,
}

impl Arguments {
    fn ask(&self) -> Ask<'_> {
        Ask {
            quantity: self.quantity.unwrap_or(Decimal::ONE),
            unit: self.unit.as_deref(),
            currency: self.currency.as_deref(),
            date: self.date,
            ship_to: self.ship_to.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct Members {
    resolved: ResolvedPrice,
}
