//! The breaker: a system that keeps failing is left alone for a while, and asked one question to see whether it is back.
//!
//! In: any question. Out: its answer; or at once, while the breaker is open, that the system is unavailable, since when and
//! why, and when it is asked again. What counts are calls that the system did not answer: timeouts, broken connections,
//! 5xx. A refusal, a wrong answer or one bad key among good ones shows that it lives.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use tokio::time::Instant;

use super::guarded_system::GuardedSystem;
use crate::{
    contract::BreakerLimits,
    fetch::{Fetch, FetchError, FetchErrorKind, ListFetch, Outcome, Owner, Page},
    telemetry::{BreakerState, Guarded},
    value::duration_text,
};

/// How long an opened breaker stays so. Short, since most outages are restarts; doubled each time the system still fails.
const PAUSE_FIRST: Duration = Duration::from_secs(1);
/// The longest pause: a system that is back must not wait for minutes to be asked.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// Into how many parts the window is cut; calls are forgotten a part at a time.
const PARTS: u32 = 10;

/// An owner that is not asked while it keeps failing.
pub struct Breaker {
    inner: Arc<dyn Owner>,
    system: GuardedSystem,
    limits: Option<BreakerLimits>,
    state: Mutex<State>,
}

struct State {
    phase: Phase,
    /// Counts the changes: a call tells of the system as it was when the call was let through.
    generation: u64,
    counted: VecDeque<Part>,
}

enum Phase {
    Closed,
    Open { until: Instant, outage: Outage },
    HalfOpen { outage: Outage },
}

/// Why and since when a breaker is not closed.
#[derive(Clone)]
struct Outage {
    since: Instant,
    why: String,
    pause: Duration,
}

/// The calls of a part of the window.
struct Part {
    began: Instant,
    n_calls: u32,
    n_failed: u32,
}

/// What a call says about the system.
enum Verdict {
    Answered,
    Failed(FetchError),
    /// Nothing: it was given up, or refused on the way.
    Unknown,
}

type Change = Option<(BreakerState, String)>;

impl State {
    fn count(&mut self, limits: &BreakerLimits, failed: bool, now: Instant) -> (u32, u32) {
        while self.counted.front().is_some_and(|part| part.began + limits.within <= now) {
            self.counted.pop_front();
        }
        if self.counted.back().is_none_or(|part| part.began + limits.within / PARTS <= now) {
            self.counted.push_back(Part { began: now, n_calls: 0, n_failed: 0 });
        }
        if let Some(part) = self.counted.back_mut() {
            part.n_calls += 1;
            part.n_failed += u32::from(failed);
        }
        self.counted.iter().fold((0, 0), |(calls, failed), part| (calls + part.n_calls, failed + part.n_failed))
    }

    fn open(&mut self, outage: Outage, now: Instant) -> Change {
        let why = outage.why.clone();
        self.phase = Phase::Open { until: now + outage.pause, outage };
        self.generation += 1;
        self.counted.clear();
        Some((BreakerState::Open, why))
    }

    fn settle(&mut self, limits: &BreakerLimits, generation: u64, verdict: Verdict, now: Instant) -> Change {
        if generation != self.generation {
            return None;
        }
        match (&self.phase, verdict) {
            (Phase::Closed, Verdict::Answered) => {
                self.count(limits, false, now);
                None
            }
            (Phase::Closed, Verdict::Failed(error)) => {
                let (n_calls, n_failed) = self.count(limits, true, now);
                let enough = n_calls >= limits.calls_min;
                if !enough || u64::from(n_failed) * 100 < u64::from(n_calls) * u64::from(limits.failed_percent) {
                    return None;
                }
                let within = duration_text(limits.within);
                let why = format!("{n_failed} of {n_calls} calls within {within} failed, the last with {error}");
                self.open(Outage { since: now, why, pause: PAUSE_FIRST }, now)
            }
            (Phase::HalfOpen { outage }, Verdict::Failed(error)) => {
                let pause = (outage.pause * 2).min(PAUSE_MAX);
                let why = format!("it still fails with {error}");
                self.open(Outage { since: outage.since, why, pause }, now)
            }
            // The next call finds out, at once.
            (Phase::HalfOpen { outage }, Verdict::Unknown) => {
                let outage = outage.clone();
                self.phase = Phase::Open { until: now, outage };
                self.generation += 1;
                Some((BreakerState::Open, "the call that was to find out told nothing".to_owned()))
            }
            (Phase::HalfOpen { outage }, Verdict::Answered) => {
                let detail = format!("answered again after {} ms", now.duration_since(outage.since).as_millis());
                self.phase = Phase::Closed;
                self.generation += 1;
                Some((BreakerState::Closed, detail))
            }
            (Phase::Closed, Verdict::Unknown) | (Phase::Open { .. }, _) => None,
        }
    }
}

/// A call that was let through. Dropped before it has told, it tells nothing of the system.
struct Pass<'b> {
    breaker: &'b Breaker,
    generation: u64,
    verdict: Verdict,
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let Some(limits) = &self.breaker.limits else { return };
        let verdict = std::mem::replace(&mut self.verdict, Verdict::Unknown);
        let change = self.breaker.state().settle(limits, self.generation, verdict, Instant::now());
        self.breaker.tell(change);
    }
}

impl Breaker {
    /// Wraps an owner.
    pub fn new(inner: Arc<dyn Owner>, system: GuardedSystem) -> Self {
        let limits = system.system().guards.breaker;
        let state = State { phase: Phase::Closed, generation: 0, counted: VecDeque::new() };
        Self { inner, system, limits, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, change: Change) {
        if let Some((state, detail)) = change {
            self.system.tell(Guarded::BreakerChanged { state, detail: &detail });
        }
    }

    fn enter(&self) -> Result<Pass<'_>, FetchError> {
        let now = Instant::now();
        let mut state = self.state();
        let pass = |generation| Pass { breaker: self, generation, verdict: Verdict::Unknown };
        let (outage, wait) = match &state.phase {
            Phase::Closed => return Ok(pass(state.generation)),
            Phase::Open { until, outage } if now >= *until => {
                let outage = outage.clone();
                let detail = format!("not asked for {} ms", outage.pause.as_millis());
                state.phase = Phase::HalfOpen { outage };
                state.generation += 1;
                let generation = state.generation;
                drop(state);
                self.tell(Some((BreakerState::HalfOpen, detail)));
                return Ok(pass(generation));
            }
            Phase::Open { until, outage } => (outage, until.duration_since(now)),
            // How long the call under way takes is not known; a first pause is as good a time to ask again as any.
            Phase::HalfOpen { outage } => (outage, PAUSE_FIRST),
        };
        let open_ms = now.duration_since(outage.since).as_millis();
        let detail = format!("not asked: the breaker has been open for {open_ms} ms, since {}", outage.why);
        drop(state);
        self.system.tell(Guarded::BreakerRefused);
        Err(self.system.error(FetchErrorKind::Unavailable, detail).with_retry_after(wait))
    }
}

fn verdict<'f, T: 'f>(outcomes: impl IntoIterator<Item = &'f Result<T, FetchError>>) -> Verdict {
    let mut verdict = Verdict::Unknown;
    for outcome in outcomes {
        match outcome {
            Err(error) if matches!(error.kind, FetchErrorKind::Timeout | FetchErrorKind::Unavailable) => {
                verdict = Verdict::Failed(error.clone());
            }
            // Who asks for quiet neither is broken nor shows that it is well.
            Err(error) if error.kind == FetchErrorKind::Throttled => {}
            _ => return Verdict::Answered,
        }
    }
    verdict
}

impl Owner for Breaker {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        async move {
            match self.enter() {
                Ok(mut pass) => {
                    let outcomes = self.inner.fetch(fetch).await;
                    pass.verdict = verdict(&outcomes);
                    outcomes
                }
                Err(error) => vec![Err(error); fetch.keys.len()],
            }
        }
        .boxed()
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        async move {
            match self.enter() {
                Ok(mut pass) => {
                    let pages = self.inner.list(fetch).await;
                    pass.verdict = verdict(&pages);
                    pages
                }
                Err(error) => vec![Err(error); fetch.arguments.len()],
            }
        }
        .boxed()
    }

    /// A probe goes past the breaker: whoever asks whether the system answers wants to hear the system.
    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        self.inner.probe()
    }
}
