//! The field: every record after the hard filters, and whether the list price is among them.
//!
//! In: the facts of a price, what is wanted, how the system's prices are resolved. Out: candidates, and what is out and why.

use super::{
    candidate::{Candidate, Weighed, Why, listed, weigh},
    facts::{PriceFacts, PriceSource, Record},
    want::Want,
};
use crate::rules::{
    context::Context,
    evidence::At,
    explanation::Step,
    fact::Unknown,
    settings::{Fallback, Pricing, Strategy},
};

/// What the hard filters made of the records.
pub(super) struct Field<'f> {
    pub candidates: Vec<Candidate<'f>>,
    pub quote: Option<&'f Record>,
    pub out: Vec<(Why, PriceSource, &'f Record)>,
    /// Whether an agreement has begun and none holds for this quantity any more.
    pub lapsed: bool,
    /// Whether the list price was kept from an account whose agreement has lapsed.
    pub list_withheld: bool,
    /// What keeps the price for anyone from being the price.
    pub list_out: Option<(Why, At)>,
    /// Whether the owner says that nobody has a price: engineered to order.
    pub on_request: bool,
}

impl<'f> Field<'f> {
    /// Sorts the records into what could be the price and what is out.
    pub fn survey(
        facts: &'f PriceFacts,
        want: &Want<'f>,
        pricing: Pricing,
        context: &Context<'_>,
    ) -> Result<Self, Unknown> {
        let zone = context.zone();
        let (mut candidates, mut quote, mut out) = (Vec::new(), None, Vec::new());
        for record in facts.candidates.asked()?.into_iter().flatten() {
            let Some(record) = record.asked()? else { continue };
            match weigh(record, want, &zone)? {
                Weighed::Candidate(candidate) => candidates.push(*candidate),
                Weighed::Quote(record) => quote = quote.or(Some(record)),
                Weighed::Out(why, source, record) => out.push((why, source, record)),
            }
        }
        let begun = |(why, source, _): &(Why, PriceSource, _)| {
            source.is_contract() && !matches!(why, Why::NotReleased | Why::Ahead | Why::ShipTo)
        };
        let contracts = || candidates.iter().filter(|candidate| candidate.source.is_contract());
        let fits = contracts().any(|contract| contract.minimum <= want.quantity);
        let lapsed = !fits && (out.iter().any(begun) || contracts().next().is_some());
        let mut field =
            Self { candidates, quote, out, lapsed, list_withheld: false, list_out: None, on_request: false };
        field.list(want, pricing)?;
        Ok(field)
    }

    /// Lets the list price in, or keeps it out.
    fn list(&mut self, want: &Want<'f>, pricing: Pricing) -> Result<(), Unknown> {
        let is_list = |candidate: &Candidate<'_>| candidate.source == PriceSource::List;
        let from_article = want.article.list_price.as_ref().filter(|_| pricing.list_from_product);
        if self.lapsed && pricing.fallback_to_list == Fallback::Forbidden {
            let n_candidates = self.candidates.len();
            self.candidates.retain(|candidate| !is_list(candidate));
            self.list_withheld = self.candidates.len() < n_candidates || from_article.is_some();
            return Ok(());
        }
        let listed_by_record = self.candidates.iter().any(is_list);
        let fits = self.candidates.iter().any(|candidate| candidate.minimum <= want.quantity);
        let needed = !listed_by_record && (!fits || pricing.strategy == Strategy::BestPriceWins);
        let Some(list_price) = from_article.filter(|_| needed) else { return Ok(()) };
        match list_price.asked()? {
            Some(price) => match listed(price, want)? {
                Ok(candidate) => self.candidates.push(candidate),
                Err(why) => self.list_out = Some((why, price.at)),
            },
            None => self.on_request = !fits && !self.lapsed && self.out.iter().all(|(why, ..)| *why != Why::Currency),
        }
        Ok(())
    }

    /// Tells what became of the records.
    pub fn told(&self, want: &Want<'_>, context: &Context<'_>) -> Step {
        let n_records = self.candidates.len() + self.out.len() + usize::from(self.quote.is_some());
        let because = |why: Why, words: &str| {
            let n = self.out.iter().filter(|(other, ..)| *other == why).count();
            (n > 0).then(|| format!("{n} {words}"))
        };
        let mut parts = vec![format!("{} in force in {}", self.candidates.len(), want.currency)];
        parts.extend(because(Why::Over, "expired"));
        parts.extend(because(Why::Ahead, "not yet valid"));
        parts.extend(because(Why::NotReleased, "not released"));
        parts.extend(because(Why::Revoked, "revoked"));
        parts.extend(because(Why::Currency, "in another currency"));
        parts.extend(because(Why::Unit, "for a unit that does not convert"));
        parts.extend(because(Why::ShipTo, "for another address"));
        parts.extend(because(Why::Senseless, "without a sensible price"));
        let text = format!("Of {n_records} prices that could apply: {}.", parts.join(", "));
        let evidence = self
            .candidates
            .iter()
            .map(|candidate| context.evidence(candidate.at, "record", candidate.record.unwrap_or("listPrice")));
        Step { step: "CANDIDATES", text, evidence: evidence.collect() }
    }
}
