//! How many requests a caller and an audience may have: what whoever lets requests in asks of the engine.

use super::Engine;
use crate::{
    contract::{CallerRate, Priority},
    value::AudienceId,
};

/// How many requests callers of one audience may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace<'c> {
    /// The audience's name; none: whoever sees the whole graph.
    pub audience: Option<&'c str>,
    /// Requests of one caller; none: as many as they like.
    pub rate: Option<CallerRate>,
    /// Requests of one caller under way at once.
    pub concurrency: u64,
    /// How many percent of the places for requests the audience and those below it may take.
    pub share_percent: u32,
}

impl Default for Pace<'_> {
    fn default() -> Self {
        Self { audience: None, rate: None, concurrency: u64::MAX, share_percent: Priority::High.share_percent() }
    }
}

impl Engine {
    /// Returns how many requests callers of an audience may have.
    pub fn pace(&self, audience: Option<AudienceId>) -> Pace<'_> {
        let limits = self.contract.limits.of(audience);
        Pace {
            audience: audience.and_then(|audience| self.contract.audiences.get(audience.index())).map(String::as_str),
            rate: limits.rate,
            concurrency: limits.concurrency,
            share_percent: limits.priority.share_percent(),
        }
    }
}
