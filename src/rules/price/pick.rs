//! The strategy: which of the candidates is the price for a quantity.
//!
//! In: candidates that passed the hard filters. Out: one of them, those of equal rank that differ, and the tiers: at which
//! quantities another one is picked.

use super::candidate::Candidate;
use crate::rules::{ratio::Ratio, settings::Strategy};

/// Picks the price for a quantity.
pub(super) fn pick<'c, 'f>(
    candidates: &'c [Candidate<'f>],
    quantity: Ratio,
    strategy: Strategy,
) -> Option<&'c Candidate<'f>> {
    let fitting = candidates.iter().filter(|candidate| candidate.minimum <= quantity);
    // The record's number settles what nothing else does, so that two runs never differ.
    match strategy {
        Strategy::MostSpecificWins => fitting.min_by(|a, b| a.rank(b).then_with(|| a.record.cmp(&b.record))),
        Strategy::BestPriceWins => fitting.min_by(|a, b| {
            a.offer.each.cmp(&b.offer.each).then_with(|| a.rank(b)).then_with(|| a.record.cmp(&b.record))
        }),
    }
}

/// Returns the candidates that are as good as the picked one and name another price.
pub(super) fn rivals<'c, 'f>(
    candidates: &'c [Candidate<'f>],
    picked: &Candidate<'f>,
    strategy: Strategy,
) -> Vec<&'c Candidate<'f>> {
    if strategy == Strategy::BestPriceWins {
        return Vec::new();
    }
    let rivals = candidates.iter().filter(|one| one.rank(picked).is_eq() && one.offer.each != picked.offer.each);
    let mut rivals: Vec<_> = rivals.collect();
    rivals.sort_by_key(|rival| rival.record);
    rivals
}

/// Returns the candidates that are picked as the quantity grows, the least quantity first.
pub(super) fn tiers<'c, 'f>(candidates: &'c [Candidate<'f>], strategy: Strategy) -> Vec<&'c Candidate<'f>> {
    let mut breaks: Vec<Ratio> = candidates.iter().map(|candidate| candidate.minimum).collect();
    breaks.sort_unstable();
    breaks.dedup();
    let mut tiers: Vec<&Candidate<'_>> = Vec::new();
    for picked in breaks.into_iter().filter_map(|at| pick(candidates, at, strategy)) {
        if tiers.last().is_none_or(|last| !std::ptr::eq(*last, picked)) {
            tiers.push(picked);
        }
    }
    tiers
}
