//! Surcharges: what is added to a price, apart from it. Rebates are settled per period and never part of it.
//!
//! In: the surcharges of a product, the net price of a quantity. Out: the amounts for that quantity.

use jiff::{Timestamp, tz::TimeZone};
use rust_decimal::Decimal;
use serde::Serialize;

use super::{
    candidate::{period, strange},
    facts::{PriceFacts, Surcharge},
    want::Want,
};
use crate::rules::{
    amount::rounded, article::NoUnit, context::Context, fact::Unknown, money::Money, ratio::Ratio, settings::Settings,
    validity::Standing,
};

/// A surcharge as it is added to a price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppliedSurcharge {
    /// What for.
    pub kind: String,
    /// The amount for the whole quantity; none where there is no price that the percentage is of.
    pub amount: Option<Money>,
    /// The percentage it is; none where it is an amount.
    pub percent: Option<Decimal>,
    /// The first instant it is added.
    pub valid_from: Option<Timestamp>,
    /// The first instant it is added no more.
    pub valid_until: Option<Timestamp>,
}

/// Returns the surcharges on a quantity whose net price is `net`.
pub(super) fn surcharges(
    facts: &PriceFacts,
    want: &Want<'_>,
    net: Option<Ratio>,
    context: &Context<'_>,
) -> Result<Vec<AppliedSurcharge>, Unknown> {
    let zone = context.zone();
    let mut applied = Vec::new();
    for surcharge in facts.surcharges.asked()?.into_iter().flatten() {
        if let Some(surcharge) = surcharge.asked()? {
            applied.extend(apply(surcharge, want, net, (context.settings, &zone))?);
        }
    }
    Ok(applied)
}

fn apply(
    surcharge: &Surcharge,
    want: &Want<'_>,
    net: Option<Ratio>,
    (settings, zone): (&Settings, &TimeZone),
) -> Result<Option<AppliedSurcharge>, Unknown> {
    let Some(kind) = surcharge.kind.asked()? else { return Ok(None) };
    let period = period(&surcharge.valid_from, &surcharge.valid_to, zone)?;
    if period.standing(want.at) != Standing::Inside {
        return Ok(None);
    }
    let percent = surcharge.percent.asked()?.copied();
    let exact = match (surcharge.amount.asked()?, percent) {
        (Some(amount), _) => {
            if amount.currency.asked()?.is_none_or(|currency| currency != want.currency) {
                return Err(strange("CURRENCY_DIFFERS"));
            }
            let amount = amount.amount.asked()?.copied().ok_or_else(|| strange("NO_AMOUNT"))?;
            Some(Ratio::of(amount).times(sales_units(want)?).ok_or_else(|| strange("OVERFLOW"))?)
        }
        (None, Some(percent)) => match net {
            Some(net) => {
                let hundredth = Ratio::new(1, 100).and_then(|hundredth| Ratio::of(percent).times(hundredth));
                Some(hundredth.and_then(|share| share.times(net)).ok_or_else(|| strange("OVERFLOW"))?)
            }
            None => None,
        },
        (None, None) => return Ok(None),
    };
    let amount = match exact {
        Some(exact) => Some(rounded(exact, want.currency, settings).ok_or_else(|| strange("OVERFLOW"))?),
        None => None,
    };
    let (valid_from, valid_until) = (period.from, period.until);
    Ok(Some(AppliedSurcharge { kind: kind.clone(), amount, percent, valid_from, valid_until }))
}

/// Returns how many sales units are wanted.
fn sales_units(want: &Want<'_>) -> Result<Ratio, Unknown> {
    let sales_unit = want.article.usual_unit()?.unwrap_or(want.unit);
    match want.article.converted(want.unit, sales_unit) {
        Ok(units) => want.quantity.times(units).ok_or_else(|| strange("OVERFLOW")),
        Err(NoUnit::Unclear(unknown)) => Err(unknown),
        Err(NoUnit::Foreign) => Err(strange("UNIT_DIFFERS")),
    }
}
