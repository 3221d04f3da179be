//! What only PostgreSQL has: its types, and plans that outlive the tables they were made for.

use std::time::{Duration, Instant};

use freehold::{
    fetch::{Direction, FetchErrorKind},
    value::{Adaptations, Argument, Scalar},
};
use serde_json::json;

use crate::common::{
    binding::{Bindings, leaf, leaves, parts},
    postgres,
    system::{System, first, keys},
};

#[tokio::test]
async fn every_type_is_read_exactly_or_said_to_be_unreadable() {
    let system = System::postgres();
    system
        .load(
            r#"create type mood as enum ('sad', 'glad'); create domain sku as text check (value <> '');
               create table item (no sku primary key, b boolean, i2 smallint, i4 int, i8 bigint, f4 real, f8 float8, n numeric, t text,
                 v varchar(9), c char(4), q "char", nm name, e mood, u uuid, d date, ts timestamp, tz timestamptz, tm time, j json,
                 a int[], m text[], es mood[], money money, bytes bytea, span interval, late date, lots numeric);
               insert into item values ('A', true, -2, 3, 4, 1.1, 2.5e10, 12.50, 'ü', 'v', 'c', 'q', 'nm', 'glad',
                 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '2026-02-28', '2026-02-28 10:00:00.123456', '2026-02-28 10:00:00+02', '09:30',
                 '{"x": 1.10}', '{1,null,3}', '{"a","b,c"}', '{glad,sad}', 5, '\xff', '1 day', 'infinity', 'NaN')"#,
        )
        .await;
    let text = |name: &str| leaf(name, Scalar::String);
    let mut slots: Vec<_> =
        ["b", "i2", "i4", "i8", "f4", "f8", "n", "t", "v", "c", "q", "nm", "e", "u", "tm"].map(text).to_vec();
    slots.extend([
        leaf("d", Scalar::Date),
        leaf("tz", Scalar::DateTime),
        leaf("ts", Scalar::String),
        leaf("j", Scalar::Json),
    ]);
    slots.extend([leaves("a", Scalar::Int), leaves("m", Scalar::String), leaves("es", Scalar::String)]);
    slots.extend(["money", "bytes", "span", "late", "lots"].map(text));
    let mut bindings = Bindings::new();
    let shape = bindings.shape("Product", slots);
    let group = bindings.group(shape, "no", "select * from item where no in (:keys)", &[], Adaptations::default());
    let shown = system.source(bindings).shown(group, &["A"]).await.remove(0);
    for (field, value) in [
        ("b", "true"),
        ("i2", "-2"),
        ("i4", "3"),
        ("i8", "4"),
        ("f4", "1.1"),
        ("f8", "25000000000"),
        ("n", "12.50"),
        ("t", "ü"),
        ("v", "v"),
        ("c", "c   "),
        ("q", "q"),
        ("nm", "nm"),
        ("e", "glad"),
        ("u", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ("d", "2026-02-28"),
        ("ts", "2026-02-28T10:00:00.123456"),
        ("tz", "2026-02-28T08:00:00Z"),
        ("tm", "09:30:00"),
    ] {
        assert_eq!(shown[field], value, "{field}");
    }
    assert_eq!(shown["j"].to_string(), r#"{"x":1.10}"#);
    assert_eq!(shown["a"], json!([1, null, 3]));
    assert_eq!(shown["m"], json!(["a", "b,c"]));
    assert_eq!(shown["es"], json!(["glad", "sad"]));
    for field in ["money", "bytes", "span", "late", "lots"] {
        assert!(shown[field]["expected"].is_string(), "{field} {}", shown[field]);
    }
}

#[tokio::test]
async fn keys_of_every_type_are_matched_and_impossible_ones_are_absent() {
    let system = System::postgres();
    system
        .load(
            "create type mood as enum ('sad', 'glad'); create extension if not exists citext;
             create table item (u uuid, d date, n numeric, b boolean, e mood, ts timestamptz, c citext, v varchar(3), i2 smallint);
             insert into item values ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '2026-02-28', 12.50, true, 'glad', '2026-02-28 10:00:00.5Z', 'Ab', 'abc', 7)",
        )
        .await;
    for (column, key, impossible) in [
        ("u", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "abc"),
        ("d", "2026-02-28", "2026-02-31"),
        ("n", "12.50", "twelve"),
        ("b", "true", "maybe"),
        ("e", "glad", "furious"),
        ("ts", "2026-02-28T10:00:00.5Z", "soon"),
        ("c", "Ab", "ab"),
        ("v", "abc", "abcd"),
        ("i2", "7", "40000"),
    ] {
        let mut bindings = Bindings::new();
        let shape = bindings.shape("Product", vec![leaf(column, Scalar::String)]);
        let query = format!("select {column} from item where {column} in (:keys)");
        let group = bindings.group(shape, column, &query, &[], Adaptations::default());
        let shown = system.source(bindings).shown(group, &[key, impossible]).await;
        assert_eq!(shown, [json!({ column: key }), json!(null)], "{column}");
    }
}

#[tokio::test]
async fn a_changed_table_is_learned_anew() {
    let url = postgres::shared().create_database();
    let system = System::postgres_at(url.clone());
    system.load("create table item (no text, name int); insert into item values ('1', 1)").await;
    let mut bindings = Bindings::new().connections_max(2);
    let shape = bindings.shape("Product", vec![leaf("name", Scalar::String)]);
    let group = bindings.group(shape, "no", "select * from item where no in (:keys)", &[], Adaptations::default());
    let list = bindings.list("no", "", "select no, name from item", "name, no");
    let source = system.source(bindings);
    assert_eq!(source.shown(group, &["1", "x"]).await, [json!({"name": "1"}), json!(null)]);
    let cursor = source.page(list, first(1, None)).await.items[0].cursor.clone();
    system
        .load(
            "alter table item alter name type text using 'n' || name; alter table item alter no type int using no::int",
        )
        .await;
    assert_eq!(source.shown(group, &["1", "x"]).await, [json!({"name": "n1"}), json!(null)]);
    assert_eq!(keys(&source.page(list, first(1, None)).await), ["1"]);
    assert_eq!(keys(&source.page(list, first(1, Some(cursor))).await), ["1"]);
    system
        .load("alter table item drop name; alter table item add title text; alter table item add name text default 'x'")
        .await;
    assert_eq!(source.shown(group, &["1"]).await, [json!({"name": "x"})]);
    // The same when every connection is gone as well, so that no server remembers the statements.
    system.load("alter table item alter no type bigint").await;
    postgres::shared().end_connections(&url);
    assert_eq!(source.shown(group, &["1", "x"]).await, [json!({"name": "x"}), json!(null)]);
    system.load("alter table item alter no type uuid using 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'").await;
    postgres::shared().end_connections(&url);
    let uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
    assert_eq!(source.shown(group, &["1"]).await, [json!(null)]);
    assert_eq!(source.shown(group, &["1", uuid]).await, [json!(null), json!({"name": "x"})]);
    assert_eq!(keys(&source.page(list, first(1, None)).await), [uuid]);
}

#[tokio::test]
async fn parts_that_come_with_their_group_are_learned_anew_and_keep_their_order_and_types() {
    let url = postgres::shared().create_database();
    let system = System::postgres_at(url);
    system
        .load(
            "create domain amount as numeric(9, 2); create table item (no text, name int); insert into item values ('1', 7);
             create table line (no text, a char(2), b amount, c char(2)); create table empty (no int, d date);
             insert into line select '1', chr(64 + n), n, 'c' || n from generate_series(1, 3) n",
        )
        .await;
    let mut bindings = Bindings::new().connections_max(1);
    let line = bindings.shape("Line", ["a", "b", "c"].map(|name| leaf(name, Scalar::String)).into());
    let empty = bindings.shape("Empty", vec![leaf("d", Scalar::Date)]);
    let slots = vec![leaf("name", Scalar::Int), parts("lines", line), parts("empty", empty)];
    let shape = bindings.shape("Product", slots);
    let lines =
        "with l as (select line.*, no as parent from line where no in (:keys)) select * from l order by b desc -- last";
    let empty = "select no as parent, d from empty where no in (:keys)";
    let query = "select * from item where no in (:keys);";
    let group = bindings.group(shape, "no", query, &[("lines", lines), ("empty", empty)], Adaptations::default());
    let source = system.source(bindings);
    let row = |n: usize| [["A ", "B ", "C "][n], ["1.00", "2.00", "3.00"][n], ["c1", "c2", "c3"][n]];
    let line = |[a, b, c]: [&str; 3]| json!({"a": a, "b": b, "c": c});
    let lines = [2, 1, 0].map(|n| line(row(n)));
    assert_eq!(source.shown(group, &["1", "x"]).await, [json!({"name": 7, "lines": lines, "empty": []}), json!(null)]);
    assert_eq!((source.statements)(), 1);
    // The columns are of the same types and number as before, under each other's names.
    system
        .load("alter table line rename a to z; alter table line rename c to a; alter table line rename z to c; alter table item add more text")
        .await;
    let lines = [2, 1, 0].map(row).map(|[a, b, c]| line([c, b, a]));
    assert_eq!(source.shown(group, &["1"]).await, [json!({"name": 7, "lines": lines, "empty": []})]);
}

#[tokio::test]
async fn parts_that_the_server_does_not_take_with_their_group_are_asked_in_its_snapshot() {
    let system = System::postgres();
    system.load("create table item (no text); insert into item values ('1')").await;
    let mut bindings = Bindings::new();
    let part = bindings.shape("Part", vec![leaf("freehold_query", Scalar::Int)]);
    let shape = bindings.shape("Product", vec![leaf("no", Scalar::String), parts("parts", part)]);
    let parts = "select no as parent, 1 as freehold_query from item where no in (:keys)";
    let query = "select no from item where no in (:keys)";
    let group = bindings.group(shape, "no", query, &[("parts", parts)], Adaptations::default());
    let source = system.source(bindings);
    assert_eq!(source.shown(group, &["1"]).await, [json!({"no": "1", "parts": [{"freehold_query": 1}]})]);
    assert_eq!((source.statements)(), 2);
}

#[tokio::test]
async fn a_login_without_the_right_to_read_is_denied() {
    let url = postgres::shared().create_database();
    let system = System::postgres_at(url.clone());
    system
        .load("create table item (no text); drop role if exists nobody_special; create role nobody_special login")
        .await;
    let mut bindings = Bindings::new();
    let shape = bindings.shape("Product", vec![leaf("no", Scalar::String)]);
    let group = bindings.group(shape, "no", "select no from item where no in (:keys)", &[], Adaptations::default());
    let other = System::postgres_at(url.replace("freehold@", "nobody_special@"));
    let error = other.source(bindings).outcomes(group, &["A"]).await.remove(0).unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Denied);
    assert!(error.detail.starts_with("42501"), "{}", error.detail);
    system.load("drop role nobody_special").await;
}

#[tokio::test]
async fn a_fetch_that_nobody_waits_for_leaves_its_connection_to_no_one() {
    let system = System::postgres();
    system.load("create table item (no text); insert into item values ('A')").await;
    let mut bindings = Bindings::new().connections_max(1);
    let shape = bindings.shape("Product", vec![leaf("no", Scalar::String)]);
    let slow = "select no, pg_sleep(30)::text as waited from item where no in (:keys)";
    let part = "select no as parent from item where no in (:keys)";
    let slow = bindings.group(shape, "no", slow, &[("parts", part)], Adaptations::default());
    let quick = bindings.group(shape, "no", "select no from item where no in (:keys)", &[], Adaptations::default());
    let source = system.source(bindings);
    for _ in 0..3 {
        let given_up = tokio::time::timeout(Duration::from_millis(50), source.outcomes(slow, &["A"])).await;
        assert!(given_up.is_err());
        let begun = Instant::now();
        assert_eq!(source.shown(quick, &["A"]).await, [json!({"no": "A"})]);
        assert!(begun.elapsed() < Duration::from_secs(5), "it did not wait for the slow one");
    }
}

#[tokio::test]
async fn a_fetch_is_one_statement_by_the_servers_own_log() {
    let url = postgres::shared().create_database();
    let system = System::postgres_at(url.clone());
    system.load("create table item (no text, parent int); insert into item select n::text, n % 10 from generate_series(1, 2000) n").await;
    let mut bindings = Bindings::new();
    let part = bindings.shape("Part", vec![leaf("no", Scalar::String)]);
    let shape = bindings.shape("Product", vec![leaf("parent", Scalar::Int), parts("parts", part)]);
    let parts = "select no as parent, no from item where no in (:keys)";
    let query = "select no as sku, parent from item where no in (:keys)";
    let group = bindings.group(shape, "sku", query, &[("parts", parts)], Adaptations::default());
    let list = bindings.list("no", "parent", "select no from item where parent = :parent", "no");
    let source = system.source(bindings);
    let all: Vec<String> = (1..=1000).map(|n| n.to_string()).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    for keys in [&all[..1], &all] {
        let before = postgres::shared().statements_logged(&url);
        assert!(source.outcomes(group, keys).await.iter().all(|outcome| outcome.as_ref().unwrap().table().is_some()));
        assert_eq!(postgres::shared().statements_logged(&url) - before, 1);
    }
    for n_parents in [1, 10] {
        let before = postgres::shared().statements_logged(&url);
        let arguments = (0..n_parents).map(|n: i32| vec![Argument::One(n.to_string().into())]).collect();
        for page in source.pages(list, arguments, first(5, None), None).await {
            assert_eq!(page.unwrap().items.len(), 5);
        }
        assert_eq!(postgres::shared().statements_logged(&url) - before, 1);
    }
    assert_eq!((source.statements)(), 4);
}

#[tokio::test]
async fn an_unquoted_alias_that_the_server_folds_still_orders_a_list() {
    let system = System::postgres();
    system
        .load("create table item (no text, at timestamptz); insert into item values ('A', 'epoch'), ('B', 'infinity')")
        .await;
    let mut bindings = Bindings::new();
    let list = bindings.list(
        "sku",
        "",
        "select no as sku, at as changedAt from item where at < 'infinity' -- all\n;",
        "changedAt desc, sku",
    );
    let unreadable = bindings.list("sku", "", "select no as sku, at from item", "at desc, sku");
    let source = system.source(bindings);
    let page = source.page(list, first(1, None)).await;
    assert_eq!(keys(&page), ["A"]);
    assert_eq!(page.items[0].cursor.0[0].as_deref(), Some("1970-01-01T00:00:00Z"));
    let pages = source.pages(unreadable, vec![vec![]], first(1, None), None).await;
    let error = pages[0].as_ref().unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::ContractViolation);
    assert!(error.detail.contains("cursor"), "{}", error.detail);
    let window = freehold::fetch::Window { direction: Direction::Backward, ..first(0, None) };
    assert!(source.page(unreadable, window).await.has_previous);
}
