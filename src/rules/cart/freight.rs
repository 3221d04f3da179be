//! Freight: whether a product can be shipped to an address as it is.
//!
//! In: what a product measures, weighs and endangers, what the address and the carrier allow. Out: reasons. A product whose
//! danger is not known is not known to be harmless.

use jiff::civil::Date;

use super::{facts::AccountInCart, parcel};
use crate::rules::{
    article::{Article, Document},
    context::Context,
    evidence::At,
    fact::Unknown,
    ratio::Ratio,
    reason::{Reason, ReasonCode, Severity},
    ship_to::ShipToFacts,
};

/// Returns what is against shipping so many base units of a product; none where the quantity is not known.
pub(super) fn reasons(
    (article, quantity): (&Article, Option<Ratio>),
    account: Option<&AccountInCart>,
    ship_to: Option<&ShipToFacts>,
    day: Date,
    context: &Context<'_>,
) -> Vec<Reason> {
    if article.is_service() {
        return Vec::new();
    }
    let mut reasons = Vec::new();
    let hazardous = match article.hazardous.asked() {
        Ok(hazardous) => hazardous.copied().unwrap_or(false),
        Err(unknown) => {
            let message = "Whether it is dangerous goods could not be found out.";
            reasons.push(unclear(message, (article.at, "hazardous"), unknown, context));
            false
        }
    };
    if hazardous {
        reasons.extend(danger(article, account, ship_to, context));
        reasons.extend(safety_data_sheet(article, day, context));
    }
    let parcel = parcel::against(article, quantity, context);
    reasons.extend(parcel.reasons);
    let Some(ship_to) = ship_to else { return reasons };
    let by_freight = parcel.is_over || article.freight_class.known().is_some();
    if let Some(unknown) = article.freight_class.unknown().filter(|_| !by_freight) {
        let evidence = vec![context.evidence_of_silence(article.at, "freightClass", unknown)];
        let message = "Whether it goes as freight could not be found out.";
        reasons.push(Reason::new(ReasonCode::FreightConstraint, message, evidence).for_lack_of(unknown));
    }
    match ship_to.has("LIFTGATE") {
        Ok(true) if by_freight => {
            let evidence = vec![
                context.evidence_of(article.at, "freightClass", &article.freight_class),
                context.evidence(ship_to.at, "deliveryRestrictions", "LIFTGATE"),
            ];
            let message = "It goes as freight, and the address needs a lift gate.";
            reasons.push(Reason::new(ReasonCode::FreightConstraint, message, evidence));
        }
        Err(unknown) if by_freight => {
            let evidence = vec![context.evidence_of_silence(ship_to.at, "deliveryRestrictions", unknown)];
            let message = "It goes as freight, and whether the address needs a lift gate could not be found out.";
            reasons.push(Reason::new(ReasonCode::FreightConstraint, message, evidence).for_lack_of(unknown));
        }
        Ok(_) | Err(_) => {}
    }
    if let Some(unknown) = ship_to.street.unknown().filter(|_| hazardous || by_freight) {
        let message = "Whether the address is a post office box could not be found out.";
        reasons.push(unclear(message, (ship_to.at, "street"), unknown, context));
    }
    if ship_to.is_post_box() {
        let evidence = vec![context.evidence_of(ship_to.at, "street", &ship_to.street)];
        let message = "The address is a post office box.";
        let constraint = Reason::new(ReasonCode::FreightConstraint, message, evidence);
        let hard = hazardous || by_freight;
        reasons.push(if hard { constraint.weighing(Severity::Blocking) } else { constraint });
    }
    reasons.extend(export(ship_to, context));
    reasons
}

/// Some countries get nothing, and a country that is not known may be one of them.
fn export(ship_to: &ShipToFacts, context: &Context<'_>) -> Option<Reason> {
    let forbidden = &context.settings.export_forbidden;
    if forbidden.is_empty() {
        return None;
    }
    match ship_to.country.asked() {
        Ok(Some(country)) => forbidden.contains(country).then(|| {
            let evidence = vec![context.evidence(ship_to.at, "country", country)];
            Reason::new(ReasonCode::ExportRestricted, format!("Nothing is shipped to {country}."), evidence)
        }),
        Ok(None) => {
            let message = "The address has no country, and some get nothing.";
            let evidence = vec![context.evidence_of_null(ship_to.at, "country")];
            Some(Reason::new(ReasonCode::ProductUnclear, message, evidence))
        }
        Err(unknown) => {
            let message = "The country of the address could not be found out, and some get nothing.";
            Some(unclear(message, (ship_to.at, "country"), unknown, context))
        }
    }
}

/// What could not be found out is not known to be harmless.
fn unclear(message: &str, (at, field): (At, &str), unknown: &Unknown, context: &Context<'_>) -> Reason {
    let evidence = vec![context.evidence_of_silence(at, field, unknown)];
    Reason::new(ReasonCode::ProductUnclear, message, evidence).for_lack_of(unknown)
}

/// Dangerous goods need an address that takes them and a carrier that does.
fn danger(
    article: &Article,
    account: Option<&AccountInCart>,
    ship_to: Option<&ShipToFacts>,
    context: &Context<'_>,
) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let dangerous = || context.evidence_of(article.at, "hazardous", &article.hazardous);
    match ship_to.map(|ship_to| (ship_to, ship_to.has("NO_HAZMAT"))) {
        Some((ship_to, Ok(true))) => {
            let evidence = vec![dangerous(), context.evidence(ship_to.at, "deliveryRestrictions", "NO_HAZMAT")];
            let message = "It is dangerous goods, and the address takes none.";
            reasons.push(Reason::new(ReasonCode::FreightConstraint, message, evidence).weighing(Severity::Blocking));
        }
        Some((ship_to, Err(unknown))) => {
            let message = "It is dangerous goods, and whether the address takes them could not be found out.";
            reasons.push(unclear(message, (ship_to.at, "deliveryRestrictions"), unknown, context));
        }
        Some((_, Ok(false))) | None => {}
    }
    let carriers = &context.settings.hazmat_carriers;
    let Some(account) = account.filter(|_| !carriers.is_empty()) else { return reasons };
    match account.carrier.asked() {
        Ok(Some(carrier)) if !carriers.contains(carrier) => {
            let evidence = vec![dangerous(), context.evidence(account.at, "carrier", carrier)];
            let message = format!("It is dangerous goods, and the account's carrier {carrier} takes none.");
            reasons.push(Reason::new(ReasonCode::FreightConstraint, message, evidence).weighing(Severity::Blocking));
        }
        // An account that asks for no carrier gets one that may.
        Ok(_) => {}
        Err(unknown) => {
            let message = "It is dangerous goods, and the account's carrier could not be found out.";
            reasons.push(unclear(message, (account.at, "carrier"), unknown, context));
        }
    }
    reasons
}

/// Dangerous goods need a safety data sheet that is valid on the day.
fn safety_data_sheet(article: &Article, day: Date, context: &Context<'_>) -> Option<Reason> {
    let silent = |(at, field), unknown: &Unknown| {
        let message = "Whether its safety data sheet is valid could not be found out.";
        Some(unclear(message, (at, field), unknown, context))
    };
    let documents = match article.documents.items() {
        Ok(documents) => documents,
        Err(unknown) => return silent((article.at, "documents"), unknown),
    };
    let mut sheets = Vec::new();
    for document in documents {
        match document.kind.asked() {
            Ok(kind) => sheets.extend(kind.is_some_and(|kind| kind == "SDS").then_some(document)),
            Err(unknown) => return silent((document.at, "kind"), unknown),
        }
    }
    let is_valid =
        |sheet: &&Document| matches!(sheet.valid_until.asked(), Ok(last) if last.is_none_or(|last| day <= *last));
    // A sheet in one language that is valid serves; which one a buyer needs is not known here.
    if sheets.is_empty() || sheets.iter().any(is_valid) {
        return None;
    }
    if let Some((sheet, unknown)) = sheets.iter().find_map(|sheet| Some((sheet, sheet.valid_until.unknown()?))) {
        return silent((sheet.at, "validUntil"), unknown);
    }
    let evidence = sheets.iter().map(|sheet| context.evidence_of(sheet.at, "validUntil", &sheet.valid_until));
    let message = "The safety data sheet has expired.";
    Some(Reason::new(ReasonCode::HazmatDocumentExpired, message, evidence.collect()))
}
