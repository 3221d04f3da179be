//! Events as the health of each system, for whoever asks this process how the systems are.
//!
//! In: events, and the time they happen at. Out: for each system its breaker, when it last answered and last failed, how many of
//! the last minutes' questions failed, and its feeds. Nothing is kept of a question but that it was asked.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::event::{BreakerState, Event, Guarded, Heard};

/// Of how many minutes the questions are counted: enough to see a trend, little enough to be about now.
const MINUTES: i64 = 5;

const MINUTE_MS: i64 = 60_000;

/// How a system is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemHealth {
    /// What its breaker lets through.
    pub breaker: BreakerState,
    /// When it last answered, in milliseconds since 1970.
    pub last_success_ms: Option<i64>,
    /// When it last failed.
    pub last_failure_ms: Option<i64>,
    /// Of what it failed then.
    pub last_failure_code: Option<&'static str>,
    /// The questions of the last five minutes.
    pub n_asked: u64,
    /// Those that failed.
    pub n_failed: u64,
    /// Its feeds of changes, by name.
    pub feeds: Vec<FeedHealth>,
}

/// How a feed of changes is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedHealth {
    /// Its name: `listen`, `watermark.Product`, `replication`.
    pub name: String,
    /// Whether it hears of changes.
    pub is_connected: bool,
    /// How long ago the moment is up to which it knows all changes, where it says so.
    pub lag: Option<Duration>,
    /// For how long the system has been keeping changes that are heard and not shared; zero where it does not.
    pub held_back: Duration,
}

/// The health of all systems.
#[derive(Debug, Default)]
pub(super) struct Health(Mutex<HashMap<String, Known>>);

/// What is known of a system.
#[derive(Debug, Default)]
struct Known {
    breaker: Option<BreakerState>,
    last_success_ms: Option<i64>,
    last_failure: Option<(i64, &'static str)>,
    minutes: VecDeque<Minute>,
    feeds: BTreeMap<String, FeedHealth>,
}

/// The questions of one minute.
#[derive(Debug)]
struct Minute {
    number: i64,
    n_asked: u64,
    n_failed: u64,
}

impl Health {
    /// Takes what an event says of a system.
    pub fn read(&self, event: &Event<'_>, now_ms: impl FnOnce() -> i64) {
        match *event {
            Event::Fetched { system, ref failure, .. } | Event::Listed { system, ref failure, .. } => {
                self.of(system, |known| known.answered(failure.as_ref().map(|failure| failure.code), now_ms()));
            }
            Event::Guarded { system, guarded: Guarded::BreakerChanged { state, .. } } => {
                self.of(system, |known| known.breaker = Some(state));
            }
            Event::Feed { system, feed, heard } => self.of(system, |known| known.heard(feed, heard)),
            _ => {}
        }
    }

    /// Says how a system is; one of which nothing was heard is well.
    pub fn system(&self, system: &str, now_ms: i64) -> SystemHealth {
        let all = self.lock();
        let nothing = Known::default();
        let known = all.get(system).unwrap_or(&nothing);
        let recent = || known.minutes.iter().filter(|minute| minute.number > now_ms.div_euclid(MINUTE_MS) - MINUTES);
        SystemHealth {
            breaker: known.breaker.unwrap_or(BreakerState::Closed),
            last_success_ms: known.last_success_ms,
            last_failure_ms: known.last_failure.map(|(at_ms, _)| at_ms),
            last_failure_code: known.last_failure.map(|(_, code)| code),
            n_asked: recent().map(|minute| minute.n_asked).sum(),
            n_failed: recent().map(|minute| minute.n_failed).sum(),
            feeds: known.feeds.values().cloned().collect(),
        }
    }

    fn of(&self, system: &str, change: impl FnOnce(&mut Known)) {
        let mut all = self.lock();
        match all.get_mut(system) {
            Some(known) => change(known),
            None => change(all.entry(system.to_owned()).or_default()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        // Numbers are never left half changed by a panic elsewhere.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn answered(&mut self, failure: Option<&'static str>, now_ms: i64) {
        match failure {
            None => self.last_success_ms = Some(now_ms),
            Some(code) => self.last_failure = Some((now_ms, code)),
        }
        let number = now_ms.div_euclid(MINUTE_MS);
        // A clock that was set back counts in the last minute there is.
        if self.minutes.back().is_none_or(|minute| minute.number < number) {
            self.minutes.push_back(Minute { number, n_asked: 0, n_failed: 0 });
        }
        while self.minutes.len() > MINUTES as usize {
            self.minutes.pop_front();
        }
        if let Some(minute) = self.minutes.back_mut() {
            minute.n_asked += 1;
            minute.n_failed += u64::from(failure.is_some());
        }
    }

    fn heard(&mut self, feed: &str, heard: Heard<'_>) {
        let feed = self.feeds.entry(feed.to_owned()).or_insert_with(|| FeedHealth {
            name: feed.to_owned(),
            is_connected: false,
            lag: None,
            held_back: Duration::ZERO,
        });
        match heard {
            Heard::Connected => feed.is_connected = true,
            Heard::Lost { .. } => feed.is_connected = false,
            Heard::Behind { lag } => feed.lag = Some(lag),
            Heard::HeldBack { held } => feed.held_back = held,
            Heard::Unread { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Failure;

    fn fetched(failure: Option<&'static str>) -> Event<'static> {
        let failure = failure.map(|code| Failure { code, detail: "secret host" });
        Event::Fetched { system: "erp", group: "erp X", n_keys: 1, n_rows: 1, duration: Duration::ZERO, failure }
    }

    #[test]
    fn what_failed_is_a_share_of_the_last_minutes() {
        let health = Health::default();
        for minute in 0..10 {
            health.read(&fetched(None), || minute * MINUTE_MS);
            health.read(&fetched(Some("SOURCE_TIMEOUT")), || minute * MINUTE_MS + 1);
        }
        let now = health.system("erp", 9 * MINUTE_MS + 2);
        assert_eq!((now.n_asked, now.n_failed), (10, 5));
        assert_eq!((now.last_success_ms, now.last_failure_ms), (Some(9 * MINUTE_MS), Some(9 * MINUTE_MS + 1)));
        assert_eq!(now.last_failure_code, Some("SOURCE_TIMEOUT"));
        let later = health.system("erp", 12 * MINUTE_MS);
        assert_eq!((later.n_asked, later.last_success_ms), (4, Some(9 * MINUTE_MS)));
        assert_eq!(health.system("erp", 60 * MINUTE_MS).n_asked, 0);
    }

    #[test]
    fn a_breaker_and_a_feed_are_as_they_were_last_heard_of() {
        let health = Health::default();
        assert_eq!(health.system("erp", 0).breaker, BreakerState::Closed);
        for state in [BreakerState::Open, BreakerState::HalfOpen] {
            let guarded = Guarded::BreakerChanged { state, detail: "" };
            health.read(&Event::Guarded { system: "erp", guarded }, || 0);
        }
        for heard in [Heard::Connected, Heard::Behind { lag: Duration::from_secs(3) }, Heard::Lost { detail: "" }] {
            health.read(&Event::Feed { system: "erp", feed: "listen", heard }, || 0);
        }
        let now = health.system("erp", 0);
        assert_eq!(now.breaker, BreakerState::HalfOpen);
        let lag = Some(Duration::from_secs(3));
        let feed = FeedHealth { name: "listen".to_owned(), is_connected: false, lag, held_back: Duration::ZERO };
        assert_eq!(now.feeds, [feed]);
    }
}
