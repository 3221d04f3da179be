//! Rules: what they come to for somebody's own is the same for all who may see it; of another's account they know nothing.

use freehold::{
    access::{Caller, OrderLimit},
    settings::CacheSettings,
};
use serde_json::{Value, json};

use super::{
    rig::{Company, Rig},
    table::{AUDIENCES, PERMISSIONS},
};

const STATUS: &str =
    "{ orders(numbers: [\"4500012345\", \"4500012348\", \"4500012349\", \"4500012352\", \"W-900001\"]) {
    number status fulfillmentStatus invoiceStatus paymentStatus returnStatus reasons { code severity scope message }
    statusExplanation { step text } lines { lineNumber status open reasons { code message } } } }";

#[tokio::test]
async fn an_order_has_one_status_for_its_buyer_the_agent_and_bi() {
    let rig = Rig::demo(Company::filled().await, CacheSettings::default()).await;
    let truth = rig.data(&Caller::operator(), STATUS).await;
    assert_eq!(truth["orders"].as_array().map(Vec::len), Some(5));
    assert!(truth["orders"].as_array().unwrap().iter().all(|order| order["status"].is_string()));
    for audience in AUDIENCES {
        for accounts in [&["100042"][..], &["100040"]] {
            // What the rule reads of credit, stock and the like is not the caller's to see, and counts all the same.
            let rights = ["VIEW_ORDERS_ACCOUNT", "VIEW_ORDERS_CHILDREN"];
            assert_eq!(rig.data(&rig.caller(audience, accounts, &rights), STATUS).await, truth, "{audience}");
            assert_eq!(rig.data(&rig.caller(audience, accounts, &PERMISSIONS), STATUS).await, truth, "{audience}");
        }
    }
}

#[tokio::test]
async fn a_held_account_is_held_for_all_and_its_amounts_are_told_to_none_without_the_right() {
    let rig = Rig::demo(Company::filled().await, CacheSettings::default()).await;
    for account in ["100077", "100078", "100090", "100120"] {
        let query = format!(
            "{{ account(number: \"{account}\") {{ reasons {{ code severity message }} }}
                validateCart(account: \"{account}\", lines: [{{ sku: \"PMP-4020\", quantity: \"3\" }}]) {{
                  decision reasons {{ code message }} explanation {{ step text }} }} }}"
        );
        let amounts = format!(
            "{{ account(number: \"{account}\") {{ credit {{ exposure {{ amount }} receivable {{ amount }} openOrders {{ amount }}
                limit {{ amount }} overdue {{ amount }} available {{ amount }} }} }} }}"
        );
        let credit = rig.data(&Caller::operator(), &amounts).await["account"]["credit"].clone();
        let amounts: Vec<String> = credit
            .as_object()
            .expect("credit")
            .values()
            .filter_map(|money| {
                let amount = money["amount"].as_str()?.to_owned();
                (amount.len() > 3).then_some(amount)
            })
            .collect();
        let truth = rig.data(&Caller::operator(), &query).await;
        for audience in AUDIENCES {
            let caller = rig.caller(audience, &[account], &["VIEW_PRICE", "VIEW_STOCK"]);
            let text = rig.text(&caller, &query).await;
            for amount in &amounts {
                let said = text.contains(amount.as_str()) || text.contains(amount.trim_start_matches('-'));
                assert!(!said, "{audience} is told {amount} of {account}: {text}");
            }
            let answer: Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!(answer["data"]["account"], truth["account"], "{audience} of {account}");
            assert_eq!(answer["data"]["validateCart"]["decision"], truth["validateCart"]["decision"], "{account}");
        }
    }
}

#[tokio::test]
async fn an_order_above_what_a_callers_token_allows_has_to_be_approved_for_them_and_for_nobody_else() {
    let rig = Rig::demo(Company::filled().await, CacheSettings::default()).await;
    let cart = "{ validateCart(account: \"100042\", lines: [{ sku: \"PMP-4010\", quantity: \"20\" }]) {
        decision total { amount currency } reasons { code evidence { entity field value system } } } }";
    let truth = rig.data(&Caller::operator(), cart).await["validateCart"].take();
    let total: f64 = truth["total"]["amount"].as_str().and_then(|amount| amount.parse().ok()).expect("a total");
    assert!(total > 500.0 && truth["total"]["currency"] == "EUR", "{truth}");
    let other = Caller { subject: "other".into(), ..rig.caller("service", &["100042"], &PERMISSIONS) };
    let limited = |amount: i64, currency: Option<&str>| {
        let order_limit = Some(OrderLimit { amount: amount.into(), currency: currency.map(Into::into) });
        Caller { subject: "limited".into(), order_limit, ..other.clone() }
    };
    let over = ["APPROVAL_REQUIRED", "ORDER_LIMIT_EXCEEDED"];
    for (limit, expected, value) in [
        (limited(500, None), &over[..], "500 EUR"),
        (limited(500, Some("EUR")), &over, "500 EUR"),
        (limited(50_000_000, Some("USD")), &over[..1], "50000000 USD"),
        (limited(50_000_000, None), &[], ""),
    ] {
        let verdict = rig.data(&limit, cart).await["validateCart"].take();
        let reasons = verdict["reasons"].as_array().expect("reasons");
        let of_limit = reasons.iter().filter(|reason| reason["evidence"][0]["entity"] == "the token");
        let mut of_limit: Vec<&str> = of_limit.filter_map(|reason| reason["code"].as_str()).collect();
        of_limit.sort_unstable();
        assert_eq!(of_limit, expected, "{verdict}");
        if expected.is_empty() {
            assert_eq!(verdict, truth);
        } else {
            assert!(["MANUAL_REVIEW", "REFUSE"].iter().any(|one| verdict["decision"] == *one), "{verdict}");
            let evidence = json!({"entity": "the token", "field": "orderLimit", "value": value, "system": null});
            assert!(reasons.iter().any(|reason| reason["evidence"][0] == evidence), "{verdict}");
        }
        // The same plan, the same records, and another caller.
        assert_eq!(rig.data(&other, cart).await["validateCart"], truth);
    }
}

const OWN: &str = "{ product(sku: \"PMP-4010\") { orderable(account: \"{A}\") sale(account: \"{A}\") { orderable reasons { code } }
        availability(account: \"{A}\", quantity: \"2\") { word available reasons { code } substitutes { sku } }
        price(account: \"{A}\") { resolved(quantity: \"5\") { unitPrice { amount currency } source net { amount } } } }
    validateCart(account: \"{A}\", lines: [{ sku: \"PMP-4010\", quantity: \"2\" }]) { decision total { amount } reasons { code }
        lines { price { net { amount } } availability { word } } } }";

#[tokio::test]
async fn with_every_right_rules_say_of_ones_own_account_what_is_true_and_nothing_of_anothers() {
    let rig = Rig::demo(Company::filled().await, CacheSettings::default()).await;
    let about = |account: &str| OWN.replace("{A}", account);
    let truth = rig.data(&Caller::operator(), &about("100042")).await;
    assert!(truth["product"]["price"]["resolved"]["unitPrice"]["amount"].is_string(), "{truth:#}");
    for audience in AUDIENCES {
        let buyer = rig.caller(audience, &["100042"], &PERMISSIONS);
        assert_eq!(rig.data(&buyer, &about("100042")).await, truth, "{audience}");
        for foreign in ["100040", "100043", "100077"] {
            let (theirs, nobodys) = (rig.text(&buyer, &about(foreign)).await, rig.text(&buyer, &about("999999")).await);
            assert_eq!(theirs.replace(foreign, "999999"), nobodys, "{audience} asks of {foreign}");
            assert!(theirs.contains("\"price\":null"), "{theirs}");
        }
    }
}

#[tokio::test]
async fn a_cart_for_an_account_below_says_that_its_prices_are_not_for_the_one_above() {
    let rig = Rig::demo(Company::filled().await, CacheSettings::default()).await;
    let about = |account: &str| {
        format!(
            "{{ account(number: \"{account}\") {{ number }} product(sku: \"PMP-4010\") {{
                 sale(account: \"{account}\") {{ orderable reasons {{ code message }} }} }}
                validateCart(account: \"{account}\", lines: [{{ sku: \"PMP-4010\", quantity: \"2\" }}]) {{ decision total {{ amount }}
                  lines {{ price {{ unitPrice {{ amount }} reasons {{ code }} }} reasons {{ code message }} }} }} }}"
        )
    };
    let withheld = "The price is the account's own, and not for whoever asks.";
    for audience in AUDIENCES {
        let above = rig.caller(audience, &["100040"], &PERMISSIONS);
        let data = rig.data(&above, &about("100042")).await;
        assert_eq!(data["account"]["number"], "100042", "they see the account");
        let cart = &data["validateCart"];
        assert_eq!(cart["total"], Value::Null, "{data:#}");
        let reason = serde_json::json!([{"code": "PRICE_UNCLEAR", "message": withheld}]);
        assert_eq!(cart["lines"][0]["reasons"], reason, "{data:#}");
        assert_eq!(data["product"]["sale"], serde_json::json!({"orderable": null, "reasons": reason}));
        // Of an account that they do not see there is nothing, and so it is of one that there is not.
        let (theirs, nobodys) = (rig.text(&above, &about("100077")).await, rig.text(&above, &about("999999")).await);
        assert_eq!(theirs.replace("100077", "999999"), nobodys);
        assert!(theirs.contains("PRICE_MISSING") && !theirs.contains(withheld), "{theirs}");
    }
}
