//! How far delivery of an order is: a roll-up of its lines' words, over what ships.

use rust_decimal::Decimal;
use serde::Serialize;

use super::{
    facts::{
        HolderFacts, Known, LineFacts, OrderFacts, ShipmentFacts, ShipmentState, any as any_known, items, quantity,
        senseless,
    },
    line::{LineStatus, is_deliverable, word},
    quantities::{open, wanted},
};

/// How far delivery of an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::rules) enum FulfillmentStatus {
    /// Nothing in it ships.
    NotApplicable,
    /// Everything that ships was cancelled.
    Cancelled,
    /// Everything has arrived.
    Delivered,
    /// Everything has left.
    Shipped,
    /// Something has left.
    PartiallyShipped,
    /// Everything that is open is held.
    OnHold,
    /// Everything that is open waits for supply.
    Backordered,
    /// Something is reserved or being picked.
    InProgress,
    /// Nothing has happened yet.
    Unfulfilled,
}

/// Rolls the lines up. A line that cannot be told makes the order's delivery unknown.
pub(super) fn of(order: &OrderFacts, holder: &HolderFacts) -> Known<FulfillmentStatus> {
    use FulfillmentStatus as Is;
    let mut words = Vec::new();
    let mut begun = Vec::new();
    for line in items(&order.lines)? {
        if is_deliverable(line)? {
            let word = word(line, holder)?;
            words.push(word);
            if word != LineStatus::Cancelled {
                begun.push(quantity(&line.allocated).map(|allocated| allocated > Decimal::ZERO));
            }
        }
    }
    let active: Vec<LineStatus> = words.iter().copied().filter(|word| *word != LineStatus::Cancelled).collect();
    let all = |wanted: &[LineStatus]| active.iter().all(|word| wanted.contains(word));
    let any = |wanted: &[LineStatus]| active.iter().any(|word| wanted.contains(word));
    Ok(match () {
        () if words.is_empty() => Is::NotApplicable,
        () if active.is_empty() => Is::Cancelled,
        () if all(&[LineStatus::Delivered]) => Is::Delivered,
        () if all(&[LineStatus::Delivered, LineStatus::Shipped]) => Is::Shipped,
        () if any(&[LineStatus::Delivered, LineStatus::Shipped, LineStatus::PartiallyShipped]) => Is::PartiallyShipped,
        () if all(&[LineStatus::OnHold]) => Is::OnHold,
        () if all(&[LineStatus::Backordered]) => Is::Backordered,
        () if any_known(begun.into_iter().chain([is_picked(order)]))? => Is::InProgress,
        () => Is::Unfulfilled,
    })
}

/// Whether everything was cancelled that can be: goods and services, of which there are some.
pub(super) fn is_cancelled(order: &OrderFacts) -> Known<bool> {
    use super::facts::LineType::{Goods, Service};
    let counts = |line: &LineFacts| -> Known<bool> {
        let is_sold = matches!(line.r#type.asked().map_err(Clone::clone)?, Some(Goods | Service));
        Ok(is_sold && !quantity(&line.ordered)?.is_zero())
    };
    let lines = items(&order.lines)?;
    let is_wanted = any_known(lines.iter().map(|line| Ok(counts(line)? && wanted(line)? > Decimal::ZERO)))?;
    Ok(!is_wanted && any_known(lines.into_iter().map(counts))?)
}

/// Whether anything is still to ship.
pub(super) fn is_open(order: &OrderFacts) -> Known<bool> {
    any_known(items(&order.lines)?.into_iter().map(|line| Ok(is_deliverable(line)? && open(line)? > Decimal::ZERO)))
}

fn is_picked(order: &OrderFacts) -> Known<bool> {
    let is_picked = |shipment: &ShipmentFacts| match shipment.state.asked().map_err(Clone::clone)? {
        Some(ShipmentState::Picking | ShipmentState::Packed) => Ok(true),
        Some(ShipmentState::InTransit | ShipmentState::Delivered | ShipmentState::Exception) => Ok(false),
        Some(ShipmentState::Other(_)) | None => Err(senseless()),
    };
    any_known(items(&order.shipments)?.into_iter().map(is_picked))
}
