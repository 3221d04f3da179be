//! Holds: what is stored with an order, and the credit hold that is stored nowhere and follows from the account.

use super::{
    facts::{BuyingFacts, HoldCode, HoldFacts, HoldLevel, HolderFacts, Known, LineFacts, OrderState, any, items},
    line::LineStatus,
};
use crate::rules::{
    calendar::said_at,
    context::Context,
    credit::{CreditStatus, assess_fact},
    evidence::Evidence,
    explanation::Step,
    fact::Fact,
    reason::{Reason, ReasonCode, Scope, Severity},
};

/// Whether something holds the whole order. Every stored hold does, also one whose code is not mapped.
pub(super) fn is_on_order(order: &HolderFacts) -> Known<bool> {
    any(items(&order.holds)?.into_iter().map(holds_order))
}

/// Whether something holds a line: a hold of its own, or one of the whole order.
pub(super) fn is_on_line(line: &LineFacts, order: &HolderFacts) -> Known<bool> {
    any(items(&order.holds)?.into_iter().map(|hold| any([holds_order(hold), is_of_line(hold, line)])))
}

/// Returns the reasons of the holds on the whole order, and the steps that tell of them. Of an order that is over they hold
/// nothing, and are told without being a reason.
pub(super) fn of_order(order: &HolderFacts, is_over: bool, context: &Context<'_>) -> (Vec<Reason>, Vec<Step>) {
    let Ok(holds) = items(&order.holds) else { return (Vec::new(), Vec::new()) };
    let mut reasons = Vec::new();
    let mut steps = Vec::new();
    for hold in holds.into_iter().filter(|hold| holds_order(hold) != Ok(false)) {
        if is_over {
            let text = "A hold is stored with the order, and nothing is left that it could hold.".to_owned();
            steps.push(Step { step: "HOLDS", text, evidence: evidence(hold, context) });
            continue;
        }
        let reason = reason(hold, "The order", Scope::Order, context);
        steps.push(Step { step: "HOLDS", text: reason.message.clone(), evidence: reason.evidence.clone() });
        reasons.push(reason);
    }
    (reasons, steps)
}

/// Returns the reasons of a line's own holds, as far as they have something to hold: nothing of what was cancelled, and of what
/// has left only its invoice.
pub(super) fn of_line(
    line: &LineFacts,
    order: &HolderFacts,
    status: &Known<LineStatus>,
    context: &Context<'_>,
) -> Vec<Reason> {
    let can_hold = |hold: &HoldFacts| match status {
        Ok(LineStatus::Cancelled) => false,
        Ok(LineStatus::Shipped | LineStatus::Delivered) => !holds_delivery(hold),
        _ => true,
    };
    let holds = items(&order.holds).unwrap_or_default();
    let own = holds.into_iter().filter(|hold| holds_order(hold) == Ok(false) && is_of_line(hold, line) == Ok(true));
    own.filter(|hold| can_hold(hold)).map(|hold| reason(hold, &line.called(), Scope::Line, context)).collect()
}

/// Whether it is known to keep goods from leaving, and nothing else.
fn holds_delivery(hold: &HoldFacts) -> bool {
    !matches!(hold.code, Fact::Known(HoldCode::BillingBlock | HoldCode::Other(_)) | Fact::Null | Fact::Unknown(_))
}

/// Returns the credit hold that an unreleased order has without one being stored: some owners keep no flag, and the order
/// goes no further. Where credit is unknown, that is said, and nothing held for sure.
pub(super) fn derived(order: &HolderFacts, buyer: &Fact<BuyingFacts>, context: &Context<'_>) -> Vec<Reason> {
    let is_unreleased = matches!(order.state.known(), Some(OrderState::Quotation | OrderState::PendingApproval));
    let Ok(stored) = items(&order.holds) else { return Vec::new() };
    if !is_unreleased || stored.iter().any(|hold| hold.code == Fact::Known(HoldCode::CreditHold)) {
        return Vec::new();
    }
    let credit = match buyer {
        Fact::Known(buyer) => buyer.credit.clone(),
        Fact::Unknown(unknown) => Fact::Unknown(unknown.clone()),
        Fact::Null => Fact::Null,
    };
    let assessment = assess_fact(&credit, None, context);
    match assessment.status {
        CreditStatus::Hold | CreditStatus::Exceeded => {
            let held = assessment.reasons.into_iter().find(|reason| reason.code == ReasonCode::CreditHold);
            let mut evidence = held.map(|reason| reason.evidence).unwrap_or_default();
            evidence.retain(|evidence| evidence.field != "holdSource");
            evidence.push(context.evidence(order.at, "holdSource", "DERIVED"));
            let message = "The order waits for credit control: no hold is stored with it, it follows from the \
                           account's credit.";
            vec![Reason::new(ReasonCode::CreditHold, message, evidence)]
        }
        CreditStatus::NotChecked if credit != Fact::Null => {
            let message = "Whether credit holds the order could not be found out.";
            let unchecked = Reason::new(ReasonCode::CreditNotChecked, message, Vec::new()).weighing(Severity::Warning);
            let source = credit.unknown().map(|unknown| Reason::of_unknown("The account's credit", unknown));
            std::iter::once(unchecked).chain(source).collect()
        }
        _ => Vec::new(),
    }
}

/// A hold holds the order when its owner says so, or names no line. One of a line that nobody knows may hold any.
fn holds_order(hold: &HoldFacts) -> Known<bool> {
    Ok(match hold.level.asked().map_err(Clone::clone)? {
        Some(HoldLevel::Order) => true,
        None | Some(HoldLevel::Line | HoldLevel::Other(_)) => hold.line_number.asked().map_err(Clone::clone)?.is_none(),
    })
}

fn is_of_line(hold: &HoldFacts, line: &LineFacts) -> Known<bool> {
    let held = hold.line_number.asked().map_err(Clone::clone)?;
    Ok(held.is_some() && held == line.line_number.asked().map_err(Clone::clone)?)
}

fn reason(hold: &HoldFacts, held: &str, scope: Scope, context: &Context<'_>) -> Reason {
    let (code, what) = match &hold.code {
        Fact::Known(HoldCode::CreditHold) => (ReasonCode::CreditHold, "on credit hold"),
        Fact::Known(HoldCode::DeliveryBlock) => (ReasonCode::DeliveryBlock, "blocked for delivery"),
        Fact::Known(HoldCode::BillingBlock) => (ReasonCode::BillingBlock, "blocked for invoicing"),
        Fact::Known(HoldCode::ManualReview) => (ReasonCode::ManualReview, "held until a person has looked at it"),
        Fact::Known(HoldCode::PrepaymentRequired) => (ReasonCode::PrepaymentRequired, "held until it is paid"),
        Fact::Known(HoldCode::ApprovalRequired) => (ReasonCode::ApprovalRequired, "held until somebody approves it"),
        Fact::Known(HoldCode::FreightConstraint) => {
            (ReasonCode::FreightConstraint, "held because it cannot be shipped there as it is")
        }
        Fact::Known(HoldCode::Other(_)) | Fact::Null => {
            (ReasonCode::StatusUnmapped, "held, by a code that is not mapped")
        }
        Fact::Unknown(_) => (ReasonCode::SourceUnavailable, "held, and why could not be found out"),
    };
    let by = hold.set_by.known().map(|by| format!("{by} set it"));
    let since = hold.since.known().map(|since| format!("on {}", said_at(*since, context)));
    let set = match (by, since) {
        (Some(by), Some(since)) => format!("; {by} {since}"),
        (Some(by), None) => format!("; {by}"),
        (None, Some(since)) => format!("; it was set {since}"),
        (None, None) => String::new(),
    };
    let release = match hold.releasable.known() {
        Some(true) => ", and customer service may release it",
        Some(false) => ", and customer service may not release it",
        None => "",
    };
    let message = format!("{held} is {what}{set}{release}.");
    let reason = Reason::new(code, message, evidence(hold, context)).weighing(Severity::Blocking);
    // A credit hold stays the account's wherever it is stored, so that it stands where credit control looks.
    if code.meaning().scope == Scope::Account { reason } else { reason.about(scope) }
}

fn evidence(hold: &HoldFacts, context: &Context<'_>) -> Vec<Evidence> {
    vec![
        context.evidence_of(hold.at, "code", &hold.code),
        context.evidence_of(hold.at, "nativeCode", &hold.native_code),
        context.evidence_of(hold.at, "since", &hold.since),
        context.evidence_of(hold.at, "setBy", &hold.set_by),
        context.evidence_of(hold.at, "releasable", &hold.releasable),
        context.evidence(hold.at, "holdSource", "STORED"),
    ]
}
