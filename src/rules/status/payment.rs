//! How far payment of an order is: what is open over all its invoices, credit notes and write-offs.

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use serde::Serialize;

use super::{
    facts::{InvoiceFacts, InvoiceKind, Known, OrderFacts, items, senseless},
    invoicing::InvoiceStatus,
    word::Axes,
};
use crate::rules::{calendar::end_of, context::Context, money::Money};

/// How far payment of an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::rules) enum PaymentStatus {
    /// There is no invoice.
    NotDue,
    /// Nothing is paid yet, and nothing is late.
    Awaiting,
    /// A part is paid.
    PartiallyPaid,
    /// Nothing is open.
    Paid,
    /// Something is open past its due date.
    Overdue,
    /// Everything was credited, and nothing is open.
    Refunded,
    /// Nothing is open because the rest was given up.
    WrittenOff,
}

/// What an order's documents come to, in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Posted {
    /// The currency.
    pub(super) currency: String,
    /// The sum of what is invoiced.
    pub(super) billed: Decimal,
    /// The sum of what is credited.
    pub(super) credited: Decimal,
    /// The sum of what is given up.
    pub(super) written_off: Decimal,
    /// What is open, credits taken off.
    pub(super) open: Decimal,
}

/// Rolls the documents up.
pub(super) fn of(order: &OrderFacts, context: &Context<'_>) -> Known<PaymentStatus> {
    let Some(posted) = posted(order, context)? else { return Ok(PaymentStatus::NotDue) };
    let Posted { billed, credited, written_off, open, .. } = posted;
    let due = billed.checked_sub(credited).and_then(|due| due.checked_sub(written_off)).ok_or_else(senseless)?;
    if open > Decimal::ZERO {
        return Ok(match () {
            () if is_overdue(order, context)? => PaymentStatus::Overdue,
            () if open < due => PaymentStatus::PartiallyPaid,
            () => PaymentStatus::Awaiting,
        });
    }
    // A credit that nobody has paid out yet is still to be settled.
    let is_settled = open.is_zero();
    Ok(match () {
        () if billed.is_zero() && credited > Decimal::ZERO && !is_settled => PaymentStatus::Awaiting,
        () if credited > Decimal::ZERO && credited >= billed && is_settled => PaymentStatus::Refunded,
        () if written_off > Decimal::ZERO && is_settled => PaymentStatus::WrittenOff,
        () => PaymentStatus::Paid,
    })
}

/// Whether the whole order is paid: all of it is invoiced and nothing is open, or what came in covers its total. A deposit is
/// a part, and what nobody knows is not paid.
pub(super) fn is_paid_in_full(order: &OrderFacts, axes: &Axes, context: &Context<'_>) -> bool {
    let is_billed = matches!(axes.invoicing, Ok(InvoiceStatus::Invoiced | InvoiceStatus::OverInvoiced));
    if is_billed && axes.payment == Ok(PaymentStatus::Paid) {
        return true;
    }
    let (Ok(Some(posted)), Ok(Some(total))) = (posted(order, context), Money::read(&order.total)) else { return false };
    let due = posted.billed.checked_sub(posted.credited).and_then(|due| due.checked_sub(posted.written_off));
    let paid = due.and_then(|due| due.checked_sub(posted.open)).filter(|_| posted.currency == total.currency);
    let missing = paid.and_then(|paid| total.amount.checked_sub(paid));
    missing.is_some_and(|missing| missing <= context.settings.status.amount_tolerance)
}

/// Returns the instant at which something that is open begins to be late: the end of its due day where the seller is.
pub(super) fn holds_until(order: &OrderFacts, context: &Context<'_>) -> Option<Timestamp> {
    let documents = items(&order.invoices).unwrap_or_default();
    let due = documents.into_iter().filter_map(|document| document.due_date.known().copied());
    due.filter_map(|day| end_of(day, context)).filter(|instant| *instant > context.now).min()
}

/// Sums the documents up; none where there are none.
///
/// An owner may write a credit as a credit note with positive amounts, or as an invoice with negative ones: both are credits.
/// What rounding leaves over is nothing.
pub(super) fn posted(order: &OrderFacts, context: &Context<'_>) -> Known<Option<Posted>> {
    let documents = items(&order.invoices)?;
    let mut posted: Option<Posted> = None;
    for document in documents {
        let (total, open) = amounts(document)?;
        let sums = posted.get_or_insert_with(|| Posted::nothing(total.currency.clone()));
        if open.currency != total.currency || sums.currency != total.currency {
            return Err(senseless());
        }
        let is_credit = total.amount < Decimal::ZERO;
        let (sum, amount) = match document.kind.known() {
            Some(InvoiceKind::WriteOff) => (&mut sums.written_off, total.amount.abs()),
            _ if is_credit => (&mut sums.credited, total.amount.abs()),
            _ => (&mut sums.billed, total.amount),
        };
        *sum = sum.checked_add(amount).ok_or_else(senseless)?;
        sums.open = sums.open.checked_add(open.amount).ok_or_else(senseless)?;
    }
    if let Some(sums) = posted.as_mut().filter(|sums| sums.open.abs() <= context.settings.status.amount_tolerance) {
        sums.open = Decimal::ZERO;
    }
    Ok(posted)
}

impl Posted {
    fn nothing(currency: String) -> Self {
        let none = Decimal::ZERO;
        Self { currency, billed: none, credited: none, written_off: none, open: none }
    }
}

/// Whether the documents are in several currencies, which no sum can be made of.
pub(super) fn mixes_currencies(order: &OrderFacts) -> bool {
    let documents = items(&order.invoices).unwrap_or_default();
    let currencies = documents.iter().filter_map(|document| document.total.known()?.currency.known());
    let first = currencies.clone().next();
    currencies.into_iter().any(|currency| Some(currency) != first)
}

/// Returns the documents that are open past their due day, with that day.
pub(super) fn late<'o>(order: &'o OrderFacts, context: &Context<'_>) -> Known<Vec<(&'o InvoiceFacts, Date)>> {
    let today = context.today();
    let mut late = Vec::new();
    for document in items(&order.invoices)? {
        let (_, open) = amounts(document)?;
        if open.amount <= context.settings.status.amount_tolerance {
            continue;
        }
        if let Some(day) = document.due_date.asked().map_err(Clone::clone)?.filter(|day| **day < today) {
            late.push((document, *day));
        }
    }
    Ok(late)
}

fn is_overdue(order: &OrderFacts, context: &Context<'_>) -> Known<bool> {
    Ok(!late(order, context)?.is_empty())
}

/// A document's whole amount and what is open of it: below zero on what is credited or given up.
fn amounts(document: &InvoiceFacts) -> Known<(Money, Money)> {
    let kind = document.kind.asked().map_err(Clone::clone)?;
    let total = Money::read(&document.total)?.ok_or_else(senseless)?;
    let open = Money::read(&document.open)?.ok_or_else(senseless)?;
    let signed = |money: Money, is_credit: bool| Money {
        amount: if is_credit { -money.amount.abs() } else { money.amount },
        ..money
    };
    match kind {
        Some(InvoiceKind::Invoice) if total.amount < Decimal::ZERO => Ok((total, signed(open, true))),
        Some(InvoiceKind::Invoice) => Ok((total, open)),
        Some(InvoiceKind::CreditNote | InvoiceKind::WriteOff) => Ok((signed(total, true), signed(open, true))),
        Some(InvoiceKind::Other(_)) | None => Err(senseless()),
    }
}
