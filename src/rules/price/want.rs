//! What is wanted: the quantity, unit, currency, instant and address that a price is asked for.
//!
//! In: what the caller says, what is usual for the article and the account. Out: a want, or why there can be no price for it.

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

use super::facts::PriceFacts;
use crate::rules::{
    article::{Article, NoUnit},
    calendar::midnight,
    context::Context,
    fact::Unknown,
    ratio::Ratio,
};

/// What a caller asks a price for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    /// How much.
    pub quantity: Decimal,
    /// In which unit; none: the usual one.
    pub unit: Option<&'a str>,
    /// In which currency; none: the account's.
    pub currency: Option<&'a str>,
    /// For which day; none: now.
    pub date: Option<Date>,
    /// To which address.
    pub ship_to: Option<&'a str>,
}

/// What is wanted.
#[derive(Debug)]
pub(super) struct Want<'a> {
    pub quantity: Ratio,
    pub unit: &'a str,
    pub currency: &'a str,
    /// The instant that validity is judged at: now, or the first one of the day asked for.
    pub at: Timestamp,
    pub ship_to: Option<&'a str>,
    pub article: &'a Article,
}

/// Why there can be no price at all.
#[derive(Debug)]
pub(super) enum NoWant {
    /// A quantity that is nothing, or less.
    Quantity,
    /// A unit that is none of the product's.
    Unit,
    /// Something could not be found out.
    Unclear(Unknown),
}

impl From<&Unknown> for NoWant {
    fn from(unknown: &Unknown) -> Self {
        Self::Unclear(unknown.clone())
    }
}

/// Makes out what is wanted.
pub(super) fn want<'a>(
    facts: &'a PriceFacts,
    article: &'a Article,
    ask: &Ask<'a>,
    context: &Context<'_>,
) -> Result<Want<'a>, NoWant> {
    let quantity = Ratio::of(ask.quantity);
    if !quantity.is_positive() {
        return Err(NoWant::Quantity);
    }
    let currency = match ask.currency {
        Some(currency) => currency,
        None => facts.currency.asked()?.ok_or_else(|| nobody_says("NO_CURRENCY"))?,
    };
    let unit = match ask.unit {
        Some(unit) => unit,
        None => match article.usual_unit()? {
            Some(unit) => unit,
            None => first_unit(facts)?.ok_or_else(|| nobody_says("NO_UNIT"))?,
        },
    };
    match article.base_units(unit) {
        Ok(_) => {}
        Err(NoUnit::Unclear(unknown)) => return Err(NoWant::Unclear(unknown)),
        // Without a base unit nothing converts, and only records in this very unit can apply.
        Err(NoUnit::Foreign) if article.base_unit.asked()?.is_some() => return Err(NoWant::Unit),
        Err(NoUnit::Foreign) => {}
    }
    let at = match ask.date {
        Some(day) => midnight(day, &context.zone()).ok_or_else(|| nobody_says("NO_SUCH_DAY"))?,
        None => context.now,
    };
    Ok(Want { quantity, unit, currency, at, ship_to: ask.ship_to, article })
}

/// Returns the unit of the first record, or of the price the owner computes: the last word where the product has none.
fn first_unit(facts: &PriceFacts) -> Result<Option<&str>, NoWant> {
    let owner = facts.owner_price.asked()?.map(|price| &price.unit_price);
    let records = facts.candidates.asked()?.into_iter().flatten();
    for price in owner.into_iter().chain(records.filter_map(|record| Some(&record.known()?.unit_price))) {
        if let Some(price) = price.asked()?
            && let Some(unit) = price.unit.asked()?
        {
            return Ok(Some(unit));
        }
    }
    Ok(None)
}

fn nobody_says(code: &str) -> NoWant {
    NoWant::Unclear(Unknown { code: code.to_owned(), system: String::new() })
}
