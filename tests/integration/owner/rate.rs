//! The rate: so many calls in any window, and none while the system has asked for quiet.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use freehold::{
    contract::{Guards, RateLimit},
    fetch::{Fetch, FetchError, FetchErrorKind, ListFetch, Outcome, Owner, Page, Record, Stamp, TurnLimit, Turns},
    owner::{Bulkhead, Counted, Deadline, Rate},
    source::{Pace, SystemName},
    value::{Key, SystemId},
};
use futures_util::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use tokio::time::{Instant, sleep};

use super::scripted::{Guarded, Scripted, contract, failing, fetch, keys, kinds, list, ms, well};

const TIMEOUT: Duration = Duration::from_secs(10);

fn limited(calls: u32, per: Duration) -> Guarded {
    Guarded::new(Guards { rate: Some(RateLimit { calls, per }), ..Guards::default() }, TIMEOUT)
}

/// The most calls that began within any window of this length.
fn most_within(source: &Scripted, per: Duration) -> usize {
    let began: Vec<Instant> = source.asked().iter().map(|asked| asked.began).collect();
    let within = |start: &Instant| began.iter().filter(|one| **one >= *start && **one < *start + per).count();
    began.iter().map(within).max().unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn no_window_holds_more_calls_than_the_rate_however_they_come_and_however_long_they_take() {
    for seed in 0..20_u64 {
        let guarded = limited(5, ms(1_000));
        let source = Scripted::new(move |asked| well(asked, ms((asked.number as u64 * 37 + seed * 91) % 400)));
        // The place at the source is short, so that calls are held up after their turn.
        let name = SystemName::new(&contract(Guards::default(), TIMEOUT), SystemId(0));
        let bulkhead = Bulkhead::new(source.clone(), name, 2);
        let rate = Arc::new(Rate::new(Arc::new(bulkhead), guarded.pace(), Counted::Questions));
        let calls = (0..60_u64).map(|n| {
            let rate = rate.clone();
            async move {
                sleep(ms((n * n * 13 + n * seed * 7) % 3_000)).await;
                rate.fetch(fetch(keys([n as usize]), TIMEOUT)).await.remove(0)
            }
        });
        let outcomes = join_all(calls).await;
        let n_answered = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert!(most_within(&source, ms(1_000)) <= 5, "seed {seed}");
        assert_eq!(source.n_asked(), n_answered);
        assert!(n_answered >= 35, "seed {seed}: most of what fits is asked: {n_answered}");
        let refused = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
        assert!(refused.clone().all(|error| error.kind == FetchErrorKind::Throttled && error.retry_after.is_some()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_without_a_turn_in_its_time_fails_at_once_and_says_when_there_is_one() {
    let guarded = limited(3, ms(60_000));
    let source = Scripted::new(|asked| well(asked, ms(0)));
    let rate = Rate::new(source.clone(), guarded.pace(), Counted::Questions);
    for _ in 0..3 {
        assert_eq!(kinds(&rate.fetch(fetch(keys([1]), TIMEOUT)).await), [None]);
    }
    sleep(ms(20_000)).await;
    let begun = Instant::now();
    let error = rate.fetch(fetch(keys([1, 2]), TIMEOUT)).await.remove(1).unwrap_err();
    assert_eq!((error.kind, error.retry_after), (FetchErrorKind::Throttled, Some(ms(40_000))));
    assert_eq!(rate.probe().await.unwrap_err().kind, FetchErrorKind::Throttled);
    assert_eq!((begun.elapsed(), source.n_asked()), (ms(0), 3));
    assert!(guarded.counted(r#"freehold_rate_refusals_total{system="erp"} 2"#));
    sleep(ms(35_000)).await;
    assert_eq!(kinds(&rate.list(list(&["pumps"], TIMEOUT)).await), [None], "five seconds are worth waiting for");
    assert!(guarded.counted(r#"freehold_rate_wait_seconds_count{system="erp"} 1"#));
}

#[tokio::test(start_paused = true)]
async fn turns_are_taken_in_order_and_who_stands_too_far_behind_fails_at_once() {
    let guarded = limited(1, ms(1_000));
    let source = Scripted::new(|asked| well(asked, ms(0)));
    let rate = Rate::new(source.clone(), guarded.pace(), Counted::Questions);
    let begun = Instant::now();
    let calls = (0..8).map(|n| {
        let rate = &rate;
        async move {
            let outcome = rate.fetch(fetch(keys([n]), ms(4_500))).await.remove(0);
            (outcome.err().map(|error| error.kind), begun.elapsed().as_secs())
        }
    });
    let ended = join_all(calls).await;
    let answered: Vec<u64> = ended.iter().filter(|(kind, _)| kind.is_none()).map(|(_, at)| *at).collect();
    assert_eq!(answered, [0, 1, 2, 3, 4]);
    assert!(ended[5..].iter().all(|end| *end == (Some(FetchErrorKind::Throttled), 0)));
}

#[tokio::test(start_paused = true)]
async fn a_system_that_asked_for_quiet_is_not_asked_until_then() {
    let guarded = Guarded::new(Guards::default(), TIMEOUT);
    let error = guarded.error(FetchErrorKind::Throttled).with_retry_after(ms(5_000));
    let source = Scripted::new(move |asked| match asked.number {
        0 => failing(asked, ms(0), &error),
        _ => well(asked, ms(0)),
    });
    let rate = Rate::new(source.clone(), guarded.pace(), Counted::Questions);
    rate.fetch(fetch(keys([1]), TIMEOUT)).await;
    sleep(ms(1_000)).await;
    let error = rate.fetch(fetch(keys([1]), ms(3_000))).await.remove(0).unwrap_err();
    assert_eq!((error.kind, error.retry_after), (FetchErrorKind::Throttled, Some(ms(4_000))), "the rest of the time");
    assert_eq!(source.n_asked(), 1);
    let begun = Instant::now();
    assert_eq!(kinds(&rate.fetch(fetch(keys([1]), ms(5_000))).await), [None]);
    assert_eq!(begun.elapsed(), ms(4_000));
}

#[tokio::test(start_paused = true)]
async fn no_word_of_a_system_silences_it_for_longer_than_ten_minutes() {
    let guarded = Guarded::new(Guards::default(), TIMEOUT);
    let error = guarded.error(FetchErrorKind::Throttled).with_retry_after(Duration::from_secs(7 * 86_400));
    let source = Scripted::new(move |asked| failing(asked, ms(0), &error));
    let rate = Rate::new(source.clone(), guarded.pace(), Counted::Questions);
    rate.fetch(fetch(keys([1]), TIMEOUT)).await;
    sleep(Duration::from_secs(600)).await;
    rate.fetch(fetch(keys([1]), TIMEOUT)).await;
    assert_eq!(source.n_asked(), 2);
}

/// A source that makes as many calls for a question as its key says, one after the other.
struct Paged {
    pace: Arc<Pace>,
    takes: Duration,
    began: Mutex<Vec<Instant>>,
}

impl Paged {
    async fn pages(&self, n_pages: usize, deadline: std::time::Instant) -> Outcome {
        for _ in 0..n_pages {
            let _turn = self.pace.go_on(deadline).await?;
            self.began.lock().unwrap().push(Instant::now());
            sleep(self.takes).await;
        }
        let stamp = Stamp { system: SystemId(0), started_ms: 0, ended_ms: 0, as_of_ms: None, until_ms: None };
        Ok(Record::absent(stamp).into())
    }

    fn n_calls(&self) -> usize {
        self.began.lock().unwrap().len()
    }
}

impl Owner for Paged {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        async move {
            let n_pages = |key: &Key| key.as_str().parse().expect("a number of pages");
            join_all(fetch.keys.iter().map(|key| self.pages(n_pages(key), fetch.deadline))).await
        }
        .boxed()
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        async move { panic!("no lists here: {fetch:?}") }.boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        let in_an_instant = std::time::Instant::now() + TIMEOUT;
        async move { self.pages(1, in_an_instant).await.map(|_| ()) }.boxed()
    }
}

/// A source of calls behind its guard, which asks it so many questions at once.
fn paged(guarded: &Guarded, takes: Duration, running_max: u32) -> (Arc<Paged>, Arc<Rate>) {
    let pace = guarded.pace();
    let source = Arc::new(Paged { pace: pace.clone(), takes, began: Mutex::default() });
    let name = || SystemName::new(&contract(Guards::default(), TIMEOUT), SystemId(0));
    let bulkhead = Bulkhead::new(source.clone(), name(), running_max);
    let deadline = Deadline::new(Arc::new(bulkhead), name(), TIMEOUT);
    (source, Arc::new(Rate::new(Arc::new(deadline), pace, Counted::Calls)))
}

#[tokio::test(start_paused = true)]
async fn where_calls_count_a_question_takes_as_many_turns_as_it_makes_calls() {
    let guarded = limited(5, ms(60_000));
    let (source, rate) = paged(&guarded, ms(10), 8);
    assert_eq!(kinds(&rate.fetch(fetch(keys([4]), TIMEOUT)).await), [None]);
    assert_eq!(kinds(&rate.fetch(fetch(keys([0]), TIMEOUT)).await), [None], "no call, no turn");
    let begun = Instant::now();
    let outcomes = rate.fetch(fetch(keys([1, 1, 1]), TIMEOUT)).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "one turn was left");
    let refused = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    for error in refused {
        assert_eq!(error.kind, FetchErrorKind::Throttled);
        assert!(error.retry_after.is_some_and(|wait| wait > ms(59_000) && wait <= ms(60_000)), "{error:?}");
    }
    assert_eq!((source.n_calls(), begun.elapsed()), (5, ms(10)), "who has no turn does not wait for the deadline");
    assert_eq!(rate.probe().await.unwrap_err().kind, FetchErrorKind::Throttled);
    sleep(ms(60_000)).await;
    assert!(rate.probe().await.is_ok());
    assert_eq!(kinds(&rate.fetch(fetch(keys([4]), TIMEOUT)).await), [None], "a probe is one call");
    assert_eq!(kinds(&rate.fetch(fetch(keys([1]), TIMEOUT)).await), [Some(FetchErrorKind::Throttled)]);
}

#[tokio::test(start_paused = true)]
async fn no_window_holds_more_calls_than_the_rate_whatever_questions_make_of_them() {
    for seed in 0..20_u64 {
        let guarded = limited(5, ms(1_000));
        let takes = ms(seed * 17 % 200);
        let (source, rate) = paged(&guarded, takes, 2);
        let questions = (0..60_u64).map(|n| {
            let rate = rate.clone();
            async move {
                sleep(ms((n * n * 13 + n * seed * 7) % 5_000)).await;
                let asked = keys((0..(n % 3) as usize + 1).map(|key| (key + n as usize + seed as usize) % 4));
                rate.fetch(fetch(asked, TIMEOUT)).await
            }
        });
        let outcomes: Vec<Outcome> = join_all(questions).await.into_iter().flatten().collect();
        let began = source.began.lock().unwrap().clone();
        let most = began.windows(6).map(|six| six[5] - six[0]).min().expect("more calls than the rate");
        assert!(most >= ms(1_000), "seed {seed}: six calls within {most:?}");
        let refused = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
        for error in refused {
            // A turn may come so late that its call has no time left.
            let is_late = error.kind == FetchErrorKind::Timeout && !takes.is_zero();
            assert!(is_late || (error.kind == FetchErrorKind::Throttled && error.retry_after.is_some()), "{error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_begun_ends_before_others_begin() {
    // Twice as many calls as there are turns, in questions of two.
    let guarded = limited(10, ms(1_000));
    let (source, rate) = paged(&guarded, ms(1), 4);
    let questions = (0..200_u64).map(|n| {
        let rate = rate.clone();
        async move {
            sleep(ms(n * 100)).await;
            rate.fetch(fetch(keys([2]), ms(3_000))).await.remove(0)
        }
    });
    let outcomes = join_all(questions).await;
    let n_answered = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let n_wasted = source.n_calls() - 2 * n_answered;
    assert!(n_answered >= 80, "{n_answered} answered, {n_wasted} calls for nothing");
    assert!(n_wasted <= 10, "{n_answered} answered, {n_wasted} calls for nothing");
    let refused = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    assert!(refused.clone().all(|error| error.kind == FetchErrorKind::Throttled), "a wait for a turn is no timeout");
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_is_lent_is_kept_for_a_call_and_given_back_without_one() {
    let turns = Turns::new(Some(TurnLimit { calls: 1, per: ms(1_000) }));
    let now = Instant::now();
    let lent = turns.take(now).await.unwrap().lend();
    assert!(turns.take(now).await.is_err(), "it is taken");
    drop(lent);
    let lent = turns.take(now).await.expect("it was given back").lend();
    turns.be_quiet(ms(300));
    assert_eq!(turns.go_on(now).await.err(), Some(ms(300)), "quiet holds for what is lent, too");
    let turn = turns.go_on(now + ms(500)).await.expect("the quiet ends in time");
    assert_eq!((turn.waited, now.elapsed()), (ms(300), ms(300)));
    drop(lent);
    assert!(turns.go_on(now + ms(500)).await.is_err(), "a call runs");
    drop(turn);
    assert_eq!(turns.take(now + ms(500)).await.err(), Some(ms(1_000)), "and counts until a window after its end");
}

#[tokio::test(start_paused = true)]
async fn what_goes_on_passes_what_waits_to_begin() {
    let turns = Turns::new(Some(TurnLimit { calls: 1, per: ms(1_000) }));
    let begun = Instant::now();
    drop(turns.take(begun).await);
    let begins = async {
        let turn = turns.take(begun + TIMEOUT).await;
        turn.map(|_| begun.elapsed())
    };
    let goes_on = async {
        sleep(ms(500)).await;
        let turn = turns.go_on(begun + TIMEOUT).await;
        turn.map(|_| begun.elapsed())
    };
    assert_eq!(futures_util::future::join(begins, goes_on).await, (Ok(ms(2_000)), Ok(ms(1_000))));
}
