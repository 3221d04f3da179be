//! A Redis that fails: nothing wrong is answered, no answer fails for it, none waits for it twice, and what comes back is
//! used again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use freehold::{
    cache::{Asked, Change, Place, Shared, SharedRecall},
    fetch::{Clock, SystemClock},
    settings::RedisSettings,
    value::{SystemId, TypeId},
};

use super::{GROUP, Process, Setup, keys, truth::Truth, until};
use crate::common::redis::Server;

const LASTING: Duration = Duration::from_secs(300);

/// Has processes ask, and what is true change, until it is told to stop. Every answer is checked.
pub struct Load {
    stop: Arc<AtomicBool>,
    n_answers: Arc<AtomicUsize>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    pub fn begin(processes: &[Arc<Process>], truth: &Arc<Truth>) -> Self {
        let (stop, n_answers) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut tasks = Vec::new();
        for (number, process) in processes.iter().enumerate() {
            let (stop, n_answers, process) = (stop.clone(), n_answers.clone(), process.clone());
            tasks.push(tokio::spawn(async move {
                let keys = keys(40);
                for round in number.. {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    let at = round * 7 % 33;
                    process.ask(&keys[at..at + 7]).await;
                    n_answers.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            }));
        }
        let (stopped, truth) = (stop.clone(), truth.clone());
        tasks.push(tokio::spawn(async move {
            let keys = keys(40);
            for round in 0.. {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                truth.change(&keys[round * 3 % 40]);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }));
        Self { stop, n_answers, tasks }
    }

    /// Waits until so many further answers came.
    pub async fn go_on(&self, n: usize) {
        let goal = self.n_answers.load(Ordering::SeqCst) + n;
        let tasks = &self.tasks;
        until("answers come", || {
            assert!(!tasks.iter().any(tokio::task::JoinHandle::is_finished), "an answer was wrong");
            self.n_answers.load(Ordering::SeqCst) >= goal
        })
        .await;
    }

    pub async fn end(self) {
        self.stop.store(true, Ordering::SeqCst);
        for task in self.tasks {
            task.await.expect("every answer is right");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_killed_in_the_middle_of_load_costs_no_answer_and_is_used_again() {
    let max_age = Duration::from_secs(2);
    let (server, truth) = (Server::start(), Truth::new(max_age));
    let setup = Setup { max_age, ..Setup::default() };
    let processes =
        [Arc::new(setup.process(&server.url(), &truth).await), Arc::new(setup.process(&server.url(), &truth).await)];
    let load = Load::begin(&processes, &truth);
    load.go_on(50).await;
    for _ in 0..2 {
        server.kill();
        until("it is seen to be away", || processes.iter().all(|process| !process.redis.is_in_use())).await;
        load.go_on(50).await;
        server.restart();
        for process in &processes {
            process.wait_until_in_use().await;
        }
        load.go_on(50).await;
    }
    load.end().await;
    processes[0].wait_until_shared(&keys(5)).await;
    assert!(processes[0].counted(r#"freehold_redis_entries_read_total{outcome="found"}"#));
}

#[tokio::test]
async fn a_frozen_redis_costs_one_timeout_and_then_nothing() {
    let (server, truth) = (Server::start(), Truth::new(LASTING));
    let mut setup = Setup::default();
    setup.redis = RedisSettings {
        answer_timeout: Duration::from_millis(500),
        // Clocks are not compared meanwhile, which would notice it before a request does.
        clocks_compared_every: Duration::from_secs(600),
        ..setup.redis
    };
    let process = setup.process(&server.url(), &truth).await;
    let keys = keys(7);
    process.wait_until_shared(&keys).await;
    server.freeze();
    let begun = Instant::now();
    process.ask(&keys).await;
    assert!(begun.elapsed() >= Duration::from_millis(400), "nobody else noticed");
    let begun = Instant::now();
    for _ in 0..40 {
        process.ask(&keys).await;
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "forty timeouts would be 20 s: {:?}", begun.elapsed());
    assert!(process.counted(r#"freehold_redis_failures_total{operation="read",code="TIMEOUT"} 1"#));
    server.thaw();
    process.wait_until_in_use().await;
    process.wait_until_shared(&keys).await;
}

#[tokio::test]
async fn a_redis_that_is_not_there_at_the_start_is_used_once_it_is() {
    let (server, truth) = (Server::start(), Truth::new(LASTING));
    server.kill();
    let process = Setup::default().process_at_once(&server.url(), &truth);
    process.ask(&keys(3)).await;
    until("it was tried", || process.counted(r#"freehold_redis_failures_total{operation="connect""#)).await;
    server.restart();
    process.wait_until_in_use().await;
    process.wait_until_shared(&keys(3)).await;
}

#[tokio::test]
async fn what_was_recalled_while_redis_could_not_be_reached_is_not_read_from_it_later() {
    let (server, truth) = (Server::start(), Truth::new(Duration::ZERO));
    let setup = Setup::default();
    let (a, b) = (setup.process(&server.url(), &truth).await, setup.process(&server.url(), &truth).await);
    let keys = keys(3);
    a.wait_until_shared(&keys).await;
    for name in server.names() {
        server.run(&["persist", &name]);
    }
    server.run(&["save"]);
    server.kill();
    until("it is noticed", || !a.redis.is_in_use() && !b.redis.is_in_use()).await;
    truth.change(&keys[0]);
    a.cache.recall(&Change { system: SystemId(0), entity: TypeId(0), keys: Some(keys[..1].to_vec()) }).await;
    server.restart();
    a.wait_until_in_use().await;
    b.wait_until_in_use().await;
    assert_eq!(b.ask(&keys[..1]).await, [1], "the other process never heard of it");
    b.ask(&keys[1..]).await;
    assert_eq!(b.owner.n_asked(), 1, "what did not change is still shared");
}

#[tokio::test]
async fn a_full_redis_is_read_and_forgets_what_is_recalled() {
    let (server, truth) = (Server::start(), Truth::new(LASTING));
    let process = Setup::default().process(&server.url(), &truth).await;
    let (old, new) = (&keys(6)[..3], &keys(6)[3..]);
    process.wait_until_shared(old).await;
    server.run(&["config", "set", "maxmemory", "1"]);
    process.ask(new).await;
    until("it is full", || process.counted(r#"freehold_redis_failures_total{operation="keep",code="FULL"}"#)).await;
    let before = process.owner.n_asked();
    process.ask(old).await;
    assert_eq!(process.owner.n_asked(), before, "what is there is still read");
    let places: Vec<Place> = old.iter().map(|key| Place::Record(GROUP, key.clone())).collect();
    let at_ms = SystemClock.now_ms();
    let recall = SharedRecall { places: places.clone(), at_ms, remembered: LASTING, ..SharedRecall::default() };
    let is_certain = process.redis.recall(recall).await;
    assert!(!is_certain, "it cannot take note of the recall");
    assert!(process.redis.read(places).await.entries.iter().all(Option::is_none));
    assert!(process.redis.is_in_use());
    server.run(&["config", "set", "maxmemory", "0"]);
    process.wait_until_shared(&keys(6)).await;
}

#[tokio::test]
async fn a_replica_is_no_place_to_keep_anything_and_is_left() {
    let (server, primary, truth) = (Server::start(), Server::start(), Truth::new(LASTING));
    let process = Setup::default().process(&server.url(), &truth).await;
    process.wait_until_shared(&keys(3)).await;
    server.run(&["replicaof", "127.0.0.1", &primary.port.to_string()]);
    until("it follows", || server.run(&["role"]).contains("connected")).await;
    let begun = Instant::now();
    while !process.counted(r#"freehold_redis_failures_total{operation="keep",code="READONLY"}"#) {
        process.ask(&keys(3)).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(begun.elapsed() < super::PATIENCE, "{}", process.telemetry.metrics_text());
    }
    server.run(&["replicaof", "no", "one"]);
    process.wait_until_in_use().await;
    process.wait_until_shared(&keys(3)).await;
}

#[tokio::test]
async fn garbage_under_our_names_is_nothing_and_is_replaced() {
    let (server, truth) = (Server::start(), Truth::new(LASTING));
    let process = Setup::default().process(&server.url(), &truth).await;
    let keys = keys(4);
    process.wait_until_shared(&keys).await;
    let whole = vec![Asked::Group(GROUP)];
    let whole = SharedRecall { whole, at_ms: 1, remembered: LASTING, ..SharedRecall::default() };
    assert!(process.redis.recall(whole).await);
    let mut names = server.names();
    names.sort();
    assert_eq!(names.len(), 5, "{names:?}");
    truth.change(&keys[0]);
    let (entries, whole) = (&names[..4], &names[4]);
    assert!(whole.starts_with("freehold:whole:"), "{whole}");
    server.run(&["set", &entries[0], "garbage"]);
    server.run(&["del", &entries[1]]);
    server.run(&["lpush", &entries[1], "a list"]);
    // An entry that is not its own.
    server.run(&["copy", &entries[3], &entries[2], "replace"]);
    assert_eq!(process.ask(&keys).await, [1, 0, 0, 0]);
    assert!(process.counted(r#"freehold_redis_entries_read_total{outcome="unreadable"} 2"#));
    process.wait_until_shared(&keys).await;
    // Whether the group was recalled cannot be known: it is taken for recalled.
    server.run(&["set", whole, "garbage"]);
    let before = process.owner.n_asked();
    process.ask(&keys).await;
    assert_eq!(process.owner.n_asked(), before + 1);
    process.wait_until_shared(&keys).await;
}

#[tokio::test]
async fn what_a_restored_snapshot_brings_back_is_as_old_as_it_says() {
    let max_age = Duration::from_secs(2);
    let (server, truth) = (Server::start(), Truth::new(max_age));
    let process = Setup { max_age, ..Setup::default() }.process(&server.url(), &truth).await;
    let keys = keys(3);
    process.wait_until_shared(&keys).await;
    for name in server.names() {
        server.run(&["persist", &name]);
    }
    server.run(&["save"]);
    server.kill();
    keys.iter().for_each(|key| truth.change(key));
    tokio::time::sleep(max_age).await;
    server.restart();
    process.wait_until_in_use().await;
    assert_eq!(server.names().len(), 3, "the snapshot was read");
    assert_eq!(process.ask(&keys).await, [1, 1, 1]);
}
