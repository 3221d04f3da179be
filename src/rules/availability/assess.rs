//! Assessing: stock, supply and policy become what can be had, by when, and what stands against it.
//!
//! In: a product with its stock and relations, what is asked. Out: an availability, and until when it holds.

use std::collections::BTreeSet;

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use serde::Serialize;

use super::{
    facts::StockFacts,
    promise::{Basis, Demand, Policy, Promise, Way, Word, way, word},
    related::{Substitute, Successor, substitutes, successor},
    stock::{Serving, Shelf, Supply, owners, promisable, shelf, stale_from, strange, supply},
};
use crate::rules::{
    article::{Article, NoUnit},
    calendar::end_of,
    context::Context,
    evidence::Evidence,
    explanation::Step,
    fact::{Fact, Unknown},
    ratio::Ratio,
    reason::{Reason, ReasonCode, sort},
    validity::earlier,
};

/// What is asked of availability.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AvailabilityAsk<'a> {
    /// How much.
    pub quantity: Decimal,
    /// In which unit; none: the usual one.
    pub unit: Option<&'a str>,
    /// The day it is wanted.
    pub wanted_by: Option<Date>,
    /// The plants that may serve; none: as configured.
    pub plants: Option<&'a [String]>,
    /// How many base units earlier lines of the same cart take.
    pub taken: Ratio,
    /// Whether an account asks, so that substitutes must have a price for it.
    pub for_account: bool,
    /// The currency of those prices.
    pub currency: Option<&'a str>,
    /// The day of those prices.
    pub price_date: Option<Date>,
    /// The address that goods go to.
    pub ship_to: Option<&'a str>,
}

impl AvailabilityAsk<'_> {
    /// Returns the plants that serve.
    pub(super) fn serving<'s>(&'s self, context: &'s Context<'_>) -> Serving<'s> {
        let configured = context.settings.availability.plants.as_ref();
        let named = self.plants.map(|plants| plants.iter().map(String::as_str).collect::<BTreeSet<_>>());
        named.or_else(|| configured.map(|plants| plants.iter().map(String::as_str).collect()))
    }
}

/// What can be had of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Availability {
    /// Whether it is kept in stock at all; none: it could not be found out.
    pub stock_managed: Option<bool>,
    /// The unit of every quantity here: the base unit.
    pub unit: Option<String>,
    /// The quantity asked for.
    pub requested: Option<Decimal>,
    /// On the shelf.
    pub on_hand: Option<Decimal>,
    /// What is free, and never less than nothing.
    pub available: Option<Decimal>,
    /// The same as it is, negative where too much was promised.
    pub available_raw: Option<Decimal>,
    /// What storefronts say.
    pub word: Option<Word>,
    /// What can be promised by day, each day all there is by then.
    pub atp: Option<Vec<Atp>>,
    /// On its way without a day.
    pub inbound_undated: Option<Decimal>,
    /// On its way, overdue and not confirmed again.
    pub inbound_late: Option<Decimal>,
    /// Days to make or buy it.
    pub lead_time_days: Option<i64>,
    /// By when the quantity can be had.
    pub promise: Option<Promise>,
    /// What serves instead, where stock is short.
    pub substitutes: Vec<Substitute>,
    /// What replaces it, where it is sold no more.
    pub successor: Option<Successor>,
    /// When the stock was true.
    pub as_of: Option<Timestamp>,
    /// The instant from which the answer may be another.
    pub holds_until: Option<Timestamp>,
    /// What computed the quantities by day: `freehold`, or the system that did.
    pub computed_by: Option<String>,
    /// What is to be said of it.
    pub reasons: Vec<Reason>,
    /// How it came about.
    pub explanation: Vec<Step>,
    /// How many base units it takes of what is free.
    #[serde(skip)]
    pub takes: Ratio,
}

/// What can be promised by a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Atp {
    /// The day.
    pub date: Date,
    /// All that can be promised by then.
    pub quantity: Decimal,
}

/// Assesses what can be had of a product.
///
/// *Units*: base units throughout, whatever unit is asked in.
/// *Errors*: none; what could not be found out is none, with `AVAILABILITY_UNCLEAR`.
pub(crate) fn assess(article: &Article, ask: &AvailabilityAsk<'_>, context: &Context<'_>) -> Availability {
    let mut out = nothing(article);
    if let Err(unknown) = attempt(article, ask, context, &mut out) {
        // What is withdrawn cannot be had, whatever its stock is.
        out.word = Some(if is_withdrawn(article) { Word::Unavailable } else { Word::Unknown });
        (out.promise, out.atp) = (None, None);
        let evidence = vec![context.evidence(article.at, "stock", &unknown.code)];
        let message = "What is available could not be found out.";
        out.reasons.push(Reason::new(ReasonCode::AvailabilityUnclear, message, evidence));
    }
    // A service is there, or not, without any stock; all else depends on what day it is.
    if out.stock_managed != Some(false) {
        out.holds_until = earlier(out.holds_until, end_of(context.today(), context));
    }
    if article.lifecycle.known().is_some_and(|word| word == "DISCONTINUED") {
        out.successor = successor(article);
    }
    sort(&mut out.reasons);
    out
}

fn nothing(article: &Article) -> Availability {
    Availability {
        stock_managed: None,
        unit: article.base_unit.known().cloned(),
        requested: None,
        on_hand: None,
        available: None,
        available_raw: None,
        word: None,
        atp: None,
        inbound_undated: None,
        inbound_late: None,
        lead_time_days: None,
        promise: None,
        substitutes: Vec::new(),
        successor: None,
        as_of: None,
        holds_until: None,
        computed_by: None,
        reasons: Vec::new(),
        explanation: Vec::new(),
        takes: Ratio::ZERO,
    }
}

fn attempt(
    article: &Article,
    ask: &AvailabilityAsk<'_>,
    context: &Context<'_>,
    out: &mut Availability,
) -> Result<(), Unknown> {
    let kind = article.kind.asked()?.map(String::as_str);
    let needed = needed(article, ask, context, out)?;
    out.requested = needed.and_then(Ratio::decimal);
    let stock = match (kind, article.stock.asked()?) {
        (Some("SERVICE"), _) | (Some("KIT"), None) => {
            out.stock_managed = Some(false);
            let text = "It is not kept in stock: there is nothing to count.".to_owned();
            let evidence = vec![context.evidence_of(article.at, "type", &article.kind)];
            out.explanation.push(Step { step: "STOCK", text, evidence });
            return Ok(());
        }
        (Some("NON_STOCK"), None) => {
            (out.stock_managed, out.word) = (Some(false), Some(Word::MadeToOrder));
            let text = "It is not kept in stock: it is made or bought for the order.".to_owned();
            let evidence = vec![context.evidence_of(article.at, "type", &article.kind)];
            out.explanation.push(Step { step: "STOCK", text, evidence });
            return Ok(());
        }
        (_, None) => return Err(strange("NO_STOCK_RECORD")),
        (_, Some(stock)) => stock,
    };
    out.stock_managed = Some(true);
    counted(article, stock, needed, ask, context, out)
}

/// Returns how many base units are asked for; none, with a reason, where the unit is none of the product's.
fn needed(
    article: &Article,
    ask: &AvailabilityAsk<'_>,
    context: &Context<'_>,
    out: &mut Availability,
) -> Result<Option<Ratio>, Unknown> {
    let quantity = Ratio::of(ask.quantity).max(Ratio::ZERO);
    let unit = match ask.unit {
        Some(unit) => Some(unit),
        None => article.usual_unit()?,
    };
    let Some(unit) = unit else { return Ok(Some(quantity)) };
    match article.base_units(unit) {
        Ok(units) => quantity.times(units).map(Some).ok_or_else(|| strange("OVERFLOW")),
        Err(NoUnit::Unclear(unknown)) => Err(unknown),
        Err(NoUnit::Foreign) => {
            let message = format!("{unit} is none of the product's units.");
            let evidence = vec![context.evidence(article.at, "units", unit)];
            out.reasons.push(Reason::new(ReasonCode::UomNotConvertible, message, evidence));
            Ok(None)
        }
    }
}

/// Counts what is kept in stock.
fn counted(
    article: &Article,
    stock: &StockFacts,
    needed: Option<Ratio>,
    ask: &AvailabilityAsk<'_>,
    context: &Context<'_>,
    out: &mut Availability,
) -> Result<(), Unknown> {
    let (today, serving) = (context.today(), ask.serving(context));
    let mut shelf = shelf(stock, &serving)?;
    shelf.free = shelf.free.minus(ask.taken).ok_or_else(|| strange("OVERFLOW"))?;
    let free = shelf.free.max(Ratio::ZERO);
    (out.on_hand, out.available_raw, out.available) = (shelf.on_hand.decimal(), shelf.free.decimal(), free.decimal());
    out.as_of = shelf.as_of.or(context.sources.source(stock.at, "onHand").as_of);
    out.takes = needed.unwrap_or(Ratio::ZERO);
    told_stock(stock, &shelf, context, out);
    let supplied =
        supply(stock, &serving, today).and_then(|supply| promised(stock, &shelf, &supply, ask, context, out));
    // An owner that promises itself may keep stock back for others, which is no business of this rule.
    let free = match &supplied {
        Ok(by_day) if stock.owner_atp.known().is_some() => {
            by_day.iter().rev().find(|(day, _)| *day <= today).map_or(Ratio::ZERO, |(_, sum)| *sum)
        }
        _ => free,
    };
    let short = needed.is_some_and(|needed| needed > free);
    if !fresh(stock, context, out) {
        // The figures are shown with their time; nothing is promised from them.
        return Err(strange("INVENTORY_STALE"));
    }
    let promisable = match supplied {
        Ok(promisable) => promisable,
        // What is on its way matters only where stock is short.
        Err(_) if !short => vec![(today, free)],
        Err(unknown) => return Err(unknown),
    };
    let policy = match policy(article, stock) {
        Ok(policy) => policy,
        Err(_) if !short => Policy::Deny,
        Err(unknown) => return Err(unknown),
    };
    out.lead_time_days = stock.lead_time_days.known().copied();
    if short {
        stock.lead_time_days.asked()?;
    }
    let demand = Demand {
        needed: needed.unwrap_or(Ratio::ONE),
        free,
        promisable: &promisable,
        policy,
        lead_time_days: out.lead_time_days.filter(|days| *days >= 0),
        today,
    };
    let found = way(&demand);
    out.word = Some(match is_withdrawn(article) {
        true => Word::Unavailable,
        false => word(found, free, Ratio::of(context.settings.availability.limited_below)),
    });
    if let Some(needed) = needed {
        promise(needed, found, ask, out);
        if short {
            shortage(article, stock, needed, found, (ask, context), out);
        } else if !article.is_sold() && article.lifecycle.known().is_some() {
            out.substitutes = substitutes(article, needed, ask, context);
        }
    }
    Ok(())
}

fn told_stock(stock: &StockFacts, shelf: &Shelf, context: &Context<'_>, out: &mut Availability) {
    let mut evidence = Vec::new();
    for plant in stock.plants.known().into_iter().flatten().filter_map(Fact::known) {
        evidence.push(context.evidence_of(plant.at, "plant", &plant.plant));
        evidence.push(context.evidence_of(plant.at, "onHand", &plant.on_hand));
    }
    if evidence.is_empty() {
        evidence.push(context.evidence_of(stock.at, "available", &stock.available));
    }
    let text = if shelf.free.is_positive() {
        "Something is free: on hand less allocated, quality hold and safety stock."
    } else {
        "Nothing is free: what is on hand is allocated, held or kept back."
    };
    out.explanation.push(Step { step: "STOCK", text: text.to_owned(), evidence });
}

/// Works out what can be promised by day.
fn promised(
    stock: &StockFacts,
    shelf: &Shelf,
    supply: &Supply,
    ask: &AvailabilityAsk<'_>,
    context: &Context<'_>,
    out: &mut Availability,
) -> Result<Vec<(Date, Ratio)>, Unknown> {
    out.inbound_undated = supply.undated.and_then(Ratio::decimal);
    out.inbound_late = supply.late.and_then(Ratio::decimal);
    let (by_day, computed_by) = match owners(stock, ask.taken)? {
        Some(by_day) => (by_day, context.sources.source(stock.at, "ownerAtp").system),
        None => (promisable(shelf, supply, context.today())?, Some("freehold".to_owned())),
    };
    out.computed_by = computed_by;
    let atp = by_day.iter().filter_map(|(date, sum)| Some(Atp { date: *date, quantity: sum.decimal()? }));
    out.atp = Some(atp.collect());
    let mut parts = Vec::new();
    for (n, words) in [
        (supply.dated.len(), "dated"),
        (usize::from(supply.undated.is_some()), "without a day"),
        (usize::from(supply.late.is_some()), "overdue and not confirmed again"),
    ] {
        if n > 0 {
            parts.push(words);
        }
    }
    let text = match parts.as_slice() {
        [] => "Nothing is on its way.".to_owned(),
        parts => format!("More is on its way: {}.", parts.join(", ")),
    };
    let inbound = stock.inbound.known().into_iter().flatten().filter_map(Fact::known);
    let evidence = inbound.map(|inbound| context.evidence_of(inbound.at, "date", &inbound.date)).collect();
    out.explanation.push(Step { step: "INBOUND", text, evidence });
    Ok(by_day)
}

/// Whether a product is not sold, or not yet: then it cannot be had, however much there is.
fn is_withdrawn(article: &Article) -> bool {
    let lifecycle = article.lifecycle.known().map(String::as_str);
    matches!(lifecycle, Some("DISCONTINUED" | "BLOCKED" | "PRE_LAUNCH"))
}

/// Says whether the stock is as fresh as is configured, and until when.
fn fresh(stock: &StockFacts, context: &Context<'_>, out: &mut Availability) -> bool {
    match stale_from(stock, context) {
        Some(stale_from) if stale_from <= context.now => {
            let evidence = vec![context.evidence_of(stock.at, "onHand", &stock.on_hand)];
            let message = "The stock is older than this use allows.";
            out.reasons.push(Reason::new(ReasonCode::InventoryStale, message, evidence));
            false
        }
        stale_from => {
            out.holds_until = earlier(out.holds_until, stale_from);
            true
        }
    }
}

/// Returns the policy of back orders; an owner that names none takes none.
fn policy(article: &Article, stock: &StockFacts) -> Result<Policy, Unknown> {
    let policy = match stock.backorder_policy.asked()? {
        Some(word) => Policy::of(word).ok_or_else(|| strange("POLICY_UNMAPPED"))?,
        None => Policy::Deny,
    };
    let ends = article.lifecycle.asked()?.is_some_and(|word| word == "PHASE_OUT");
    Ok(if ends { policy.while_stock_lasts() } else { policy })
}

fn promise(needed: Ratio, found: Way, ask: &AvailabilityAsk<'_>, out: &mut Availability) {
    let Way::By(basis, date) = found else {
        let text = match found {
            Way::Refused => "Nothing is promised: no order is taken beyond what there is.",
            _ => "An order is taken; nobody can say when it comes.",
        };
        out.explanation.push(Step { step: "PROMISE", text: text.to_owned(), evidence: Vec::new() });
        return;
    };
    let rests = match basis {
        Basis::Stock => "what is free",
        Basis::Inbound => "what is on its way",
        Basis::LeadTime => "the time it takes to make or buy it",
        Basis::MadeToOrder => "the time it takes to make it for the order",
        Basis::DropShip => "the time its supplier takes",
    };
    let text = match date {
        Some(date) => format!("Promised for {date}, by {rests}."),
        None => format!("Promised without a day, by {rests}."),
    };
    out.explanation.push(Step { step: "PROMISE", text, evidence: Vec::new() });
    out.promise = needed.decimal().map(|quantity| Promise { date, quantity, basis });
    if let (Some(wanted), Some(date)) = (ask.wanted_by, date)
        && wanted < date
    {
        let message = format!("It is promised for {date}, and wanted by {wanted}.");
        out.reasons.push(Reason::new(
            ReasonCode::LeadTimeExceedsRequest,
            message,
            vec![Evidence::of_question("date", wanted)],
        ));
    }
}

/// Says what follows from there being less than is wanted.
fn shortage(
    article: &Article,
    stock: &StockFacts,
    needed: Ratio,
    found: Way,
    (ask, context): (&AvailabilityAsk<'_>, &Context<'_>),
    out: &mut Availability,
) {
    let next = out.promise.as_ref().and_then(|promise| promise.date);
    let mut evidence = vec![context.evidence_of(stock.at, "available", &stock.available)];
    evidence.push(context.evidence_of(stock.at, "backorderPolicy", &stock.backorder_policy));
    let some = out.available.is_some_and(|available| !available.is_zero());
    let reason = match found {
        Way::Refused if some => {
            let message = "Less is available than is wanted, and no back order is taken.";
            Some(Reason::new(ReasonCode::BackorderNotAllowed, message, evidence))
        }
        Way::Refused => {
            let message = "Nothing is available, and no back order is taken.";
            Some(Reason::new(ReasonCode::BackorderNotAllowed, message, evidence))
        }
        Way::By(Basis::MadeToOrder, _) => None,
        Way::By(..) | Way::Open => {
            let (code, what) = if some {
                (ReasonCode::PartialBackorder, "A part of it comes later")
            } else {
                (ReasonCode::Backordered, "It comes later")
            };
            let message = match next {
                Some(date) => format!("{what}: all of it by {date}."),
                None => format!("{what}, and nobody can say when."),
            };
            Some(Reason::new(code, message, evidence))
        }
    };
    out.reasons.extend(reason);
    out.substitutes = substitutes(article, needed, ask, context);
    if let Some(first) = out.substitutes.first() {
        let message = format!("{} serves instead and is in stock.", first.sku);
        let evidence = vec![context.evidence(article.at, "relations", &first.sku)];
        out.reasons.push(Reason::new(ReasonCode::SubstituteAvailable, message, evidence));
    }
}
