//! Ship-to addresses: whether goods may go to one on a day.
//!
//! In: the addresses of an account, the one asked for, the day. Out: the address where it is one, and reasons against it.

use jiff::{Timestamp, civil::Date};
use serde::Deserialize;

use super::{
    calendar::{end_of, midnight},
    context::Context,
    evidence::{At, Evidence},
    fact::{Fact, Unknown},
    reason::{Reason, ReasonCode},
};

/// What is selected of an address for `ShipToFacts`.
macro_rules! ship_to {
    () => {
        "id street region country active validFrom validTo deliveryRestrictions "
    };
}
pub(super) use ship_to;

/// An address of an account.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ShipToFacts {
    /// Where it stands in the inputs.
    #[serde(rename = "$at", default)]
    pub at: At,
    /// Its number.
    pub id: Fact<String>,
    /// Street and number.
    #[serde(default)]
    pub street: Fact<String>,
    /// The state or province.
    #[serde(default)]
    pub region: Fact<String>,
    /// The country.
    #[serde(default)]
    pub country: Fact<String>,
    /// Whether goods may go there now.
    #[serde(default)]
    pub active: Fact<bool>,
    /// The first day it may be used.
    #[serde(default)]
    pub valid_from: Fact<Date>,
    /// The last day it may be used.
    #[serde(default)]
    pub valid_to: Fact<Date>,
    /// What a carrier has to mind.
    #[serde(default)]
    pub delivery_restrictions: Fact<Vec<Fact<String>>>,
}

impl ShipToFacts {
    /// Tells whether a carrier has to mind something there.
    ///
    /// *Errors*: why nobody knows.
    pub fn has(&self, restriction: &str) -> Result<bool, &Unknown> {
        let restrictions = self.delivery_restrictions.asked()?.map(Vec::as_slice).unwrap_or_default();
        if restrictions.iter().filter_map(Fact::known).any(|one| one == restriction) {
            return Ok(true);
        }
        restrictions.iter().find_map(Fact::unknown).map_or(Ok(false), Err)
    }

    /// Tells whether its street is a box at a post office, where carriers hand nothing over.
    pub fn is_post_box(&self) -> bool {
        let letters = |word: &str| word.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>();
        let street = self.street.known().map(|street| street.to_lowercase()).unwrap_or_default();
        let words: Vec<String> = street.split_whitespace().map(letters).collect();
        let starts =
            |box_words: &[&str]| words.len() >= box_words.len() && words.iter().zip(box_words).all(|(a, b)| a == b);
        [&["po", "box"] as &[_], &["p", "o", "box"], &["pobox"], &["postfach"], &["boîte", "postale"], &["bp"]]
            .into_iter()
            .any(starts)
    }
}

/// Returns the instant at which an address of this number begins or ceases to be one that goods may go to.
pub(super) fn holds_until(
    ship_tos: &Fact<Vec<Fact<ShipToFacts>>>,
    id: &str,
    context: &Context<'_>,
) -> Option<Timestamp> {
    let own =
        ship_tos.known()?.iter().filter_map(Fact::known).find(|one| one.id.known().is_some_and(|own| own == id))?;
    let opens = own.valid_from.known().and_then(|day| midnight(*day, &context.zone()));
    let closes = own.valid_to.known().and_then(|day| end_of(*day, context));
    opens.into_iter().chain(closes).filter(|instant| *instant > context.now).min()
}

/// Finds the address of a number among those of an account, and says what is against it on a day.
pub(super) fn chosen<'f>(
    (account, ship_tos): (At, &'f Fact<Vec<Fact<ShipToFacts>>>),
    id: &str,
    day: Date,
    context: &Context<'_>,
) -> (Option<&'f ShipToFacts>, Vec<Reason>) {
    let unclear = |at: At, field: &str, unknown: &Unknown| {
        let message = "The account's addresses could not be found out.";
        let evidence = vec![context.evidence_of_silence(at, field, unknown)];
        vec![Reason::new(ReasonCode::AccountUnclear, message, evidence).for_lack_of(unknown)]
    };
    let listed = match ship_tos.asked() {
        Ok(listed) => listed.map(Vec::as_slice).unwrap_or_default(),
        Err(unknown) => return (None, unclear(account, "shipTos", unknown)),
    };
    let Some(ship_to) = listed.iter().filter_map(Fact::known).find(|one| one.id.known().is_some_and(|own| own == id))
    else {
        // An address that nobody knows may be the very one.
        let nameless = |one: &'f Fact<ShipToFacts>| one.unknown().or_else(|| one.known()?.id.unknown());
        if let Some(unknown) = listed.iter().find_map(nameless) {
            return (None, unclear(account, "shipTos", unknown));
        }
        let message = "The address is none of the account's.";
        let evidence = vec![Evidence::of_question("shipTo", id)];
        return (None, vec![Reason::new(ReasonCode::ShipToNotAllowed, message, evidence)]);
    };
    let at = ship_to.at;
    let closed = |message: &str, because| {
        let evidence = vec![context.evidence(at, "id", id), because];
        vec![Reason::new(ReasonCode::ShipToInactive, message, evidence)]
    };
    let reasons = match (ship_to.active.asked(), ship_to.valid_from.asked(), ship_to.valid_to.asked()) {
        (Ok(Some(false)), ..) => closed("The address is closed.", context.evidence(at, "active", false)),
        (_, Ok(Some(first)), _) if day < *first => {
            closed(&format!("The address opens on {first}."), context.evidence(at, "validFrom", first))
        }
        (.., Ok(Some(last))) if *last < day => {
            closed(&format!("The address was closed on {last}."), context.evidence(at, "validTo", last))
        }
        (Ok(_), Ok(_), Ok(_)) => Vec::new(),
        (Err(unknown), ..) => unclear(at, "active", unknown),
        (_, Err(unknown), _) => unclear(at, "validFrom", unknown),
        (.., Err(unknown)) => unclear(at, "validTo", unknown),
    };
    (Some(ship_to), reasons)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{
        sample::{berlin, context},
        settings::Settings,
    };

    fn against(ship_tos: &str, id: &str, day: &str) -> (bool, Vec<String>) {
        let settings: Settings = berlin();
        let ship_tos = serde_json::from_str(ship_tos).unwrap();
        let context = context("2026-06-30T10:00:00Z", &settings);
        let (found, reasons) = chosen((At(7), &ship_tos), id, day.parse().unwrap(), &context);
        let told = |one: &Evidence| format!("{} {}", one.field, one.value.clone().unwrap_or_default());
        let told = |reason: &Reason| {
            let evidence: Vec<String> = reason.evidence.iter().map(told).collect();
            format!("{} {}", reason.code, evidence.join(", "))
        };
        (found.is_some(), reasons.iter().map(told).collect())
    }

    #[test]
    fn an_address_is_the_accounts_open_and_inside_its_days() {
        let one = r#"[{"id":"S1","active":true,"validFrom":"2026-01-01","validTo":"2026-06-30"},
            {"id":"S2","active":false,"validFrom":"2026-01-01","validTo":null}]"#;
        let unknown = r#"{"$unknown":{"code":"TIMEOUT","system":"erp"}}"#;
        let among = format!("[{unknown}]");
        let nameless = format!(r#"[{{"id":{unknown},"active":true}}]"#);
        let undated = format!(r#"[{{"id":"S1","active":true,"validFrom":"2026-01-01","validTo":{unknown}}}]"#);
        for (ship_tos, id, day, expected) in [
            (one, "S1", "2026-06-30", (true, vec![])),
            (one, "S1", "2026-01-01", (true, vec![])),
            (one, "S1", "2026-07-01", (true, vec!["SHIP_TO_INACTIVE id S1, validTo 2026-06-30"])),
            (one, "S1", "2025-12-31", (true, vec!["SHIP_TO_INACTIVE id S1, validFrom 2026-01-01"])),
            (one, "S2", "2026-06-30", (true, vec!["SHIP_TO_INACTIVE id S2, active false"])),
            (one, "S3", "2026-06-30", (false, vec!["SHIP_TO_NOT_ALLOWED shipTo S3"])),
            ("null", "S1", "2026-06-30", (false, vec!["SHIP_TO_NOT_ALLOWED shipTo S1"])),
            (unknown, "S1", "2026-06-30", (false, vec!["ACCOUNT_UNCLEAR shipTos TIMEOUT"])),
            (&among, "S1", "2026-06-30", (false, vec!["ACCOUNT_UNCLEAR shipTos TIMEOUT"])),
            (&nameless, "S1", "2026-06-30", (false, vec!["ACCOUNT_UNCLEAR shipTos TIMEOUT"])),
            (&undated, "S1", "2026-06-30", (true, vec!["ACCOUNT_UNCLEAR validTo TIMEOUT"])),
        ] {
            let expected = (expected.0, expected.1.into_iter().map(str::to_owned).collect());
            assert_eq!(against(ship_tos, id, day), expected, "{ship_tos} {id} {day}");
        }
    }

    #[test]
    fn post_boxes_are_known_by_their_words() {
        let is = |street: &str| {
            let json = format!(r#"{{"id":"S","street":"{street}"}}"#);
            serde_json::from_str::<ShipToFacts>(&json).unwrap().is_post_box()
        };
        assert!(["P.O. Box 12", "PO Box 12", "p. o. box 7", "Postfach 10 20", "BP 40"].into_iter().all(is));
        assert!(!["Boxer Street 1", "Posthof 3", "BPM Street 1", ""].into_iter().any(is));
    }
}
