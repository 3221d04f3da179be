//! The one word for an order that people use: the first of a fixed order that applies.
//!
//! A fact that is unknown, and that an earlier or the deciding step takes, makes the word `UNKNOWN`: never a word that would
//! only be right if the fact were as one hopes.

use serde::Serialize;

use super::{
    facts::{HolderFacts, Known, OrderFacts, OrderState, any},
    fulfillment::{FulfillmentStatus, is_cancelled, is_open},
    hold,
    invoicing::InvoiceStatus,
    payment::PaymentStatus,
    returning::ReturnStatus,
};
use crate::rules::context::Context;

/// How an order is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::rules) enum OrderStatus {
    /// Being written in the shop.
    Draft,
    /// Offered, not ordered.
    Quotation,
    /// Offered, and the last day of the offer is past.
    ExpiredQuotation,
    /// Cancelled, as a whole or line by line.
    Cancelled,
    /// Waiting for approval.
    PendingApproval,
    /// Something holds the whole order, of which something is left to do.
    OnHold,
    /// Closed by hand with open quantities.
    ClosedShort,
    /// Nothing is open.
    Completed,
    /// Everything has left.
    Shipped,
    /// Something has left.
    PartiallyShipped,
    /// Everything that is open waits for supply.
    Backordered,
    /// Something is reserved or being picked.
    InProgress,
    /// Nothing has happened yet.
    Confirmed,
    /// Not to be told.
    Unknown,
}

/// The axes of an order's status, each known or not.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axes {
    /// How far delivery is.
    pub(super) fulfillment: Known<FulfillmentStatus>,
    /// How far invoicing is.
    pub(super) invoicing: Known<InvoiceStatus>,
    /// How far payment is.
    pub(super) payment: Known<PaymentStatus>,
    /// How far returns are.
    pub(super) returning: Known<ReturnStatus>,
}

/// Says the word.
pub(super) fn of(order: &OrderFacts, holder: &HolderFacts, axes: &Axes, context: &Context<'_>) -> Known<OrderStatus> {
    use FulfillmentStatus as Delivery;
    let state = match order.state.asked().map_err(Clone::clone)? {
        None | Some(OrderState::Other(_)) => return Ok(OrderStatus::Unknown),
        Some(OrderState::Draft) => return Ok(OrderStatus::Draft),
        Some(OrderState::Quotation) => {
            let last = order.valid_until.asked().map_err(Clone::clone)?;
            let is_past = last.is_some_and(|last| *last < context.today());
            return Ok(if is_past { OrderStatus::ExpiredQuotation } else { OrderStatus::Quotation });
        }
        Some(OrderState::Cancelled) => return Ok(OrderStatus::Cancelled),
        Some(state) => state,
    };
    if is_cancelled(order)? {
        return Ok(OrderStatus::Cancelled);
    }
    if *state == OrderState::PendingApproval {
        return Ok(OrderStatus::PendingApproval);
    }
    // What is finished leaves nothing to hold.
    if !any([hold::is_on_order(holder).map(|is_held| !is_held), is_finished(order, axes)])? {
        return Ok(OrderStatus::OnHold);
    }
    if *state == OrderState::Closed && is_open(order)? {
        return Ok(OrderStatus::ClosedShort);
    }
    let fulfillment = axes.fulfillment.clone()?;
    if is_finished(order, axes)? {
        return Ok(OrderStatus::Completed);
    }
    Ok(match fulfillment {
        Delivery::Shipped | Delivery::Delivered => OrderStatus::Shipped,
        Delivery::PartiallyShipped => OrderStatus::PartiallyShipped,
        Delivery::Backordered => OrderStatus::Backordered,
        Delivery::InProgress => OrderStatus::InProgress,
        Delivery::NotApplicable | Delivery::Cancelled | Delivery::OnHold | Delivery::Unfulfilled => {
            OrderStatus::Confirmed
        }
    })
}

/// Whether nothing is left to do: all of it has left, and is invoiced and paid.
fn is_finished(order: &OrderFacts, axes: &Axes) -> Known<bool> {
    use FulfillmentStatus::{Delivered, NotApplicable, Shipped};
    let has_left = |fulfillment| matches!(fulfillment, Shipped | Delivered | NotApplicable);
    let left = [
        axes.fulfillment.clone().map(|fulfillment| !has_left(fulfillment)),
        axes.payment.clone().map(|payment| payment != PaymentStatus::Paid),
        is_all_billed(axes).map(|is_billed| !is_billed),
        is_open(order),
    ];
    any(left).map(|is_left| !is_left)
}

/// Whether nothing is left to invoice: what was paid of a part is not the whole.
fn is_all_billed(axes: &Axes) -> Known<bool> {
    Ok(!matches!(axes.invoicing.clone()?, InvoiceStatus::None | InvoiceStatus::PartiallyInvoiced))
}

impl OrderStatus {
    /// Whether nothing more happens with the order, so that nothing can stand in its way.
    pub(super) fn is_over(self) -> bool {
        matches!(self, Self::Cancelled | Self::ExpiredQuotation | Self::ClosedShort | Self::Completed)
    }

    /// What comes of it, in one sentence.
    pub(super) fn said(self) -> &'static str {
        match self {
            Self::Draft => "So the order is a draft: it is still being written.",
            Self::Quotation => "So it is a quotation that waits for an order.",
            Self::ExpiredQuotation => "So it is a quotation that has expired.",
            Self::Cancelled => "So the order is cancelled.",
            Self::PendingApproval => "So the order waits for approval.",
            Self::OnHold => "So the order is on hold.",
            Self::ClosedShort => "So the order was closed short: the open rest will not be delivered.",
            Self::Completed => "So the order is completed: nothing is open.",
            Self::Shipped => "So the order has shipped; it is not invoiced and paid in full yet.",
            Self::PartiallyShipped => "So the order has shipped in part.",
            Self::Backordered => "So the order is on back order.",
            Self::InProgress => "So the order is in progress.",
            Self::Confirmed => "So the order is confirmed, and nothing has left yet.",
            Self::Unknown => "So how the order is cannot be said for sure.",
        }
    }
}
