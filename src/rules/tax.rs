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
