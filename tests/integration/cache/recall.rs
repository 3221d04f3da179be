//! What a change takes back.

use std::{sync::Arc, time::Duration};

use freehold::{
    cache::{Change, Demand},
    fetch::Clock,
    settings::CacheSettings,
    value::SystemId,
};

use super::{
    case::{Case, answer, pass},
    oracle::{ALLOWANCE, key},
};

fn change(case: &Case, system: u32, keys: Option<std::ops::Range<usize>>) -> Change {
    let entity = case.world.contract.type_names["Product"];
    Change { system: SystemId(system), entity, keys: keys.map(|keys| keys.map(key).collect()) }
}

#[tokio::test(start_paused = true)]
async fn a_change_recalls_the_records_of_its_system_and_nothing_else() {
    let case = Case::alone();
    case.ask("held", 0..10).await;
    case.ask("copied", 0..10).await;
    case.asked();
    case.cache().recall(&change(&case, 0, Some(0..3))).await;
    pass(500).await;
    case.ask("copied", 0..10).await;
    case.ask("held", 0..10).await;
    assert_eq!(case.asked(), [3]);
    pass(500).await;
    case.ask("held", 0..10).await;
    assert_eq!(case.asked(), [0; 0], "what was asked since is kept again");
    case.cache().recall(&change(&case, 0, None)).await;
    case.ask("held", 0..10).await;
    assert_eq!(case.asked(), [10]);
}

#[tokio::test(start_paused = true)]
async fn lists_are_recalled_with_what_they_list() {
    let case = Case::alone();
    case.ask_list("heldOfCategory", "pumps").await;
    case.ask_list("heldOfCategory", "pumps").await;
    assert_eq!(case.asked(), [1]);
    case.cache().recall(&change(&case, 1, Some(7..8))).await;
    case.ask_list("heldOfCategory", "pumps").await;
    assert_eq!(case.asked(), [0; 0], "another system's change");
    case.cache().recall(&change(&case, 0, Some(7..8))).await;
    case.ask_list("heldOfCategory", "pumps").await;
    assert_eq!(case.asked(), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_fetch_that_began_before_a_change_is_not_kept() {
    let case = Case::start(2, true, CacheSettings::default());
    case.world.change(|conditions| conditions.takes_ms = Some((1_500, 0)));
    let (cache, demand) = (case.cache(), Demand::default());
    let recall = async {
        pass(100).await;
        cache.recall(&change(&case, 0, Some(0..1))).await;
    };
    let ((), slow) = tokio::join!(recall, answer(&cache, case.question("held", 0..2), &demand));
    pass(1_000).await;
    assert_eq!(slow.n_asked, 1, "who asked before the change gets what was asked then");
    case.asked();
    for n in 0..2 {
        answer(&case.fleet.process(n).cache, case.question("held", 0..2), &demand).await;
        pass(100).await;
    }
    assert_eq!(case.asked(), [1], "the one that changed, for both processes");
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_is_joined_after_a_change_is_not_believed() {
    let case = Case::alone();
    case.world.change(|conditions| conditions.takes_ms = Some((1_500, 0)));
    let (cache, demand) = (case.cache(), Demand::default());
    let joins = async {
        pass(100).await;
        cache.recall(&change(&case, 0, Some(0..1))).await;
        pass(100).await;
        answer(&cache, case.question("held", 0..1), &demand).await
    };
    let (_, joined) = tokio::join!(answer(&cache, case.question("held", 0..1), &demand), joins);
    assert_eq!((joined.n_asked, case.asked()), (2, vec![1, 1]));
}

/// A recall is forgotten when nothing older can be on its way: by then nothing that it took back may be left.
#[tokio::test(start_paused = true)]
async fn what_was_recalled_does_not_come_again_when_the_recall_is_forgotten() {
    let case = Arc::new(Case::alone());
    case.ask("held", [0]).await;
    case.world.change(|conditions| conditions.takes_ms = Some((1_500, 0)));
    let slow = tokio::spawn({
        let case = Arc::clone(&case);
        async move { case.ask("held", [1]).await }
    });
    pass(100).await;
    case.cache().recall(&change(&case, 0, Some(0..2))).await;
    slow.await.expect("it is answered");
    pass(70_000).await;
    // As many others as are remembered: of four groups.
    let at_ms = case.fleet.process(0).clock.now_ms();
    case.cache().recall_until(&change(&case, 0, Some(1_000..26_000)), at_ms);
    case.asked();
    case.ask("held", 0..2).await;
    assert_eq!(case.asked(), [2]);
}

/// Places are remembered up to a bound; beyond it whole groups are recalled rather than anything forgotten.
#[tokio::test(start_paused = true)]
async fn more_recalls_than_are_remembered_recall_everything() {
    let case = Arc::new(Case::alone());
    case.world.change(|conditions| conditions.takes_ms = Some((1_900, 0)));
    let slow = tokio::spawn({
        let case = Arc::clone(&case);
        async move { case.ask("held", [0]).await }
    });
    pass(100).await;
    let at_ms = case.fleet.process(0).clock.now_ms();
    case.cache().recall_until(&change(&case, 0, Some(0..100_001)), at_ms);
    slow.await.expect("it is answered");
    case.world.change(|conditions| conditions.takes_ms = Some((10, 0)));
    pass(ALLOWANCE.as_millis() as u64 + 1).await;
    case.asked();
    case.ask("held", [0]).await;
    assert_eq!(case.asked(), [1], "it was recalled first, and forgotten with the first");
    tokio::time::sleep(Duration::from_millis(10)).await;
    case.ask("held", [0]).await;
    assert_eq!(case.asked(), [0; 0]);
}
