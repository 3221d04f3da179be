//! Which API tokens hold: asked of the ledger, and kept for a few seconds.
//!
//! In: a token as it came. Out: who its bearer is, or why not. A token that is taken back holds nowhere for longer than the few
//! seconds; while the ledger is down, none holds for longer than that either.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use compact_str::{CompactString, ToCompactString};
use tokio::{sync::Semaphore, time::timeout};

use super::{
    api_token::ApiToken,
    caller::{Accounts, Caller, Permissions},
    claims::Known,
    refusal::Refusal,
};
use crate::{
    fetch::Clock,
    ledger::{KeptToken, Store, TokenScope},
    value::AudienceId,
};

/// How long what the ledger says holds: so long a token is used on after it was taken back.
const HELD_MS: i64 = 5_000;
/// Tokens that are kept, strangers' guesses included.
const HELD_MAX: usize = 4_096;
/// How long a request waits for the ledger.
const PATIENCE: Duration = Duration::from_secs(2);
/// Questions to the ledger at once about tokens that are known, and about others: its connections are few, it has other
/// work, and whoever makes up tokens must not hold up those who have one.
const ASKED_MAX: (usize, usize) = (2, 1);
/// How far apart it is written that a token is used.
const TOUCHED_EVERY_MS: i64 = 60_000;
/// The issuer of callers who have one, as the audit trail names it.
const ISSUER: &str = "freehold token";

/// The API tokens of a ledger.
pub(super) struct TokenBook {
    store: Arc<Store>,
    audiences: Vec<String>,
    clock: Arc<dyn Clock>,
    held: Mutex<HashMap<String, Held>>,
    asking_known: Semaphore,
    asking_other: Semaphore,
}

/// What the ledger said of a token.
#[derive(Clone)]
struct Held {
    kept: Option<Arc<KeptToken>>,
    asked_ms: i64,
    touched_ms: i64,
}

impl TokenBook {
    /// Opens the book of a ledger; a token's audience is one of these.
    pub(super) fn new(store: Arc<Store>, audiences: Vec<String>, clock: Arc<dyn Clock>) -> Self {
        let (asking_known, asking_other) = (Semaphore::new(ASKED_MAX.0), Semaphore::new(ASKED_MAX.1));
        Self { store, audiences, clock, held: Mutex::default(), asking_known, asking_other }
    }

    /// Says who has a token.
    pub(super) async fn find(&self, token: &ApiToken) -> Result<Known, Refusal> {
        let kept = self.kept(token).await?.ok_or(Refusal::TokenUnknown)?;
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
        let audience = self.audiences.iter().position(|audience| *audience == kept.audience);
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

    async fn kept(&self, token: &ApiToken) -> Result<Option<Arc<KeptToken>>, Refusal> {
        let now_ms = self.clock.now_ms();
        let held = self.held().get(&token.id).cloned();
        let is_known = held.as_ref().is_some_and(|held| held.kept.is_some());
        if let Some(held) = held.filter(|held| now_ms - held.asked_ms < HELD_MS) {
            return Ok(held.kept);
        }
        let asking = if is_known { &self.asking_known } else { &self.asking_other };
        let asked = timeout(PATIENCE, async {
            let _turn = asking.acquire().await.ok()?;
            self.store.token(&token.id).await.ok()
        });
        let kept = asked.await.ok().flatten().ok_or(Refusal::TokensAway)?.map(Arc::new);
        let mut held = self.held();
        if held.len() >= HELD_MAX {
            held.retain(|_, held| held.kept.is_some() || now_ms - held.asked_ms < HELD_MS);
        }
        // A flood of made-up names must not push out those that are in use.
        if held.len() < HELD_MAX || kept.is_some() {
            let touched_ms = held.get(&token.id).map_or(i64::MIN, |held| held.touched_ms);
            held.insert(token.id.clone(), Held { kept: kept.clone(), asked_ms: now_ms, touched_ms });
        }
        Ok(kept)
    }

    fn held(&self) -> std::sync::MutexGuard<'_, HashMap<String, Held>> {
        // Entries are put in as a whole; a panic elsewhere cannot leave half of one.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes behind the answer that a token is used.
    fn touch(&self, id: &str) {
        let now_ms = self.clock.now_ms();
        match self.held().get_mut(id) {
            Some(held) if now_ms.saturating_sub(held.touched_ms) >= TOUCHED_EVERY_MS => held.touched_ms = now_ms,
            _ => return,
        }
        let (store, id) = (Arc::clone(&self.store), id.to_owned());
        // Nobody is kept out because it could not be written.
        tokio::spawn(async move { store.touch_token(&id, now_ms).await.ok() });
    }
}
