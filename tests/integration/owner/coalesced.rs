//! Coalescing: who joins what, who waits for what, and what a caller's going away leaves.

use std::sync::Arc;

use freehold::{
    contract::Guards,
    fetch::{FetchErrorKind, Owner},
    owner::Coalesced,
};

use super::scripted::{Guarded, Said, Scripted, fetch, keys, kinds, list, ms, well};

fn coalesced(source: &Arc<Scripted>, calls_max: usize) -> (Arc<Coalesced>, Guarded) {
    let guarded = Guarded::new(Guards::default(), ms(1_000));
    (Arc::new(Coalesced::new(source.clone(), guarded.system.clone(), calls_max)), guarded)
}

/// Asks a millisecond later, when what was asked before is under way.
async fn then<T>(asked: impl Future<Output = T>) -> T {
    tokio::time::sleep(ms(1)).await;
    asked.await
}

#[tokio::test(start_paused = true)]
async fn callers_that_come_at_the_same_moment_share_a_call() {
    let source = Scripted::new(|asked| well(asked, ms(10)));
    let (owner, _) = coalesced(&source, 4);
    let callers = (0..100).map(|n| owner.fetch(fetch(keys([n]), ms(500))));
    futures_util::future::join_all(callers).await;
    assert_eq!(source.n_asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_key_under_way_is_joined_and_only_the_others_are_asked() {
    let source = Scripted::new(|asked| well(asked, ms(10)));
    let (owner, guarded) = coalesced(&source, 4);
    let (a, b) =
        tokio::join!(owner.fetch(fetch(keys(0..3), ms(500))), then(owner.fetch(fetch(keys([4, 2, 1]), ms(500)))));
    let told = |outcomes: &[freehold::fetch::Outcome]| -> Vec<(i64, i64)> {
        outcomes.iter().map(|one| one.as_ref().unwrap().stamp).map(|stamp| (stamp.started_ms, stamp.ended_ms)).collect()
    };
    assert_eq!(told(&a), [(0, 0), (0, 1), (0, 2)]);
    assert_eq!(told(&b), [(1, 4), (0, 2), (0, 1)], "in its own order, from the calls that had them");
    assert!(guarded.counted(r#"freehold_keys_coalesced_total{system="erp",group="erp Product"} 2"#));
    owner.fetch(fetch(keys(0..3), ms(500))).await;
    assert_eq!(source.n_asked(), 3, "what has landed is asked anew");
}

#[tokio::test(start_paused = true)]
async fn keys_gather_while_the_group_has_no_call_to_spare() {
    let source = Scripted::new(|asked| well(asked, ms(10)));
    let (owner, _) = coalesced(&source, 2);
    let owner = &owner;
    let callers = (0..100_usize).map(|n| async move {
        tokio::time::sleep(ms(n.min(2) as u64)).await;
        owner.fetch(fetch(keys([n]), ms(500))).await
    });
    let outcomes = futures_util::future::join_all(callers).await;
    assert!(outcomes.iter().flatten().enumerate().all(|(n, one)| one.as_ref().unwrap().stamp.ended_ms == n as i64));
    let sizes: Vec<usize> = source.asked().iter().map(|asked| asked.keys.len()).collect();
    assert_eq!(sizes, [1, 1, 98]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_leaves_the_others_what_they_joined() {
    let source = Scripted::new(|asked| well(asked, ms(100)));
    let (owner, guarded) = coalesced(&source, 4);
    let first = tokio::spawn({
        let owner = owner.clone();
        async move { owner.fetch(fetch(keys(0..2), ms(500))).await }
    });
    tokio::time::sleep(ms(1)).await;
    let (short, long) = tokio::join!(owner.fetch(fetch(keys(0..2), ms(5))), async {
        first.abort();
        owner.fetch(fetch(keys(0..2), ms(500))).await
    });
    assert_eq!(kinds(&short), [Some(FetchErrorKind::Timeout); 2], "each keeps its own deadline");
    assert_eq!(kinds(&long), [None, None]);
    assert_eq!(source.n_asked(), 1);
    assert!(guarded.counted(r#"freehold_fetches_given_up_total{system="erp",group="erp Product"} 1"#));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_waits_for_any_more_is_not_asked() {
    let source = Scripted::new(|asked| well(asked, ms(100)));
    let (owner, _) = coalesced(&source, 1);
    let (first, gone) =
        tokio::join!(owner.fetch(fetch(keys([0]), ms(500))), then(owner.fetch(fetch(keys([1]), ms(50)))));
    assert_eq!((kinds(&first), kinds(&gone)), (vec![None], vec![Some(FetchErrorKind::Timeout)]));
    let later = owner.fetch(fetch(keys([2, 1]), ms(500))).await;
    assert_eq!(kinds(&later), [None, None]);
    assert_eq!(source.asked().iter().map(|asked| asked.keys.len()).collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_with_keys_in_two_calls_keeps_what_came_in_time() {
    let source = Scripted::new(|asked| well(asked, if asked.number == 0 { ms(10) } else { ms(900) }));
    let (owner, _) = coalesced(&source, 4);
    let (_, both) =
        tokio::join!(owner.fetch(fetch(keys([0]), ms(500))), then(owner.fetch(fetch(keys([0, 1]), ms(100)))));
    assert_eq!(kinds(&both), [None, Some(FetchErrorKind::Timeout)]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_breaks_off_fails_its_keys_and_no_others_and_they_may_be_asked_again() {
    let source = Scripted::new(|asked| match asked.number {
        0 => Said { after: ms(10), about: Vec::new() },
        _ => well(asked, ms(10)),
    });
    let (owner, _) = coalesced(&source, 1);
    let (broken, next) =
        tokio::join!(owner.fetch(fetch(keys([0]), ms(500))), then(owner.fetch(fetch(keys([0, 1]), ms(500)))));
    assert_eq!(kinds(&broken), [Some(FetchErrorKind::Unavailable)]);
    assert_eq!(kinds(&next), [Some(FetchErrorKind::Unavailable), None]);
    assert_eq!(kinds(&owner.fetch(fetch(keys([0]), ms(500))).await), [None]);
}

#[tokio::test(start_paused = true)]
async fn a_call_takes_no_more_keys_than_the_system() {
    let source = Scripted::new(|asked| well(asked, ms(10)));
    let (owner, _) = coalesced(&source, 2);
    let outcomes = owner.fetch(fetch(keys(0..2_500), ms(500))).await;
    assert!(outcomes.iter().enumerate().all(|(n, one)| one.as_ref().unwrap().stamp.ended_ms == n as i64));
    assert_eq!(source.asked().iter().map(|asked| asked.keys.len()).collect::<Vec<_>>(), [1_000, 1_000, 500]);
}

#[tokio::test(start_paused = true)]
async fn equal_lists_are_asked_once_at_a_time() {
    let source = Scripted::new(|asked| well(asked, ms(10)));
    let (owner, _) = coalesced(&source, 4);
    let (a, b, other) = tokio::join!(
        owner.list(list(&["pumps", "valves"], ms(500))),
        owner.list(list(&["pumps", "valves"], ms(500))),
        owner.list(list(&["valves", "pumps"], ms(500)))
    );
    assert_eq!((kinds(&a), kinds(&b)), (vec![None, None], vec![None, None]));
    assert_eq!((kinds(&other), source.n_asked()), (vec![None, None], 2));
    let (late, fine) = tokio::join!(owner.list(list(&["pumps"], ms(5))), owner.list(list(&["pumps"], ms(500))));
    assert_eq!((kinds(&late), kinds(&fine)), (vec![Some(FetchErrorKind::Timeout)], vec![None]));
    assert_eq!(source.n_asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_breaks_off_may_be_asked_again() {
    let source = Scripted::new(|asked| match asked.number {
        0 => panic!("the source has a bug"),
        _ => Said { after: ms(1), about: vec![Ok(())] },
    });
    let (owner, _) = coalesced(&source, 4);
    assert_eq!(kinds(&owner.list(list(&["pumps"], ms(500))).await), [Some(FetchErrorKind::Unavailable)]);
    assert_eq!(kinds(&owner.list(list(&["pumps"], ms(500))).await), [None]);
}
