//! The boundary: until when an answer that is asked for now holds without any fact changing.

use jiff::Timestamp;

use super::{candidate::period, facts::PriceFacts};
use crate::rules::{context::Context, validity::earlier};

/// Returns the next instant at which a record or a surcharge begins or ends; none: nothing ever does.
///
/// What cannot be read has no bounds: such an answer says so, and is asked again soon.
pub(super) fn boundary(facts: &PriceFacts, context: &Context<'_>) -> Option<Timestamp> {
    let zone = context.zone();
    let records = facts.candidates.known().into_iter().flatten().filter_map(|record| record.known());
    let surcharges = facts.surcharges.known().into_iter().flatten().filter_map(|surcharge| surcharge.known());
    let bounds = (records.map(|record| (&record.valid_from, &record.valid_to)))
        .chain(surcharges.map(|surcharge| (&surcharge.valid_from, &surcharge.valid_to)))
        .chain(facts.owner_price.known().map(|price| (&price.valid_from, &price.valid_to)));
    bounds
        .filter_map(|(from, to)| period(from, to, &zone).ok())
        .fold(None, |next, period| earlier(next, period.next_bound(context.now)))
}
