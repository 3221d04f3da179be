//! How far returns of an order are. They come three ways: as lines of type RETURN, as documents of their own, as credit notes
//! alone; one order may have them all, and the same goods are not counted twice.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Serialize;

use super::facts::{
    DocumentLineFacts, InvoiceKind, Known, LineFacts, LineType, OrderFacts, OrderState, ReturnState, items, number,
    quantity, senseless,
};
use crate::rules::fact::Fact;

/// How far returns of an order are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::rules) enum ReturnStatus {
    /// Nothing comes back.
    None,
    /// Asked for.
    Requested,
    /// Approved.
    Approved,
    /// On the way back.
    InTransit,
    /// A part is back.
    PartiallyReturned,
    /// Everything that was shipped is back.
    Returned,
    /// Refused.
    Refused,
}

/// Rolls lines, returns and credit notes up.
pub(super) fn of(order: &OrderFacts) -> Known<ReturnStatus> {
    let lines = items(&order.lines)?;
    let mut back_by_document = BTreeMap::new();
    let mut underway = Vec::new();
    let mut is_any_back = false;
    for one in items(&order.returns)? {
        match one.state.asked().map_err(Clone::clone)? {
            Some(ReturnState::Received) => {
                add(&mut back_by_document, &one.lines)?;
                // Something came also where nobody wrote down how much of what.
                is_any_back = true;
            }
            Some(ReturnState::InTransit) => underway.push(ReturnStatus::InTransit),
            Some(ReturnState::Approved) => underway.push(ReturnStatus::Approved),
            Some(ReturnState::Requested) => underway.push(ReturnStatus::Requested),
            Some(ReturnState::Refused) => underway.push(ReturnStatus::Refused),
            Some(ReturnState::Other(_)) | None => return Err(senseless()),
        }
    }
    let mut back_by_credit = BTreeMap::new();
    for document in items(&order.invoices)? {
        match document.kind.asked().map_err(Clone::clone)? {
            Some(InvoiceKind::CreditNote) => add(&mut back_by_credit, &document.lines)?,
            Some(InvoiceKind::Invoice | InvoiceKind::WriteOff) => {}
            Some(InvoiceKind::Other(_)) | None => return Err(senseless()),
        }
    }
    let mut back_by_line = on_return_lines(order, &lines, &mut underway)?;

    let mut is_any_out = false;
    for line in lines.iter().filter(|line| line.r#type == Fact::Known(LineType::Goods)) {
        let number_of_line = line.line_number.asked().map_err(Clone::clone)?.copied();
        let by = |sums: &BTreeMap<Option<i64>, Decimal>| sums.get(&number_of_line).copied().unwrap_or_default();
        let shipped = quantity(&line.shipped)?;
        let mut back = quantity(&line.returned)?.max(by(&back_by_document)).max(by(&back_by_credit));
        if let Some(rest) = line.sku.known().and_then(|sku| back_by_line.get_mut(sku)) {
            // A return line names an article, not the line it left on: it is taken off the lines in their order.
            let taken = (*rest).min((shipped - back).max(Decimal::ZERO));
            *rest -= taken;
            back += taken;
        }
        is_any_back |= back > Decimal::ZERO;
        is_any_out |= back < shipped;
    }
    is_any_back |= back_by_line.values().any(|rest| *rest > Decimal::ZERO);
    Ok(match () {
        () if is_any_back && (is_any_out || !underway.iter().all(is_refused)) => ReturnStatus::PartiallyReturned,
        () if is_any_back => ReturnStatus::Returned,
        () => furthest(&underway),
    })
}

/// What return lines have brought back, by article; those still to come are underway. A finished order has got them all, to one
/// that was closed by hand no more come.
fn on_return_lines(
    order: &OrderFacts,
    lines: &[&LineFacts],
    underway: &mut Vec<ReturnStatus>,
) -> Known<BTreeMap<String, Decimal>> {
    let mut back = BTreeMap::new();
    for line in lines {
        match line.r#type.asked().map_err(Clone::clone)? {
            Some(LineType::Return) => {}
            Some(LineType::Other(_)) | None => return Err(senseless()),
            Some(_) => continue,
        }
        let wanted = super::quantities::wanted(line)?;
        if wanted <= Decimal::ZERO {
            continue;
        }
        let booked = quantity(&line.returned)?.max(quantity(&line.delivered)?).max(quantity(&line.shipped)?);
        let arrived = match order.state.asked().map_err(Clone::clone)? {
            Some(OrderState::Completed) => wanted,
            Some(OrderState::Confirmed | OrderState::Closed) => booked.min(wanted),
            Some(OrderState::Draft | OrderState::Quotation | OrderState::PendingApproval) => {
                underway.push(ReturnStatus::Requested);
                continue;
            }
            Some(OrderState::Cancelled) => continue,
            Some(OrderState::Other(_)) | None => return Err(senseless()),
        };
        if arrived < wanted && order.state != Fact::Known(OrderState::Closed) {
            underway.push(ReturnStatus::Approved);
        }
        let sku = line.sku.asked().map_err(Clone::clone)?.cloned().unwrap_or_default();
        let sum: &mut Decimal = back.entry(sku).or_default();
        *sum = sum.checked_add(arrived).ok_or_else(senseless)?;
    }
    Ok(back)
}

fn add(sums: &mut BTreeMap<Option<i64>, Decimal>, lines: &Fact<Vec<Fact<DocumentLineFacts>>>) -> Known<()> {
    for line in items(lines)? {
        let number_of_line = line.line_number.asked().map_err(Clone::clone)?.copied();
        let sum = sums.entry(number_of_line).or_default();
        *sum = sum.checked_add(number(&line.quantity)?.abs()).ok_or_else(senseless)?;
    }
    Ok(())
}

fn furthest(underway: &[ReturnStatus]) -> ReturnStatus {
    use ReturnStatus::{Approved, InTransit, Refused, Requested};
    let order = [InTransit, Approved, Requested, Refused];
    order.into_iter().find(|status| underway.contains(status)).unwrap_or(ReturnStatus::None)
}

fn is_refused(status: &ReturnStatus) -> bool {
    *status == ReturnStatus::Refused
}
