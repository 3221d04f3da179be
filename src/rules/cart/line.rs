//! A line of a cart: its price, what can be had of it, and everything against it.
//!
//! In: one line, its product and its price, what earlier lines take of the same product. Out: the line's verdict.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;

use super::{
    facts::{AccountInCart, Arguments, CartLine},
    freight,
};
use crate::rules::{
    article::Article,
    availability::{Availability, AvailabilityAsk, Promise, Substitute, assess},
    context::Context,
    evidence::Evidence,
    fact::{Fact, Unknown},
    price::{self, PriceFacts, ResolvedPrice},
    product::lifecycle_reasons,
    ratio::Ratio,
    reason::{Reason, ReasonCode, Severity},
    ship_to::ShipToFacts,
};

/// What a line of a cart comes to.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LineVerdict {
    /// Its place in the cart, from 1.
    pub line_number: usize,
    /// The article number.
    pub sku: String,
    /// How much.
    pub quantity: Decimal,
    /// In which unit.
    pub unit: Option<String>,
    /// The day it is wanted.
    pub requested_date: Option<Date>,
    /// Its price.
    pub price: ResolvedPrice,
    /// What can be had of it, after what earlier lines of the cart take.
    pub availability: Option<Availability>,
    /// By when it can be had.
    pub promise: Option<Promise>,
    /// What serves instead, where stock is short.
    pub substitutes: Vec<Substitute>,
    /// Everything to be said of the line.
    pub reasons: Vec<Reason>,
    /// Whether its price is not for whoever asks.
    #[serde(skip)]
    pub is_withheld: bool,
}

/// What every line of a cart is judged with.
pub(super) struct Around<'a> {
    pub arguments: &'a Arguments,
    pub account: Option<&'a AccountInCart>,
    pub ship_to: Option<&'a ShipToFacts>,
    pub day: Date,
}

/// Judges a line.
pub(super) fn judge(
    line_number: usize,
    (line, product, facts_of_price): (&CartLine, &Fact<Article>, &Fact<PriceFacts>),
    taken: Ratio,
    around: &Around<'_>,
    context: &Context<'_>,
) -> LineVerdict {
    let quantity = line.quantity.unwrap_or_default();
    let price = priced(line, product, facts_of_price, around, context);
    let mut reasons = price.reasons.clone();
    let availability = match product {
        Fact::Known(article) => {
            reasons.extend(lifecycle_reasons(article, context));
            let shipped = (article, base_units(article, line));
            reasons.extend(freight::reasons(shipped, around.account, around.ship_to, around.day, context));
            let availability = assess(article, &availability_ask(line, taken, around), context);
            reasons.extend(availability.reasons.iter().cloned());
            Some(availability)
        }
        Fact::Null => {
            let message = format!("{} is unknown to its owner.", line.sku);
            let evidence = vec![Evidence::of_question("sku", &line.sku)];
            reasons.push(Reason::new(ReasonCode::ProductUnknownToOwner, message, evidence));
            None
        }
        Fact::Unknown(unknown) => {
            let message = "Whether it may be sold could not be found out.";
            let evidence = vec![Evidence::of_silence("lifecycle", format!("Product {}", line.sku), unknown)];
            reasons.push(Reason::new(ReasonCode::ProductUnclear, message, evidence).for_lack_of(unknown));
            reasons.push(Reason::of_unknown("The product", unknown));
            None
        }
    };
    let promise = availability.as_ref().and_then(|availability| availability.promise.clone());
    let substitutes = availability.as_ref().map(|availability| availability.substitutes.clone()).unwrap_or_default();
    LineVerdict {
        line_number,
        sku: line.sku.clone(),
        quantity,
        unit: price.unit.clone().or_else(|| line.unit.clone()),
        requested_date: line.requested_date,
        price,
        availability,
        promise,
        substitutes,
        reasons,
        is_withheld: facts_of_price.unknown().is_some_and(Unknown::is_withheld),
    }
}

/// Returns how many base units of a product a line is of; none where that cannot be told.
fn base_units(article: &Article, line: &CartLine) -> Option<Ratio> {
    let unit = line.unit.as_deref().or_else(|| article.usual_unit().ok().flatten())?;
    Ratio::of(line.quantity?).times(article.base_units(unit).ok()?)
}

fn priced(
    line: &CartLine,
    product: &Fact<Article>,
    price: &Fact<PriceFacts>,
    around: &Around<'_>,
    context: &Context<'_>,
) -> ResolvedPrice {
    let quantity = line.quantity.unwrap_or_default();
    let none = |reason: Reason| ResolvedPrice {
        reasons: vec![reason.weighing(Severity::Blocking)],
        ..ResolvedPrice::nothing(quantity)
    };
    let unclear = |unknown: &Unknown| {
        let of = [around.arguments.account.as_deref().unwrap_or_default(), &line.sku].join(" / ");
        let evidence = vec![Evidence::of_silence("price", format!("Price {of}"), unknown)];
        Reason::new(ReasonCode::PriceUnclear, price::why_unclear(unknown), evidence).for_lack_of(unknown)
    };
    let (facts, article) = match (price, product) {
        (Fact::Known(facts), Fact::Known(article)) => (facts, Some(article)),
        (Fact::Known(facts), Fact::Null) => (facts, None),
        (Fact::Null, _) => {
            let evidence = vec![Evidence::of_question("sku", &line.sku)];
            return none(Reason::new(ReasonCode::PriceMissing, "There is no price for it.", evidence));
        }
        (Fact::Unknown(unknown), _) | (_, Fact::Unknown(unknown)) => return none(unclear(unknown)),
    };
    let ask = price::Ask {
        quantity,
        unit: line.unit.as_deref(),
        currency: around.arguments.currency.as_deref(),
        date: around.arguments.date,
        ship_to: around.arguments.ship_to.as_deref(),
    };
    price::resolve(facts, article, &ask, context)
}

fn availability_ask<'a>(line: &'a CartLine, taken: Ratio, around: &Around<'a>) -> AvailabilityAsk<'a> {
    AvailabilityAsk {
        quantity: line.quantity.unwrap_or_default(),
        unit: line.unit.as_deref(),
        wanted_by: line.requested_date,
        plants: None,
        taken,
        for_account: true,
        currency: around.arguments.currency.as_deref(),
        price_date: around.arguments.date,
        ship_to: around.arguments.ship_to.as_deref(),
    }
}
