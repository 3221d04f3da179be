//! What HTTP asks of the engine. A trait, so that the wire can be tested against any schema.

use futures_util::{FutureExt, future::BoxFuture};

use crate::engine::{Answer, Engine, Probe, Request};

/// Whoever answers GraphQL requests.
pub trait Answering: Send + Sync + 'static {
    /// Answers one request.
    fn answer(&self, request: Request) -> BoxFuture<'_, Answer>;

    /// Asks every system whether it answers.
    fn probe(&self) -> BoxFuture<'_, Vec<Probe>>;

    /// Returns the version of the contract it answers by.
    fn contract_version(&self) -> &str;
}

impl Answering for Engine {
    fn answer(&self, request: Request) -> BoxFuture<'_, Answer> {
        async move { Self::answer(self, &request).await }.boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Vec<Probe>> {
        Self::probe(self).boxed()
    }

    fn contract_version(&self) -> &str {
        &self.contract().version
    }
}
