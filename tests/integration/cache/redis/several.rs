//! Several servers: a cluster, and a primary behind a sentinel.

use std::{sync::Arc, time::Duration};

use super::{Setup, failing::Load, keys, truth::Truth, until};
use crate::common::redis::{Cluster, Watched};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_is_read_in_one_wave_and_outlives_a_primary() {
    let max_age = Duration::from_secs(2);
    let (cluster, truth) = (Cluster::start(), Truth::new(max_age));
    let long = Duration::from_secs(300);
    let everywhere = keys(300);
    let lasting = Truth::new(long);
    let (a, b) = (
        Setup { max_age: long, ..Setup::default() }.process(&cluster.url(), &lasting).await,
        Setup { max_age: long, ..Setup::default() }.process(&cluster.url(), &lasting).await,
    );
    a.wait_until_shared(&everywhere).await;
    assert_eq!(b.ask(&everywhere).await, vec![0; 300]);
    assert_eq!(b.owner.n_asked(), 0);
    let held = cluster.primaries().into_iter().filter(|server| !server.names().is_empty());
    assert_eq!(held.count(), 3, "the keys are on all servers");
    drop((a, b));

    let setup = Setup { max_age, ..Setup::default() };
    let processes =
        [Arc::new(setup.process(&cluster.url(), &truth).await), Arc::new(setup.process(&cluster.url(), &truth).await)];
    let load = Load::begin(&processes, &truth);
    load.go_on(50).await;
    cluster.primaries()[0].kill();
    until("it is noticed", || processes.iter().all(|process| !process.redis.is_in_use())).await;
    load.go_on(50).await;
    for process in &processes {
        process.wait_until_in_use().await;
    }
    cluster.wait_until_whole();
    load.go_on(50).await;
    load.end().await;
    processes[0].wait_until_shared(&everywhere).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_sentinel_says_the_primary_is_processes_share() {
    let max_age = Duration::from_secs(2);
    let (watched, truth) = (Watched::start(), Truth::new(max_age));
    let setup = Setup { max_age, ..Setup::default() };
    let processes =
        [Arc::new(setup.process(&watched.url(), &truth).await), Arc::new(setup.process(&watched.url(), &truth).await)];
    processes[0].wait_until_shared(&keys(7)).await;
    let load = Load::begin(&processes, &truth);
    load.go_on(50).await;
    watched.primary.kill();
    until("it is noticed", || processes.iter().all(|process| !process.redis.is_in_use())).await;
    for process in &processes {
        process.wait_until_in_use().await;
    }
    load.go_on(50).await;
    load.end().await;
    assert!(watched.replica.run(&["role"]).starts_with("master"));
    processes[0].wait_until_shared(&keys(7)).await;
}
