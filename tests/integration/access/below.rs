//! The accounts below: followed level by level, in few questions, up to bounds; and not seen where they are not known.

use freehold::{access::Caller, settings::CacheSettings};
use serde_json::{Value, json};

use super::{branches::Branches, rig::caller};

/// Accounts as rows of the table, each with the one above it.
fn accounts(rows: &[(&str, Option<&str>)]) -> String {
    let quoted = |text: Option<&str>| text.map_or("null".to_owned(), |text| format!("'{text}'"));
    let rows: Vec<String> =
        rows.iter().map(|(number, above)| format!("('{number}', 'N', {}, '1')", quoted(*above))).collect();
    format!("insert into account values {};", rows.join(", "))
}

fn head(of: &str) -> Caller {
    caller(&[of], &["VIEW_ALL", "VIEW_BELOW"])
}

async fn seen(branches: &Branches, caller: &Caller) -> Vec<String> {
    let answer = branches.rig.answer(caller, "{ accounts(first: 50) { totalCount nodes { number } } }").await;
    let rows = answer["data"]["accounts"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
    assert_eq!(answer["data"]["accounts"]["totalCount"], json!(rows.len()));
    rows.iter().map(|row| row["number"].as_str().expect("a number").to_owned()).collect()
}

/// What is said of a request that could not find out who is below.
async fn said(branches: &Branches, caller: &Caller) -> Value {
    let answer = branches.rig.answer(caller, "{ account(number: \"A\") { number } }").await;
    assert_eq!(answer["data"]["account"]["number"], "A", "their own they see all the same: {answer}");
    answer["errors"].clone()
}

#[tokio::test]
async fn a_hierarchy_is_followed_level_by_level_each_in_one_question() {
    let rows = accounts(&[
        ("A", None),
        ("A1", Some("A")),
        ("A2", Some("A")),
        ("A11", Some("A1")),
        ("A12", Some("A1")),
        ("A21", Some("A2")),
        ("A111", Some("A11")),
        ("B", None),
        ("B1", Some("B")),
    ]);
    let branches = Branches::start("sqlite", &rows, CacheSettings::default()).await;
    let erp = branches.rig.owner("erp");
    erp.take_lists();
    let expected = ["A", "A1", "A11", "A111", "A12", "A2", "A21"];
    assert_eq!(seen(&branches, &head("A")).await, expected);
    let asked = |lists: Vec<(String, usize)>| -> Vec<usize> {
        lists.into_iter().filter(|(name, _)| name == "children").map(|(_, n_parents)| n_parents).collect()
    };
    assert_eq!(asked(erp.take_lists()), [1, 2, 3, 1], "a question for each level, for all of its accounts at once");
    assert_eq!(seen(&branches, &head("A")).await, expected);
    assert_eq!(asked(erp.take_lists()), Vec::<usize>::new(), "it is kept");
    assert_eq!(seen(&branches, &head("A1")).await, ["A1", "A11", "A111", "A12"]);
    assert_eq!(seen(&branches, &head("A111")).await, ["A111"]);
    assert_eq!(seen(&branches, &caller(&["A"], &["VIEW_ALL"])).await, ["A"]);
    assert_eq!(asked(erp.take_lists()), Vec::<usize>::new(), "whose head they are is no part of what is kept");
    // Whoever may not see those below does not ask who they are, nor does whoever asks nothing that belongs to accounts.
    erp.take_lists();
    branches.rig.data(&caller(&["B"], &["VIEW_ALL"]), "{ account(number: \"B\") { number } }").await;
    branches.rig.data(&head("B"), "{ __typename }").await;
    assert_eq!(asked(erp.take_lists()), Vec::<usize>::new());
}

#[tokio::test]
async fn more_children_than_one_page_holds_are_all_found() {
    let names: Vec<String> = (10..22).map(|n| format!("A{n}")).collect();
    let mut rows = vec![("A", None)];
    rows.extend(names.iter().map(|name| (name.as_str(), Some("A"))));
    let branches = Branches::start("sqlite", &accounts(&rows), CacheSettings::nothing()).await;
    assert_eq!(seen(&branches, &head("A")).await.len(), 13);
    let lists = branches.rig.owner("erp").take_lists();
    let n_asked = lists.iter().filter(|(name, _)| name == "children").count();
    assert_eq!(n_asked, 4, "three pages of five, and who is below those: {lists:?}");
}

#[tokio::test]
async fn a_circle_ends() {
    let rows = accounts(&[("A", Some("C")), ("B", Some("A")), ("C", Some("B")), ("D", Some("D")), ("E", Some("D"))]);
    let branches = Branches::start("sqlite", &rows, CacheSettings::nothing()).await;
    assert_eq!(seen(&branches, &head("A")).await, ["A", "B", "C"]);
    assert_eq!(seen(&branches, &head("D")).await, ["D", "E"]);
    assert_eq!(said(&branches, &head("A")).await, Value::Null);
}

#[tokio::test]
async fn as_deep_and_as_many_as_is_allowed_are_seen_and_none_where_there_is_one_more() {
    let deep = [("A", None), ("A1", Some("A")), ("A2", Some("A1")), ("A3", Some("A2")), ("A4", Some("A3"))];
    let branches = Branches::start("sqlite", &accounts(&deep), CacheSettings::nothing()).await;
    assert_eq!(seen(&branches, &head("A")).await.len(), 5);
    assert_eq!(said(&branches, &head("A")).await, Value::Null);
    branches.erp.load(&accounts(&[("A5", Some("A4"))])).await;
    assert_eq!(seen(&branches, &head("A")).await, ["A"]);
    let errors = said(&branches, &head("A")).await;
    assert_eq!(errors[0]["extensions"]["code"], "SCOPE_UNKNOWN", "{errors}");
    assert_eq!(errors[0]["extensions"]["reason"], "they go deeper than 4 levels");
    assert_eq!(seen(&branches, &head("A1")).await.len(), 5, "from one level further down all are reached");

    let names: Vec<String> = (10..30).map(|n| format!("A{n}")).collect();
    let mut rows = vec![("A", None)];
    rows.extend(names.iter().map(|name| (name.as_str(), Some("A"))));
    let branches = Branches::start("sqlite", &accounts(&rows), CacheSettings::nothing()).await;
    assert_eq!(seen(&branches, &head("A")).await.len(), 21);
    branches.erp.load(&accounts(&[("A30", Some("A11"))])).await;
    assert_eq!(seen(&branches, &head("A")).await, ["A"]);
    let errors = said(&branches, &head("A")).await;
    assert_eq!(errors[0]["extensions"]["code"], "SCOPE_UNKNOWN", "{errors}");
    assert_eq!(errors[0]["extensions"]["reason"], "there are more than 20");
}

const ORDERS: &str =
    "insert into sales_order values ('O1', 'A', 'ann', '1', '1', null), ('O2', 'A1', 'ann', '2', '1', null);";

#[tokio::test]
async fn while_it_cannot_be_found_out_ones_own_alone_is_seen_and_it_is_said_why() {
    let rows = accounts(&[("A", None), ("A1", Some("A"))]) + ORDERS;
    let branches = Branches::start("sqlite", &rows, CacheSettings::default()).await;
    let rig = &branches.rig;
    let query = "{ orders(numbers: [\"O1\", \"O2\"]) { number } accounts { totalCount nodes { number } } }";
    let whole = rig.answer(&head("A"), query).await;
    assert_eq!(whole["data"]["orders"], json!([{"number": "O1"}, {"number": "O2"}]));
    assert_eq!(whole["data"]["accounts"]["totalCount"], 2);
    rig.owner("erp").set_down(true);
    // As long as who is below whom was asked within its bound, it is believed.
    rig.watch.forward(30_000);
    assert_eq!(rig.answer(&head("A"), query).await["data"], whole["data"]);
    // Customers may be 10 minutes old, and an hour while their owner is down: who is below whom may not.
    rig.watch.forward(31_000);
    let answer =
        rig.answer(&head("A"), "{ a: account(number: \"A\") { number } b: account(number: \"A1\") { number } }").await;
    assert_eq!(answer["data"], json!({"a": {"number": "A"}, "b": null}), "{answer}");
    let errors = answer["errors"].as_array().expect("it is said");
    assert_eq!(errors.len(), 1, "{answer}");
    let extensions = &errors[0]["extensions"];
    assert_eq!(
        (&extensions["code"], &extensions["system"], &extensions["list"]),
        (&json!("SCOPE_UNKNOWN"), &json!("erp"), &json!("children"))
    );
    assert_eq!(errors[0].get("path"), None, "it is of the whole answer");
    // Whoever sees none below is told nothing, and served as before.
    let plain = rig.answer(&caller(&["A"], &["VIEW_ALL"]), "{ account(number: \"A\") { number } }").await;
    assert_eq!(plain.get("errors"), None, "{plain}");
    rig.owner("erp").set_down(false);
    assert_eq!(rig.answer(&head("A"), query).await["data"], whole["data"]);
}

#[tokio::test]
async fn who_was_moved_away_is_not_seen_a_minute_later() {
    let rows = accounts(&[("A", None), ("A1", Some("A")), ("B", None)]) + ORDERS;
    let branches = Branches::start("sqlite", &rows, CacheSettings::default()).await;
    let rig = &branches.rig;
    let query = "{ order(number: \"O2\") { number } account(number: \"A1\") { number } }";
    assert_eq!(rig.data(&head("A"), query).await, json!({"order": {"number": "O2"}, "account": {"number": "A1"}}));
    branches.erp.load("update account set parent_number = 'B' where number = 'A1'").await;
    rig.watch.forward(61_000);
    assert_eq!(rig.data(&head("A"), query).await, json!({"order": null, "account": null}));
    assert_eq!(rig.data(&head("B"), query).await, json!({"order": {"number": "O2"}, "account": {"number": "A1"}}));
}
