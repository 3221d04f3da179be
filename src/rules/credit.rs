//! Credit: what an account may still owe, whether something holds it, and which: a stored hold or one that follows.
//!
//! In: what the owner says of limit, exposure, what is overdue and holds; for a cart, also the amount of an order. Out: one
//! word, what is available, reasons, and the way there in words. A limit of null is unlimited, a limit of 0 is none at all:
//! such an account pays in advance, and is above its limit only when it owes on invoices.

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{
    calendar::{days_past, end_of, said, said_at},
    context::Context,
    evidence::{At, Evidence},
    explanation::Step,
    fact::{Fact, Unknown},
    money::{Money, MoneyFacts},
    reason::{Reason, ReasonCode, Severity, sort},
    rule::{Rule, typed},
};

/// What the rule selects of `Credit`, also for rules that reach it from elsewhere.
macro_rules! credit_inputs {
    () => {
        "limit { amount currency } exposure { amount currency } receivable { amount currency } \
         overdue { amount currency } oldestDueDate hold holdSource checkedAt sharedWith"
    };
}
pub(super) use credit_inputs;

/// `credit`: the fields of `Credit` that follow from what the owner says.
pub(super) const RULE: Rule = Rule {
    name: "credit",
    on: "Credit",
    answers: &["status", "available", "reasons", "explanation"],
    inputs: credit_inputs!(),
    holder: "",
    pieces: &[],
    run: |facts, arguments, context| {
        typed(facts, arguments, |credit: &CreditFacts, _: &serde::de::IgnoredAny| {
            (assess(credit, None, context), holds_until(credit, context))
        })
    },
};

/// What the owner says of an account's credit.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CreditFacts {
    /// Which object it is.
    #[serde(rename = "$at")]
    pub at: At,
    /// The limit. Null: unlimited. 0: none, it pays in advance.
    pub limit: Fact<MoneyFacts>,
    /// Receivables and confirmed orders not invoiced yet.
    pub exposure: Fact<MoneyFacts>,
    /// Invoices not paid.
    pub receivable: Fact<MoneyFacts>,
    /// The part of them that is past its due date.
    pub overdue: Fact<MoneyFacts>,
    /// The due date of the oldest invoice that is not paid.
    pub oldest_due_date: Fact<Date>,
    /// Whether a hold is stored. Null: the owner stores none.
    pub hold: Fact<bool>,
    /// What set it.
    pub hold_source: Fact<String>,
    /// When the owner last checked it.
    pub checked_at: Fact<Timestamp>,
    /// The other accounts that draw on the limit.
    pub shared_with: Fact<Vec<Fact<String>>>,
}

/// How an account's credit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CreditStatus {
    /// Within its limit; with a limit of 0: owing nothing on invoices.
    Ok,
    /// Within its limit, which is nearly used up.
    NearLimit,
    /// Above its limit.
    Exceeded,
    /// On a stored hold.
    Hold,
    /// Within its limit, with invoices past their due date.
    Overdue,
    /// Not to be told: what it takes is unknown.
    NotChecked,
    /// Without a limit.
    Unlimited,
}

/// What the assessment of credit came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CreditAssessment {
    /// The word: the worst that is known, and `NOT_CHECKED` where something worse cannot be ruled out.
    pub status: CreditStatus,
    /// The limit less the exposure, negative above the limit; none without a limit, or where either is unknown.
    pub available: Option<Money>,
    /// Why, in their order.
    pub reasons: Vec<Reason>,
    /// How it came about.
    pub explanation: Vec<Step>,
}

/// Assesses the credit of the account at hand, which may itself be unknown, or which the owner does not keep: both are not
/// checked, never fine.
pub fn assess_fact(
    account: At,
    credit: &Fact<CreditFacts>,
    order: Option<&Money>,
    context: &Context<'_>,
) -> CreditAssessment {
    let (text, source, evidence) = match credit {
        Fact::Known(credit) => return assess(credit, order, context),
        Fact::Null => {
            let text = "The owner keeps no credit for the account.".to_owned();
            (text, None, context.evidence_of_null(account, "credit"))
        }
        Fact::Unknown(unknown) => {
            let source = Reason::of_unknown("The account's credit", unknown);
            (source.message.clone(), Some(source), context.evidence_of_silence(account, "credit", unknown))
        }
    };
    let unchecked = Reason::new(ReasonCode::CreditNotChecked, "Credit could not be checked.", vec![evidence]);
    let unchecked = credit.unknown().into_iter().fold(unchecked, Reason::for_lack_of);
    CreditAssessment {
        status: CreditStatus::NotChecked,
        available: None,
        reasons: std::iter::once(unchecked).chain(source).collect(),
        explanation: vec![Step { step: "RESULT", text, evidence: Vec::new() }],
    }
}

/// Assesses an account's credit, as it stands or with an order of this amount added to its exposure.
///
/// *Units*: amounts in one currency; where the order's is another, credit is not checked.
/// *Errors*: none; what is unknown is `NOT_CHECKED` with the reason `CREDIT_NOT_CHECKED` and the source's.
pub fn assess(credit: &CreditFacts, order: Option<&Money>, context: &Context<'_>) -> CreditAssessment {
    let standing = Standing::read(credit, order, context);
    let mut reasons = Vec::new();
    let mut explanation = Vec::new();
    let mut tell = |step, text: String, evidence: Vec<Evidence>| explanation.push(Step { step, text, evidence });

    let (text, evidence) = standing.limit_told(credit, context);
    tell("LIMIT", text, evidence);
    let amounts = standing.amounts(credit, context);
    match (&standing.exceeded, standing.is_prepaid()) {
        (Ok(true), true) => {
            tell("EXPOSURE", "It owes on invoices that it should have paid before.".to_owned(), amounts)
        }
        (Ok(true), false) => tell("EXPOSURE", "What it owes and has ordered is above the limit.".to_owned(), amounts),
        (Ok(false), _) if standing.limit != Ok(None) => {
            tell("EXPOSURE", "What it owes and has ordered is within the limit.".to_owned(), amounts);
        }
        (Ok(false), _) => {}
        (Err(_), _) => tell("EXPOSURE", "What it owes and has ordered is not known.".to_owned(), amounts),
    }

    let (text, hold) = standing.hold_told(credit, context);
    tell("HOLD", text, hold.clone());
    if standing.hold == Ok(true) {
        let message = "The account is on credit hold: the hold is stored with the account.";
        let evidence =
            if standing.exceeded == Ok(true) { [hold, standing.amounts(credit, context)].concat() } else { hold };
        reasons.push(Reason::new(ReasonCode::CreditHold, message, evidence));
    } else if standing.exceeded == Ok(true) {
        let message = match order {
            Some(_) => "The account's credit does not cover the order; no hold is stored, it follows from its credit.",
            None => "The account is on credit hold: no hold is stored, it follows from its credit.",
        };
        let mut evidence = standing.amounts(credit, context);
        evidence.push(context.evidence(credit.at, "holdSource", "DERIVED"));
        reasons.push(Reason::new(ReasonCode::CreditHold, message, evidence));
    }
    if standing.is_prepaid() {
        let message = "The account has no credit: it pays in advance.";
        let evidence = vec![context.evidence(credit.at, "limit", shown(&standing.limit))];
        reasons.push(Reason::new(ReasonCode::PrepaymentRequired, message, evidence));
    }
    if standing.near == Ok(true) {
        let message = "The account's credit limit is nearly used up.";
        reasons.push(Reason::new(ReasonCode::CreditLimitNear, message, standing.amounts(credit, context)));
    }
    if let Some((reason, text)) = standing.overdue_told(credit, context) {
        tell("OVERDUE", text, reason.evidence.clone());
        reasons.push(reason);
    }
    let unknowns = standing.unknowns();
    if let Some(first) = unknowns.first() {
        let message = "The account's credit could not be checked in full.";
        let evidence = unsaid(credit, &unknowns, context);
        reasons.push(Reason::new(ReasonCode::CreditNotChecked, message, evidence).for_lack_of(first));
        reasons.extend(unknowns.iter().map(|unknown| Reason::of_unknown("The account's credit", unknown)));
    }
    let status = standing.status();
    tell("RESULT", status.said().to_owned(), Vec::new());
    sort(&mut reasons);
    reasons.dedup();
    CreditAssessment { status, available: standing.available.clone().ok().flatten(), reasons, explanation }
}

/// Returns the instant at which the assessment may become another by the calendar alone: when what is overdue begins to block.
pub fn holds_until(credit: &CreditFacts, context: &Context<'_>) -> Option<Timestamp> {
    let days = context.settings.credit.overdue_days_blocking?;
    let due = *credit.oldest_due_date.known()?;
    let last = due.checked_add(jiff::Span::new().try_days(i64::from(days) - 1).ok()?).ok()?;
    end_of(last, context).filter(|instant| *instant > context.now)
}

type Known<T> = Result<T, Unknown>;

/// What the facts come to, each known or not.
struct Standing {
    limit: Known<Option<Money>>,
    /// The limit less the exposure, without the order.
    available: Known<Option<Money>>,
    /// How far it is above the limit, with the order; negative below it.
    over: Known<Option<Money>>,
    exceeded: Known<bool>,
    near: Known<bool>,
    hold: Known<bool>,
    overdue: Known<bool>,
}

impl Standing {
    fn read(credit: &CreditFacts, order: Option<&Money>, context: &Context<'_>) -> Self {
        let settings = &context.settings.credit;
        let limit = Money::read(&credit.limit);
        let exposure = required(&credit.exposure);
        let available = limit.clone().and_then(|limit| match limit {
            Some(limit) => limit.minus(&exposure.clone()?).map(Some).ok_or_else(incomparable),
            None => Ok(None),
        });
        let prepaid = matches!(&limit, Ok(Some(limit)) if limit.amount.is_zero());
        let over = limit.clone().and_then(|limit| {
            let Some(limit) = limit else { return Ok(None) };
            let owed = match (prepaid, order) {
                (true, _) => required(&credit.receivable)?,
                (false, Some(order)) => exposure.clone()?.plus(order).ok_or_else(incomparable)?,
                (false, None) => exposure.clone()?,
            };
            owed.minus(&limit).map(Some).ok_or_else(incomparable)
        });
        let exceeded = over.clone().map(|over| over.is_some_and(|over| over.amount > Decimal::ZERO));
        let near = limit.clone().and_then(|limit| {
            let (Some(limit), Some(over), false) = (limit, over.clone()?, prepaid) else { return Ok(false) };
            let part = limit.amount.checked_mul(settings.near_limit_percent).ok_or_else(incomparable)?;
            let left = over.amount.checked_mul(-Decimal::ONE_HUNDRED).ok_or_else(incomparable)?;
            Ok(over.amount <= Decimal::ZERO && left < part)
        });
        let overdue = Money::read(&credit.overdue)
            .map(|overdue| overdue.is_some_and(|overdue| overdue.amount > settings.overdue_ignored));
        let hold = credit.hold.asked().map(|hold| hold.copied().unwrap_or(false)).map_err(Clone::clone);
        Self { limit, available, over, exceeded, near, hold, overdue }
    }

    fn is_prepaid(&self) -> bool {
        matches!(&self.limit, Ok(Some(limit)) if limit.amount.is_zero())
    }

    fn unknowns(&self) -> Vec<Unknown> {
        let each = [self.hold.as_ref().err(), self.exceeded.as_ref().err(), self.overdue.as_ref().err()];
        let mut unknowns: Vec<Unknown> = each.into_iter().flatten().cloned().collect();
        unknowns.dedup();
        unknowns
    }

    /// The first that is known to be so; what could be worse and is not known ends the search.
    fn status(&self) -> CreditStatus {
        match (&self.hold, &self.exceeded, &self.overdue) {
            (Ok(true), _, _) => CreditStatus::Hold,
            (Err(_), _, _) | (_, Err(_), _) => CreditStatus::NotChecked,
            (_, Ok(true), _) => CreditStatus::Exceeded,
            (_, _, Err(_)) => CreditStatus::NotChecked,
            (_, _, Ok(true)) => CreditStatus::Overdue,
            _ if self.limit == Ok(None) => CreditStatus::Unlimited,
            _ if self.near == Ok(false) => CreditStatus::Ok,
            _ => CreditStatus::NearLimit,
        }
    }

    fn amounts(&self, credit: &CreditFacts, context: &Context<'_>) -> Vec<Evidence> {
        let of = |field: &str, fact: &Fact<MoneyFacts>| match Money::read(fact) {
            Ok(Some(money)) => context.evidence(credit.at, field, money),
            _ => context.evidence_of_null(credit.at, field),
        };
        let owed =
            if self.is_prepaid() { of("receivable", &credit.receivable) } else { of("exposure", &credit.exposure) };
        let over = self.over.as_ref().ok().and_then(Option::as_ref).filter(|over| over.amount > Decimal::ZERO);
        let over = over.map(|over| context.evidence(credit.at, "overBy", over));
        [of("limit", &credit.limit), owed].into_iter().chain(over).collect()
    }

    fn limit_told(&self, credit: &CreditFacts, context: &Context<'_>) -> (String, Vec<Evidence>) {
        let evidence = vec![match &self.limit {
            Ok(Some(limit)) => context.evidence(credit.at, "limit", limit),
            _ => context.evidence_of_null(credit.at, "limit"),
        }];
        let text = match &self.limit {
            Err(_) => "The account's credit limit is not known.",
            Ok(None) => "The account has no credit limit: it may owe any amount.",
            Ok(Some(limit)) if limit.amount.is_zero() => "The account has no credit: it pays in advance.",
            Ok(Some(_)) => "The account has a credit limit.",
        };
        let shared = credit.shared_with.items().unwrap_or_default();
        if shared.is_empty() {
            return (text.to_owned(), evidence);
        }
        let named = shared.into_iter().cloned().collect::<Vec<_>>().join(", ");
        let with = context.evidence(credit.at, "sharedWith", &named);
        (format!("{text} Other accounts draw on the same limit: {named}."), [evidence, vec![with]].concat())
    }

    fn hold_told(&self, credit: &CreditFacts, context: &Context<'_>) -> (String, Vec<Evidence>) {
        let mut evidence = vec![context.evidence_of(credit.at, "hold", &credit.hold)];
        let checked = match credit.checked_at.known() {
            Some(at) => {
                evidence.push(context.evidence(credit.at, "checkedAt", at));
                format!(" Its owner last checked it on {}.", said_at(*at, context))
            }
            None => String::new(),
        };
        let text = match (&self.hold, &self.exceeded) {
            (Ok(true), _) => {
                evidence.push(context.evidence_of(credit.at, "holdSource", &credit.hold_source));
                match credit.hold_source.known() {
                    Some(by) => format!("A credit hold is stored with the account; {} set it.", setter(by)),
                    None => "A credit hold is stored with the account.".to_owned(),
                }
            }
            (Ok(false), Ok(true)) => "No credit hold is stored; it follows from the amounts.".to_owned(),
            (Ok(false), _) => "No credit hold is stored.".to_owned(),
            (Err(_), _) => "Whether a credit hold is stored is not known.".to_owned(),
        };
        (text + &checked, evidence)
    }

    fn overdue_told(&self, credit: &CreditFacts, context: &Context<'_>) -> Option<(Reason, String)> {
        if self.overdue != Ok(true) {
            return None;
        }
        let overdue = Money::read(&credit.overdue).ok().flatten()?;
        let mut evidence = vec![context.evidence(credit.at, "overdue", overdue)];
        let since = credit.oldest_due_date.known().copied();
        evidence.extend(since.map(|day| context.evidence(credit.at, "oldestDueDate", day)));
        let text = match since {
            Some(day) => format!("Invoices are past their due date, the oldest since {}.", said(day)),
            None => "Invoices are past their due date.".to_owned(),
        };
        let blocks = match (context.settings.credit.overdue_days_blocking, &credit.oldest_due_date) {
            (None, _) | (Some(_), Fact::Null) => false,
            (Some(days), Fact::Known(day)) => i64::from(days_past(*day, context.today())) >= i64::from(days),
            // How old it is cannot be found out, so it may well be too old.
            (Some(_), Fact::Unknown(_)) => true,
        };
        let severity = if blocks { Severity::Blocking } else { Severity::Warning };
        let message = "The account has invoices past their due date.";
        Some((Reason::new(ReasonCode::AccountOverdue, message, evidence).weighing(severity), text))
    }
}

impl CreditStatus {
    fn said(self) -> &'static str {
        match self {
            Self::Ok => "Credit is in order.",
            Self::NearLimit => "Credit is in order, and the limit is nearly used up.",
            Self::Exceeded => "The account is above its limit: credit control decides.",
            Self::Hold => "The account is on credit hold: credit control decides.",
            Self::Overdue => "The account has to pay what is overdue.",
            Self::NotChecked => "Credit could not be checked: credit control decides.",
            Self::Unlimited => "Credit is in order: there is no limit.",
        }
    }
}

/// What of an account's credit is not known and matters, field by field; where each is known and they cannot be reckoned
/// with, what they are.
fn unsaid(credit: &CreditFacts, unknowns: &[Unknown], context: &Context<'_>) -> Vec<Evidence> {
    let amounts = [
        ("limit", &credit.limit),
        ("exposure", &credit.exposure),
        ("receivable", &credit.receivable),
        ("overdue", &credit.overdue),
    ];
    let of_amounts = amounts.into_iter().filter_map(|(field, fact)| Some((field, Money::read(fact).err()?)));
    let of_hold = credit.hold.unknown().map(|unknown| ("hold", unknown.clone()));
    let silent: Vec<Evidence> = (of_amounts.chain(of_hold))
        .filter(|(_, unknown)| unknowns.contains(unknown))
        .map(|(field, unknown)| context.evidence_of_silence(credit.at, field, &unknown))
        .collect();
    if !silent.is_empty() {
        return silent;
    }
    let said = |fact: &Fact<MoneyFacts>| Money::read(fact).ok().flatten();
    let told = amounts.into_iter().map(|(field, fact)| match said(fact) {
        Some(money) => context.evidence(credit.at, field, money),
        None => context.evidence_of_null(credit.at, field),
    });
    told.collect()
}

/// An amount that must be there to check credit by.
fn required(fact: &Fact<MoneyFacts>) -> Known<Money> {
    Money::read(fact)?.ok_or_else(|| Unknown { code: "CONTRACT_VIOLATION".to_owned(), system: String::new() })
}

/// Amounts in different currencies, or too great to be told.
fn incomparable() -> Unknown {
    Unknown { code: "CONTRACT_VIOLATION".to_owned(), system: String::new() }
}

fn shown(limit: &Known<Option<Money>>) -> String {
    limit.as_ref().ok().and_then(Option::as_ref).map(Money::to_string).unwrap_or_default()
}

fn setter(source: &str) -> &str {
    match source {
        "MANUAL" => "a person",
        "DUNNING" => "dunning",
        "LIMIT_CHECK" => "the check of the limit",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::rules::{Settings, Source, Sources};

    struct Erp;

    impl Sources for Erp {
        fn source(&self, _: At, _: &str) -> Source {
            Source { system: Some("erp".to_owned()), entity: "Account 100".to_owned(), domain: None, as_of: None }
        }
    }

    fn euros(amount: &str) -> Value {
        json!({"amount": amount, "currency": "EUR"})
    }

    fn facts(changes: &[(&str, Value)]) -> CreditFacts {
        let mut facts = json!({"$at": 1, "limit": euros("1000"), "exposure": euros("500"), "receivable": euros("200"),
            "overdue": euros("0"), "oldestDueDate": null, "hold": false, "holdSource": null,
            "checkedAt": "2026-06-29T22:30:00Z", "sharedWith": []});
        for (field, value) in changes {
            facts[*field] = value.clone();
        }
        serde_json::from_str(&facts.to_string()).unwrap()
    }

    fn unknown() -> Value {
        json!({"$unknown": {"code": "SOURCE_UNAVAILABLE", "system": "erp"}})
    }

    fn settings() -> Settings {
        Settings { zone: TimeZone::get("Europe/Berlin").unwrap(), ..Settings::default() }
    }

    fn assessed_with(settings: &Settings, facts: &CreditFacts, order: Option<&str>) -> CreditAssessment {
        let context =
            Context { now: "2026-06-30T10:00:00Z".parse().unwrap(), settings, sources: &Erp, order_limit: None };
        let order = order.map(|amount| Money { amount: amount.parse().unwrap(), currency: "EUR".to_owned() });
        assess(facts, order.as_ref(), &context)
    }

    fn assessed(changes: &[(&str, Value)], order: Option<&str>) -> CreditAssessment {
        assessed_with(&settings(), &facts(changes), order)
    }

    fn codes(assessment: &CreditAssessment) -> Vec<String> {
        assessment.reasons.iter().map(|reason| reason.code.to_string()).collect()
    }

    /// What the hold's evidence says it is over by.
    fn over_by(assessment: &CreditAssessment) -> Option<String> {
        let hold = assessment.reasons.iter().find(|reason| reason.code == ReasonCode::CreditHold)?;
        hold.evidence.iter().find(|evidence| evidence.field == "overBy").and_then(|evidence| evidence.value.clone())
    }

    #[test]
    fn credit_has_the_worst_word_that_is_known() {
        use CreditStatus::{Exceeded, Hold, NearLimit, NotChecked, Ok, Overdue, Unlimited};
        let late = ("overdue", euros("0.01"));
        type Row<'t> = (CreditStatus, Vec<(&'t str, Value)>, Option<&'t str>, &'t [&'t str]);
        let table: Vec<Row<'_>> = vec![
            (Ok, vec![], None, &[]),
            (Ok, vec![("exposure", euros("900"))], None, &[]),
            (NearLimit, vec![("exposure", euros("900.01"))], None, &["CREDIT_LIMIT_NEAR"]),
            (NearLimit, vec![("exposure", euros("1000"))], None, &["CREDIT_LIMIT_NEAR"]),
            (NearLimit, vec![], Some("500"), &["CREDIT_LIMIT_NEAR"]),
            (Exceeded, vec![("exposure", euros("1000.01"))], None, &["CREDIT_HOLD"]),
            (Exceeded, vec![], Some("500.01"), &["CREDIT_HOLD"]),
            (Exceeded, vec![("exposure", euros("2000")), late.clone()], None, &["CREDIT_HOLD", "ACCOUNT_OVERDUE"]),
            (Hold, vec![("hold", json!(true))], None, &["CREDIT_HOLD"]),
            (Hold, vec![("hold", json!(true)), ("exposure", euros("2000"))], None, &["CREDIT_HOLD"]),
            (Hold, vec![("hold", json!(true)), ("limit", Value::Null)], None, &["CREDIT_HOLD"]),
            (Overdue, vec![late.clone()], None, &["ACCOUNT_OVERDUE"]),
            (Overdue, vec![late.clone(), ("limit", Value::Null)], None, &["ACCOUNT_OVERDUE"]),
            (Unlimited, vec![("limit", Value::Null)], Some("99999999"), &[]),
            (Ok, vec![("hold", Value::Null)], None, &[]),
            // No credit at all: what it has ordered is paid before it ships, what it owes on invoices should not be.
            (Ok, vec![("limit", euros("0")), ("receivable", euros("0"))], Some("800"), &["PREPAYMENT_REQUIRED"]),
            (Exceeded, vec![("limit", euros("0.00"))], None, &["PREPAYMENT_REQUIRED", "CREDIT_HOLD"]),
            (NotChecked, vec![("hold", unknown())], None, &["CREDIT_NOT_CHECKED", "SOURCE_UNAVAILABLE"]),
            (NotChecked, vec![("limit", unknown())], None, &["CREDIT_NOT_CHECKED", "SOURCE_UNAVAILABLE"]),
            (NotChecked, vec![("exposure", unknown())], None, &["CREDIT_NOT_CHECKED", "SOURCE_UNAVAILABLE"]),
            (NotChecked, vec![("exposure", Value::Null)], None, &["CREDIT_NOT_CHECKED", "SOURCE_UNAVAILABLE"]),
            (NotChecked, vec![("overdue", unknown())], None, &["CREDIT_NOT_CHECKED", "SOURCE_UNAVAILABLE"]),
            (
                Hold,
                vec![("hold", json!(true)), ("exposure", unknown())],
                None,
                &["CREDIT_HOLD", "CREDIT_NOT_CHECKED", "SOURCE_UNAVAILABLE"],
            ),
            (
                NotChecked,
                vec![("limit", json!({"amount": "1000", "currency": "USD"}))],
                None,
                &["CREDIT_NOT_CHECKED", "SOURCE_UNAVAILABLE"],
            ),
            (
                NotChecked,
                vec![("exposure", euros("79228162514264337593543950335"))],
                Some("1"),
                &["CREDIT_NOT_CHECKED", "SOURCE_UNAVAILABLE"],
            ),
        ];
        for (status, changes, order, expected) in table {
            let assessment = assessed(&changes, order);
            assert_eq!(
                (assessment.status, codes(&assessment)),
                (status, expected.iter().map(|&code| code.to_owned()).collect()),
                "{changes:?} {order:?}"
            );
        }
    }

    #[test]
    fn a_stored_hold_and_one_that_follows_are_told_apart() {
        let source = |assessment: &CreditAssessment| {
            let hold = assessment.reasons.iter().find(|reason| reason.code == ReasonCode::CreditHold).unwrap();
            let evidence = hold.evidence.iter().find(|evidence| evidence.field == "holdSource").unwrap();
            (hold.message.contains("stored with the account"), evidence.value.clone())
        };
        let stored = assessed(&[("hold", json!(true)), ("holdSource", json!("DUNNING"))], None);
        assert_eq!(source(&stored), (true, Some("DUNNING".to_owned())));
        let derived = assessed(&[("exposure", euros("1200"))], None);
        assert_eq!(source(&derived), (false, Some("DERIVED".to_owned())));
        assert_eq!(over_by(&derived).as_deref(), Some("200 EUR"));
        assert_eq!(over_by(&assessed(&[("exposure", euros("1200"))], Some("50"))).as_deref(), Some("250 EUR"));
        assert_eq!(over_by(&stored), None);
        assert_eq!(derived.available.unwrap().to_string(), "-200 EUR");
    }

    #[test]
    fn what_has_been_overdue_for_long_blocks_from_the_day_it_is_long() {
        let late = |due: &str| [("overdue", euros("10")), ("oldestDueDate", json!(due))];
        let severity = |changes: &[(&str, Value)]| assessed(changes, None).reasons[0].severity;
        // Thirty days: it is the thirtieth of June where the seller is.
        assert_eq!(severity(&late("2026-06-01")), Severity::Warning);
        assert_eq!(severity(&late("2026-05-31")), Severity::Blocking);
        assert_eq!(severity(&[("overdue", euros("10"))]), Severity::Warning);
        assert_eq!(severity(&[("overdue", euros("10")), ("oldestDueDate", unknown())]), Severity::Blocking);
        let settings = settings();
        let context = Context {
            now: "2026-06-30T10:00:00Z".parse().unwrap(),
            settings: &settings,
            sources: &Erp,
            order_limit: None,
        };
        let until = |due: &str| holds_until(&facts(&late(due)), &context).map(|until| until.to_string());
        assert_eq!(until("2026-06-01").as_deref(), Some("2026-06-30T22:00:00Z"));
        assert_eq!(until("2026-05-31"), None);
        let mut lenient = settings.clone();
        lenient.credit.overdue_days_blocking = None;
        lenient.credit.overdue_ignored = Decimal::TEN;
        assert_eq!(assessed_with(&lenient, &facts(&late("2020-01-01")), None).status, CreditStatus::Ok);
        lenient.credit.overdue_ignored = Decimal::ONE;
        assert_eq!(assessed_with(&lenient, &facts(&late("2020-01-01")), None).reasons[0].severity, Severity::Warning);
    }

    #[test]
    fn the_explanation_can_be_read_out() {
        let shared = [("exposure", euros("1200")), ("sharedWith", json!(["200", "300"]))];
        let told: Vec<String> = assessed(&shared, None).explanation.into_iter().map(|step| step.text).collect();
        let expected = [
            "The account has a credit limit. Other accounts draw on the same limit: 200, 300.",
            "What it owes and has ordered is above the limit.",
            "No credit hold is stored; it follows from the amounts. Its owner last checked it on 30 June 2026.",
            "The account is above its limit: credit control decides.",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn credit_that_nobody_knows_or_keeps_is_not_checked() {
        let settings = settings();
        let context = Context { now: Timestamp::UNIX_EPOCH, settings: &settings, sources: &Erp, order_limit: None };
        let timeout = Unknown { code: "SOURCE_TIMEOUT".to_owned(), system: "erp".to_owned() };
        let unknown = assess_fact(At(1), &Fact::Unknown(timeout.clone()), None, &context);
        let silence = |field| Evidence {
            system: Some("erp".to_owned()),
            ..Evidence::of_silence(field, "Account 100".to_owned(), &timeout)
        };
        assert_eq!(unknown.reasons[0].evidence, [silence("credit")]);
        assert_eq!(
            (unknown.status, codes(&unknown)),
            (CreditStatus::NotChecked, vec!["CREDIT_NOT_CHECKED".to_owned(), "SOURCE_TIMEOUT".to_owned()])
        );
        let none = assess_fact(At(1), &Fact::Null, None, &context);
        assert_eq!((none.status, codes(&none)), (CreditStatus::NotChecked, vec!["CREDIT_NOT_CHECKED".to_owned()]));
        let known = assess_fact(At(1), &Fact::Known(facts(&[])), None, &context);
        assert_eq!(known, assess(&facts(&[]), None, &context));
    }

    #[test]
    fn credit_that_could_not_be_checked_says_what_of_it_nobody_said() {
        let evidence = |changes: &[(&str, Value)]| {
            let unchecked = |reason: &Reason| reason.code == ReasonCode::CreditNotChecked;
            let reason = assessed(changes, Some("5")).reasons.into_iter().find(unchecked).unwrap();
            let told = |one: &Evidence| format!("{} {}", one.field, one.value.clone().unwrap_or_default());
            assert!(
                reason.evidence.iter().all(|one| one.system.as_deref() == Some("erp") && one.entity == "Account 100")
            );
            reason.evidence.iter().map(told).collect::<Vec<_>>()
        };
        assert_eq!(evidence(&[("limit", unknown())]), ["limit SOURCE_UNAVAILABLE"]);
        let both = [("hold", unknown()), ("overdue", unknown()), ("exposure", Value::Null)];
        assert_eq!(evidence(&both), ["overdue SOURCE_UNAVAILABLE", "hold SOURCE_UNAVAILABLE"]);
        let dollars = json!({"amount": "1000", "currency": "USD"});
        let said = ["limit 1000 USD", "exposure 500 EUR", "receivable 200 EUR", "overdue 0 EUR"];
        assert_eq!(evidence(&[("limit", dollars)]), said);
    }

    proptest! {
        #[test]
        fn available_is_the_limit_less_the_exposure(limit in -10_000_i64..10_000_000, exposure in -10_000_i64..10_000_000, scale in 0_u32..4, order in 0_i64..10_000) {
            let of = |amount: i64| euros(&Decimal::new(amount, scale).to_string());
            let assessment = assessed(&[("limit", of(limit)), ("exposure", of(exposure))], Some(&order.to_string()));
            let available = assessment.available.clone().unwrap().amount;
            prop_assert_eq!(available, Decimal::new(limit, scale) - Decimal::new(exposure, scale));
            if limit != 0 {
                let left = available - Decimal::from(order);
                prop_assert_eq!(assessment.status == CreditStatus::Exceeded, left < Decimal::ZERO);
                let over = over_by(&assessment).map(|over| over.trim_end_matches(" EUR").parse::<Decimal>().unwrap());
                prop_assert_eq!(over, Some(-left).filter(|over| *over > Decimal::ZERO));
            }
        }

        #[test]
        fn what_is_unknown_never_makes_credit_better(exposure in 0_i64..2_000, overdue in 0_i64..2, hold: bool, place in 0_usize..6) {
            let known = [("exposure", euros(&exposure.to_string())), ("overdue", euros(&overdue.to_string())), ("hold", json!(hold))];
            let field = ["limit", "exposure", "receivable", "overdue", "hold", "oldestDueDate"][place];
            let mut clouded = known.to_vec();
            clouded.push((field, unknown()));
            let (clear, dim) = (assessed(&known, None), assessed(&clouded, None));
            prop_assert!(dim.status == clear.status || dim.status == CreditStatus::NotChecked);
            let blocks = |assessment: &CreditAssessment| assessment.reasons.iter().any(|reason| reason.severity == Severity::Blocking);
            prop_assert!(blocks(&dim) || !blocks(&clear));
        }
    }
}
