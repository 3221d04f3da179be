//! Tax exemption: whether a certificate frees an order from tax, judged on the order's day and where it goes.
//!
//! In: the account's certificates, a jurisdiction, a day. Out: one word, the certificate it rests on, reasons, and the way
//! there in words. A certificate that has expired still holds for earlier days; what is unknown is taxed.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    calendar::{end_of, said},
    context::Context,
    evidence::{At, Evidence},
    explanation::Step,
    fact::Fact,
    reason::{Reason, ReasonCode},
    rule::{Rule, typed},
};

/// `tax`: whether an account is exempt somewhere on a day.
pub(super) const RULE: Rule = Rule {
    name: "tax",
    on: "Account",
    answers: &["taxExemption"],
    inputs: "taxExemptions { jurisdiction certificate validFrom validTo revoked }",
    holder: "",
    pieces: &[],
    run: |facts, arguments, context| {
        typed(facts, arguments, |account: &AccountTaxFacts, arguments: &Arguments| {
            let day = arguments.date.unwrap_or_else(|| context.today());
            let verdict = exemption(&account.tax_exemptions, &arguments.jurisdiction, day, context);
            // Asked for today, it is another day's question tomorrow.
            let until = if arguments.date.is_none() { end_of(day, context) } else { None };
            (Output { tax_exemption: verdict }, until)
        })
    },
};

#[derive(Debug, Deserialize)]
struct Arguments {
    jurisdiction: String,
    #[serde(default)]
    date: Option<Date>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Output {
    tax_exemption: TaxVerdict,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct AccountTaxFacts {
    #[serde(rename = "$at")]
    at: At,
    tax_exemptions: Fact<Vec<Fact<TaxExemptionFacts>>>,
}

/// What the owner says of a certificate.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaxExemptionFacts {
    /// Which object it is.
    #[serde(rename = "$at")]
    pub at: At,
    /// Where it holds.
    pub jurisdiction: Fact<String>,
    /// Its number.
    pub certificate: Fact<String>,
    /// The first day it holds; null: since ever.
    pub valid_from: Fact<Date>,
    /// The last day it holds; null: without end.
    pub valid_to: Fact<Date>,
    /// Whether it was withdrawn.
    pub revoked: Fact<bool>,
}

/// Whether an account is exempt from a tax, from the best there is to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TaxExemptionStatus {
    /// A certificate holds.
    Valid,
    /// A certificate holds, and not for much longer.
    Expiring,
    /// What is known does not free it, and not everything is known.
    Unknown,
    /// The certificate for the jurisdiction was withdrawn.
    Revoked,
    /// The certificate for the jurisdiction had expired.
    Expired,
    /// There is no certificate, or it begins later.
    None,
    /// There are certificates, for other jurisdictions only.
    NotForJurisdiction,
}

/// What a judgement on tax exemption came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TaxVerdict {
    /// The word.
    pub status: TaxExemptionStatus,
    /// Whether no tax is charged.
    pub exempt: bool,
    /// The number of the certificate it rests on.
    pub certificate: Option<String>,
    /// The last day that certificate holds.
    pub valid_to: Option<Date>,
    /// Why tax is charged, or may be soon.
    pub reasons: Vec<Reason>,
    /// How it came about.
    pub explanation: Vec<Step>,
}

/// Judges whether an account is exempt from tax in a jurisdiction on a day: of the order, or of its shipment.
///
/// *Shape*: one verdict, by the certificate that serves best.
/// *Errors*: none; what is unknown is taxed, with the reason `TAX_UNCLEAR`.
pub fn exemption(
    certificates: &Fact<Vec<Fact<TaxExemptionFacts>>>,
    jurisdiction: &str,
    day: Date,
    context: &Context<'_>,
) -> TaxVerdict {
    let listed = certificates.known().map(Vec::as_slice).unwrap_or_default();
    let mut unknown = certificates.unknown().or_else(|| listed.iter().find_map(Fact::unknown)).cloned();
    let mut best: Option<(TaxExemptionStatus, &TaxExemptionFacts)> = None;
    for certificate in listed.iter().filter_map(Fact::known) {
        let status = match judged(certificate, jurisdiction, day, context) {
            Ok(status) => status,
            Err(because) => {
                unknown.get_or_insert_with(|| because.clone());
                continue;
            }
        };
        // Of two that serve alike the one that holds longest counts, and then the one of the lower number.
        let rank = |status: TaxExemptionStatus, of: &TaxExemptionFacts| {
            let lasting = of.valid_to.known().copied().unwrap_or(Date::MAX);
            (status, std::cmp::Reverse(lasting), of.certificate.known().cloned())
        };
        if best.is_none_or(|(known, of)| rank(status, certificate) < rank(known, of)) {
            best = Some((status, certificate));
        }
    }
    let found = best.map_or(TaxExemptionStatus::None, |(status, _)| status);
    let exempt = matches!(found, TaxExemptionStatus::Valid | TaxExemptionStatus::Expiring);
    let status = if unknown.is_some() && !exempt { TaxExemptionStatus::Unknown } else { found };
    let certificate = best.map(|(_, certificate)| certificate);
    let text = told(status, certificate, jurisdiction, day);
    let evidence = certificate.map(|certificate| evidence(certificate, context)).unwrap_or_default();
    let mut reasons: Vec<Reason> =
        status.reason().map(|code| Reason::new(code, text.clone(), evidence.clone())).into_iter().collect();
    if let (TaxExemptionStatus::Unknown, Some(unknown)) = (status, &unknown) {
        reasons.push(Reason::of_unknown("The account's tax certificates", unknown));
    }
    TaxVerdict {
        status,
        exempt,
        certificate: certificate.and_then(|certificate| certificate.certificate.known().cloned()),
        valid_to: certificate.and_then(|certificate| certificate.valid_to.known().copied()),
        reasons,
        explanation: vec![Step { step: "CERTIFICATE", text, evidence }],
    }
}

/// What one certificate is worth in a jurisdiction on a day.
fn judged<'f>(
    certificate: &'f TaxExemptionFacts,
    jurisdiction: &str,
    day: Date,
    context: &Context<'_>,
) -> Result<TaxExemptionStatus, &'f super::fact::Unknown> {
    let place = certificate.jurisdiction.asked()?.map(|place| place.trim()).unwrap_or_default();
    if !place.eq_ignore_ascii_case(jurisdiction.trim()) {
        return Ok(TaxExemptionStatus::NotForJurisdiction);
    }
    if certificate.valid_from.asked()?.is_some_and(|first| day < *first) {
        return Ok(TaxExemptionStatus::None);
    }
    let last = certificate.valid_to.asked()?.copied();
    if last.is_some_and(|last| last < day) {
        return Ok(TaxExemptionStatus::Expired);
    }
    if certificate.revoked.asked()?.copied().unwrap_or(false) {
        return Ok(TaxExemptionStatus::Revoked);
    }
    let days = context.settings.tax.expiring_days;
    Ok(match last {
        Some(last) if i64::from((last - day).get_days()) <= i64::from(days) => TaxExemptionStatus::Expiring,
        _ => TaxExemptionStatus::Valid,
    })
}

fn told(status: TaxExemptionStatus, certificate: Option<&TaxExemptionFacts>, jurisdiction: &str, day: Date) -> String {
    let day = said(day);
    let last = certificate.and_then(|certificate| certificate.valid_to.known().copied()).map(said).unwrap_or_default();
    match status {
        TaxExemptionStatus::Valid => format!("A tax certificate holds for {jurisdiction} on {day}."),
        TaxExemptionStatus::Expiring => {
            format!("A tax certificate holds for {jurisdiction} on {day}, and only until {last}.")
        }
        TaxExemptionStatus::Unknown => {
            format!(
                "Whether a tax certificate holds for {jurisdiction} on {day} could not be found out: tax is charged."
            )
        }
        TaxExemptionStatus::Revoked => {
            format!("The tax certificate for {jurisdiction} was withdrawn: tax is charged.")
        }
        TaxExemptionStatus::Expired => {
            format!("The tax certificate for {jurisdiction} held until {last}, not on {day}: tax is charged.")
        }
        TaxExemptionStatus::NotForJurisdiction => {
            format!("The account's tax certificates hold elsewhere, not for {jurisdiction}: tax is charged.")
        }
        TaxExemptionStatus::None => match certificate.and_then(|certificate| certificate.valid_from.known()) {
            Some(first) => {
                format!("The tax certificate for {jurisdiction} holds from {} on: tax is charged.", said(*first))
            }
            None => format!("The account has no tax certificate for {jurisdiction}: tax is charged."),
        },
    }
}

fn evidence(certificate: &TaxExemptionFacts, context: &Context<'_>) -> Vec<Evidence> {
    let at = certificate.at;
    vec![
        context.evidence_of(at, "certificate", &certificate.certificate),
        context.evidence_of(at, "jurisdiction", &certificate.jurisdiction),
        context.evidence_of(at, "validFrom", &certificate.valid_from),
        context.evidence_of(at, "validTo", &certificate.valid_to),
        context.evidence_of(at, "revoked", &certificate.revoked),
    ]
}

impl TaxExemptionStatus {
    fn reason(self) -> Option<ReasonCode> {
        match self {
            Self::Valid => None,
            Self::Expiring => Some(ReasonCode::TaxCertExpiring),
            Self::Unknown => Some(ReasonCode::TaxUnclear),
            Self::Revoked => Some(ReasonCode::TaxCertRevoked),
            Self::Expired => Some(ReasonCode::TaxCertExpired),
            Self::NotForJurisdiction => Some(ReasonCode::TaxCertWrongJurisdiction),
            Self::None => Some(ReasonCode::TaxCertMissing),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, civil::date, tz::TimeZone};
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

    fn unknown() -> Value {
        json!({"$unknown": {"code": "SOURCE_TIMEOUT", "system": "erp"}})
    }

    fn certificate(number: &str, jurisdiction: &str, from: &str, to: Option<&str>, revoked: bool) -> Value {
        json!({"$at": 1, "jurisdiction": jurisdiction, "certificate": number, "validFrom": from, "validTo": to,
            "revoked": revoked})
    }

    fn judged_on(certificates: &Value, day: Date) -> TaxVerdict {
        let facts: AccountTaxFacts = serde_json::from_str(&json!({"taxExemptions": certificates}).to_string()).unwrap();
        let settings = Settings::default();
        let context = Context { now: Timestamp::UNIX_EPOCH, settings: &settings, sources: &Erp, order_limit: None };
        exemption(&facts.tax_exemptions, "US-TX", day, &context)
    }

    #[test]
    fn a_certificate_is_judged_on_the_day_and_the_place() {
        use TaxExemptionStatus::{Expired, Expiring, None as Missing, NotForJurisdiction, Revoked, Unknown, Valid};
        let year = || certificate("C-1", "US-TX", "2025-01-01", Some("2025-12-31"), false);
        let endless = || certificate("C-2", "us-tx ", "2025-06-01", None, false);
        let revoked = || certificate("C-3", "US-TX", "2025-01-01", None, true);
        let elsewhere = || certificate("C-4", "US-OK", "2020-01-01", None, false);
        let clouded = || {
            let mut one = year();
            one["validTo"] = unknown();
            one
        };
        let table: Vec<(TaxExemptionStatus, Value, Date, Option<&str>)> = vec![
            (Valid, json!([year()]), date(2025, 1, 1), None),
            (Valid, json!([year()]), date(2025, 11, 30), None),
            (Expiring, json!([year()]), date(2025, 12, 1), Some("TAX_CERT_EXPIRING")),
            (Expiring, json!([year()]), date(2025, 12, 31), Some("TAX_CERT_EXPIRING")),
            (Expired, json!([year()]), date(2026, 1, 1), Some("TAX_CERT_EXPIRED")),
            (Missing, json!([year()]), date(2024, 12, 31), Some("TAX_CERT_MISSING")),
            (Valid, json!([year(), endless()]), date(2025, 12, 31), None),
            (Valid, json!([endless()]), date(2099, 1, 1), None),
            (Revoked, json!([revoked()]), date(2025, 3, 1), Some("TAX_CERT_REVOKED")),
            (Valid, json!([revoked(), year()]), date(2025, 3, 1), None),
            (NotForJurisdiction, json!([elsewhere()]), date(2025, 3, 1), Some("TAX_CERT_WRONG_JURISDICTION")),
            (Expired, json!([elsewhere(), year()]), date(2026, 3, 1), Some("TAX_CERT_EXPIRED")),
            (Missing, json!([]), date(2025, 3, 1), Some("TAX_CERT_MISSING")),
            (Missing, Value::Null, date(2025, 3, 1), Some("TAX_CERT_MISSING")),
            (Unknown, unknown(), date(2025, 3, 1), Some("TAX_UNCLEAR")),
            (Unknown, json!([clouded()]), date(2025, 3, 1), Some("TAX_UNCLEAR")),
            (Unknown, json!([elsewhere(), unknown()]), date(2025, 3, 1), Some("TAX_UNCLEAR")),
            (Valid, json!([endless(), unknown()]), date(2025, 7, 1), None),
        ];
        for (status, certificates, day, code) in table {
            let verdict = judged_on(&certificates, day);
            let first = verdict.reasons.first().map(|reason| reason.code.to_string());
            assert_eq!((verdict.status, first.as_deref()), (status, code), "{certificates} {day}");
            assert_eq!(verdict.exempt, matches!(status, Valid | Expiring));
            assert_eq!(verdict.explanation.len(), 1);
        }
        let verdict = judged_on(&json!([year(), endless()]), date(2025, 7, 1));
        assert_eq!(verdict.certificate.as_deref(), Some("C-2"));
        let expired = judged_on(&json!([year()]), date(2026, 3, 1)).explanation.remove(0);
        let said = "The tax certificate for US-TX held until 31 December 2025, not on 1 March 2026: tax is charged.";
        assert_eq!((expired.text.as_str(), expired.evidence.len()), (said, 5));
    }

    #[test]
    fn asked_for_today_the_answer_holds_until_the_seller_s_midnight() {
        let settings = Settings { zone: TimeZone::get("Europe/Berlin").unwrap(), ..Settings::default() };
        let context = Context {
            now: "2025-12-31T23:30:00Z".parse().unwrap(),
            settings: &settings,
            sources: &Erp,
            order_limit: None,
        };
        let facts = json!({"taxExemptions": [certificate("C-1", "DE", "2025-01-01", Some("2025-12-31"), false)]});
        let run = |arguments: &Value| {
            let computed =
                (RULE.run)(facts.to_string().as_bytes(), arguments.to_string().as_bytes(), &context).unwrap();
            let members: Value = serde_json::from_slice(&computed.members).unwrap();
            (members["taxExemption"]["status"].clone(), computed.holds_until.map(|until| until.to_string()))
        };
        // It is the first of January in Berlin already.
        assert_eq!(run(&json!({"jurisdiction": "DE"})), (json!("EXPIRED"), Some("2026-01-01T23:00:00Z".to_owned())));
        assert_eq!(run(&json!({"jurisdiction": "DE", "date": null})).0, "EXPIRED");
        assert_eq!(run(&json!({"jurisdiction": "DE", "date": "2025-12-31"})), (json!("EXPIRING"), None));
    }

    proptest! {
        #[test]
        fn more_certificates_never_take_an_exemption_away(days in prop::collection::vec((0_i32..60, 0_i32..60, any::<bool>()), 0..4), on in 0_i32..60, extra in (0_i32..60, 0_i32..60)) {
            let first = date(2025, 1, 1);
            let day = |n: i32| first.checked_add(jiff::Span::new().days(n)).unwrap().to_string();
            let mut certificates: Vec<Value> = days.iter().enumerate()
                .map(|(n, (from, to, revoked))| certificate(&n.to_string(), "US-TX", &day(*from), Some(&day(*to)), *revoked))
                .collect();
            let on = day(on).parse().unwrap();
            let before = judged_on(&json!(certificates), on);
            certificates.push(certificate("Z", "US-TX", &day(extra.0), Some(&day(extra.1)), false));
            let after = judged_on(&json!(certificates), on);
            prop_assert!(after.exempt || !before.exempt);
            certificates.reverse();
            prop_assert_eq!(judged_on(&json!(certificates), on), after);
        }
    }
}
