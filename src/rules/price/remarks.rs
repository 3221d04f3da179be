//! Remarks: what is to be said beside a price, and why there is none.
//!
//! In: the field and what was picked of it. Out: reasons, and steps of the explanation.

use super::{
    candidate::{Candidate, Why},
    facts::{PriceFacts, PriceSource, Record},
    field::Field,
    pick::rivals,
    resolved::ResolvedPrice,
    want::Want,
};
use crate::rules::{
    context::Context,
    evidence::Evidence,
    explanation::Step,
    fact::Fact,
    reason::{Reason, ReasonCode, Severity},
    settings::{Fallback, Pricing},
    validity::Bound,
};

impl<'f> Field<'f> {
    /// Returns the agreement that ended last, where none of its source is in force.
    fn expired(&self) -> Option<(PriceSource, &'f Record)> {
        let in_force = |source| self.candidates.iter().any(|candidate| candidate.source == source);
        let over =
            self.out.iter().filter(|(why, source, _)| *why == Why::Over && source.is_contract() && !in_force(*source));
        let bound = |record: &Record| record.valid_to.known().map(ToString::to_string);
        let over = over.map(|(_, source, record)| (*source, *record));
        over.max_by_key(|(source, record)| (bound(record), std::cmp::Reverse(*source), record.record.known().cloned()))
    }

    /// Says what is to be said beside a price that was found.
    pub fn remarks(
        &self,
        picked: &Candidate<'_>,
        want: &Want<'_>,
        pricing: Pricing,
        context: &Context<'_>,
        out: &mut ResolvedPrice,
    ) {
        let listed = picked.source == PriceSource::List;
        if let Some((_, record)) = self.expired().filter(|(source, _)| *source < picked.source) {
            let message = format!("{} {} applies instead.", ended(record), capital(picked.source.words()));
            let reason = Reason::new(ReasonCode::PriceExpired, message.clone(), validity(record, context));
            let quiet = listed && pricing.fallback_to_list == Fallback::Allowed;
            out.reasons.push(reason.weighing(if quiet { Severity::Info } else { Severity::Warning }));
            out.explanation.push(Step { step: "FALLBACK", text: message, evidence: validity(record, context) });
        } else if self.lapsed && listed && pricing.fallback_to_list == Fallback::Flagged && self.below(want).is_none() {
            let message = "The account's agreement does not cover this; the list price applies.";
            out.reasons.push(
                Reason::new(ReasonCode::PriceExpired, message, self.lapse_evidence(context))
                    .weighing(Severity::Warning),
            );
        }
        self.not_yet_valid(context, out);
        if let Some(contract) = self.below(want).filter(|below| below.source < picked.source) {
            out.reasons.push(below_minimum(contract, context));
        }
        let rivals = rivals(&self.candidates, picked, pricing.strategy);
        if !rivals.is_empty() {
            let evidence = std::iter::once(picked).chain(rivals);
            let evidence = evidence.flat_map(|one| {
                let amount = context.evidence(one.at, "unitPrice", one.offer.amount);
                [context.evidence(one.at, "record", one.record.unwrap_or("listPrice")), amount]
            });
            let message = "Records of equal rank name different prices.";
            out.reasons.push(Reason::new(ReasonCode::PriceConflict, message, evidence.collect()));
        }
    }

    /// Says why there is no price.
    pub fn missing(&self, facts: &PriceFacts, want: &Want<'_>, context: &Context<'_>, out: &mut ResolvedPrice) {
        let n_before = out.reasons.len();
        let blocking = |reason: Reason, out: &mut ResolvedPrice| out.reasons.push(reason.weighing(Severity::Blocking));
        if let Some(record) = self.quote {
            let evidence = vec![context.evidence(record.at, "source", "MANUAL_QUOTE_REQUIRED")];
            blocking(Reason::new(ReasonCode::PriceOnRequest, "A person has to quote for it.", evidence), out);
        } else if self.on_request {
            let evidence = vec![context.evidence_of_null(want.article.at, "listPrice")];
            let message = "It is engineered to order: a person has to quote for it.";
            blocking(Reason::new(ReasonCode::PriceOnRequest, message, evidence), out);
        }
        if let Some((_, record)) = self.expired() {
            let kept = if self.list_withheld { " The list price does not apply instead." } else { "" };
            let message = format!("{}{kept}", ended(record));
            blocking(Reason::new(ReasonCode::PriceExpired, message, validity(record, context)), out);
        }
        if let Some(smallest) = self.candidates.iter().min_by(|a, b| a.minimum.cmp(&b.minimum)) {
            blocking(below_minimum(smallest, context), out);
        }
        let of = |why: Why| {
            let records = self.out.iter().filter(move |(other, ..)| *other == why).map(|(_, _, record)| record.at);
            records.chain(self.list_out.filter(|(other, _)| *other == why).map(|(_, at)| at)).next()
        };
        if out.reasons.len() == n_before
            && let Some(at) = of(Why::Currency)
        {
            let evidence = vec![context.evidence(at, "currency", want.currency)];
            let message = format!("It has no price in {}.", want.currency);
            blocking(Reason::new(ReasonCode::CurrencyNotOffered, message, evidence), out);
        }
        if out.reasons.len() == n_before
            && let Some(at) = of(Why::Unit)
        {
            let evidence = vec![context.evidence(at, "unit", want.unit)];
            let message = format!("Its price is for a unit that {} does not convert to.", want.unit);
            blocking(Reason::new(ReasonCode::UomNotConvertible, message, evidence), out);
        }
        if out.reasons.len() == n_before {
            let evidence = vec![context.evidence(facts.at, "candidates", self.out.len())];
            blocking(Reason::new(ReasonCode::PriceMissing, "There is no price for it.", evidence), out);
        }
        self.not_yet_valid(context, out);
        let text = "No price applies; none is guessed.".to_owned();
        out.explanation.push(Step { step: "STRATEGY", text, evidence: Vec::new() });
    }

    fn not_yet_valid(&self, context: &Context<'_>, out: &mut ResolvedPrice) {
        let ahead = self.out.iter().filter(|(why, source, _)| *why == Why::Ahead && source.is_contract());
        let begins = |record: &Record| record.valid_from.known().map(ToString::to_string);
        let next = ahead.map(|(_, _, record)| *record).min_by_key(|record| (begins(record), record.at));
        if let Some(record) = next {
            let from = begins(record).unwrap_or_default();
            let message = format!("An agreed price begins on {from}.");
            out.reasons.push(Reason::new(ReasonCode::PriceNotYetValid, message, validity(record, context)));
        }
    }

    /// Returns the most specific candidate of a source whose every record asks for more than is wanted.
    fn below(&self, want: &Want<'_>) -> Option<&Candidate<'f>> {
        let source_fits =
            |source| self.candidates.iter().any(|one| one.source == source && one.minimum <= want.quantity);
        let below = self.candidates.iter().filter(|one| one.source.is_contract() && !source_fits(one.source));
        below.min_by(|a, b| (a.source, a.minimum, a.record).cmp(&(b.source, b.minimum, b.record)))
    }

    fn lapse_evidence(&self, context: &Context<'_>) -> Vec<Evidence> {
        let contracts = self.out.iter().filter(|(_, source, _)| source.is_contract());
        contracts.flat_map(|(_, _, record)| validity(record, context)).collect()
    }
}

fn below_minimum(candidate: &Candidate<'_>, context: &Context<'_>) -> Reason {
    let quantity = candidate.minimum_quantity.normalize();
    let message = format!("{} begins at {quantity} {}.", capital(candidate.source.words()), candidate.offer.unit);
    let evidence = vec![context.evidence(candidate.at, "minimumQuantity", candidate.minimum_quantity)];
    Reason::new(ReasonCode::PriceBelowMinimumQty, message, evidence)
}

fn ended(record: &Record) -> String {
    match record.valid_to.known() {
        Some(last) => format!("The agreed price ended on {last}."),
        None => "The agreed price has ended.".to_owned(),
    }
}

fn validity(record: &Record, context: &Context<'_>) -> Vec<Evidence> {
    let fact = |field, bound: &Fact<Bound>| match bound.known() {
        Some(bound) => context.evidence(record.at, field, bound),
        None => context.evidence_of_null(record.at, field),
    };
    let number = record.record.known().map(|number| context.evidence(record.at, "record", number));
    let bounds = [fact("validFrom", &record.valid_from), fact("validTo", &record.valid_to)];
    number.into_iter().chain(bounds).collect()
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
