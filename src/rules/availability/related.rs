//! Related products: what serves instead when stock is short, and what replaces what is sold no more.
//!
//! In: the relations of a product, in the PIM's order. Out: substitutes that are in stock and have a price, and the successor
//! at the end of the chain. A chain that comes back to where it was ends there.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde::Serialize;

use super::{
    assess::AvailabilityAsk,
    stock::{shelf, stale_from},
};
use crate::rules::{
    article::{Article, Relation},
    context::Context,
    fact::Fact,
    price,
    ratio::Ratio,
};

/// How many successors of successors are followed: as many as the inputs select.
const SUCCESSORS_MAX: usize = 3;

/// A product that serves instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Substitute {
    /// Its article number.
    pub sku: String,
    /// What is free of it, in its base unit.
    pub available: Decimal,
    /// How many of it serve instead, in its base unit.
    pub quantity: Decimal,
}

/// A product that replaces another for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Successor {
    /// Its article number.
    pub sku: String,
}

fn of_kind<'f>(article: &'f Article, kind: &str) -> impl Iterator<Item = &'f Relation> {
    let relations = article.relations.known().into_iter().flatten().filter_map(Fact::known);
    relations.filter(move |relation| relation.kind.known().is_some_and(|own| own == kind))
}

/// Returns what serves instead of a quantity of base units: only what is known to be sold, in stock by figures that
/// are not too old, and to have a price.
pub(super) fn substitutes(
    article: &Article,
    needed: Ratio,
    ask: &AvailabilityAsk<'_>,
    context: &Context<'_>,
) -> Vec<Substitute> {
    let offered = of_kind(article, "SUBSTITUTE").filter_map(|relation| {
        let other = relation.product.known().filter(|other| other.is_sold())?;
        let each = relation.quantity.known().map_or(Ratio::ONE, |quantity| Ratio::of(*quantity));
        let needed = needed.times(each)?;
        let stock =
            other.stock.known().filter(|stock| stale_from(stock, context).is_none_or(|from| context.now < from))?;
        let free = shelf(stock, &ask.serving(context)).ok()?.free;
        let (available, quantity) = (free.decimal()?, needed.decimal()?);
        let has_price = || priced(relation, quantity, ask, context);
        (needed <= free && (!ask.for_account || has_price())).then_some(Substitute {
            sku: relation.sku.known()?.clone(),
            available,
            quantity,
        })
    });
    offered.collect()
}

fn priced(relation: &Relation, quantity: Decimal, ask: &AvailabilityAsk<'_>, context: &Context<'_>) -> bool {
    let Some(other) = relation.product.known() else { return false };
    let (Some(facts), Some(unit)) = (other.price.known(), other.base_unit.known()) else { return false };
    let ask =
        price::Ask { quantity, unit: Some(unit), currency: ask.currency, date: ask.price_date, ship_to: ask.ship_to };
    price::resolve(facts, Some(other), &ask, context).unit_price.is_some()
}

/// Returns what replaces a product that is sold no more: the first that is sold, along the chain.
pub(crate) fn successor(article: &Article) -> Option<Successor> {
    let mut seen: BTreeSet<&str> = article.sku.known().map(String::as_str).into_iter().collect();
    let mut at = article;
    for _ in 0..SUCCESSORS_MAX {
        let next = of_kind(at, "SUCCESSOR").next()?;
        let (sku, other) = (next.sku.known()?, next.product.known()?);
        if !seen.insert(sku) {
            return None;
        }
        if other.is_sold() {
            return Some(Successor { sku: sku.clone() });
        }
        at = other;
    }
    None
}
