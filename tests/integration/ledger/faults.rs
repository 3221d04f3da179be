//! The ledger is full, locked, missing or down: whoever notes something does not notice, an operator does, and it recovers.

use std::{
    net::SocketAddr,
    str::FromStr,
    time::{Duration, Instant},
};

use freehold::{
    ledger::{Ledger, LedgerAddress, LedgerParts},
    settings::LedgerSettings,
    telemetry::Telemetry,
};
use sqlx::{ConnectOptions, Executor, sqlite::SqliteConnectOptions};

use super::place::{Place, all, metric, observed, until, until_metric};
use crate::common::{
    fault_proxy::{Fault, FaultProxy},
    postgres::Server,
};

const AWAY: &str = "freehold_ledger_connected 0";
const THERE: &str = "freehold_ledger_connected 1";

async fn open(url: &str) -> (Ledger, Telemetry) {
    let telemetry = Telemetry::new();
    let address = LedgerAddress::parse(url).expect("an address");
    let settings = LedgerSettings { written_every: Duration::from_millis(5), ..LedgerSettings::default() };
    let parts = LedgerParts { address, route: None, telemetry: telemetry.clone() };
    (Ledger::open(parts, &settings).await.expect("a ledger, there or not"), telemetry)
}

/// Whether this process has a file open.
fn is_open(file: &str) -> bool {
    let open = std::fs::read_dir("/proc/self/fd").expect("the process has files").flatten();
    open.filter_map(|one| std::fs::read_link(one.path()).ok()).any(|to| to.to_string_lossy().starts_with(file))
}

/// Notes many things, and that it took no time.
fn note_at_once(ledger: &Ledger, n: i64) {
    let begun = Instant::now();
    (0..n).for_each(|n| ledger.note(observed(&format!("K{n}"), n, &["HOLD"])));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_locked_file_holds_up_nobody_and_is_written_when_it_is_free() {
    let place = Place::sqlite();
    let (ledger, telemetry) = open(&place.url).await;
    until_metric(&telemetry, THERE).await;
    let options = SqliteConnectOptions::from_str(&place.url).expect("an address");
    let mut other = options.connect().await.expect("a connection");
    other.execute("begin exclusive").await.expect("the lock");
    note_at_once(&ledger, 100);
    until_metric(&telemetry, AWAY).await;
    note_at_once(&ledger, 200);
    other.execute("rollback").await.expect("the lock is given back");
    until("all is written", || async { all(ledger.store()).await.len() == 200 }).await;
    until_metric(&telemetry, THERE).await;
    assert_eq!(metric(&telemetry, "freehold_ledger_observations_total{outcome=\"failed\"}"), 0);
    assert_eq!(metric(&telemetry, "freehold_ledger_observations_total{outcome=\"recorded\"}"), 300);
}

#[tokio::test]
async fn a_folder_that_is_missing_at_the_start_is_used_once_it_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = folder.path().join("later");
    let (ledger, telemetry) = open(&format!("sqlite:{}/ledger.db", missing.display())).await;
    note_at_once(&ledger, 10);
    until_metric(&telemetry, AWAY).await;
    std::fs::create_dir(&missing).expect("a folder");
    until_metric(&telemetry, THERE).await;
    until("all is written", || async { all(ledger.store()).await.len() == 10 }).await;
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(missing.join("ledger.db")).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_full_disk_loses_nothing_that_fits_the_queue() {
    let place = Place::sqlite();
    place.after([observed("K0", 0, &["HOLD"])]).await;
    // What is written goes to the log beside the file first, and on this device there is never any room.
    let file = place.url.trim_start_matches("sqlite:").to_owned();
    // Whoever closes it last deletes the log, the link too.
    until("it is closed", || async { !is_open(&file) }).await;
    let log = format!("{file}-wal");
    let _ = std::fs::remove_file(&log);
    std::os::unix::fs::symlink("/dev/full", &log).expect("a link");
    let (ledger, telemetry) = open(&place.url).await;
    note_at_once(&ledger, 10);
    let failed = "freehold_ledger_failures_total{operation=\"reach\",code=\"LEDGER_AWAY\"}";
    until("it is full", || async { metric(&telemetry, failed) > 0 }).await;
    let _ = std::fs::remove_file(&log);
    until("all is written", || async { all(&place.store()).await.len() == 10 }).await;
    until_metric(&telemetry, THERE).await;
    assert_eq!(metric(&telemetry, "freehold_ledger_observations_total{outcome=\"failed\"}"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_is_written_to_when_it_is_back() {
    let server = Server::start();
    let url = server.create_database();
    let (ledger, telemetry) = open(&url).await;
    note_at_once(&ledger, 10);
    until("all is written", || async { all(ledger.store()).await.len() == 10 }).await;
    server.kill();
    note_at_once(&ledger, 30);
    until_metric(&telemetry, AWAY).await;
    assert!(ledger.exceptions(&Default::default(), &freehold::ledger::Page::first(1)).await.is_err());
    server.restart();
    until_metric(&telemetry, THERE).await;
    until("all is written", || async { all(ledger.store()).await.len() == 30 }).await;
    assert_eq!(metric(&telemetry, "freehold_ledger_observations_total{outcome=\"failed\"}"), 0);
}

#[tokio::test]
async fn a_server_that_answers_nothing_is_given_up_and_tried_again() {
    let place = Place::postgres();
    let (before, path) = place.url.rsplit_once('/').expect("a path");
    let server: SocketAddr = before.rsplit_once('@').expect("a host").1.parse().expect("an address");
    let proxy = FaultProxy::start(server).await;
    let (ledger, telemetry) = open(&format!("postgres://freehold@{}/{path}", proxy.address())).await;
    until_metric(&telemetry, THERE).await;
    proxy.set(Fault::HalfOpen);
    note_at_once(&ledger, 10);
    until_metric(&telemetry, AWAY).await;
    proxy.set(Fault::None);
    until_metric(&telemetry, THERE).await;
    let store = place.store();
    until("all is written", || async { all(&store).await.len() == 10 }).await;
}

#[tokio::test]
async fn a_queue_that_is_full_drops_and_counts() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ledger, telemetry) = open(&format!("sqlite:{}/missing/ledger.db", folder.path().display())).await;
    let n_noted = 15_000;
    note_at_once(&ledger, n_noted);
    ledger.close(Duration::from_secs(5)).await;
    let count = |outcome| metric(&telemetry, &format!("freehold_ledger_observations_total{{outcome=\"{outcome}\"}}"));
    assert_eq!((count("recorded"), count("failed") + count("dropped")), (0, 15_000));
    assert!((4_000..=5_000).contains(&count("dropped")), "{}", count("dropped"));
}

#[tokio::test]
async fn what_the_ledger_does_not_accept_takes_nothing_else_with_it() {
    let place = Place::sqlite();
    place.store().prepare().await.expect("tables");
    place
        .run("create trigger refuse before insert on exception when new.code = 'BAD' begin select raise(abort, 'no'); end")
        .await;
    let (ledger, telemetry) = open(&place.url).await;
    (0..20).for_each(|n| ledger.note(observed(&format!("K{n}"), n, &[if n == 7 { "BAD" } else { "HOLD" }])));
    ledger.close(Duration::from_secs(20)).await;
    assert_eq!(all(ledger.store()).await.len(), 19);
    assert_eq!(metric(&telemetry, "freehold_ledger_observations_total{outcome=\"failed\"}"), 1);
}

#[tokio::test]
async fn a_ledger_that_is_emptied_gets_its_tables_again() {
    let place = Place::postgres();
    let (ledger, _) = open(&place.url).await;
    ledger.note(observed("K1", 1, &["HOLD"]));
    until("it is written", || async { all(ledger.store()).await.len() == 1 }).await;
    place.run("drop schema public cascade; create schema public").await;
    // The first finds out, and what is noted from then on is kept.
    let mut n = 1;
    until("it is written again", || {
        n += 1;
        ledger.note(observed(&format!("K{n}"), n, &["HOLD"]));
        async {
            ledger
                .exceptions(&Default::default(), &freehold::ledger::Page::first(1))
                .await
                .is_ok_and(|p| !p.rows.is_empty())
        }
    })
    .await;
}
