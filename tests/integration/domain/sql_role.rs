//! How a SQL system is asked so that its own users do not notice: as a role that only reads, bounded in time and
//! connections, without a transaction left open, with the binding's statements and bound values alone.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use super::over;
use crate::common::{engine::Freehold, system::System};

const GRAPH: &str = r#"
type Query { items(skus: [String!]!): [Item] @ref(key: "sku: $skus") }
type Item @key(fields: "sku") @owner(system: "erp") @domain(name: "product") {
  sku: String!
  name: String
  bins: [Bin!]
}
type Bin { name: String }
"#;

const ITEMS: &str = "
create table item (sku text, name text); insert into item select 'S' || n, 'Item ' || n from generate_series(1, 100) n;
create table bin (sku text, name text); insert into bin select sku, 'B1' from item;";

/// A database with items, and a Freehold that asks it with the timeout of a second and two connections.
async fn company(name: &str) -> (String, Freehold) {
    let system = System::postgres();
    system.load(ITEMS).await;
    let System::Postgres { url } = &system else { panic!("a PostgreSQL database") };
    let bindings = format!(
        "timeout = \"1s\"\nconnections_max = 2\nretries = 0\n[Item]\n\
         query = \"select sku, {name} as name from item where sku in (:keys)\"\n\
         parts.bins = \"select sku as parent, name from bin where sku in (:keys) order by 2\"\n"
    );
    (url.clone(), over(&system, GRAPH, &bindings))
}

/// Asks the server something about the sessions that Freehold has there.
async fn sessions(url: &str, what: &str) -> Vec<String> {
    let database = url.rsplit('/').next().unwrap();
    let mut admin = PgConnection::connect(url).await.unwrap();
    let sql = format!(
        "select coalesce(({what})::text, '') from pg_stat_activity where application_name = 'freehold' and datname = '{database}'"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut admin).await.unwrap();
    admin.close().await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

const ONE: &str = "{ items(skus: [\"S1\"]) { name bins { name } } }";

#[tokio::test]
async fn s5_sql_sessions_only_read_and_end_their_statements_in_time() {
    let (_, freehold) =
        company("current_setting('transaction_read_only') || ' ' || current_setting('statement_timeout')").await;
    assert_eq!(freehold.data(ONE, json!({})).await["items"][0]["name"], "on 1s");
}

#[tokio::test]
async fn s5_sql_a_role_that_may_only_select_is_enough_and_a_statement_that_writes_is_refused() {
    let system = System::postgres();
    system.load(ITEMS).await;
    system
        .load(
            "create table log (at int); create function noted() returns text language sql as \
             'insert into log values (1); select ''written'''; \
             drop role if exists freehold_reader; create role freehold_reader login; \
             grant select on item, bin to freehold_reader; grant all on log to freehold_reader",
        )
        .await;
    let System::Postgres { url } = &system else { panic!("a PostgreSQL database") };
    let reader = System::Postgres { url: url.replace("freehold@", "freehold_reader@") };
    let binding = |name: &str| {
        format!(
            "retries = 0\n[Item]\nquery = \"select sku, {name} as name from item where sku in (:keys)\"\n\
             parts.bins = \"select sku as parent, name from bin where sku in (:keys)\"\n"
        )
    };
    let data = over(&reader, GRAPH, &binding("name")).data(ONE, json!({})).await;
    assert_eq!(data["items"][0], json!({"name": "Item 1", "bins": [{"name": "B1"}]}));
    let answer = over(&reader, GRAPH, &binding("noted()")).answer(ONE, json!({})).await;
    assert_eq!(answer["data"]["items"][0], json!(null));
    let mut admin = PgConnection::connect(url).await.unwrap();
    let n_rows: i64 = sqlx::query_scalar("select count(*) from log").fetch_one(&mut admin).await.unwrap();
    assert_eq!(n_rows, 0, "even a role that may write does not: the session only reads");
    let cleaned = "revoke all on item, bin, log from freehold_reader; drop role freehold_reader";
    sqlx::raw_sql(cleaned).execute(&mut admin).await.unwrap();
}

#[tokio::test]
async fn s5_sql_a_statement_past_its_time_ends_at_the_server_too() {
    let (url, freehold) = company("pg_sleep(30)::text").await;
    let began = Instant::now();
    let answer = freehold.answer(ONE, json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "SOURCE_TIMEOUT", "{answer}");
    assert!(began.elapsed() < Duration::from_secs(10));
    while sessions(&url, "state = 'active'").await.contains(&"true".to_owned()) {
        assert!(began.elapsed() < Duration::from_secs(20), "the server still works on what nobody waits for");
    }
}

#[tokio::test]
async fn s5_sql_connections_stay_within_their_cap_and_hold_no_transaction_open() {
    let count = "(select count(*) from pg_stat_activity where application_name = 'freehold' and datname = current_database())::text";
    let (url, freehold) = company(count).await;
    let asked = (0..40).map(|n| {
        let freehold = &freehold;
        async move {
            let query = "query($skus: [String!]!) { items(skus: $skus) { name bins { name } } }";
            freehold.answer(query, json!({"skus": [format!("S{}", n + 1)]})).await
        }
    });
    for answer in join_all(asked).await {
        let n_connections: u32 = answer["data"]["items"][0]["name"].as_str().unwrap().parse().unwrap();
        assert!((1..=2).contains(&n_connections), "{n_connections} connections");
    }
    let states = sessions(&url, "state || coalesce(' since ' || xact_start::text, '')").await;
    assert!(!states.is_empty() && states.iter().all(|state| state == "idle"), "{states:?}");
}

#[tokio::test]
async fn s5_sql_only_the_bindings_statements_are_run_and_values_are_bound() {
    let (url, freehold) = company("name").await;
    let query = "query($skus: [String!]!) { items(skus: $skus) { name bins { name } } }";
    let evil = "S1'); drop table item; --";
    let data = freehold.data(query, json!({"skus": [evil, "S1"]})).await;
    assert_eq!(data["items"], json!([null, {"name": "Item 1", "bins": [{"name": "B1"}]}]));
    let last = sessions(&url, "query").await;
    assert!(!last.is_empty() && last.iter().all(|sql| !sql.contains("drop table")), "{last:?}");
}
