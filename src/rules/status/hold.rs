//! Holds: what is stored with an order, and the credit hold that is stored nowhere and follows from the account.

use rust_decimal::Decimal;

use super::{
    facts::{
        HoldCode, HoldFacts, HoldLevel, HolderFacts, Known, LineFacts, OrderFacts, OrderState, any, items, senseless,
    },
    line::LineStatus,
    payment::posted,
};
use crate::rules::{
    calendar::said_at,
    context::Context,
    credit::{CreditAssessment, CreditFacts, CreditStatus, assess_fact},
    evidence::{At, Evidence},
    explanation::Step,
    fact::Fact,
    money::Money,
    reason::{Reason, ReasonCode, Scope, Severity},
};

const UNCHECKED: &str = "Whether credit holds the order could not be found out.";

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
pub(super) fn derived(order: &OrderFacts, context: &Context<'_>) -> Vec<Reason> {
    let is_unreleased = matches!(order.state.known(), Some(OrderState::Quotation | OrderState::PendingApproval));
    let Ok(stored) = items(&order.holds) else { return Vec::new() };
    if !is_unreleased || stored.iter().any(|hold| hold.code == Fact::Known(HoldCode::CreditHold)) {
        return Vec::new();
    }
    let (at, credit) = match &order.buyer {
        Fact::Known(buyer) => (buyer.at, buyer.credit.clone()),
        Fact::Unknown(unknown) => (order.at, Fact::Unknown(unknown.clone())),
        Fact::Null => (order.at, Fact::Null),
    };
    let adds = adds(order, context);
    let assessment = with_order(at, &credit, adds.as_ref().ok().and_then(Option::as_ref), context);
    match (assessment.status, adds) {
        (CreditStatus::Hold | CreditStatus::Exceeded, adds) => {
            vec![held(order, assessment, adds.ok().flatten(), context)]
        }
        (CreditStatus::NotChecked, _) if credit != Fact::Null => unchecked(assessment.reasons),
        (_, Err(unknown)) if counts_amounts(&credit) => {
            let evidence = vec![context.evidence_of_silence(order.at, "total", &unknown)];
            let unchecked_amount = Reason::new(ReasonCode::CreditNotChecked, UNCHECKED, evidence).for_lack_of(&unknown);
            let source = Reason::of_unknown("What the order adds to the account's exposure", &unknown);
            unchecked(vec![unchecked_amount, source])
        }
        _ => Vec::new(),
    }
}

/// Assesses credit with what the order adds. Where the two cannot be added up, what is known without the order still holds.
fn with_order(at: At, credit: &Fact<CreditFacts>, adds: Option<&Money>, context: &Context<'_>) -> CreditAssessment {
    let with = assess_fact(at, credit, adds, context);
    if with.status != CreditStatus::NotChecked || adds.is_none() {
        return with;
    }
    let without = assess_fact(at, credit, None, context);
    if matches!(without.status, CreditStatus::Hold | CreditStatus::Exceeded) { without } else { with }
}

/// Returns what an order that is not confirmed adds to the exposure, which holds receivables and confirmed orders: its total,
/// less what is invoiced of it already. None where its owner says no total.
fn adds(order: &OrderFacts, context: &Context<'_>) -> Known<Option<Money>> {
    let Some(total) = Money::read(&order.total)? else { return Ok(None) };
    let Some(posted) = posted(order, context)? else { return Ok(Some(total)) };
    let billed = posted.billed.checked_sub(posted.credited).filter(|_| posted.currency == total.currency);
    let rest = billed.and_then(|billed| total.amount.checked_sub(billed)).ok_or_else(senseless)?;
    Ok(Some(Money { amount: rest.max(Decimal::ZERO), currency: total.currency }))
}

/// Whether what an order adds makes a difference: not without a limit, and not where the account pays in advance.
fn counts_amounts(credit: &Fact<CreditFacts>) -> bool {
    let limit = credit.known().and_then(|credit| Money::read(&credit.limit).ok().flatten());
    limit.is_some_and(|limit| !limit.amount.is_zero())
}

fn held(order: &OrderFacts, assessment: CreditAssessment, adds: Option<Money>, context: &Context<'_>) -> Reason {
    let held = assessment.reasons.into_iter().find(|reason| reason.code == ReasonCode::CreditHold);
    let mut evidence = held.map(|reason| reason.evidence).unwrap_or_default();
    evidence.retain(|evidence| evidence.field != "holdSource");
    if let Some(adds) = adds {
        let total = Money::read(&order.total).ok().flatten();
        // What is invoiced of it already is in the exposure.
        let rest = (total.as_ref() != Some(&adds)).then(|| context.evidence(order.at, "notInvoiced", &adds));
        evidence.extend(total.map(|total| context.evidence(order.at, "total", total)));
        evidence.extend(rest);
    }
    evidence.push(context.evidence(order.at, "holdSource", "DERIVED"));
    let message =
        "The order waits for credit control: no hold is stored with it, it follows from the account's credit.";
    Reason::new(ReasonCode::CreditHold, message, evidence)
}

/// What of credit nobody could say, for an order that has been taken: as a warning.
fn unchecked(found: Vec<Reason>) -> Vec<Reason> {
    let of_order = found.into_iter().filter_map(|reason| match (reason.code, reason.scope) {
        (ReasonCode::CreditNotChecked, _) => {
            Some(Reason { message: UNCHECKED.to_owned(), ..reason.weighing(Severity::Warning) })
        }
        (_, Scope::Source) => Some(reason),
        _ => None,
    });
    of_order.collect()
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
