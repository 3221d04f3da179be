//! The complete feed of a run: it tells every change of what it follows, in order, by whichever process has its slot, and
//! confirms what did not change. It is slow, stops, goes on from where it was confirmed, and confirms nothing that not all
//! were told. Where they cannot be told it gives that up after a while, and then vouches for nothing that was asked by then.

use std::{sync::Arc, time::Duration};

use freehold::{
    cache::{Change, Confirmation},
    fetch::Clock,
    value::SystemId,
};
use tokio::time::{Instant, sleep};

use super::{
    fleet::{Fleet, N_KEYS, Process, key},
    world::{SURE, spot},
};

/// Feeds for as long as it is let.
pub async fn run(fleet: Arc<Fleet>) {
    // Up to when all changes are confirmed to be taken in. The owner's position is the true time of a commit.
    let mut confirmed_ms = fleet.world.time.now_ms();
    loop {
        let n = fleet.world.random().below(fleet.len());
        let process = fleet.process(n);
        confirmed_ms = follow(&fleet, n, &process, confirmed_ms).await;
        let pause_ms = fleet.world.random().below(150) as u64;
        sleep(Duration::from_millis(pause_ms)).await;
    }
}

/// Feeds through one process until that ends, or something was not taken note of. Returns up to when all is confirmed.
async fn follow(fleet: &Fleet, n: usize, process: &Arc<Process>, mut confirmed_ms: i64) -> i64 {
    let (world, cache) = (&fleet.world, &process.cache);
    let mut delivered_ms = confirmed_ms;
    let mut held: Option<Instant> = None;
    cache.forget_all();
    let mut followed_ms = process.clock.now_ms();
    let (n_turns, held_ms_max) = {
        let mut random = world.random();
        // At once, too: what the others keep is then of use for long.
        let gives_up_at_once = random.percent(30);
        (random.between(20, 300), if gives_up_at_once { 0 } else { random.between(200, 4_000) })
    };
    for _ in 0..n_turns {
        let (asked_ms, written_ms) = (process.clock.now_ms(), world.time.now_ms());
        let takes_ms = {
            let mut random = world.random();
            let is_slow = random.percent(3);
            random.below(if is_slow { 2_000 } else { 120 })
        };
        sleep(Duration::from_millis(takes_ms as u64)).await;
        if !Arc::ptr_eq(process, &fleet.process(n)) {
            return confirmed_ms;
        }
        let behind_ms = world.random().below(100) as i64;
        let until_ms = world.time.now_ms() - behind_ms;
        let sure = world.group(SURE);
        let changed = |number: &usize| {
            let spot = spot(world, sure, key(*number).as_str());
            world.truth.changed(spot, delivered_ms, until_ms)
        };
        let keys: Vec<_> = (0..N_KEYS).filter(changed).map(key).collect();
        if !keys.is_empty() {
            let change = Change { system: SystemId(0), entity: world.contract.type_names["Stocked"], keys: Some(keys) };
            if !cache.recall(&change).await {
                held.get_or_insert_with(Instant::now);
            }
        }
        delivered_ms = delivered_ms.max(until_ms);
        if held.is_some_and(|since| since.elapsed() >= Duration::from_millis(held_ms_max as u64)) {
            held = None;
            followed_ms = process.clock.now_ms();
        }
        if held.is_some() && cache.recalls_are_shared().await {
            return confirmed_ms;
        }
        if held.is_none() {
            confirmed_ms = delivered_ms;
            if delivered_ms >= written_ms {
                let window_ms = (followed_ms, asked_ms);
                cache.confirm(Confirmation::by_complete_feed(SystemId(0), vec![sure], window_ms)).await;
            }
        }
    }
    confirmed_ms
}
