//! What is known of a cart: the account, the products, their prices, orders with the same number of the customer's.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::rules::{
    account::{AccountFacts, AccountStatus, BuyerFacts, TermsFacts},
    amount,
    article::Article,
    credit::CreditFacts,
    evidence::At,
    fact::Fact,
    price::PriceFacts,
    ship_to::ShipToFacts,
    tax::TaxExemptionFacts,
};

/// What is known of a cart.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CartFacts {
    /// Where it stands in the inputs.
    #[serde(rename = "$at", default)]
    pub at: At,
    /// Who orders.
    #[serde(default)]
    pub account: Fact<AccountInCart>,
    /// The products, line by line.
    #[serde(default)]
    pub products: Fact<Vec<Fact<Article>>>,
    /// Their prices, line by line.
    #[serde(default)]
    pub prices: Fact<Vec<Fact<PriceFacts>>>,
    /// The account's orders with the same number of its own.
    #[serde(default)]
    pub orders_by_customer_po: Fact<Vec<Fact<OrderOfPo>>>,
}

/// Who orders.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccountInCart {
    /// Where it stands in the inputs.
    #[serde(rename = "$at", default)]
    pub at: At,
    /// Whether it may buy.
    #[serde(default)]
    pub status: Fact<AccountStatus>,
    /// The owner's own code behind it.
    #[serde(default)]
    pub native_status: Fact<String>,
    /// The dealer tier.
    #[serde(default)]
    pub tier: Fact<String>,
    /// The group whose prices it gets.
    #[serde(default)]
    pub price_group: Fact<String>,
    /// The currency it is invoiced in.
    #[serde(default)]
    pub currency: Fact<String>,
    /// The carrier it asks for.
    #[serde(default)]
    pub carrier: Fact<String>,
    /// When it has to pay.
    #[serde(default)]
    pub terms: Fact<TermsFacts>,
    /// Where its goods may go.
    #[serde(default)]
    pub ship_tos: Fact<Vec<Fact<ShipToFacts>>>,
    /// Its tax exemptions.
    #[serde(default)]
    pub tax_exemptions: Fact<Vec<Fact<TaxExemptionFacts>>>,
    /// What it owes and may owe.
    #[serde(default)]
    pub credit: Fact<CreditFacts>,
    /// Its logins.
    #[serde(default)]
    pub buyers: Fact<Vec<Fact<BuyerFacts>>>,
    /// Its orders, as far as it has any.
    #[serde(default)]
    pub orders: Fact<Orders>,
}

impl AccountInCart {
    /// Returns what its standing is judged by.
    pub fn standing(&self) -> AccountFacts {
        AccountFacts { at: self.at, status: self.status.clone(), native_status: self.native_status.clone() }
    }
}

/// A page of orders.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Orders {
    /// The orders.
    #[serde(default)]
    pub nodes: Fact<Vec<Fact<OrderOfPo>>>,
}

/// An order that is there already.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct OrderOfPo {
    /// Where it stands in the inputs.
    #[serde(rename = "$at", default)]
    pub at: At,
    /// Its number.
    #[serde(default)]
    pub number: Fact<String>,
    /// How far it is.
    #[serde(default)]
    pub state: Fact<String>,
}

/// What is asked of a cart.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Arguments {
    pub account: Option<String>,
    pub ship_to: Option<String>,
    pub buyer: Option<String>,
    pub customer_po: Option<String>,
    pub currency: Option<String>,
    pub date: Option<Date>,
    pub lines: Vec<CartLine>,
}

/// A line of a cart as the caller writes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CartLine {
    pub sku: String,
    #[serde(default, deserialize_with = "amount::decimal")]
    pub quantity: Option<Decimal>,
    pub unit: Option<String>,
    pub requested_date: Option<Date>,
}
