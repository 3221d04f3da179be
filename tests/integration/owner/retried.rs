//! Retries: what is asked again, when, and how much an outage may add to the load.

use freehold::{
    contract::Guards,
    fetch::{FetchErrorKind, Owner},
    owner::Retried,
};
use tokio::time::Instant;

use super::scripted::{Guarded, Said, Scripted, failing, fetch, keys, kinds, list, ms, well};

fn guarded() -> Guarded {
    Guarded::new(Guards::default(), ms(1_000))
}

#[tokio::test(start_paused = true)]
async fn only_the_keys_that_failed_are_asked_again_at_once_and_then_with_pauses() {
    let guarded = guarded();
    let error = guarded.error(FetchErrorKind::Unavailable);
    // Key 1 answers the first time, key 2 the second, key 3 the third, key 4 never.
    let source = Scripted::new(move |asked| {
        let about = |key: &freehold::value::Key| match key.as_str().parse::<usize>().unwrap() {
            number if number <= asked.number + 1 && number < 4 => Ok(()),
            _ => Err(error.clone()),
        };
        Said { after: ms(1), about: asked.keys.iter().map(about).collect() }
    });
    let retried = Retried::new(source.clone(), guarded.system.clone());
    let outcomes = retried.fetch(fetch(keys(1..5), ms(1_000))).await;
    assert_eq!(kinds(&outcomes), [None, None, None, Some(FetchErrorKind::Unavailable)]);
    let asked = source.asked();
    let sizes: Vec<usize> = asked.iter().map(|one| one.keys.len()).collect();
    assert_eq!(sizes, [4, 3, 2]);
    assert_eq!(asked[1].began - asked[0].began, ms(1), "the first at once");
    let pause = asked[2].began - asked[1].began;
    assert!((ms(51)..=ms(102)).contains(&pause), "the second after a pause: {pause:?}");
    assert!(guarded.counted(r#"freehold_retries_total{system="erp",code="SOURCE_UNAVAILABLE"} 2"#));
    for (key, outcome) in (1..4).zip(&outcomes) {
        assert_eq!(outcome.as_ref().unwrap().stamp.ended_ms, key, "in the caller's order");
    }
}

#[tokio::test(start_paused = true)]
async fn what_asking_again_does_not_help_is_not_asked_again() {
    let guarded = guarded();
    let unasked = [
        guarded.error(FetchErrorKind::Timeout),
        guarded.error(FetchErrorKind::Denied),
        guarded.error(FetchErrorKind::BadRequest),
        guarded.error(FetchErrorKind::ContractViolation),
        guarded.error(FetchErrorKind::ForeignCursor),
        guarded.error(FetchErrorKind::Throttled),
        guarded.error(FetchErrorKind::Unavailable).with_retry_after(ms(10)),
        guarded.error(FetchErrorKind::Throttled).with_retry_after(ms(1_000)),
    ];
    for error in unasked {
        let said = error.clone();
        let source = Scripted::new(move |asked| failing(asked, ms(1), &said));
        let retried = Retried::new(source.clone(), guarded.system.clone());
        let begun = Instant::now();
        retried.fetch(fetch(keys([1]), ms(1_000))).await;
        assert_eq!((source.n_asked(), begun.elapsed()), (1, ms(1)), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_system_that_asks_for_quiet_is_asked_again_after_it() {
    let guarded = guarded();
    let error = guarded.error(FetchErrorKind::Throttled).with_retry_after(ms(300));
    let source = Scripted::new(move |asked| match asked.number {
        0 => failing(asked, ms(1), &error),
        _ => well(asked, ms(1)),
    });
    let retried = Retried::new(source.clone(), guarded.system.clone());
    assert_eq!(kinds(&retried.list(list(&["pumps"], ms(1_000))).await), [None]);
    let asked = source.asked();
    assert!(asked[1].began - asked[0].began >= ms(301));
}

#[tokio::test(start_paused = true)]
async fn an_outage_adds_a_tenth_to_the_load_and_a_small_burst() {
    let guarded = guarded();
    let error = guarded.error(FetchErrorKind::Unavailable);
    let source = Scripted::new(move |asked| failing(asked, ms(1), &error));
    let retried = Retried::new(source.clone(), guarded.system.clone());
    for _ in 0..1_000 {
        retried.fetch(fetch(keys([1]), ms(1_000))).await;
    }
    let n_retries = source.n_asked() - 1_000;
    assert!((100..=110).contains(&n_retries), "{n_retries} retries for 1,000 calls");
}

#[tokio::test(start_paused = true)]
async fn retries_may_be_switched_off() {
    let guarded = Guarded::new(Guards { retries_max: 0, ..Guards::default() }, ms(1_000));
    let error = guarded.error(FetchErrorKind::Unavailable);
    let source = Scripted::new(move |asked| failing(asked, ms(1), &error));
    let retried = Retried::new(source.clone(), guarded.system.clone());
    retried.fetch(fetch(keys([1]), ms(1_000))).await;
    assert_eq!(source.n_asked(), 1);
}
