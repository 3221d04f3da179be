//! Notices: a trigger tells what changed; what no one told is seen when the connection is made anew.

use super::rig::{Rig, connect, run};
use crate::common::postgres;

const TABLE: &str = "create table item (sku text primary key, name text);
insert into item values ('A', 'one'), ('B', 'one');";

const TRIGGER: &str = r#"
create function freehold_notify() returns trigger language plpgsql as $$
begin
  perform pg_notify('freehold_changes', json_build_object('type', tg_argv[0], 'keys', json_build_array(
    coalesce(to_jsonb(new), to_jsonb(old)) ->> tg_argv[1]))::text);
  return null;
end $$;
create trigger freehold after insert or update or delete on item
  for each row execute function freehold_notify('Product', 'sku');"#;

#[tokio::test]
async fn what_is_notified_is_seen_and_what_was_not_heard_is_seen_after_the_connection_broke() {
    let server = postgres::shared();
    let url = server.create_database();
    let mut owner = connect(&url).await;
    run(&mut owner, TABLE).await;
    let mut rig = Rig::new("postgres", &url, "[changes.listen]\nchannel = \"freehold_changes\"");
    rig.hear("listen").await;
    rig.keep("A").await;
    rig.keep("B").await;

    run(&mut owner, "update item set name = 'silent'").await;
    assert_eq!(rig.name("A").await.as_deref(), Some("one"), "nobody said so");

    run(&mut owner, TRIGGER).await;
    run(&mut owner, "update item set name = 'two' where sku = 'A'").await;
    rig.sees("A", Some("two")).await;
    assert!(rig.is_kept("B").await, "B was not notified");
    rig.keep("A").await;
    run(&mut owner, "delete from item where sku = 'A'").await;
    rig.sees("A", None).await;

    run(&mut owner, "alter table item disable trigger freehold; update item set name = 'three' where sku = 'B'").await;
    server.end_connections(&url);
    rig.sees("B", Some("three")).await;
}

#[tokio::test]
async fn a_channel_of_a_type_says_keys_and_what_cannot_be_read_may_be_anything() {
    let url = postgres::shared().create_database();
    let mut owner = connect(&url).await;
    run(&mut owner, TABLE).await;
    let changes = "[changes.listen]\nchannel = \"documents\"\nProduct = \"product_changed\"";
    let mut rig = Rig::new("postgres", &url, changes);
    rig.hear("listen").await;
    for (n, notice) in [
        "notify product_changed, 'A'",
        "notify product_changed",
        r#"notify documents, '{"type": "Product"}'"#,
        r#"notify documents, '{"type": "Product", "keys": [["A"]]}'"#,
        "notify documents, 'gibberish'",
    ]
    .into_iter()
    .enumerate()
    {
        rig.keep("A").await;
        run(&mut owner, &format!("update item set name = '{n}'; {notice}")).await;
        rig.sees("A", Some(&n.to_string())).await;
    }
    rig.keep("A").await;
    run(&mut owner, r#"notify documents, '{"type": "Elsewhere", "keys": ["A"]}'"#).await;
    run(&mut owner, "notify product_changed, 'B'").await;
    let heard = "freehold_changes_total{system=\"erp\",source=\"listen\"}";
    let unread = "freehold_change_refusals_total{system=\"erp\",reason=\"unread\"}";
    super::rig::until("both are heard", async || rig.metric(heard) >= 7.0 && rig.metric(unread) == 2.0).await;
    assert!(rig.is_kept("A").await, "neither was about it");
}
