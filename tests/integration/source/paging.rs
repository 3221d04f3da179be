//! How every kind of source answers lists.

use std::cmp::Reverse;

use freehold::{
    fetch::{Count, Cursor, Direction, FetchErrorKind, Page, Window},
    value::{Argument, ListId},
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use super::on_every_kind;
use crate::common::{
    binding::Bindings,
    system::{Source, System, first, keys, last},
};

on_every_kind!(
    many_parents_are_one_statement_and_keep_their_rows_apart,
    pages_of_equal_and_missing_values_meet_without_gap_or_overlap,
    both_cursors_bound_a_window,
    the_count_is_of_all_rows_and_bounded,
    arguments_may_be_null_or_lists,
    an_argument_of_the_wrong_type_fails_its_parent_alone,
    a_cursor_of_another_list_is_refused,
    exact_order_values_make_exact_cursors,
    several_hundred_parents_are_asked_for,
    numbers_that_look_like_texts_are_not_confused,
    walking_pages_either_way_gives_the_whole_list,
);

fn one(text: &str) -> Argument {
    Argument::One(text.into())
}

fn many(texts: &[&str]) -> Argument {
    Argument::Many(texts.iter().map(|text| (*text).into()).collect())
}

/// Items of two categories; some share a name, some have none.
async fn loaded(system: &System) {
    system
        .load(
            "create table item (no text, category integer, name text, status text);
             insert into item values ('A', 1, 'Nut', 'x'), ('B', 1, 'Bolt', 'y'), ('C', 1, null, 'x'), ('D', 1, 'Nut', 'z'),
             ('E', 1, null, 'y'), ('F', 2, 'Cap', 'x'), ('G', 2, 'Axle', 'y')",
        )
        .await;
}

const OF_CATEGORY: &str = "select no as sku, name from item where category = :category";

async fn many_parents_are_one_statement_and_keep_their_rows_apart(system: System) {
    loaded(&system).await;
    let mut bindings = Bindings::new();
    let list = bindings.list("sku", "category", OF_CATEGORY, "name, sku");
    let source = system.source(bindings);
    let arguments = ["2", "3", "1", "2"].map(|category| vec![one(category)]).to_vec();
    let pages: Vec<Page> =
        source.pages(list, arguments, first(2, None), None).await.into_iter().map(Result::unwrap).collect();
    assert_eq!((source.statements)(), 1);
    assert_eq!(keys(&pages[0]), ["G", "F"]);
    assert!(!pages[0].has_next && !pages[0].has_previous);
    assert_eq!(keys(&pages[1]), [""; 0]);
    assert_eq!(keys(&pages[2]), ["B", "A"]);
    assert!(pages[2].has_next);
    assert_eq!(pages[3].items, pages[0].items);
    let backward = source.pages(list, vec![vec![one("1")], vec![one("2")]], last(2, None), None).await;
    assert_eq!(keys(backward[0].as_ref().unwrap()), ["C", "E"]);
    assert_eq!(keys(backward[1].as_ref().unwrap()), ["G", "F"]);
}

async fn pages_of_equal_and_missing_values_meet_without_gap_or_overlap(system: System) {
    loaded(&system).await;
    let mut bindings = Bindings::new();
    let ascending = bindings.list("sku", "", "select no as sku, name from item where category = 1", "name, sku");
    let descending =
        bindings.list("sku", "", "select no as sku, name from item where category = 1", "name desc, sku desc");
    let source = system.source(bindings);
    for (list, expected) in [(ascending, ["B", "A", "D", "C", "E"]), (descending, ["D", "A", "B", "E", "C"])] {
        assert_eq!(walk(&source, list, 1, Direction::Forward).await, expected);
        assert_eq!(walk(&source, list, 2, Direction::Forward).await, expected);
        assert_eq!(walk(&source, list, 1, Direction::Backward).await, expected);
        assert_eq!(walk(&source, list, 2, Direction::Backward).await, expected);
    }
    let page = source.page(ascending, first(2, None)).await;
    assert!(page.has_next && !page.has_previous);
    let page = source.page(ascending, first(9, Some(page.items[1].cursor.clone()))).await;
    assert!(!page.has_next && page.has_previous);
    let page = source.page(ascending, last(2, None)).await;
    assert!(!page.has_next && page.has_previous);
}

async fn both_cursors_bound_a_window(system: System) {
    loaded(&system).await;
    let mut bindings = Bindings::new();
    let list = bindings.list("sku", "", "select no as sku, name from item where category = 1", "name, sku");
    let source = system.source(bindings);
    let all = source.page(list, first(9, None)).await;
    let cursor = |n: usize| Some(all.items[n].cursor.clone());
    let window = Window { direction: Direction::Forward, n_rows: 2, after: cursor(0), before: cursor(4) };
    let page = source.page(list, window.clone()).await;
    assert_eq!((keys(&page), page.has_next), (vec!["A", "D"], true));
    let page = source.page(list, Window { direction: Direction::Backward, ..window.clone() }).await;
    assert_eq!((keys(&page), page.has_previous), (vec!["D", "C"], true));
    let page = source.page(list, Window { before: cursor(1), ..window }).await;
    assert_eq!((keys(&page), page.has_next), (vec![], false));
    let page = source.page(list, first(0, None)).await;
    assert_eq!((keys(&page), page.has_next), (vec![], true));
}

async fn the_count_is_of_all_rows_and_bounded(system: System) {
    loaded(&system).await;
    let mut bindings = Bindings::new();
    let list = bindings.list("sku", "category", OF_CATEGORY, "name, sku");
    let source = system.source(bindings);
    let arguments = ["1", "2", "3"].map(|category| vec![one(category)]).to_vec();
    let counts =
        |pages: Vec<Result<Page, _>>| pages.into_iter().map(|page| page.unwrap().count.unwrap()).collect::<Vec<_>>();
    let counted = counts(source.pages(list, arguments.clone(), first(1, None), Some(4)).await);
    assert_eq!(counted, [Count::MoreThan(4), Count::Exactly(2), Count::Exactly(0)]);
    let counted = counts(source.pages(list, vec![vec![one("1")]], first(1, None), Some(5)).await);
    assert_eq!(counted, [Count::Exactly(5)]);
    assert_eq!((source.statements)(), 4);
    assert_eq!(source.pages(list, arguments, first(1, None), None).await.remove(0).unwrap().count, None);
}

async fn arguments_may_be_null_or_lists(system: System) {
    loaded(&system).await;
    let mut bindings = Bindings::new();
    let query = "select no as sku from item where (:category is null or category = :category)
        and (:statuses is null or status in (:statuses)) and status not in (:but)";
    let list = bindings.list("sku", "category statuses but", query, "sku");
    let source = system.source(bindings);
    let sets = vec![
        vec![Argument::Null, Argument::Null, many(&["none"])],
        vec![one("1"), many(&["x", "z", "it's"]), many(&["z"])],
        vec![Argument::Null, one("y"), many(&[])],
        vec![one("2"), many(&[]), many(&[])],
    ];
    let expected: [&[&str]; 4] = [&["A", "B", "C", "D", "E", "F", "G"], &["A", "C"], &["B", "E", "G"], &[]];
    let together = source.pages(list, sets.clone(), first(9, None), None).await;
    for ((set, page), expected) in sets.into_iter().zip(together).zip(expected) {
        assert_eq!(keys(&page.unwrap()), expected);
        assert_eq!(keys(source.pages(list, vec![set], first(9, None), None).await[0].as_ref().unwrap()), expected);
    }
}

async fn an_argument_of_the_wrong_type_fails_its_parent_alone(system: System) {
    loaded(&system).await;
    let mut bindings = Bindings::new();
    let list = bindings.list("sku", "category", OF_CATEGORY, "name, sku");
    let source = system.source(bindings);
    let pages = source.pages(list, vec![vec![one("2")], vec![one("two")]], first(9, None), None).await;
    assert_eq!(keys(pages[0].as_ref().unwrap()), ["G", "F"]);
    match &pages[1] {
        Ok(page) => assert!(!system.facts.refuses_misfits && page.items.is_empty()),
        Err(error) => {
            assert_eq!(error.kind, FetchErrorKind::BadRequest);
            assert!(error.detail.starts_with("argument category"), "{}", error.detail);
        }
    }
    let lists = source.pages(list, vec![vec![many(&["1"])]], first(9, None), None).await;
    assert_eq!(lists[0].as_ref().unwrap_err().kind, FetchErrorKind::BadRequest);
}

async fn a_cursor_of_another_list_is_refused(system: System) {
    system.load("create table item (id integer, n integer); insert into item values (1, 1)").await;
    let mut bindings = Bindings::new();
    let list = bindings.list("id", "", "select id, n from item", "n, id");
    let source = system.source(bindings);
    for cursor in [vec![Some("1")], vec![Some("x"), Some("1")], vec![Some("1"), Some("1"), None], vec![]] {
        let cursor = Cursor(cursor.into_iter().map(|text| text.map(str::to_owned)).collect());
        let pages = source.pages(list, vec![vec![]], first(1, Some(cursor)), None).await;
        let error = pages[0].as_ref().unwrap_err();
        assert_eq!(error.kind, FetchErrorKind::ForeignCursor, "{}", error.detail);
    }
}

async fn exact_order_values_make_exact_cursors(system: System) {
    system
        .load(
            "create table event (id integer, at {timestamp}, amount {decimal}, weight {double});
             insert into event values (1, '2026-01-01 10:00:00.000001', '0.100000000000000000000000000001', 0.1),
             (2, '2026-01-01 10:00:00.000002', '0.100000000000000000000000000002', 0.30000000000000004),
             (3, '2026-01-01 10:00:00.000002', '0.100000000000000000000000000003', 0.3), (4, '2026-01-01 10:00:00', '0.1', 1e300)",
        )
        .await;
    let mut bindings = Bindings::new();
    let query = "select id, at, amount, weight from event";
    let lists = [
        (bindings.list("id", "", query, "at, id"), ["4", "1", "2", "3"]),
        (bindings.list("id", "", query, "at desc, id desc"), ["3", "2", "1", "4"]),
        (bindings.list("id", "", query, "amount, id"), ["4", "1", "2", "3"]),
        (bindings.list("id", "", query, "weight, id"), ["1", "3", "2", "4"]),
    ];
    let source = system.source(bindings);
    let n_lists = if system.facts.exact_doubles { lists.len() } else { lists.len() - 1 };
    for (list, expected) in lists.into_iter().take(n_lists) {
        assert_eq!(walk(&source, list, 1, Direction::Forward).await, expected);
        assert_eq!(walk(&source, list, 1, Direction::Backward).await, expected);
    }
}

async fn several_hundred_parents_are_asked_for(system: System) {
    let rows: Vec<String> = (0..700).map(|n| format!("('I{n:03}', {n})")).collect();
    system
        .load(&format!("create table item (no text, parent integer); insert into item values {}", rows.join(", ")))
        .await;
    let mut bindings = Bindings::new();
    let list = bindings.list("no", "parent", "select no from item where parent = :parent", "no");
    let source = system.source(bindings);
    let arguments = (0..700).map(|n| vec![one(&n.to_string())]).collect();
    let pages = source.pages(list, arguments, first(1, None), Some(10)).await;
    for (n, page) in pages.into_iter().enumerate() {
        let page = page.unwrap();
        assert_eq!((keys(&page), page.count), (vec![format!("I{n:03}").as_str()], Some(Count::Exactly(1))));
    }
}

async fn numbers_that_look_like_texts_are_not_confused(system: System) {
    system
        .load(
            "create table item (no text, n integer); insert into item values ('10', 2), ('9', 10), ('07', 9), ('7', 1)",
        )
        .await;
    let mut bindings = Bindings::new();
    let by_text = bindings.list("no", "", "select no || '' as no from item", "no");
    let by_number = bindings.list("no", "", "select no, n * 2 as n from item", "n, no");
    let source = system.source(bindings);
    assert_eq!(walk(&source, by_text, 1, Direction::Forward).await, ["07", "10", "7", "9"]);
    if !system.facts.types_expressions {
        return;
    }
    assert_eq!(walk(&source, by_number, 1, Direction::Forward).await, ["7", "10", "07", "9"]);
    assert_eq!(walk(&source, by_number, 1, Direction::Backward).await, ["7", "10", "07", "9"]);
}

/// Reads a whole list page by page, from its start or from its end.
async fn walk(source: &Source, list: ListId, n_rows: u32, direction: Direction) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut cursor = None;
    loop {
        let window = if direction == Direction::Forward { first(n_rows, cursor) } else { last(n_rows, cursor) };
        let page = source.page(list, window).await;
        let keys = page.items.iter().map(|item| item.key.to_string());
        let (more, next) = match direction {
            Direction::Forward => {
                all.extend(keys);
                (page.has_next, page.items.last())
            }
            Direction::Backward => {
                all.splice(0..0, keys);
                (page.has_previous, page.items.first())
            }
        };
        assert!(all.len() < 1000, "the walk ends");
        let Some(item) = next.filter(|_| more) else { return all };
        cursor = Some(item.cursor.clone());
    }
}

type Row = (Option<i8>, Option<String>);

/// Sorts as the list says: nulls last, whichever way a column is sorted.
fn sorted(rows: &[Row], descending: [bool; 2]) -> Vec<String> {
    let mut numbered: Vec<(usize, &Row)> = rows.iter().enumerate().collect();
    numbered.sort_by(|(left_id, left), (right_id, right)| {
        let by_n = match (left.0, right.0, descending[0]) {
            (Some(left), Some(right), true) => Reverse(left).cmp(&Reverse(right)),
            (Some(left), Some(right), false) => left.cmp(&right),
            (left, right, _) => left.is_none().cmp(&right.is_none()),
        };
        let by_t = match (&left.1, &right.1, descending[1]) {
            (Some(left), Some(right), true) => right.cmp(left),
            (Some(left), Some(right), false) => left.cmp(right),
            (left, right, _) => left.is_none().cmp(&right.is_none()),
        };
        by_n.then(by_t).then(left_id.cmp(right_id))
    });
    numbered.into_iter().map(|(id, _)| id.to_string()).collect()
}

async fn walking_pages_either_way_gives_the_whole_list(system: System) {
    system.load("create table item (id integer, n integer, t text)").await;
    let mut bindings = Bindings::new();
    let query = "select id, n, t from item";
    let lists = [
        (bindings.list("id", "", query, "n, t, id"), [false, false]),
        (bindings.list("id", "", query, "n desc, t, id"), [true, false]),
        (bindings.list("id", "", query, "n, t desc, id"), [false, true]),
        (bindings.list("id", "", query, "n desc, t desc, id"), [true, true]),
    ];
    let source = system.source(bindings);
    let row = (proptest::option::of(-2i8..3), proptest::option::of("[ab'é]{0,2}"));
    let strategy = (proptest::collection::vec(row, 0..14), 1u32..5);
    let runtime = tokio::runtime::Handle::current();
    let cases = move || {
        TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() }).run(
            &strategy,
            |(rows, n_rows)| {
                runtime.block_on(async {
                    let values = rows.iter().enumerate().map(|(id, (n, t))| {
                        let n = n.map_or("null".to_owned(), |n| n.to_string());
                        let t = t.as_ref().map_or("null".to_owned(), |t| format!("'{}'", t.replace('\'', "''")));
                        format!("insert into item values ({id}, {n}, {t});")
                    });
                    let values: String = values.collect();
                    system.load(&format!("begin; delete from item; {values} commit")).await;
                    for (list, descending) in lists {
                        let expected = sorted(&rows, descending);
                        prop_assert_eq!(&walk(&source, list, n_rows, Direction::Forward).await, &expected);
                        prop_assert_eq!(&walk(&source, list, n_rows, Direction::Backward).await, &expected);
                    }
                    Ok(())
                })
            },
        )
    };
    tokio::task::spawn_blocking(cases).await.unwrap().unwrap();
}
