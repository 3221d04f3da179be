//! Replication: everything that is committed is seen, also what was committed while nobody was there.

use std::time::{Duration, Instant};

use freehold::{source::Replica, value::SystemId};
use sqlx::PgConnection;

use super::rig::{Rig, connect, run, until};
use crate::common::{
    fault_proxy::{Fault, FaultProxy},
    postgres::Server,
    redis::Server as Redis,
};

const TABLE: &str =
    "create table item (item_no text primary key, sku text generated always as (item_no) stored, name text);
insert into item (item_no, name) values ('A', 'one'), ('B', 'one'), ('C', 'one');";

const REPLICATION: &str = r#"
[changes.replication]
slot = "freehold"
publication = "changes"
create_slot = true
tables = { item = { type = "Product", key = { sku = "item_no" } } }
"#;

/// Makes a database with the table, published; returns its address and its owner.
async fn published(server: &Server) -> (String, PgConnection) {
    let url = server.create_database();
    let mut owner = connect(&url).await;
    run(&mut owner, TABLE).await;
    run(&mut owner, "create publication changes for table item").await;
    (url, owner)
}

#[tokio::test]
async fn everything_that_is_committed_is_seen_also_from_before_a_restart() {
    let server = Server::start();
    let (url, mut owner) = published(&server).await;
    let mut rig = Rig::new("postgres", &url, REPLICATION);
    rig.hear("replication").await;
    for sku in ["A", "B", "C"] {
        rig.keep(sku).await;
    }
    run(&mut owner, "update item set name = 'two' where item_no = 'A'").await;
    rig.sees("A", Some("two")).await;
    assert!(rig.is_kept("B").await, "B did not change");
    run(&mut owner, "delete from item where item_no = 'C'").await;
    rig.sees("C", None).await;
    rig.keep("C").await;
    run(&mut owner, "insert into item (item_no, name) values ('C', 'again')").await;
    rig.sees("C", Some("again")).await;
    rig.keep("A").await;
    run(&mut owner, "update item set item_no = 'D' where item_no = 'A'").await;
    rig.sees("A", None).await;

    rig.stop();
    rig.keep("C").await;
    run(&mut owner, "update item set name = 'meanwhile' where item_no = 'C'").await;
    assert_eq!(rig.name("C").await.as_deref(), Some("again"), "nobody heard it");
    rig.hear("replication").await;
    rig.sees("C", Some("meanwhile")).await;

    run(&mut owner, "truncate item").await;
    rig.sees("B", None).await;
}

#[tokio::test]
async fn what_is_missing_at_the_server_is_said_and_a_slot_made_anew_is_a_gap() {
    let server = Server::start();
    let url = server.create_database();
    let mut owner = connect(&url).await;
    run(&mut owner, TABLE).await;
    let refusing = Rig::new("postgres", &url, &REPLICATION.replace("create_slot = true", ""));
    let detail = async || {
        let replication = refusing.contract.changes[0].replication.as_ref().expect("it is in the contract");
        let connected = Replica::connect(&refusing.contract, SystemId::from(0), replication).await;
        connected.err().expect("something is missing").detail.clone()
    };
    let unpublished = detail().await;
    assert!(unpublished.contains("create publication changes for table public.item"), "{unpublished}");
    run(&mut owner, "create publication changes for table item").await;
    let missing = detail().await;
    assert!(missing.contains("select pg_create_logical_replication_slot('freehold', 'pgoutput')"), "{missing}");

    let mut rig = Rig::new("postgres", &url, REPLICATION);
    rig.hear("replication").await;
    rig.keep("A").await;
    rig.stop();
    let dropped = async || {
        let sql = "select pg_drop_replication_slot('freehold')";
        sqlx::query(sql).execute(&mut connect(&url).await).await.is_ok()
    };
    until("the slot is dropped", dropped).await;
    assert!(detail().await.contains("there is no replication slot `freehold`"));
    run(&mut owner, "update item set name = 'unheard' where item_no = 'A'").await;
    assert_eq!(rig.name("A").await.as_deref(), Some("one"));
    rig.hear("replication").await;
    rig.sees("A", Some("unheard")).await;
}

/// What this process keeps by itself may have changed while another one had the slot.
#[tokio::test]
async fn what_was_kept_before_the_slot_was_had_is_not_believed() {
    let server = Server::start();
    let (url, mut owner) = published(&server).await;
    let (mut first, mut second) = (Rig::new("postgres", &url, REPLICATION), Rig::new("postgres", &url, REPLICATION));
    first.hear("replication").await;
    second.keep("A").await;
    run(&mut owner, "update item set name = 'two' where item_no = 'A'").await;
    first.sees("A", Some("two")).await;
    confirmed(&mut owner).await;
    first.stop();
    assert_eq!(second.name("A").await.as_deref(), Some("one"), "nobody told it");
    second.hear("replication").await;
    second.sees("A", Some("two")).await;
}

/// Waits until the server need not keep anything for the slot.
async fn confirmed(owner: &mut PgConnection) {
    let written: String =
        sqlx::query_scalar("select pg_current_wal_insert_lsn()::text").fetch_one(&mut *owner).await.unwrap();
    while !is_confirmed(owner, &written).await {
        // Each transaction has the server say how far it is.
        run(owner, "select pg_logical_emit_message(true, 'test', '')").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn is_confirmed(owner: &mut PgConnection, position: &str) -> bool {
    let sql = "select confirmed_flush_lsn >= $1::pg_lsn from pg_replication_slots";
    sqlx::query_scalar(sql).bind(position).fetch_one(owner).await.unwrap()
}

fn confirming() -> String {
    format!("{REPLICATION}confirms = [\"Product\"]\n")
}

/// Asks for a while. Returns how many records the owner was asked for.
async fn asked_within(rig: &Rig, sku: &str, time: Duration) -> f64 {
    let owner = "freehold_records_served_total{domain=\"product\",level=\"owner\"}";
    let (before, begun) = (rig.metric(owner), Instant::now());
    while begun.elapsed() < time {
        rig.name(sku).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    rig.metric(owner) - before
}

const MAX_AGE: &str = "4s";

/// Longer than anything is kept.
const LONG: Duration = Duration::from_secs(9);

#[tokio::test]
async fn what_did_not_change_is_not_asked_again_while_the_feed_says_so() {
    let server = Server::start();
    let (url, mut owner) = published(&server).await;
    let redis = Redis::start();
    let (system, redis) = (("postgres", url.as_str()), redis.url());
    let mut rig = Rig::kept_for(MAX_AGE, system, &confirming(), Some(&redis));
    let other = Rig::kept_for(MAX_AGE, system, &confirming(), Some(&redis));
    until("both follow", async || {
        rig.metric("freehold_stream_connected") + other.metric("freehold_stream_connected") == 2.0
    })
    .await;
    rig.hear("replication").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    for rig in [&rig, &other] {
        rig.sees("A", Some("one")).await;
        rig.sees("none", None).await;
    }
    let asked = async |sku| tokio::join!(asked_within(&rig, sku, LONG), asked_within(&other, sku, LONG));
    let (here, there) = asked("A").await;
    assert!(here <= 1.0 && there <= 1.0, "{here} {there}: it is confirmed");
    let (here, there) = tokio::join!(asked_within(&rig, "none", LONG), asked_within(&other, "none", LONG));
    assert!(here <= 1.0 && there <= 1.0, "{here} {there}: what is not there is confirmed, too");
    run(&mut owner, "update item set name = 'two' where item_no = 'A'").await;
    run(&mut owner, "insert into item (item_no, name) values ('none', 'there')").await;
    for rig in [&rig, &other] {
        let begun = Instant::now();
        rig.sees("A", Some("two")).await;
        rig.sees("none", Some("there")).await;
        assert!(begun.elapsed() < Duration::from_secs(3), "it is told, not waited for");
    }
    rig.stop();
    assert!(asked_within(&rig, "A", LONG).await >= 1.0, "nobody confirms it");
}

#[tokio::test]
async fn nothing_is_confirmed_that_the_feed_may_not_have_told() {
    let server = Server::start();
    let url = server.create_database();
    let mut owner = connect(&url).await;
    run(&mut owner, TABLE).await;
    run(&mut owner, "create publication changes for table item with (publish = 'insert, delete')").await;
    let refused = Rig::new("postgres", &url, &confirming());
    let replication = refused.contract.changes[0].replication.as_ref().expect("it is in the contract");
    let error = Replica::connect(&refused.contract, SystemId::from(0), replication).await.err().expect("it is refused");
    assert!(error.detail.contains("leaves out"), "{}", error.detail);
    run(&mut owner, "alter publication changes set (publish = 'insert, update, delete, truncate')").await;
    run(&mut owner, "create table item_of_another_year () inherits (item)").await;
    let error = Replica::connect(&refused.contract, SystemId::from(0), replication).await.err().expect("it is refused");
    assert!(error.detail.contains("inherit"), "{}", error.detail);
    run(&mut owner, "drop table item_of_another_year").await;
    let mut rig = Rig::kept_for(MAX_AGE, ("postgres", &url), &confirming(), None);
    rig.hear("replication").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    rig.sees("A", Some("one")).await;
    assert!(asked_within(&rig, "A", LONG).await <= 1.0, "it is confirmed");
    // There and back: what was written in between was told to nobody.
    run(&mut owner, "alter publication changes drop table item").await;
    run(&mut owner, "update item set name = 'untold' where item_no = 'A'").await;
    run(&mut owner, "alter publication changes add table item").await;
    let begun = Instant::now();
    rig.sees("A", Some("untold")).await;
    assert!(begun.elapsed() < LONG, "it is not confirmed any longer");
}

/// Where the key is no part of the replica identity, a row that got another key is told by that alone.
#[tokio::test]
async fn what_had_another_key_that_is_not_told_is_not_confirmed() {
    let server = Server::start();
    let url = server.create_database();
    let mut owner = connect(&url).await;
    run(&mut owner, TABLE).await;
    run(
        &mut owner,
        "alter table item drop constraint item_pkey, add column id int generated always as identity primary key",
    )
    .await;
    run(&mut owner, "create publication changes for table item").await;
    let mut rig = Rig::kept_for(MAX_AGE, ("postgres", &url), &confirming(), None);
    rig.hear("replication").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    rig.sees("A", Some("one")).await;
    run(&mut owner, "update item set item_no = 'D' where item_no = 'A'").await;
    let begun = Instant::now();
    rig.sees("A", None).await;
    assert!(begun.elapsed() < LONG, "it runs out like anything else");
}

#[tokio::test]
async fn what_is_not_delivered_yet_is_not_confirmed() {
    let server = Server::start();
    let (url, mut owner) = published(&server).await;
    let mut rig = Rig::kept_for(MAX_AGE, ("postgres", &url), &confirming(), None);
    rig.hear("replication").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    rig.sees("A", Some("one")).await;
    let sender: i32 =
        sqlx::query_scalar("select active_pid from pg_replication_slots").fetch_one(&mut owner).await.unwrap();
    signal("-STOP", sender);
    run(&mut owner, "update item set name = 'undelivered' where item_no = 'A'").await;
    let begun = Instant::now();
    rig.sees("A", Some("undelivered")).await;
    assert!(begun.elapsed() < LONG, "it runs out like anything else");
    signal("-CONT", sender);
}

fn signal(signal: &str, process: i32) {
    let sent = std::process::Command::new("kill").args([signal, &process.to_string()]).status();
    assert!(sent.expect("kill runs").success());
}

const CONNECTED: &str = "freehold_feed_connected{system=\"erp\",feed=\"replication\"}";

/// A connection of which the other end is gone says nothing, for ever, whatever else is heard of the server meanwhile.
#[tokio::test]
async fn a_server_that_falls_silent_is_not_listened_to_for_ever() {
    for changes in [REPLICATION, &confirming()] {
        let server = Server::start();
        let url = server.create_database();
        let mut owner = connect(&url).await;
        run(&mut owner, TABLE).await;
        run(&mut owner, "create publication changes for table item").await;
        // Beside the URL, so that it is said of the system.
        let quick = format!("{url}\"\ntimeout = \"500ms");
        let mut rig = Rig::new("postgres", &quick, changes);
        rig.hear("replication").await;
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(rig.metric(CONNECTED), 1.0, "an idle server says that it is there");
        let sender: i32 =
            sqlx::query_scalar("select active_pid from pg_replication_slots").fetch_one(&mut owner).await.unwrap();
        signal("-STOP", sender);
        until("it is given up", async || rig.metric(CONNECTED) == 0.0).await;
        signal("-CONT", sender);
        until("it is listened to again", async || rig.metric(CONNECTED) == 1.0).await;
    }
}

#[tokio::test]
async fn what_redis_has_not_taken_note_of_is_not_confirmed_to_the_server() {
    let server = Server::start();
    let (url, mut owner) = published(&server).await;
    let redis = Redis::start();
    let mut rig = Rig::kept_for("1h", ("postgres", &url), REPLICATION, Some(&redis.url()));
    let other = Rig::kept_for("1h", ("postgres", &url), REPLICATION, Some(&redis.url()));
    until("both follow", async || {
        rig.metric("freehold_stream_connected") + other.metric("freehold_stream_connected") == 2.0
    })
    .await;
    rig.hear("replication").await;
    confirmed(&mut owner).await;
    redis.kill();
    until("it is noticed", async || other.metric("freehold_stream_connected") == 0.0).await;
    other.keep("A").await;
    run(&mut owner, "update item set name = 'two' where item_no = 'A'").await;
    let written: String =
        sqlx::query_scalar("select pg_current_wal_insert_lsn()::text").fetch_one(&mut owner).await.unwrap();
    rig.sees("A", Some("two")).await;
    // What is confirmed is said to the server every ten seconds.
    until("it is held back", async || rig.metric(HELD) > 12.0).await;
    assert!(!is_confirmed(&mut owner, &written).await, "the server keeps it");
    // Whoever heard it is gone, and with it what it would have made up for.
    rig.stop();
    let mut heir = Rig::kept_for("1h", ("postgres", &url), REPLICATION, Some(&redis.url()));
    drop(rig);
    redis.restart();
    heir.hear("replication").await;
    other.sees("A", Some("two")).await;
    confirmed(&mut owner).await;
    until("nothing is held back", async || heir.metric(HELD) == 0.0).await;
}

const HELD: &str = "freehold_feed_held_back_seconds{system=\"erp\",feed=\"replication\"}";

/// What a process could not be told of for so long that it was given up may still be in its memory.
#[tokio::test]
async fn what_was_never_told_is_not_confirmed_when_others_can_be_told_again() {
    let server = Server::start();
    let (url, mut owner) = published(&server).await;
    let redis = Redis::start();
    let way = FaultProxy::start(([127, 0, 0, 1], redis.port).into()).await;
    let (system, through) = (("postgres", url.as_str()), format!("redis://{}", way.address()));
    let mut rig = Rig::kept_for(MAX_AGE, system, &confirming(), Some(&through));
    let other = Rig::kept_for(MAX_AGE, system, &confirming(), Some(&redis.url()));
    until("both follow", async || {
        rig.metric("freehold_stream_connected") + other.metric("freehold_stream_connected") == 2.0
    })
    .await;
    rig.hear("replication").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    other.sees("A", Some("one")).await;
    way.set(Fault::Cut);
    until("it is noticed", async || rig.metric("freehold_stream_connected") == 0.0).await;
    run(&mut owner, "update item set name = 'two' where item_no = 'A'").await;
    rig.sees("A", Some("two")).await;
    until("it is held back", async || rig.metric(HELD) > 0.0).await;
    until("it is given up", async || rig.metric(HELD) == 0.0).await;
    way.set(Fault::None);
    until("others are told again", async || rig.metric("freehold_stream_connected") == 1.0).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(asked_within(&other, "B", LONG).await <= 1.0, "what is asked since is confirmed");
    assert_eq!(other.name("A").await.as_deref(), Some("two"), "what was asked before is not");
}

#[tokio::test]
async fn nothing_is_held_back_by_a_connection_that_is_gone() {
    let server = Server::start();
    let (url, mut owner) = published(&server).await;
    let redis = Redis::start();
    let mut rig = Rig::kept_for("1h", ("postgres", &url), REPLICATION, Some(&redis.url()));
    until("it follows", async || rig.metric("freehold_stream_connected") == 1.0).await;
    rig.hear("replication").await;
    redis.kill();
    until("it is noticed", async || rig.metric("freehold_stream_connected") == 0.0).await;
    run(&mut owner, "update item set name = 'two' where item_no = 'A'").await;
    until("it is held back", async || rig.metric(HELD) > 1.0).await;
    server.kill();
    until("nothing is heard", async || rig.metric(CONNECTED) == 0.0).await;
    assert_eq!(rig.metric(HELD), 0.0);
}

/// A full Redis answers, and takes note of nothing.
#[tokio::test]
async fn what_a_full_redis_does_not_take_note_of_is_held_back_until_it_does() {
    let server = Server::start();
    let (url, mut owner) = published(&server).await;
    let redis = Redis::start();
    let mut rig = Rig::kept_for("1h", ("postgres", &url), REPLICATION, Some(&redis.url()));
    until("it follows", async || rig.metric("freehold_stream_connected") == 1.0).await;
    rig.hear("replication").await;
    redis.run(&["config", "set", "maxmemory", "1"]);
    run(&mut owner, "update item set name = 'two' where item_no = 'A'").await;
    until("it is held back, and not begun again and again", async || rig.metric(HELD) > 4.0).await;
    redis.run(&["config", "set", "maxmemory", "0"]);
    until("nothing is held back", async || rig.metric(HELD) == 0.0).await;
    rig.sees("A", Some("two")).await;
}

/// A transaction that waits for a standby is delivered, and what was before it is what everybody sees.
#[tokio::test]
async fn what_nobody_sees_yet_is_not_confirmed() {
    let server = Server::start();
    let (url, mut owner) = published(&server).await;
    let mut rig = Rig::kept_for(MAX_AGE, ("postgres", &url), &confirming(), None);
    rig.hear("replication").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    rig.sees("A", Some("one")).await;
    run(&mut owner, "alter system set synchronous_standby_names = 'nobody'").await;
    run(&mut owner, "select pg_reload_conf()").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut writer = connect(&url).await;
    let writing = tokio::spawn(async move {
        run(&mut writer, "update item set name = 'two' where item_no = 'A'").await;
    });
    until("it waits", async || {
        let waiting = "select exists (select from pg_stat_activity where wait_event = 'SyncRep')";
        sqlx::query_scalar(waiting).fetch_one(&mut connect(&url).await).await.unwrap()
    })
    .await;
    // Longer than what is recalled reaches.
    tokio::time::sleep(Duration::from_secs(1)).await;
    rig.sees("A", Some("one")).await;
    let replication = rig.contract.changes[0].replication.as_ref().expect("it is in the contract");
    let error = Replica::connect(&rig.contract, SystemId::from(0), replication).await.err().expect("it is refused");
    assert!(error.detail.contains("synchronous_standby_names"), "{}", error.detail);
    run(&mut owner, "alter system reset synchronous_standby_names").await;
    run(&mut owner, "select pg_reload_conf()").await;
    writing.await.expect("it is written");
    let begun = Instant::now();
    rig.sees("A", Some("two")).await;
    assert!(begun.elapsed() < LONG, "it runs out like anything else");
}

const PARTITIONED: &str =
    "create table item (item_no text primary key, sku text generated always as (item_no) stored, name text)
  partition by list (item_no);
create table item_a partition of item for values in ('A');
insert into item (item_no, name) values ('A', 'one');
create table item_z (like item including all);
insert into item_z (item_no, name) values ('Z', 'loaded');
create publication changes for table item with (publish_via_partition_root = true);";

/// A part that is attached brings its rows, and one that is detached takes them, and no row is told of.
#[tokio::test]
async fn what_a_partition_brings_is_not_confirmed_to_be_missing() {
    let server = Server::start();
    let url = server.create_database();
    let mut owner = connect(&url).await;
    run(&mut owner, PARTITIONED).await;
    let mut rig = Rig::kept_for(MAX_AGE, ("postgres", &url), &confirming(), None);
    rig.hear("replication").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    rig.sees("A", Some("one")).await;
    rig.sees("Z", None).await;
    assert!(asked_within(&rig, "Z", LONG).await <= 1.0, "it is confirmed");
    run(&mut owner, "update item set name = 'two' where item_no = 'A'").await;
    let begun = Instant::now();
    rig.sees("A", Some("two")).await;
    assert!(begun.elapsed() < Duration::from_secs(3), "it is told");
    let (attach, detach) =
        ("alter table item attach partition item_z for values in ('Z')", "alter table item detach partition item_z");
    run(&mut owner, attach).await;
    let begun = Instant::now();
    rig.sees("Z", Some("loaded")).await;
    assert!(begun.elapsed() < LONG, "it is not confirmed any longer");
    // There and back: what was written in between was told to nobody.
    until("it is heard again", async || rig.metric(CONNECTED) == 1.0).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(asked_within(&rig, "Z", LONG).await <= 2.0, "it is confirmed");
    run(&mut owner, detach).await;
    run(&mut owner, "update item_z set name = 'untold' where item_no = 'Z'").await;
    run(&mut owner, attach).await;
    let begun = Instant::now();
    rig.sees("Z", Some("untold")).await;
    assert!(begun.elapsed() < LONG, "it is not confirmed any longer");
}
