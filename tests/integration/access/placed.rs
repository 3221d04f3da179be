//! Orders of the shipped graph by who placed them: with the right to see one's own orders and no more, a buyer finds those by
//! whatever path, and none of a colleague's.

use std::collections::BTreeSet;

use freehold::{
    access::{Accounts, Caller},
    settings::CacheSettings,
};
use serde_json::{Value, json};

use super::{
    rig::{Company, Rig},
    table::AUDIENCES,
};

/// The account, and the two of its logins that place orders.
const ACCOUNT: &str = "111021";
const LOGINS: [&str; 2] = ["L-5331", "L-5332"];

fn placer(rig: &Rig, audience: &str, login: &str) -> Caller {
    Caller { login: Some(login.into()), ..rig.caller(audience, &[ACCOUNT], &["VIEW_ORDERS_OWN", "PLACE_ORDER"]) }
}

/// Every order and draft of the account: its number, who placed it, the customer's own number.
async fn truth(rig: &Rig) -> Vec<Value> {
    let query = |list: &str, after: &Value| {
        format!(
            "{{ account(number: \"{ACCOUNT}\") {{ {list}(first: 100, after: {after}) {{
                nodes {{ number placedBy customerPo }} pageInfo {{ hasNextPage endCursor }} }} }} }}"
        )
    };
    let (mut rows, everyone) = (Vec::new(), Caller::operator());
    for list in ["orders", "drafts"] {
        let mut after = Value::Null;
        loop {
            let page = rig.data(&everyone, &query(list, &after)).await["account"][list].take();
            rows.extend(page["nodes"].as_array().expect("rows").iter().cloned());
            after = page["pageInfo"]["endCursor"].clone();
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
        }
    }
    rows
}

fn number(row: &Value) -> &str {
    row["number"].as_str().expect("a number")
}

#[tokio::test]
async fn by_key_one_finds_what_one_placed_and_a_colleagues_order_is_as_one_that_does_not_exist() {
    let company = Company::filled().await;
    let truth = truth(&Rig::demo(company, CacheSettings::default()).await).await;
    for settings in [CacheSettings::nothing(), CacheSettings::default()] {
        let rig = Rig::demo(company, settings).await;
        for (audience, login) in AUDIENCES.into_iter().flat_map(|audience| LOGINS.map(|login| (audience, login))) {
            let caller = placer(&rig, audience, login);
            let mut seen = BTreeSet::new();
            for some in truth.chunks(40) {
                let numbers: Vec<&str> = some.iter().map(number).collect();
                let query = format!("{{ orders(numbers: {}) {{ number placedBy }} }}", json!(numbers));
                let data = rig.data(&caller, &query).await;
                for (row, order) in some.iter().zip(data["orders"].as_array().expect("a list")) {
                    assert_eq!(order.is_object(), row["placedBy"] == login, "{} for {login}", number(row));
                    seen.extend(order["number"].as_str().map(|number| number.starts_with('W')));
                }
            }
            assert_eq!(seen.len(), 2, "{login} has orders and drafts");
            let theirs = truth.iter().find(|row| row["placedBy"].is_string() && row["placedBy"] != login);
            let theirs = number(theirs.expect("a colleague has placed one"));
            let query = |number: &str| format!("{{ order(number: \"{number}\") {{ number status lines {{ sku }} }} }}");
            let answered = rig.text(&caller, &query(theirs)).await;
            assert_eq!(answered, rig.text(&caller, &query(&theirs.replacen("45", "49", 1))).await);
        }
    }
}

/// Goes through a list from one end, two rows a page, and returns the numbers it shows.
async fn walked(rig: &Rig, caller: &Caller, list: &str, (count, from, place, more): Walk) -> Vec<String> {
    let (mut seen, mut at) = (Vec::new(), Value::Null);
    loop {
        let query = format!(
            "{{ account(number: \"{ACCOUNT}\") {{ {list}({count}: 2, {from}: {at}) {{ totalCount nodes {{ number }}
                edges {{ node {{ number }} }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} }}"
        );
        let page = rig.data(caller, &query).await["account"][list].take();
        let rows = page["nodes"].as_array().expect("rows");
        assert_eq!(page["edges"].as_array().map(Vec::len), Some(rows.len()));
        let mut rows: Vec<String> = rows.iter().map(|row| number(row).to_owned()).collect();
        if count == "last" {
            rows.reverse();
        }
        seen.extend(rows);
        let n_in_all = page["totalCount"].as_u64().expect("a count") as usize;
        assert_eq!(page["pageInfo"][more], json!(seen.len() < n_in_all), "{query}");
        if page["pageInfo"][more] == false {
            assert_eq!(seen.len(), n_in_all, "{query}");
            return seen;
        }
        at = page["pageInfo"][place].clone();
    }
}

/// How a list is gone through: the count's argument, the cursor's, the cursor that leads on, and what says that there is more.
type Walk = (&'static str, &'static str, &'static str, &'static str);
const FORWARD: Walk = ("first", "after", "endCursor", "hasNextPage");
const BACKWARD: Walk = ("last", "before", "startCursor", "hasPreviousPage");

#[tokio::test]
async fn lists_counts_and_cursors_have_what_one_placed_and_no_more() {
    let rig = Rig::demo(Company::filled().await, CacheSettings::default()).await;
    let truth = truth(&rig).await;
    for login in LOGINS {
        let caller = placer(&rig, "storefront", login);
        let own = truth.iter().filter(|row| row["placedBy"] == login);
        let (drafts, orders): (Vec<&str>, Vec<&str>) = own.map(number).partition(|number| number.starts_with('W'));
        assert!(!drafts.is_empty() && orders.len() > 4, "{login}: {drafts:?} {orders:?}");
        for (list, expected) in [("orders", &orders), ("drafts", &drafts)] {
            assert_eq!(walked(&rig, &caller, list, FORWARD).await, *expected, "{login}: {list}");
        }
        let backward: Vec<&str> = orders.iter().rev().copied().collect();
        assert_eq!(walked(&rig, &caller, "orders", BACKWARD).await, backward, "{login}");
        // By the customer's own number: a plain list.
        for row in truth.iter().filter(|row| row["customerPo"].is_string() && !number(row).starts_with('W')) {
            let query = format!(
                "{{ ordersByCustomerPo(account: \"{ACCOUNT}\", customerPo: {}) {{ number }} }}",
                row["customerPo"]
            );
            let found = rig.data(&caller, &query).await["ordersByCustomerPo"].take();
            let is_found = found.as_array().expect("a list").iter().any(|one| one["number"] == row["number"]);
            assert_eq!(is_found, row["placedBy"] == login, "{} for {login}", row["number"]);
        }
    }
}

#[tokio::test]
async fn a_colleagues_cursor_opens_nothing_and_without_a_login_nothing_is_ones_own() {
    let rig = Rig::demo(Company::filled().await, CacheSettings::default()).await;
    let list = |after: &Value| {
        format!(
            "{{ account(number: \"{ACCOUNT}\") {{ orders(first: 100, after: {after}) {{ totalCount
                nodes {{ number placedBy }} pageInfo {{ startCursor }} }} }} }}"
        )
    };
    let [one, other] = LOGINS.map(|login| placer(&rig, "storefront", login));
    let theirs = rig.data(&other, &list(&Value::Null)).await["account"]["orders"].take();
    let after = rig.data(&one, &list(&theirs["pageInfo"]["startCursor"])).await["account"]["orders"].take();
    let rows = after["nodes"].as_array().expect("rows");
    assert!(!rows.is_empty() && rows.iter().all(|row| row["placedBy"] == LOGINS[0]), "{after}");

    let nobody = Caller { login: None, ..one.clone() };
    let elsewhere = Caller { accounts: Accounts::Of(["100042".into()].into()), ..one.clone() };
    let empty = json!({"totalCount": 0, "nodes": [], "pageInfo": {"startCursor": null}});
    assert_eq!(rig.data(&nobody, &list(&Value::Null)).await["account"]["orders"], empty);
    assert_eq!(rig.data(&elsewhere, &list(&Value::Null)).await["account"], Value::Null);
    // Of another account, what the same login placed there is not theirs any more.
    let query = format!("{{ orders(numbers: [{}]) {{ number }} }}", rows[0]["number"]);
    assert_eq!(rig.data(&one, &query).await["orders"], json!([{"number": rows[0]["number"]}]));
    for stranger in [&nobody, &elsewhere, &other] {
        assert_eq!(rig.data(stranger, &query).await["orders"], json!([null]));
    }
}
