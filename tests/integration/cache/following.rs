//! What other processes tell, and what may have gone unheard.

use std::sync::Arc;

use freehold::{
    cache::{Asked, Asking, Brought, Cache, Change, Confirmation, Demand, Question},
    fetch::Clock,
    settings::CacheSettings,
    value::SystemId,
};

use super::{
    case::{Case, answer, pass},
    oracle::{ALLOWANCE, SURE, key},
};

/// Longer than anything that was told takes to be heard, and recalls reach into the future.
const HEARD_MS: u64 = 1_000;

fn sharing() -> Case {
    Case::start(2, true, CacheSettings::default())
}

fn change(case: &Case, keys: Option<std::ops::Range<usize>>) -> Change {
    change_of("Product", case, keys)
}

fn change_of(entity: &str, case: &Case, keys: Option<std::ops::Range<usize>>) -> Change {
    let entity = case.world.contract.type_names[entity];
    Change { system: SystemId(0), entity, keys: keys.map(|keys| keys.map(key).collect()) }
}

/// Asks one process, and returns of how many keys the owner was asked for it.
async fn asked(case: &Case, n: usize, question: Question) -> usize {
    case.asked();
    answer(&case.fleet.process(n).cache, question, &Demand::default()).await;
    case.asked().into_iter().sum()
}

async fn recall(case: &Case, n: usize, keys: Option<std::ops::Range<usize>>) -> bool {
    let cache: Cache = case.fleet.process(n).cache.clone();
    cache.recall(&change(case, keys)).await
}

#[tokio::test(start_paused = true)]
async fn what_one_process_hears_is_taken_back_in_the_memory_of_all() {
    let case = sharing();
    pass(HEARD_MS).await;
    asked(&case, 1, case.question("held", 0..3)).await;
    assert_eq!(asked(&case, 1, case.question("held", 0..3)).await, 0);
    assert!(recall(&case, 0, Some(0..1)).await);
    pass(HEARD_MS).await;
    assert_eq!(asked(&case, 1, case.question("held", 0..3)).await, 1);
    assert!(recall(&case, 0, None).await);
    pass(HEARD_MS).await;
    assert_eq!(asked(&case, 1, case.question("held", 0..3)).await, 3);
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_recalled_unheard_is_asked_again() {
    let case = sharing();
    let redis = Arc::clone(case.fleet.redis.as_ref().expect("they share"));
    pass(HEARD_MS).await;
    for lose in [&(|| redis.trim(0)) as &dyn Fn(), &|| redis.garble(), &|| redis.restart()] {
        asked(&case, 1, case.question("held", 0..3)).await;
        assert_eq!(asked(&case, 1, case.question("held", 0..3)).await, 0);
        lose();
        pass(HEARD_MS).await;
        assert_eq!(asked(&case, 1, case.question("held", 0..3)).await, 3);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_kept_before_others_were_heard_is_not_believed() {
    let case = sharing();
    // By a clock that is behind it hears nobody.
    case.fleet.restart(1, -1_000);
    asked(&case, 1, case.question("held", 0..3)).await;
    case.world.change(|conditions| conditions.takes_ms = Some((1_500, 0)));
    let (late, process) = (case.question("held", 3..4), case.fleet.process(1));
    let slow = tokio::spawn(async move { answer(&process.cache, late, &Demand::default()).await });
    pass(100).await;
    assert!(recall(&case, 0, Some(0..1)).await && recall(&case, 0, Some(3..4)).await);
    case.fleet.process(1).clock.set_off(0);
    slow.await.expect("it is answered");
    pass(HEARD_MS).await;
    assert_eq!(asked(&case, 1, case.question("held", 0..1)).await, 1, "memory is forgotten");
    assert_eq!(asked(&case, 1, case.question("held", 3..4)).await, 1, "what was on its way then is not kept");
}

#[tokio::test(start_paused = true)]
async fn what_a_snapshot_brings_back_is_not_believed_by_who_heard_before() {
    let case = sharing();
    let redis = Arc::clone(case.fleet.redis.as_ref().expect("they share"));
    asked(&case, 0, case.question("held", 0..3)).await;
    pass(HEARD_MS).await;
    redis.take_snapshot();
    assert!(recall(&case, 0, Some(0..1)).await);
    pass(HEARD_MS).await;
    case.fleet.restart(1, 0);
    pass(HEARD_MS).await;
    redis.restore(0, false);
    pass(HEARD_MS).await;
    assert_eq!(asked(&case, 1, case.question("held", 0..1)).await, 1, "its recall went with what came after");
}

/// A replica that takes over has what was heard last, and not what followed it.
#[tokio::test(start_paused = true)]
async fn what_was_told_to_a_keeper_that_is_gone_is_missed() {
    let case = sharing();
    let redis = Arc::clone(case.fleet.redis.as_ref().expect("they share"));
    pass(HEARD_MS).await;
    asked(&case, 1, case.question("held", 0..3)).await;
    pass(HEARD_MS).await;
    redis.take_snapshot();
    assert!(recall(&case, 0, Some(0..1)).await);
    // Before the other has heard it.
    redis.restore(0, false);
    pass(HEARD_MS).await;
    assert_eq!(asked(&case, 1, case.question("held", 0..1)).await, 1);
}

/// Has a process ask for what a feed follows, and returns how much of it is asked again after its bound has passed and the
/// feed has said this of a window: since when it followed and what it knows, from when was asked.
async fn asked_after(window_ms: (i64, i64)) -> usize {
    let case = Case::alone();
    let (cache, clock) = (case.cache(), case.fleet.process(0).clock.clone());
    pass(HEARD_MS).await;
    let asked_ms = clock.now_ms();
    asked(&case, 0, case.question(SURE, 0..1)).await;
    pass(2 * HEARD_MS).await;
    let window_ms = (asked_ms + window_ms.0, asked_ms + window_ms.1);
    let sure = vec![case.world.group(SURE)];
    cache.confirm(Confirmation::by_complete_feed(SystemId(0), sure, window_ms)).await;
    asked(&case, 0, case.question(SURE, 0..1)).await
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_before_the_feed_followed_is_not_confirmed() {
    let allowance_ms = ALLOWANCE.as_millis() as i64;
    assert_eq!(asked_after((-1_000, 2_000)).await, 0);
    assert_eq!(asked_after((1_000, 2_000)).await, 1);
    assert_eq!(asked_after((-allowance_ms / 2, 2_000)).await, 1, "by another clock it was asked before");
}

#[tokio::test(start_paused = true)]
async fn who_claims_to_know_the_future_is_not_believed() {
    assert_eq!(asked_after((-1_000, 20_000)).await, 1);
}

/// What was recalled before a process heard the others may still stand in a Redis that forgot its recall.
#[tokio::test(start_paused = true)]
async fn what_was_asked_before_others_were_heard_is_not_confirmed() {
    let case = sharing();
    let redis = Arc::clone(case.fleet.redis.as_ref().expect("they share"));
    let clock = case.fleet.process(0).clock.clone();
    let followed_ms = clock.now_ms();
    pass(HEARD_MS).await;
    asked(&case, 0, case.question(SURE, 0..1)).await;
    pass(100).await;
    redis.take_snapshot();
    assert!(case.cache().recall(&change_of("Stocked", &case, Some(0..1))).await);
    case.fleet.restart(1, 0);
    pass(2 * HEARD_MS).await;
    redis.bring_back_entries();
    let window_ms = (followed_ms, clock.now_ms());
    let sure = vec![case.world.group(SURE)];
    case.cache().confirm(Confirmation::by_complete_feed(SystemId(0), sure, window_ms)).await;
    pass(100).await;
    assert_eq!(asked(&case, 1, case.question(SURE, 0..1)).await, 1);
}

/// What is confirmed is what was not recalled: where that is forgotten, nothing is.
#[tokio::test(start_paused = true)]
async fn what_may_have_been_recalled_long_ago_is_not_confirmed() {
    let case = sharing();
    let redis = Arc::clone(case.fleet.redis.as_ref().expect("they share"));
    pass(HEARD_MS).await;
    let cache = case.cache();
    let sure = case.world.group(SURE);
    let clock = case.fleet.process(0).clock.clone();
    let followed_ms = clock.now_ms();
    pass(HEARD_MS).await;
    asked(&case, 0, case.question(SURE, 0..1)).await;
    pass(100).await;
    redis.take_snapshot();
    let confirm = async || {
        let window_ms = (followed_ms, clock.now_ms());
        cache.confirm(Confirmation::by_complete_feed(SystemId(0), vec![sure], window_ms)).await;
    };
    for _ in 0..20 {
        pass(HEARD_MS).await;
        confirm().await;
        assert_eq!(asked(&case, 0, case.question(SURE, 0..1)).await, 0, "it is confirmed");
    }
    assert!(cache.recall(&change_of("Stocked", &case, Some(0..1))).await);
    pass(70_000).await;
    let at_ms = clock.now_ms();
    cache.recall_until(&change_of("Stocked", &case, Some(1..100_001)), at_ms);
    // As a Redis that lost what it was told, and nobody noticed.
    redis.bring_back_entries();
    pass(ALLOWANCE.as_millis() as u64).await;
    confirm().await;
    assert_eq!(asked(&case, 0, case.question(SURE, 0..1)).await, 1, "whether it was recalled is forgotten");
}

/// An answer that was given before a change is told of as it was asked for, though all that did not change was confirmed since.
#[tokio::test(start_paused = true)]
async fn what_was_recalled_is_no_younger_by_what_is_confirmed_since() {
    let case = Case::alone();
    let (cache, clock, sure) = (case.cache(), case.fleet.process(0).clock.clone(), case.world.group(SURE));
    let followed_ms = clock.now_ms();
    pass(HEARD_MS).await;
    let brought = case.ask(SURE, 0..2).await.brought;
    let Brought::Records(records) = brought else { panic!("records were asked for") };
    let stamps: Vec<_> = records.iter().map(|record| record.as_ref().expect("it is there").stamp).collect();
    pass(HEARD_MS).await;
    assert!(cache.recall(&change_of("Stocked", &case, Some(0..1))).await);
    pass(HEARD_MS).await;
    let known_ms = clock.now_ms();
    cache.confirm(Confirmation::by_complete_feed(SystemId(0), vec![sure], (followed_ms, known_ms))).await;
    let since_ms = |number: usize, is_known: bool| {
        let key = key(number);
        cache.life((Asked::Group(sure), is_known.then_some(&key)), &stamps[number], false, clock.now_ms()).since_ms
    };
    assert_eq!(since_ms(0, true), stamps[0].started_ms, "it was recalled");
    assert_eq!(since_ms(1, true), known_ms, "it was not");
    assert_eq!(since_ms(1, false), stamps[1].started_ms, "nobody can tell");
}

/// While a question is looked for elsewhere, recalls may be forgotten: what was taken before that is no older by it.
#[tokio::test(start_paused = true)]
async fn each_place_is_as_old_as_it_was_when_it_was_judged() {
    let case = sharing();
    let (cache, clock, sure) = (case.cache(), case.fleet.process(0).clock.clone(), case.world.group(SURE));
    let followed_ms = clock.now_ms();
    pass(HEARD_MS).await;
    asked(&case, 0, case.question(SURE, 0..1)).await;
    pass(3 * HEARD_MS).await;
    asked(&case, 1, case.question(SURE, 1..2)).await;
    // Until it stands in Redis.
    pass(100).await;
    let known_ms = clock.now_ms();
    cache.confirm(Confirmation::by_complete_feed(SystemId(0), vec![sure], (followed_ms, known_ms))).await;
    case.asked();
    let put_ms = clock.now_ms();
    let Asking::Waiting(waiting) = cache.ask(vec![case.question(SURE, 0..2)], &Demand::default()).remove(0) else {
        panic!("Redis has one of them");
    };
    cache.recall_until(&change(&case, Some(1_000..26_000)), clock.now_ms());
    let answer = waiting.await;
    assert_eq!((case.asked(), answer.levels.memory, answer.levels.shared), (vec![], 1, 1));
    let max_age_ms = case.world.contract.domain(case.world.contract.group(sure).domain).max_age.as_millis() as i64;
    assert!(answer.freshness.since_ms.is_some_and(|since_ms| since_ms >= put_ms - max_age_ms), "{answer:?}");
}
