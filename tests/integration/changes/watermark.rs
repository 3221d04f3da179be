//! Watermarks: rows that say when they changed, late commits, and rows that are gone.

use sqlx::{AssertSqlSafe, ConnectOptions};

use super::rig::{Rig, connect, run};
use crate::common::postgres;

const TABLE: &str = "create table item (sku text primary key, name text, changed_at timestamptz default now());
insert into item (sku, name) values ('A', 'one'), ('B', 'one'), ('C', 'one');";

const WATERMARK: &str = r#"
[changes.watermark.Product]
query = "select sku, changed_at from item where changed_at >= :since"
every = "100ms"
deletes = { query = "select sku from item", every = "300ms" }
"#;

#[tokio::test]
async fn changed_rows_late_commits_and_deleted_rows_are_seen() {
    let url = postgres::shared().create_database();
    let (mut owner, mut slow) = (connect(&url).await, connect(&url).await);
    run(&mut owner, TABLE).await;
    let mut rig = Rig::new("postgres", &url, WATERMARK);
    rig.hear("watermark.Product").await;
    for sku in ["A", "B", "C"] {
        rig.keep(sku).await;
    }

    run(&mut slow, "begin; update item set name = 'late', changed_at = now() where sku = 'A'").await;
    run(&mut owner, "update item set name = 'two', changed_at = now() where sku = 'B'").await;
    rig.sees("B", Some("two")).await;
    assert_eq!(rig.name("A").await.as_deref(), Some("one"), "it is not committed");
    run(&mut slow, "commit").await;
    rig.sees("A", Some("late")).await;
    assert!(rig.is_kept("C").await, "C did not change");

    run(&mut owner, "delete from item where sku = 'C'").await;
    rig.sees("C", None).await;
    run(&mut owner, "insert into item (sku, name) values ('C', 'again')").await;
    rig.sees("C", Some("again")).await;
}

#[tokio::test]
async fn more_rows_than_are_read_one_by_one_are_seen() {
    let url = postgres::shared().create_database();
    let mut owner = connect(&url).await;
    run(&mut owner, TABLE).await;
    run(&mut owner, "insert into item (sku, name) select 'X' || n, 'one' from generate_series(1, 25000) n").await;
    let mut rig = Rig::new("postgres", &url, WATERMARK);
    rig.hear("watermark.Product").await;
    rig.keep("X7").await;
    run(&mut owner, "update item set name = 'two', changed_at = now()").await;
    rig.sees("X7", Some("two")).await;
    rig.sees("A", Some("two")).await;
    run(&mut owner, "update item set name = 'three', changed_at = now() where sku = 'X7'").await;
    rig.sees("X7", Some("three")).await;
}

#[tokio::test]
async fn texts_and_numbers_are_watermarks_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("erp.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut owner = options.journal_mode(sqlx::sqlite::SqliteJournalMode::Wal).connect().await.unwrap();
    let table = "create table item (sku text primary key, name text, changed_at text, version integer);
        insert into item values ('A', 'one', datetime('now'), 1)";
    sqlx::raw_sql(table).execute(&mut owner).await.unwrap();
    let by_time = WATERMARK.to_owned();
    let by_number = WATERMARK.replace("changed_at", "version") + "column = \"version\"\noverlap = 5\n";
    for (n, changes) in [by_time, by_number].into_iter().enumerate() {
        let mut rig = Rig::new("sqlite", path.to_str().unwrap(), &changes);
        rig.hear("watermark.Product").await;
        for change in 0..3 {
            rig.keep("A").await;
            let name = format!("{n}.{change}");
            let sql = format!("update item set name = '{name}', changed_at = datetime('now'), version = version + 1");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut owner).await.unwrap();
            rig.sees("A", Some(&name)).await;
        }
    }
}
