//! `order.status`: an order's axes, its one word, its reasons, and the way there in words.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    facts::{HolderFacts, Known, LineFacts, OrderFacts, OrderState, ShipmentFacts, ShipmentState, items},
    fulfillment::{self, FulfillmentStatus},
    hold,
    invoicing::{self, InvoiceStatus},
    line::{LineStatus, LineVerdict, hold_inputs, judge, line_inputs},
    payment::{self, PaymentStatus},
    reasons,
    returning::{self, ReturnStatus},
    word::{self, Axes, OrderStatus},
};
use crate::rules::{
    calendar::said,
    context::Context,
    credit::credit_inputs,
    evidence::Evidence,
    explanation::Step,
    fact::Fact,
    judgement::Judgement,
    reason::{Reason, sort},
    rule::{Rule, typed},
    ship_to,
};

/// `order.status`: the fields of an order that follow.
pub(in crate::rules) const RULE: Rule = Rule {
    name: "order.status",
    on: "Order",
    answers: &[
        "status",
        "fulfillmentStatus",
        "invoiceStatus",
        "paymentStatus",
        "returnStatus",
        "reasons",
        "statusExplanation",
    ],
    inputs: concat!(
        "state nativeStatus customerPo @optional sameCustomerPo @optional shipToId @optional requestedDate validUntil total { amount currency } paymentTerms ",
        "holds { ",
        hold_inputs!(),
        " } lines { ",
        line_inputs!(),
        " } shipments { number state nativeStatus deliveredAt lines { lineNumber quantity } } ",
        "invoices { number kind dueDate total { amount currency } open { amount currency } lines { lineNumber quantity } } ",
        "returns { number state nativeStatus date lines { lineNumber quantity } } ",
        "buyer { status nativeStatus terms { code prepay } shipTos @optional { id active validFrom validTo } credit { ",
        credit_inputs!(),
        " } }",
    ),
    holder: "",
    pieces: &[],
    run: |facts, arguments, context| {
        typed(facts, arguments, |order: &OrderFacts, _: &serde::de::IgnoredAny| {
            let verdict = judge_order(order, context);
            let judgement = Judgement::new(None, verdict.reasons.iter());
            (verdict, holds_until(order, context), vec![judgement])
        })
    },
};

/// What an order comes to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::rules) struct OrderVerdict {
    /// The one word.
    pub(in crate::rules) status: OrderStatus,
    /// How far delivery is; none where that is unknown.
    pub(in crate::rules) fulfillment_status: Option<FulfillmentStatus>,
    /// How far invoicing is; none where that is unknown.
    pub(in crate::rules) invoice_status: Option<InvoiceStatus>,
    /// How far payment is; none where that is unknown.
    pub(in crate::rules) payment_status: Option<PaymentStatus>,
    /// How far returns are; none where that is unknown.
    pub(in crate::rules) return_status: Option<ReturnStatus>,
    /// Why, in their order.
    pub(in crate::rules) reasons: Vec<Reason>,
    /// How the word came about.
    pub(in crate::rules) status_explanation: Vec<Step>,
}

/// Says how an order is.
///
/// *Errors*: none; an axis that is unknown is none, and the word is `UNKNOWN` where it takes that axis. A reason says why.
pub(in crate::rules) fn judge_order(order: &OrderFacts, context: &Context<'_>) -> OrderVerdict {
    let holder = order.holder();
    let axes = Axes {
        fulfillment: fulfillment::of(order, &holder),
        invoicing: invoicing::of(order, context),
        payment: payment::of(order, context),
        returning: returning::of(order),
    };
    let status = word::of(order, &holder, &axes, context).unwrap_or(OrderStatus::Unknown);
    let is_over = status.is_over();
    let mut lines: Vec<&LineFacts> = items(&order.lines).unwrap_or_default();
    lines.sort_by_key(|line| line.line_number.known().copied());
    let judged: Vec<(&LineFacts, LineVerdict)> =
        lines.into_iter().map(|line| (line, judge(line, &holder, is_over, context))).collect();

    let (held, holds_told) = hold::of_order(&holder, is_over, context);
    let derived = if is_over { Vec::new() } else { hold::derived(order, context) };
    let mut reasons = reasons::of(order, &axes, is_over, context);
    reasons.extend(judged.iter().flat_map(|(_, line)| line.reasons.iter().cloned()));
    reasons.extend(held);

    let mut told = vec![state_told(order, context)];
    told.extend(delivery_told(&axes.fulfillment, &judged, context));
    told.extend(shipments_told(order, context));
    told.extend(holds_step(&holder, holds_told, &derived, context));
    told.push(invoices_told(&axes.invoicing, order, context));
    told.extend(payment_told(&axes.payment, order, context));
    told.extend(returns_told(&axes.returning, order, context));
    told.push(Step { step: "STATUS", text: status.said().to_owned(), evidence: Vec::new() });
    reasons.extend(derived);
    sort(&mut reasons);
    reasons.dedup();
    OrderVerdict {
        status,
        fulfillment_status: axes.fulfillment.ok(),
        invoice_status: axes.invoicing.ok(),
        payment_status: axes.payment.ok(),
        return_status: axes.returning.ok(),
        reasons,
        status_explanation: told,
    }
}

/// Returns the instant from which the calendar alone may say something else: an invoice is late, an offer is over, an address
/// opens or closes.
fn holds_until(order: &OrderFacts, context: &Context<'_>) -> Option<Timestamp> {
    let address = order.buyer.known().zip(order.ship_to_id.known());
    let address = address.and_then(|(buyer, id)| ship_to::holds_until(&buyer.ship_tos, id, context));
    let offer = order.holder().offer_ends(context);
    [offer, payment::holds_until(order, context), address].into_iter().flatten().min()
}

fn state_told(order: &OrderFacts, context: &Context<'_>) -> Step {
    let mut evidence = vec![
        context.evidence_of(order.at, "state", &order.state),
        context.evidence_of(order.at, "nativeStatus", &order.native_status),
    ];
    let text = match &order.state {
        Fact::Known(OrderState::Draft) => "The order is being written in the shop.".to_owned(),
        Fact::Known(OrderState::Quotation) => {
            evidence.push(context.evidence_of(order.at, "validUntil", &order.valid_until));
            match &order.valid_until {
                Fact::Known(day) if *day < context.today() => {
                    format!("It was offered, and the offer held until {}.", said(*day))
                }
                Fact::Known(day) => format!("It is offered; the offer holds until {}.", said(*day)),
                Fact::Null => "It is offered, without an end.".to_owned(),
                Fact::Unknown(_) => "It is offered; until when could not be found out.".to_owned(),
            }
        }
        Fact::Known(OrderState::PendingApproval) => "It waits for somebody to approve it.".to_owned(),
        Fact::Known(OrderState::Confirmed) => "It was ordered and taken.".to_owned(),
        Fact::Known(OrderState::Completed) => "Its owner has finished it.".to_owned(),
        Fact::Known(OrderState::Closed) => "It was closed by hand.".to_owned(),
        Fact::Known(OrderState::Cancelled) => "It was cancelled as a whole.".to_owned(),
        Fact::Known(OrderState::Other(_)) | Fact::Null => "Its owner's word for it is not mapped.".to_owned(),
        Fact::Unknown(_) => "How far the document is could not be found out.".to_owned(),
    };
    Step { step: "STATE", text, evidence }
}

fn delivery_told(
    fulfillment: &Known<FulfillmentStatus>,
    judged: &[(&LineFacts, LineVerdict)],
    context: &Context<'_>,
) -> Vec<Step> {
    let text = match fulfillment {
        Err(_) => "How far delivery is could not be found out.",
        Ok(FulfillmentStatus::NotApplicable) => "Nothing in it ships.",
        Ok(FulfillmentStatus::Cancelled) => "Everything that ships was cancelled.",
        Ok(FulfillmentStatus::Delivered) => "Everything has arrived.",
        Ok(FulfillmentStatus::Shipped) => "Everything has left.",
        Ok(FulfillmentStatus::PartiallyShipped) => "Something has left, not everything.",
        Ok(FulfillmentStatus::OnHold) => "Nothing has left: everything that is open is held.",
        Ok(FulfillmentStatus::Backordered) => "Nothing has left: everything that is open waits for supply.",
        Ok(FulfillmentStatus::InProgress) => "Nothing has left yet; something is reserved or being picked.",
        Ok(FulfillmentStatus::Unfulfilled) => "Nothing has left yet.",
    };
    let ships = judged.iter().filter(|(_, line)| line.status != LineStatus::NotApplicable);
    let evidence = ships.flat_map(|(line, _)| {
        [context.evidence_of(line.at, "ordered", &line.ordered), context.evidence_of(line.at, "shipped", &line.shipped)]
    });
    let mut steps = vec![Step { step: "DELIVERY", text: text.to_owned(), evidence: evidence.collect() }];
    // What a line waits for is what callers ask about next.
    for reason in judged.iter().flat_map(|(_, line)| &line.reasons) {
        steps.push(Step { step: "LINE", text: reason.message.clone(), evidence: reason.evidence.clone() });
    }
    steps
}

/// That nobody knows what has left: the quantities alone then say how far delivery is.
fn shipments_told(order: &OrderFacts, context: &Context<'_>) -> Option<Step> {
    let shipments = items(&order.shipments).unwrap_or_default();
    let is_dark = |shipment: &&ShipmentFacts| {
        matches!(shipment.state, Fact::Known(ShipmentState::Other(_)) | Fact::Null | Fact::Unknown(_))
    };
    let dark: Vec<_> = shipments.into_iter().filter(is_dark).collect();
    if dark.is_empty() && reasons::unknown_shipments(order).is_none() {
        return None;
    }
    let evidence = dark.iter().map(|shipment| context.evidence_of(shipment.at, "state", &shipment.state)).collect();
    let text = "How far its shipments are could not all be found out.".to_owned();
    Some(Step { step: "SHIPMENTS", text, evidence })
}

fn holds_step(holder: &HolderFacts, stored: Vec<Step>, derived: &[Reason], context: &Context<'_>) -> Vec<Step> {
    let mut steps = stored;
    for reason in derived {
        steps.push(Step { step: "HOLDS", text: reason.message.clone(), evidence: reason.evidence.clone() });
    }
    if steps.is_empty() {
        let text = match hold::is_on_order(holder) {
            Ok(_) => "Nothing holds the whole order.",
            Err(_) => "What holds it could not be found out.",
        };
        let evidence = vec![context.evidence_of_null(holder.at, "holds")];
        steps.push(Step { step: "HOLDS", text: text.to_owned(), evidence });
    }
    steps
}

fn invoices_told(invoicing: &Known<InvoiceStatus>, order: &OrderFacts, context: &Context<'_>) -> Step {
    let text = match invoicing {
        Err(_) => "How far invoicing is could not be found out.",
        Ok(InvoiceStatus::None) => "Nothing is invoiced.",
        Ok(InvoiceStatus::PartiallyInvoiced) => "A part is invoiced.",
        Ok(InvoiceStatus::Invoiced) => "Everything is invoiced.",
        Ok(InvoiceStatus::OverInvoiced) => "More is invoiced than is to be delivered.",
        Ok(InvoiceStatus::Credited) => "Everything that was invoiced was credited.",
    };
    let documents = items(&order.invoices).unwrap_or_default();
    let evidence = documents.iter().map(|document| context.evidence_of(document.at, "number", &document.number));
    Step { step: "INVOICES", text: text.to_owned(), evidence: evidence.collect() }
}

fn payment_told(payment: &Known<PaymentStatus>, order: &OrderFacts, context: &Context<'_>) -> Option<Step> {
    let text = match payment {
        Err(_) => "How far payment is could not be found out.".to_owned(),
        Ok(PaymentStatus::NotDue) => return None,
        Ok(PaymentStatus::Awaiting) => "Payment is awaited, and nothing is late.".to_owned(),
        Ok(PaymentStatus::PartiallyPaid) => "A part is paid, and nothing is late.".to_owned(),
        Ok(PaymentStatus::Paid) => "What is invoiced is paid.".to_owned(),
        Ok(PaymentStatus::Overdue) => {
            let late = payment::late(order, context).unwrap_or_default();
            let oldest = late.iter().map(|(_, day)| *day).min();
            oldest.map_or_else(
                || "Payment is late.".to_owned(),
                |day| format!("Payment is late: an invoice was due on {}.", said(day)),
            )
        }
        Ok(PaymentStatus::Refunded) => "Everything was credited, and nothing is open.".to_owned(),
        Ok(PaymentStatus::WrittenOff) => "Nothing is open: the rest was given up.".to_owned(),
    };
    let documents = items(&order.invoices).unwrap_or_default();
    let evidence: Vec<Evidence> = documents
        .iter()
        .flat_map(|document| {
            [reasons::open(document, context), context.evidence_of(document.at, "dueDate", &document.due_date)]
        })
        .collect();
    Some(Step { step: "PAYMENT", text, evidence })
}

fn returns_told(returning: &Known<ReturnStatus>, order: &OrderFacts, context: &Context<'_>) -> Option<Step> {
    let text = match returning {
        Err(_) => "How far returns are could not be found out.",
        Ok(ReturnStatus::None) => return None,
        Ok(ReturnStatus::Requested) => "A return is asked for.",
        Ok(ReturnStatus::Approved) => "A return is approved.",
        Ok(ReturnStatus::InTransit) => "A return is on its way.",
        Ok(ReturnStatus::PartiallyReturned) => "A part of what was shipped is back.",
        Ok(ReturnStatus::Returned) => "Everything that was shipped is back.",
        Ok(ReturnStatus::Refused) => "A return was refused.",
    };
    let documents = items(&order.returns).unwrap_or_default();
    let evidence = documents.iter().map(|one| context.evidence_of(one.at, "state", &one.state));
    Some(Step { step: "RETURNS", text: text.to_owned(), evidence: evidence.collect() })
}
