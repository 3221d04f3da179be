//! What is free, what comes when, what is said of it in a shop; and what is not known.

use jiff::Timestamp;
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::*;
use crate::rules::{
    context::Context,
    evidence::{At, Source, Sources},
    sample::{berlin, context, instant},
    settings::{Settings, Stocking},
};

const NOW: &str = "2026-06-30T10:00:00Z";

fn plant(code: &str, on_hand: &str, allocated: &str) -> Value {
    json!({"$at": 3, "plant": code, "onHand": on_hand, "allocated": allocated, "committed": "0", "qualityHold": "0",
        "safetyStock": "0", "asOf": "2026-06-30T06:00:00Z"})
}

fn inbound(quantity: &str, date: Value, confirmed: bool) -> Value {
    json!({"$at": 4, "plant": "P1", "quantity": quantity, "date": date, "confirmed": confirmed})
}

fn stocked(plants: Vec<Value>, inbound: Vec<Value>, policy: &str, lead: Value) -> Value {
    json!({"$at": 1, "sku": "A", "type": "GOODS", "lifecycle": "ACTIVE", "baseUnit": "EA", "salesUnit": null,
        "units": [{"unit": "BOX", "numerator": 12, "denominator": 1}],
        "stock": {"$at": 2, "onHand": "0", "available": "0", "plants": plants, "inbound": inbound,
            "backorderPolicy": policy, "leadTimeDays": lead}})
}

fn unknown() -> Value {
    json!({"$unknown": {"code": "TIMEOUT", "system": "erp"}})
}

fn set(mut facts: Value, path: &[&str], value: Value) -> Value {
    let at = path.iter().fold(&mut facts, |at, name| &mut at[*name]);
    *at = value;
    facts
}

fn run(facts: &Value, arguments: &Value, context: &Context<'_>) -> (Value, Option<Timestamp>) {
    let (facts, arguments) = (facts.to_string(), arguments.to_string());
    let computed = (RULE.run)(facts.as_bytes(), arguments.as_bytes(), context).unwrap();
    (serde_json::from_slice::<Value>(&computed.members).unwrap()["availability"].clone(), computed.holds_until)
}

fn asked(facts: &Value, arguments: Value) -> Value {
    run(facts, &arguments, &context(NOW, &berlin())).0
}

fn codes(answer: &Value) -> Vec<&str> {
    answer["reasons"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect()
}

#[test]
fn each_word_and_its_reasons() {
    let ten = || vec![plant("P1", "10", "0")];
    let none = || vec![plant("P1", "4", "4")];
    let comes = || vec![inbound("20", json!("2026-07-10"), true)];
    let is = |facts: Value, lifecycle: &str| set(facts, &["lifecycle"], json!(lifecycle));
    let cases = [
        (stocked(ten(), vec![], "DENY", Value::Null), json!({}), "IN_STOCK", Some("2026-06-30"), vec![]),
        (
            stocked(ten(), vec![], "DENY", Value::Null),
            json!({"quantity": "10"}),
            "IN_STOCK",
            Some("2026-06-30"),
            vec![],
        ),
        (
            stocked(vec![plant("P1", "4", "0")], vec![], "DENY", Value::Null),
            json!({}),
            "LIMITED",
            Some("2026-06-30"),
            vec![],
        ),
        (
            stocked(ten(), vec![], "DENY", Value::Null),
            json!({"quantity": "11"}),
            "LIMITED",
            None,
            vec!["BACKORDER_NOT_ALLOWED"],
        ),
        (stocked(none(), comes(), "DENY", Value::Null), json!({}), "UNAVAILABLE", None, vec!["BACKORDER_NOT_ALLOWED"]),
        (
            stocked(none(), comes(), "ALLOW", Value::Null),
            json!({}),
            "BACKORDER",
            Some("2026-07-10"),
            vec!["BACKORDERED"],
        ),
        (
            stocked(ten(), comes(), "ALLOW", Value::Null),
            json!({"quantity": "30"}),
            "BACKORDER",
            Some("2026-07-10"),
            vec!["PARTIAL_BACKORDER"],
        ),
        (
            stocked(ten(), comes(), "ALLOW_UNTIL_INBOUND", Value::Null),
            json!({"quantity": "31"}),
            "LIMITED",
            None,
            vec!["BACKORDER_NOT_ALLOWED"],
        ),
        (
            stocked(ten(), comes(), "ALLOW_UNTIL_INBOUND", Value::Null),
            json!({"quantity": "30"}),
            "BACKORDER",
            Some("2026-07-10"),
            vec!["PARTIAL_BACKORDER"],
        ),
        (stocked(none(), vec![], "ALLOW", json!(14)), json!({}), "LEAD_TIME", Some("2026-07-14"), vec!["BACKORDERED"]),
        (stocked(none(), vec![], "ALLOW", Value::Null), json!({}), "UNAVAILABLE", None, vec!["BACKORDERED"]),
        (
            stocked(none(), vec![inbound("9", Value::Null, true)], "ALLOW", Value::Null),
            json!({}),
            "UNAVAILABLE",
            None,
            vec!["BACKORDERED"],
        ),
        (
            stocked(none(), vec![inbound("9", json!("2026-06-29"), false)], "ALLOW", Value::Null),
            json!({}),
            "UNAVAILABLE",
            None,
            vec!["BACKORDERED"],
        ),
        (
            stocked(none(), vec![inbound("9", json!("2026-06-29"), true)], "ALLOW", Value::Null),
            json!({}),
            "BACKORDER",
            Some("2026-06-30"),
            vec!["BACKORDERED"],
        ),
        (stocked(none(), vec![], "MAKE_TO_ORDER", json!(30)), json!({}), "MADE_TO_ORDER", Some("2026-07-30"), vec![]),
        (
            stocked(none(), vec![], "DROP_SHIP", json!(3)),
            json!({}),
            "LEAD_TIME",
            Some("2026-07-03"),
            vec!["BACKORDERED"],
        ),
        (
            stocked(none(), vec![], "ALLOW", json!(14)),
            json!({"date": "2026-07-13"}),
            "LEAD_TIME",
            Some("2026-07-14"),
            vec!["BACKORDERED", "LEAD_TIME_EXCEEDS_REQUEST"],
        ),
        (
            stocked(none(), vec![], "ALLOW", json!(14)),
            json!({"date": "2026-07-14"}),
            "LEAD_TIME",
            Some("2026-07-14"),
            vec!["BACKORDERED"],
        ),
        (
            is(stocked(none(), vec![], "ALLOW", json!(14)), "PHASE_OUT"),
            json!({}),
            "UNAVAILABLE",
            None,
            vec!["BACKORDER_NOT_ALLOWED"],
        ),
        (
            is(stocked(none(), comes(), "ALLOW", json!(14)), "PHASE_OUT"),
            json!({}),
            "BACKORDER",
            Some("2026-07-10"),
            vec!["BACKORDERED"],
        ),
        (
            is(stocked(ten(), vec![], "ALLOW", json!(14)), "DISCONTINUED"),
            json!({}),
            "UNAVAILABLE",
            Some("2026-06-30"),
            vec![],
        ),
        (
            set(stocked(none(), vec![], "ALLOW", Value::Null), &["stock", "backorderPolicy"], Value::Null),
            json!({}),
            "UNAVAILABLE",
            None,
            vec!["BACKORDER_NOT_ALLOWED"],
        ),
        (
            set(stocked(none(), vec![], "ALLOW", Value::Null), &["stock", "backorderPolicy"], unknown()),
            json!({}),
            "UNKNOWN",
            None,
            vec!["AVAILABILITY_UNCLEAR"],
        ),
        (
            set(stocked(none(), vec![], "ALLOW", Value::Null), &["stock", "inbound"], unknown()),
            json!({}),
            "UNKNOWN",
            None,
            vec!["AVAILABILITY_UNCLEAR"],
        ),
        (
            set(stocked(ten(), vec![], "ALLOW", Value::Null), &["stock", "inbound"], unknown()),
            json!({}),
            "IN_STOCK",
            Some("2026-06-30"),
            vec![],
        ),
        (
            stocked(vec![plant("P1", "10", "0"), unknown()], vec![], "DENY", Value::Null),
            json!({}),
            "UNKNOWN",
            None,
            vec!["AVAILABILITY_UNCLEAR"],
        ),
        (
            set(stocked(ten(), vec![], "DENY", Value::Null), &["stock"], unknown()),
            json!({}),
            "UNKNOWN",
            None,
            vec!["AVAILABILITY_UNCLEAR"],
        ),
        (
            set(stocked(ten(), vec![], "DENY", Value::Null), &["stock"], Value::Null),
            json!({}),
            "UNKNOWN",
            None,
            vec!["AVAILABILITY_UNCLEAR"],
        ),
        (
            stocked(ten(), vec![], "DENY", Value::Null),
            json!({"unit": "PAL"}),
            "IN_STOCK",
            None,
            vec!["UOM_NOT_CONVERTIBLE"],
        ),
        (
            stocked(ten(), vec![], "DENY", Value::Null),
            json!({"unit": "BOX"}),
            "LIMITED",
            None,
            vec!["BACKORDER_NOT_ALLOWED"],
        ),
    ];
    for (facts, arguments, word, promised, reasons) in cases {
        let answer = asked(&facts, arguments.clone());
        assert_eq!(answer["word"], word, "{facts} {arguments}");
        assert_eq!(answer["promise"]["date"].as_str(), promised, "{facts} {arguments}");
        assert_eq!(codes(&answer), reasons, "{facts} {arguments}");
    }
}

#[test]
fn what_is_not_kept_in_stock_is_null_and_not_0() {
    let kept = |kind: &str| {
        let facts = stocked(vec![], vec![], "DENY", Value::Null);
        asked(&set(set(facts, &["type"], json!(kind)), &["stock"], Value::Null), json!({"quantity": "3"}))
    };
    for (kind, word) in [("SERVICE", Value::Null), ("KIT", Value::Null), ("NON_STOCK", json!("MADE_TO_ORDER"))] {
        let answer = kept(kind);
        assert_eq!(
            (&answer["stockManaged"], &answer["available"], &answer["word"]),
            (&json!(false), &Value::Null, &word)
        );
        assert_eq!((codes(&answer), &answer["holdsUntil"]), (vec![], &Value::Null));
    }
    assert_eq!(kept("GOODS")["stockManaged"], Value::Null);
}

#[test]
fn plants_are_summed_where_they_serve_and_a_negative_sum_stays_visible() {
    let plants = vec![plant("P1", "5", "9"), plant("P2", "3", "1")];
    let facts = stocked(plants, vec![inbound("7", json!("2026-07-01"), false)], "ALLOW", Value::Null);
    let answer = asked(&facts, json!({}));
    assert_eq!(
        (&answer["availableRaw"], &answer["available"], &answer["onHand"]),
        (&json!("-2"), &json!("0"), &json!("8"))
    );
    assert_eq!(
        answer["atp"],
        json!([{"date": "2026-06-30", "quantity": "0"}, {"date": "2026-07-01", "quantity": "5"}])
    );
    assert_eq!(asked(&facts, json!({"plants": ["P2"]}))["available"], "2");
    let stocking = Stocking { plants: Some(["P1".to_owned()].into()), ..Stocking::default() };
    let settings = Settings { availability: stocking, ..berlin() };
    assert_eq!(run(&facts, &json!({}), &context(NOW, &settings)).0["availableRaw"], "-4");
    // Without plants the owner's sum is all there is, and a choice of plants cannot be answered.
    let sum = set(set(facts, &["stock", "plants"], Value::Null), &["stock", "available"], json!("6"));
    assert_eq!(asked(&sum, json!({}))["available"], "6");
    assert_eq!(codes(&asked(&sum, json!({"plants": ["P1"]}))), ["AVAILABILITY_UNCLEAR"]);
}

#[test]
fn what_comes_serves_first_whoever_has_ordered_already() {
    let waiting = set(plant("P1", "10", "10"), &["committed"], json!("15"));
    let comes = vec![inbound("20", json!("2026-07-01"), true), inbound("4", json!("2026-07-20"), true)];
    let answer = asked(&stocked(vec![waiting], comes, "ALLOW", json!(60)), json!({"quantity": "8"}));
    let sums: Vec<_> = answer["atp"].as_array().unwrap().iter().map(|one| one["quantity"].as_str().unwrap()).collect();
    assert_eq!(sums, ["0", "5", "9"]);
    assert_eq!(answer["promise"]["date"], "2026-07-20");
}

#[test]
fn an_owner_that_promises_itself_is_passed_on() {
    let atp = json!([{"date": "2026-06-30", "quantity": "2"}, {"date": "2026-07-05", "quantity": "50"}]);
    let facts = set(stocked(vec![plant("P1", "10", "0")], vec![], "ALLOW", Value::Null), &["stock", "ownerAtp"], atp);
    let answer = asked(&facts, json!({"quantity": "40"}));
    assert_eq!((&answer["computedBy"], &answer["promise"]["date"]), (&json!("erp"), &json!("2026-07-05")));
}

fn other(sku: &str, on_hand: &str, candidates: Value) -> Value {
    let mut product = stocked(vec![plant("P1", on_hand, "0")], vec![], "DENY", Value::Null);
    product["sku"] = json!(sku);
    product["price"] = json!({"currency": "EUR", "candidates": candidates});
    product
}

#[test]
fn substitutes_are_sold_in_stock_and_priced_in_the_pims_order() {
    let price = json!([{"record": "R", "source": "LIST", "state": "RELEASED", "minimumQuantity": "1",
        "unitPrice": {"amount": "1", "currency": "EUR", "per": 1, "unit": "EA"}}]);
    let relation =
        |kind: &str, product: Value| json!({"kind": kind, "sku": product["sku"], "quantity": null, "product": product});
    let mut withdrawn = other("S0", "90", price.clone());
    withdrawn["lifecycle"] = json!("BLOCKED");
    let mut twice = relation("SUBSTITUTE", other("S5", "9", price.clone()));
    twice["quantity"] = json!("2");
    let mut facts = stocked(vec![plant("P1", "1", "0")], vec![], "DENY", Value::Null);
    facts["relations"] = json!([
        relation("ACCESSORY", other("X", "90", price.clone())),
        relation("SUBSTITUTE", withdrawn),
        relation("SUBSTITUTE", other("S1", "4", price.clone())),
        relation("SUBSTITUTE", other("S2", "5", json!([]))),
        relation("SUBSTITUTE", other("S3", "5", price.clone())),
        twice,
        {"kind": "SUBSTITUTE", "sku": "S6", "quantity": null, "product": unknown()},
        relation("SUBSTITUTE", other("S4", "80", price)),
    ]);
    let named = |arguments: Value| -> Vec<String> {
        let answer = asked(&facts, arguments);
        answer["substitutes"].as_array().unwrap().iter().map(|one| one["sku"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(named(json!({"quantity": "5", "account": "1"})), ["S3", "S4"]);
    assert_eq!(named(json!({"quantity": "5"})), ["S2", "S3", "S4"]);
    assert_eq!(named(json!({"quantity": "1", "account": "1"})), Vec::<String>::new());
    assert_eq!(
        codes(&asked(&facts, json!({"quantity": "5", "account": "1"}))),
        ["BACKORDER_NOT_ALLOWED", "SUBSTITUTE_AVAILABLE"]
    );
}

#[test]
fn successors_are_followed_to_what_is_sold_and_cycles_end() {
    let next = |sku: &str, lifecycle: &str, relations: Value| json!([{"kind": "SUCCESSOR", "sku": sku, "product": {"sku": sku, "lifecycle": lifecycle, "relations": relations}}]);
    for (relations, expected) in [
        (next("B", "ACTIVE", json!([])), json!("B")),
        (next("B", "DISCONTINUED", next("C", "DISCONTINUED", next("D", "PHASE_OUT", json!([])))), json!("D")),
        (next("B", "DISCONTINUED", next("C", "DISCONTINUED", next("D", "BLOCKED", json!([])))), Value::Null),
        (next("B", "DISCONTINUED", next("A", "DISCONTINUED", next("B", "ACTIVE", json!([])))), Value::Null),
        (next("A", "ACTIVE", json!([])), Value::Null),
        (json!([{"kind": "SUCCESSOR", "sku": "B", "product": null}]), Value::Null),
        (unknown(), Value::Null),
    ] {
        let mut facts = stocked(vec![plant("P1", "9", "0")], vec![], "DENY", Value::Null);
        (facts["lifecycle"], facts["relations"]) = (json!("DISCONTINUED"), relations);
        assert_eq!(asked(&facts, json!({}))["successor"]["sku"], expected, "{facts}");
    }
}

struct Old;

impl Sources for Old {
    fn source(&self, _: At, _: &str) -> Source {
        Source { system: None, entity: String::new(), domain: None, as_of: Some(instant("2026-06-30T09:59:00Z")) }
    }
}

#[test]
fn stock_older_than_is_allowed_is_not_believed() {
    let facts = stocked(vec![plant("P1", "10", "0")], vec![], "DENY", Value::Null);
    let at = |seconds: u32, now: &str| {
        let availability = Stocking { stale_after_seconds: Some(seconds), ..Stocking::default() };
        let settings = Settings { availability, ..berlin() };
        run(&facts, &json!({}), &Context { now: instant(now), settings: &settings, sources: &Old, order_limit: None })
    };
    let (fresh, holds_until) = at(61, NOW);
    assert_eq!((&fresh["word"], holds_until), (&json!("IN_STOCK"), Some(instant("2026-06-30T10:00:01Z"))));
    let (stale, _) = at(60, NOW);
    assert_eq!((&stale["word"], codes(&stale)), (&json!("UNKNOWN"), vec!["AVAILABILITY_UNCLEAR", "INVENTORY_STALE"]));
    assert_eq!(
        (&stale["available"], &stale["promise"], &stale["atp"]),
        (&json!("10"), &Value::Null, &Value::Null),
        "the figure has its time with it; nothing is promised from it"
    );
}

#[test]
fn a_promise_counts_from_the_sellers_today_and_holds_until_it_ends() {
    let facts = stocked(vec![plant("P1", "0", "0")], vec![], "ALLOW", json!(1));
    let settings = berlin();
    let (answer, holds_until) = run(&facts, &json!({}), &context("2026-06-30T21:59:59Z", &settings));
    assert_eq!(
        (&answer["promise"]["date"], holds_until),
        (&json!("2026-07-01"), Some(instant("2026-06-30T22:00:00Z")))
    );
    let (answer, _) = run(&facts, &json!({}), &context("2026-06-30T22:00:00Z", &settings));
    assert_eq!(answer["promise"]["date"], "2026-07-02");
}

prop_compose! {
    fn any_plant()(on_hand in -50..500_i64, held in proptest::collection::vec(0..200_i64, 4), scale in 0..4_u32) -> Value {
        let text = |number: i64| Decimal::new(number, scale).to_string();
        json!({"plant": "P", "onHand": text(on_hand), "allocated": text(held[0]), "qualityHold": text(held[1]),
            "safetyStock": text(held[2]), "committed": text(held[3])})
    }
}

proptest! {
    #[test]
    fn available_never_exceeds_what_is_on_hand_and_no_order_of_plants_matters(
        plants in proptest::collection::vec(any_plant(), 0..6), turn in 0..6_usize, quantity in 0..300_i64,
    ) {
        let arguments = json!({"quantity": quantity.to_string()});
        let answer = asked(&stocked(plants.clone(), vec![], "ALLOW", json!(3)), arguments.clone());
        let number = |name: &str| answer[name].as_str().unwrap().parse::<Decimal>().unwrap();
        prop_assert!(number("available") <= number("onHand").max(Decimal::ZERO));
        prop_assert!(number("availableRaw") <= number("onHand"));
        prop_assert!(number("available") >= Decimal::ZERO);
        let mut turned = plants;
        let middle = turn.min(turned.len());
        turned.rotate_left(middle);
        prop_assert_eq!(&asked(&stocked(turned, vec![], "ALLOW", json!(3)), arguments)["available"], &answer["available"]);
    }

    #[test]
    fn what_can_be_promised_only_grows_and_a_promise_keeps_to_it(
        days in proptest::collection::vec((-3_i64..40, 0..90_i64, any::<bool>()), 0..6), on_hand in 0..60_i64, quantity in 1..200_i64,
    ) {
        let today = jiff::civil::date(2026, 6, 30);
        let comes = days.iter().map(|(day, quantity, confirmed)| {
            let day = today.checked_add(jiff::Span::new().days(*day)).unwrap();
            inbound(&quantity.to_string(), json!(day.to_string()), *confirmed)
        });
        let facts = stocked(vec![plant("P1", &on_hand.to_string(), "0")], comes.collect(), "ALLOW_UNTIL_INBOUND", Value::Null);
        let answer = asked(&facts, json!({"quantity": quantity.to_string()}));
        let atp: Vec<(String, Decimal)> = answer["atp"].as_array().unwrap().iter()
            .map(|one| (one["date"].as_str().unwrap().to_owned(), one["quantity"].as_str().unwrap().parse().unwrap()))
            .collect();
        prop_assert!(atp.is_sorted());
        let first = atp.iter().find(|(_, sum)| *sum >= Decimal::from(quantity)).map(|(day, _)| day.as_str());
        prop_assert_eq!(answer["promise"]["date"].as_str(), first);
        prop_assert_eq!(first.is_none(), codes(&answer).contains(&"BACKORDER_NOT_ALLOWED"));
    }

    #[test]
    fn no_decimal_makes_it_panic(mantissa in any::<i64>(), scale in 0_u32..28, lead in any::<i64>()) {
        let huge = Decimal::new(mantissa, scale);
        let facts = stocked(vec![plant("P1", &huge.to_string(), &Decimal::MAX.to_string()); 3],
            vec![inbound(&Decimal::MAX.to_string(), json!("2026-07-01"), true); 3], "ALLOW", json!(lead));
        asked(&facts, json!({"quantity": huge.to_string(), "unit": "BOX"}));
    }
}
