//! What only MySQL and MariaDB have: their types, their collations, their rights.

use std::time::{Duration, Instant};

use freehold::{
    fetch::FetchErrorKind,
    value::{Adaptations, Scalar},
};
use serde_json::json;

use crate::common::{
    binding::{Bindings, leaf},
    mariadb,
    system::{System, first, keys},
};

#[tokio::test]
async fn every_type_is_read_exactly_or_said_to_be_unreadable() {
    let system = System::mysql();
    system
        .load(
            r#"set sql_mode = '';
               create table item (no varchar(20) primary key, b tinyint(1), many tinyint(1), i8 tinyint unsigned, i16 smallint,
                 i24 mediumint, i32 int unsigned, i64 bigint unsigned, n decimal(20, 4), f float, d double, bits bit(9),
                 c char(4), e enum('sad', 'glad'), s set('x', 'y'), t longtext, y year, da date, ti time(3), dt datetime(6),
                 ts timestamp null, j json, zero date not null, never datetime not null, half date, bin varbinary(4),
                 bintext varchar(20) character set utf8mb4 collate utf8mb4_bin, latin varchar(20) character set latin1);
               set time_zone = '+02:00';
               insert into item values ('A', true, 7, 255, -2, 8388607, 4294967295, 18446744073709551615, 12.5000, 1.1, 0.1,
                 b'100000001', 'c', 'glad', 'x,y', repeat('ü', 70000), 2026, '2026-02-28', '-26:03:04.5',
                 '2026-02-28 10:00:00.000001', '2026-02-28 10:00:00', '{"x": 1.10}', '0000-00-00', '0000-00-00 00:00:00',
                 '2026-00-00', x'ff', 'Ä', 'é')"#,
        )
        .await;
    let text = ["i8", "i16", "i24", "i32", "i64", "n", "f", "d", "bits", "c", "e", "s", "y", "ti", "bintext", "latin"];
    let mut bindings = Bindings::new();
    let mut slots = text.map(|name| leaf(name, Scalar::String)).to_vec();
    slots.extend([leaf("b", Scalar::Boolean), leaf("many", Scalar::Int), leaf("t", Scalar::String)]);
    slots.extend(["da", "zero", "half"].map(|name| leaf(name, Scalar::Date)));
    slots.extend(["dt", "ts", "never"].map(|name| leaf(name, Scalar::DateTime)));
    slots.extend([leaf("j", Scalar::Json), leaf("bin", Scalar::String)]);
    let shape = bindings.shape("Product", slots);
    let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    let adaptations = Adaptations { zone: Some(zone), ..Adaptations::default() };
    let group = bindings.group(shape, "no", "select * from item where no in (:keys)", &[], adaptations);
    let shown = system.source(bindings).shown(group, &["A"]).await.remove(0);
    let expected = [
        "255",
        "-2",
        "8388607",
        "4294967295",
        "18446744073709551615",
        "12.5000",
        "1.1",
        "0.1",
        "257",
        "c",
        "glad",
        "x,y",
        "2026",
        "-26:03:04.5",
        "Ä",
        "é",
    ];
    for (name, expected) in text.into_iter().zip(expected) {
        assert_eq!(shown[name], expected, "{name}");
    }
    assert_eq!((&shown["b"], &shown["many"]), (&json!(true), &json!(7)));
    assert_eq!(shown["t"].as_str().map(|text| text.chars().count()), Some(70_000));
    assert_eq!(shown["da"], "2026-02-28");
    assert_eq!(shown["dt"], "2026-02-28T09:00:00.000001Z", "a zoneless time is in the binding's zone");
    assert_eq!(shown["ts"], "2026-02-28T08:00:00Z", "a timestamp is an instant");
    assert_eq!(shown["j"].to_string(), r#"{"x":1.10}"#);
    assert_eq!((&shown["zero"], &shown["never"]), (&json!(null), &json!(null)), "a zero date is none");
    assert!(shown["half"]["expected"].is_string() && shown["bin"]["expected"].is_string(), "{shown}");
}

#[tokio::test]
async fn keys_of_every_type_find_their_row_and_impossible_ones_none() {
    let system = System::mysql();
    system
        .load(
            "create table item (d date, n decimal(10, 2), b bigint unsigned, e enum('sad', 'glad'), ts datetime(3), t time, i tinyint);
             insert into item values ('2026-02-28', 12.50, 18446744073709551615, 'glad', '2026-02-28 10:00:00.5', '09:30', 0)",
        )
        .await;
    for (column, key, impossible) in [
        ("d", "2026-02-28", "2026-02-31"),
        ("n", "12.50", "twelve"),
        ("b", "18446744073709551615", "18446744073709551614"),
        ("e", "glad", "furious"),
        ("ts", "2026-02-28T10:00:00.5", "soon"),
        ("t", "09:30:00", "late"),
        // To MySQL, a word is the number zero.
        ("i", "0", "zero"),
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
async fn a_row_that_only_the_collation_takes_for_the_key_is_reported() {
    let system = System::mysql();
    system.load("create table item (no varchar(20) primary key); insert into item values ('A'), ('b  ')").await;
    let mut bindings = Bindings::new();
    let shape = bindings.shape("Product", vec![leaf("no", Scalar::String)]);
    let group = bindings.group(shape, "no", "select no from item where no in (:keys)", &[], Adaptations::default());
    let source = system.source(bindings);
    for (key, said) in [("a", "differs by case"), ("b", "differs by padding"), ("B", "differs by padding")] {
        let error = source.outcomes(group, &[key]).await.remove(0).unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::ContractViolation);
        assert!(error.detail.contains(said), "{key}: {}", error.detail);
    }
    assert_eq!(source.shown(group, &["A", "b  ", "x"]).await[..2], [json!({"no": "A"}), json!({"no": "b  "})]);
}

#[tokio::test]
async fn keys_are_compared_in_the_columns_own_collation() {
    let system = System::mysql();
    system
        .load(
            "create table item (no varchar(20) character set latin1 collate latin1_german1_ci primary key,
               code varchar(20) character set utf8mb4 collate utf8mb4_unicode_ci);
             insert into item values ('Ä', 'ß')",
        )
        .await;
    for (column, key, other) in [("no", "Ä", "Ö"), ("code", "ß", "日本")] {
        let mut bindings = Bindings::new();
        let shape = bindings.shape("Product", vec![leaf(column, Scalar::String)]);
        let query = format!("select {column} from item where {column} in (:keys)");
        let group = bindings.group(shape, column, &query, &[], Adaptations::default());
        let list = bindings.list(column, "", &format!("select {column} from item"), column);
        let source = system.source(bindings);
        assert_eq!(source.shown(group, &[key, other]).await, [json!({ column: key }), json!(null)]);
        let page = source.page(list, first(1, None)).await;
        assert_eq!(keys(&source.page(list, first(1, Some(page.items[0].cursor.clone()))).await), [""; 0]);
    }
}

#[tokio::test]
async fn a_key_in_letters_that_the_column_does_not_have_fails_alone() {
    let system = System::mysql();
    system
        .load(
            "create table item (no varchar(20) character set latin1 primary key);
             insert into item values ('Ä'), ('B')",
        )
        .await;
    let mut bindings = Bindings::new();
    let shape = bindings.shape("Product", vec![leaf("no", Scalar::String)]);
    let group = bindings.group(shape, "no", "select no from item where no in (:keys)", &[], Adaptations::default());
    let source = system.source(bindings);
    let others: Vec<String> = (0..500).map(|n| n.to_string()).collect();
    let mut asked: Vec<&str> = others.iter().map(String::as_str).collect();
    asked.insert(123, "日本");
    asked.extend(["Ä", "B"]);
    let outcomes = source.outcomes(group, &asked).await;
    assert_eq!(outcomes[123].as_ref().unwrap_err().kind, FetchErrorKind::BadRequest);
    let n_failed = outcomes.iter().filter(|outcome| outcome.is_err()).count();
    assert_eq!(n_failed, 1);
    assert!(outcomes[501..].iter().all(|outcome| outcome.as_ref().unwrap().table().is_some()));
    assert!((source.statements)() < 32);
}

#[tokio::test]
async fn a_changed_table_is_learned_anew() {
    let system = System::mysql();
    system.load("create table item (no varchar(20), name int); insert into item values ('1', 1)").await;
    let mut bindings = Bindings::new().connections_max(2);
    let shape = bindings.shape("Product", vec![leaf("name", Scalar::String)]);
    let group = bindings.group(shape, "no", "select * from item where no in (:keys)", &[], Adaptations::default());
    let list = bindings.list("no", "", "select no, name from item", "name, no");
    let source = system.source(bindings);
    assert_eq!(source.shown(group, &["1", "x"]).await, [json!({"name": "1"}), json!(null)]);
    assert_eq!(keys(&source.page(list, first(1, None)).await), ["1"]);
    system.load("alter table item add more int first, modify name varchar(20), modify no int").await;
    assert_eq!(source.shown(group, &["1", "x"]).await, [json!({"name": "1"}), json!(null)]);
    assert_eq!(keys(&source.page(list, first(1, None)).await), ["1"]);
}

#[tokio::test]
async fn rights_and_passwords_that_are_missing_are_denied() {
    let url = mariadb::shared().create_database();
    System::mysql_at(url.clone()).load("create table item (no varchar(20))").await;
    mariadb::shared().run("create or replace user nobody_special@'%' identified by 'x'");
    for login in ["nobody_special:x@", "nobody_special:y@"] {
        let mut bindings = Bindings::new();
        let shape = bindings.shape("Product", vec![leaf("no", Scalar::String)]);
        let group = bindings.group(shape, "no", "select no from item where no in (:keys)", &[], Adaptations::default());
        let other = System::mysql_at(url.replace("freehold:s3cr3t@", login));
        let error = other.source(bindings).outcomes(group, &["A"]).await.remove(0).unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::Denied, "{}", error.detail);
        assert!(!error.detail.contains("s3cr3t"), "{}", error.detail);
    }
}

#[tokio::test]
async fn a_fetch_that_nobody_waits_for_leaves_its_connection_to_no_one() {
    let system = System::mysql();
    system.load("create table item (no varchar(20)); insert into item values ('A')").await;
    let mut bindings = Bindings::new().connections_max(1);
    let shape = bindings.shape("Product", vec![leaf("no", Scalar::String)]);
    let slow = bindings.group(shape, "no", system.facts.slow, &[], Adaptations::default());
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
