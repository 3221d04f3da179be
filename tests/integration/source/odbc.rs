//! What only ODBC has: drivers that block, columns of any length, a session that can be anything.

use std::time::{Duration, Instant};

use freehold::{
    contract::{Dialect, Secret, SystemKind},
    fetch::{Fetch, FetchErrorKind},
    value::{Adaptations, Key, Scalar, SystemId},
};
use serde_json::json;

use crate::common::{
    binding::{Bindings, leaf},
    system::{System, later},
};

#[tokio::test]
async fn long_texts_and_every_letter_come_whole() {
    for system in [System::odbc_postgres(), System::odbc_sqlite()] {
        system.load("create table item (no {key}, name text, empty text)").await;
        let long = "Größe 日本 🔩 ".repeat(20_000);
        system.load(&format!("insert into item values ('Ä🔩', '{long}', '')")).await;
        let mut bindings = Bindings::new();
        let shape = bindings.shape("Product", vec![leaf("name", Scalar::String), leaf("empty", Scalar::String)]);
        let query = "select no, name, empty from item where no in (:keys)";
        let group = bindings.group(shape, "no", query, &[], Adaptations::default());
        let shown = system.source(bindings).shown(group, &["Ä🔩"]).await.remove(0);
        assert_eq!(shown["name"].as_str().map(str::len), Some(long.len()));
        assert_eq!(shown, json!({"name": long, "empty": ""}));
    }
}

#[tokio::test]
async fn more_keys_than_the_system_takes_parameters_are_one_answer_of_one_state() {
    let system = System::odbc_postgres();
    system
        .load("create table item (a int, b text, name text); insert into item select n, 'b', 'i' || n from generate_series(1, 50) n")
        .await;
    let mut bindings = Bindings::new();
    let shape = bindings.shape("Product", vec![leaf("name", Scalar::String)]);
    let query = "select a, b, name from item where (a, b) in (:keys)";
    let group = bindings.group(shape, "a b", query, &[], Adaptations::default());
    let SystemKind::Odbc { url, .. } = system.kind() else { panic!("an ODBC system") };
    let dialect = Dialect { parameters_max: 20, row_values: false, ..Dialect::postgres() };
    let contract = bindings.contract(SystemKind::Odbc { url, dialect: Box::new(dialect) });
    let source = freehold::source::open(&contract, SystemId(0), &freehold::telemetry::Telemetry::new());
    let keys = (1..=60).map(|n| Key::of([n.to_string().as_str(), "b"]).unwrap()).collect();
    let outcomes = source.fetch(Fetch { group, keys, deadline: later() }).await;
    let present = outcomes.iter().map(|outcome| outcome.as_ref().unwrap().table().is_some());
    assert_eq!(present.collect::<Vec<_>>(), (1..=60).map(|n| n <= 50).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_a_driver_would_write_is_rolled_back() {
    let system = System::odbc_postgres();
    system
        .load(
            "create table item (no text); insert into item values ('A');
             create function gone(text) returns text language sql as 'delete from item where no = $1 returning no'",
        )
        .await;
    let mut bindings = Bindings::new();
    let shape = bindings.shape("Product", vec![leaf("no", Scalar::String)]);
    let group =
        bindings.group(shape, "no", "select gone(no) as no from item where no in (:keys)", &[], Adaptations::default());
    let reading = bindings.group(shape, "no", "select no from item where no in (:keys)", &[], Adaptations::default());
    let SystemKind::Odbc { url, .. } = system.kind() else { panic!("an ODBC system") };
    // As on a system that has no session which only reads.
    let dialect = Dialect { session: Vec::new(), ..Dialect::postgres() };
    let contract = bindings.contract(SystemKind::Odbc { url, dialect: Box::new(dialect) });
    let source = freehold::source::open(&contract, SystemId(0), &freehold::telemetry::Telemetry::new());
    for group in [group, reading] {
        let fetch = Fetch { group, keys: [Key::one("A")].into(), deadline: later() };
        assert!(source.fetch(fetch).await.remove(0).unwrap().table().is_some());
    }
}

#[tokio::test]
async fn a_driver_that_hangs_holds_its_own_thread_and_no_other() {
    let system = System::odbc_postgres();
    system.load("create table item (no text); insert into item values ('A')").await;
    let mut bindings = Bindings::new().connections_max(2).timeout(Duration::from_millis(400));
    let shape = bindings.shape("Product", vec![leaf("no", Scalar::String)]);
    let slow = bindings.group(shape, "no", system.facts.slow, &[], Adaptations::default());
    let quick = bindings.group(shape, "no", "select no from item where no in (:keys)", &[], Adaptations::default());
    let SystemKind::Odbc { url, .. } = system.kind() else { panic!("an ODBC system") };
    // Without the server's own limit, the driver comes back when it likes.
    let dialect = Dialect { session: Vec::new(), ..Dialect::postgres() };
    let contract = bindings.contract(SystemKind::Odbc { url, dialect: Box::new(dialect) });
    let source = freehold::source::open(&contract, SystemId(0), &freehold::telemetry::Telemetry::new());
    let ask = |group| source.fetch(Fetch { group, keys: [Key::one("A")].into(), deadline: later() });
    let begun = Instant::now();
    assert_eq!(ask(slow).await.remove(0).unwrap_err().kind, FetchErrorKind::Timeout);
    assert!(ask(quick).await.remove(0).is_ok(), "the other connection answers");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_driver_that_is_not_there_is_unavailable_and_no_secret_is_shown() {
    let mut bindings = Bindings::new();
    let shape = bindings.shape("Product", vec![leaf("no", Scalar::String)]);
    let group = bindings.group(shape, "no", "select no from item where no in (:keys)", &[], Adaptations::default());
    let url = Secret::new("Driver=/nowhere/driver.so;Server=db;Uid=u;Pwd=s3cr3t".to_owned());
    let kind = SystemKind::Odbc { url, dialect: Box::new(Dialect::sql_server()) };
    let source = freehold::source::open(&bindings.contract(kind), SystemId(0), &freehold::telemetry::Telemetry::new());
    let fetch = Fetch { group, keys: [Key::one("A")].into(), deadline: later() };
    let error = source.fetch(fetch).await.remove(0).unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Unavailable, "{}", error.detail);
    assert!(!error.to_string().contains("s3cr3t"), "{error}");
}
