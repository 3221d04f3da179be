//! Which price, for whom, when, in which unit; and above all, when there is none.

use jiff::{SignedDuration, Timestamp, civil::Date};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::*;
use crate::rules::{
    reason::{ReasonCode, Severity},
    sample::{berlin, context, instant},
    settings::{Fallback, Pricing, Settings, Strategy as Way},
};

const NOW: &str = "2026-06-30T10:00:00Z";

fn record(number: &str, source: &str, minimum: &str, amount: &str) -> Value {
    json!({
        "$at": number.bytes().map(u32::from).sum::<u32>(), "record": number, "source": source, "contract": null,
        "state": "RELEASED", "minimumQuantity": minimum, "validFrom": "2026-01-01", "validTo": null,
        "unitPrice": {"$at": 1, "amount": amount, "currency": "EUR", "per": 1, "unit": "EA"},
    })
}

fn with(mut record: Value, members: Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        match value {
            Value::Object(inner) if record[name].is_object() && !inner.contains_key("$unknown") => {
                inner.iter().for_each(|(name_in, value)| record[name][name_in] = value.clone());
            }
            _ => record[name] = value.clone(),
        }
    }
    record
}

fn pump() -> Value {
    json!({"$at": 9, "sku": "P", "type": "GOODS", "lifecycle": "ACTIVE", "baseUnit": "EA", "salesUnit": null,
        "units": [{"unit": "BOX", "numerator": 12, "denominator": 1}], "packQuantity": null, "minimumQuantity": null,
        "listPrice": {"amount": "100.00", "currency": "EUR", "per": 1, "unit": "EA"}})
}

fn price(candidates: Vec<Value>) -> Value {
    json!({"$at": 8, "account": "A", "sku": "P", "currency": "EUR", "candidates": candidates, "surcharges": [],
        "product": pump()})
}

fn run(facts: &Value, arguments: &Value, now: Timestamp, settings: &Settings) -> (Value, Option<Timestamp>) {
    let mut context = context(NOW, settings);
    context.now = now;
    let (facts, arguments) = (facts.to_string(), arguments.to_string());
    let computed = (RULE.run)(facts.as_bytes(), arguments.as_bytes(), &context).unwrap();
    (serde_json::from_slice::<Value>(&computed.members).unwrap()["resolved"].clone(), computed.holds_until)
}

fn asked(facts: &Value, arguments: Value) -> Value {
    run(facts, &arguments, instant(NOW), &berlin()).0
}

fn configured(facts: &Value, arguments: Value, pricing: Pricing) -> Value {
    run(facts, &arguments, instant(NOW), &Settings { price: pricing, ..berlin() }).0
}

fn reasons(resolved: &Value) -> Vec<String> {
    let reasons = resolved["reasons"].as_array().unwrap().iter();
    reasons.map(|one| format!("{} {}", one["severity"].as_str().unwrap(), one["code"].as_str().unwrap())).collect()
}

/// The amount, and the reasons.
fn said(resolved: &Value) -> (Option<&str>, Vec<String>) {
    (resolved["unitPrice"]["amount"].as_str(), reasons(resolved))
}

#[test]
fn the_most_specific_source_wins_and_inside_it_the_highest_break_and_the_latest_start() {
    let facts = price(vec![
        record("L", "LIST", "1", "100.00"),
        record("G", "CUSTOMER_GROUP", "1", "70.00"),
        record("C1", "CONTRACT_CUSTOMER", "1", "90.00"),
        record("C5", "CONTRACT_CUSTOMER", "5", "85.00"),
        with(record("C5B", "CONTRACT_CUSTOMER", "5", "84.00"), json!({"validFrom": "2026-06-01"})),
        with(record("C9", "CONTRACT_CUSTOMER", "5", "1.00"), json!({"state": "DRAFT"})),
    ]);
    for (quantity, amount, net) in [("1", "90.00", "90.00"), ("4.9", "90.00", "441.00"), ("5", "84.00", "420.00")] {
        let resolved = asked(&facts, json!({"quantity": quantity}));
        assert_eq!(said(&resolved), (Some(amount), vec![]), "{quantity}");
        assert_eq!(resolved["net"]["amount"], net);
        assert_eq!(resolved["computedBy"], "freehold");
    }
    let tiers = asked(&facts, json!({}))["tiers"].clone();
    let tiers: Vec<_> =
        tiers.as_array().unwrap().iter().map(|tier| tier["minimumQuantity"].as_str().unwrap()).collect();
    assert_eq!(tiers, ["1", "5"]);
}

#[test]
fn the_best_price_wins_where_that_is_configured_compared_per_base_unit() {
    let best = Pricing { strategy: Way::BestPriceWins, ..Pricing::default() };
    let facts = price(vec![
        record("C", "CONTRACT_CUSTOMER", "1", "90.00"),
        // 1000 for a box of 12 is 83.33…, less than 83.34 for one.
        with(record("G", "CUSTOMER_GROUP", "1", "1000.00"), json!({"unitPrice": {"unit": "BOX"}})),
        with(record("P", "PROMOTION", "1", "8334"), json!({"unitPrice": {"per": 100}})),
        record("H", "PROMOTION", "1000", "1.00"),
    ]);
    let resolved = configured(&facts, json!({"quantity": "12"}), best);
    assert_eq!((resolved["record"].as_str(), resolved["net"]["amount"].as_str()), (Some("G"), Some("1000.00")));
    // The break is in boxes: for fewer than a box the promotion is the lowest there is.
    assert_eq!(configured(&facts, json!({"quantity": "11"}), best)["record"], "P");
    assert_eq!(configured(&facts, json!({"quantity": "2", "unit": "BOX"}), best)["net"]["amount"], "2000.00");
}

#[test]
fn the_list_price_of_the_product_serves_whoever_has_no_agreement_and_nobody_else_in_silence() {
    let nobody = price(vec![]);
    assert_eq!(said(&asked(&nobody, json!({}))), (Some("100.00"), vec![]));
    let off = Pricing { list_from_product: false, ..Pricing::default() };
    assert_eq!(said(&configured(&nobody, json!({}), off)), (None, vec!["BLOCKING PRICE_MISSING".to_owned()]));

    let expired = with(record("C", "CONTRACT_CUSTOMER", "1", "80.00"), json!({"validTo": "2026-06-29"}));
    for list in [vec![], vec![record("L", "LIST", "1", "99.00")]] {
        let facts = price([vec![expired.clone()], list.clone()].concat());
        let amount = if list.is_empty() { "100.00" } else { "99.00" };
        for (fallback_to_list, expected) in [
            (Fallback::Forbidden, (None, "BLOCKING PRICE_EXPIRED")),
            (Fallback::Flagged, (Some(amount), "WARNING PRICE_EXPIRED")),
            (Fallback::Allowed, (Some(amount), "INFO PRICE_EXPIRED")),
        ] {
            let resolved = configured(&facts, json!({}), Pricing { fallback_to_list, ..Pricing::default() });
            assert_eq!(said(&resolved), (expected.0, vec![expected.1.to_owned()]));
            let message = resolved["reasons"][0]["message"].as_str().unwrap();
            assert!(message.contains("2026-06-29"), "{message}");
        }
    }
}

#[test]
fn an_expired_agreement_gives_way_to_the_group_and_says_so() {
    let facts = price(vec![
        with(record("C", "CONTRACT_CUSTOMER", "1", "80.00"), json!({"validTo": "2026-03-31"})),
        record("G", "CUSTOMER_GROUP", "1", "88.00"),
    ]);
    let resolved = asked(&facts, json!({}));
    assert_eq!(said(&resolved), (Some("88.00"), vec!["WARNING PRICE_EXPIRED".to_owned()]));
    assert_eq!(
        resolved["reasons"][0]["message"],
        "The agreed price ended on 2026-03-31. The price of the account's group applies instead."
    );
    // On the last day it still held, whole.
    let before = asked(&facts, json!({"date": "2026-03-31"}));
    assert_eq!(said(&before), (Some("80.00"), vec![]));
    assert_eq!(before["holdsUntil"], Value::Null);
}

#[test]
fn each_way_of_having_no_price_has_its_reason() {
    let c = || record("C", "CONTRACT_CUSTOMER", "1", "80.00");
    let unknown = json!({"$unknown": {"code": "TIMEOUT", "system": "erp"}});
    let cases = [
        (
            price(vec![with(c(), json!({"validFrom": "2026-07-01"}))]),
            json!({}),
            Some("100.00"),
            vec!["INFO PRICE_NOT_YET_VALID"],
        ),
        (
            price(vec![with(c(), json!({"unitPrice": {"currency": "USD"}}))]),
            json!({}),
            None,
            vec!["BLOCKING CURRENCY_NOT_OFFERED"],
        ),
        (price(vec![]), json!({"currency": "GBP"}), None, vec!["BLOCKING CURRENCY_NOT_OFFERED"]),
        (
            price(vec![with(c(), json!({"minimumQuantity": "10"}))]),
            json!({}),
            None,
            vec!["BLOCKING PRICE_BELOW_MINIMUM_QTY"],
        ),
        (price(vec![c()]), json!({"unit": "PAL"}), None, vec!["BLOCKING UOM_NOT_CONVERTIBLE"]),
        (
            price(vec![with(c(), json!({"unitPrice": {"unit": "KG"}}))]),
            json!({}),
            None,
            vec!["BLOCKING UOM_NOT_CONVERTIBLE"],
        ),
        (price(vec![record("Q", "MANUAL_QUOTE_REQUIRED", "1", "0")]), json!({}), Some("100.00"), vec![]),
        (
            with(price(vec![record("Q", "MANUAL_QUOTE_REQUIRED", "1", "0")]), json!({"product": {"listPrice": null}})),
            json!({}),
            None,
            vec!["BLOCKING PRICE_ON_REQUEST"],
        ),
        (
            with(price(vec![]), json!({"product": {"listPrice": null}})),
            json!({}),
            None,
            vec!["BLOCKING PRICE_ON_REQUEST"],
        ),
        (price(vec![c()]), json!({"quantity": "0"}), None, vec!["BLOCKING PRICE_BELOW_MINIMUM_QTY"]),
        (price(vec![c()]), json!({"quantity": "-3"}), None, vec!["BLOCKING PRICE_BELOW_MINIMUM_QTY"]),
        (with(price(vec![]), json!({"candidates": unknown})), json!({}), None, vec!["BLOCKING PRICE_UNCLEAR"]),
        (price(vec![c(), unknown.clone()]), json!({}), None, vec!["BLOCKING PRICE_UNCLEAR"]),
        (price(vec![with(c(), json!({"validTo": unknown}))]), json!({}), None, vec!["BLOCKING PRICE_UNCLEAR"]),
        (price(vec![with(c(), json!({"source": "HAGGLED"}))]), json!({}), None, vec!["BLOCKING PRICE_UNCLEAR"]),
        (
            with(price(vec![]), json!({"product": {"listPrice": unknown}})),
            json!({}),
            None,
            vec!["BLOCKING PRICE_UNCLEAR"],
        ),
        (with(price(vec![c()]), json!({"product": {"listPrice": unknown}})), json!({}), Some("80.00"), vec![]),
        (with(price(vec![c()]), json!({"product": unknown})), json!({}), None, vec!["BLOCKING PRICE_UNCLEAR"]),
        (with(price(vec![c()]), json!({"currency": unknown})), json!({}), None, vec!["BLOCKING PRICE_UNCLEAR"]),
        (
            with(price(vec![c()]), json!({"product": {"packQuantity": "10"}})),
            json!({"quantity": "15"}),
            Some("80.00"),
            vec!["BLOCKING PACK_QTY_REQUIRED"],
        ),
        (
            with(price(vec![c()]), json!({"product": {"packQuantity": "6"}})),
            json!({"unit": "BOX"}),
            Some("80.00"),
            vec![],
        ),
        (
            with(price(vec![c()]), json!({"product": {"minimumQuantity": "2"}})),
            json!({}),
            Some("80.00"),
            vec!["WARNING PRICE_BELOW_MINIMUM_QTY"],
        ),
        (
            price(vec![c(), record("D", "CONTRACT_CUSTOMER", "1", "79.00")]),
            json!({}),
            Some("80.00"),
            vec!["WARNING PRICE_CONFLICT"],
        ),
        (price(vec![c(), record("D", "CONTRACT_CUSTOMER", "1", "80.0")]), json!({}), Some("80.00"), vec![]),
        (
            price(vec![with(c(), json!({"minimumQuantity": "10"})), record("G", "CUSTOMER_GROUP", "1", "90.00")]),
            json!({}),
            Some("90.00"),
            vec!["WARNING PRICE_BELOW_MINIMUM_QTY"],
        ),
        (price(vec![with(c(), json!({"shipTo": "S1"}))]), json!({"shipTo": "S2"}), Some("100.00"), vec![]),
        (
            price(vec![with(c(), json!({"shipTo": "S1"})), record("B", "CONTRACT_CUSTOMER", "1", "81.00")]),
            json!({"shipTo": "S1"}),
            Some("80.00"),
            vec![],
        ),
        (
            price(vec![with(c(), json!({"unitPrice": {"amount": "79228162514264337593543950335"}}))]),
            json!({"quantity": "79228162514264337593543950335"}),
            None,
            vec!["BLOCKING PRICE_UNCLEAR"],
        ),
    ];
    for (facts, arguments, amount, expected) in cases {
        let resolved = asked(&facts, arguments.clone());
        assert_eq!(
            said(&resolved),
            (amount, expected.iter().map(|one| (*one).to_owned()).collect()),
            "{facts} {arguments}"
        );
    }
}

#[test]
fn a_price_that_its_owner_computes_is_passed_on_and_marked() {
    let owner =
        json!({"$at": 3, "unitPrice": {"amount": "77.70", "currency": "EUR", "per": 1, "unit": "EA"}, "source": null});
    let facts = with(price(vec![record("C", "CONTRACT_CUSTOMER", "1", "80.00")]), json!({"ownerPrice": owner}));
    let resolved = asked(&facts, json!({"quantity": "3"}));
    assert_eq!(said(&resolved), (Some("77.70"), vec![]));
    assert_eq!((&resolved["computedBy"], &resolved["net"]["amount"]), (&json!("erp"), &json!("233.10")));
    assert_eq!(said(&asked(&facts, json!({"currency": "USD"}))).1, ["BLOCKING CURRENCY_NOT_OFFERED"]);
    let mut for_three = facts.clone();
    for_three["ownerPrice"]["quantity"] = json!("3");
    assert_eq!(said(&asked(&for_three, json!({"quantity": "3"}))), (Some("77.70"), vec![]));
    assert_eq!(said(&asked(&for_three, json!({"quantity": "500"}))), (None, vec!["BLOCKING PRICE_UNCLEAR".to_owned()]));
    let unknown = with(facts, json!({"ownerPrice": {"$unknown": {"code": "OWNER_DOWN", "system": "erp"}}}));
    assert_eq!(said(&asked(&unknown, json!({}))), (None, vec!["BLOCKING PRICE_UNCLEAR".to_owned()]));
}

#[test]
fn surcharges_stand_apart_and_hold_for_their_days() {
    let surcharges = json!([
        {"kind": "METAL", "amount": {"amount": "1.505", "currency": "EUR"}, "percent": null, "validFrom": "2026-06-01", "validTo": "2026-06-30"},
        {"kind": "FUEL", "amount": null, "percent": "2.5", "validFrom": "2026-06-01", "validTo": null},
        {"kind": "FREIGHT", "amount": {"amount": "9", "currency": "EUR"}, "percent": null, "validFrom": "2026-07-01", "validTo": null},
    ]);
    let facts = with(price(vec![record("C", "CONTRACT_CUSTOMER", "1", "80.00")]), json!({"surcharges": surcharges}));
    let resolved = asked(&facts, json!({"quantity": "3"}));
    let amounts: Vec<_> = (resolved["surcharges"].as_array().unwrap().iter())
        .map(|one| (one["kind"].as_str().unwrap(), one["amount"]["amount"].as_str().unwrap()))
        .collect();
    assert_eq!(amounts, [("METAL", "4.52"), ("FUEL", "6.00")]);
    assert_eq!(resolved["net"]["amount"], "240.00");
    // The metal surcharge ends, and freight begins, with the last day in Berlin.
    assert_eq!(resolved["holdsUntil"], "2026-06-30T22:00:00Z");
    let unknown = with(facts.clone(), json!({"surcharges": [{"$unknown": {"code": "TIMEOUT", "system": "erp"}}]}));
    let resolved = asked(&unknown, json!({}));
    assert_eq!(said(&resolved), (Some("80.00"), vec!["WARNING PRICE_UNCLEAR".to_owned()]));
    assert_eq!(resolved["surcharges"], Value::Null);
}

#[test]
fn net_is_rounded_half_up_to_the_digits_of_the_currency() {
    for (currency, amount, per, quantity, net) in [
        ("EUR", "0.125", 1, "1", "0.13"),
        ("EUR", "1.00", 3, "2", "0.67"),
        ("JPY", "0.5", 1, "1", "1"),
        ("KWD", "0.0005", 1, "1", "0.001"),
        ("EUR", "41200", 100, "7", "2884.00"),
    ] {
        let price_in = json!({"unitPrice": {"amount": amount, "per": per, "currency": currency}});
        let facts = price(vec![with(record("C", "CONTRACT_CUSTOMER", "0", "0"), price_in)]);
        let resolved = asked(&facts, json!({"quantity": quantity, "currency": currency}));
        assert_eq!(resolved["net"]["amount"], net, "{currency} {amount} per {per}");
    }
}

#[test]
fn a_system_has_its_own_way_of_resolving() {
    let best = Pricing { strategy: Way::BestPriceWins, ..Pricing::default() };
    let facts =
        price(vec![record("C", "CONTRACT_CUSTOMER", "1", "90.00"), record("G", "CUSTOMER_GROUP", "1", "70.00")]);
    for (system, amount) in [("erp", "70.00"), ("crm", "90.00")] {
        let settings = Settings { price_of: [(system.to_owned(), best)].into(), ..berlin() };
        assert_eq!(said(&run(&facts, &json!({}), instant(NOW), &settings).0).0, Some(amount));
    }
}

#[test]
fn reasons_of_a_missing_price_always_weigh_blocking() {
    let facts: PriceFacts = serde_json::from_str("{}").unwrap();
    let settings = berlin();
    let ask = Ask { quantity: Decimal::ONE, unit: None, currency: None, date: None, ship_to: None };
    let resolved = resolve(&facts, None, &ask, &context(NOW, &settings));
    assert!(resolved.unit_price.is_none());
    assert!(resolved.reasons.iter().any(|reason| reason.severity == Severity::Blocking));
    assert_eq!(resolved.reasons[0].code, ReasonCode::PriceUnclear);
}

fn day(offset: i16) -> String {
    let first: Date = "2026-03-20".parse().unwrap();
    first.checked_add(jiff::Span::new().days(i32::from(offset))).unwrap().to_string()
}

prop_compose! {
    fn any_record()(number in 0..99_u8, source in 0..6_usize, minimum in 0..20_u8, amount in 1..5_000_i64, per in 1..4_i64,
                    boxed in any::<bool>(), from in 0..20_i16, length in proptest::option::of(0..20_i16), state in 0..8_u8) -> Value {
        let source = ["CONTRACT_CUSTOMER", "CONTRACT_PARENT", "CUSTOMER_GROUP", "PROMOTION", "CHANNEL", "LIST"][source];
        with(record(&format!("{number:02}"), source, &minimum.to_string(), &Decimal::new(amount, 2).to_string()), json!({
            "unitPrice": {"per": per, "unit": if boxed { "BOX" } else { "EA" }},
            "validFrom": day(from), "validTo": length.map(|length| day(from + length)),
            "state": match state { 0 => "DRAFT", 1 => "REVOKED", _ => "RELEASED" },
        }))
    }
}

proptest! {
    #[test]
    fn an_answer_holds_until_its_boundary_and_is_asked_again_there(
        records in proptest::collection::vec(any_record(), 0..7), hours in 0..900_i64, best in any::<bool>(),
    ) {
        let strategy = if best { Way::BestPriceWins } else { Way::MostSpecificWins };
        let settings = Settings { price: Pricing { strategy, ..Pricing::default() }, ..berlin() };
        let facts = price(records);
        let now = instant("2026-03-19T12:00:00Z") + SignedDuration::from_hours(hours);
        let (answer, holds_until) = run(&facts, &json!({"quantity": "12"}), now, &settings);
        let later = match holds_until {
            Some(boundary) => {
                prop_assert!(boundary > now);
                let (_, next) = run(&facts, &json!({"quantity": "12"}), boundary, &settings);
                prop_assert!(next.is_none_or(|next| next > boundary));
                boundary - SignedDuration::from_nanos(1)
            }
            None => instant("2046-01-01T00:00:00Z"),
        };
        let (again, holds_again) = run(&facts, &json!({"quantity": "12"}), later, &settings);
        prop_assert_eq!((answer, holds_until), (again, holds_again));
    }

    #[test]
    fn the_best_price_is_no_higher_than_any_other_and_no_order_of_records_matters(
        records in proptest::collection::vec(any_record(), 1..7), seed in any::<u64>(),
    ) {
        let facts = price(records.clone());
        let now = instant("2026-03-30T12:00:00Z");
        let of = |strategy, facts: &Value| {
            let settings = Settings { price: Pricing { strategy, ..Pricing::default() }, ..berlin() };
            run(facts, &json!({"quantity": "12"}), now, &settings).0
        };
        let net = |resolved: &Value| resolved["net"]["amount"].as_str().map(|net| net.parse::<Decimal>().unwrap());
        let (best, specific) = (of(Way::BestPriceWins, &facts), of(Way::MostSpecificWins, &facts));
        if let (Some(best), Some(specific)) = (net(&best), net(&specific)) {
            prop_assert!(best <= specific);
        }
        let mut turned = records;
        let middle = usize::try_from(seed % 7).unwrap() % turned.len();
        turned.rotate_left(middle);
        let turned = price(turned);
        prop_assert_eq!(net(&of(Way::MostSpecificWins, &turned)), net(&specific));
        prop_assert_eq!(net(&of(Way::BestPriceWins, &turned)), net(&best));
        // A price is there or a reason is, never neither.
        let reasons = reasons(&specific);
        prop_assert!(net(&specific).is_some() || reasons.iter().any(|reason| reason.starts_with("BLOCKING")));
    }

    #[test]
    fn no_decimal_makes_it_panic(mantissa in any::<i64>(), scale in 0_u32..28, quantity in any::<i64>(), per in any::<i32>()) {
        let amount = Decimal::new(mantissa, scale).to_string();
        let facts = price(vec![with(record("C", "CONTRACT_CUSTOMER", &quantity.to_string(), &amount),
            json!({"unitPrice": {"per": per}}))]);
        let resolved = asked(&facts, json!({"quantity": Decimal::new(quantity, scale).to_string()}));
        prop_assert!(!resolved["unitPrice"].is_null() || !reasons(&resolved).is_empty());
    }
}
