//! `order.line`: one line of an order, from its quantities and what holds it.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{
    facts::{HolderFacts, Known, LineFacts, LineType, quantity, senseless},
    hold,
    quantities::{contradiction, open, wanted},
};
use crate::rules::{
    calendar::said,
    context::Context,
    fact::Fact,
    reason::{Reason, ReasonCode, sort},
    rule::{Rule, typed},
};

/// What the rules of orders select of a line.
macro_rules! line_inputs {
    () => {
        "lineNumber type sku requestedSku ordered cancelled allocated shipped delivered invoiced returned \
         backordered requestedDate promisedDate"
    };
}
pub(super) use line_inputs;

/// What the rules of orders select of an order's holds.
macro_rules! hold_inputs {
    () => {
        "code nativeCode level lineNumber since releasable setBy"
    };
}
pub(super) use hold_inputs;

/// `order.line`: the fields of a line that follow.
pub(in crate::rules) const RULE: Rule = Rule {
    name: "order.line",
    on: "OrderLine",
    answers: &["status", "open", "reasons"],
    inputs: line_inputs!(),
    holder: concat!("state requestedDate validUntil holds { ", hold_inputs!(), " }"),
    pieces: &[],
    run: |facts, arguments, context| {
        let order = serde_json::from_slice::<OrderOfLine>(facts)?.holder;
        let order = match order {
            Fact::Known(order) => order,
            Fact::Null => HolderFacts::default(),
            Fact::Unknown(unknown) => HolderFacts::unknown(&unknown),
        };
        typed(facts, arguments, |line: &LineFacts, _: &serde::de::IgnoredAny| {
            (judge(line, &order, false, context), order.offer_ends(context))
        })
    },
};

/// The order that a line is given with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OrderOfLine {
    #[serde(rename = "$holder")]
    holder: Fact<HolderFacts>,
}

/// How far a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::rules) enum LineStatus {
    /// It never ships.
    NotApplicable,
    /// All of it was cancelled.
    Cancelled,
    /// All of it has arrived.
    Delivered,
    /// All of it has left.
    Shipped,
    /// Some of it has left.
    PartiallyShipped,
    /// Something holds it, or the order.
    OnHold,
    /// It waits for supply.
    Backordered,
    /// It is all reserved.
    Allocated,
    /// Nothing has happened yet.
    Open,
    /// Not to be told.
    Unknown,
}

/// What a line comes to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::rules) struct LineVerdict {
    /// The word.
    pub(in crate::rules) status: LineStatus,
    /// How much is still to ship; none on what never ships.
    pub(in crate::rules) open: Option<Decimal>,
    /// Why, in their order.
    pub(in crate::rules) reasons: Vec<Reason>,
}

/// Says how far a line is, of an order that is known to be over or not.
///
/// *Units*: quantities in the line's unit, as the owner's figures say them.
/// *Errors*: none; what is unknown is `UNKNOWN`, with its reason.
pub(in crate::rules) fn judge(
    line: &LineFacts,
    order: &HolderFacts,
    is_over: bool,
    context: &Context<'_>,
) -> LineVerdict {
    let status = word(line, order);
    let open = match line.r#type {
        Fact::Known(LineType::Goods) => open(line).ok(),
        _ => None,
    };
    let mut reasons: Vec<Reason> =
        contradiction(line, context).into_iter().chain(substitution(line, context)).collect();
    let is_over = is_over || order.is_over(context);
    if !is_over {
        reasons.extend(hold::of_line(line, order, &status, context));
    }
    if !is_over && open.is_some_and(|open| open > Decimal::ZERO) {
        reasons.extend(waiting(line, context));
        reasons.extend(lateness(line, order, context));
    }
    if let Fact::Known(LineType::Other(word)) = &line.r#type {
        let message = format!("{}: what it is is not known, its owner's word is not mapped.", line.called());
        reasons.push(Reason::new(ReasonCode::StatusUnmapped, message, vec![context.evidence(line.at, "type", word)]));
    }
    if let Err(unknown) = &status {
        reasons.push(Reason::of_unknown(&format!("{}: how far it is", line.called()), unknown));
    }
    if let Some(number) = line.line_number.known() {
        reasons = reasons.into_iter().map(|reason| reason.of_line(number)).collect();
    }
    sort(&mut reasons);
    LineVerdict { status: status.unwrap_or(LineStatus::Unknown), open, reasons }
}

/// Whether a line is one of goods of which something was ordered.
pub(super) fn is_deliverable(line: &LineFacts) -> Known<bool> {
    let is_goods = match line.r#type.asked().map_err(Clone::clone)? {
        Some(LineType::Goods) => true,
        Some(LineType::Other(_)) | None => return Err(senseless()),
        Some(LineType::Service | LineType::Comment | LineType::Freight | LineType::Return) => false,
    };
    Ok(is_goods && !quantity(&line.ordered)?.is_zero())
}

/// The first that applies. Each step asks only for what it takes, so that what comes later may be unknown.
pub(super) fn word(line: &LineFacts, order: &HolderFacts) -> Known<LineStatus> {
    if matches!(line.r#type, Fact::Known(LineType::Other(_)) | Fact::Null) {
        return Ok(LineStatus::Unknown);
    }
    if !is_deliverable(line)? {
        return Ok(LineStatus::NotApplicable);
    }
    let wanted = wanted(line)?;
    if wanted <= Decimal::ZERO {
        return Ok(LineStatus::Cancelled);
    }
    if quantity(&line.delivered)? >= wanted {
        return Ok(LineStatus::Delivered);
    }
    let shipped = quantity(&line.shipped)?;
    if shipped >= wanted {
        return Ok(LineStatus::Shipped);
    }
    if shipped > Decimal::ZERO {
        return Ok(LineStatus::PartiallyShipped);
    }
    if hold::is_on_line(line, order)? {
        return Ok(LineStatus::OnHold);
    }
    if quantity(&line.allocated)? >= wanted {
        return Ok(LineStatus::Allocated);
    }
    // What waits for supply is the owner's own word for it that there is none today.
    Ok(if quantity(&line.backordered)? > Decimal::ZERO { LineStatus::Backordered } else { LineStatus::Open })
}

fn substitution(line: &LineFacts, context: &Context<'_>) -> Option<Reason> {
    let (requested, sku) = (line.requested_sku.known()?, line.sku.known()?);
    if requested == sku {
        return None;
    }
    let evidence = vec![context.evidence(line.at, "requestedSku", requested), context.evidence(line.at, "sku", sku)];
    let message = format!("{}: {sku} is delivered instead of {requested}.", line.called());
    Some(Reason::new(ReasonCode::Substituted, message, evidence))
}

/// What waits for supply, and until when.
fn waiting(line: &LineFacts, context: &Context<'_>) -> Option<Reason> {
    let backordered = *line.backordered.known().filter(|backordered| **backordered > Decimal::ZERO)?;
    let is_all = open(line).is_ok_and(|open| backordered >= open);
    let (code, what) = match is_all {
        true => (ReasonCode::Backordered, "all that is open waits for supply"),
        false => (ReasonCode::PartialBackorder, "a part waits for supply"),
    };
    let until = match &line.promised_date {
        Fact::Known(day) => format!("it is promised for {}", said(*day)),
        Fact::Null => "no day can be promised yet".to_owned(),
        Fact::Unknown(_) => "what is promised could not be found out".to_owned(),
    };
    let evidence = vec![
        context.evidence(line.at, "backordered", backordered),
        context.evidence_of(line.at, "promisedDate", &line.promised_date),
    ];
    Some(Reason::new(code, format!("{}: {what}; {until}.", line.called()), evidence))
}

/// A promise later than what was asked for, on the line or else on the order.
fn lateness(line: &LineFacts, order: &HolderFacts, context: &Context<'_>) -> Option<Reason> {
    let promised = *line.promised_date.known()?;
    let (at, requested) = match &line.requested_date {
        Fact::Known(day) => (line.at, *day),
        Fact::Null => (order.at, *order.requested_date.known()?),
        Fact::Unknown(_) => return None,
    };
    if promised <= requested {
        return None;
    }
    let evidence =
        vec![context.evidence(at, "requestedDate", requested), context.evidence(line.at, "promisedDate", promised)];
    let message = format!("{}: promised for {}, asked for by {}.", line.called(), said(promised), said(requested));
    Some(Reason::new(ReasonCode::LeadTimeExceedsRequest, message, evidence))
}
