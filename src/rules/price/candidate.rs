//! Hard filters: which records could be the price at all, and what keeps the others from it.
//!
//! In: one record, what is wanted. Out: a candidate with its price for one wanted unit, exactly; or why it is out.

use std::cmp::Ordering;

use jiff::{Timestamp, tz::TimeZone};
use rust_decimal::Decimal;

use super::{
    facts::{OwnerPrice, PriceSource, Record},
    want::Want,
};
use crate::rules::{
    article::{NoUnit, UnitPrice},
    evidence::At,
    fact::{Fact, Unknown},
    ratio::Ratio,
    validity::{Bound, Period, Standing},
};

/// A record that could be the price.
#[derive(Debug, Clone)]
pub(super) struct Candidate<'f> {
    pub at: At,
    pub record: Option<&'f str>,
    pub source: PriceSource,
    pub contract: Option<&'f str>,
    pub tax_included: Option<bool>,
    /// Whether it holds for the wanted address only.
    pub for_ship_to: bool,
    pub period: Period,
    /// The least quantity, in the unit of its price.
    pub minimum_quantity: Decimal,
    /// The least quantity, in wanted units.
    pub minimum: Ratio,
    pub offer: Offer<'f>,
}

/// A price as its owner says it, and what it comes to for one wanted unit.
#[derive(Debug, Clone)]
pub(super) struct Offer<'f> {
    pub amount: Decimal,
    pub currency: &'f str,
    pub per: i64,
    pub unit: &'f str,
    pub each: Ratio,
}

/// What a record comes to.
#[derive(Debug)]
pub(super) enum Weighed<'f> {
    /// It could be the price.
    Candidate(Box<Candidate<'f>>),
    /// In force, and says that a person has to quote.
    Quote(&'f Record),
    /// It is out.
    Out(Why, PriceSource, &'f Record),
}

/// What keeps a record from being the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// It is a draft.
    NotReleased,
    /// It was withdrawn.
    Revoked,
    /// It holds for another address.
    ShipTo,
    /// It is in another currency, and in force or over.
    Currency,
    /// It begins later.
    Ahead,
    /// It is over.
    Over,
    /// Its unit is none of the product's.
    Unit,
    /// Its price is less than nothing, or for nothing.
    Senseless,
}

/// Weighs one record.
pub(super) fn weigh<'f>(record: &'f Record, want: &Want<'_>, zone: &TimeZone) -> Result<Weighed<'f>, Unknown> {
    let word = record.source.asked()?.map(String::as_str).unwrap_or_default();
    let source = PriceSource::of(word).ok_or_else(|| strange("SOURCE_UNMAPPED"))?;
    let out = |why| Ok(Weighed::Out(why, source, record));
    let period = period(&record.valid_from, &record.valid_to, zone)?;
    let standing = period.standing(want.at);
    match record.state.asked()?.map(String::as_str) {
        Some("RELEASED") => {}
        Some("REVOKED") if standing != Standing::Ahead => return out(Why::Revoked),
        _ => return out(Why::NotReleased),
    }
    let ship_to = record.ship_to.asked()?.map(String::as_str);
    if ship_to.is_some() && ship_to != want.ship_to {
        return out(Why::ShipTo);
    }
    if source == PriceSource::ManualQuoteRequired {
        return Ok(match standing {
            Standing::Inside => Weighed::Quote(record),
            Standing::Ahead => Weighed::Out(Why::Ahead, source, record),
            Standing::Over => Weighed::Out(Why::Over, source, record),
        });
    }
    let Some(price) = record.unit_price.asked()? else { return out(Why::Senseless) };
    if price.currency.asked()?.is_none_or(|currency| currency != want.currency) {
        return out(if standing == Standing::Ahead { Why::Ahead } else { Why::Currency });
    }
    match standing {
        Standing::Ahead => return out(Why::Ahead),
        Standing::Over => return out(Why::Over),
        Standing::Inside => {}
    }
    let offer = match offer(price, want)? {
        Ok(offer) => offer,
        Err(why) => return out(why),
    };
    let minimum_quantity = record.minimum_quantity.asked()?.copied().unwrap_or_default();
    let units = convert(offer.unit, want.unit, want)?;
    let Some(units) = units else { return out(Why::Unit) };
    Ok(Weighed::Candidate(Box::new(Candidate {
        at: record.at,
        record: record.record.asked()?.map(String::as_str),
        source,
        contract: record.contract.asked()?.map(String::as_str),
        tax_included: record.tax_included.asked()?.copied(),
        for_ship_to: ship_to.is_some(),
        period,
        minimum_quantity,
        minimum: Ratio::of(minimum_quantity).times(units).ok_or_else(|| strange("OVERFLOW"))?,
        offer,
    })))
}

/// Makes a candidate of the price for anyone.
pub(super) fn listed<'f>(price: &'f UnitPrice, want: &Want<'_>) -> Result<Result<Candidate<'f>, Why>, Unknown> {
    if price.currency.asked()?.is_none_or(|currency| currency != want.currency) {
        return Ok(Err(Why::Currency));
    }
    Ok(offer(price, want)?.map(|offer| Candidate {
        at: price.at,
        record: None,
        source: PriceSource::List,
        contract: None,
        tax_included: None,
        for_ship_to: false,
        period: Period { from: None, until: None },
        minimum_quantity: Decimal::ZERO,
        minimum: Ratio::ZERO,
        offer,
    }))
}

/// Makes a candidate of the price that the owner has computed itself: nothing but its unit, quantity, currency and days are
/// looked at. What it would be for another quantity nobody knows but the owner.
pub(super) fn computed<'f>(
    price: &'f OwnerPrice,
    want: &Want<'_>,
    zone: &TimeZone,
) -> Result<Result<Candidate<'f>, Why>, Unknown> {
    let Some(unit_price) = price.unit_price.asked()? else { return Ok(Err(Why::Senseless)) };
    if unit_price.currency.asked()?.is_none_or(|currency| currency != want.currency) {
        return Ok(Err(Why::Currency));
    }
    let period = period(&price.valid_from, &price.valid_to, zone)?;
    match period.standing(want.at) {
        Standing::Ahead => return Ok(Err(Why::Ahead)),
        Standing::Over => return Ok(Err(Why::Over)),
        Standing::Inside => {}
    }
    let (source, record, contract) = (price.source.asked()?, price.record.asked()?, price.contract.asked()?);
    let tax_included = price.tax_included.asked()?.copied();
    let offer = match offer(unit_price, want)? {
        Ok(offer) => offer,
        Err(why) => return Ok(Err(why)),
    };
    if let Some(quantity) = price.quantity.asked()? {
        let units = convert(offer.unit, want.unit, want)?;
        if units.and_then(|units| Ratio::of(*quantity).times(units)) != Some(want.quantity) {
            return Err(strange("OTHER_QUANTITY"));
        }
    }
    Ok(Ok(Candidate {
        at: price.at,
        record: record.map(String::as_str),
        source: source.copied().unwrap_or(PriceSource::List),
        contract: contract.map(String::as_str),
        tax_included,
        for_ship_to: false,
        period,
        minimum_quantity: Decimal::ZERO,
        minimum: Ratio::ZERO,
        offer,
    }))
}

/// Returns the period that two bounds name.
pub(super) fn period(from: &Fact<Bound>, to: &Fact<Bound>, zone: &TimeZone) -> Result<Period, Unknown> {
    Ok(Period::new(from.asked()?, to.asked()?, zone))
}

fn offer<'f>(price: &'f UnitPrice, want: &Want<'_>) -> Result<Result<Offer<'f>, Why>, Unknown> {
    let (Some(amount), Some(currency)) = (price.amount.asked()?.copied(), price.currency.asked()?) else {
        return Ok(Err(Why::Senseless));
    };
    let per = price.per.asked()?.copied().unwrap_or(1);
    let Some(unit) = price.unit.asked()? else { return Ok(Err(Why::Unit)) };
    if amount.is_sign_negative() && !amount.is_zero() || per <= 0 {
        return Ok(Err(Why::Senseless));
    }
    let Some(units) = convert(want.unit, unit, want)? else { return Ok(Err(Why::Unit)) };
    let each = Ratio::new(1, per.into()).and_then(|per| Ratio::of(amount).times(per)?.times(units));
    let each = each.ok_or_else(|| strange("OVERFLOW"))?;
    Ok(Ok(Offer { amount, currency, per, unit, each }))
}

/// Returns how many of one unit one of another is; none where they do not convert.
fn convert(from: &str, to: &str, want: &Want<'_>) -> Result<Option<Ratio>, Unknown> {
    match want.article.converted(from, to) {
        Ok(ratio) => Ok(Some(ratio)),
        Err(NoUnit::Foreign) => Ok(None),
        Err(NoUnit::Unclear(unknown)) => Err(unknown),
    }
}

pub(super) fn strange(code: &str) -> Unknown {
    Unknown { code: code.to_owned(), system: String::new() }
}

impl Candidate<'_> {
    /// Orders by how well it fits: source, address, quantity break, then the day it began.
    pub fn rank(&self, other: &Self) -> Ordering {
        let ends = |candidate: &Self| candidate.period.from.unwrap_or(Timestamp::MIN);
        (self.source.cmp(&other.source))
            .then(other.for_ship_to.cmp(&self.for_ship_to))
            .then(other.minimum.cmp(&self.minimum))
            .then(ends(other).cmp(&ends(self)))
    }
}
