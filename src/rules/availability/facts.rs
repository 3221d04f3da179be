//! What is known of stock: what plants hold, what is on its way, what to do with an order beyond it.

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::rules::{evidence::At, fact::Fact};

/// What is selected of a product for its stock.
macro_rules! stock {
    () => {
        "stock { onHand available \
           plants @optional { plant onHand allocated committed @optional qualityHold safetyStock asOf @optional } \
           inbound @optional { plant quantity date confirmed } \
           ownerAtp @optional { date quantity } leadTimeDays @optional backorderPolicy @optional } "
    };
}
pub(crate) use stock;

/// What all plants hold of one product and what is on its way, in base units.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StockFacts {
    /// Where it stands in the inputs.
    #[serde(rename = "$at", default)]
    pub at: At,
    /// On the shelf in all plants.
    #[serde(default)]
    pub on_hand: Fact<Decimal>,
    /// Free to promise in all plants.
    #[serde(default)]
    pub available: Fact<Decimal>,
    /// The same for each plant; null where the owner has no plants.
    #[serde(default)]
    pub plants: Fact<Vec<Fact<PlantFacts>>>,
    /// What is on its way.
    #[serde(default)]
    pub inbound: Fact<Vec<Fact<InboundFacts>>>,
    /// What the owner itself says can be promised by date: never computed again.
    #[serde(default)]
    pub owner_atp: Fact<Vec<Fact<OwnerAtp>>>,
    /// Days to make or buy it.
    #[serde(default)]
    pub lead_time_days: Fact<i64>,
    /// What to do with an order beyond what is available.
    #[serde(default)]
    pub backorder_policy: Fact<String>,
}

/// What one plant holds.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlantFacts {
    /// Where it stands in the inputs.
    #[serde(rename = "$at", default)]
    pub at: At,
    /// The plant.
    pub plant: Fact<String>,
    /// On the shelf.
    pub on_hand: Fact<Decimal>,
    /// Reserved for orders.
    #[serde(default)]
    pub allocated: Fact<Decimal>,
    /// Ordered and not reserved yet.
    #[serde(default)]
    pub committed: Fact<Decimal>,
    /// Held by quality inspection.
    #[serde(default)]
    pub quality_hold: Fact<Decimal>,
    /// Kept back against surprises.
    #[serde(default)]
    pub safety_stock: Fact<Decimal>,
    /// When the plant last counted or booked.
    #[serde(default)]
    pub as_of: Fact<Timestamp>,
}

/// A quantity on its way.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InboundFacts {
    /// Where it stands in the inputs.
    #[serde(rename = "$at", default)]
    pub at: At,
    /// The plant it goes to.
    #[serde(default)]
    pub plant: Fact<String>,
    /// How much.
    pub quantity: Fact<Decimal>,
    /// The day it is due.
    #[serde(default)]
    pub date: Fact<Date>,
    /// Whether the supplier has confirmed quantity and day.
    #[serde(default)]
    pub confirmed: Fact<bool>,
}

/// What the owner says can be promised by a day.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct OwnerAtp {
    /// The day.
    pub date: Fact<Date>,
    /// How much in all, by then.
    pub quantity: Fact<Decimal>,
}
