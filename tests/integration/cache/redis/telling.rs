//! What one process tells all, over real servers: a recall at one is seen in the memory of another, whatever happened to
//! Redis in between.

use std::{sync::Arc, time::Duration};

use freehold::{
    cache::Change,
    value::{Key, SystemId, TypeId},
};

use super::{Process, Setup, keys, truth::Truth, until};
use crate::common::redis::{Cluster, Server, Watched, rights};

/// What is kept may be served for so long: far longer than any of these tests takes.
const LASTING: Duration = Duration::from_secs(300);

/// Processes that keep in memory, and what they say.
struct Pair {
    a: Process,
    b: Process,
    truth: Arc<Truth>,
}

impl Pair {
    async fn start(url: &str) -> Self {
        let truth = Truth::new(LASTING);
        let setup = Setup { memory_bytes_max: 10_000_000, ..Setup::default() };
        let (a, b) = (setup.process(url, &truth).await, setup.process(url, &truth).await);
        let pair = Self { a, b, truth };
        pair.until_followed().await;
        pair
    }

    async fn until_followed(&self) {
        until("both follow", || {
            [&self.a, &self.b].iter().all(|process| process.counted("freehold_stream_connected 1"))
        })
        .await;
    }

    /// Has the second process keep a key in memory.
    async fn keep(&self, key: &Key) {
        loop {
            let before = self.b.owner.n_asked();
            self.b.ask(std::slice::from_ref(key)).await;
            if self.b.owner.n_asked() == before {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Changes a key, of which the first process hears. Returns whether Redis took note.
    async fn change(&self, key: &Key) -> bool {
        self.truth.change(key);
        let change = Change { system: SystemId(0), entity: TypeId(0), keys: Some(vec![key.clone()]) };
        self.a.cache.recall(&change).await
    }

    /// Waits until the second process sees what is true.
    async fn until_seen(&self, key: &Key) {
        let begun = std::time::Instant::now();
        while self.b.ask(std::slice::from_ref(key)).await != [self.truth.version(key)] {
            assert!(begun.elapsed() < super::PATIENCE, "{}", self.b.telemetry.metrics_text());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until a change at the first is seen at the second, once more.
    async fn tells(&self, key: &Key) {
        self.until_followed().await;
        self.keep(key).await;
        assert!(self.change(key).await, "Redis takes note");
        self.until_seen(key).await;
    }

    async fn until_gap(&self, reason: &str) {
        let gaps = format!("freehold_stream_gaps_total{{reason=\"{reason}\"}}");
        until("the gap is noticed", || self.b.counted(&gaps)).await;
    }
}

#[tokio::test]
async fn a_recall_at_one_process_is_seen_in_the_memory_of_another() {
    let server = Server::start();
    let (pair, keys) = (Pair::start(&server.url()).await, keys(2));
    pair.tells(&keys[0]).await;
    pair.keep(&keys[1]).await;
    pair.tells(&keys[0]).await;
    let before = pair.b.owner.n_asked();
    pair.b.ask(&keys[1..]).await;
    let metrics = || pair.b.telemetry.metrics_text();
    assert_eq!(pair.b.owner.n_asked(), before, "what did not change is still kept: {}", metrics());
    assert!(pair.b.counted("freehold_stream_messages_total"));
}

#[tokio::test]
async fn what_is_told_while_redis_is_killed_is_seen_when_it_is_back() {
    let server = Server::start();
    let (pair, keys) = (Pair::start(&server.url()).await, keys(3));
    for key in &keys {
        pair.keep(key).await;
    }
    server.run(&["save"]);
    // The snapshot knows nothing of this, nor may the other process by the time that it is gone.
    assert!(pair.change(&keys[0]).await);
    server.kill();
    until("it is noticed", || !pair.a.redis.is_in_use()).await;
    assert!(!pair.change(&keys[1]).await, "Redis cannot take note");
    server.restart();
    pair.until_seen(&keys[0]).await;
    pair.until_seen(&keys[1]).await;
    pair.until_gap("replaced").await;
    pair.tells(&keys[2]).await;
}

#[tokio::test]
async fn a_stream_that_was_trimmed_emptied_or_written_by_others_is_a_gap() {
    let server = Server::start();
    let (pair, keys) = (Pair::start(&server.url()).await, keys(3));
    let stream = server.run(&["keys", "*:told:*"]);
    pair.keep(&keys[0]).await;
    server.run(&["xadd", &stream, "*", "m", "garbage"]);
    pair.until_gap("unreadable").await;
    pair.tells(&keys[0]).await;
    server.run(&["xtrim", &stream, "maxlen", "0"]);
    pair.until_gap("trimmed").await;
    pair.tells(&keys[1]).await;
    server.run(&["flushall"]);
    pair.tells(&keys[2]).await;
    server.run(&["del", &stream]);
    server.run(&["set", &stream, "no stream"]);
    until("it is not followed", || !pair.b.counted("freehold_stream_connected 1")).await;
    server.run(&["del", &stream]);
    pair.tells(&keys[2]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_told_in_a_cluster_outlives_a_primary() {
    let cluster = Cluster::start();
    let (pair, keys) = (Pair::start(&cluster.url()).await, keys(2));
    pair.tells(&keys[0]).await;
    pair.keep(&keys[1]).await;
    let holds = |server: &&Server| server.run(&["keys", "*:told:*"]).contains(":told:");
    cluster.primaries().into_iter().find(holds).expect("one has the stream").kill();
    until("it is noticed", || !pair.b.counted("freehold_stream_connected 1")).await;
    pair.change(&keys[1]).await;
    cluster.wait_until_whole();
    pair.until_seen(&keys[1]).await;
    pair.until_gap("replaced").await;
    pair.a.wait_until_in_use().await;
    pair.tells(&keys[0]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_told_is_heard_wherever_the_sentinel_says_the_primary_is() {
    let watched = Watched::start();
    let (pair, keys) = (Pair::start(&watched.url()).await, keys(2));
    pair.tells(&keys[0]).await;
    pair.keep(&keys[1]).await;
    watched.primary.kill();
    until("it is noticed", || !pair.b.counted("freehold_stream_connected 1")).await;
    pair.change(&keys[1]).await;
    pair.until_seen(&keys[1]).await;
    pair.until_gap("replaced").await;
    pair.a.wait_until_in_use().await;
    pair.tells(&keys[0]).await;
}

#[tokio::test]
async fn an_account_needs_no_more_than_what_the_readme_gives_it() {
    let server = Server::start_for("app", "p@ss", &rights());
    let url = format!("redis://app:p%40ss@127.0.0.1:{}", server.port);
    let pair = Pair::start(&url).await;
    for key in &keys(3) {
        pair.tells(key).await;
    }
    pair.a.wait_until_shared(&keys(100)).await;
    for process in [&pair.a, &pair.b] {
        assert!(!process.counted("freehold_redis_failures_total"), "{}", process.telemetry.metrics_text());
    }
}
