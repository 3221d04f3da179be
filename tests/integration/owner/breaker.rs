//! The breaker: when it opens, what it says, and how it closes.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use freehold::{
    contract::{BreakerLimits, Guards},
    fetch::{FetchErrorKind, Outcome, Owner},
    owner::Breaker,
};
use tokio::time::{Duration, sleep};

use super::scripted::{Guarded, Said, Scripted, failing, fetch, keys, kinds, list, ms, well};

/// Opens when half of ten calls within ten seconds fail.
fn limits() -> Guards {
    let breaker = BreakerLimits { failed_percent: 50, calls_min: 10, within: Duration::from_secs(10) };
    Guards { breaker: Some(breaker), ..Guards::default() }
}

struct Case {
    source: Arc<Scripted>,
    breaker: Breaker,
    guarded: Guarded,
    is_down: Arc<AtomicBool>,
}

/// A system that fails with this kind while it is down.
fn case(kind: FetchErrorKind) -> Case {
    let guarded = Guarded::new(limits(), ms(1_000));
    let (is_down, error) = (Arc::new(AtomicBool::new(false)), guarded.error(kind));
    let down = is_down.clone();
    let source = Scripted::new(move |asked| match down.load(Ordering::SeqCst) {
        true => failing(asked, ms(1), &error),
        false => well(asked, ms(1)),
    });
    let breaker = Breaker::new(source.clone(), guarded.system.clone());
    Case { source, breaker, guarded, is_down }
}

impl Case {
    async fn ask(&self) -> Outcome {
        self.breaker.fetch(fetch(keys([1]), ms(1_000))).await.remove(0)
    }

    async fn ask_often(&self, n: usize) {
        for _ in 0..n {
            let _ = self.ask().await;
        }
    }

    fn state_is(&self, number: u32) -> bool {
        self.guarded.counted(&format!(r#"freehold_breaker_state{{system="erp"}} {number}"#))
    }
}

#[tokio::test(start_paused = true)]
async fn half_of_enough_calls_failing_opens_it_and_one_answer_closes_it() {
    let case = case(FetchErrorKind::Timeout);
    case.ask_often(5).await;
    case.is_down.store(true, Ordering::SeqCst);
    case.ask_often(4).await;
    assert_eq!(case.source.n_asked(), 9, "nine calls are too few to judge by");
    case.ask_often(1).await;
    assert!(case.state_is(2));

    sleep(ms(400)).await;
    let refused = case.ask().await.unwrap_err();
    assert_eq!(case.source.n_asked(), 10, "an open breaker asks nobody");
    assert_eq!((refused.kind, refused.retry_after), (FetchErrorKind::Unavailable, Some(ms(600))));
    for word in ["open for 400 ms", "5 of 10 calls within 10s failed", "SOURCE_TIMEOUT"] {
        assert!(refused.detail.contains(word), "{}", refused.detail);
    }
    assert!(case.guarded.counted(r#"freehold_breaker_refusals_total{system="erp"} 1"#));

    case.is_down.store(false, Ordering::SeqCst);
    sleep(ms(600)).await;
    assert!(case.ask().await.is_ok());
    assert!(case.state_is(0));
    case.is_down.store(true, Ordering::SeqCst);
    case.ask_often(9).await;
    assert!(case.state_is(0), "what was before the outage is forgotten");
}

#[tokio::test(start_paused = true)]
async fn the_pause_grows_to_a_bound_while_the_system_still_fails() {
    let case = case(FetchErrorKind::Unavailable);
    case.is_down.store(true, Ordering::SeqCst);
    case.ask_often(10).await;
    let mut pauses = Vec::new();
    for _ in 0..7 {
        let wait = case.ask().await.unwrap_err().retry_after.unwrap();
        pauses.push(wait.as_secs());
        sleep(wait).await;
        let asked_before = case.source.n_asked();
        assert_eq!(case.ask().await.unwrap_err().retry_after, None, "the system's own failure");
        assert_eq!(case.source.n_asked(), asked_before + 1);
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30]);
    let since = case.ask().await.unwrap_err().detail.clone();
    assert!(since.contains("open for 91"), "it says since when the outage lasts, not the pause: {since}");
}

#[tokio::test(start_paused = true)]
async fn half_open_lets_one_call_through_and_one_that_is_given_up_lets_the_next() {
    let case = case(FetchErrorKind::Unavailable);
    case.is_down.store(true, Ordering::SeqCst);
    case.ask_often(10).await;
    case.is_down.store(false, Ordering::SeqCst);
    sleep(Duration::from_secs(1)).await;
    {
        let mut probing = Box::pin(case.ask());
        assert!(futures_util::poll!(&mut probing).is_pending());
        assert!(case.state_is(1));
        assert_eq!(case.ask().await.unwrap_err().kind, FetchErrorKind::Unavailable);
        assert_eq!(case.source.n_asked(), 11);
    }
    assert!(case.ask().await.is_ok());
    assert!(case.state_is(0));
}

#[tokio::test(start_paused = true)]
async fn what_shows_that_the_system_lives_does_not_open_it() {
    for kind in [
        FetchErrorKind::Denied,
        FetchErrorKind::BadRequest,
        FetchErrorKind::ContractViolation,
        FetchErrorKind::ForeignCursor,
        FetchErrorKind::Throttled,
    ] {
        let case = case(kind);
        case.is_down.store(true, Ordering::SeqCst);
        case.ask_often(50).await;
        assert_eq!(case.source.n_asked(), 50, "{kind}");
    }
    let guarded = Guarded::new(limits(), ms(1_000));
    let error = guarded.error(FetchErrorKind::Unavailable);
    let source = Scripted::new(move |_| Said { after: ms(1), about: vec![Ok(()), Err(error.clone())] });
    let breaker = Breaker::new(source.clone(), guarded.system.clone());
    for _ in 0..50 {
        let outcomes = breaker.fetch(fetch(keys([1, 2]), ms(1_000))).await;
        assert_eq!(kinds(&outcomes), [None, Some(FetchErrorKind::Unavailable)]);
    }
    assert_eq!(source.n_asked(), 50, "one bad key among good ones");
}

#[tokio::test(start_paused = true)]
async fn failures_that_lie_far_apart_do_not_open_it() {
    let case = case(FetchErrorKind::Timeout);
    case.is_down.store(true, Ordering::SeqCst);
    for _ in 0..50 {
        case.ask_often(1).await;
        sleep(Duration::from_secs(2)).await;
    }
    assert_eq!(case.source.n_asked(), 50);
}

#[tokio::test(start_paused = true)]
async fn lists_count_and_are_refused_like_keys_and_probes_pass() {
    let case = case(FetchErrorKind::Timeout);
    case.is_down.store(true, Ordering::SeqCst);
    for _ in 0..10 {
        case.breaker.list(list(&["pumps"], ms(1_000))).await;
    }
    let pages = case.breaker.list(list(&["pumps", "valves"], ms(1_000))).await;
    assert_eq!(kinds(&pages), [Some(FetchErrorKind::Unavailable); 2]);
    assert_eq!(case.source.n_asked(), 10);
    assert_eq!(case.breaker.probe().await.unwrap_err().kind, FetchErrorKind::Timeout, "the system's own word");
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_is_switched_off_refuses_nothing() {
    let guarded = Guarded::new(Guards { breaker: None, ..Guards::default() }, ms(1_000));
    let error = guarded.error(FetchErrorKind::Timeout);
    let source = Scripted::new(move |asked| failing(asked, ms(1), &error));
    let breaker = Breaker::new(source.clone(), guarded.system.clone());
    for _ in 0..100 {
        breaker.fetch(fetch(keys([1]), ms(1_000))).await;
    }
    assert_eq!(source.n_asked(), 100);
}
