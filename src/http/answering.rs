//! What HTTP asks of the engine. A trait, so that the wire can be tested against any schema.

use futures_util::{FutureExt, future::BoxFuture};

use crate::{
    changes::{Heard, Message, Unheard},
    engine::{Answer, Engine, Pace, Probe, Request},
    value::AudienceId,
};

/// Whoever answers GraphQL requests.
pub trait Answering: Send + Sync + 'static {
    /// Answers one request.
    fn answer(&self, request: Request) -> BoxFuture<'_, Answer>;

    /// Returns how many requests callers of an audience may have.
    fn pace(&self, audience: Option<AudienceId>) -> Pace<'_>;

    /// Whether a system of this name sends messages.
    fn hears_of(&self, system: &str) -> bool;

    /// Hears a message that is said to come from a system.
    fn hear<'a>(&'a self, system: &'a str, message: &'a Message) -> BoxFuture<'a, Result<Heard, Unheard>>;

    /// Asks every system whether it answers.
    fn probe(&self) -> BoxFuture<'_, Vec<Probe>>;

    /// Returns the names of the contract's freshness domains, in the order of their numbers.
    fn domains(&self) -> Vec<&str>;

    /// Returns the version of the contract it answers by.
    fn contract_version(&self) -> &str;
}

impl Answering for Engine {
    fn answer(&self, request: Request) -> BoxFuture<'_, Answer> {
        async move { Self::answer(self, &request).await }.boxed()
    }

    fn pace(&self, audience: Option<AudienceId>) -> Pace<'_> {
        Self::pace(self, audience)
    }

    fn hears_of(&self, system: &str) -> bool {
        let contract = self.contract();
        let mut known = contract.systems.iter().zip(&contract.changes);
        known.any(|(known, changes)| known.name == system && changes.webhook.is_some())
    }

    fn hear<'a>(&'a self, system: &'a str, message: &'a Message) -> BoxFuture<'a, Result<Heard, Unheard>> {
        Self::hear(self, system, message).boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Vec<Probe>> {
        Self::probe(self).boxed()
    }

    fn domains(&self) -> Vec<&str> {
        self.contract().domains.iter().map(|domain| domain.name.as_str()).collect()
    }

    fn contract_version(&self) -> &str {
        &self.contract().version
    }
}
