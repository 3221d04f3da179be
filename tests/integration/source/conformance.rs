//! How every kind of source answers for keys.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use freehold::{
    fetch::FetchErrorKind,
    value::{Adaptation, Adaptations, GroupId, Scalar},
};
use serde_json::json;

use super::on_every_kind;
use crate::common::{
    binding::{Bindings, leaf, leaves, parts},
    system::System,
};

on_every_kind!(
    a_batch_is_one_statement_and_gives_every_key_its_outcome,
    awkward_keys_come_back_as_they_were,
    a_key_is_answered_by_the_row_that_has_it_and_by_no_similar_one,
    a_key_that_the_column_cannot_hold_is_absent_and_fails_nobody,
    keys_of_several_fields_are_matched_together,
    exact_numbers_stay_exact,
    values_that_do_not_fit_null_their_field_alone,
    zoneless_times_take_the_zone_of_the_binding,
    padding_is_cut_where_asked_and_reported_where_it_hides_a_key,
    json_feeds_nested_parts_and_lists,
    parts_come_with_their_entity_in_their_order,
    parts_and_entity_are_of_one_state,
    two_rows_for_one_key_are_a_violation_of_that_key,
    a_missing_key_column_is_named,
    nothing_can_be_written,
    a_wrong_query_is_a_bad_request,
    a_slow_query_times_out,
);

async fn a_batch_is_one_statement_and_gives_every_key_its_outcome(system: System) {
    system
        .load("create table item (no {key} primary key, name text); insert into item values ('A', 'Bolt'), ('B', null)")
        .await;
    let mut bindings = Bindings::new();
    let shape = bindings.shape("Product", vec![leaf("name", Scalar::String)]);
    let query = "select no as sku, name from item where no in (:keys)";
    let group = bindings.group(shape, "sku", query, &[], Adaptations::default());
    let source = system.source(bindings);
    let shown = source.shown(group, &["B", "missing", "A"]).await;
    assert_eq!(shown, [json!({"name": null}), json!(null), json!({"name": "Bolt"})]);
    assert_eq!((source.statements)(), 1);
    let many: Vec<String> = (0..3000).map(|n| n.to_string()).chain(["A".to_owned()]).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let outcomes = source.outcomes(group, &many).await;
    assert_eq!((outcomes.len(), (source.statements)()), (3001, 2));
    assert_eq!(outcomes.iter().filter(|outcome| outcome.as_ref().unwrap().table().is_some()).count(), 1);
    let stamp = outcomes[0].as_ref().unwrap().stamp;
    assert!(stamp.started_ms > 0 && stamp.ended_ms >= stamp.started_ms);
    assert!(source.outcomes(group, &[]).await.is_empty());
}

async fn awkward_keys_come_back_as_they_were(system: System) {
    system.load("create table item (no {key} primary key); insert into item values ('SP/1''4\"×'), (''), ('{a,\"b\"}'), ('null'), ('a\\b')").await;
    let mut bindings = Bindings::new();
    let shape = bindings.shape("Product", vec![leaf("no", Scalar::String)]);
    let group = bindings.group(shape, "no", "select no from item where no in (:keys)", &[], Adaptations::default());
    let keys = ["SP/1'4\"×", "", "{a,\"b\"}", "null", "a\\b", "');--", "NULL"];
    let shown = system.source(bindings).shown(group, &keys).await;
    for (key, shown) in keys.iter().zip(&shown).take(5) {
        assert_eq!(*shown, json!({ "no": key }));
    }
    assert_eq!(shown[5..], [json!(null), json!(null)]);
}

async fn a_key_is_answered_by_the_row_that_has_it_and_by_no_similar_one(system: System) {
    system.load("create table item (no {key} primary key); insert into item values ('A'), ('b'), ('c')").await;
    let mut bindings = Bindings::new();
    let shape = bindings.shape("Product", vec![leaf("no", Scalar::String)]);
    let exactly = bindings.group(shape, "no", "select no from item where no in (:keys)", &[], Adaptations::default());
    let query = "select no from item where lower(no) in (:keys)";
    let folding = bindings.group(shape, "no", query, &[], Adaptations::default());
    let source = system.source(bindings);
    // Where the system tells them apart, the key is absent; where it does not, the row is not the key's.
    for key in ["a", "B ", "c "] {
        match &source.outcomes(exactly, &[key]).await[0] {
            Ok(record) => assert!(record.table().is_none(), "{key}"),
            Err(error) => assert_eq!(error.kind, FetchErrorKind::ContractViolation, "{}", error.detail),
        }
    }
    let outcomes = source.outcomes(folding, &["a", "b"]).await;
    let error = outcomes[0].as_ref().unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::ContractViolation);
    assert!(error.detail.contains("differs by case"), "{}", error.detail);
    assert!(outcomes[1].as_ref().unwrap().table().is_some());
    // A row that was asked for by its own name hides nobody else.
    assert_eq!(source.shown(exactly, &["A", "a"]).await, [json!({"no": "A"}), json!(null)]);
}

async fn a_key_that_the_column_cannot_hold_is_absent_and_fails_nobody(system: System) {
    system
        .load("create table item (id integer primary key, name text); insert into item values (7, 'Bolt'), (8, 'Nut')")
        .await;
    let mut bindings = Bindings::new();
    let unit = bindings.shape("Unit", vec![leaf("unit", Scalar::String)]);
    let shape = bindings.shape("Product", vec![leaf("name", Scalar::String), parts("units", unit)]);
    let query = "select id, name from item where id in (:keys)";
    let units = "select id as parent, 'EA' as unit from item where id in (:keys)";
    let group = bindings.group(shape, "id", query, &[("units", units)], Adaptations::default());
    let source = system.source(bindings);
    let shown = source.shown(group, &["abc", "7", "99999999999999999999", "7.5", "", "8\0", "8"]).await;
    let bolt = json!({"name": "Bolt", "units": [{"unit": "EA"}]});
    let nut = json!({"name": "Nut", "units": [{"unit": "EA"}]});
    let null = json!(null);
    assert_eq!(shown, [null.clone(), bolt, null.clone(), null.clone(), null.clone(), null, nut]);
    assert_eq!(source.shown(group, &["abc"]).await, [json!(null)]);
}

async fn keys_of_several_fields_are_matched_together(system: System) {
    system
        .load(
            "create table price (account text, line integer, amount text);
             insert into price values ('K1', 1, 'a'), ('K1', 2, 'b'), ('K2', 1, 'c'), ('K''3', 3, 'd')",
        )
        .await;
    let mut bindings = Bindings::new();
    let note = bindings.shape("Note", vec![leaf("text", Scalar::String)]);
    let shape = bindings.shape("Price", vec![leaf("amount", Scalar::String), parts("notes", note)]);
    let query = "select account, line, amount from price where (account, line) in (:keys)";
    let notes = "select account as parent_account, line as parent_line, amount || '!' as text from price where (account, line) in (:keys)";
    let group = bindings.group(shape, "account line", query, &[("notes", notes)], Adaptations::default());
    let source = system.source(bindings);
    let shown = source.shown(group, &["K1|2", "K2|2", "K'3|3", "K1|x", "K1"]).await;
    let full = |amount: &str| json!({"amount": amount, "notes": [{"text": format!("{amount}!")}]});
    assert_eq!(shown, [full("b"), json!(null), full("d"), json!(null), json!(null)]);
}

async fn exact_numbers_stay_exact(system: System) {
    system
        .load(
            "create table item (no text, price {decimal}, weight {double}, stock bigint);
             insert into item values ('A', '123456789012345678901234567890.123456789012345678901234567890', 0.1, 9007199254740993)",
        )
        .await;
    let mut bindings = Bindings::new();
    let slots = vec![leaf("price", Scalar::Decimal), leaf("weight", Scalar::Float), leaf("stock", Scalar::Decimal)];
    let shape = bindings.shape("Product", slots);
    let query = "select no as sku, price, weight, stock from item where no in (:keys)";
    let group = bindings.group(shape, "sku", query, &[], Adaptations::default());
    let shown = system.source(bindings).shown(group, &["A"]).await.remove(0);
    assert_eq!(shown["price"], "123456789012345678901234567890.123456789012345678901234567890");
    assert_eq!(shown["weight"].to_string(), "0.1");
    assert_eq!(shown["stock"], "9007199254740993");
}

async fn values_that_do_not_fit_null_their_field_alone(system: System) {
    system.load("create table item (no text, name text, count text, at text); insert into item values ('A', 'Bolt', 'many', 'soon')").await;
    let mut bindings = Bindings::new();
    let slots = vec![
        leaf("name", Scalar::String),
        leaf("count", Scalar::Int),
        leaf("at", Scalar::DateTime),
        leaf("gone", Scalar::Int),
    ];
    let shape = bindings.shape("Product", slots);
    let query = "select no as sku, name, count, at from item where no in (:keys)";
    let group = bindings.group(shape, "sku", query, &[], Adaptations::default());
    let shown = system.source(bindings).shown(group, &["A"]).await.remove(0);
    assert_eq!(shown["name"], "Bolt");
    assert_eq!(shown["count"]["expected"], "a 32-bit integer");
    assert!(shown["at"]["expected"].is_string() && shown["gone"]["expected"].is_string());
}

async fn zoneless_times_take_the_zone_of_the_binding(system: System) {
    system
        .load("create table item (no text, at {timestamp}); insert into item values ('summer', '2026-07-01 08:00:00'), ('winter', '2026-01-01 08:00:00.25')")
        .await;
    let mut bindings = Bindings::new();
    let shape = bindings.shape("Product", vec![leaf("at", Scalar::DateTime)]);
    let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    let adaptations = Adaptations { zone: Some(zone), ..Adaptations::default() };
    let group = bindings.group(shape, "no", "select no, at from item where no in (:keys)", &[], adaptations);
    let shown = system.source(bindings).shown(group, &["summer", "winter"]).await;
    assert_eq!(shown, [json!({"at": "2026-07-01T06:00:00Z"}), json!({"at": "2026-01-01T07:00:00.25Z"})]);
}

async fn padding_is_cut_where_asked_and_reported_where_it_hides_a_key(system: System) {
    system
        .load("create table item (no {char10}, unit {char10}); insert into item values ('A         ', 'EA        ')")
        .await;
    let mut bindings = Bindings::new();
    let shape = bindings.shape("Product", vec![leaf("unit", Scalar::String)]);
    let query = format!("select no as sku, unit from item where {} in (:keys)", system.facts.on_padded);
    let trimmed = bindings.group(shape, "sku", &query, &[], Adaptations { trim: true, ..Adaptations::default() });
    let of_sku = Adaptation { trim: true, ..Adaptation::default() };
    let fields = BTreeMap::from([("sku".to_owned(), of_sku)]);
    let key_alone = bindings.group(shape, "sku", &query, &[], Adaptations { fields, ..Adaptations::default() });
    let untouched = bindings.group(shape, "sku", &query, &[], Adaptations::default());
    let source = system.source(bindings);
    assert_eq!(source.shown(trimmed, &["A", "B"]).await, [json!({"unit": "EA"}), json!(null)]);
    assert_eq!(source.shown(key_alone, &["A"]).await, [json!({"unit": "EA        "})]);
    let outcomes = source.outcomes(untouched, &["A", "B"]).await;
    let error = outcomes[0].as_ref().unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::ContractViolation);
    assert!(error.detail.contains("padding"), "{}", error.detail);
    assert!(outcomes[1].as_ref().unwrap().table().is_none());
}

async fn json_feeds_nested_parts_and_lists(system: System) {
    system
        .load(
            r#"create table item (no text, units {json}, tags {json}, facts {json});
               insert into item values ('A', '[{"unit": "EA", "factor": 1.10000000000000000000000001}, {"unit": "BOX", "factor": null}]', '["x", null, "y"]', '{"a": [1, 2.50]}')"#,
        )
        .await;
    let mut bindings = Bindings::new();
    let unit = bindings.shape("Unit", vec![leaf("unit", Scalar::String), leaf("factor", Scalar::Decimal)]);
    let slots = vec![parts("units", unit), leaves("tags", Scalar::String), leaf("facts", Scalar::Json)];
    let shape = bindings.shape("Product", slots);
    let query = "select no as sku, units, tags, facts from item where no in (:keys)";
    let group = bindings.group(shape, "sku", query, &[], Adaptations::default());
    let shown = system.source(bindings).shown(group, &["A"]).await.remove(0);
    let units = json!([{"unit": "EA", "factor": "1.10000000000000000000000001"}, {"unit": "BOX", "factor": null}]);
    assert_eq!(shown["units"], units);
    assert_eq!(shown["tags"], json!(["x", null, "y"]));
    assert_eq!(shown["facts"].to_string(), r#"{"a":[1,2.50]}"#);
}

async fn parts_come_with_their_entity_in_their_order(system: System) {
    system
        .load(
            "create table orders (no text); create table line (order_no text, n integer, sku text);
             insert into orders values ('O1'), ('O2'), ('O3');
             insert into line values ('O1', 2, 'B'), ('O2', 1, 'C'), ('O1', 1, 'A'), ('other', 1, 'X')",
        )
        .await;
    let mut bindings = Bindings::new();
    let line = bindings.shape("Line", vec![leaf("n", Scalar::Int), leaf("sku", Scalar::String)]);
    let shape = bindings.shape("Order", vec![parts("lines", line)]);
    let lines = "select order_no as parent, n, sku from line where order_no in (:keys) order by 1, 2";
    let query = "select no as number from orders where no in (:keys)";
    let group = bindings.group(shape, "number", query, &[("lines", lines)], Adaptations::default());
    let source = system.source(bindings);
    let shown = source.shown(group, &["O2", "O1", "O3", "O4"]).await;
    let o1 = json!({"lines": [{"n": 1, "sku": "A"}, {"n": 2, "sku": "B"}]});
    assert_eq!(shown, [json!({"lines": [{"n": 1, "sku": "C"}]}), o1, json!({"lines": []}), json!(null)]);
    assert_eq!((source.statements)(), if system.facts.brings_parts { 1 } else { 2 });
}

async fn parts_and_entity_are_of_one_state(system: System) {
    let Some(before_writing) = system.facts.before_writing else { return };
    system.load(before_writing).await;
    system
        .load(
            "create table orders (no text, n_lines integer); create table line (order_no text, n integer);
             insert into orders values ('O1', 0)",
        )
        .await;
    let mut bindings = Bindings::new();
    let line = bindings.shape("Line", vec![leaf("n", Scalar::Int)]);
    let shape = bindings.shape("Order", vec![leaf("n_lines", Scalar::Int), parts("lines", line)]);
    let lines = "select order_no as parent, n from line where order_no in (:keys)";
    let query = "select no as number, n_lines from orders where no in (:keys)";
    let group = bindings.group(shape, "number", query, &[("lines", lines)], Adaptations::default());
    let system = Arc::new(system);
    let source = system.source(bindings);
    let writer = {
        let system = Arc::clone(&system);
        tokio::spawn(async move {
            for n in 1..=40 {
                let change =
                    format!("begin; insert into line values ('O1', {n}); update orders set n_lines = {n}; commit");
                system.load(&change).await;
            }
        })
    };
    let mut seen = Vec::new();
    while !writer.is_finished() {
        let shown = source.shown(group, &["O1"]).await.remove(0);
        assert_eq!(shown["n_lines"].as_u64().unwrap() as usize, shown["lines"].as_array().unwrap().len());
        seen.push(shown["n_lines"].as_u64());
    }
    writer.await.unwrap();
    seen.dedup();
    assert!(seen.len() > 2, "the reader met the writer at work: {seen:?}");
}

async fn two_rows_for_one_key_are_a_violation_of_that_key(system: System) {
    system
        .load("create table item (no text, name text); insert into item values ('A', 'x'), ('A', 'y'), ('B', 'z')")
        .await;
    let mut bindings = Bindings::new();
    let shape = bindings.shape("Product", vec![leaf("name", Scalar::String)]);
    let group =
        bindings.group(shape, "no", "select no, name from item where no in (:keys)", &[], Adaptations::default());
    let outcomes = system.source(bindings).outcomes(group, &["A", "B"]).await;
    let error = outcomes[0].as_ref().unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::ContractViolation);
    assert_eq!(&*error.detail, "erp Product: 2 rows for the key A");
    assert!(outcomes[1].is_ok());
}

async fn a_missing_key_column_is_named(system: System) {
    system.load("create table item (no text, name text); insert into item values ('A', 'x')").await;
    let mut bindings = Bindings::new();
    let shape = bindings.shape("Product", vec![leaf("name", Scalar::String)]);
    let group =
        bindings.group(shape, "sku", "select no, name from item where no in (:keys)", &[], Adaptations::default());
    for outcome in system.source(bindings).outcomes(group, &["A", "B"]).await {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::ContractViolation);
        assert_eq!(&*error.detail, "erp Product: the query gives no column sku");
    }
}

async fn nothing_can_be_written(system: System) {
    system.load("create table item (no text); insert into item values ('A')").await;
    let mut bindings = Bindings::new();
    let shape = bindings.shape("Product", vec![leaf("no", Scalar::String)]);
    let mut group = |query: &str| bindings.group(shape, "no", query, &[], Adaptations::default());
    let groups: Vec<GroupId> = system.facts.writes.iter().map(|query| group(query)).collect();
    let reading = group("select no from item where no in (:keys)");
    let source = system.source(bindings);
    for group in groups {
        let error = source.outcomes(group, &["A"]).await.remove(0).unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::BadRequest, "{}", error.detail);
    }
    assert_eq!(source.shown(reading, &["A"]).await, [json!({"no": "A"})]);
}

async fn a_wrong_query_is_a_bad_request(system: System) {
    system.load("create table item (no text)").await;
    let mut bindings = Bindings::new();
    let shape = bindings.shape("Product", vec![leaf("no", Scalar::String)]);
    let mut group = |query: &str| bindings.group(shape, "no", query, &[], Adaptations::default());
    let groups = [
        group("select no from nowhere where no in (:keys)"),
        group("select nothing from item where no in (:keys)"),
        group("selec no from item where no in (:keys)"),
        group("select no from item"),
        group("select no from item where no = :keys"),
        group("select no from item where no in (:keys) and no <> :other"),
    ];
    let source = system.source(bindings);
    for group in groups {
        let error = source.outcomes(group, &["A"]).await.remove(0).unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::BadRequest, "{}", error.detail);
    }
}

async fn a_slow_query_times_out(system: System) {
    system.load("create table item (no text); insert into item values ('A')").await;
    let mut bindings = Bindings::new().timeout(Duration::from_millis(200));
    let shape = bindings.shape("Product", vec![leaf("no", Scalar::String)]);
    let group = bindings.group(shape, "no", system.facts.slow, &[], Adaptations::default());
    let reading = bindings.group(shape, "no", "select no from item where no in (:keys)", &[], Adaptations::default());
    let source = system.source(bindings);
    let error = source.outcomes(group, &["A"]).await.remove(0).unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Timeout, "{}", error.detail);
    assert_eq!(source.shown(reading, &["A"]).await, [json!({"no": "A"})]);
}
