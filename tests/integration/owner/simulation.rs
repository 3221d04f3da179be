//! Coalescing, simulated: callers come, wait and go at random, calls are slow and fail at random, and still everyone gets
//! what is theirs.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use freehold::{
    contract::Guards,
    fetch::{Fetch, FetchError, FetchErrorKind, ListFetch, Outcome, Owner, Page, Record, Stamp},
    owner::{Coalesced, GuardedSystem},
    value::{Key, SystemId},
};
use futures_util::{FutureExt, future::BoxFuture};
use proptest::prelude::*;
use tokio::time::{Instant, sleep, sleep_until};

use super::scripted::{Guarded, fetch, keys, ms};

const CALLS_MAX: usize = 3;
const TIMEOUT: Duration = Duration::from_millis(200);

/// The slowest call lands and lets the gathered one go, which is as slow.
const ANSWERED_WITHIN_MS: u64 = 2 * TAKES_MS_MAX + 2;
const TAKES_MS_MAX: u64 = 60;

/// How one call goes.
#[derive(Debug, Clone)]
struct Course {
    takes_ms: u64,
    /// Keys divisible by it fail; 1 fails the whole call.
    fails_every: Option<usize>,
    panics: bool,
}

/// How one caller behaves.
#[derive(Debug, Clone)]
struct Caller {
    comes_ms: u64,
    keys: HashSet<usize>,
    has_ms: u64,
    leaves_after_ms: Option<u64>,
}

fn course() -> impl Strategy<Value = Course> {
    (0..TAKES_MS_MAX, prop::option::weighted(0.3, 1_usize..4), prop::bool::weighted(0.05))
        .prop_map(|(takes_ms, fails_every, panics)| Course { takes_ms, fails_every, panics })
}

fn caller() -> impl Strategy<Value = Caller> {
    let keys = prop::collection::hash_set(0_usize..25, 1..8);
    (0_u64..300, keys, 5_u64..250, prop::option::weighted(0.2, 0_u64..100))
        .prop_map(|(comes_ms, keys, has_ms, leaves_after_ms)| Caller { comes_ms, keys, has_ms, leaves_after_ms })
}

/// A source that notices when it is asked what it is already answering, or too much at once.
struct Watchful {
    courses: Vec<Course>,
    system: GuardedSystem,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    n_calls: usize,
    n_running: usize,
    under_way: HashSet<Key>,
    wrong: Vec<String>,
}

/// What ends with a call, however it ends.
struct UnderWay<'w>(&'w Watchful, Arc<[Key]>);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock().unwrap();
        state.n_running -= 1;
        self.1.iter().for_each(|key| assert!(state.under_way.remove(key)));
    }
}

impl Owner for Watchful {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        async move {
            let (number, _under_way) = {
                let mut state = self.state.lock().unwrap();
                for key in fetch.keys.iter() {
                    if !state.under_way.insert(key.clone()) {
                        state.wrong.push(format!("{key} was asked while it was under way"));
                    }
                }
                state.n_calls += 1;
                state.n_running += 1;
                if state.n_running > CALLS_MAX {
                    state.wrong.push("too many calls at once".to_owned());
                }
                (state.n_calls - 1, UnderWay(self, fetch.keys.clone()))
            };
            let course = &self.courses[number % self.courses.len()];
            sleep(ms(course.takes_ms)).await;
            assert!(!course.panics, "a bug in the source");
            let outcome = |key: &Key| {
                let of: usize = key.as_str().parse().unwrap();
                match course.fails_every {
                    Some(every) if of.is_multiple_of(every) => {
                        Err(self.system.error(FetchErrorKind::Denied, format!("{key} of call {number}")))
                    }
                    _ => {
                        let stamp = Stamp {
                            system: SystemId(0),
                            started_ms: number as i64,
                            ended_ms: of as i64,
                            as_of_ms: None,
                            until_ms: None,
                        };
                        Ok(Record::absent(stamp).into())
                    }
                }
            };
            fetch.keys.iter().map(outcome).collect()
        }
        .boxed()
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        async move { panic!("no lists here: {fetch:?}") }.boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        async { Ok(()) }.boxed()
    }
}

async fn run(callers: Vec<Caller>, courses: Vec<Course>) {
    let guarded = Guarded::new(Guards::default(), TIMEOUT);
    let may_break = courses.iter().any(|course| course.panics);
    let source = Arc::new(Watchful { courses, system: guarded.system.clone(), state: Mutex::default() });
    let owner = Arc::new(Coalesced::new(source.clone(), guarded.system.clone(), CALLS_MAX));
    let start = Instant::now();
    let tasks: Vec<_> = (callers.into_iter())
        .map(|caller| {
            let owner = owner.clone();
            tokio::spawn(async move {
                sleep_until(start + ms(caller.comes_ms)).await;
                let asked: Vec<usize> = caller.keys.iter().copied().collect();
                let question = fetch(keys(asked.clone()), ms(caller.has_ms));
                let came = Instant::now();
                let outcomes = match caller.leaves_after_ms {
                    None => owner.fetch(question).await,
                    Some(after) => match tokio::time::timeout(ms(after), owner.fetch(question)).await {
                        Ok(outcomes) => outcomes,
                        Err(_) => return,
                    },
                };
                let waited = came.elapsed();
                // A millisecond is what the paused clock rounds to, and 50 ms what a call has to land.
                assert!(waited <= ms(caller.has_ms + 1) && waited <= TIMEOUT + ms(51), "waited {waited:?}");
                assert_eq!(outcomes.len(), asked.len());
                for (key, outcome) in asked.into_iter().zip(outcomes) {
                    match outcome {
                        Ok(record) => assert_eq!(record.stamp.ended_ms, key as i64, "somebody else's record"),
                        Err(error) if error.kind == FetchErrorKind::Denied => {
                            assert!(error.detail.starts_with(&format!("{key} of call ")), "somebody else's failure");
                        }
                        Err(error) if error.kind == FetchErrorKind::Timeout => {
                            assert!(waited >= ms(caller.has_ms.min(TIMEOUT.as_millis() as u64)), "given up too early");
                            assert!(caller.has_ms < ANSWERED_WITHIN_MS, "a lost wake-up");
                        }
                        Err(error) => assert!(may_break && error.kind == FetchErrorKind::Unavailable, "{error}"),
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("every caller gets what is theirs");
    }
    sleep(Duration::from_secs(5)).await;
    let state = source.state.lock().unwrap();
    assert!(state.wrong.is_empty(), "{:?}", state.wrong);
    assert_eq!(state.n_running, 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_caller_gets_its_own_keys_outcomes_and_no_key_is_asked_twice_at_once(
        callers in prop::collection::vec(caller(), 1..60),
        courses in prop::collection::vec(course(), 1..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(run(callers, courses));
    }
}

/// A source that answers after a few turns of the scheduler.
struct Hasty(AtomicUsize);

impl Owner for Hasty {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        async move {
            let number = self.0.fetch_add(1, Ordering::Relaxed);
            for _ in 0..number % 5 {
                tokio::task::yield_now().await;
            }
            let of = |key: &Key| key.as_str().parse().unwrap();
            let stamp = |key: &Key| Stamp {
                system: SystemId(0),
                started_ms: number as i64,
                ended_ms: of(key),
                as_of_ms: None,
                until_ms: None,
            };
            fetch.keys.iter().map(|key| Ok(Record::absent(stamp(key)).into())).collect()
        }
        .boxed()
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        async move { panic!("no lists here: {fetch:?}") }.boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        async { Ok(()) }.boxed()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_many_threads_nobody_is_forgotten() {
    let guarded = Guarded::new(Guards::default(), Duration::from_secs(60));
    let source = Arc::new(Hasty(AtomicUsize::new(0)));
    let owner = Arc::new(Coalesced::new(source.clone(), guarded.system.clone(), CALLS_MAX));
    let tasks: Vec<_> = (0..100_usize)
        .map(|task| {
            let owner = owner.clone();
            tokio::spawn(async move {
                for number in 0..100_usize {
                    let asked: Vec<usize> = (0..5).map(|n| (task * 7 + number * 3 + n) % 40).collect();
                    let outcomes = owner.fetch(fetch(keys(asked.clone()), Duration::from_secs(60))).await;
                    let got = outcomes.iter().map(|one| one.as_ref().expect("it is answered").stamp.ended_ms as usize);
                    assert!(got.eq(asked));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("everyone is answered");
    }
    assert!(source.0.load(Ordering::Relaxed) <= 10_000);
}
