//! What the ledger said of API tokens, kept for a few seconds, and who may ask it.
//!
//! In: a token's id, and how to ask for it. Out: what the ledger says or said of it. Those who ask for one token at once are
//! told together, and strangers who make up tokens wait in a short line of their own.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Semaphore, time::timeout};

use crate::{fetch::Clock, ledger::KeptToken};

/// How long what the ledger says holds: so long a token is used on after it was taken back.
const HELD_MS: i64 = 5_000;
/// Tokens that are kept, strangers' guesses included.
const HELD_MAX: usize = 4_096;
/// How long a request waits for the ledger.
const PATIENCE: Duration = Duration::from_secs(2);
/// How far apart it is written that a token is used.
const TOUCHED_EVERY_MS: i64 = 60_000;

/// What the ledger says of a token; none: there is no such token.
pub(super) type Said = Option<Arc<KeptToken>>;

/// What the ledger said of tokens.
pub(super) struct HeldTokens {
    clock: Arc<dyn Clock>,
    held: Mutex<HashMap<String, Held>>,
    /// For tokens that the ledger has said there are.
    of_known: Line,
    /// For all others: those that are used for the first time since the process began, and those that are made up. Which of
    /// them a token is only the ledger can tell, so that a flood of the latter keeps the former waiting, and nobody else.
    of_others: Line,
}

/// Those who wait to ask the ledger.
struct Line {
    /// Whoever finds no place is sent away at once: the line moves too slowly to reach its end in time.
    places: Semaphore,
    /// The ledger's connections are few, and it has other work.
    turns: Semaphore,
}

#[derive(Clone)]
struct Held {
    said: Said,
    asked_ms: i64,
    touched_ms: i64,
}

impl Line {
    fn new(n_places: usize, n_turns: usize) -> Self {
        Self { places: Semaphore::new(n_places), turns: Semaphore::new(n_turns) }
    }
}

impl HeldTokens {
    /// Begins with none.
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        // A ledger answers within milliseconds: within the patience the whole of either line has its turn.
        let (of_known, of_others) = (Line::new(1_024, 2), Line::new(64, 1));
        Self { clock, held: Mutex::default(), of_known, of_others }
    }

    /// Returns what the ledger says of a token, or said lately; none: it cannot be asked.
    pub(super) async fn find(&self, id: &str, ask: impl AsyncFnOnce() -> Option<Said>) -> Option<Said> {
        match self.lately(id) {
            Some(said) => Some(said),
            // Boxed: a statement of the ledger takes some ten KiB, which every other request would carry along.
            None => Box::pin(self.asked(id, ask)).await,
        }
    }

    /// Asks the ledger, in the line of those whose token it knew or of all others.
    async fn asked(&self, id: &str, ask: impl AsyncFnOnce() -> Option<Said>) -> Option<Said> {
        let is_known = self.lock().get(id).is_some_and(|held| held.said.is_some());
        let line = if is_known { &self.of_known } else { &self.of_others };
        let _place = line.places.try_acquire().ok()?;
        let asked = timeout(PATIENCE, async {
            let _turn = line.turns.acquire().await.ok()?;
            // What somebody before in the line was told holds for all who waited for the same.
            if let Some(said) = self.lately(id) {
                return Some(said);
            }
            let asked_ms = self.clock.now_ms();
            let said = ask().await?;
            self.keep(id, said.clone(), asked_ms);
            Some(said)
        });
        asked.await.ok().flatten()
    }

    /// Whether it is to be written that a token is used, which from then on it is.
    pub(super) fn touch(&self, id: &str, now_ms: i64) -> bool {
        match self.lock().get_mut(id) {
            Some(held) if now_ms.saturating_sub(held.touched_ms) >= TOUCHED_EVERY_MS => {
                held.touched_ms = now_ms;
                true
            }
            _ => false,
        }
    }

    fn lately(&self, id: &str) -> Option<Said> {
        let now_ms = self.clock.now_ms();
        self.lock().get(id).filter(|held| now_ms - held.asked_ms < HELD_MS).map(|held| held.said.clone())
    }

    fn keep(&self, id: &str, said: Said, asked_ms: i64) {
        let mut held = self.lock();
        if held.len() >= HELD_MAX {
            held.retain(|_, held| held.said.is_some() || asked_ms - held.asked_ms < HELD_MS);
        }
        // A flood of made-up names must not push out those that are in use.
        if held.len() < HELD_MAX || said.is_some() {
            let touched_ms = held.get(id).map_or(i64::MIN, |held| held.touched_ms);
            held.insert(id.to_owned(), Held { said, asked_ms, touched_ms });
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Held>> {
        // Entries are put in as a whole; a panic elsewhere cannot leave half of one.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

    use futures_util::future::join_all;

    use super::*;
    use crate::ledger::TokenScope;

    struct Still(AtomicI64);

    impl Clock for Still {
        fn now_ms(&self) -> i64 {
            self.0.load(Ordering::SeqCst)
        }
    }

    /// A ledger that knows the tokens whose ids begin with `real`, and answers when it is let.
    struct Asked {
        held: HeldTokens,
        clock: Arc<Still>,
        n_asked: AtomicUsize,
        /// Held by a test while the ledger does not answer.
        answers: tokio::sync::Mutex<()>,
    }

    impl Asked {
        fn new() -> Self {
            let clock = Arc::new(Still(AtomicI64::new(0)));
            let held = HeldTokens::new(Arc::clone(&clock) as Arc<dyn Clock>);
            Self { held, clock, n_asked: AtomicUsize::new(0), answers: tokio::sync::Mutex::default() }
        }

        async fn find(&self, id: &str) -> Option<bool> {
            let said = self.held.find(id, async || {
                self.n_asked.fetch_add(1, Ordering::SeqCst);
                drop(self.answers.lock().await);
                tokio::task::yield_now().await;
                Some(id.starts_with("real").then(|| Arc::new(kept(id))))
            });
            said.await.map(|said| said.is_some())
        }

        fn n_asked(&self) -> usize {
            self.n_asked.swap(0, Ordering::SeqCst)
        }
    }

    fn kept(id: &str) -> KeptToken {
        KeptToken {
            id: id.to_owned(),
            hash: [0; 32],
            name: String::new(),
            audience: String::new(),
            accounts: TokenScope::All,
            permissions: TokenScope::All,
            created_at_ms: 0,
            expires_at_ms: 0,
            revoked_at_ms: None,
            last_used_ms: None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_ask_for_one_token_at_once_are_told_together() {
        let ledger = Asked::new();
        let all = join_all((0..50).map(|_| ledger.find("real"))).await;
        assert_eq!((all, ledger.n_asked()), (vec![Some(true); 50], 1));
        ledger.clock.0.fetch_add(HELD_MS, Ordering::SeqCst);
        let all = join_all((0..50).map(|_| ledger.find("real"))).await;
        assert_eq!(all, vec![Some(true); 50]);
        assert!(ledger.n_asked() <= 2, "one for each turn");
        let all = join_all((0..50).map(|_| ledger.find("made up"))).await;
        assert_eq!((all, ledger.n_asked()), (vec![Some(false); 50], 1));
    }

    #[tokio::test(start_paused = true)]
    async fn made_up_tokens_keep_nobody_waiting_whose_token_is_known() {
        let ledger = Asked::new();
        assert_eq!((ledger.find("real").await, ledger.n_asked()), (Some(true), 1));
        ledger.clock.0.fetch_add(HELD_MS, Ordering::SeqCst);
        let held_up = ledger.answers.lock().await;
        let names: Vec<String> = (0..500).map(|n| format!("made up {n}")).collect();
        let flood = join_all(names.iter().map(|name| ledger.find(name)));
        let mut flood = Box::pin(flood);
        assert!(futures_util::poll!(flood.as_mut()).is_pending());
        assert_eq!(ledger.n_asked(), 1, "the others wait in their line, or were sent away");
        // Every turn of theirs is taken, and the ledger takes its time.
        let mut known = Box::pin(ledger.find("real"));
        assert!(futures_util::poll!(known.as_mut()).is_pending());
        assert_eq!(ledger.n_asked(), 1, "it is asked for at once");
        drop(held_up);
        let (known, flood) = futures_util::future::join(known, flood).await;
        let n_told = flood.iter().filter(|said| **said == Some(false)).count();
        assert_eq!((known, n_told, flood.iter().filter(|said| said.is_none()).count()), (Some(true), 64, 436));
    }

    #[tokio::test(start_paused = true)]
    async fn a_ledger_that_does_not_answer_is_waited_for_and_not_for_long() {
        let ledger = Asked::new();
        let held_up = ledger.answers.lock().await;
        assert_eq!(ledger.find("real").await, None);
        drop(held_up);
        assert_eq!(ledger.find("real").await, Some(true));
    }
}
