//! Product: whether it may be sold to an account, and whether it lacks content.
//!
//! In: the lifecycle, which is the ERP's and overridden by nothing the PIM publishes or the shop shows; the price and the
//! addresses of the account. Out: yes, no, or none where it could not be found out; and the reasons.

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{
    article::{Article, article},
    availability::{AvailabilityAsk, assess, stock, successor},
    calendar::end_of,
    context::Context,
    fact::Fact,
    price::{self, price},
    ratio::Ratio,
    reason::{Reason, ReasonCode, Severity, sort},
    rule::{Rule, typed},
    settings::UNCLEAR,
    ship_to::{chosen, ship_to},
    validity::earlier,
};

/// Says whether a product may be sold to an account.
pub(super) const SALE: Rule = Rule {
    name: "product.sale",
    on: "Product",
    answers: &["orderable", "sale"],
    inputs: concat!(
        article!(),
        stock!(),
        "relations @optional { kind sku product { sku lifecycle } } ",
        "price(account: $account) { ",
        price!(),
        "buyer { shipTos @optional { ",
        ship_to!(),
        "} } }"
    ),
    holder: "",
    pieces: &[],
    run: |facts, arguments, context| {
        typed(facts, arguments, |article: &Article, arguments: &Arguments| {
            let (sale, holds_until) = sale(article, arguments, context);
            (Members { orderable: sale.orderable, sale }, holds_until)
        })
    },
};

/// Says whether a product lacks content.
pub(super) const CONTENT: Rule = Rule {
    name: "product.content",
    on: "Product",
    answers: &["contentMissing"],
    inputs: "name",
    holder: "",
    pieces: &[],
    run: |facts, arguments, _| {
        typed(facts, arguments, |content: &Content, _: &serde::de::IgnoredAny| {
            let content_missing = content.name.asked().ok().map(|name| name.is_none());
            (ContentMembers { content_missing }, None)
        })
    },
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Arguments {
    ship_to: Option<String>,
    date: Option<Date>,
}

#[derive(Serialize)]
struct Members {
    orderable: Option<bool>,
    sale: Sale,
}

#[derive(Deserialize)]
struct Content {
    name: Fact<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ContentMembers {
    content_missing: Option<bool>,
}

/// Whether a product may be sold.
#[derive(Debug, Serialize)]
struct Sale {
    orderable: Option<bool>,
    reasons: Vec<Reason>,
}

fn sale(article: &Article, arguments: &Arguments, context: &Context<'_>) -> (Sale, Option<Timestamp>) {
    let day = arguments.date.unwrap_or_else(|| context.today());
    let mut reasons = lifecycle_reasons(article, context);
    let mut holds_until = None;
    if article.lifecycle.known().is_some_and(|word| word == "PHASE_OUT") {
        holds_until = earlier(holds_until, stock_reasons(article, context, &mut reasons));
    }
    holds_until = earlier(holds_until, price_reasons(article, arguments, context, &mut reasons));
    if let Some(id) = &arguments.ship_to {
        let buyer = article.price.known().and_then(|price| price.buyer.known());
        let nowhere = Fact::Null;
        let ship_tos = buyer.map_or((article.at, &nowhere), |buyer| (buyer.at, &buyer.ship_tos));
        reasons.extend(chosen(ship_tos, id, day, context).1);
        if arguments.date.is_none() {
            holds_until = earlier(holds_until, end_of(day, context));
        }
    }
    let unclear = |reason: &Reason| UNCLEAR.contains(&reason.code);
    let refused = reasons.iter().any(|reason| reason.severity == Severity::Blocking && !unclear(reason));
    let orderable = if refused {
        Some(false)
    } else if reasons.iter().any(unclear) {
        None
    } else {
        Some(true)
    };
    sort(&mut reasons);
    (Sale { orderable, reasons }, holds_until)
}

/// Returns what the lifecycle of a product says against selling it.
pub(super) fn lifecycle_reasons(article: &Article, context: &Context<'_>) -> Vec<Reason> {
    let evidence = || vec![context.evidence_of(article.at, "lifecycle", &article.lifecycle)];
    let (code, message) = match article.lifecycle.known().map(String::as_str) {
        Some("ACTIVE") => return Vec::new(),
        Some("PHASE_OUT") => (ReasonCode::ProductPhaseOut, "It is sold while stock lasts.".to_owned()),
        Some("DISCONTINUED") => (
            ReasonCode::ProductDiscontinued,
            match successor(article) {
                Some(successor) => format!("It is sold no more; {} replaces it.", successor.sku),
                None => "It is sold no more.".to_owned(),
            },
        ),
        Some("BLOCKED") => (ReasonCode::ProductBlocked, "It is held for quality or legal reasons.".to_owned()),
        Some("PRE_LAUNCH") => (ReasonCode::ProductPreLaunch, "It is not sold yet.".to_owned()),
        Some(_) | None => (ReasonCode::ProductUnclear, "Whether it may be sold could not be found out.".to_owned()),
    };
    vec![Reason::new(code, message, evidence())]
}

/// What is sold while stock lasts needs stock, here or on its way.
fn stock_reasons(article: &Article, context: &Context<'_>, reasons: &mut Vec<Reason>) -> Option<Timestamp> {
    let ask = AvailabilityAsk {
        quantity: Decimal::ONE,
        unit: None,
        wanted_by: None,
        plants: None,
        taken: Ratio::ZERO,
        for_account: false,
        currency: None,
        price_date: None,
        ship_to: None,
    };
    let availability = assess(article, &ask, context);
    let matters =
        |reason: &Reason| matches!(reason.code, ReasonCode::BackorderNotAllowed | ReasonCode::AvailabilityUnclear);
    reasons.extend(availability.reasons.into_iter().filter(matters));
    availability.holds_until
}

/// A product without a price cannot be ordered; one whose price begins at a greater quantity can.
fn price_reasons(
    article: &Article,
    arguments: &Arguments,
    context: &Context<'_>,
    reasons: &mut Vec<Reason>,
) -> Option<Timestamp> {
    let facts = match article.price.asked() {
        Ok(Some(facts)) => facts,
        Ok(None) => {
            let evidence = vec![context.evidence_of_null(article.at, "price")];
            reasons.push(Reason::new(ReasonCode::PriceMissing, "There is no price for it.", evidence));
            return None;
        }
        Err(unknown) => {
            let evidence = vec![context.evidence(article.at, "price", &unknown.code)];
            reasons.push(Reason::new(ReasonCode::PriceUnclear, price::why_unclear(unknown), evidence));
            return None;
        }
    };
    let (date, ship_to) = (arguments.date, arguments.ship_to.as_deref());
    let ask = price::Ask { quantity: Decimal::ONE, unit: None, currency: None, date, ship_to };
    let resolved = price::resolve(facts, Some(article), &ask, context);
    if resolved.unit_price.is_none() && resolved.tiers.is_empty() {
        let quantity = |code| matches!(code, ReasonCode::PackQtyRequired | ReasonCode::PriceBelowMinimumQty);
        reasons.extend(resolved.reasons.into_iter().filter(|reason| !quantity(reason.code)));
    }
    resolved.holds_until
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::rules::sample::{berlin, context};

    fn product(lifecycle: &str) -> Value {
        json!({"$at": 1, "sku": "P", "type": "GOODS", "lifecycle": lifecycle, "baseUnit": "EA",
            "stock": {"$at": 2, "onHand": "5", "available": "5", "plants": null, "inbound": [], "backorderPolicy": "ALLOW"},
            "relations": [{"kind": "SUCCESSOR", "sku": "Q", "product": {"sku": "Q", "lifecycle": "ACTIVE"}}],
            "price": {"$at": 3, "currency": "EUR", "candidates": [{"record": "R", "source": "LIST", "state": "RELEASED",
                "minimumQuantity": "10", "unitPrice": {"amount": "1", "currency": "EUR", "per": 1, "unit": "EA"}}],
                "buyer": {"shipTos": [{"id": "S", "active": true}]}}})
    }

    fn sold(product: &Value, arguments: Value) -> (Option<bool>, Vec<String>) {
        let settings = berlin();
        let (facts, arguments) = (product.to_string(), arguments.to_string());
        let context = context("2026-06-30T10:00:00Z", &settings);
        let computed = (SALE.run)(facts.as_bytes(), arguments.as_bytes(), &context).unwrap();
        let members: Value = serde_json::from_slice(&computed.members).unwrap();
        assert_eq!(members["orderable"], members["sale"]["orderable"]);
        let reasons = members["sale"]["reasons"].as_array().unwrap().iter();
        (members["orderable"].as_bool(), reasons.map(|one| one["code"].as_str().unwrap().to_owned()).collect())
    }

    #[test]
    fn the_erps_lifecycle_the_price_and_the_address_decide() {
        let unknown = || json!({"$unknown": {"code": "TIMEOUT", "system": "erp"}});
        let with = |name: &str, value: Value| {
            let mut product = product("ACTIVE");
            product[name] = value;
            product
        };
        let mut empty = product("PHASE_OUT");
        empty["stock"]["available"] = json!("0");
        let mut unpriced = product("ACTIVE");
        unpriced["price"]["candidates"] = json!([]);
        for (product, arguments, orderable, reasons) in [
            (product("ACTIVE"), json!({}), Some(true), vec![]),
            (product("ACTIVE"), json!({"shipTo": "S"}), Some(true), vec![]),
            (product("ACTIVE"), json!({"shipTo": "T"}), Some(false), vec!["SHIP_TO_NOT_ALLOWED"]),
            (product("PHASE_OUT"), json!({}), Some(true), vec!["PRODUCT_PHASE_OUT"]),
            (empty, json!({}), Some(false), vec!["BACKORDER_NOT_ALLOWED", "PRODUCT_PHASE_OUT"]),
            (product("DISCONTINUED"), json!({}), Some(false), vec!["PRODUCT_DISCONTINUED"]),
            (product("BLOCKED"), json!({}), Some(false), vec!["PRODUCT_BLOCKED"]),
            (product("PRE_LAUNCH"), json!({}), Some(false), vec!["PRODUCT_PRE_LAUNCH"]),
            (product("RETIRED?"), json!({}), None, vec!["PRODUCT_UNCLEAR"]),
            (with("lifecycle", unknown()), json!({}), None, vec!["PRODUCT_UNCLEAR"]),
            (with("price", unknown()), json!({}), None, vec!["PRICE_UNCLEAR"]),
            (with("price", json!({"$unknown": {"code": "WITHHELD"}})), json!({}), None, vec!["PRICE_UNCLEAR"]),
            (with("price", Value::Null), json!({}), Some(false), vec!["PRICE_MISSING"]),
            (unpriced, json!({}), Some(false), vec!["PRICE_MISSING"]),
        ] {
            let expected = (orderable, reasons.iter().map(|code| (*code).to_owned()).collect());
            assert_eq!(sold(&product, arguments), expected, "{product}");
        }
    }

    #[test]
    fn content_is_missing_where_the_pim_says_so_and_nowhere_else() {
        let settings = berlin();
        let run = |facts: &str| {
            let computed = (CONTENT.run)(facts.as_bytes(), b"{}", &context("2026-06-30T10:00:00Z", &settings)).unwrap();
            serde_json::from_slice::<Value>(&computed.members).unwrap()["contentMissing"].clone()
        };
        assert_eq!(run(r#"{"name":"Pump"}"#), json!(false));
        assert_eq!(run(r#"{"name":null}"#), json!(true));
        assert_eq!(run(r#"{"name":{"$unknown":{"code":"TIMEOUT","system":"pim"}}}"#), Value::Null);
    }
}
