//! Which API tokens hold: asked of the ledger, and kept for a few seconds.
//!
//! In: a token as it came. Out: who its bearer is, or why not. A token that is taken back holds nowhere for longer than the few
//! seconds; while the ledger is down, none holds for longer than that either. The book is the ledger's alone: it stays when
//! another contract is served.

use std::{collections::BTreeSet, sync::Arc};

use compact_str::{CompactString, ToCompactString};

use super::{
    api_token::ApiToken,
    caller::{Accounts, Caller, Permissions},
    claims::Known,
    held_tokens::HeldTokens,
    refusal::Refusal,
};
use crate::{
    fetch::Clock,
    ledger::{Store, TokenScope},
    value::AudienceId,
};

/// The issuer of callers who have one, as the audit trail names it.
const ISSUER: &str = "freehold token";

/// The API tokens of a ledger.
pub(super) struct TokenBook {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    held: HeldTokens,
}

impl TokenBook {
    /// Opens the book of a ledger.
    pub(super) fn new(store: Arc<Store>, clock: Arc<dyn Clock>) -> Self {
        let held = HeldTokens::new(Arc::clone(&clock));
        Self { store, clock, held }
    }

    /// Whether it is the book of a ledger.
    pub(super) fn is_of(&self, store: &Arc<Store>) -> bool {
        Arc::ptr_eq(&self.store, store)
    }

    /// Says who has a token, whose audience is one of these.
    pub(super) async fn find(&self, token: &ApiToken, audiences: &[String]) -> Result<Known, Refusal> {
        let asked = self.held.find(&token.id, async || Some(self.store.token(&token.id).await.ok()?.map(Arc::new)));
        let kept = asked.await.ok_or(Refusal::TokensAway)?.ok_or(Refusal::TokenUnknown)?;
        if !token.is_proven_by(&kept.hash) {
            return Err(Refusal::TokenUnknown);
        }
        if kept.revoked_at_ms.is_some() {
            return Err(Refusal::TokenRevoked);
        }
        if self.clock.now_ms() >= kept.expires_at_ms {
            return Err(Refusal::Expired);
        }
        self.touch(&kept.id);
        let audience = audiences.iter().position(|audience| *audience == kept.audience);
        let set = |words: &BTreeSet<String>| words.iter().map(ToCompactString::to_compact_string).collect();
        let caller = Caller {
            subject: CompactString::from(&kept.id),
            // The contract may have lost an audience since the token was made.
            audience: Some(audience.map(AudienceId::from).ok_or(Refusal::Claims)?),
            accounts: match &kept.accounts {
                TokenScope::All => Accounts::All,
                TokenScope::Of(numbers) => Accounts::Of(set(numbers)),
            },
            permissions: match &kept.permissions {
                TokenScope::All => Permissions::All,
                TokenScope::Of(words) => Permissions::Of(set(words)),
            },
            issuer: Some(CompactString::const_new(ISSUER)),
            ..Caller::default()
        };
        Ok(Known { caller, may_act: false })
    }

    /// Writes behind the answer that a token is used.
    fn touch(&self, id: &str) {
        let now_ms = self.clock.now_ms();
        if self.held.touch(id, now_ms) {
            let (store, id) = (Arc::clone(&self.store), id.to_owned());
            // Nobody is kept out because it could not be written.
            tokio::spawn(async move { store.touch_token(&id, now_ms).await.ok() });
        }
    }
}
