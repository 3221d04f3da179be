//! Why an order is as it is, beyond what holds it: its account, shipments, invoices, payment and returns.

use jiff::{ToSpan, civil::Date};
use rust_decimal::Decimal;

use super::{
    facts::{
        DocumentLineFacts, HoldCode, Known, LineFacts, OrderFacts, OrderState, ReturnFacts, ReturnState, ShipmentFacts,
        ShipmentState, items, quantity,
    },
    fulfillment::{FulfillmentStatus, is_open},
    hold,
    invoicing::InvoiceStatus,
    payment::{self, PaymentStatus},
    word::Axes,
};
use crate::rules::{
    account::{self, AccountFacts},
    calendar::said,
    context::Context,
    evidence::Evidence,
    fact::{Fact, Unknown},
    money::Money,
    reason::{Reason, ReasonCode, Severity},
    ship_to::{ShipToFacts, chosen},
};

/// Returns the reasons that an order has as a whole, in no order. One that is over is stopped by nothing; what went wrong with
/// its documents is still to be seen to.
pub(super) fn of(order: &OrderFacts, axes: &Axes, is_over: bool, context: &Context<'_>) -> Vec<Reason> {
    let mut reasons = state(order, is_over, context);
    if !is_over {
        reasons.extend(buyer(order, context));
        reasons.extend(prepayment(order, axes, context));
        reasons.extend(address(order, axes, context));
        reasons.extend(duplicate(order, context));
    }
    let least = if is_over { Severity::Warning } else { Severity::Blocking };
    let exceptions = shipments(order, context).into_iter().chain(invoices(order, axes, context));
    reasons.extend(exceptions.map(|reason| {
        let severity = reason.severity.max(least);
        reason.weighing(severity)
    }));
    reasons.extend(overdue(order, axes, context));
    reasons.extend(returns(order, context));
    reasons.extend(unknown_axes(order, axes));
    reasons
}

fn state(order: &OrderFacts, is_over: bool, context: &Context<'_>) -> Vec<Reason> {
    let evidence = || {
        let native = context.evidence_of(order.at, "nativeStatus", &order.native_status);
        vec![context.evidence_of(order.at, "state", &order.state), native]
    };
    let holds = items(&order.holds).unwrap_or_default();
    let has_hold = |code: HoldCode| holds.iter().any(|hold| hold.code.known() == Some(&code));
    match &order.state {
        Fact::Null | Fact::Known(OrderState::Other(_)) => {
            let message = "How the order is cannot be said: its owner's word for it is not mapped.";
            vec![Reason::new(ReasonCode::StatusUnmapped, message, evidence())]
        }
        Fact::Known(OrderState::PendingApproval) if !is_over && !has_hold(HoldCode::ApprovalRequired) => {
            vec![Reason::new(ReasonCode::ApprovalRequired, "The order waits for somebody to approve it.", evidence())]
        }
        Fact::Known(OrderState::Completed) if is_open(order) == Ok(true) => {
            let message = "The order's owner says that it is finished, and quantities of it are open.";
            vec![Reason::new(ReasonCode::QuantitiesInconsistent, message, evidence())]
        }
        _ => Vec::new(),
    }
}

/// What stands against the account that ordered. That nobody knows is a warning here: the order has been taken.
fn buyer(order: &OrderFacts, context: &Context<'_>) -> Vec<Reason> {
    match &order.buyer {
        Fact::Known(buyer) => {
            let standing =
                AccountFacts { at: buyer.at, status: buyer.status.clone(), native_status: buyer.native_status.clone() };
            let reasons = account::reasons(&standing, context).into_iter();
            reasons
                .map(|reason| match reason.code {
                    ReasonCode::AccountUnclear => reason.weighing(Severity::Warning),
                    _ => reason,
                })
                .collect()
        }
        Fact::Unknown(unknown) => vec![Reason::of_unknown("The account's status", unknown)],
        Fact::Null => Vec::new(),
    }
}

/// What stands against the address, while something has still to go there. An owner that keeps no addresses forbids none.
fn address(order: &OrderFacts, axes: &Axes, context: &Context<'_>) -> Vec<Reason> {
    use FulfillmentStatus::{Cancelled, Delivered, NotApplicable, Shipped};
    if matches!(axes.fulfillment, Ok(Cancelled | Delivered | NotApplicable | Shipped)) {
        return Vec::new();
    }
    let Some(buyer) = order.buyer.known().filter(|buyer| buyer.ship_tos != Fact::Null) else { return Vec::new() };
    let id = match order.ship_to_id.asked() {
        Ok(Some(id)) => id,
        Ok(None) => return Vec::new(),
        Err(unknown) => return vec![Reason::of_unknown("Where the order goes", unknown)],
    };
    let mut reasons = chosen((buyer.at, &buyer.ship_tos), id, context.today(), context).1;
    if reasons.iter().any(|reason| reason.code == ReasonCode::AccountUnclear) {
        let listed = buyer.ship_tos.known().into_iter().flatten();
        let mut unknowns = buyer.ship_tos.unknown().into_iter().chain(listed.filter_map(dark));
        reasons.extend(unknowns.next().map(|unknown| Reason::of_unknown("The account's addresses", unknown)));
    }
    // The order has been taken: that nobody knows is a warning.
    let weighed = |reason: Reason| match reason.code {
        ReasonCode::AccountUnclear => reason.weighing(Severity::Warning),
        _ => reason,
    };
    reasons.into_iter().map(weighed).collect()
}

/// What of an address nobody knows.
fn dark(address: &Fact<ShipToFacts>) -> Option<&Unknown> {
    let Some(known) = address.known() else { return address.unknown() };
    let days = [&known.valid_from, &known.valid_to].into_iter().find_map(Fact::unknown);
    known.id.unknown().or(known.active.unknown()).or(days)
}

/// That the account has sent another order with the same number of its own.
fn duplicate(order: &OrderFacts, context: &Context<'_>) -> Option<Reason> {
    match order.same_customer_po.asked() {
        Ok(None) => None,
        Ok(Some(other)) => {
            let evidence = vec![
                context.evidence_of(order.at, "customerPo", &order.customer_po),
                context.evidence(order.at, "sameCustomerPo", other),
            ];
            // Whoever sees their own orders alone may read this: which other order it is stands with the evidence.
            let message = "The account has another order with the same order number of its own.";
            Some(Reason::new(ReasonCode::DuplicatePo, message, evidence))
        }
        Err(unknown) => Some(Reason::of_unknown("Whether the same order is there already", unknown)),
    }
}

/// That an order has to be paid before it ships, where no hold says so: it follows from terms, or from a limit of 0.
fn prepayment(order: &OrderFacts, axes: &Axes, context: &Context<'_>) -> Vec<Reason> {
    use FulfillmentStatus::{Backordered, InProgress, OnHold, Unfulfilled};
    let waits = matches!(axes.fulfillment, Ok(Backordered | InProgress | OnHold | Unfulfilled));
    let is_ordered = matches!(order.state.known(), Some(OrderState::Confirmed | OrderState::PendingApproval));
    let is_paid = payment::is_paid_in_full(order, axes, context);
    let holds = items(&order.holds).unwrap_or_default();
    let is_stored = holds.iter().any(|hold| hold.code == Fact::Known(HoldCode::PrepaymentRequired));
    if !waits || !is_ordered || is_paid || is_stored {
        return Vec::new();
    }
    match prepaid(order, context) {
        Ok(None) => Vec::new(),
        Ok(Some(evidence)) => {
            let message = "The order has to be paid before it ships: no hold is stored with it, it follows from the \
                           account's terms.";
            vec![Reason::new(ReasonCode::PrepaymentRequired, message, evidence)]
        }
        Err(unknown) => vec![Reason::of_unknown("Whether the order has to be paid first", &unknown)],
    }
}

/// What says that the order is paid in advance; none where nothing does.
fn prepaid(order: &OrderFacts, context: &Context<'_>) -> Result<Option<Vec<Evidence>>, Unknown> {
    let Some(buyer) = order.buyer.asked().map_err(Clone::clone)? else { return Ok(None) };
    let own = order.payment_terms.asked().map_err(Clone::clone)?;
    if let Some(terms) = buyer.terms.asked().map_err(Clone::clone)? {
        let applies = own.is_none() || own == terms.code.asked().map_err(Clone::clone)?;
        if applies && terms.prepay.asked().map_err(Clone::clone)? == Some(&true) {
            let code = context.evidence_of(terms.at, "code", &terms.code);
            return Ok(Some(vec![code, context.evidence_of(terms.at, "prepay", &terms.prepay)]));
        }
    }
    let Some(credit) = buyer.credit.asked().map_err(Clone::clone)? else { return Ok(None) };
    let limit = Money::read(&credit.limit)?.filter(|limit| limit.amount.is_zero());
    Ok(limit.map(|limit| vec![context.evidence(credit.at, "limit", limit)]))
}

fn shipments(order: &OrderFacts, context: &Context<'_>) -> Vec<Reason> {
    let lines = items(&order.lines).unwrap_or_default();
    let mut reasons = Vec::new();
    for shipment in items(&order.shipments).unwrap_or_default() {
        let evidence = vec![
            context.evidence_of(shipment.at, "number", &shipment.number),
            context.evidence_of(shipment.at, "state", &shipment.state),
            context.evidence_of(shipment.at, "nativeStatus", &shipment.native_status),
        ];
        let called =
            shipment.number.known().map_or_else(|| "A shipment".to_owned(), |number| format!("Shipment {number}"));
        match shipment.state.known() {
            Some(ShipmentState::Exception) if has_arrived(shipment, &lines) => {
                let message = format!("{called} was lost, refused or damaged; its goods have arrived since.");
                let reason = Reason::new(ReasonCode::ShipmentException, message, evidence);
                reasons.push(reason.weighing(Severity::Info));
            }
            Some(ShipmentState::Exception) => {
                let message = format!("{called} was lost, refused or damaged on the way.");
                reasons.push(Reason::new(ReasonCode::ShipmentException, message, evidence));
            }
            Some(ShipmentState::Other(_)) => reasons.push(unmapped(&called, evidence)),
            None if shipment.state == Fact::Null => reasons.push(unmapped(&called, evidence)),
            _ => {}
        }
    }
    reasons
}

fn unmapped(called: &str, evidence: Vec<Evidence>) -> Reason {
    let message = format!("{called}: how far it is cannot be said, its owner's word is not mapped.");
    Reason::new(ReasonCode::StatusUnmapped, message, evidence)
}

/// Why nobody knows what has left, where nobody does: the list of shipments, or how far one of them is.
pub(super) fn unknown_shipments(order: &OrderFacts) -> Option<Unknown> {
    match items(&order.shipments) {
        Ok(shipments) => shipments.into_iter().find_map(|shipment| shipment.state.unknown().cloned()),
        Err(unknown) => Some(unknown),
    }
}

/// Whether everything of the lines in a shipment has arrived, by another way perhaps.
fn has_arrived(shipment: &ShipmentFacts, lines: &[&LineFacts]) -> bool {
    let Ok(shipped) = items(&shipment.lines) else { return false };
    let arrived = |of: &Fact<i64>| {
        let mut own = lines.iter().filter(|line| of.known().is_some() && line.line_number == *of);
        own.any(|line| matches!((quantity(&line.delivered), quantity(&line.shipped)), (Ok(one), Ok(all)) if one >= all))
    };
    !shipped.is_empty() && shipped.iter().all(|line| arrived(&line.line_number))
}

fn invoices(order: &OrderFacts, axes: &Axes, context: &Context<'_>) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let documents = items(&order.invoices).unwrap_or_default();
    if axes.invoicing == Ok(InvoiceStatus::OverInvoiced) {
        let lines = items(&order.lines).unwrap_or_default();
        let over = lines.iter().filter(|line| {
            let wanted = super::quantities::wanted(line);
            matches!((wanted, quantity(&line.invoiced)), (Ok(wanted), Ok(invoiced)) if invoiced > wanted.max(Decimal::ZERO))
        });
        let over: Vec<_> = over.collect();
        let numbers = over.iter().filter_map(|line| line.line_number.known().copied()).collect();
        let evidence = over.iter().flat_map(|line| {
            [
                context.evidence_of(line.at, "ordered", &line.ordered),
                context.evidence_of(line.at, "cancelled", &line.cancelled),
                context.evidence_of(line.at, "invoiced", &line.invoiced),
            ]
        });
        let message = "More is invoiced than is to be delivered.";
        let exception = Reason::new(ReasonCode::InvoiceException, message, evidence.collect());
        reasons.push(exception.of_lines(numbers));
    }
    if payment::mixes_currencies(order) {
        let currency = |at, money: &Fact<crate::rules::money::MoneyFacts>| match money {
            Fact::Known(money) => context.evidence_of(at, "total.currency", &money.currency),
            _ => context.evidence_of_null(at, "total.currency"),
        };
        let evidence = documents.iter().map(|document| currency(document.at, &document.total)).collect();
        let message = "The order's invoices are in several currencies: they cannot be summed up.";
        reasons.push(Reason::new(ReasonCode::InvoiceException, message, evidence));
    }
    reasons
}

/// That payment is late. A late invoice that credits make up for is none that anybody has to pay.
fn overdue(order: &OrderFacts, axes: &Axes, context: &Context<'_>) -> Vec<Reason> {
    if axes.payment != Ok(PaymentStatus::Overdue) {
        return Vec::new();
    }
    let mut late = payment::late(order, context).unwrap_or_default();
    late.sort_by_key(|(document, day)| (*day, document.number.known().cloned()));
    let Some((_, oldest)) = late.first() else { return Vec::new() };
    let message = format!("An invoice of the order is past its due date since {}.", said(*oldest));
    let evidence = late.iter().flat_map(|(document, day)| {
        let number = context.evidence_of(document.at, "number", &document.number);
        [number, context.evidence(document.at, "dueDate", day), open(document, context)]
    });
    vec![Reason::new(ReasonCode::AccountOverdue, message, evidence.collect())]
}

/// Takes down what is open on a document.
pub(super) fn open(document: &super::facts::InvoiceFacts, context: &Context<'_>) -> Evidence {
    match Money::read(&document.open) {
        Ok(Some(open)) => context.evidence(document.at, "open", open),
        _ => context.evidence_of_null(document.at, "open"),
    }
}

fn returns(order: &OrderFacts, context: &Context<'_>) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for one in items(&order.returns).unwrap_or_default() {
        let evidence = vec![
            context.evidence_of(one.at, "number", &one.number),
            context.evidence_of(one.at, "state", &one.state),
            context.evidence_of(one.at, "nativeStatus", &one.native_status),
        ];
        let called = one.number.known().map_or_else(|| "A return".to_owned(), |number| format!("Return {number}"));
        match one.state.known() {
            Some(ReturnState::Refused) => {
                // A refused return stops nothing of the order itself.
                let refused = Reason::new(ReasonCode::ReturnNotAllowed, format!("{called} was refused."), evidence);
                reasons.push(refused.weighing(Severity::Warning));
            }
            Some(ReturnState::Requested) => match window_closed(one, &called, order, context) {
                Ok(closed) => reasons.extend(closed),
                Err(unknown) => {
                    reasons.push(Reason::of_unknown(&format!("{called}: whether it was asked for in time"), &unknown));
                }
            },
            Some(ReturnState::Other(_)) => reasons.push(unmapped(&called, evidence)),
            None if one.state == Fact::Null => reasons.push(unmapped(&called, evidence)),
            _ => {}
        }
    }
    reasons
}

/// That a return was asked for later than goods may come back, counted from the day the last of them arrived.
fn window_closed(one: &ReturnFacts, called: &str, order: &OrderFacts, context: &Context<'_>) -> Known<Option<Reason>> {
    let Some(days) = context.settings.status.return_days else { return Ok(None) };
    let Some(asked) = one.date.asked().map_err(Clone::clone)?.copied() else { return Ok(None) };
    let wanted = line_numbers(&one.lines)?;
    let mut latest: Option<(Date, &ShipmentFacts)> = None;
    for shipment in items(&order.shipments)? {
        if !line_numbers(&shipment.lines)?.iter().any(|line| wanted.contains(line)) {
            continue;
        }
        if let Some(arrived) = shipment.delivered_at.asked().map_err(Clone::clone)? {
            let arrived = arrived.to_zoned(context.zone()).date();
            latest = latest.filter(|(day, _)| *day >= arrived).or(Some((arrived, shipment)));
        }
    }
    let Some((arrived, shipment)) = latest else { return Ok(None) };
    let last = arrived.checked_add(i64::from(days).days()).unwrap_or(Date::MAX);
    if asked <= last {
        return Ok(None);
    }
    let evidence = vec![
        context.evidence(one.at, "date", asked),
        context.evidence_of(shipment.at, "deliveredAt", &shipment.delivered_at),
    ];
    let message = format!("{called} was asked for on {}; goods could come back until {}.", said(asked), said(last));
    Ok(Some(Reason::new(ReasonCode::ReturnWindowClosed, message, evidence).of_lines(wanted)))
}

fn line_numbers(lines: &Fact<Vec<Fact<DocumentLineFacts>>>) -> Known<Vec<i64>> {
    let numbers = items(lines)?.into_iter().map(|line| line.line_number.asked().map_err(Clone::clone));
    numbers.filter_map(|number| number.map(|number| number.copied()).transpose()).collect()
}

/// Why an axis is null, and why the word is unknown. A word that is not mapped has said so itself.
fn unknown_axes(order: &OrderFacts, axes: &Axes) -> Vec<Reason> {
    let held = hold::is_on_order(&order.holder());
    let shipments = unknown_shipments(order);
    let each = [
        ("How far delivery is", axes.fulfillment.as_ref().err()),
        ("What has left", shipments.as_ref()),
        ("How far invoicing is", axes.invoicing.as_ref().err()),
        ("How far payment is", axes.payment.as_ref().err()),
        ("How far returns are", axes.returning.as_ref().err()),
        ("How far the document is", order.state.unknown()),
        ("What holds the order", held.as_ref().err()),
        ("How long the offer holds", order.valid_until.unknown()),
    ];
    each.into_iter().filter_map(|(what, unknown)| Some(Reason::of_unknown(what, unknown?))).collect()
}
