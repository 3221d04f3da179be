//! What is served without asking the owner, and until when.

use std::time::Duration;

use freehold::cache::Demand;
use freehold::fetch::Clock;

use super::case::{Case, TAKES_MS, answer, kinds, n_absent, pass};

fn max_age(ms: u64) -> Demand {
    Demand { max_age: Some(Duration::from_millis(ms)), ..Demand::default() }
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_is_served_without_asking_until_its_bound_less_what_clocks_may_be_apart() {
    let case = Case::alone();
    let first = case.ask("lasting", 0..30).await;
    assert_eq!((case.asked(), first.n_asked), (vec![30], 1));
    pass(590 - TAKES_MS).await;
    let kept = case.ask("lasting", 0..30).await;
    assert_eq!((case.asked(), kept.n_asked), (vec![], 0));
    assert_eq!(kept.freshness.since_ms, first.freshness.since_ms);
    pass(1_011).await;
    case.ask("lasting", 0..30).await;
    assert_eq!(case.asked(), [30], "1,600 ms and 400 ms are 2 s, and 1 ms more is too much");
}

#[tokio::test(start_paused = true)]
async fn an_absence_holds_for_its_own_time() {
    let case = Case::alone();
    let first = case.ask("lasting", 0..60).await;
    let n_absent = n_absent(&first);
    assert!(n_absent > 5, "{n_absent}");
    case.asked();
    pass(600 - TAKES_MS).await;
    case.ask("lasting", 0..60).await;
    assert_eq!(case.asked(), [0; 0]);
    pass(1).await;
    case.ask("lasting", 0..60).await;
    assert_eq!(case.asked(), [n_absent]);
}

#[tokio::test(start_paused = true)]
async fn only_what_is_missing_is_asked_for() {
    let case = Case::alone();
    case.ask("held", 0..10).await;
    case.ask("held", 5..30).await;
    assert_eq!(case.asked(), [10, 20]);
}

#[tokio::test(start_paused = true)]
async fn a_demand_tightens_and_never_loosens() {
    let case = Case::alone();
    case.ask("held", 0..10).await;
    pass(500 - TAKES_MS).await;
    case.asked();
    case.demand("held", 0..10, max_age(900)).await;
    assert_eq!(case.asked(), [0; 0]);
    case.demand("held", 0..10, max_age(899)).await;
    assert_eq!(case.asked(), [10]);
    // No less than the domain's, however much is allowed.
    case.ask("lasting", 0..10).await;
    pass(1_601).await;
    case.asked();
    case.demand("lasting", 0..10, max_age(1_000_000)).await;
    assert_eq!(case.asked(), [10]);
    let domain = |name: &str| case.world.contract.domains.iter().position(|domain| domain.name == name).unwrap();
    let of_held = Demand { max_age_of: vec![(domain("held").into(), Duration::ZERO)], ..Demand::default() };
    case.demand("lasting", 0..10, of_held.clone()).await;
    assert_eq!(case.asked(), [0; 0]);
    case.demand("held", 0..10, of_held).await;
    assert_eq!(case.asked(), [10]);
}

#[tokio::test(start_paused = true)]
async fn what_was_written_before_a_demanded_instant_is_in_the_answer() {
    let case = Case::alone();
    case.ask("held", 0..10).await;
    let asked_ms = case.fleet.process(0).clock.now_ms() - TAKES_MS as i64;
    case.asked();
    let not_before = |ms| Demand { not_before_ms: Some(ms), ..Demand::default() };
    case.demand("held", 0..10, not_before(asked_ms - 400)).await;
    assert_eq!(case.asked(), [0; 0]);
    case.demand("held", 0..10, not_before(asked_ms - 399)).await;
    assert_eq!(case.asked(), [10], "the caller's clock may be behind");
    // An owner that is asked now says what was written until now, whatever the caller's clock says.
    let future = case.demand("held", 0..10, not_before(asked_ms + 100_000)).await;
    assert_eq!(kinds(&future), [None; 10]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_takes_nothing_from_those_who_asked_the_same() {
    let case = Case::alone();
    let (cache, demand) = (case.cache(), Demand::default());
    let leader = tokio::time::timeout(Duration::from_millis(3), answer(&cache, case.question("held", 0..10), &demand));
    let followers = (0..20).map(|_| answer(&cache, case.question("held", 0..10), &demand));
    let (leader, followers) = tokio::join!(leader, futures_util::future::join_all(followers));
    assert!(leader.is_err(), "it went away");
    assert!(followers.iter().all(|answer| kinds(answer) == [None; 10]));
    assert_eq!(case.asked(), [10]);
}
