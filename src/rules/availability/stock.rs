//! Stock: what the plants that serve have free, and what more comes when.
//!
//! In: the stock of a product, the plants that serve. Out: the free quantity, unclamped, and what can be promised by day.
//! A plant of which something is unknown makes the sum unknown; a sum of the rest would be a guess.

use std::collections::BTreeSet;

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

use super::facts::{InboundFacts, PlantFacts, StockFacts};
use crate::rules::{
    context::Context,
    fact::{Fact, Unknown},
    ratio::Ratio,
};

/// The plants that serve; none: all.
pub(super) type Serving<'a> = Option<BTreeSet<&'a str>>;

/// What is on the shelf.
#[derive(Debug, Clone)]
pub(super) struct Shelf {
    pub on_hand: Ratio,
    /// On hand less allocated, quality hold and safety stock; negative where too much was promised.
    pub free: Ratio,
    /// Ordered by others and not reserved yet.
    pub committed: Ratio,
    /// The oldest booking.
    pub as_of: Option<Timestamp>,
}

/// What is on its way, as far as it can be promised.
#[derive(Debug, Clone, Default)]
pub(super) struct Supply {
    /// Quantities by day, each day once, the earliest first.
    pub dated: Vec<(Date, Ratio)>,
    /// What nobody has named a day for.
    pub undated: Option<Ratio>,
    /// What is overdue and not confirmed again.
    pub late: Option<Ratio>,
}

/// Returns the instant from which stock is too old to be believed; none: never.
pub(super) fn stale_from(stock: &StockFacts, context: &Context<'_>) -> Option<Timestamp> {
    context.sources.source(stock.at, "onHand").as_of.and_then(|as_of| context.settings.availability.stale_from(as_of))
}

/// Sums up what the serving plants hold.
pub(super) fn shelf(stock: &StockFacts, serving: &Serving<'_>) -> Result<Shelf, Unknown> {
    let Some(plants) = stock.plants.asked()? else {
        if serving.is_some() {
            return Err(strange("NO_PLANTS"));
        }
        let free = stock.available.asked()?.ok_or_else(|| strange("NO_QUANTITY"))?;
        let on_hand = stock.on_hand.asked()?.unwrap_or(free);
        return Ok(Shelf { on_hand: of(on_hand), free: of(free), committed: Ratio::ZERO, as_of: None });
    };
    let mut shelf = Shelf { on_hand: Ratio::ZERO, free: Ratio::ZERO, committed: Ratio::ZERO, as_of: None };
    for plant in plants {
        if let Some(plant) = plant.asked()?
            && serves(serving, &plant.plant)?
        {
            add(&mut shelf, plant)?;
        }
    }
    Ok(shelf)
}

fn add(shelf: &mut Shelf, plant: &PlantFacts) -> Result<(), Unknown> {
    let on_hand = quantity(&plant.on_hand)?;
    let mut free = on_hand;
    for held in [&plant.allocated, &plant.quality_hold, &plant.safety_stock] {
        free = free.minus(quantity(held)?).ok_or_else(|| strange("OVERFLOW"))?;
    }
    shelf.on_hand = shelf.on_hand.plus(on_hand).ok_or_else(|| strange("OVERFLOW"))?;
    shelf.free = shelf.free.plus(free).ok_or_else(|| strange("OVERFLOW"))?;
    shelf.committed = shelf.committed.plus(quantity(&plant.committed)?).ok_or_else(|| strange("OVERFLOW"))?;
    shelf.as_of = shelf.as_of.into_iter().chain(plant.as_of.known().copied()).min();
    Ok(())
}

/// Sorts out what is on its way to the serving plants.
pub(super) fn supply(stock: &StockFacts, serving: &Serving<'_>, today: Date) -> Result<Supply, Unknown> {
    let mut supply = Supply::default();
    for inbound in stock.inbound.asked()?.into_iter().flatten() {
        let Some(inbound) = inbound.asked()? else { continue };
        if serves(serving, &inbound.plant)? {
            supply.add(inbound, today)?;
        }
    }
    supply.dated.sort_by_key(|(day, _)| *day);
    Ok(supply)
}

impl Supply {
    fn add(&mut self, inbound: &InboundFacts, today: Date) -> Result<(), Unknown> {
        let quantity = quantity(&inbound.quantity)?;
        let Some(day) = inbound.date.asked()? else { return grow(&mut self.undated, quantity) };
        let confirmed = inbound.confirmed.asked()?.copied().unwrap_or(false);
        if *day < today && !confirmed {
            return grow(&mut self.late, quantity);
        }
        // Late and confirmed again: it may come any day from today.
        let day = today.max(*day);
        match self.dated.iter_mut().find(|(other, _)| *other == day) {
            Some((_, sum)) => *sum = sum.plus(quantity).ok_or_else(|| strange("OVERFLOW"))?,
            None => self.dated.push((day, quantity)),
        }
        Ok(())
    }
}

/// Returns what can be promised by day: what is free today, then what comes beyond what others have ordered already.
pub(super) fn promisable(shelf: &Shelf, supply: &Supply, today: Date) -> Result<Vec<(Date, Ratio)>, Unknown> {
    let mut by_day = vec![(today, shelf.free.max(Ratio::ZERO))];
    let mut come = Ratio::ZERO;
    for (day, quantity) in &supply.dated {
        come = come.plus(*quantity).ok_or_else(|| strange("OVERFLOW"))?;
        let beyond = come.minus(shelf.committed.max(Ratio::ZERO)).ok_or_else(|| strange("OVERFLOW"))?;
        let sum = shelf.free.plus(beyond.max(Ratio::ZERO)).ok_or_else(|| strange("OVERFLOW"))?.max(Ratio::ZERO);
        match by_day.last_mut() {
            Some((last, so_far)) if last == day => *so_far = sum,
            _ => by_day.push((*day, sum)),
        }
    }
    Ok(by_day)
}

/// Returns what the owner says can be promised by day, less what earlier lines of the same cart take.
pub(super) fn owners(stock: &StockFacts, taken: Ratio) -> Result<Option<Vec<(Date, Ratio)>>, Unknown> {
    let Some(entries) = stock.owner_atp.asked()? else { return Ok(None) };
    let mut by_day = Vec::new();
    for entry in entries {
        let Some(entry) = entry.asked()? else { continue };
        let (Some(day), Some(quantity)) = (entry.date.asked()?, entry.quantity.asked()?) else { continue };
        let rest = of(quantity).minus(taken).ok_or_else(|| strange("OVERFLOW"))?;
        by_day.push((*day, rest.max(Ratio::ZERO)));
    }
    by_day.sort_by_key(|(day, _)| *day);
    Ok(Some(by_day))
}

fn serves(serving: &Serving<'_>, plant: &Fact<String>) -> Result<bool, Unknown> {
    let Some(serving) = serving else { return Ok(true) };
    Ok(plant.asked()?.is_some_and(|plant| serving.contains(plant.as_str())))
}

fn grow(sum: &mut Option<Ratio>, quantity: Ratio) -> Result<(), Unknown> {
    *sum = Some(sum.unwrap_or(Ratio::ZERO).plus(quantity).ok_or_else(|| strange("OVERFLOW"))?);
    Ok(())
}

/// Returns a quantity; null is nothing.
fn quantity(fact: &Fact<Decimal>) -> Result<Ratio, Unknown> {
    Ok(fact.asked()?.map_or(Ratio::ZERO, of))
}

fn of(decimal: &Decimal) -> Ratio {
    Ratio::of(*decimal)
}

pub(super) fn strange(code: &str) -> Unknown {
    Unknown { code: code.to_owned(), system: String::new() }
}
