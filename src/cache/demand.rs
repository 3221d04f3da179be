//! The demand: how much fresher than its domains allow a request wants its answer.

use std::time::Duration;

use crate::value::DomainId;

/// What a request demands of everything it is answered with. A demand can only tighten what the domains say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demand {
    /// Nothing older than this, whatever its domain.
    pub max_age: Option<Duration>,
    /// Nothing of these domains older than this.
    pub max_age_of: Vec<(DomainId, Duration)>,
    /// Nothing that was asked of its owner before this instant, in milliseconds since 1970: what the caller wrote by then
    /// is in the answer.
    pub not_before_ms: Option<i64>,
}

impl Demand {
    /// Returns the age that is demanded of a domain, if any is.
    pub fn max_age(&self, domain: DomainId) -> Option<Duration> {
        let of_domain = self.max_age_of.iter().filter(|(id, _)| *id == domain).map(|(_, age)| *age);
        of_domain.chain(self.max_age).min()
    }
}
