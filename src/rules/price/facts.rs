//! What is known of a price: the records that could apply, the surcharges, and a price that the owner computes itself.

use rust_decimal::Decimal;
use serde::Deserialize;

use crate::rules::{
    article::{Article, UnitPrice},
    evidence::At,
    fact::Fact,
    money::MoneyFacts,
    ship_to::ShipToFacts,
    validity::Bound,
};

/// What is selected of a `Price` for `PriceFacts`, but for its product.
macro_rules! price {
    () => {
        "currency \
         candidates @optional { record source contract @optional state shipTo @optional taxIncluded @optional \
           minimumQuantity unitPrice { amount currency per unit } validFrom validTo } \
         surcharges @optional { kind amount { amount currency } percent validFrom validTo } \
         ownerPrice @optional { unitPrice { amount currency per unit } quantity @optional source @optional record @optional \
           contract @optional taxIncluded @optional validFrom @optional validTo @optional } "
    };
}
pub(crate) use price;

/// What is known of the price of one product for one account.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PriceFacts {
    /// Where it stands in the inputs.
    #[serde(rename = "$at", default)]
    pub at: At,
    /// The currency the account is invoiced in.
    #[serde(default)]
    pub currency: Fact<String>,
    /// The records that could apply.
    #[serde(default)]
    pub candidates: Fact<Vec<Fact<Record>>>,
    /// What is added whoever buys it.
    #[serde(default)]
    pub surcharges: Fact<Vec<Fact<Surcharge>>>,
    /// What the owner has computed itself: never resolved again.
    #[serde(default)]
    pub owner_price: Fact<OwnerPrice>,
    /// The product, where it is not known otherwise.
    #[serde(default)]
    pub product: Fact<Article>,
    /// The account.
    #[serde(default)]
    pub buyer: Fact<Buyer>,
}

/// The account that a price is for.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Buyer {
    /// Where it stands in the inputs.
    #[serde(rename = "$at", default)]
    pub at: At,
    /// Where its goods may go.
    #[serde(default)]
    pub ship_tos: Fact<Vec<Fact<ShipToFacts>>>,
}

/// A price record.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    /// Where it stands in the inputs.
    #[serde(rename = "$at", default)]
    pub at: At,
    /// Its number.
    pub record: Fact<String>,
    /// Where it comes from, seen from the account.
    pub source: Fact<String>,
    /// The contract it belongs to.
    #[serde(default)]
    pub contract: Fact<String>,
    /// How far it is.
    pub state: Fact<String>,
    /// The only address it holds for; null: any.
    #[serde(default)]
    pub ship_to: Fact<String>,
    /// Whether tax is in it.
    #[serde(default)]
    pub tax_included: Fact<bool>,
    /// The least quantity it holds for, in the unit of its price.
    #[serde(default)]
    pub minimum_quantity: Fact<Decimal>,
    /// The price.
    pub unit_price: Fact<UnitPrice>,
    /// From when it holds.
    #[serde(default)]
    pub valid_from: Fact<Bound>,
    /// Until when it holds.
    #[serde(default)]
    pub valid_to: Fact<Bound>,
}

/// An amount or a percentage added to a price.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Surcharge {
    /// What for.
    pub kind: Fact<String>,
    /// The amount for each sales unit.
    #[serde(default)]
    pub amount: Fact<MoneyFacts>,
    /// The percentage of the net price.
    #[serde(default)]
    pub percent: Fact<Decimal>,
    /// From when it holds.
    #[serde(default)]
    pub valid_from: Fact<Bound>,
    /// Until when it holds.
    #[serde(default)]
    pub valid_to: Fact<Bound>,
}

/// A price that the owner has computed itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwnerPrice {
    /// Where it stands in the inputs.
    #[serde(rename = "$at", default)]
    pub at: At,
    /// The price.
    pub unit_price: Fact<UnitPrice>,
    /// The quantity it was computed for, in the unit of the price; null: it holds for any.
    #[serde(default)]
    pub quantity: Fact<Decimal>,
    /// Where it comes from.
    #[serde(default)]
    pub source: Fact<PriceSource>,
    /// The record it rests on.
    #[serde(default)]
    pub record: Fact<String>,
    /// The contract it belongs to.
    #[serde(default)]
    pub contract: Fact<String>,
    /// Whether tax is in it.
    #[serde(default)]
    pub tax_included: Fact<bool>,
    /// From when it holds.
    #[serde(default)]
    pub valid_from: Fact<Bound>,
    /// Until when it holds.
    #[serde(default)]
    pub valid_to: Fact<Bound>,
}

/// Where a price comes from, the most specific first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum PriceSource {
    /// Agreed with the account itself.
    ContractCustomer,
    /// Agreed with the account above.
    ContractParent,
    /// The price of the account's group.
    CustomerGroup,
    /// A promotion.
    Promotion,
    /// The price of a sales channel.
    Channel,
    /// The list price.
    List,
    /// None: a person has to quote.
    ManualQuoteRequired,
}

impl PriceSource {
    /// Returns the source of a word; none for a word that the contract has and the rule does not know.
    pub fn of(word: &str) -> Option<Self> {
        Some(match word {
            "CONTRACT_CUSTOMER" => Self::ContractCustomer,
            "CONTRACT_PARENT" => Self::ContractParent,
            "CUSTOMER_GROUP" => Self::CustomerGroup,
            "PROMOTION" => Self::Promotion,
            "CHANNEL" => Self::Channel,
            "LIST" => Self::List,
            "MANUAL_QUOTE_REQUIRED" => Self::ManualQuoteRequired,
            _ => return None,
        })
    }

    /// Tells whether it is an agreement with somebody.
    pub fn is_contract(self) -> bool {
        self <= Self::ContractParent
    }

    /// Returns what people call it.
    pub fn words(self) -> &'static str {
        match self {
            Self::ContractCustomer => "the account's own contract",
            Self::ContractParent => "the contract of the account above",
            Self::CustomerGroup => "the price of the account's group",
            Self::Promotion => "a promotion",
            Self::Channel => "the price of the channel",
            Self::List => "the list price",
            Self::ManualQuoteRequired => "a quote",
        }
    }
}
