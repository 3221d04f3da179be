//! What becomes of a cart, for whom, and for which reasons.

use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::*;
use crate::rules::{
    measure::{Measure, Measured},
    reason::ReasonCode,
    sample::{berlin, context},
    settings::{Checkout, Parcel, Settings, Treatment},
};

const NOW: &str = "2026-06-30T10:00:00Z";

fn product(sku: &str, on_hand: &str) -> Value {
    json!({"$at": 2, "sku": sku, "type": "GOODS", "lifecycle": "ACTIVE", "baseUnit": "EA", "salesUnit": null, "units": [],
        "listPrice": null, "hazardous": false, "freightClass": null, "documents": [], "relations": [],
        "stock": {"$at": 3, "onHand": on_hand, "available": on_hand, "plants": null, "inbound": [], "leadTimeDays": 7,
            "backorderPolicy": "ALLOW"}})
}

fn price(amount: &str) -> Value {
    json!({"$at": 4, "currency": "EUR", "surcharges": [], "candidates": [{"$at": 5, "record": "R", "source": "CONTRACT_CUSTOMER",
        "state": "RELEASED", "minimumQuantity": "1", "unitPrice": {"amount": amount, "currency": "EUR", "per": 1, "unit": "EA"},
        "validFrom": "2026-01-01", "validTo": null}]})
}

fn euros(amount: &str) -> Value {
    json!({"amount": amount, "currency": "EUR"})
}

fn account() -> Value {
    json!({"$at": 1, "number": "100042", "status": "ACTIVE", "nativeStatus": "", "tier": "GOLD", "priceGroup": "OEM",
        "carrier": null, "terms": {"code": "N30", "prepay": false}, "taxExemptions": [],
        "shipTos": [{"$at": 6, "id": "S1", "street": "Quay 1", "region": "HH", "country": "DE", "active": true,
            "validFrom": "2020-01-01", "validTo": null, "deliveryRestrictions": []}],
        "credit": {"$at": 7, "limit": euros("100000"), "exposure": euros("0"), "receivable": euros("0"),
            "overdue": euros("0"), "oldestDueDate": null, "hold": false, "holdSource": null,
            "checkedAt": "2026-06-30T09:00:00Z", "sharedWith": []},
        "buyers": [{"$at": 8, "id": "B1", "active": true, "permissions": ["PLACE_ORDER"], "orderLimit": null}],
        "orders": {"nodes": [{"number": "1"}]}})
}

fn cart(products: Vec<Value>, prices: Vec<Value>) -> Value {
    json!({"$at": 0, "account": account(), "products": products, "prices": prices, "ordersByCustomerPo": []})
}

fn one() -> Value {
    cart(vec![product("A", "100")], vec![price("10.00")])
}

fn unknown() -> Value {
    json!({"$unknown": {"code": "TIMEOUT", "system": "erp"}})
}

fn set(mut facts: Value, path: &[&str], value: Value) -> Value {
    let mut at = &mut facts;
    for name in path {
        at = match name.parse::<usize>() {
            Ok(position) => &mut at[position],
            Err(_) => &mut at[*name],
        };
    }
    *at = value;
    facts
}

fn judged(facts: &Value, arguments: &Value, settings: &Settings) -> Value {
    let (facts, arguments) = (facts.to_string(), arguments.to_string());
    let computed = (RULE.run)(facts.as_bytes(), arguments.as_bytes(), &context(NOW, settings)).unwrap();
    serde_json::from_slice::<Value>(&computed.members).unwrap()["validateCart"].clone()
}

fn lines(quantity: &str) -> Value {
    json!({"account": "100042", "shipTo": "S1", "buyer": "B1", "lines": [{"sku": "A", "quantity": quantity}]})
}

fn codes(reasons: &Value) -> Vec<String> {
    reasons.as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect()
}

/// The decision, the reasons of the whole, and those of the first line.
fn said(verdict: &Value) -> (String, Vec<String>, Vec<String>) {
    let decision = verdict["decision"].as_str().unwrap().to_owned();
    (decision, codes(&verdict["reasons"]), codes(&verdict["lines"][0]["reasons"]))
}

#[test]
fn a_cart_with_nothing_in_its_way_is_taken() {
    let verdict = judged(&one(), &lines("3"), &berlin());
    assert_eq!(said(&verdict), ("ACCEPT".to_owned(), vec![], vec![]), "{verdict:#}");
    assert_eq!(verdict["total"], json!({"amount": "30.00", "currency": "EUR"}));
    assert_eq!(verdict["lines"][0]["promise"]["date"], "2026-06-30");
    assert_eq!(verdict["holdsUntil"], "2026-06-30T22:00:00Z");
}

#[test]
fn what_is_in_the_way_decides() {
    let product = |name: &str, value: Value| set(one(), &["products", "0", name], value);
    let buyer = |name: &str, value: Value| set(one(), &["account", "buyers", "0", name], value);
    let ship_to = |name: &str, value: Value| set(one(), &["account", "shipTos", "0", name], value);
    let in_account = |name: &str, value: Value| set(one(), &["account", name], value);
    let credit = |name: &str, value: Value| set(one(), &["account", "credit", name], value);
    let hazard = |path: &[&str], value: Value| set(product("hazardous", json!(true)), path, value);
    let sheet = |until: &str| json!([{"kind": "SDS", "validUntil": until}, {"kind": "MANUAL"}]);
    let twice = |state: &str| set(one(), &["ordersByCustomerPo"], json!([{"number": "7", "state": state}]));
    let five_cancelled =
        set(one(), &["ordersByCustomerPo"], json!(vec![json!({"number": "7", "state": "CANCELLED"}); 5]));
    let no_orders = json!({"nodes": []});
    let certificate = json!([{"jurisdiction": "DE-HH", "certificate": "C", "validFrom": "2020-01-01", "validTo": "2026-06-29",
        "revoked": false}]);
    type Case<'a> = (&'a str, Value, &'a [&'a str], &'a [&'a str]);
    let cases: [Case<'_>; 49] = [
        ("MANUAL_REVIEW", set(one(), &["prices", "0"], unknown()), &[], &["PRICE_UNCLEAR"]),
        ("MANUAL_REVIEW", set(one(), &["prices"], unknown()), &[], &["PRICE_UNCLEAR"]),
        ("MANUAL_REVIEW", set(one(), &["prices", "0", "candidates"], unknown()), &[], &["PRICE_UNCLEAR"]),
        ("MANUAL_REVIEW", set(one(), &["prices", "0", "surcharges"], unknown()), &[], &["PRICE_UNCLEAR"]),
        ("REFUSE", set(one(), &["prices", "0"], Value::Null), &[], &["PRICE_MISSING"]),
        ("MANUAL_REVIEW", set(one(), &["prices", "0", "candidates"], json!([])), &[], &["PRICE_ON_REQUEST"]),
        ("REFUSE", set(one(), &["products", "0"], Value::Null), &[], &["PRODUCT_UNKNOWN_TO_OWNER"]),
        (
            "MANUAL_REVIEW",
            set(one(), &["products", "0"], unknown()),
            &[],
            &["PRICE_UNCLEAR", "PRODUCT_UNCLEAR", "SOURCE_TIMEOUT"],
        ),
        ("MANUAL_REVIEW", product("stock", unknown()), &[], &["AVAILABILITY_UNCLEAR"]),
        ("MANUAL_REVIEW", product("lifecycle", unknown()), &[], &["PRODUCT_UNCLEAR"]),
        ("MANUAL_REVIEW", product("hazardous", unknown()), &[], &["PRODUCT_UNCLEAR"]),
        ("REFUSE", product("lifecycle", json!("DISCONTINUED")), &[], &["PRODUCT_DISCONTINUED"]),
        ("REFUSE", product("lifecycle", json!("BLOCKED")), &[], &["PRODUCT_BLOCKED"]),
        ("REFUSE", product("packQuantity", json!("2")), &[], &["PACK_QTY_REQUIRED"]),
        ("MANUAL_REVIEW", set(one(), &["account"], unknown()), &["ACCOUNT_UNCLEAR", "SOURCE_TIMEOUT"], &[]),
        ("MANUAL_REVIEW", in_account("status", unknown()), &["ACCOUNT_UNCLEAR", "SOURCE_TIMEOUT"], &[]),
        ("REFUSE", in_account("status", json!("BLOCKED_ORDERS")), &["ACCOUNT_BLOCKED"], &[]),
        ("REFUSE", in_account("status", json!("INACTIVE")), &["ACCOUNT_INACTIVE"], &[]),
        ("MANUAL_REVIEW", in_account("credit", unknown()), &["CREDIT_NOT_CHECKED", "SOURCE_TIMEOUT"], &[]),
        ("REFUSE", credit("hold", json!(true)), &["CREDIT_HOLD"], &[]),
        ("REFUSE", credit("limit", euros("29.99")), &["CREDIT_HOLD"], &[]),
        ("MANUAL_REVIEW", credit("limit", euros("0")), &["PREPAYMENT_REQUIRED"], &[]),
        ("ACCEPT", credit("limit", Value::Null), &[], &[]),
        ("MANUAL_REVIEW", in_account("terms", json!({"code": "PRE", "prepay": true})), &["PREPAYMENT_REQUIRED"], &[]),
        ("REFUSE", in_account("shipTos", json!([])), &["SHIP_TO_NOT_ALLOWED"], &[]),
        ("REFUSE", ship_to("active", json!(false)), &["SHIP_TO_INACTIVE"], &[]),
        ("REFUSE", ship_to("validTo", json!("2026-06-29")), &["SHIP_TO_INACTIVE"], &[]),
        ("REFUSE", ship_to("country", json!("XX")), &[], &["EXPORT_RESTRICTED"]),
        ("ACCEPT_WITH_WARNINGS", ship_to("street", json!("P.O. Box 4")), &[], &["FREIGHT_CONSTRAINT"]),
        (
            "REFUSE",
            hazard(&["account", "shipTos", "0", "deliveryRestrictions"], json!(["NO_HAZMAT"])),
            &[],
            &["FREIGHT_CONSTRAINT"],
        ),
        ("REFUSE", hazard(&["account", "carrier"], json!("SLOW")), &[], &["FREIGHT_CONSTRAINT"]),
        (
            "MANUAL_REVIEW",
            hazard(&["account", "shipTos", "0", "deliveryRestrictions"], unknown()),
            &[],
            &["PRODUCT_UNCLEAR"],
        ),
        ("MANUAL_REVIEW", hazard(&["account", "carrier"], unknown()), &[], &["PRODUCT_UNCLEAR"]),
        ("MANUAL_REVIEW", hazard(&["products", "0", "documents"], unknown()), &[], &["PRODUCT_UNCLEAR"]),
        ("MANUAL_REVIEW", hazard(&["account", "shipTos", "0", "street"], unknown()), &[], &["PRODUCT_UNCLEAR"]),
        ("ACCEPT", ship_to("street", unknown()), &[], &[]),
        ("MANUAL_REVIEW", ship_to("country", unknown()), &[], &["PRODUCT_UNCLEAR"]),
        ("MANUAL_REVIEW", ship_to("country", Value::Null), &[], &["PRODUCT_UNCLEAR"]),
        ("ACCEPT_WITH_WARNINGS", product("freightClass", unknown()), &[], &["FREIGHT_CONSTRAINT"]),
        (
            "ACCEPT_WITH_WARNINGS",
            set(
                product("freightClass", json!("70")),
                &["account", "shipTos", "0", "deliveryRestrictions"],
                json!(["LIFTGATE"]),
            ),
            &[],
            &["FREIGHT_CONSTRAINT"],
        ),
        (
            "ACCEPT_WITH_WARNINGS",
            hazard(&["products", "0", "documents"], sheet("2026-06-29")),
            &[],
            &["HAZMAT_DOCUMENT_EXPIRED"],
        ),
        ("ACCEPT", hazard(&["products", "0", "documents"], sheet("2026-06-30")), &[], &[]),
        ("REFUSE", buyer("active", json!(false)), &["BUYER_NOT_PERMITTED"], &[]),
        ("MANUAL_REVIEW", buyer("orderLimit", euros("29.99")), &["APPROVAL_REQUIRED", "ORDER_LIMIT_EXCEEDED"], &[]),
        ("ACCEPT_WITH_WARNINGS", twice("CONFIRMED"), &["DUPLICATE_PO"], &[]),
        ("ACCEPT", twice("CANCELLED"), &[], &[]),
        ("ACCEPT_WITH_WARNINGS", five_cancelled, &["DUPLICATE_PO"], &[]),
        ("ACCEPT_WITH_WARNINGS", in_account("taxExemptions", certificate), &["TAX_CERT_EXPIRED"], &[]),
        ("MANUAL_REVIEW", in_account("orders", no_orders), &["MANUAL_REVIEW"], &[]),
    ];
    let settings = Settings {
        export_forbidden: ["XX".to_owned()].into(),
        hazmat_carriers: ["FAST".to_owned()].into(),
        cart: Checkout { review_first_order: true, ..Checkout::default() },
        ..berlin()
    };
    let mut arguments = lines("3");
    arguments["customerPo"] = json!("PO-1");
    for (decision, facts, whole, line) in cases {
        let verdict = judged(&facts, &arguments, &settings);
        let expected = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>();
        assert_eq!(said(&verdict), (decision.to_owned(), expected(whole), expected(line)), "{facts}");
        let priced = !verdict["lines"][0]["price"]["unitPrice"].is_null();
        assert!(priced || verdict["total"].is_null(), "{facts}");
    }
}

#[test]
fn with_the_price_owner_down_there_is_neither_the_list_price_nor_zero() {
    let facts = set(one(), &["prices", "0"], unknown());
    let facts =
        set(facts, &["products", "0", "listPrice"], json!({"amount": "12", "currency": "EUR", "per": 1, "unit": "EA"}));
    let verdict = judged(&facts, &lines("3"), &berlin());
    let price = &verdict["lines"][0]["price"];
    assert_eq!(verdict["decision"], "MANUAL_REVIEW");
    for amount in [&price["unitPrice"], &price["net"], &verdict["net"], &verdict["total"]] {
        assert!(amount.is_null());
    }
}

#[test]
fn what_is_more_than_a_parcel_goes_as_freight_or_says_why_not() {
    let of = |of, text: &str, unit| Measure::new(of, text.parse().unwrap(), unit);
    let parcel = Parcel {
        length_max: of(Measured::Length, "200", "CM"),
        length_and_girth_max: of(Measured::Length, "3", "M"),
        weight_max: of(Measured::Weight, "31.5", "KG"),
    };
    let size = |length: &str, unit: &str| json!({"length": "100", "width": length, "height": "250", "unit": unit});
    let weight = |value: &str, unit: &str| json!({"value": value, "unit": unit});
    let (small, light) = (size("100", "MM"), weight("1", "KG"));
    // What it measures and weighs, its freight class; the quantity, the street; the decision, and what is said of freight.
    type Row<'t> = (Value, Value, Value, (&'t str, &'t str), &'t str, Vec<&'t str>);
    let table: Vec<Row<'_>> = vec![
        (small.clone(), light.clone(), Value::Null, ("31.5", "Quay 1"), "ACCEPT", vec![]),
        (
            small.clone(),
            light.clone(),
            Value::Null,
            ("32", "Quay 1"),
            "ACCEPT",
            vec!["INFO All of it is heavier than one parcel may be: 31.5 KG; and it has no freight class."],
        ),
        (small.clone(), weight("31500", "g"), Value::Null, ("1", "Quay 1"), "ACCEPT", vec![]),
        (
            small.clone(),
            weight("70", "LB"),
            Value::Null,
            ("1", "Quay 1"),
            "ACCEPT_WITH_WARNINGS",
            vec!["WARNING It is heavier than a parcel may be: 31.5 KG; and it has no freight class."],
        ),
        (small.clone(), weight("70", "LB"), json!("85"), ("1", "Quay 1"), "ACCEPT", vec![]),
        // 2,000 along the longest side, and twice 100 and 250 around it; then a little more.
        (size("2000", "MM"), light.clone(), Value::Null, ("1", "Quay 1"), "ACCEPT", vec![]),
        (
            size("2000.1", "MM"),
            light.clone(),
            Value::Null,
            ("1", "Quay 1"),
            "ACCEPT_WITH_WARNINGS",
            vec!["WARNING It is longer than a parcel may be: 200 CM."],
        ),
        (
            size("25", "CM"),
            light.clone(),
            Value::Null,
            ("1", "Quay 1"),
            "ACCEPT_WITH_WARNINGS",
            vec![
                "WARNING It is longer than a parcel may be: 200 CM.",
                "WARNING Its length and girth are more than a parcel may have: 3 M.",
            ],
        ),
        (
            size("2000.1", "MM"),
            light.clone(),
            Value::Null,
            ("1", "Postfach 4"),
            "REFUSE",
            vec!["BLOCKING The address is a post office box.", "WARNING It is longer than a parcel may be: 200 CM."],
        ),
        (
            Value::Null,
            Value::Null,
            Value::Null,
            ("1", "Quay 1"),
            "ACCEPT",
            vec![
                "INFO Its size was never measured, so nobody can say whether it goes as a parcel.",
                "INFO Its weight is not known to its owner, so nobody can say whether it goes as a parcel.",
            ],
        ),
        (
            unknown(),
            light.clone(),
            Value::Null,
            ("1", "Quay 1"),
            "ACCEPT_WITH_WARNINGS",
            vec!["WARNING Whether it is small enough for a parcel could not be found out."],
        ),
        (
            small.clone(),
            weight("1", "EA"),
            Value::Null,
            ("1", "Quay 1"),
            "ACCEPT_WITH_WARNINGS",
            vec!["WARNING Whether it is light enough for a parcel could not be found out."],
        ),
    ];
    for (size, weight, class, (quantity, street), decision, expected) in table {
        let of = |name: &'static str| ["products", "0", name];
        let facts = set(set(one(), &of("dimensions"), size), &of("grossWeight"), weight);
        let facts = set(set(facts, &of("freightClass"), class), &["account", "shipTos", "0", "street"], json!(street));
        let said = |parcel: Parcel| {
            let verdict = judged(&facts, &lines(quantity), &Settings { parcel, ..berlin() });
            let reasons = verdict["lines"][0]["reasons"].as_array().unwrap().clone();
            let freight = reasons.into_iter().filter(|one| one["code"] == "FREIGHT_CONSTRAINT");
            let told = |one: Value| {
                assert_eq!(one["evidence"].as_array().map(Vec::len), Some(1), "{one}");
                format!("{} {}", one["severity"].as_str().unwrap(), one["message"].as_str().unwrap())
            };
            (verdict["decision"].as_str().unwrap().to_owned(), freight.map(told).collect::<Vec<_>>())
        };
        let expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        assert_eq!(said(parcel.clone()), (decision.to_owned(), expected), "{facts}");
        let unlimited = said(Parcel::default()).1;
        assert!(unlimited.iter().all(|told| told.contains("post office box")), "{unlimited:?}");
    }
}

#[test]
fn lines_of_one_product_share_what_is_available_in_their_order() {
    let facts = cart(vec![product("A", "10"); 3], vec![price("10.00"); 3]);
    let arguments = json!({"account": "1", "lines": [{"sku": "A", "quantity": "6"}, {"sku": "A", "quantity": "6"}, {"sku": "A", "quantity": 1}]});
    let verdict = judged(&facts, &arguments, &berlin());
    let of = |n: usize| {
        let line = &verdict["lines"][n];
        (line["availability"]["available"].as_str().unwrap().to_owned(), codes(&line["reasons"]))
    };
    assert_eq!(of(0), ("10".to_owned(), vec![]));
    assert_eq!(of(1), ("4".to_owned(), vec!["PARTIAL_BACKORDER".to_owned()]));
    assert_eq!(of(2), ("0".to_owned(), vec!["BACKORDERED".to_owned()]));
    assert_eq!(verdict["decision"], "ACCEPT_WITH_WARNINGS");
}

#[test]
fn what_stops_a_cart_is_configured_by_segment() {
    let facts = cart(vec![product("A", "0")], vec![price("10.00")]);
    let checkout =
        |treatment| Checkout { treatments: [(ReasonCode::Backordered, treatment)].into(), ..Checkout::default() };
    for (treatment, decision, severity) in [
        (Treatment::Block, "REFUSE", "BLOCKING"),
        (Treatment::Review, "MANUAL_REVIEW", "BLOCKING"),
        (Treatment::Warn, "ACCEPT_WITH_WARNINGS", "WARNING"),
        (Treatment::Info, "ACCEPT", "INFO"),
    ] {
        let settings = Settings { cart_of: [("GOLD".to_owned(), checkout(treatment))].into(), ..berlin() };
        let verdict = judged(&facts, &lines("1"), &settings);
        assert_eq!(
            (&verdict["decision"], &verdict["lines"][0]["reasons"][0]["severity"]),
            (&json!(decision), &json!(severity))
        );
    }
    // Nobody can configure a cart without a price to be taken.
    let fine = Checkout { treatments: [(ReasonCode::PriceMissing, Treatment::Info)].into(), ..Checkout::default() };
    let verdict = judged(&set(one(), &["prices", "0"], Value::Null), &lines("1"), &Settings { cart: fine, ..berlin() });
    assert_eq!(verdict["decision"], "MANUAL_REVIEW");
}

#[test]
fn least_values_and_reviews_are_by_currency() {
    let euros = |amount: i64| [("EUR".to_owned(), Decimal::new(amount, 2))].into();
    let checkout = Checkout { minimum_order_value: euros(5_000), review_above: euros(10_000), ..Checkout::default() };
    let settings = Settings { cart: checkout, ..berlin() };
    for (quantity, decision, reasons) in [
        ("4.99", "ACCEPT_WITH_WARNINGS", vec!["MIN_ORDER_VALUE"]),
        ("5", "ACCEPT", vec![]),
        ("10", "ACCEPT", vec![]),
        ("10.001", "MANUAL_REVIEW", vec!["MANUAL_REVIEW"]),
    ] {
        let verdict = judged(&one(), &lines(quantity), &settings);
        assert_eq!(
            (verdict["decision"].as_str(), codes(&verdict["reasons"])),
            (Some(decision), reasons.into_iter().map(str::to_owned).collect())
        );
    }
    let empty = json!({"account": "1", "lines": []});
    assert_eq!(judged(&cart(vec![], vec![]), &empty, &settings)["decision"], "REFUSE");
}

#[test]
fn credit_that_does_not_stop_the_order_is_not_among_everybodys_reasons() {
    let facts = set(one(), &["account", "credit", "exposure"], euros("99900"));
    let verdict = judged(&facts, &lines("3"), &berlin());
    assert_eq!(said(&verdict), ("ACCEPT_WITH_WARNINGS".to_owned(), vec!["CREDIT_NOTICE".to_owned()], vec![]));
    assert_eq!(codes(&verdict["creditReasons"]), ["CREDIT_LIMIT_NEAR"]);
    let notice = &verdict["reasons"][0];
    assert_eq!(notice["evidence"], verdict["creditReasons"][0]["evidence"]);
    assert!(!notice["message"].as_str().unwrap().contains(|letter: char| letter.is_ascii_digit()));
}

#[test]
fn no_decision_is_without_a_reason_that_everybody_sees() {
    let facts = set(one(), &["account", "credit", "exposure"], euros("99900"));
    for (treatment, decision, everybodys, of_credit) in [
        (Treatment::Block, "REFUSE", vec!["CREDIT_LIMIT_NEAR"], vec![]),
        (Treatment::Review, "MANUAL_REVIEW", vec!["CREDIT_LIMIT_NEAR"], vec![]),
        (Treatment::Warn, "ACCEPT_WITH_WARNINGS", vec!["CREDIT_NOTICE"], vec!["CREDIT_LIMIT_NEAR"]),
        (Treatment::Info, "ACCEPT", vec![], vec!["CREDIT_LIMIT_NEAR"]),
    ] {
        let cart = Checkout { treatments: [(ReasonCode::CreditLimitNear, treatment)].into(), ..Checkout::default() };
        let verdict = judged(&facts, &lines("3"), &Settings { cart, ..berlin() });
        assert_eq!(
            (verdict["decision"].as_str().unwrap(), codes(&verdict["reasons"]), codes(&verdict["creditReasons"])),
            (
                decision,
                everybodys.into_iter().map(str::to_owned).collect(),
                of_credit.into_iter().map(str::to_owned).collect()
            )
        );
    }
}

#[test]
fn a_total_is_whole_or_not_there() {
    let surcharge =
        json!([{"kind": "FUEL", "amount": null, "percent": "10", "validFrom": "2026-01-01", "validTo": null}]);
    let dear = set(price("10.00"), &["surcharges"], surcharge);
    let arguments = json!({"account": "1", "lines": [{"sku": "A", "quantity": "1"}, {"sku": "B", "quantity": "2"}]});
    let products = vec![product("A", "100"), product("B", "100")];
    let verdict = judged(&cart(products.clone(), vec![price("5.00"), dear]), &arguments, &berlin());
    let amounts = ["net", "surcharges", "total"].map(|name| verdict[name]["amount"].as_str().unwrap().to_owned());
    assert_eq!(amounts, ["25.00", "2.00", "27.00"]);
    let verdict = judged(&cart(products, vec![price("5.00"), Value::Null]), &arguments, &berlin());
    assert!(verdict["net"].is_null() && verdict["total"].is_null());
}

#[test]
fn a_price_that_is_not_for_whoever_asks_is_said_to_be_and_no_judgement_on_the_product() {
    let of = |price: Value| {
        let facts = set(one(), &["prices"], price).to_string();
        let arguments = lines("3").to_string();
        let settings = berlin();
        let computed = (RULE.run)(facts.as_bytes(), arguments.as_bytes(), &context(NOW, &settings)).unwrap();
        let verdict = serde_json::from_slice::<Value>(&computed.members).unwrap()["validateCart"].clone();
        let about = computed.judgements.into_iter().filter_map(|judgement| judgement.about).map(|(of, _)| of);
        (said(&verdict), verdict["lines"][0]["reasons"][0]["message"].clone(), about.collect::<Vec<_>>())
    };
    let unclear = ("MANUAL_REVIEW".to_owned(), vec![], vec!["PRICE_UNCLEAR".to_owned()]);
    let withheld = json!("The price is the account's own, and not for whoever asks.");
    let down = json!("The price could not be found out.");
    assert_eq!(of(json!({"$unknown": {"code": "WITHHELD"}})), (unclear.clone(), withheld, vec!["Account"]));
    assert_eq!(of(unknown()), (unclear, down, vec!["Account", "Product"]));
}

prop_compose! {
    fn any_line()(n in 0..40_u8, on_hand in 0..30_u8, quantity in 1..40_u8, amount in 1..900_i64, broken in 0..6_u8) -> (Value, Value, Value) {
        let sku = format!("S{n}");
        let mut product = product(&sku, &on_hand.to_string());
        let mut price = price(&Decimal::new(amount, 2).to_string());
        match broken {
            0 => price = unknown(),
            1 => product["lifecycle"] = json!("PHASE_OUT"),
            2 => product["packQuantity"] = json!("7"),
            3 => product["stock"] = unknown(),
            _ => {}
        }
        (json!({"sku": sku, "quantity": quantity.to_string()}), product, price)
    }
}

proptest! {
    #[test]
    fn what_is_said_of_a_line_does_not_depend_on_the_lines_beside_it(lines in proptest::collection::vec(any_line(), 1..8)) {
        let mut seen = std::collections::BTreeSet::new();
        let lines: Vec<_> = lines.into_iter().filter(|(line, ..)| seen.insert(line["sku"].to_string())).collect();
        let ask = |lines: &[(Value, Value, Value)]| {
            let (written, products, prices): (Vec<_>, Vec<_>, Vec<_>) = lines.iter().cloned().fold(
                Default::default(),
                |mut all: (Vec<_>, Vec<_>, Vec<_>), (line, product, price)| {
                    all.0.push(line);
                    all.1.push(product);
                    all.2.push(price);
                    all
                },
            );
            judged(&cart(products, prices), &json!({"account": "1", "lines": written}), &berlin())
        };
        let whole = ask(&lines);
        for (n, line) in lines.iter().enumerate() {
            let mut alone = ask(std::slice::from_ref(line))["lines"][0].clone();
            alone["lineNumber"] = json!(n + 1);
            prop_assert_eq!(&alone, &whole["lines"][n]);
        }
        let mut turned = lines.clone();
        turned.reverse();
        let turned = ask(&turned);
        prop_assert_eq!((&turned["decision"], &turned["reasons"], &turned["total"]), (&whole["decision"], &whole["reasons"], &whole["total"]));
    }
}

/// What is noted of a cart: whose, of what, whether all is known, and the codes.
fn noted(facts: &Value, arguments: &Value) -> Vec<(String, bool, Vec<String>)> {
    let (facts, arguments) = (facts.to_string(), arguments.to_string());
    let computed = (RULE.run)(facts.as_bytes(), arguments.as_bytes(), &context(NOW, &berlin())).unwrap();
    let told = computed.judgements.into_iter().map(|judgement| {
        assert_eq!(judgement.account.as_deref(), Some("100042"));
        let (type_name, key) = judgement.about.expect("it is about something");
        let codes = judgement.reasons.iter().map(|reason| reason.code.to_string()).collect();
        (format!("{type_name} {key}"), judgement.is_complete, codes)
    });
    told.collect()
}

#[test]
fn nothing_is_noted_of_an_account_that_is_not_known_to_be_there() {
    for account in [Value::Null, unknown()] {
        let facts = set(set(one(), &["account"], account), &["prices", "0"], Value::Null);
        assert_eq!(noted(&facts, &lines("3")), []);
    }
}

#[test]
fn what_depends_on_the_question_is_not_noted_and_does_not_resolve_what_is() {
    let clear = [("Account 100042".to_owned(), true, vec![]), ("Product A".to_owned(), true, vec![])];
    assert_eq!(noted(&one(), &lines("3")), clear);
    // More than the limit, by the cart's own amount; more than there is; a foreign address and buyer.
    let deny = set(one(), &["products", "0", "stock", "backorderPolicy"], json!("DENY"));
    let much =
        json!({"account": "100042", "shipTo": "S9", "buyer": "B9", "lines": [{"sku": "A", "quantity": "100000"}]});
    let verdict = judged(&deny, &much, &berlin());
    assert!(codes(&verdict["reasons"]).contains(&"CREDIT_HOLD".to_owned()), "{verdict}");
    assert!(codes(&verdict["lines"][0]["reasons"]).contains(&"BACKORDER_NOT_ALLOWED".to_owned()), "{verdict}");
    assert_eq!(noted(&deny, &much), clear);
    // Another day's price says nothing of today's.
    let mut later = lines("3");
    later["date"] = json!("2099-01-01");
    assert_eq!(noted(&one(), &later), clear[..1]);
    // A number that nobody knows is nothing to act on.
    let nothing = set(one(), &["products", "0"], Value::Null);
    assert_eq!(noted(&nothing, &lines("3")), clear[..1]);
}

#[test]
fn what_stands_in_the_way_without_the_cart_is_noted() {
    let held = set(set(one(), &["account", "credit", "hold"], json!(true)), &["prices", "0"], Value::Null);
    let expected = [
        ("Account 100042".to_owned(), true, vec!["CREDIT_HOLD".to_owned()]),
        ("Product A".to_owned(), true, vec!["PRICE_MISSING".to_owned()]),
    ];
    assert_eq!(noted(&held, &lines("3")), expected);
    let unclear = set(one(), &["products", "0", "lifecycle"], unknown());
    assert!(noted(&unclear, &lines("3")).iter().any(|(about, is_complete, _)| about == "Product A" && !is_complete));
}

#[test]
fn a_certificate_for_the_country_speaks_where_there_is_none_for_the_region() {
    let certificate = |place: &str, until: &str| {
        json!({"$at": 9, "jurisdiction": place, "certificate": "C", "validFrom": "2020-01-01",
        "validTo": until, "revoked": false})
    };
    for (certificates, expected) in [
        (json!([certificate("DE", "2026-06-29")]), "TAX_CERT_EXPIRED"),
        (json!([certificate("FR", "2030-01-01")]), "TAX_CERT_WRONG_JURISDICTION"),
    ] {
        let facts = set(one(), &["account", "taxExemptions"], certificates);
        assert_eq!(codes(&judged(&facts, &lines("3"), &berlin())["reasons"]), [expected]);
    }
    let nowhere = set(one(), &["account", "taxExemptions"], json!([certificate("DE", "2030-01-01")]));
    for country in [Value::Null, unknown()] {
        let facts = set(nowhere.clone(), &["account", "shipTos", "0", "country"], country);
        let verdict = judged(&facts, &lines("3"), &berlin());
        assert!(codes(&verdict["reasons"]).contains(&"TAX_UNCLEAR".to_owned()), "{verdict}");
    }
}
