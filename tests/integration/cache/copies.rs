//! Copies: what a system that is itself a copy may still say.

use freehold::{cache::Brought, fetch::FetchErrorKind};

use super::case::{Case, TAKES_MS, kinds, pass};

#[tokio::test(start_paused = true)]
async fn a_copy_is_as_old_as_it_says() {
    let case = Case::alone();
    case.world.change(|conditions| conditions.copy_lag_ms = 1_500);
    let answer = case.ask("copied", [0, 1, 2]).await;
    assert_eq!(kinds(&answer), [None; 3]);
    case.asked();
    // 1,500 ms, 2 s and 400 ms are less than 4 s; 100 ms more are not.
    pass(2_000 - TAKES_MS).await;
    case.ask("copied", [0]).await;
    pass(TAKES_MS + 50).await;
    case.asked();
    case.world.change(|conditions| conditions.copy_lag_ms = 3_000);
    pass(5_000).await;
    assert_eq!(kinds(&case.ask("copied", [0]).await), [None]);
    assert_eq!(case.asked(), [1]);
    pass(700).await;
    case.ask("copied", [0]).await;
    assert_eq!(case.asked(), [1], "3 s, 700 ms and 400 ms are more than 4 s");
}

#[tokio::test(start_paused = true)]
async fn a_copy_older_than_its_domain_allows_is_served_stale_or_refused() {
    let case = Case::alone();
    case.world.change(|conditions| conditions.copy_lag_ms = 5_000);
    let there: Vec<usize> =
        (0..20).filter(|n| super::oracle::is_always_there(&case.world, "copied", &n.to_string())).take(2).collect();
    let stale = case.ask("copied", there.clone()).await;
    assert_eq!(kinds(&stale), [None; 2]);
    assert_eq!((stale.freshness.stale[0].n, stale.freshness.stale[0].code), (2, "STALE_REFUSED"));
    assert_eq!(case.asked(), [2], "it is not asked again: it would say the same");
    case.world.change(|conditions| conditions.copy_lag_ms = 10_000);
    pass(10_000).await;
    let refused = case.ask("copied", there).await;
    assert_eq!(kinds(&refused), [Some(FetchErrorKind::Stale); 2]);
    let Brought::Records(records) = &refused.brought else { panic!("records were asked for") };
    let error = records[0].as_ref().unwrap_err();
    assert_eq!(
        (error.kind.code(), error.detail.as_str()),
        ("STALE_REFUSED", "the copy is 10 s old; copied may be 4s old")
    );
}

#[tokio::test(start_paused = true)]
async fn a_copy_whose_clock_is_ahead_is_no_younger_than_its_question() {
    let case = Case::alone();
    case.world.change(|conditions| conditions.copy_off_ms = 3_600_000);
    case.ask("copied", [0]).await;
    pass(3_600).await;
    case.asked();
    case.ask("copied", [0]).await;
    assert_eq!(case.asked(), [1]);
}
