//! One Redis and several processes.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use freehold::{
    cache::{Asked, Brought, Change, Kept, Place, Question, Shared, SharedRecall},
    fetch::{Clock, ListFetch, Page, SystemClock},
    value::{Argument, Key, ListId, SystemId, TypeId},
};

use super::{
    GROUP, PATIENCE, Setup, keys,
    truth::{Truth, record, version},
};
use crate::common::{redis::Server, system::first};

fn place(key: &str) -> Place {
    Place::Record(GROUP, Key::one(key))
}

fn kept(version: u64, started_ms: i64) -> Kept {
    Kept::Record(Arc::new(record(version, started_ms)))
}

const LASTING: Duration = Duration::from_secs(300);

fn recall_of(places: Vec<Place>, at_ms: i64) -> SharedRecall {
    SharedRecall { places, at_ms, remembered: LASTING, ..SharedRecall::default() }
}

/// What another process reads at a place: waits until it is `expected`.
async fn read_becomes(redis: &dyn Shared, key: &str, expected: Option<u64>) {
    let begun = Instant::now();
    loop {
        let read = redis.read(vec![place(key)]).await.entries.remove(0);
        let read = read.map(|kept| match kept {
            Kept::Record(record) => version(&record),
            Kept::Page(page) => panic!("a record, not {page:?}"),
        });
        if read == expected {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{key}: {read:?} and never {expected:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn what_one_process_asked_for_another_does_not_ask_for_again() {
    let (server, truth) = (Server::start(), Truth::new(LASTING));
    let setup = Setup::default();
    let (a, b) = (setup.process(&server.url(), &truth).await, setup.process(&server.url(), &truth).await);
    // More than one command asks for.
    let keys = keys(1_200);
    a.wait_until_shared(&keys).await;
    assert_eq!(b.ask(&keys).await, vec![0; 1_200]);
    assert_eq!(b.owner.n_asked(), 0);
    assert!(b.counted(r#"freehold_redis_entries_read_total{outcome="found"} 1200"#));
}

fn list(category: &str, n_rows: u32) -> Question {
    Question::Pages(ListFetch {
        list: ListId(0),
        arguments: vec![[Argument::One(category.into())].into()],
        window: first(n_rows, None),
        count_up_to: None,
        deadline: Instant::now() + PATIENCE,
    })
}

fn page(brought: Brought) -> Arc<Page> {
    match brought {
        Brought::Pages(mut pages) => pages.remove(0).expect("the owner answers"),
        Brought::Records(_) => panic!("pages were asked for"),
    }
}

#[tokio::test]
async fn a_page_is_shared_with_all_that_it_depends_on() {
    let (server, truth) = (Server::start(), Truth::new(LASTING));
    let setup = Setup::default();
    let (a, b) = (setup.process(&server.url(), &truth).await, setup.process(&server.url(), &truth).await);
    let own = page(a.put(list("bolts", 3)).await.brought);
    super::until("the page stands there", || server.names().len() == 1).await;
    assert_eq!(page(b.put(list("bolts", 3)).await.brought), own);
    assert_eq!(b.owner.n_asked(), 0);
    b.put(list("bolts", 4)).await;
    b.put(list("nuts", 3)).await;
    assert_eq!(b.owner.n_asked(), 2);
}

#[tokio::test]
async fn what_one_process_compresses_another_reads_that_does_not() {
    let truth = Truth::new(LASTING);
    let mut n_bytes = Vec::new();
    for compressed_bytes_min in [None, Some(1_024)] {
        let (server, mut setup) = (Server::start(), Setup::default());
        let b = setup.process(&server.url(), &truth).await;
        setup.redis.compressed_bytes_min = compressed_bytes_min;
        let a = setup.process(&server.url(), &truth).await;
        let own = page(a.put(list("bolts", 200)).await.brought);
        super::until("the page stands there", || server.names().len() == 1).await;
        assert_eq!(page(b.put(list("bolts", 200)).await.brought), own);
        assert_eq!(b.owner.n_asked(), 0);
        n_bytes.push(server.run(&["strlen", &server.names()[0]]).parse::<usize>().expect("a length"));
    }
    assert!(n_bytes[1] * 3 < n_bytes[0] * 2, "{n_bytes:?}");
}

#[tokio::test]
async fn only_what_was_asked_later_replaces_what_stands_there() {
    let (server, truth) = (Server::start(), Truth::new(LASTING));
    let process = Setup::default().process(&server.url(), &truth).await;
    let (redis, now_ms) = (&*process.redis, SystemClock.now_ms());
    let keep = |key: &str, version, started_ms| redis.keep(vec![(place(key), kept(version, started_ms), LASTING)]);
    keep("A", 2, now_ms - 1_000);
    read_becomes(redis, "A", Some(2)).await;
    keep("A", 1, now_ms - 2_000);
    keep("A", 9, now_ms - 1_000);
    // The queue is emptied in order: when this stands there, so would those.
    keep("B", 3, now_ms - 1_000);
    read_becomes(redis, "B", Some(3)).await;
    read_becomes(redis, "A", Some(2)).await;
    assert!(process.counted(r#"freehold_redis_entries_kept_total{outcome="outrun"} 2"#));

    assert!(redis.recall(recall_of(vec![place("A")], now_ms - 500)).await);
    read_becomes(redis, "A", None).await;
    keep("A", 4, now_ms - 500);
    keep("B", 5, now_ms - 500);
    read_becomes(redis, "B", Some(5)).await;
    read_becomes(redis, "A", None).await;
    keep("A", 6, now_ms - 499);
    read_becomes(redis, "A", Some(6)).await;
    // What has been asked since is not taken back by a recall that comes late.
    assert!(redis.recall(recall_of(vec![place("A")], now_ms - 500)).await);
    read_becomes(redis, "A", Some(6)).await;
    // The script is forgotten where a server restarts.
    server.run(&["script", "flush"]);
    keep("A", 7, now_ms);
    read_becomes(redis, "A", Some(7)).await;
    // A clock that was wrong does not keep others from keeping what is right.
    keep("A", 8, now_ms + 3_600_000);
    read_becomes(redis, "A", Some(8)).await;
    keep("A", 9, now_ms + 1);
    read_becomes(redis, "A", Some(9)).await;
}

#[tokio::test]
async fn a_slow_question_that_began_before_a_change_is_not_kept_after_it() {
    let (server, truth) = (Server::start(), Truth::new(LASTING));
    let setup = Setup::default();
    let (a, b) = (setup.process(&server.url(), &truth).await, setup.process(&server.url(), &truth).await);
    let keys = keys(1);
    *a.owner.slow.lock().unwrap() = Duration::from_millis(700);
    let slow = a.ask(&keys);
    let change = async {
        super::until("the owner is asked", || a.owner.n_asked() == 1).await;
        truth.change(&keys[0]);
        // Another process hears of it.
        let change = Change { system: SystemId(0), entity: TypeId(0), keys: Some(keys.clone()) };
        b.cache.recall(&change).await;
    };
    tokio::join!(slow, change);
    // Recalls reach as far into the future as clocks may be apart.
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(b.ask(&keys).await, [1]);
    b.wait_until_shared(&keys).await;
    assert_eq!(b.ask(&keys).await, [1]);
}

#[tokio::test]
async fn a_group_recalled_as_a_whole_is_not_read_any_more() {
    let (server, truth) = (Server::start(), Truth::new(LASTING));
    let setup = Setup::default();
    let (a, b) = (setup.process(&server.url(), &truth).await, setup.process(&server.url(), &truth).await);
    let keys = keys(5);
    a.wait_until_shared(&keys).await;
    keys.iter().for_each(|key| truth.change(key));
    b.cache.recall(&Change { system: SystemId(0), entity: TypeId(0), keys: None }).await;
    assert_eq!(a.ask(&keys).await, vec![1; 5], "the other process reads the recall with the entries");
    let read = a.redis.read(keys.iter().map(|key| Place::Record(GROUP, key.clone())).collect()).await;
    assert!(matches!(read.recalled[..], [(Asked::Group(GROUP), at_ms)] if at_ms > SystemClock.now_ms() - 60_000));
}

#[tokio::test]
async fn one_process_at_a_time_has_the_right_to_ask() {
    let (server, truth) = (Server::start(), Truth::new(LASTING));
    let setup = Setup::default();
    let (a, b) = (setup.process(&server.url(), &truth).await, setup.process(&server.url(), &truth).await);
    let lasting = Duration::from_millis(300);
    assert_eq!(a.redis.lease(vec![place("A"), place("B")], lasting).await, [true, true]);
    let lasting = Duration::from_secs(60);
    super::until("the right ends by itself", || server.names().is_empty()).await;
    assert_eq!(b.redis.lease(vec![place("A")], lasting).await, [true]);
    assert_eq!(a.redis.lease(vec![place("A"), place("B")], lasting).await, [false, true]);
    server.kill();
    let ours = a.redis.lease(vec![place("A"), place("B")], lasting).await;
    assert_eq!(ours, [true, true], "where processes cannot be asked each has the right");
}

#[tokio::test]
async fn what_must_not_share_has_names_of_its_own() {
    let (server, truth) = (Server::start(), Truth::new(LASTING));
    let mut setup = Setup::default();
    let keys = keys(3);
    setup.process(&server.url(), &truth).await.wait_until_shared(&keys).await;
    setup.redis.prefix = "test".to_owned();
    let other = setup.process(&server.url(), &truth).await;
    other.ask(&keys).await;
    assert_eq!(other.owner.n_asked(), 1);
}

#[tokio::test]
async fn a_process_whose_clock_is_wrong_shares_nothing_until_it_is_right() {
    let (server, truth) = (Server::start(), Truth::new(LASTING));
    let keys = keys(3);
    let right = Setup::default().process(&server.url(), &truth).await;
    right.wait_until_shared(&keys).await;
    let wrong = Setup { ahead_ms: 5_000, ..Setup::default() }.process_at_once(&server.url(), &truth);
    super::until("the clocks are compared", || wrong.counted("freehold_clock_offset_seconds 5")).await;
    assert!(!wrong.redis.is_in_use());
    truth.change(&keys[0]);
    assert_eq!(wrong.ask(&keys).await, [1, 0, 0]);
    assert_eq!(right.ask(&keys).await, [0, 0, 0], "what it asked for was not kept");
    wrong.watch.0.store(0, Ordering::SeqCst);
    wrong.wait_until_in_use().await;
    assert_eq!(wrong.ask(&keys).await, [0, 0, 0]);
    right.watch.0.store(-5_000, Ordering::SeqCst);
    super::until("the clock is seen to be wrong", || !right.redis.is_in_use()).await;
}
