//! Accounts and their buyers: whether they may buy at all, and who may order how much.
//!
//! In: the account's status, its terms, its logins. Out: reasons; none means that nothing stands in the way. A right that
//! could not be found out is no right.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{
    context::Context,
    credit::{CreditFacts, assess_fact, credit_inputs, holds_until},
    evidence::{At, Evidence},
    fact::{Fact, Unknown},
    money::{Money, MoneyFacts},
    reason::{Reason, ReasonCode, Severity, sort},
    rule::{Rule, typed},
};

/// `account`: the reasons why an account may not buy.
pub(super) const RULE: Rule = Rule {
    name: "account",
    on: "Account",
    answers: &["reasons"],
    inputs: concat!("status nativeStatus terms { code prepay } credit { ", credit_inputs!(), " }"),
    holder: "",
    pieces: &[],
    run: |facts, arguments, context| {
        typed(facts, arguments, |account: &AccountRuleFacts, _: &serde::de::IgnoredAny| {
            let AccountRuleFacts { at, status, native_status, terms, credit } = account;
            let standing = AccountFacts { at: *at, status: status.clone(), native_status: native_status.clone() };
            let mut found = reasons(&standing, context);
            found.extend(prepayment(terms, context));
            let is_prepaid = found.iter().any(|reason| reason.code == ReasonCode::PrepaymentRequired);
            let of_credit = credit_blocks(*at, credit, context).into_iter();
            // That it pays in advance is said once, whether its terms say so or its credit.
            found.extend(of_credit.filter(|one| !is_prepaid || one.code != ReasonCode::PrepaymentRequired));
            sort(&mut found);
            let until = credit.known().and_then(|credit| holds_until(credit, context));
            (Output { reasons: found }, until)
        })
    },
};

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct AccountRuleFacts {
    #[serde(rename = "$at")]
    at: At,
    status: Fact<AccountStatus>,
    native_status: Fact<String>,
    terms: Fact<TermsFacts>,
    credit: Fact<CreditFacts>,
}

#[derive(Debug, Serialize)]
struct Output {
    reasons: Vec<Reason>,
}

/// What the owner says of an account's standing.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccountFacts {
    /// Which object it is.
    #[serde(rename = "$at")]
    pub at: At,
    /// Whether it may buy.
    pub status: Fact<AccountStatus>,
    /// The owner's own code behind it.
    pub native_status: Fact<String>,
}

/// Whether an account may buy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AccountStatus {
    /// It may.
    Active,
    /// Everything is held.
    OnHold,
    /// No orders are taken.
    BlockedOrders,
    /// Orders are taken and not shipped.
    BlockedDelivery,
    /// Orders are shipped and not invoiced.
    BlockedBilling,
    /// It buys no more.
    Inactive,
    /// Not approved yet.
    PendingApproval,
    /// A word that is not known here.
    #[serde(untagged)]
    Other(String),
}

/// When an account has to pay.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TermsFacts {
    /// Which object it is.
    #[serde(rename = "$at")]
    pub at: At,
    /// The owner's code.
    pub code: Fact<String>,
    /// Whether it pays before anything ships.
    pub prepay: Fact<bool>,
}

/// A login of an account.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BuyerFacts {
    /// Which object it is.
    #[serde(rename = "$at")]
    pub at: At,
    /// The login's id.
    pub id: Fact<String>,
    /// Whether it may log in.
    pub active: Fact<bool>,
    /// What it may do.
    pub permissions: Fact<Vec<Fact<String>>>,
    /// The greatest order it may place without approval; null: any.
    pub order_limit: Fact<MoneyFacts>,
}

/// Returns why the account of a number, which may itself be unknown or not exist, may not buy.
pub fn reasons_of_fact(account: &Fact<AccountFacts>, number: &str, context: &Context<'_>) -> Vec<Reason> {
    match account {
        Fact::Known(account) => reasons(account, context),
        Fact::Null => {
            let evidence = vec![Evidence::of_question("account", number)];
            vec![Reason::new(ReasonCode::AccountUnclear, "There is no such account.", evidence)]
        }
        Fact::Unknown(unknown) => {
            unclear(unknown, Evidence::of_silence("status", format!("Account {number}"), unknown))
        }
    }
}

/// Returns why an account may not buy, by its status; credit is `credit::assess`, payment in advance is `prepayment`.
pub fn reasons(account: &AccountFacts, context: &Context<'_>) -> Vec<Reason> {
    let evidence = || {
        let status = match &account.status {
            Fact::Known(status) => context.evidence(account.at, "status", status),
            _ => context.evidence_of_null(account.at, "status"),
        };
        vec![status, context.evidence_of(account.at, "nativeStatus", &account.native_status)]
    };
    let (code, message) = match &account.status {
        Fact::Unknown(unknown) => {
            return unclear(unknown, context.evidence_of_silence(account.at, "status", unknown));
        }
        Fact::Null | Fact::Known(AccountStatus::Other(_)) => {
            let message = "What the account may do is not known: its owner's word for it is not mapped.";
            let codes = [ReasonCode::AccountUnclear, ReasonCode::StatusUnmapped];
            return codes.map(|code| Reason::new(code, message, evidence())).into();
        }
        Fact::Known(AccountStatus::Active) => return Vec::new(),
        Fact::Known(AccountStatus::OnHold) => (ReasonCode::AccountBlocked, "The account is on hold as a whole."),
        Fact::Known(AccountStatus::BlockedOrders) => {
            (ReasonCode::AccountBlocked, "The account is blocked: no orders are taken.")
        }
        Fact::Known(AccountStatus::BlockedDelivery) => {
            (ReasonCode::AccountBlocked, "The account is blocked: orders are taken and not shipped.")
        }
        Fact::Known(AccountStatus::BlockedBilling) => {
            (ReasonCode::AccountBlocked, "The account is blocked: orders are shipped and not invoiced.")
        }
        Fact::Known(AccountStatus::Inactive) => (ReasonCode::AccountInactive, "The account buys no more."),
        Fact::Known(AccountStatus::PendingApproval) => {
            (ReasonCode::AccountInactive, "The account is not approved yet.")
        }
    };
    vec![Reason::new(code, message, evidence())]
}

/// Returns that an account pays in advance, by its terms. Terms that are unknown are taken as if it did.
pub fn prepayment(terms: &Fact<TermsFacts>, context: &Context<'_>) -> Vec<Reason> {
    let asked = terms.asked().and_then(|terms| match terms {
        Some(terms) => Ok(terms.prepay.asked()?.filter(|prepay| **prepay).map(|_| terms)),
        None => Ok(None),
    });
    match asked {
        Ok(None) => Vec::new(),
        Ok(Some(terms)) => {
            let evidence = vec![
                context.evidence_of(terms.at, "code", &terms.code),
                context.evidence_of(terms.at, "prepay", &terms.prepay),
            ];
            let message = "The account pays in advance, by its payment terms.";
            vec![Reason::new(ReasonCode::PrepaymentRequired, message, evidence)]
        }
        Err(unknown) => {
            let message = "Whether the account pays in advance could not be found out.";
            let required = Reason::new(ReasonCode::PrepaymentRequired, message, Vec::new()).for_lack_of(unknown);
            vec![required, Reason::of_unknown("The account's payment terms", unknown)]
        }
    }
}

/// Returns what stands in the way of a login's order of an amount, none where it is not known.
pub fn buyer_reasons(
    buyers: &Fact<Vec<Fact<BuyerFacts>>>,
    id: &str,
    amount: Option<&Money>,
    context: &Context<'_>,
) -> Vec<Reason> {
    let denied = |message: &str, evidence| Reason::new(ReasonCode::BuyerNotPermitted, message, evidence);
    let not_found_out = |unknown: &Unknown| {
        let message = "Whether the buyer may place orders could not be found out, so it may not.";
        let denied = denied(message, Vec::new()).for_lack_of(unknown);
        vec![denied, Reason::of_unknown("What the buyer may do", unknown)]
    };
    let listed = buyers.known().map(Vec::as_slice).unwrap_or_default();
    let own = listed.iter().filter_map(Fact::known).find(|buyer| buyer.id.known().is_some_and(|known| known == id));
    let Some(buyer) = own else {
        // An unknown item, or one whose id is unknown, may be the one that is looked for.
        let hidden = buyers.unknown().or_else(|| listed.iter().find_map(Fact::unknown));
        let nameless = || listed.iter().filter_map(Fact::known).find_map(|buyer| buyer.id.unknown());
        return match hidden.or_else(nameless) {
            Some(unknown) => not_found_out(unknown),
            None => vec![denied("The buyer is none of the account's.", vec![Evidence::of_question("buyer", id)])],
        };
    };
    let (active, permissions) = match (buyer.active.asked(), buyer.permissions.items()) {
        (Ok(active), Ok(permissions)) => (active.copied().unwrap_or(false), permissions),
        (Err(unknown), _) | (_, Err(unknown)) => return not_found_out(unknown),
    };
    if !active {
        let evidence = vec![context.evidence(buyer.at, "active", active)];
        return vec![denied("The buyer's login is not active.", evidence)];
    }
    if !permissions.iter().any(|permission| *permission == "PLACE_ORDER") {
        let held = permissions.into_iter().cloned().collect::<Vec<_>>().join(" ");
        let evidence = vec![context.evidence(buyer.at, "permissions", held)];
        return vec![denied("The buyer may not place orders for the account.", evidence)];
    }
    order_limit(buyer, amount, context)
}

/// What a buyer's order limit says of an amount. What cannot be compared has to be approved.
fn order_limit(buyer: &BuyerFacts, amount: Option<&Money>, context: &Context<'_>) -> Vec<Reason> {
    let limit = match Money::read(&buyer.order_limit) {
        Ok(None) => return Vec::new(),
        Ok(Some(limit)) => limit,
        Err(unknown) => {
            let message = "The buyer's order limit could not be found out: somebody has to approve the order.";
            let approval = Reason::new(ReasonCode::ApprovalRequired, message, Vec::new()).for_lack_of(&unknown);
            return vec![approval, Reason::of_unknown("The buyer's order limit", &unknown)];
        }
    };
    let evidence = vec![context.evidence(buyer.at, "orderLimit", &limit)];
    match amount.and_then(|amount| amount.minus(&limit)) {
        Some(over) if over.amount > Decimal::ZERO => vec![
            Reason::new(ReasonCode::OrderLimitExceeded, "The order is above the buyer's limit.", evidence.clone()),
            Reason::new(
                ReasonCode::ApprovalRequired,
                "Somebody has to approve the order: it is above the buyer's limit.",
                evidence,
            ),
        ],
        Some(_) => Vec::new(),
        None => {
            let message = "Whether the order is within the buyer's limit cannot be told: somebody has to approve it.";
            vec![Reason::new(ReasonCode::ApprovalRequired, message, evidence)]
        }
    }
}

/// What of credit blocks the account, for eyes that may not see its credit: no amounts, and nothing that does not block. An
/// owner that keeps no credit blocks nobody by it.
fn credit_blocks(at: At, credit: &Fact<CreditFacts>, context: &Context<'_>) -> Vec<Reason> {
    if *credit == Fact::Null {
        return Vec::new();
    }
    let reasons = assess_fact(at, credit, None, context).reasons;
    reasons.into_iter().filter(|reason| reason.severity == Severity::Blocking).collect()
}

fn unclear(unknown: &Unknown, silence: Evidence) -> Vec<Reason> {
    let message = "What the account may do could not be found out.";
    let unclear = Reason::new(ReasonCode::AccountUnclear, message, vec![silence]).for_lack_of(unknown);
    vec![unclear, Reason::of_unknown("The account's status", unknown)]
}

impl std::fmt::Display for AccountStatus {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.serialize(out)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::*;
    use crate::rules::{Settings, Severity, Source, Sources};

    struct Erp;

    impl Sources for Erp {
        fn source(&self, _: At, _: &str) -> Source {
            Source { system: Some("erp".to_owned()), entity: "Account 100".to_owned(), domain: None, as_of: None }
        }
    }

    fn in_context<T>(with: impl FnOnce(&Context<'_>) -> T) -> T {
        let settings = Settings::default();
        with(&Context { now: Timestamp::UNIX_EPOCH, settings: &settings, sources: &Erp, order_limit: None })
    }

    fn codes(reasons: &[Reason]) -> Vec<String> {
        reasons.iter().map(|reason| reason.code.to_string()).collect()
    }

    fn unknown() -> Value {
        json!({"$unknown": {"code": "SOURCE_TIMEOUT", "system": "shop"}})
    }

    #[test]
    fn each_status_but_one_stands_in_the_way() {
        let table: &[(Value, &[&str])] = &[
            (json!("ACTIVE"), &[]),
            (json!("ON_HOLD"), &["ACCOUNT_BLOCKED"]),
            (json!("BLOCKED_ORDERS"), &["ACCOUNT_BLOCKED"]),
            (json!("BLOCKED_DELIVERY"), &["ACCOUNT_BLOCKED"]),
            (json!("BLOCKED_BILLING"), &["ACCOUNT_BLOCKED"]),
            (json!("INACTIVE"), &["ACCOUNT_INACTIVE"]),
            (json!("PENDING_APPROVAL"), &["ACCOUNT_INACTIVE"]),
            (json!("PARKED"), &["ACCOUNT_UNCLEAR", "STATUS_UNMAPPED"]),
            (Value::Null, &["ACCOUNT_UNCLEAR", "STATUS_UNMAPPED"]),
            (unknown(), &["ACCOUNT_UNCLEAR", "SOURCE_TIMEOUT"]),
        ];
        let mut messages = std::collections::BTreeSet::new();
        for (status, expected) in table {
            let facts: Fact<AccountFacts> =
                serde_json::from_str(&json!({"$at": 1, "status": status, "nativeStatus": "A"}).to_string()).unwrap();
            let found = in_context(|context| reasons_of_fact(&facts, "100", context));
            assert_eq!(codes(&found), *expected, "{status}");
            assert!(expected.is_empty() || found[0].severity == Severity::Blocking);
            if status.get("$unknown").is_some() {
                assert!(found.iter().all(|reason| reason.system.as_deref() == Some("shop")));
                assert_eq!(found[0].evidence, [silence("status")]);
            }
            messages.extend(found.into_iter().next().map(|reason| reason.message));
        }
        assert_eq!(messages.len(), 8, "each says which block it is");
        let none = in_context(|context| reasons_of_fact(&Fact::Null, "100", context));
        assert_eq!(codes(&none), ["ACCOUNT_UNCLEAR"]);
        assert_eq!(none[0].evidence, [Evidence::of_question("account", "100")]);
        let facts: Fact<AccountFacts> = serde_json::from_str(&unknown().to_string()).unwrap();
        let nobody = in_context(|context| reasons_of_fact(&facts, "100", context));
        assert_eq!(nobody[0].evidence, [silence("status")]);
    }

    /// That the shop did not say something of the account.
    fn silence(field: &str) -> Evidence {
        let unknown = Unknown { code: "SOURCE_TIMEOUT".to_owned(), system: "shop".to_owned() };
        Evidence::of_silence(field, "Account 100".to_owned(), &unknown)
    }

    fn run(account: &Value) -> Value {
        let computed = in_context(|context| (RULE.run)(account.to_string().as_bytes(), b"{}", context)).unwrap();
        serde_json::from_slice(&computed.members).unwrap()
    }

    #[test]
    fn a_buyer_sees_what_of_credit_blocks_and_nothing_else_of_it() {
        let euros = |amount: &str| json!({"amount": amount, "currency": "EUR"});
        let credit = |exposure: &str, overdue: &str| {
            json!({"limit": euros("1000"), "exposure": euros(exposure), "receivable": euros("0"),
                "overdue": euros(overdue), "hold": false})
        };
        let account =
            |credit: Value| json!({"status": "ACTIVE", "terms": {"code": "N30", "prepay": false}, "credit": credit});
        let codes = |members: &Value| -> Vec<String> {
            let reasons = members["reasons"].as_array().unwrap();
            reasons.iter().map(|reason| reason["code"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(codes(&run(&account(credit("950", "3")))), Vec::<String>::new());
        assert_eq!(codes(&run(&account(credit("1500", "0")))), ["CREDIT_HOLD"]);
        assert!(!run(&account(credit("1500", "0")))["reasons"][0]["message"].as_str().unwrap().contains("1500"));
        assert_eq!(codes(&run(&account(unknown()))), ["CREDIT_NOT_CHECKED"]);
        let evidence = &run(&account(unknown()))["reasons"][0]["evidence"];
        assert_eq!(*evidence, serde_json::to_value([silence("credit")]).unwrap());
        assert_eq!(codes(&run(&account(Value::Null))), Vec::<String>::new());
        let of_credit = |changes: &[(&str, Value)]| {
            let mut credit = credit("1500", "0");
            for (field, value) in changes {
                credit[*field] = value.clone();
            }
            let members = run(&account(credit));
            let messages = members["reasons"].as_array().unwrap().iter().map(|reason| reason["message"].to_string());
            assert!(messages.into_iter().all(|message| !message.contains(|letter: char| letter.is_ascii_digit())));
            codes(&members)
        };
        let late = ("overdue", euros("3"));
        let of_limit = |amount: &str| ("limit", euros(amount));
        for (changes, expected) in [
            (vec![("hold", json!(true)), of_limit("9999")], &["CREDIT_HOLD"][..]),
            (vec![of_limit("0")], &["PREPAYMENT_REQUIRED"]),
            (vec![of_limit("0"), ("receivable", euros("5"))], &["PREPAYMENT_REQUIRED", "CREDIT_HOLD"]),
            (vec![of_limit("9999"), late.clone(), ("oldestDueDate", json!("1969-11-01"))], &["ACCOUNT_OVERDUE"]),
            (vec![of_limit("9999"), late.clone(), ("oldestDueDate", json!("1969-12-31"))], &[]),
            (vec![late, ("oldestDueDate", json!("1969-11-01"))], &["ACCOUNT_OVERDUE", "CREDIT_HOLD"]),
            (vec![("hold", json!(true)), ("exposure", unknown())], &["CREDIT_HOLD", "CREDIT_NOT_CHECKED"]),
            (vec![("limit", Value::Null)], &[]),
        ] {
            assert_eq!(of_credit(&changes), expected, "{changes:?}");
        }
        let twice = json!({"status": "ACTIVE", "terms": {"code": "PREPAY", "prepay": true},
            "credit": {"limit": euros("0"), "exposure": euros("0"), "receivable": euros("0"), "overdue": euros("0")}});
        assert_eq!(codes(&run(&twice)), ["PREPAYMENT_REQUIRED"]);
        let prepaid = json!({"status": "ACTIVE", "terms": {"code": "PREPAY", "prepay": true}, "credit": null});
        assert_eq!(codes(&run(&prepaid)), ["PREPAYMENT_REQUIRED"]);
        let unclear = json!({"status": "ACTIVE", "terms": unknown(), "credit": null});
        assert_eq!(codes(&run(&unclear)), ["PREPAYMENT_REQUIRED", "SOURCE_TIMEOUT"]);
    }

    #[test]
    fn the_answer_holds_until_what_is_overdue_begins_to_block() {
        let late = json!({"status": "ACTIVE", "credit": {"limit": null, "overdue": {"amount": "3", "currency": "EUR"},
            "oldestDueDate": "1969-12-31"}});
        let computed = in_context(|context| (RULE.run)(late.to_string().as_bytes(), b"{}", context)).unwrap();
        let until = computed.holds_until.unwrap();
        assert_eq!(until.to_string(), "1970-01-30T00:00:00Z");
        let settings = Settings::default();
        let then = Context { now: until, settings: &settings, sources: &Erp, order_limit: None };
        let members = (RULE.run)(late.to_string().as_bytes(), b"{}", &then).unwrap().members;
        assert!(String::from_utf8(members).unwrap().contains("ACCOUNT_OVERDUE"));
    }

    #[test]
    fn a_buyer_may_order_what_it_is_known_to_be_allowed() {
        let buyer = |changes: &[(&str, Value)]| {
            let mut buyer = json!({"$at": 1, "id": "ann", "active": true, "permissions": ["VIEW_PRICE", "PLACE_ORDER"],
                "orderLimit": {"amount": "100", "currency": "EUR"}});
            for (field, value) in changes {
                buyer[*field] = value.clone();
            }
            buyer
        };
        let other = json!({"id": "bob", "active": true, "permissions": ["PLACE_ORDER"], "orderLimit": null});
        let over: &[&str] = &["ORDER_LIMIT_EXCEEDED", "APPROVAL_REQUIRED"];
        let denied: &[&str] = &["BUYER_NOT_PERMITTED"];
        let unclear: &[&str] = &["BUYER_NOT_PERMITTED", "SOURCE_TIMEOUT"];
        type Row<'t> = (Value, Option<(&'t str, &'t str)>, &'t [&'t str]);
        let table: Vec<Row<'_>> = vec![
            (json!([other, buyer(&[])]), Some(("100.00", "EUR")), &[]),
            (json!([buyer(&[])]), Some(("100.01", "EUR")), over),
            (json!([buyer(&[])]), Some(("1", "USD")), &["APPROVAL_REQUIRED"]),
            (json!([buyer(&[])]), None, &["APPROVAL_REQUIRED"]),
            (json!([buyer(&[("orderLimit", Value::Null)])]), None, &[]),
            (
                json!([buyer(&[("orderLimit", unknown())])]),
                Some(("1", "EUR")),
                &["APPROVAL_REQUIRED", "SOURCE_TIMEOUT"],
            ),
            (json!([buyer(&[("active", json!(false))])]), None, denied),
            (json!([buyer(&[("active", Value::Null)])]), None, denied),
            (json!([buyer(&[("permissions", json!(["VIEW_PRICE"]))])]), None, denied),
            (json!([buyer(&[("permissions", Value::Null)])]), None, denied),
            (json!([buyer(&[("permissions", unknown())])]), None, unclear),
            (json!([buyer(&[("id", unknown())])]), None, unclear),
            (json!([unknown(), other]), None, unclear),
            (json!([other]), None, denied),
            (Value::Null, None, denied),
            (unknown(), None, unclear),
        ];
        for (buyers, amount, expected) in table {
            let facts: Holder = serde_json::from_str(&json!({"buyers": buyers}).to_string()).unwrap();
            let amount = amount
                .map(|(amount, currency)| Money { amount: amount.parse().unwrap(), currency: currency.to_owned() });
            let found = in_context(|context| buyer_reasons(&facts.buyers, "ann", amount.as_ref(), context));
            assert_eq!(codes(&found), expected, "{buyers} {amount:?}");
        }
    }

    #[derive(Deserialize)]
    struct Holder {
        buyers: Fact<Vec<Fact<BuyerFacts>>>,
    }
}
