//! The roll-up row by row: every word of every axis, every reason, edge days, zones, signs, tolerance, and what must hold of
//! any order at all.

use jiff::{Timestamp, tz::TimeZone};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::facts::OrderFacts;
use crate::rules::{At, Context, Judgement, ReasonCode, Settings, Source, Sources, find};

struct Erp;

impl Sources for Erp {
    fn source(&self, at: At, _: &str) -> Source {
        Source { system: Some("erp".to_owned()), entity: format!("Thing {}", at.0), domain: None, as_of: None }
    }
}

/// What is another than usual, by path.
type Changes<'t> = &'t [(&'t str, Value)];

const NOON: &str = "2026-06-30T10:00:00Z";

fn in_berlin() -> Settings {
    Settings { zone: TimeZone::get("Europe/Berlin").unwrap(), ..Settings::default() }
}

fn run_at(rule: &str, facts: &Value, now: &str, settings: &Settings) -> (Value, Option<Timestamp>) {
    let context = Context { now: now.parse().unwrap(), settings, sources: &Erp, order_limit: None };
    let computed = (find(rule).unwrap().run)(facts.to_string().as_bytes(), b"{}", &context).unwrap();
    (serde_json::from_slice(&computed.members).unwrap(), computed.holds_until)
}

fn judged(order: &Value) -> Value {
    run_at("order.status", order, NOON, &in_berlin()).0
}

/// Sets members of an object, also inside by paths such as `lines.0.shipped`.
fn with(mut base: Value, changes: &[(&str, Value)]) -> Value {
    for (path, value) in changes {
        let pointer = format!("/{}", path.replace('.', "/"));
        if let Some(place) = base.pointer_mut(&pointer) {
            *place = value.clone();
        } else {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            base.pointer_mut(parent).unwrap()[name] = value.clone();
        }
    }
    base
}

fn money(amount: &str) -> Value {
    json!({"$at": 9, "amount": amount, "currency": "EUR"})
}

fn unknown() -> Value {
    json!({"$unknown": {"code": "SOURCE_TIMEOUT", "system": "erp"}})
}

fn line(number: i64, changes: &[(&str, Value)]) -> Value {
    let base = json!({"$at": number, "lineNumber": number, "type": "GOODS", "sku": format!("P-{number}"),
        "requestedSku": null, "ordered": "10", "cancelled": "0", "allocated": "0", "shipped": "0", "delivered": "0",
        "invoiced": "0", "returned": "0", "backordered": "0", "requestedDate": null, "promisedDate": null});
    with(base, changes)
}

fn lines(each: &[&[(&str, Value)]]) -> Value {
    (10..).step_by(10).zip(each).map(|(number, changes)| line(number, changes)).collect()
}

fn order(changes: &[(&str, Value)]) -> Value {
    let base = json!({"$at": 1, "state": "CONFIRMED", "nativeStatus": "OPEN", "requestedDate": null,
        "validUntil": null, "total": money("1000"), "paymentTerms": null, "holds": [], "lines": [line(10, &[])],
        "shipments": [], "invoices": [], "returns": [],
        "buyer": {"$at": 2, "status": "ACTIVE", "nativeStatus": "", "terms": {"$at": 3, "code": "N30", "prepay": false},
            "credit": {"$at": 4, "limit": money("5000"), "exposure": money("1000"), "receivable": money("0"),
                "overdue": money("0"), "oldestDueDate": null, "hold": false, "holdSource": null, "checkedAt": null,
                "sharedWith": []}}});
    with(base, changes)
}

fn hold(code: &str, line: Option<i64>) -> Value {
    json!({"$at": 5, "code": code, "nativeCode": "XX", "level": if line.is_some() { "LINE" } else { "ORDER" },
        "lineNumber": line, "since": "2026-03-02T23:30:00Z", "releasable": true, "setBy": "credit control"})
}

fn invoice(kind: &str, total: &str, open: &str, due: &str) -> Value {
    json!({"$at": 6, "number": "9001", "kind": kind, "dueDate": due, "total": money(total), "open": money(open),
        "lines": []})
}

fn shipment(state: &str, of: i64) -> Value {
    json!({"$at": 7, "number": "8001", "state": state, "nativeStatus": "X", "deliveredAt": null,
        "lines": [{"$at": 7, "lineNumber": of, "quantity": "1"}]})
}

fn back(state: &str, of: i64, quantity: &str) -> Value {
    json!({"$at": 8, "number": "6001", "state": state, "nativeStatus": "X", "date": "2026-06-20",
        "lines": [{"$at": 8, "lineNumber": of, "quantity": quantity}]})
}

fn codes(verdict: &Value) -> Vec<String> {
    let reasons = verdict["reasons"].as_array().unwrap();
    reasons.iter().map(|reason| reason["code"].as_str().unwrap().to_owned()).collect()
}

fn reason<'v>(verdict: &'v Value, code: &str) -> &'v Value {
    let reasons = verdict["reasons"].as_array().unwrap();
    reasons.iter().find(|reason| reason["code"] == code).unwrap_or_else(|| panic!("no {code} in {reasons:#?}"))
}

fn q(number: &str) -> Value {
    json!(number)
}

#[test]
fn a_line_has_the_first_word_that_applies() {
    let held = [hold("CREDIT_HOLD", None)];
    let table: &[(&str, Changes<'_>, bool)] = &[
        ("NOT_APPLICABLE", &[("type", json!("SERVICE"))], false),
        ("NOT_APPLICABLE", &[("type", json!("COMMENT"))], true),
        ("NOT_APPLICABLE", &[("type", json!("FREIGHT"))], false),
        ("NOT_APPLICABLE", &[("type", json!("RETURN"))], false),
        ("NOT_APPLICABLE", &[("ordered", q("0"))], false),
        ("UNKNOWN", &[("type", json!("BUNDLE"))], false),
        ("UNKNOWN", &[("type", Value::Null)], false),
        ("UNKNOWN", &[("ordered", q("-4"))], false),
        ("UNKNOWN", &[("shipped", unknown())], false),
        ("CANCELLED", &[("cancelled", q("10.000"))], true),
        ("DELIVERED", &[("cancelled", q("4")), ("shipped", q("6")), ("delivered", q("6"))], true),
        ("SHIPPED", &[("cancelled", q("4")), ("shipped", q("6")), ("delivered", q("5.999"))], true),
        ("SHIPPED", &[("shipped", q("11"))], false),
        ("PARTIALLY_SHIPPED", &[("shipped", q("0.001")), ("backordered", q("9"))], true),
        ("ON_HOLD", &[("allocated", q("10"))], true),
        ("BACKORDERED", &[("allocated", q("9.999")), ("backordered", q("0.001"))], false),
        ("ALLOCATED", &[("allocated", q("10"))], false),
        ("ALLOCATED", &[("cancelled", q("1")), ("allocated", q("9"))], false),
        ("OPEN", &[("allocated", q("9"))], false),
        ("OPEN", &[], false),
    ];
    for (word, changes, is_held) in table {
        let holds = if *is_held { json!(held) } else { json!([]) };
        let holder = json!({"$at": 1, "state": "CONFIRMED", "requestedDate": null, "holds": holds});
        let (verdict, _) = run_at("order.line", &with(line(10, changes), &[("$holder", holder)]), NOON, &in_berlin());
        assert_eq!(verdict["status"], *word, "{changes:?}");
    }
}

#[test]
fn a_line_is_held_by_its_own_hold_and_by_none_of_another_line() {
    for (number, word) in [(10, "ON_HOLD"), (20, "OPEN")] {
        let holds = json!([hold("FREIGHT_CONSTRAINT", Some(number))]);
        let holder = json!({"state": "CONFIRMED", "requestedDate": null, "holds": holds});
        let (verdict, _) = run_at("order.line", &with(line(10, &[]), &[("$holder", holder)]), NOON, &in_berlin());
        assert_eq!(verdict["status"], word);
        assert_eq!(codes(&verdict).len(), usize::from(number == 10));
    }
    let (verdict, _) = run_at("order.line", &with(line(10, &[]), &[("$holder", unknown())]), NOON, &in_berlin());
    assert_eq!((&verdict["status"], codes(&verdict)), (&json!("UNKNOWN"), vec!["SOURCE_TIMEOUT".to_owned()]));
}

#[test]
fn what_is_open_is_as_the_figures_say_and_null_where_nothing_ships() {
    let open =
        |changes: &[(&str, Value)]| run_at("order.line", &line(10, changes), NOON, &in_berlin()).0["open"].clone();
    assert_eq!(open(&[("cancelled", q("2")), ("shipped", q("3.5"))]), "4.5");
    assert_eq!(open(&[("shipped", q("12"))]), "-2");
    assert_eq!(open(&[("type", json!("SERVICE"))]), Value::Null);
    assert_eq!(open(&[("shipped", unknown())]), Value::Null);
    assert_eq!(open(&[("ordered", q("-79228162514264337593543950335")), ("cancelled", q("1"))]), Value::Null);
}

#[test]
fn delivery_is_rolled_up_over_what_ships() {
    let gone: &[(&str, Value)] = &[("shipped", q("10"))];
    let there: &[(&str, Value)] = &[("shipped", q("10")), ("delivered", q("10"))];
    let cancelled: &[(&str, Value)] = &[("cancelled", q("10"))];
    let waiting: &[(&str, Value)] = &[("backordered", q("10"))];
    let reserved: &[(&str, Value)] = &[("allocated", q("1"))];
    let part: &[(&str, Value)] = &[("shipped", q("1"))];
    let work: &[(&str, Value)] = &[("type", json!("SERVICE"))];
    let text: &[(&str, Value)] = &[("type", json!("COMMENT")), ("ordered", q("0"))];
    let still: &[(&str, Value)] = &[];
    let table: &[(&str, &[Changes<'_>])] = &[
        ("NOT_APPLICABLE", &[]),
        ("NOT_APPLICABLE", &[work, text]),
        ("CANCELLED", &[cancelled, cancelled, work]),
        ("DELIVERED", &[there, cancelled, text]),
        ("SHIPPED", &[there, gone, work]),
        ("PARTIALLY_SHIPPED", &[there, still]),
        ("PARTIALLY_SHIPPED", &[part, waiting]),
        ("BACKORDERED", &[waiting, waiting, cancelled, work]),
        ("UNFULFILLED", &[waiting, still]),
        ("IN_PROGRESS", &[waiting, reserved]),
        ("UNFULFILLED", &[still, text]),
    ];
    for (word, each) in table {
        assert_eq!(judged(&order(&[("lines", lines(each))]))["fulfillmentStatus"], *word, "{each:?}");
    }
    let picked = order(&[("shipments", json!([shipment("PICKING", 10)]))]);
    assert_eq!(judged(&picked)["fulfillmentStatus"], "IN_PROGRESS");
    let held = json!([hold("FREIGHT_CONSTRAINT", Some(10)), hold("FREIGHT_CONSTRAINT", Some(20))]);
    let both = order(&[("lines", lines(&[still, reserved])), ("holds", held.clone())]);
    assert_eq!(judged(&both)["fulfillmentStatus"], "ON_HOLD");
    let one_free = order(&[("lines", lines(&[still, reserved, still])), ("holds", held)]);
    assert_eq!(judged(&one_free)["fulfillmentStatus"], "IN_PROGRESS");
    for broken in [[("lines", unknown())], [("lines.0.delivered", unknown())], [("lines.0.type", json!("BUNDLE"))]] {
        assert_eq!(judged(&order(&broken))["fulfillmentStatus"], Value::Null, "{broken:?}");
    }
}

#[test]
fn invoicing_goes_by_quantity_within_a_tolerance_and_else_by_value() {
    let table: &[(&str, &[Changes<'_>])] = &[
        ("NONE", &[&[]]),
        ("NONE", &[&[("invoiced", q("0.00000001"))]]),
        ("PARTIALLY_INVOICED", &[&[("invoiced", q("0.1"))]]),
        ("PARTIALLY_INVOICED", &[&[("invoiced", q("10"))], &[]]),
        ("PARTIALLY_INVOICED", &[&[("invoiced", q("10"))], &[("type", json!("SERVICE"))]]),
        ("INVOICED", &[&[("invoiced", q("9.9999999"))], &[("cancelled", q("10"))]]),
        ("INVOICED", &[&[("invoiced", q("10.0000001"))], &[("type", json!("FREIGHT"))]]),
        ("INVOICED", &[&[("invoiced", q("6")), ("cancelled", q("4"))]]),
        ("OVER_INVOICED", &[&[("invoiced", q("10.001"))], &[]]),
        ("OVER_INVOICED", &[&[("invoiced", q("1")), ("cancelled", q("10"))]]),
    ];
    for (word, each) in table {
        assert_eq!(judged(&order(&[("lines", lines(each))]))["invoiceStatus"], *word, "{each:?}");
    }
    let by_value = |billed: &str| {
        let invoices = json!([invoice("INVOICE", billed, "0", "2026-07-01")]);
        judged(&order(&[("invoices", invoices)]))["invoiceStatus"].clone()
    };
    assert_eq!(by_value("300"), "PARTIALLY_INVOICED");
    assert_eq!(by_value("1000.00"), "INVOICED");
    assert_eq!(by_value("1000.01"), "OVER_INVOICED");
    let credited =
        json!([invoice("INVOICE", "500", "0", "2026-07-01"), invoice("CREDIT_NOTE", "500", "0", "2026-07-01")]);
    let all = lines(&[&[("shipped", q("10")), ("invoiced", q("10"))]]);
    assert_eq!(judged(&order(&[("lines", all), ("invoices", credited)]))["invoiceStatus"], "CREDITED");
    let over = judged(&order(&[("lines", lines(&[&[("invoiced", q("11"))]]))]));
    assert_eq!(reason(&over, "INVOICE_EXCEPTION")["severity"], "BLOCKING");
}

#[test]
fn payment_goes_by_what_is_open_over_documents_of_either_sign() {
    type Document<'t> = (&'t str, &'t str, &'t str, &'t str);
    let table: &[(&str, &[Document<'_>])] = &[
        ("NOT_DUE", &[]),
        ("AWAITING", &[("INVOICE", "100", "100", "2026-07-30")]),
        ("AWAITING", &[("INVOICE", "100", "100", "2026-06-30")]),
        ("OVERDUE", &[("INVOICE", "100", "100", "2026-06-29")]),
        ("OVERDUE", &[("INVOICE", "100", "1", "2026-06-29"), ("INVOICE", "50", "0", "2026-06-29")]),
        ("PARTIALLY_PAID", &[("INVOICE", "100", "40", "2026-07-30")]),
        ("PARTIALLY_PAID", &[("INVOICE", "100", "100", "2026-07-30"), ("INVOICE", "50", "0", "2026-06-01")]),
        ("PAID", &[("INVOICE", "100", "0", "2026-06-01")]),
        ("PAID", &[("INVOICE", "100", "0.004", "2026-06-01")]),
        ("PAID", &[("INVOICE", "100", "0", "2026-06-01"), ("CREDIT_NOTE", "30", "0", "2026-06-01")]),
        // A credit that was taken off is no payment, and one that was not is.
        ("AWAITING", &[("INVOICE", "100", "70", "2026-07-30"), ("CREDIT_NOTE", "30", "0", "2026-06-01")]),
        ("AWAITING", &[("INVOICE", "100", "100", "2026-07-30"), ("CREDIT_NOTE", "30", "30", "2026-06-01")]),
        ("AWAITING", &[("INVOICE", "100", "100", "2026-07-30"), ("INVOICE", "-30", "-30", "2026-06-01")]),
        ("AWAITING", &[("INVOICE", "100", "100", "2026-07-30"), ("CREDIT_NOTE", "-30", "-30", "2026-06-01")]),
        ("REFUNDED", &[("INVOICE", "100", "0", "2026-06-01"), ("CREDIT_NOTE", "100", "0", "2026-06-01")]),
        ("REFUNDED", &[("INVOICE", "100", "100", "2026-06-01"), ("CREDIT_NOTE", "100", "100", "2026-06-01")]),
        ("REFUNDED", &[("CREDIT_NOTE", "100", "0", "2026-06-01")]),
        ("PAID", &[("INVOICE", "100", "0", "2026-06-01"), ("CREDIT_NOTE", "100", "100", "2026-06-01")]),
        ("AWAITING", &[("CREDIT_NOTE", "100", "100", "2026-06-01")]),
        ("WRITTEN_OFF", &[("INVOICE", "100", "0", "2026-06-01"), ("WRITE_OFF", "20", "0", "2026-06-01")]),
    ];
    for (word, documents) in table {
        let invoices: Value =
            documents.iter().map(|(kind, total, open, due)| invoice(kind, total, open, due)).collect();
        assert_eq!(judged(&order(&[("invoices", invoices)]))["paymentStatus"], *word, "{documents:?}");
    }
    let one = json!([invoice("INVOICE", "100", "100", "2026-06-29")]);
    let broken = [
        ("invoices.0.open", unknown()),
        ("invoices.0.kind", json!("PROFORMA")),
        ("invoices.0.total", Value::Null),
        ("invoices.0.total.amount", q("79228162514264337593543950335")),
    ];
    for change in broken {
        let mut both = with(order(&[("invoices", one.clone())]), &[change]);
        let invoices = both["invoices"].as_array_mut().unwrap();
        invoices.push(with(invoices[0].clone(), &[]));
        assert_eq!(judged(&both)["paymentStatus"], Value::Null, "{both}");
    }
    let foreign = with(order(&[("invoices", json!([one[0], one[0]]))]), &[("invoices.1.total.currency", json!("USD"))]);
    let verdict = judged(&with(foreign, &[("invoices.1.open.currency", json!("USD"))]));
    assert_eq!(verdict["paymentStatus"], Value::Null);
    assert!(reason(&verdict, "INVOICE_EXCEPTION")["message"].as_str().unwrap().contains("several currencies"));
}

#[test]
fn a_due_day_ends_where_the_seller_is() {
    let due = order(&[("invoices", json!([invoice("INVOICE", "100", "100", "2026-06-30")]))]);
    let at = |now: &str, zone: &str| {
        let settings = Settings { zone: TimeZone::get(zone).unwrap(), ..Settings::default() };
        let (verdict, until) = run_at("order.status", &due, now, &settings);
        (verdict["paymentStatus"].as_str().unwrap().to_owned(), until.map(|until| until.to_string()))
    };
    let holds = |word: &str, until: Option<&str>| (word.to_owned(), until.map(str::to_owned));
    assert_eq!(at("2026-06-30T21:59:59Z", "Europe/Berlin"), holds("AWAITING", Some("2026-06-30T22:00:00Z")));
    assert_eq!(at("2026-06-30T22:00:00Z", "Europe/Berlin"), holds("OVERDUE", None));
    assert_eq!(at("2026-06-30T22:00:00Z", "UTC"), holds("AWAITING", Some("2026-07-01T00:00:00Z")));
    assert_eq!(at("2026-07-01T03:59:00Z", "America/New_York"), holds("AWAITING", Some("2026-07-01T04:00:00Z")));
    assert_eq!(at("2026-07-01T04:00:00Z", "America/New_York"), holds("OVERDUE", None));
    let overdue = run_at("order.status", &due, "2026-07-02T10:00:00Z", &in_berlin()).0;
    assert_eq!(reason(&overdue, "ACCOUNT_OVERDUE")["evidence"][2]["value"], "100 EUR");
}

#[test]
fn returns_come_three_ways_and_are_not_counted_twice() {
    let gone = line(10, &[("shipped", q("10")), ("delivered", q("10")), ("invoiced", q("10"))]);
    let came = |quantity: &str| with(gone.clone(), &[("returned", q(quantity))]);
    let coming = line(20, &[("type", json!("RETURN")), ("sku", json!("P-10")), ("ordered", q("4"))]);
    let coming_all = with(coming.clone(), &[("ordered", q("10"))]);
    let credit = |quantity: &str| {
        let lines = json!([{"lineNumber": 10, "quantity": quantity}]);
        json!([with(invoice("CREDIT_NOTE", "1", "0", "2026-06-01"), &[("lines", lines)])])
    };
    let table: Vec<(&str, Vec<(&str, Value)>)> = vec![
        ("NONE", vec![("lines", json!([gone]))]),
        ("REQUESTED", vec![("lines", json!([gone])), ("returns", json!([back("REQUESTED", 10, "1")]))]),
        ("APPROVED", vec![("returns", json!([back("APPROVED", 10, "1"), back("REQUESTED", 10, "1")]))]),
        ("IN_TRANSIT", vec![("returns", json!([back("APPROVED", 10, "1"), back("IN_TRANSIT", 10, "1")]))]),
        ("REFUSED", vec![("lines", json!([gone])), ("returns", json!([back("REFUSED", 10, "1")]))]),
        ("PARTIALLY_RETURNED", vec![("lines", json!([came("3")]))]),
        ("PARTIALLY_RETURNED", vec![("lines", json!([gone])), ("returns", json!([back("RECEIVED", 10, "9")]))]),
        ("RETURNED", vec![("lines", json!([came("10")])), ("returns", json!([back("REFUSED", 10, "1")]))]),
        ("RETURNED", vec![("lines", json!([gone])), ("returns", json!([back("RECEIVED", 10, "10")]))]),
        // The line and the document say the same of the same goods.
        ("PARTIALLY_RETURNED", vec![("lines", json!([came("5")])), ("returns", json!([back("RECEIVED", 10, "5")]))]),
        ("PARTIALLY_RETURNED", vec![("lines", json!([gone])), ("invoices", credit("2"))]),
        ("RETURNED", vec![("lines", json!([gone])), ("invoices", credit("-10"))]),
        ("APPROVED", vec![("lines", json!([gone, coming]))]),
        ("REQUESTED", vec![("lines", json!([coming])), ("state", json!("PENDING_APPROVAL"))]),
        ("NONE", vec![("lines", json!([gone, coming])), ("state", json!("CANCELLED"))]),
        ("PARTIALLY_RETURNED", vec![("lines", json!([gone, coming])), ("state", json!("COMPLETED"))]),
        ("RETURNED", vec![("lines", json!([gone, coming_all])), ("state", json!("COMPLETED"))]),
        ("RETURNED", vec![("lines", json!([with(coming.clone(), &[("returned", q("4"))])]))]),
    ];
    for (word, changes) in table {
        assert_eq!(judged(&order(&changes))["returnStatus"], word, "{changes:?}");
    }
    for broken in [("returns", unknown()), ("lines", unknown()), ("invoices", unknown())] {
        assert_eq!(judged(&order(&[broken]))["returnStatus"], Value::Null);
    }
}

#[test]
fn an_order_has_the_first_word_that_applies() {
    let gone = || json!([line(10, &[("shipped", q("10")), ("invoiced", q("10"))])]);
    let paid = || json!([invoice("INVOICE", "1000", "0", "2026-06-01")]);
    let owing = || json!([invoice("INVOICE", "1000", "1000", "2026-07-30")]);
    let held = || json!([hold("DELIVERY_BLOCK", None)]);
    let work = || json!([line(10, &[("type", json!("SERVICE")), ("invoiced", q("10"))])]);
    let cancelled = || json!([line(10, &[("cancelled", q("10"))]), line(20, &[("type", json!("FREIGHT"))])]);
    let table: Vec<(&str, Vec<(&str, Value)>)> = vec![
        ("DRAFT", vec![("state", json!("DRAFT")), ("holds", held()), ("lines", unknown())]),
        ("QUOTATION", vec![("state", json!("QUOTATION")), ("validUntil", json!("2026-06-30")), ("holds", held())]),
        ("QUOTATION", vec![("state", json!("QUOTATION"))]),
        ("EXPIRED_QUOTATION", vec![("state", json!("QUOTATION")), ("validUntil", json!("2026-06-29"))]),
        ("UNKNOWN", vec![("state", json!("QUOTATION")), ("validUntil", unknown())]),
        ("CANCELLED", vec![("state", json!("CANCELLED")), ("holds", held())]),
        ("CANCELLED", vec![("lines", cancelled()), ("holds", held())]),
        ("PENDING_APPROVAL", vec![("state", json!("PENDING_APPROVAL")), ("holds", held())]),
        ("ON_HOLD", vec![("holds", held()), ("lines", gone())]),
        ("ON_HOLD", vec![("holds", json!([hold("SOMETHING", None)]))]),
        ("ON_HOLD", vec![("state", json!("CLOSED")), ("holds", held())]),
        ("CLOSED_SHORT", vec![("state", json!("CLOSED")), ("lines.0.shipped", q("9"))]),
        ("COMPLETED", vec![("state", json!("CLOSED")), ("lines", gone()), ("invoices", paid())]),
        ("COMPLETED", vec![("lines", gone()), ("invoices", paid())]),
        ("COMPLETED", vec![("lines", work()), ("invoices", paid())]),
        ("CONFIRMED", vec![("lines", work()), ("invoices", owing())]),
        ("SHIPPED", vec![("lines", gone()), ("invoices", owing())]),
        ("SHIPPED", vec![("lines", gone())]),
        ("SHIPPED", vec![("state", json!("COMPLETED")), ("lines", gone()), ("invoices", owing())]),
        // Paid is what was invoiced, and half is not.
        ("SHIPPED", vec![("lines", with(gone(), &[("0.invoiced", q("5"))])), ("invoices", paid())]),
        ("PARTIALLY_SHIPPED", vec![("lines.0.shipped", q("9"))]),
        ("BACKORDERED", vec![("lines.0.backordered", q("10"))]),
        ("IN_PROGRESS", vec![("lines.0.allocated", q("1"))]),
        ("CONFIRMED", vec![]),
        ("CONFIRMED", vec![("holds", json!([hold("FREIGHT_CONSTRAINT", Some(10))]))]),
        ("UNKNOWN", vec![("state", Value::Null)]),
        ("UNKNOWN", vec![("state", json!("PARKED"))]),
        ("UNKNOWN", vec![("state", unknown())]),
        ("UNKNOWN", vec![("lines", unknown())]),
        ("UNKNOWN", vec![("holds", unknown())]),
        ("UNKNOWN", vec![("lines", gone()), ("invoices", unknown())]),
        ("PARTIALLY_SHIPPED", vec![("lines.0.shipped", q("9")), ("invoices", unknown())]),
    ];
    for (word, changes) in table {
        assert_eq!(judged(&order(&changes))["status"], word, "{changes:?}");
    }
}

#[test]
fn a_word_that_is_not_mapped_is_said_and_the_owners_own_is_evidence() {
    for state in [Value::Null, json!("PARKED")] {
        let verdict = judged(&order(&[("state", state), ("nativeStatus", json!("ZZ"))]));
        let unmapped = reason(&verdict, "STATUS_UNMAPPED");
        assert_eq!(
            unmapped["evidence"][1],
            json!({"field": "nativeStatus", "value": "ZZ", "entity": "Thing 1",
            "system": "erp", "asOf": null})
        );
    }
    for change in [
        ("lines.0.type", json!("BUNDLE")),
        ("shipments", json!([shipment("LOST", 10)])),
        ("returns", json!([back("ODD", 10, "1")])),
        ("holds", json!([hold("ODD", None)])),
        ("buyer.status", json!("ODD")),
    ] {
        assert!(
            codes(&judged(&order(std::slice::from_ref(&change)))).contains(&"STATUS_UNMAPPED".to_owned()),
            "{change:?}"
        );
    }
}

#[test]
fn each_stored_hold_is_a_reason_and_says_that_it_is_stored() {
    let scoped = [
        ("CREDIT_HOLD", "ACCOUNT"),
        ("DELIVERY_BLOCK", "ORDER"),
        ("BILLING_BLOCK", "ORDER"),
        ("MANUAL_REVIEW", "ORDER"),
        ("PREPAYMENT_REQUIRED", "ORDER"),
        ("APPROVAL_REQUIRED", "ORDER"),
        ("FREIGHT_CONSTRAINT", "ORDER"),
    ];
    for (code, scope) in scoped {
        let verdict = judged(&order(&[("holds", json!([hold(code, None)]))]));
        let reason = reason(&verdict, code);
        assert_eq!((&reason["severity"], &reason["scope"]), (&json!("BLOCKING"), &json!(scope)));
        let evidence = reason["evidence"].as_array().unwrap();
        let fields: Vec<&str> = evidence.iter().map(|one| one["field"].as_str().unwrap()).collect();
        assert_eq!(fields, ["code", "nativeCode", "since", "setBy", "releasable", "holdSource"]);
        assert_eq!(evidence[5]["value"], "STORED");
    }
    let on_line = judged(&order(&[("holds", json!([hold("FREIGHT_CONSTRAINT", Some(10))]))]));
    assert_eq!(reason(&on_line, "FREIGHT_CONSTRAINT")["scope"], "LINE");
}

#[test]
fn a_service_agent_can_read_the_explanation_out() {
    let verdict = judged(&order(&[
        ("holds", json!([hold("CREDIT_HOLD", None)])),
        (
            "lines",
            lines(&[&[("allocated", q("10"))], &[("backordered", q("10")), ("promisedDate", json!("2026-07-12"))]]),
        ),
    ]));
    let steps = verdict["statusExplanation"].as_array().unwrap();
    let told: Vec<(&str, &str)> =
        steps.iter().map(|step| (step["step"].as_str().unwrap(), step["text"].as_str().unwrap())).collect();
    let expected = [
        ("STATE", "It was ordered and taken."),
        ("DELIVERY", "Nothing has left: everything that is open is held."),
        ("LINE", "Line 20: all that is open waits for supply; it is promised for 12 July 2026."),
        (
            "HOLDS",
            "The order is on credit hold; credit control set it on 3 March 2026, and customer service may release it.",
        ),
        ("INVOICES", "Nothing is invoiced."),
        ("STATUS", "So the order is on hold."),
    ];
    assert_eq!(told, expected);
    assert_eq!(steps[3]["evidence"][2]["value"], "2026-03-02T23:30:00Z");
}

#[test]
fn a_credit_hold_that_is_stored_nowhere_is_derived_for_what_is_not_released() {
    let above = ("buyer.credit.exposure", money("6000"));
    let held = ("buyer.credit.hold", json!(true));
    for state in ["QUOTATION", "PENDING_APPROVAL"] {
        for cause in [&above, &held] {
            let verdict = judged(&order(&[("state", json!(state)), cause.clone()]));
            assert_eq!(verdict["status"], state);
            let reason = reason(&verdict, "CREDIT_HOLD");
            let source = reason["evidence"].as_array().unwrap().last().unwrap().clone();
            assert_eq!((&source["field"], &source["value"]), (&json!("holdSource"), &json!("DERIVED")));
            assert!(!reason["message"].as_str().unwrap().contains("6000"));
        }
    }
    let quiet = [
        order(&[("state", json!("QUOTATION"))]),
        order(std::slice::from_ref(&above)),
        order(&[("state", json!("CANCELLED")), above.clone()]),
    ];
    for order in quiet {
        assert!(!codes(&judged(&order)).contains(&"CREDIT_HOLD".to_owned()), "{order}");
    }
    let stored = order(&[("state", json!("QUOTATION")), above, ("holds", json!([hold("CREDIT_HOLD", None)]))]);
    assert_eq!(codes(&judged(&stored)).iter().filter(|code| *code == "CREDIT_HOLD").count(), 1);
    for missing in [("buyer", unknown()), ("buyer.credit", unknown()), ("buyer.credit.exposure", unknown())] {
        let verdict = judged(&order(&[("state", json!("QUOTATION")), missing]));
        assert_eq!(verdict["status"], "QUOTATION");
        assert_eq!(reason(&verdict, "CREDIT_NOT_CHECKED")["severity"], "WARNING");
    }
}

#[test]
fn each_broken_identity_of_quantities_is_reported_and_none_repaired() {
    let table: &[(&str, &[(&str, Value)])] = &[
        ("one is below zero", &[("shipped", q("-1"))]),
        ("more was cancelled than was ordered", &[("cancelled", q("10.001"))]),
        ("more is invoiced than was ordered", &[("invoiced", q("10.001"))]),
        ("more was shipped than was to be delivered", &[("shipped", q("7")), ("cancelled", q("4"))]),
        ("more arrived than was shipped", &[("shipped", q("7")), ("delivered", q("8"))]),
        ("more came back than was shipped", &[("shipped", q("7")), ("returned", q("8"))]),
        ("more waits for supply than is open", &[("shipped", q("7")), ("backordered", q("4"))]),
    ];
    for (said, changes) in table {
        let verdict = judged(&order(&[("lines", lines(&[changes]))]));
        let reason = reason(&verdict, "QUANTITIES_INCONSISTENT");
        let message = reason["message"].as_str().unwrap();
        assert!(message.starts_with("Line 10: ") && message.contains(said), "{message}");
        assert!(!reason["evidence"].as_array().unwrap().is_empty());
    }
    let sound: &[&[(&str, Value)]] = &[
        &[],
        &[("shipped", q("10")), ("delivered", q("10")), ("invoiced", q("10")), ("returned", q("10"))],
        &[("cancelled", q("4")), ("shipped", q("2")), ("backordered", q("4")), ("invoiced", q("2"))],
        &[("type", json!("SERVICE")), ("invoiced", q("10"))],
        &[("type", json!("RETURN")), ("returned", q("10"))],
    ];
    for changes in sound {
        let verdict = judged(&order(&[("lines", lines(&[changes]))]));
        assert!(!codes(&verdict).contains(&"QUANTITIES_INCONSISTENT".to_owned()), "{changes:?}");
    }
    let finished = judged(&order(&[("state", json!("COMPLETED"))]));
    assert_eq!(reason(&finished, "QUANTITIES_INCONSISTENT")["evidence"][0]["value"], "COMPLETED");
}

#[test]
fn each_thing_that_happens_to_an_order_has_its_reason() {
    let promised = |day: &str| ("promisedDate", json!(day));
    let of_line = |changes: &[(&str, Value)]| ("lines", lines(&[changes]));
    type Row<'t> = (&'t str, &'t str, Vec<(&'t str, Value)>);
    let table: Vec<Row<'_>> = vec![
        (
            "SUBSTITUTED",
            "Line 10: P-10 is delivered instead of OLD-1.",
            vec![of_line(&[("requestedSku", json!("OLD-1"))])],
        ),
        (
            "BACKORDERED",
            "Line 10: all that is open waits for supply; it is promised for 1 August 2026.",
            vec![of_line(&[("backordered", q("10")), promised("2026-08-01")])],
        ),
        (
            "BACKORDERED",
            "Line 10: all that is open waits for supply; no day can be promised yet.",
            vec![of_line(&[("backordered", q("10"))])],
        ),
        (
            "PARTIAL_BACKORDER",
            "Line 10: a part waits for supply; no day can be promised yet.",
            vec![of_line(&[("backordered", q("3"))])],
        ),
        (
            "LEAD_TIME_EXCEEDS_REQUEST",
            "Line 10: promised for 2 July 2026, asked for by 1 July 2026.",
            vec![of_line(&[("requestedDate", json!("2026-07-01")), promised("2026-07-02")])],
        ),
        (
            "LEAD_TIME_EXCEEDS_REQUEST",
            "Line 10: promised for 2 July 2026, asked for by 1 July 2026.",
            vec![("requestedDate", json!("2026-07-01")), of_line(&[promised("2026-07-02")])],
        ),
        (
            "SHIPMENT_EXCEPTION",
            "Shipment 8001 was lost, refused or damaged on the way.",
            vec![("shipments", json!([shipment("EXCEPTION", 10)])), of_line(&[("shipped", q("10"))])],
        ),
        (
            "ACCOUNT_OVERDUE",
            "An invoice of the order is past its due date since 1 June 2026.",
            vec![("invoices", json!([invoice("INVOICE", "9", "9", "2026-06-01")]))],
        ),
        ("RETURN_NOT_ALLOWED", "Return 6001 was refused.", vec![("returns", json!([back("REFUSED", 10, "1")]))]),
        (
            "APPROVAL_REQUIRED",
            "The order waits for somebody to approve it.",
            vec![("state", json!("PENDING_APPROVAL"))],
        ),
        (
            "PREPAYMENT_REQUIRED",
            "The order has to be paid before it ships: no hold is stored with it, it follows from the account's terms.",
            vec![("buyer.terms.prepay", json!(true))],
        ),
        (
            "PREPAYMENT_REQUIRED",
            "The order has to be paid before it ships: no hold is stored with it, it follows from the account's terms.",
            vec![("buyer.credit.limit", money("0.00"))],
        ),
        ("ACCOUNT_BLOCKED", "The account is on hold as a whole.", vec![("buyer.status", json!("ON_HOLD"))]),
        ("ACCOUNT_INACTIVE", "The account buys no more.", vec![("buyer.status", json!("INACTIVE"))]),
        (
            "SOURCE_TIMEOUT",
            "How far returns are could not be found out: erp did not answer in time.",
            vec![("returns", unknown())],
        ),
    ];
    for (code, message, changes) in table {
        let verdict = judged(&order(&changes));
        assert_eq!(reason(&verdict, code)["message"], message, "{changes:?}");
    }
}

#[test]
fn what_is_settled_gives_no_reason() {
    let quiet: Vec<(&str, Vec<(&str, Value)>)> = vec![
        ("SUBSTITUTED", vec![("lines.0.requestedSku", json!("P-10"))]),
        (
            "LEAD_TIME_EXCEEDS_REQUEST",
            vec![("lines.0.requestedDate", json!("2026-07-01")), ("lines.0.promisedDate", json!("2026-07-01"))],
        ),
        (
            "LEAD_TIME_EXCEEDS_REQUEST",
            vec![
                ("lines.0.requestedDate", json!("2026-07-01")),
                ("lines.0.promisedDate", json!("2026-07-09")),
                ("lines.0.shipped", q("10")),
            ],
        ),
        ("BACKORDERED", vec![("state", json!("CLOSED")), ("lines.0.backordered", q("10"))]),
        ("PREPAYMENT_REQUIRED", vec![("buyer.terms.prepay", json!(true)), ("paymentTerms", json!("N60"))]),
        (
            "PREPAYMENT_REQUIRED",
            vec![
                ("buyer.terms.prepay", json!(true)),
                ("invoices", json!([invoice("INVOICE", "1000", "0", "2026-06-01")])),
            ],
        ),
        ("PREPAYMENT_REQUIRED", vec![("buyer.terms.prepay", json!(true)), ("lines.0.shipped", q("10"))]),
        ("PREPAYMENT_REQUIRED", vec![("buyer.credit.limit", Value::Null)]),
        ("ACCOUNT_BLOCKED", [finished(), vec![("buyer.status", json!("ON_HOLD"))]].concat()),
        ("ACCOUNT_OVERDUE", vec![("invoices", json!([invoice("INVOICE", "9", "9", "2026-06-30")]))]),
    ];
    for (code, changes) in quiet {
        assert!(!codes(&judged(&order(&changes))).contains(&code.to_owned()), "{code} {changes:?}");
    }
    let arrived = [("shipped", q("10")), ("delivered", q("10"))];
    let verdict = judged(&order(&[("lines", lines(&[&arrived])), ("shipments", json!([shipment("EXCEPTION", 10)]))]));
    assert_eq!(reason(&verdict, "SHIPMENT_EXCEPTION")["severity"], "INFO");
}

#[test]
fn goods_can_come_back_for_so_many_days_after_they_arrived() {
    let arrived = with(shipment("DELIVERED", 10), &[("deliveredAt", json!("2026-06-05T22:30:00Z"))]);
    let asked = order(&[("shipments", json!([arrived])), ("returns", json!([back("REQUESTED", 10, "1")]))]);
    // It arrived on the sixth in Berlin, and was asked for on the twentieth.
    for (days, is_closed) in [(None, false), (Some(14), false), (Some(13), true)] {
        let mut settings = in_berlin();
        settings.status.return_days = days;
        let (verdict, _) = run_at("order.status", &asked, NOON, &settings);
        assert_eq!(codes(&verdict).contains(&"RETURN_WINDOW_CLOSED".to_owned()), is_closed, "{days:?}");
    }
}

#[test]
fn an_offer_holds_until_its_last_day_is_over() {
    let offer = order(&[("state", json!("QUOTATION")), ("validUntil", json!("2026-06-30"))]);
    let (verdict, until) = run_at("order.status", &offer, "2026-06-30T21:59:59Z", &in_berlin());
    assert_eq!(verdict["status"], "QUOTATION");
    let (after, never) = run_at("order.status", &offer, &until.unwrap().to_string(), &in_berlin());
    assert_eq!((after["status"].as_str(), never), (Some("EXPIRED_QUOTATION"), None));
}

#[test]
fn an_order_of_a_contract_that_says_nothing_more_is_still_judged() {
    let verdict = judged(&json!({"state": "CONFIRMED", "lines": [{"lineNumber": 1, "type": "GOODS", "ordered": "1"}]}));
    assert_eq!((&verdict["status"], &verdict["paymentStatus"]), (&json!("CONFIRMED"), &json!("NOT_DUE")));
}

fn quantity() -> impl Strategy<Value = Value> {
    prop_oneof![
        8 => (0_i64..=12).prop_map(|number| json!(number.to_string())),
        1 => Just(json!("0.5")),
        1 => Just(json!("-1")),
        1 => Just(json!("79228162514264337593543950335")),
    ]
}

fn any_line(number: i64) -> impl Strategy<Value = Value> {
    let kinds = prop::sample::select(vec!["GOODS", "GOODS", "GOODS", "SERVICE", "COMMENT", "FREIGHT", "RETURN", "ODD"]);
    (kinds, prop::collection::vec(quantity(), 7), prop::sample::select(vec!["0", "10", "10", "10"])).prop_map(
        move |(kind, quantities, ordered)| {
            let names = ["cancelled", "allocated", "shipped", "delivered", "invoiced", "returned", "backordered"];
            let mut changes: Vec<(&str, Value)> = names.into_iter().zip(quantities).collect();
            changes.extend([("type", json!(kind)), ("ordered", json!(ordered)), ("sku", json!("P"))]);
            line(number, &changes)
        },
    )
}

fn any_order() -> impl Strategy<Value = Value> {
    let states = prop::sample::select(vec![
        "DRAFT",
        "QUOTATION",
        "PENDING_APPROVAL",
        "CONFIRMED",
        "CONFIRMED",
        "COMPLETED",
        "CLOSED",
        "CANCELLED",
        "ODD",
    ]);
    let lines = (any_line(10), any_line(20), any_line(30), 0_usize..=3)
        .prop_map(|(one, two, three, n)| [one, two, three].into_iter().take(n).collect::<Value>());
    let holds = prop::sample::select(vec![
        json!([]),
        json!([]),
        json!([hold("CREDIT_HOLD", None)]),
        json!([hold("FREIGHT_CONSTRAINT", Some(20))]),
    ]);
    let kinds = prop::sample::select(vec!["INVOICE", "INVOICE", "CREDIT_NOTE", "WRITE_OFF"]);
    let days = prop::sample::select(vec!["2026-06-29", "2026-06-30", "2026-07-01", "2026-07-02"]);
    let document = (kinds, -100_i64..1_000, 0_i64..1_000, days.clone())
        .prop_map(|(kind, total, open, due)| invoice(kind, &total.to_string(), &open.to_string(), due));
    let documents = prop::collection::vec(document, 0..3);
    let returns = prop::sample::select(vec![json!([]), json!([]), json!([back("RECEIVED", 10, "2")])]);
    (states, lines, holds, documents, returns, days).prop_map(|(state, lines, holds, documents, returns, day)| {
        order(&[
            ("state", json!(state)),
            ("lines", lines),
            ("holds", holds),
            ("invoices", json!(documents)),
            ("returns", returns),
            ("validUntil", json!(day)),
        ])
    })
}

/// Every place of a facts object, as a pointer.
fn places(value: &Value, path: &str, found: &mut Vec<String>) {
    if !path.is_empty() && !path.ends_with("/$at") {
        found.push(path.to_owned());
    }
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, inner)| places(inner, &format!("{path}/{name}"), found))
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, inner)| places(inner, &format!("{path}/{n}"), found));
        }
        _ => {}
    }
}

const AXES: [&str; 4] = ["fulfillmentStatus", "invoiceStatus", "paymentStatus", "returnStatus"];

proptest! {
    #[test]
    fn the_status_never_depends_on_the_order_of_lines(order in any_order(), seed in any::<prop::sample::Index>()) {
        let mut turned = order.clone();
        for list in ["lines", "invoices", "holds"] {
            let items = turned[list].as_array_mut().unwrap();
            if !items.is_empty() {
                let by = seed.index(items.len());
                items.rotate_left(by);
                items.reverse();
            }
        }
        let (one, other) = (judged(&order), judged(&turned));
        for member in AXES.into_iter().chain(["status"]) {
            prop_assert_eq!(&one[member], &other[member]);
        }
        prop_assert_eq!(codes(&one), codes(&other));
    }

    #[test]
    fn what_is_unknown_leaves_a_word_as_it_was_or_unknown(order in any_order(), seed in any::<prop::sample::Index>()) {
        let mut found = Vec::new();
        places(&order, "", &mut found);
        let place = seed.get(&found);
        let mut clouded = order.clone();
        *clouded.pointer_mut(place).unwrap() = unknown();
        let (clear, dim) = (judged(&order), judged(&clouded));
        prop_assert!(dim["status"] == clear["status"] || dim["status"] == "UNKNOWN", "{} {:?}", place, dim["status"]);
        for axis in AXES {
            prop_assert!(dim[axis] == clear[axis] || dim[axis].is_null(), "{} {}", place, axis);
            if dim[axis].is_null() {
                prop_assert!(!codes(&dim).is_empty(), "a null axis says why");
            }
        }
        if dim["status"] == "UNKNOWN" {
            prop_assert!(codes(&dim).iter().any(|code| code.starts_with("SOURCE") || code == "STATUS_UNMAPPED"
                || code == "QUANTITIES_INCONSISTENT"), "{:?}", codes(&dim));
        }
    }

    #[test]
    fn delivery_agrees_with_the_words_of_the_lines(order in any_order()) {
        // A line alone does not know whether the line that is held exists.
        let mut holds = order["holds"].clone();
        if order["lines"].as_array().unwrap().len() < 2 && holds[0]["level"] == "LINE" {
            holds[0]["level"] = json!("ORDER");
        }
        let holder = json!({"$at": 1, "state": order["state"], "requestedDate": null, "validUntil": order["validUntil"], "holds": holds});
        let words: Vec<String> = order["lines"].as_array().unwrap().iter()
            .map(|line| run_at("order.line", &with(line.clone(), &[("$holder", holder.clone())]), NOON, &in_berlin()).0)
            .map(|verdict| verdict["status"].as_str().unwrap().to_owned())
            .filter(|word| word != "NOT_APPLICABLE")
            .collect();
        let all = |word: &str| !words.is_empty() && words.iter().all(|one| one == word);
        let verdict = judged(&order);
        match verdict["fulfillmentStatus"].as_str() {
            // What is reserved decides for the order also where a hold decides for the line.
            None => prop_assert!(words.iter().any(|word| word == "UNKNOWN" || word == "ON_HOLD")),
            Some("NOT_APPLICABLE") => prop_assert!(words.is_empty()),
            Some(word @ ("CANCELLED" | "ON_HOLD" | "BACKORDERED" | "DELIVERED")) => {
                prop_assert!(words.iter().all(|one| one == word || one == "CANCELLED"));
            }
            Some("PARTIALLY_SHIPPED") => prop_assert!(words.iter().any(|word| word.contains("SHIPPED") || word == "DELIVERED")),
            Some(_) => prop_assert!(!all("CANCELLED")),
        }
    }

    #[test]
    fn an_answer_holds_until_its_own_instant(order in any_order(), part in 0_i64..100) {
        let now: Timestamp = NOON.parse().unwrap();
        let (first, until) = run_at("order.status", &order, NOON, &in_berlin());
        let end = until.unwrap_or_else(|| "2026-12-31T00:00:00Z".parse().unwrap());
        prop_assert!(end > now);
        let span = end.as_second() - now.as_second();
        let later = Timestamp::from_second(now.as_second() + (span - 1) * part / 100).unwrap();
        let (then, _) = run_at("order.status", &order, &later.to_string(), &in_berlin());
        prop_assert_eq!(first, then);
    }
}

#[test]
fn the_lines_are_judged_alike_alone_and_in_the_order() {
    let facts = order(&[("holds", json!([hold("FREIGHT_CONSTRAINT", Some(10))])), ("lines.0.backordered", q("4"))]);
    let typed: OrderFacts = serde_json::from_str(&facts.to_string()).unwrap();
    assert_eq!(typed.holder().holds.items().unwrap().len(), 1);
    let holder = json!({"$at": 1, "state": "CONFIRMED", "requestedDate": null, "holds": facts["holds"]});
    let alone = run_at("order.line", &with(facts["lines"][0].clone(), &[("$holder", holder)]), NOON, &in_berlin()).0;
    let within = judged(&facts);
    for reason in alone["reasons"].as_array().unwrap() {
        assert!(within["reasons"].as_array().unwrap().contains(reason), "{reason}");
    }
    assert_eq!(codes(&alone), ["FREIGHT_CONSTRAINT", "PARTIAL_BACKORDER"]);
}

#[test]
fn a_return_that_is_received_is_back_also_where_nobody_says_how_much() {
    let gone = line(10, &[("shipped", q("10"))]);
    let came = |lines: Value| json!([with(back("RECEIVED", 10, "1"), &[("lines", lines)])]);
    let coming = line(20, &[("type", json!("RETURN")), ("sku", json!("P-10")), ("ordered", q("4"))]);
    let some_came = with(coming.clone(), &[("returned", q("3"))]);
    let table: Vec<(&str, Vec<(&str, Value)>)> = vec![
        ("PARTIALLY_RETURNED", vec![("lines", json!([gone])), ("returns", came(json!([])))]),
        ("PARTIALLY_RETURNED", vec![("lines", json!([gone])), ("returns", came(Value::Null))]),
        (
            "PARTIALLY_RETURNED",
            vec![("lines", json!([gone])), ("returns", came(json!([{"lineNumber": 10, "quantity": null}])))],
        ),
        // What was closed brings no more back than was booked.
        ("NONE", vec![("lines", json!([gone, coming])), ("state", json!("CLOSED"))]),
        ("PARTIALLY_RETURNED", vec![("lines", json!([gone, some_came])), ("state", json!("CLOSED"))]),
        ("RETURNED", vec![("lines", json!([some_came])), ("state", json!("CLOSED"))]),
    ];
    for (word, changes) in table {
        assert_eq!(judged(&order(&changes))["returnStatus"], word, "{changes:?}");
    }
    let nobody_knows = order(&[("lines", json!([gone])), ("returns", came(unknown()))]);
    assert_eq!(judged(&nobody_knows)["returnStatus"], Value::Null);
}

#[test]
fn an_order_is_not_invoiced_in_another_currency_or_in_none() {
    let billed = json!([invoice("INVOICE", "1000", "0", "2026-07-01")]);
    let of = |total: Value| judged(&order(&[("invoices", billed.clone()), ("total", total)]))["invoiceStatus"].clone();
    assert_eq!(of(money("1000")), "INVOICED");
    for total in [
        with(money("1000"), &[("currency", json!("USD"))]),
        with(money("1000"), &[("currency", Value::Null)]),
        with(money("1000"), &[("currency", unknown())]),
        unknown(),
        Value::Null,
    ] {
        assert_eq!(of(total.clone()), Value::Null, "{total}");
    }
    // By quantity, no amount is looked at.
    let by_quantity = [("lines.0.invoiced", q("10")), ("invoices", billed.clone()), ("total", Value::Null)];
    assert_eq!(judged(&order(&by_quantity))["invoiceStatus"], "INVOICED");
}

#[test]
fn only_what_is_owed_in_all_can_be_overdue() {
    let late = invoice("INVOICE", "100", "100", "2026-06-01");
    let credit = |amount: &str| invoice("CREDIT_NOTE", amount, amount, "2026-06-01");
    for (documents, word, is_told) in [
        (json!([late]), "OVERDUE", true),
        (json!([late, credit("40")]), "OVERDUE", true),
        (json!([late, credit("100")]), "REFUNDED", false),
        (json!([late, credit("150")]), "PAID", false),
    ] {
        let verdict = judged(&order(&[("invoices", documents)]));
        assert_eq!(verdict["paymentStatus"], word);
        assert_eq!(codes(&verdict).contains(&"ACCOUNT_OVERDUE".to_owned()), is_told, "{word}");
    }
    let unsure = judged(&order(&[("invoices", json!([late, unknown()]))]));
    assert_eq!(codes(&unsure).iter().filter(|code| *code == "ACCOUNT_OVERDUE").count(), 0);
}

fn judgement(order: &Value) -> Judgement {
    let settings = in_berlin();
    let context = Context { now: NOON.parse().unwrap(), settings: &settings, sources: &Erp, order_limit: None };
    let computed = (find("order.status").unwrap().run)(order.to_string().as_bytes(), b"{}", &context).unwrap();
    computed.judgements.into_iter().next().unwrap()
}

#[test]
fn what_nobody_knows_of_shipments_is_never_taken_for_nothing() {
    let state = |state: Value| json!([with(shipment("PICKING", 10), &[("state", state)])]);
    let nobody: &[Value] = &[unknown(), json!([unknown()]), state(unknown()), state(Value::Null), state(json!("LOST"))];
    for shipments in nobody {
        let verdict = judged(&order(&[("shipments", shipments.clone())]));
        assert_eq!(
            (&verdict["fulfillmentStatus"], &verdict["status"]),
            (&Value::Null, &json!("UNKNOWN")),
            "{shipments}"
        );
    }
    // Where the quantities say enough, the word stands, and that shipments are unknown is said beside it.
    for shipments in nobody {
        let facts = order(&[("shipments", shipments.clone()), ("lines.0.shipped", q("4"))]);
        let verdict = judged(&facts);
        assert_eq!(verdict["status"], "PARTIALLY_SHIPPED");
        let told = codes(&verdict);
        assert!(told.iter().any(|code| code == "SOURCE_TIMEOUT" || code == "STATUS_UNMAPPED"), "{shipments} {told:?}");
        let steps = verdict["statusExplanation"].as_array().unwrap();
        assert!(steps.iter().any(|step| step["step"] == "SHIPMENTS"), "{shipments}");
        assert!(!judgement(&facts).is_complete, "{shipments}");
    }
    assert!(judgement(&order(&[("lines.0.shipped", q("4"))])).is_complete);
}

#[test]
fn a_hold_of_a_line_that_there_is_not_is_the_orders() {
    let placed = |level: &str, line: Value| {
        json!([with(hold("FREIGHT_CONSTRAINT", None), &[("level", json!(level)), ("lineNumber", line)])])
    };
    type Row = (&'static str, &'static str, Value, &'static str);
    let table: Vec<Row> = vec![
        ("LINE", "LINE", json!(10), "CONFIRMED"),
        ("LINE", "ORDER", Value::Null, "ON_HOLD"),
        ("LINE", "ORDER", json!(99), "ON_HOLD"),
        // Which line it holds is not known, so neither is how the order is; the hold itself is known.
        ("LINE", "ORDER", unknown(), "UNKNOWN"),
        ("ORDER", "ORDER", json!(10), "ON_HOLD"),
        ("PARCEL", "LINE", json!(10), "CONFIRMED"),
        ("PARCEL", "ORDER", json!(99), "ON_HOLD"),
    ];
    for (level, scope, line, word) in table {
        let verdict = judged(&order(&[("holds", placed(level, line.clone()))]));
        assert_eq!(verdict["status"], word, "{level} {line}");
        let told = reason(&verdict, "FREIGHT_CONSTRAINT");
        assert_eq!((&told["severity"], &told["scope"]), (&json!("BLOCKING"), &json!(scope)), "{level} {line}");
    }
    let nobody_knows_the_lines = order(&[("holds", placed("LINE", json!(10))), ("lines.0.lineNumber", unknown())]);
    let verdict = judged(&nobody_knows_the_lines);
    assert_eq!(verdict["status"], "UNKNOWN");
    assert_eq!(reason(&verdict, "FREIGHT_CONSTRAINT")["scope"], "ORDER");
}

#[test]
fn a_deposit_does_not_pay_an_order_in_advance() {
    let prepaid = |changes: &[(&str, Value)]| {
        let verdict = judged(&with(order(&[("buyer.terms.prepay", json!(true))]), changes));
        !codes(&verdict).contains(&"PREPAYMENT_REQUIRED".to_owned())
    };
    let invoices = |documents: &[(&str, &str, &str)]| -> (&'static str, Value) {
        ("invoices", documents.iter().map(|(kind, total, open)| invoice(kind, total, open, "2026-07-30")).collect())
    };
    assert!(!prepaid(&[]));
    assert!(!prepaid(&[invoices(&[("INVOICE", "300", "0")])]));
    assert!(!prepaid(&[invoices(&[("INVOICE", "1000", "0.01")])]));
    assert!(!prepaid(&[invoices(&[("INVOICE", "1000", "0"), ("CREDIT_NOTE", "1000", "0")])]));
    assert!(!prepaid(&[invoices(&[("INVOICE", "300", "0"), ("CREDIT_NOTE", "300", "300")])]));
    assert!(!prepaid(&[invoices(&[("INVOICE", "300", "0")]), ("lines.0.invoiced", q("3"))]));
    assert!(!prepaid(&[("invoices", unknown())]));
    assert!(prepaid(&[invoices(&[("INVOICE", "1000", "0")])]));
    assert!(prepaid(&[invoices(&[("INVOICE", "300", "0"), ("INVOICE", "700", "0")])]));
    assert!(prepaid(&[invoices(&[("INVOICE", "990", "0")]), ("lines.0.invoiced", q("10"))]));
    // All of it is paid, though the invoices of a part are still to be written.
    assert!(prepaid(&[invoices(&[("INVOICE", "1000", "0")]), ("lines.0.invoiced", q("3"))]));
    let foreign = with(
        invoice("INVOICE", "1000", "0", "2026-07-30"),
        &[("total.currency", json!("USD")), ("open.currency", json!("USD"))],
    );
    assert!(!prepaid(&[("invoices", json!([foreign]))]));
}

fn finished() -> Vec<(&'static str, Value)> {
    let line = line(10, &[("shipped", q("10")), ("delivered", q("10")), ("invoiced", q("10"))]);
    vec![("lines", json!([line])), ("invoices", json!([invoice("INVOICE", "1000", "0", "2026-06-01")]))]
}

#[test]
fn nothing_stands_in_the_way_of_an_order_that_is_over() {
    let trouble = [
        ("buyer.status", json!("BLOCKED_ORDERS")),
        ("buyer.terms.prepay", json!(true)),
        ("buyer.credit.hold", json!(true)),
        ("shipments", json!([shipment("EXCEPTION", 10)])),
        ("shipToId", json!("S9")),
    ];
    let of_line = || json!([hold("FREIGHT_CONSTRAINT", Some(10)), hold("SOMETHING", Some(10))]);
    let of_both = || json!([hold("CREDIT_HOLD", None), hold("FREIGHT_CONSTRAINT", Some(10))]);
    let state = |state: &str| ("state", json!(state));
    type Row<'t> = (&'t str, Value, Vec<(&'t str, Value)>);
    let over: Vec<Row<'_>> = vec![
        ("CANCELLED", of_both(), vec![state("CANCELLED")]),
        ("CANCELLED", of_both(), vec![("lines.0.cancelled", q("10"))]),
        ("CANCELLED", of_both(), vec![state("PENDING_APPROVAL"), ("lines.0.cancelled", q("10"))]),
        ("CANCELLED", json!([]), vec![state("PENDING_APPROVAL"), ("lines.0.cancelled", q("10"))]),
        ("CANCELLED", of_both(), vec![("lines.0.cancelled", q("10")), ("lines.0.invoiced", q("4"))]),
        ("EXPIRED_QUOTATION", of_both(), vec![state("QUOTATION"), ("validUntil", json!("2026-06-29"))]),
        ("EXPIRED_QUOTATION", json!([]), vec![state("QUOTATION"), ("validUntil", json!("2026-06-29"))]),
        ("CLOSED_SHORT", of_line(), vec![state("CLOSED"), ("lines.0.shipped", q("4"))]),
        ("COMPLETED", of_line(), finished()),
        ("COMPLETED", of_both(), finished()),
        ("COMPLETED", of_both(), [finished(), vec![state("COMPLETED")]].concat()),
        ("COMPLETED", of_both(), [finished(), vec![state("CLOSED")]].concat()),
    ];
    for (word, holds, changes) in over {
        let facts = with(with(order(&trouble), &[("holds", holds)]), &changes);
        let verdict = judged(&facts);
        assert_eq!(verdict["status"], word, "{changes:?}");
        let reasons = verdict["reasons"].as_array().unwrap();
        let blocking: Vec<&Value> = reasons.iter().filter(|reason| reason["severity"] == "BLOCKING").collect();
        assert_eq!(blocking, Vec::<&Value>::new(), "{word} {changes:?}");
        assert_eq!(judgement(&facts).reasons, []);
    }
}

#[test]
fn an_order_that_its_owner_calls_finished_and_is_not_is_judged_as_it_is() {
    let facts =
        order(&[("state", json!("COMPLETED")), ("buyer.status", json!("ON_HOLD")), ("lines.0.backordered", q("10"))]);
    let told = codes(&judged(&facts));
    for code in ["ACCOUNT_BLOCKED", "BACKORDERED", "QUANTITIES_INCONSISTENT"] {
        assert!(told.contains(&code.to_owned()), "{code} {told:?}");
    }
}

#[test]
fn a_hold_speaks_of_a_line_only_while_it_can_hold_something() {
    let speaks = |code: &str, changes: &[(&str, Value)], holder: &[(&str, Value)]| {
        let base = json!({"$at": 1, "state": "CONFIRMED", "validUntil": null, "requestedDate": null,
            "holds": [hold(code, Some(10))]});
        let facts = with(line(10, changes), &[("$holder", with(base, holder))]);
        codes(&run_at("order.line", &facts, NOON, &in_berlin()).0).contains(&code.to_owned())
    };
    let gone = [("shipped", q("10"))];
    assert!(speaks("FREIGHT_CONSTRAINT", &[], &[]));
    assert!(speaks("FREIGHT_CONSTRAINT", &[("shipped", q("4"))], &[]));
    assert!(speaks("FREIGHT_CONSTRAINT", &[("shipped", unknown())], &[]));
    assert!(!speaks("FREIGHT_CONSTRAINT", &gone, &[]));
    assert!(!speaks("FREIGHT_CONSTRAINT", &[("cancelled", q("10"))], &[]));
    // What has left may still be kept from being invoiced.
    assert!(speaks("BILLING_BLOCK", &gone, &[]));
    assert!(!speaks("BILLING_BLOCK", &[("cancelled", q("10"))], &[]));
    for over in [
        vec![("state", json!("CANCELLED"))],
        vec![("state", json!("CLOSED"))],
        vec![("state", json!("QUOTATION")), ("validUntil", json!("2026-06-29"))],
    ] {
        assert!(!speaks("BILLING_BLOCK", &[], &over), "{over:?}");
    }
    for running in [
        vec![("state", json!("QUOTATION")), ("validUntil", json!("2026-06-30"))],
        vec![("state", json!("QUOTATION")), ("validUntil", unknown())],
        vec![("state", unknown())],
    ] {
        assert!(speaks("BILLING_BLOCK", &[], &running), "{running:?}");
    }
}

#[test]
fn an_order_that_no_exposure_counts_yet_is_held_by_what_it_adds_itself() {
    let held = |changes: &[(&str, Value)]| {
        let verdict = judged(&with(order(&[("state", json!("QUOTATION"))]), changes));
        codes(&verdict).into_iter().find(|code| code.starts_with("CREDIT"))
    };
    let is = |code: &str| Some(code.to_owned());
    // The limit is 5000, the order's total 1000.
    let exposure = |amount: &str| ("buyer.credit.exposure", money(amount));
    assert_eq!(held(&[exposure("4000")]), None);
    assert_eq!(held(&[exposure("4000.01")]), is("CREDIT_HOLD"));
    assert_eq!(held(&[exposure("4000.01"), ("state", json!("PENDING_APPROVAL"))]), is("CREDIT_HOLD"));
    // A confirmed order is in the exposure.
    assert_eq!(held(&[exposure("4500"), ("state", json!("CONFIRMED"))]), None);
    // What is invoiced of it is in the receivables, unless it was credited again.
    let deposit = invoice("INVOICE", "300", "300", "2026-07-30");
    let credit = invoice("CREDIT_NOTE", "300", "300", "2026-07-30");
    assert_eq!(held(&[exposure("4300"), ("invoices", json!([deposit]))]), None);
    assert_eq!(held(&[exposure("4300.01"), ("invoices", json!([deposit]))]), is("CREDIT_HOLD"));
    assert_eq!(held(&[exposure("4300"), ("invoices", json!([deposit, credit]))]), is("CREDIT_HOLD"));
    assert_eq!(held(&[("total", Value::Null)]), None);
    for missing in [
        ("total", unknown()),
        ("total.currency", json!("USD")),
        ("invoices", unknown()),
        ("buyer.credit.exposure", unknown()),
    ] {
        assert_eq!(held(std::slice::from_ref(&missing)), is("CREDIT_NOT_CHECKED"), "{missing:?}");
        // What is above the limit without the order is so with it, too.
        if !missing.0.starts_with("buyer") {
            assert_eq!(held(&[missing.clone(), exposure("5000.01")]), is("CREDIT_HOLD"), "{missing:?}");
        }
    }
    let verdict = judged(&order(&[("state", json!("QUOTATION")), exposure("4200")]));
    let told = reason(&verdict, "CREDIT_HOLD")["evidence"].as_array().unwrap().clone();
    let of = |field: &str| told.iter().find(|one| one["field"] == field).map(|one| one["value"].clone());
    assert_eq!(of("overBy"), Some(json!("200 EUR")));
    assert_eq!(of("total"), Some(json!("1000 EUR")));
    assert_eq!(of("holdSource"), Some(json!("DERIVED")));
}

#[test]
fn a_reason_of_a_line_carries_its_line_and_what_is_unknown_its_system() {
    let facts = order(&[
        ("holds", json!([hold("DELIVERY_BLOCK", None), hold("FREIGHT_CONSTRAINT", Some(20))])),
        ("lines", lines(&[&[], &[("ordered", q("20"))]])),
    ]);
    let reasons = judgement(&facts).reasons;
    let line = |code: ReasonCode| reasons.iter().find(|reason| reason.code == code).unwrap().line.clone();
    assert_eq!(line(ReasonCode::FreightConstraint).as_deref(), Some("20"));
    assert_eq!(line(ReasonCode::DeliveryBlock), None);
    let (verdict, _) = run_at("order.status", &facts, NOON, &in_berlin());
    assert!(reason(&verdict, "FREIGHT_CONSTRAINT").get("line").is_none(), "the graph has no such field");
}

#[test]
fn an_order_is_held_to_its_address_and_to_the_number_its_customer_gave_it() {
    let place = |changes: &[(&str, Value)]| {
        let base = json!({"$at": 11, "id": "S1", "active": true, "validFrom": "2026-01-01", "validTo": null});
        ("buyer.shipTos", json!([with(base, changes)]))
    };
    let to = ("shipToId", json!("S1"));
    let same = ("sameCustomerPo", json!("4711"));
    let gone = ("lines.0.shipped", q("10"));
    type Row<'t> = (&'t [&'t str], Vec<(&'t str, Value)>);
    let table: Vec<Row<'_>> = vec![
        (&[], vec![to.clone(), place(&[])]),
        (&["SHIP_TO_INACTIVE"], vec![to.clone(), place(&[("active", json!(false))])]),
        (&["SHIP_TO_INACTIVE"], vec![to.clone(), place(&[("validTo", json!("2026-06-29"))])]),
        (&[], vec![to.clone(), place(&[("validTo", json!("2026-06-30"))])]),
        (&["SHIP_TO_NOT_ALLOWED"], vec![("shipToId", json!("S2")), place(&[])]),
        (&["SHIP_TO_NOT_ALLOWED"], vec![to.clone(), ("buyer.shipTos", json!([]))]),
        // Who keeps no addresses forbids none, and what has left goes nowhere else.
        (&[], vec![to.clone(), ("buyer.shipTos", Value::Null)]),
        (&[], vec![place(&[("active", json!(false))])]),
        (&[], vec![to.clone(), place(&[("active", json!(false))]), gone]),
        (&[], vec![to.clone(), place(&[("active", json!(false))]), ("state", json!("CANCELLED"))]),
        (&["ACCOUNT_UNCLEAR", "SOURCE_TIMEOUT"], vec![to.clone(), ("buyer.shipTos", unknown())]),
        (&["ACCOUNT_UNCLEAR", "SOURCE_TIMEOUT"], vec![to.clone(), place(&[("active", unknown())])]),
        (&["SOURCE_TIMEOUT"], vec![("shipToId", unknown()), place(&[])]),
        (&["DUPLICATE_PO"], vec![same.clone()]),
        (&["DUPLICATE_PO"], vec![same.clone(), ("state", json!("QUOTATION"))]),
        (&[], vec![same.clone(), ("state", json!("CANCELLED"))]),
        (&["SOURCE_TIMEOUT"], vec![("sameCustomerPo", unknown())]),
    ];
    for (expected, changes) in table {
        assert_eq!(codes(&judged(&order(&changes))), expected, "{changes:?}");
    }
    let twice = judged(&order(&[same, ("customerPo", json!("PO-1"))]));
    let told = reason(&twice, "DUPLICATE_PO");
    assert_eq!((&told["severity"], &told["evidence"][0]["value"]), (&json!("WARNING"), &json!("PO-1")));
    let opens = order(&[to.clone(), place(&[("validFrom", json!("2026-07-05"))])]);
    let until = |order: &Value| run_at("order.status", order, NOON, &in_berlin()).1.map(|until| until.to_string());
    assert_eq!(until(&opens).as_deref(), Some("2026-07-04T22:00:00Z"));
    assert_eq!(
        until(&order(&[to, place(&[("validTo", json!("2026-07-05"))])])).as_deref(),
        Some("2026-07-05T22:00:00Z")
    );
}
