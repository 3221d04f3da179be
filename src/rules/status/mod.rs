//! The status of orders and of their lines: computed from quantities and open amounts, never from the owner's word.
//!
//! In: an order with its lines, holds, shipments, invoices, returns, and the account that ordered. Out: one word for each line,
//! four axes and one word for the order, reasons, and the way there in words. A fact that is unknown makes unknown what it
//! takes, and only that; an identity of quantities that is broken is reported, never repaired.
//!
//! Reading order: `facts`, `quantities` (what a line's come to), `hold`, `line`, then the axes `fulfillment`, `invoicing`,
//! `payment`, `returning`, then `word` (the one for people), `reasons`, and `order`, which puts them together.

mod facts;
mod fulfillment;
mod hold;
mod invoicing;
mod line;
mod order;
mod payment;
mod quantities;
mod reasons;
mod returning;
#[cfg(test)]
mod tests;
mod word;

#[cfg(test)]
pub(super) use facts::{
    BuyingFacts, DocumentLineFacts, HoldFacts, HolderFacts, InvoiceFacts, LineFacts, OrderFacts, ReturnFacts,
    ShipmentFacts,
};
pub(super) use line::RULE as LINE_RULE;
pub(super) use order::RULE as ORDER_RULE;
