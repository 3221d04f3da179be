//! A resolved price: what goes out.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;

use super::{
    candidate::{Candidate, Offer},
    facts::PriceSource,
    surcharge::AppliedSurcharge,
};
use crate::rules::{article::UnitPrice, explanation::Step, money::Money, reason::Reason};

/// What computes a price that is no owner's.
pub(super) const FREEHOLD: &str = "freehold";

/// The price of a quantity, and why it is that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResolvedPrice {
    /// The quantity.
    pub quantity: Decimal,
    /// Its unit.
    pub unit: Option<String>,
    /// The currency.
    pub currency: Option<String>,
    /// The price; none with a reason, and then never the list price and never zero.
    pub unit_price: Option<Priced>,
    /// Where it comes from.
    pub source: Option<PriceSource>,
    /// The record it is.
    pub record: Option<String>,
    /// The contract it belongs to.
    pub contract: Option<String>,
    /// The first instant it holds.
    pub valid_from: Option<Timestamp>,
    /// The first instant it holds no more.
    pub valid_until: Option<Timestamp>,
    /// The price of the quantity without surcharges, rounded.
    pub net: Option<Money>,
    /// The price at each quantity from which it is another.
    pub tiers: Vec<Tier>,
    /// The price for anyone.
    pub list_price: Option<Priced>,
    /// What is added; none where that could not be found out.
    pub surcharges: Option<Vec<AppliedSurcharge>>,
    /// Whether tax is in it.
    pub tax_included: Option<bool>,
    /// The instant from which the answer may be another.
    pub holds_until: Option<Timestamp>,
    /// What computed it: `freehold`, or the system that did.
    pub computed_by: Option<String>,
    /// What is to be said of it.
    pub reasons: Vec<Reason>,
    /// How it came about.
    pub explanation: Vec<Step>,
}

/// A price of so many units, exactly as its owner says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Priced {
    /// The amount for `per` units.
    pub amount: Decimal,
    /// The currency.
    pub currency: String,
    /// How many units the amount is for.
    pub per: i64,
    /// The unit.
    pub unit: String,
}

/// A price from a quantity on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tier {
    /// The least quantity, in the unit of the price.
    pub minimum_quantity: Decimal,
    /// The price.
    pub unit_price: Priced,
    /// Where it comes from.
    pub source: PriceSource,
}

impl Priced {
    /// Returns an offer as it goes out.
    pub(super) fn of(offer: &Offer<'_>) -> Self {
        let Offer { amount, currency, per, unit, .. } = *offer;
        Self { amount, currency: currency.to_owned(), per, unit: unit.to_owned() }
    }

    /// Returns a price as it goes out, where all of it is known.
    pub fn known(price: &UnitPrice) -> Option<Self> {
        Some(Self {
            amount: *price.amount.known()?,
            currency: price.currency.known()?.clone(),
            per: price.per.known().copied().unwrap_or(1),
            unit: price.unit.known()?.clone(),
        })
    }
}

impl Tier {
    /// Returns a candidate as a tier.
    pub(super) fn of(candidate: &Candidate<'_>) -> Self {
        Self {
            minimum_quantity: candidate.minimum_quantity,
            unit_price: Priced::of(&candidate.offer),
            source: candidate.source,
        }
    }
}

impl ResolvedPrice {
    /// Returns what is said before anything is known.
    pub fn nothing(quantity: Decimal) -> Self {
        Self {
            quantity,
            unit: None,
            currency: None,
            unit_price: None,
            source: None,
            record: None,
            contract: None,
            valid_from: None,
            valid_until: None,
            net: None,
            tiers: Vec::new(),
            list_price: None,
            surcharges: None,
            tax_included: None,
            holds_until: None,
            computed_by: None,
            reasons: Vec::new(),
            explanation: Vec::new(),
        }
    }

    /// Takes over what a candidate says.
    pub(super) fn set(&mut self, picked: &Candidate<'_>, computed_by: String) {
        self.unit_price = Some(Priced::of(&picked.offer));
        self.source = Some(picked.source);
        self.record = picked.record.map(str::to_owned);
        self.contract = picked.contract.map(str::to_owned);
        (self.valid_from, self.valid_until) = (picked.period.from, picked.period.until);
        self.tax_included = picked.tax_included;
        self.computed_by = Some(computed_by);
    }
}
