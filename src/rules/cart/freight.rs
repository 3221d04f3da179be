//! Freight: whether a product can be shipped to an address as it is.
//!
//! In: what a product measures, weighs and endangers, what the address and the carrier allow. Out: reasons. A product whose danger is not
//! known is not known to be harmless.

use jiff::civil::Date;

use super::{facts::AccountInCart, parcel};
use crate::rules::{
    article::Article,
    context::Context,
    fact::Fact,
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
            reasons.push(Reason::new(ReasonCode::ProductUnclear, message, Vec::new()).for_lack_of(unknown));
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
    if by_freight && ship_to.has("LIFTGATE") {
        let evidence = vec![
            context.evidence_of(article.at, "freightClass", &article.freight_class),
            context.evidence(ship_to.at, "deliveryRestrictions", "LIFTGATE"),
        ];
        let message = "It goes as freight, and the address needs a lift gate.";
        reasons.push(Reason::new(ReasonCode::FreightConstraint, message, evidence));
    }
    if ship_to.is_post_box() {
        let evidence = vec![context.evidence_of(ship_to.at, "street", &ship_to.street)];
        let message = "The address is a post office box.";
        let constraint = Reason::new(ReasonCode::FreightConstraint, message, evidence);
        let hard = hazardous || by_freight;
        reasons.push(if hard { constraint.weighing(Severity::Blocking) } else { constraint });
    }
    if let Some(country) =
        ship_to.country.known().filter(|country| context.settings.export_forbidden.contains(*country))
    {
        let evidence = vec![context.evidence(ship_to.at, "country", country)];
        let message = format!("Nothing is shipped to {country}.");
        reasons.push(Reason::new(ReasonCode::ExportRestricted, message, evidence));
    }
    reasons
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
    if let Some(ship_to) = ship_to.filter(|ship_to| ship_to.has("NO_HAZMAT")) {
        let evidence = vec![dangerous(), context.evidence(ship_to.at, "deliveryRestrictions", "NO_HAZMAT")];
        let message = "It is dangerous goods, and the address takes none.";
        reasons.push(Reason::new(ReasonCode::FreightConstraint, message, evidence).weighing(Severity::Blocking));
    }
    let carriers = &context.settings.hazmat_carriers;
    let Some(account) = account.filter(|_| !carriers.is_empty()) else { return reasons };
    // An account that asks for no carrier gets one that may.
    if let Some(carrier) = account.carrier.known().filter(|carrier| !carriers.contains(*carrier)) {
        let evidence = vec![dangerous(), context.evidence(account.at, "carrier", carrier)];
        let message = format!("It is dangerous goods, and the account's carrier {carrier} takes none.");
        reasons.push(Reason::new(ReasonCode::FreightConstraint, message, evidence).weighing(Severity::Blocking));
    }
    reasons
}

/// Dangerous goods need a safety data sheet that is valid on the day.
fn safety_data_sheet(article: &Article, day: Date, context: &Context<'_>) -> Option<Reason> {
    let documents = article.documents.known().into_iter().flatten().filter_map(Fact::known);
    let sheets: Vec<_> = documents.filter(|document| document.kind.known().is_some_and(|kind| kind == "SDS")).collect();
    let runs_out = |sheet: &&crate::rules::article::Document| sheet.valid_until.known().is_some_and(|last| *last < day);
    // A sheet in one language that is valid serves; which one a buyer needs is not known here.
    if sheets.is_empty() || !sheets.iter().all(runs_out) {
        return None;
    }
    let evidence = sheets.iter().map(|sheet| context.evidence_of(sheet.at, "validUntil", &sheet.valid_until));
    let message = "The safety data sheet has expired.";
    Some(Reason::new(ReasonCode::HazmatDocumentExpired, message, evidence.collect()))
}
