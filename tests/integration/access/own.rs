//! Rows that are somebody's own by their login: with the right to see one's own and no more, one sees those one placed.

use freehold::{access::Caller, settings::CacheSettings};
use serde_json::{Value, json};

use super::{branches::Branches, rig::caller};

const ROWS: &str = "
    insert into account values ('A1', 'Top', null, '1'), ('A2', 'Below', 'A1', '2'), ('B1', 'Other', null, '3');
    insert into sales_order values ('O1', 'A1', 'ann', '1', '1', null), ('O2', 'A1', 'bob', '2', '1', null),
      ('O3', 'A1', 'ann', '3', '1', null), ('O4', 'A2', 'ann', '4', '1', null), ('O5', 'B1', 'ann', '5', '1', null),
      ('O6', 'A1', null, '6', '1', null), ('O7', 'A1', 'ann', '7', '1', null), ('O8', 'B1', 'bob', '8', '1', null);";

/// Somebody of A1 with a login.
fn person(login: &str, permissions: &[&str]) -> Caller {
    Caller { login: Some(login.into()), ..caller(&["A1"], permissions) }
}

const ALL: [&str; 8] = ["O1", "O2", "O3", "O4", "O5", "O6", "O7", "O8"];

async fn sees_exactly(branches: &Branches, caller: &Caller, expected: &[&str]) {
    let rig = &branches.rig;
    // By key.
    let by_key = rig.data(caller, &format!("{{ orders(numbers: {}) {{ number account }} }}", json!(ALL))).await;
    for (number, order) in ALL.iter().zip(by_key["orders"].as_array().expect("a list")) {
        assert_eq!(order.is_object(), expected.contains(number), "{number} for {caller:?}");
    }
    // In a plain list.
    let plain = rig.data(caller, "{ someOrders { number } }").await;
    let numbers = |rows: &Value| -> Vec<String> {
        rows.as_array().expect("a list").iter().map(|row| row["number"].as_str().expect("a row").to_owned()).collect()
    };
    assert_eq!(numbers(&plain["someOrders"]), expected, "{caller:?}");
    // In pages of two, forward by cursors; counted.
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    loop {
        let query = format!(
            "{{ allOrders(first: 2, after: {after}) {{ totalCount nodes {{ number }} edges {{ cursor node {{ number }} }}
                pageInfo {{ hasNextPage hasPreviousPage endCursor }} }} }}"
        );
        let page = rig.data(caller, &query).await["allOrders"].take();
        assert_eq!(page["totalCount"], json!(expected.len()), "{caller:?}");
        assert_eq!(page["edges"].as_array().map(Vec::len), page["nodes"].as_array().map(Vec::len));
        seen.extend(numbers(&page["nodes"]));
        assert_eq!(page["pageInfo"]["hasNextPage"], json!(seen.len() < expected.len()), "{caller:?}");
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!(seen, expected, "{caller:?}");
    // Backward.
    let last = rig.data(caller, "{ allOrders(last: 1) { nodes { number } pageInfo { hasPreviousPage } } }").await;
    assert_eq!(numbers(&last["allOrders"]["nodes"]).first().map(String::as_str), expected.last().copied());
    assert_eq!(last["allOrders"]["pageInfo"]["hasPreviousPage"], json!(expected.len() > 1));
    // From the account.
    let from = rig.data(caller, "{ account(number: \"A1\") { orders { totalCount nodes { number account } } } }").await;
    let of_a1: Vec<&str> = expected.iter().copied().filter(|number| *number != "O4").collect();
    assert_eq!(numbers(&from["account"]["orders"]["nodes"]), of_a1, "{caller:?}");
    assert_eq!(from["account"]["orders"]["totalCount"], json!(of_a1.len()));
}

async fn one_sees_ones_own(kind: &str) {
    for settings in [CacheSettings::nothing(), CacheSettings::default()] {
        let branches = Branches::start(kind, ROWS, settings).await;
        for _ in 0..2 {
            sees_exactly(&branches, &person("ann", &["VIEW_OWN"]), &["O1", "O3", "O7"]).await;
            sees_exactly(&branches, &person("bob", &["VIEW_OWN"]), &["O2"]).await;
            sees_exactly(&branches, &person("cat", &["VIEW_OWN"]), &[]).await;
            // Those below are seen by whoever sees everything, and never by a login alone.
            sees_exactly(&branches, &person("ann", &["VIEW_OWN", "VIEW_BELOW"]), &["O1", "O3", "O7"]).await;
            sees_exactly(&branches, &person("ann", &["VIEW_OWN", "VIEW_ALL"]), &["O1", "O2", "O3", "O6", "O7"]).await;
            let all = ["O1", "O2", "O3", "O4", "O6", "O7"];
            sees_exactly(&branches, &person("ann", &["VIEW_ALL", "VIEW_BELOW"]), &all).await;
            sees_exactly(&branches, &person("ann", &[]), &[]).await;
            // Without a login nothing is one's own, not even what nobody placed.
            sees_exactly(&branches, &caller(&["A1"], &["VIEW_OWN"]), &[]).await;
        }
    }
}

#[tokio::test]
async fn with_the_right_to_ones_own_one_sees_what_one_placed_in_sqlite() {
    one_sees_ones_own("sqlite").await;
}

#[tokio::test]
async fn with_the_right_to_ones_own_one_sees_what_one_placed_in_postgres() {
    one_sees_ones_own("postgres").await;
}

#[tokio::test]
async fn a_list_that_cannot_be_narrowed_is_refused_to_whoever_may_not_see_all_of_it() {
    let branches = Branches::start("sqlite", ROWS, CacheSettings::nothing()).await;
    let refused = async |caller: &Caller, field: &str| -> Option<String> {
        let answer = branches.rig.answer(caller, &format!("{{ {field} {{ number }} }}")).await;
        assert_eq!(answer.get("errors").is_some(), answer["data"][field].is_null(), "{answer}");
        Some(answer["errors"][0]["message"].as_str()?.to_owned())
    };
    let (own, all) = (person("ann", &["VIEW_OWN"]), person("ann", &["VIEW_ALL"]));
    let by_login = "this list is for callers who may see all rows of an account";
    let by_accounts = "this list is for callers who may see every account's rows";
    assert_eq!(refused(&own, "ordersByAccounts").await.as_deref(), Some(by_login));
    assert_eq!(refused(&all, "ordersByAccounts").await, None);
    for caller in [&own, &all, &Caller::default()] {
        assert_eq!(refused(caller, "everyOrder").await.as_deref(), Some(by_accounts));
    }
    assert_eq!(refused(&Caller::operator(), "everyOrder").await, None);
    branches.rig.owner("erp").take_lists();
    refused(&own, "everyOrder").await;
    assert_eq!(branches.rig.owner("erp").take_lists(), [], "its owner is not even asked");
}
