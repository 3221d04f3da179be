//! What is cached, as JSON: one record for each question that is asked of the database. Decimals, dates and instants are the
//! database's text.

use async_graphql::{Enum, SimpleObject};
use serde::{Deserialize, Serialize};

/// What the ERP says of a product.
#[derive(Debug, Serialize, Deserialize)]
pub struct Item {
    pub sku: String,
    pub lifecycle: Option<Lifecycle>,
    pub base_unit: String,
    pub gtin: Option<String>,
    pub minimum_quantity: Option<String>,
    pub pack_quantity: Option<String>,
    pub origin_country: Option<String>,
    pub weight: Option<Quantity>,
}

/// Where a product is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize, Deserialize)]
pub enum Lifecycle {
    PreLaunch,
    Active,
    PhaseOut,
}

/// A measured quantity.
#[derive(Debug, Serialize, Deserialize, SimpleObject)]
pub struct Quantity {
    pub value: String,
    pub unit: String,
}

/// What the PIM says of a product.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Content {
    pub name: String,
    pub brand: String,
    pub teaser: String,
    pub description: String,
    pub image_url: String,
    pub attributes: Vec<Attribute>,
    pub documents: Vec<Document>,
}

/// A technical attribute.
#[derive(Debug, Serialize, Deserialize, SimpleObject)]
pub struct Attribute {
    pub name: String,
    pub value: String,
    pub unit: Option<String>,
}

/// A document to a product.
#[derive(Debug, Serialize, Deserialize, SimpleObject)]
pub struct Document {
    pub title: String,
    pub kind: String,
    pub url: String,
    pub language: String,
}

/// What an account pays for a product.
#[derive(Debug, Serialize, Deserialize, SimpleObject)]
pub struct Price {
    pub account: String,
    pub sku: String,
    pub currency: String,
    pub unit_price: String,
    pub per: i32,
    pub unit: String,
    pub valid_to: Option<String>,
    pub breaks: Vec<PriceBreak>,
}

/// A lower price from a quantity on.
#[derive(Debug, Serialize, Deserialize, SimpleObject)]
pub struct PriceBreak {
    pub minimum_quantity: String,
    pub unit_price: String,
}

/// What the plants hold of a product, and what comes.
#[derive(Debug, Serialize, Deserialize, SimpleObject)]
pub struct Stock {
    pub sku: String,
    pub unit: String,
    pub on_hand: String,
    pub available: String,
    pub plants: Vec<PlantStock>,
    pub inbound: Vec<Inbound>,
}

/// What one plant holds.
#[derive(Debug, Serialize, Deserialize, SimpleObject)]
pub struct PlantStock {
    pub plant: String,
    pub on_hand: String,
    pub available: String,
}

/// What is on its way.
#[derive(Debug, Serialize, Deserialize, SimpleObject)]
pub struct Inbound {
    pub document: String,
    pub plant: String,
    pub quantity: String,
    pub date: String,
}

/// A company that buys.
#[derive(Debug, Serialize, Deserialize)]
pub struct Account {
    pub number: String,
    pub name: String,
    pub status: String,
    pub currency: String,
    pub price_group: Option<String>,
    pub terms: Terms,
}

/// When it has to pay.
#[derive(Debug, Serialize, Deserialize, SimpleObject)]
pub struct Terms {
    pub code: String,
    pub net_days: i32,
}

/// The last orders of an account, with their lines, and whether there are more.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct LastOrders {
    pub orders: Vec<Order>,
    pub has_more: bool,
}

/// An order.
#[derive(Debug, Serialize, Deserialize, SimpleObject)]
pub struct Order {
    pub number: String,
    pub ordered_at: String,
    pub status: String,
    pub total: String,
    pub lines: Vec<OrderLine>,
}

/// A line of an order.
#[derive(Debug, Serialize, Deserialize, SimpleObject)]
pub struct OrderLine {
    pub position: i32,
    pub sku: String,
    pub quantity: String,
    pub net_amount: String,
}

/// The first products of a category, and whether there are more.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct CategoryPage {
    pub skus: Vec<String>,
    pub has_more: bool,
}
