//! Replication: everything that is committed is seen, also what was committed while nobody was there.

use freehold::{source::Replica, value::SystemId};

use super::rig::{Rig, connect, run, until};
use crate::common::postgres::Server;

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

#[tokio::test]
async fn everything_that_is_committed_is_seen_also_from_before_a_restart() {
    let server = Server::start();
    let url = server.create_database();
    let mut owner = connect(&url).await;
    run(&mut owner, TABLE).await;
    run(&mut owner, "create publication changes for table item").await;
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
    assert!(rig.is_kept("B").await, "it went on from where it was confirmed");

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
