//! How far invoicing of an order is: by the lines' quantities, or by amounts where no quantity is invoiced.

use rust_decimal::Decimal;
use serde::Serialize;

use super::{
    facts::{Known, LineFacts, LineType, OrderFacts, items, quantity, senseless},
    payment::{Posted, posted},
    quantities::wanted,
};
use crate::rules::{context::Context, money::Money};

/// How far invoicing of an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::rules) enum InvoiceStatus {
    /// Nothing is invoiced.
    None,
    /// A part is invoiced.
    PartiallyInvoiced,
    /// Everything is invoiced.
    Invoiced,
    /// More is invoiced than was ordered.
    OverInvoiced,
    /// Everything that was invoiced was credited.
    Credited,
}

/// How much of a whole is invoiced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Share {
    Nothing,
    Part,
    All,
    More,
}

/// Rolls quantities and documents up.
pub(super) fn of(order: &OrderFacts, context: &Context<'_>) -> Known<InvoiceStatus> {
    let posted = posted(order, context)?;
    if posted.as_ref().is_some_and(|posted| posted.billed > Decimal::ZERO && posted.credited >= posted.billed) {
        return Ok(InvoiceStatus::Credited);
    }
    let mut shares = Vec::new();
    for line in items(&order.lines)? {
        if let Some(share) = of_line(line, context)? {
            shares.push(share);
        }
    }
    if shares.iter().all(|share| *share == Share::Nothing) {
        // A deposit, or an owner that bills by value, leaves no quantity behind.
        shares = match &posted {
            Some(posted) if posted.billed > Decimal::ZERO => vec![by_value(order, posted, context)?],
            _ => Vec::new(),
        };
    }
    let any = |wanted: Share| shares.contains(&wanted);
    Ok(match () {
        () if any(Share::More) => InvoiceStatus::OverInvoiced,
        () if !any(Share::Part) && !any(Share::All) => InvoiceStatus::None,
        () if any(Share::Part) || any(Share::Nothing) => InvoiceStatus::PartiallyInvoiced,
        () => InvoiceStatus::Invoiced,
    })
}

/// A line's share; none where it is not billed by quantity, or nothing of it is wanted and nothing is billed.
fn of_line(line: &LineFacts, context: &Context<'_>) -> Known<Option<Share>> {
    match line.r#type.asked().map_err(Clone::clone)? {
        Some(LineType::Goods | LineType::Service) => {}
        Some(LineType::Comment | LineType::Freight | LineType::Return) => return Ok(None),
        Some(LineType::Other(_)) | None => return Err(senseless()),
    }
    let (wanted, invoiced) = (wanted(line)?, quantity(&line.invoiced)?);
    if wanted <= Decimal::ZERO {
        return Ok((invoiced > Decimal::ZERO).then_some(Share::More));
    }
    share(invoiced, wanted, context).map(Some)
}

/// A whole that nobody says, or says in another currency, has no share that could be told.
fn by_value(order: &OrderFacts, posted: &Posted, context: &Context<'_>) -> Known<Share> {
    let total = Money::read(&order.total)?.filter(|total| total.currency == posted.currency).ok_or_else(senseless)?;
    match total.amount > Decimal::ZERO {
        true => share(posted.billed, total.amount, context),
        false => Ok(Share::Part),
    }
}

fn share(invoiced: Decimal, whole: Decimal, context: &Context<'_>) -> Known<Share> {
    let tolerance = context.settings.status.invoiced_tolerance_percent;
    let percent = invoiced.checked_mul(Decimal::ONE_HUNDRED).and_then(|part| part.checked_div(whole));
    let percent = percent.ok_or_else(senseless)?;
    Ok(match () {
        () if percent <= tolerance => Share::Nothing,
        () if percent < Decimal::ONE_HUNDRED - tolerance => Share::Part,
        () if percent <= Decimal::ONE_HUNDRED + tolerance => Share::All,
        () => Share::More,
    })
}
