//! A line's quantities: what is open of it, and whether the owner's figures can be true together.

use rust_decimal::Decimal;

use super::facts::{Known, LineFacts, LineType, quantity, senseless};
use crate::rules::{
    context::Context,
    fact::Fact,
    reason::{Reason, ReasonCode},
};

/// Returns how much is to be delivered in all: what was ordered, less what was cancelled.
pub(super) fn wanted(line: &LineFacts) -> Known<Decimal> {
    quantity(&line.ordered)?.checked_sub(quantity(&line.cancelled)?).ok_or_else(senseless)
}

/// Returns how much is still to ship, as the owner's figures say it: negative where more was shipped than was wanted.
pub(super) fn open(line: &LineFacts) -> Known<Decimal> {
    wanted(line)?.checked_sub(quantity(&line.shipped)?).ok_or_else(senseless)
}

fn are_impossible(line: &LineFacts) -> bool {
    figures(line).iter().any(|(_, fact)| fact.known().is_some_and(|number| *number < Decimal::ZERO))
}

/// Returns the identity that a line's quantities break, if any; all that are broken in one reason.
pub(super) fn contradiction(line: &LineFacts, context: &Context<'_>) -> Option<Reason> {
    let broken = broken(line);
    if broken.is_empty() {
        return None;
    }
    let figures = figures(line);
    let named = |field: &str| broken.iter().any(|(_, fields)| fields.contains(&field));
    let evidence = figures.iter().filter(|(field, _)| named(field));
    let evidence = evidence.map(|(field, fact)| context.evidence_of(line.at, field, fact)).collect();
    let said = broken.iter().map(|(said, _)| *said).collect::<Vec<_>>().join(", ");
    let message = format!("{}: the quantities contradict each other: {said}.", line.called());
    Some(Reason::new(ReasonCode::QuantitiesInconsistent, message, evidence))
}

type Broken = (&'static str, &'static [&'static str]);

fn broken(line: &LineFacts) -> Vec<Broken> {
    let mut broken: Vec<Broken> = Vec::new();
    if are_impossible(line) {
        let all = &["ordered", "cancelled", "allocated", "shipped", "delivered", "invoiced", "returned", "backordered"];
        broken.push(("one is below zero", all));
    }
    let of = |fact: &Fact<Decimal>| fact.known().copied();
    let exceeds = |one: Option<Decimal>, other: Option<Decimal>| one.zip(other).is_some_and(|(one, other)| one > other);
    let mut check = |is_broken: bool, said, fields| {
        if is_broken {
            broken.push((said, fields));
        }
    };
    let LineFacts { ordered, cancelled, shipped, delivered, invoiced, returned, backordered, .. } = line;
    check(exceeds(of(cancelled), of(ordered)), "more was cancelled than was ordered", &["ordered", "cancelled"]);
    check(exceeds(of(invoiced), of(ordered)), "more is invoiced than was ordered", &["ordered", "invoiced"]);
    // Services never ship, and what comes back is booked as the owner likes.
    if line.r#type != Fact::Known(LineType::Goods) {
        return broken;
    }
    let wanted = of(ordered).zip(of(cancelled)).and_then(|(ordered, cancelled)| ordered.checked_sub(cancelled));
    let open = wanted.zip(of(shipped)).and_then(|(wanted, shipped)| wanted.checked_sub(shipped));
    check(
        exceeds(of(shipped), wanted),
        "more was shipped than was to be delivered",
        &["ordered", "cancelled", "shipped"],
    );
    check(exceeds(of(delivered), of(shipped)), "more arrived than was shipped", &["shipped", "delivered"]);
    check(exceeds(of(returned), of(shipped)), "more came back than was shipped", &["shipped", "returned"]);
    let waiting = of(backordered).filter(|backordered| *backordered > Decimal::ZERO);
    check(
        exceeds(waiting, open),
        "more waits for supply than is open",
        &["ordered", "cancelled", "shipped", "backordered"],
    );
    broken
}

fn figures(line: &LineFacts) -> [(&'static str, &Fact<Decimal>); 8] {
    [
        ("ordered", &line.ordered),
        ("cancelled", &line.cancelled),
        ("allocated", &line.allocated),
        ("shipped", &line.shipped),
        ("delivered", &line.delivered),
        ("invoiced", &line.invoiced),
        ("returned", &line.returned),
        ("backordered", &line.backordered),
    ]
}
