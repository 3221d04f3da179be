//! The gate: the one way from what a request brings to its caller.
//!
//! In: the headers that say who asks. Out: the caller, or why there is none. Nothing is asked of anybody before the token was
//! read and its issuer is known. A gate that takes the place of another keeps what that one knows of issuers and API tokens: a
//! contract that changes while one of them is down must lock nobody out.

use std::sync::Arc;

use super::{
    acts,
    caller::Caller,
    claims::{self, Known},
    jwt::Unproven,
    keys::{Keys, KeysError},
    refusal::Refusal,
    token::{self, Token},
    token_book::TokenBook,
};
use crate::{
    contract::{Access, Contract, Issuer},
    fetch::Clock,
    ledger::Store,
    telemetry::Telemetry,
};

/// What a request says of who asks: the values of its headers, each as often as it was sent.
#[derive(Debug, Default)]
pub struct Credentials<'h> {
    /// `Authorization`
    pub authorization: Vec<&'h [u8]>,
    /// `Freehold-Act-As`
    pub act_as: Vec<&'h [u8]>,
}

/// Whoever comes without a token.
#[derive(Debug, Clone, Default)]
pub enum Stranger {
    /// Is what the contract says: of the anonymous audience, or refused.
    #[default]
    AsContracted,
    /// Is this caller.
    Known(Arc<Caller>),
}

/// What a gate is made of.
pub struct GateParts<'c> {
    /// The contract, which says who is let in.
    pub contract: &'c Contract,
    /// Where API tokens are kept, if anywhere.
    pub ledger: Option<Arc<Store>>,
    /// Who comes without a token.
    pub stranger: Stranger,
    /// The gate whose place it takes, if any.
    pub before: Option<&'c Gate>,
    /// What tells the time.
    pub clock: Arc<dyn Clock>,
    /// Whom to tell how issuers do.
    pub telemetry: Telemetry,
}

/// Lets in whoever can prove who they are.
pub struct Gate {
    /// None: nobody is told apart.
    guarded: Option<Guarded>,
    stranger: Option<Arc<Caller>>,
}

struct Guarded {
    access: Access,
    issuers: Vec<Keys>,
    tokens: Option<Arc<TokenBook>>,
    audiences: Vec<String>,
    clock: Arc<dyn Clock>,
}

impl Gate {
    /// Makes a gate that stands open: everyone is this caller.
    pub fn open(caller: Caller) -> Self {
        Self { guarded: None, stranger: Some(Arc::new(caller)) }
    }

    /// Makes the gate of a contract; one that says nothing of callers has none, and lets nobody in.
    ///
    /// *Errors*: a key or a secret that cannot be used.
    pub fn new(parts: GateParts<'_>) -> Result<Self, KeysError> {
        let GateParts { contract, ledger, stranger, before, clock, telemetry } = parts;
        let before = before.and_then(|gate| gate.guarded.as_ref());
        let access = contract.access.clone().unwrap_or_default();
        let keys_before = before.map(|guarded| guarded.issuers.as_slice()).unwrap_or_default();
        let keys = access.issuers.iter().map(|issuer| Keys::new(issuer, keys_before, &clock, &telemetry));
        let issuers = keys.collect::<Result<Vec<_>, _>>()?;
        let tokens = ledger.map(|store| {
            let book = before.and_then(|guarded| guarded.tokens.as_ref()).filter(|book| book.is_of(&store));
            book.map_or_else(|| Arc::new(TokenBook::new(store.clone(), Arc::clone(&clock))), Arc::clone)
        });
        let audiences = contract.audiences.clone();
        let anonymous = |audience| Arc::new(Caller { audience: Some(audience), ..Caller::anonymous() });
        let stranger = match stranger {
            Stranger::AsContracted => access.anonymous.map(anonymous),
            Stranger::Known(caller) => Some(caller),
        };
        Ok(Self { guarded: Some(Guarded { access, issuers, tokens, audiences, clock }), stranger })
    }

    /// Fetches the issuers' keys, so that the first caller does not wait for them.
    pub fn warm(&self) {
        self.guarded.iter().flat_map(|guarded| &guarded.issuers).for_each(Keys::warm);
    }

    /// Says who asks.
    pub async fn admit(&self, credentials: &Credentials<'_>) -> Result<Arc<Caller>, Refusal> {
        let Some(guarded) = &self.guarded else {
            // Where nobody is told apart, a token says nothing; what tells it may be meant for whoever stands before us.
            return self.stranger.clone().ok_or(Refusal::TokenMissing);
        };
        let acting = acts::read(&credentials.act_as)?;
        let Some(token) = token::read(&credentials.authorization, guarded.access.token_bytes_max)? else {
            let stranger = self.stranger.clone().ok_or(Refusal::TokenMissing)?;
            return if acting.is_none() { Ok(stranger) } else { Err(Refusal::ActAsForbidden) };
        };
        let known = match token {
            Token::Jwt(unproven) => guarded.bearer(unproven).await?,
            Token::Api(token) => match &guarded.tokens {
                Some(tokens) => tokens.find(&token, &guarded.audiences).await?,
                None => return Err(Refusal::TokenUnknown),
            },
        };
        match acting {
            None => Ok(Arc::new(known.caller)),
            Some(acting) => acts::act(known, acting, guarded.access.act_as.as_ref()).map(Arc::new),
        }
    }
}

impl Guarded {
    async fn bearer(&self, unproven: Unproven<'_>) -> Result<Known, Refusal> {
        let at = unproven.issuer(self.access.issuers.iter()).ok_or(Refusal::Issuer)?;
        let issuer: &Issuer = &self.access.issuers[at];
        let algorithm = unproven.algorithm(issuer)?;
        let key = self.issuers[at].find(unproven.key_id(), algorithm).await?;
        let leeway_ms = i64::try_from(self.access.leeway.as_millis()).unwrap_or(i64::MAX);
        let proven = unproven.prove(issuer, (algorithm, &key), (self.clock.now_ms(), leeway_ms))?;
        claims::read(issuer, &proven)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_few_requests_need_no_request_carries_along() {
        let (gate, credentials) = (Gate::open(Caller::operator()), Credentials::default());
        let n_bytes = size_of_val(&gate.admit(&credentials));
        assert!(n_bytes <= 2048, "{n_bytes}");
    }
}
