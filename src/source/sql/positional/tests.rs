//! What positional SQL looks like, as each dialect writes it.

use std::fmt::Write;

use super::{
    kind::{KeyQuery as _, ListQuery as _},
    *,
};
use crate::fetch::Direction;

#[test]
fn lists_of_values_have_few_lengths() {
    let lengths: Vec<usize> = [1, 2, 3, 5, 6, 11, 99, 101, 900].map(|n| padded(n, 1000)).to_vec();
    assert_eq!(lengths, [1, 2, 5, 5, 10, 20, 100, 200, 1000]);
    assert_eq!((padded(600, 700), padded(700, 700)), (700, 700));
}

#[test]
fn keys_are_bound_one_by_one_and_those_that_no_column_holds_are_left_out() {
    let query = KeyQuery {
        template: Template::parse("select a from t where a in (:keys) and b").unwrap(),
        dialect: Dialect { parameters_max: 10, ..Dialect::mysql() },
        keys: vec![Typed::of(Fit::Integer(0, 99))],
    };
    let keys: Vec<Key> = ["7", "x", "8", "100", "9"].map(Key::one).to_vec();
    let statements = query.statements(&keys);
    assert_eq!(statements.len(), 1);
    assert_eq!(statements[0].sql, "select a from t where a in (?, ?, ?, ?, ?) and b");
    let bound: Vec<&str> = (statements[0].bindings.iter())
        .map(|binding| match binding {
            Binding::Value(Some(text), _) => text.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(bound, ["7", "8", "9", "9", "9"]);
    assert_eq!(query.statements(&[Key::one("x")]), []);
    let many: Vec<Key> = (0..25).map(|n: i32| Key::one(&n.to_string())).collect();
    assert_eq!(query.statements(&many).iter().map(|s| s.bindings.len()).collect::<Vec<_>>(), [10, 10, 5]);
}

#[test]
fn an_empty_list_is_in_nothing() {
    let list = ListQuery {
        template: Template::parse("select a from t where (:s is null or s in (:s)) and b not in (:b)").unwrap(),
        parameters: vec!["s".to_owned(), "b".to_owned()],
        types: vec![Fit::Unknown; 3],
        order: Vec::new(),
        order_types: Vec::new(),
        dialect: Dialect::mysql(),
    };
    let mut values = Values::default();
    let null = list.bind(0, &Argument::Null).unwrap();
    let none = list.bind(1, &Argument::Many(Vec::new())).unwrap();
    let query = list.query(&[null, none], &mut values);
    let nothing = "in (select nullif('a', 'a') from dual where 1 = 0)";
    assert_eq!(
        values.statement(&query).sql,
        format!("select a from t where (nullif(1, 1) is null or s {nothing}) and b not {nothing}")
    );
}

fn key_query(dialect: &Dialect, query: &str, n_fields: usize) -> KeyQuery {
    KeyQuery {
        template: Template::parse(query).unwrap(),
        dialect: dialect.clone(),
        keys: vec![Typed::of(Fit::Text); n_fields],
    }
}

fn list_query(dialect: &Dialect) -> ListQuery {
    // The names are those that the driver tells; Oracle and Db2 write them large.
    let writes_large = dialect.nulls_last && dialect.quotes == ['"', '"'];
    let name = |name: &str| if writes_large { name.to_uppercase() } else { name.to_owned() };
    let column = |of: &str, descending| Column { name: name(of), descending };
    let query =
        "select no as sku, name from item where category = :category and (:status is null or status in (:status))";
    ListQuery {
        template: Template::parse(query).unwrap(),
        parameters: vec!["category".to_owned(), "status".to_owned()],
        types: vec![Fit::Text, Fit::Unknown, Fit::Text],
        order: vec![column("name", true), column("sku", false)],
        order_types: vec![Typed::of(Fit::Text), Typed::of(Fit::Text)],
        dialect: dialect.clone(),
    }
}

/// Shows every form of a statement that a dialect writes.
fn shown(dialect: &Dialect) -> String {
    let mut shown = String::new();
    let mut show = |title: &str, statements: Vec<Statement<Binding>>| {
        for statement in statements {
            let values = statement.bindings.iter().map(|binding| match binding {
                Binding::Value(text, _) => text.as_deref().unwrap_or("null"),
                Binding::Values(_) => "a list that is not bound value by value",
            });
            let values = values.collect::<Vec<_>>().join(", ");
            let _ = writeln!(shown, "-- {title}: {values}\n{}\n", statement.sql);
        }
    };
    let keys: Vec<Key> = ["A", "SP/1'4\"×", "C"].map(Key::one).to_vec();
    show("group", key_query(dialect, "select no as sku from item where no in (:keys)", 1).statements(&keys));
    let keys: Vec<Key> =
        [["K1", "A"], ["K2", "B"]].iter().map(|fields| Key::of(fields.iter().copied()).unwrap()).collect();
    let query = "select account, no from price where (account, lower(no)) in (:keys) and valid = 1";
    show("several key fields", key_query(dialect, query, 2).statements(&keys));

    let list = list_query(dialect);
    let parent = |category: &str, statuses: &Argument| {
        vec![list.bind(0, &Argument::One(category.into())).unwrap(), list.bind(1, statuses).unwrap()]
    };
    let one = [parent("tools", &Argument::Null)];
    let two =
        [parent("tools", &Argument::Many(vec!["x".into(), "y".into()])), parent("bolts", &Argument::Many(Vec::new()))];
    let window = |direction, after: Option<[Option<&str>; 2]>, before: Option<[Option<&str>; 2]>| {
        let cursor = |values: [Option<&str>; 2]| Cursor(values.iter().map(|value| value.map(str::to_owned)).collect());
        Window { direction, n_rows: 20, after: after.map(cursor), before: before.map(cursor) }
    };
    show("first page", vec![list.page(&one, &window(Direction::Forward, None, None))]);
    let after = window(Direction::Forward, Some([Some("Nut"), Some("A")]), None);
    show("page after a row", vec![list.page(&one, &after)]);
    let after = window(Direction::Forward, Some([None, Some("A")]), None);
    show("page after a row without a name", vec![list.page(&one, &after)]);
    let before = window(Direction::Backward, None, Some([Some("Nut"), Some("A")]));
    show("last page before a row", vec![list.page(&one, &before)]);
    show("pages of two parents", vec![list.page(&two, &window(Direction::Forward, None, None))]);
    show("count", vec![list.count(&one, 100)]);
    show("counts of two parents", vec![list.count(&two, 100)]);
    shown
}

#[test]
fn sql_server_writes_it_so() {
    insta::assert_snapshot!(shown(&Dialect::sql_server()));
}

#[test]
fn oracle_writes_it_so() {
    insta::assert_snapshot!(shown(&Dialect::oracle()));
}

#[test]
fn an_oracle_before_fetch_first_writes_it_so() {
    insta::assert_snapshot!(shown(&Dialect { paging: crate::contract::SqlPaging::RowNum, ..Dialect::oracle() }));
}

#[test]
fn db2_writes_it_so() {
    insta::assert_snapshot!(shown(&Dialect::db2()));
}

#[test]
fn mysql_writes_it_so() {
    insta::assert_snapshot!(shown(&Dialect::mysql()));
}

#[test]
fn keys_beyond_what_a_dialect_takes_are_asked_in_pieces() {
    let keys: Vec<Key> = (0..2_500).map(|n: i32| Key::one(&n.to_string())).collect();
    for (dialect, expected) in [(Dialect::sql_server(), vec![2_000, 500]), (Dialect::oracle(), vec![1_000, 1_000, 500])]
    {
        let query = key_query(&dialect, "select no from item where no in (:keys)", 1);
        let lengths: Vec<usize> = query.statements(&keys).iter().map(|statement| statement.bindings.len()).collect();
        assert_eq!(lengths, expected);
    }
}
