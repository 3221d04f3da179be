//! Lists: rows, counts, cursors and what is said of a page are those of what the caller may see, and of nothing else.

use std::collections::BTreeMap;

use freehold::{access::Caller, settings::CacheSettings};
use serde_json::{Value, json};

use super::{
    rig::{Company, Rig},
    table::{AUDIENCES, PERMISSIONS, Table, Who},
};

/// A list: the audiences that have it, the field, with `{W}` where its window goes, the path to it, what of a row is its key, and
/// the type of its rows.
struct Listed {
    hidden_from: &'static str,
    field: &'static str,
    path: &'static str,
    row: &'static str,
    ty: &'static str,
}

const fn listed(field: &'static str, path: &'static str, row: &'static str, ty: &'static str) -> Listed {
    Listed { hidden_from: "", field, path, row, ty }
}

const LISTS: &[Listed] = &[
    listed("accounts(filter: { text: \"Nordwasser\" }, {W})", "/accounts", "number", "Account"),
    listed("accounts(filter: { parent: \"100040\" }, {W})", "/accounts", "number", "Account"),
    listed("account(number: \"100040\") { children({W})", "/account/children", "number", "Account"),
    listed("account(number: \"100040\") { orders({W})", "/account/orders", "number account placedBy", "Order"),
    listed("account(number: \"100042\") { orders({W})", "/account/orders", "number account placedBy", "Order"),
    listed("account(number: \"100043\") { orders({W})", "/account/orders", "number account placedBy", "Order"),
    listed("account(number: \"111021\") { orders({W})", "/account/orders", "number account placedBy", "Order"),
    listed("account(number: \"111021\") { drafts({W})", "/account/drafts", "number account placedBy", "Order"),
    listed("account(number: \"100042\") { drafts({W})", "/account/drafts", "number account placedBy", "Order"),
    listed("account(number: \"100042\") { agreedPrices({W})", "/account/agreedPrices", "sku account", "Price"),
    Listed {
        hidden_from: "storefront",
        ..listed(
            "ordersChanged(since: \"2026-06-20T00:00:00Z\", {W})",
            "/ordersChanged",
            "number account placedBy",
            "Order",
        )
    },
    Listed {
        hidden_from: "storefront",
        ..listed("ordersOnHold({W})", "/ordersOnHold", "number account placedBy", "Order")
    },
    Listed {
        hidden_from: "storefront",
        ..listed(
            "product(sku: \"PMP-4010\") { openOrders(account: \"100042\", {W})",
            "/product/openOrders",
            "number account placedBy",
            "Order",
        )
    },
];

impl Listed {
    fn query(&self, window: &str) -> String {
        let page = format!(
            " {{ totalCount nodes {{ {row} }} edges {{ cursor node {{ {row} }} }} \
             pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }}",
            row = self.row
        );
        let field = self.field.replace("{W}", window);
        let closing = if field.contains('{') && self.path.matches('/').count() > 1 { " }" } else { "" };
        format!("{{ {field}{page}{closing} }}")
    }

    async fn page(&self, rig: &Rig, caller: &Caller, window: &str) -> Value {
        let answer = rig.answer(caller, &self.query(window)).await;
        assert_eq!(answer.get("errors"), None, "{}", self.query(window));
        answer["data"].pointer(self.path).cloned().unwrap_or(Value::Null)
    }

    /// Goes through a list page by page; none where it is not there.
    async fn rows(&self, rig: &Rig, caller: &Caller, n_rows: usize) -> Option<Vec<Value>> {
        let mut rows: Vec<Value> = Vec::new();
        let mut window = format!("first: {n_rows}");
        loop {
            let page = self.page(rig, caller, &window).await;
            let nodes = page.as_object()?["nodes"].as_array().expect("nodes").clone();
            let edges = page["edges"].as_array().expect("edges");
            assert!(edges.iter().zip(&nodes).all(|(edge, node)| edge["node"] == *node) && edges.len() == nodes.len());
            let place = &page["pageInfo"];
            assert_eq!(place["startCursor"], edges.first().map_or(Value::Null, |edge| edge["cursor"].clone()));
            assert_eq!(place["endCursor"], edges.last().map_or(Value::Null, |edge| edge["cursor"].clone()));
            assert!(nodes.iter().all(Value::is_object), "what is not theirs is not in the list: {nodes:?}");
            rows.extend(nodes);
            let n_in_all = page["totalCount"].as_u64().expect("a count") as usize;
            assert_eq!(place["hasNextPage"], json!(rows.len() < n_in_all), "{}", self.query(&window));
            if place["hasNextPage"] == false {
                assert_eq!(rows.len(), n_in_all, "{}", self.query(&window));
                return Some(rows);
            }
            window = format!("first: {n_rows}, after: {}", place["endCursor"]);
        }
    }
}

#[tokio::test]
async fn lists_have_what_their_caller_may_see_and_count_that_alone() {
    let rig = Rig::demo(Company::filled().await, CacheSettings::default()).await;
    let table = Table::read();
    let mut n_rows_seen = BTreeMap::new();
    for audience in AUDIENCES {
        for list in LISTS.iter().filter(|list| list.hidden_from != audience) {
            let truth = list.rows(&rig, &Caller::operator(), 100).await.expect("whoever sees everything has it");
            for who in callers(audience) {
                let seen = list.rows(&rig, &who.caller(&rig), if truth.len() > 40 { 40 } else { 3 }).await;
                let rows = table.rows(list.ty).expect("rows of accounts");
                let theirs: Vec<&Value> = truth.iter().filter(|row| who.sees(rows, row)).collect();
                // A list that hangs on an account is there where the account is.
                let holder = list.field.strip_prefix("account(number: \"").map(|rest| &rest[..6]);
                let account = |number: &str| json!({ "number": number });
                let is_there = holder.is_none_or(|holder| who.sees(table.rows("Account").unwrap(), &account(holder)));
                let expected = is_there.then_some(theirs);
                let seen = seen.as_ref().map(|rows| rows.iter().collect());
                assert_eq!(seen, expected, "{audience} {:?} {:?}: {}", who.accounts, who.permissions, list.field);
                *n_rows_seen.entry(list.field).or_insert(0) += seen.map_or(0, |rows| rows.len());
            }
        }
    }
    assert!(n_rows_seen.values().all(|n_rows| *n_rows > 0), "a list that nobody sees anything of: {n_rows_seen:?}");
}

fn callers(audience: &'static str) -> Vec<Who> {
    let mut callers = Vec::new();
    let families: [(&[&str], &[&str]); 5] = [
        (&["100040"], &["100042", "100043"]),
        (&["100042"], &[]),
        (&["100077"], &[]),
        (&["100042", "100077"], &[]),
        (&[], &[]),
    ];
    for (accounts, below) in families {
        for without in [None, Some("VIEW_ORDERS_CHILDREN"), Some("VIEW_ORDERS_ACCOUNT"), Some("VIEW_PRICE")] {
            let permissions = PERMISSIONS.into_iter().filter(|one| Some(*one) != without).collect();
            let (accounts, below) = (accounts.to_vec(), below.to_vec());
            callers.push(Who { audience, accounts, below, permissions, login: None });
        }
    }
    // Colleagues who see what they placed themselves, and the only one of an account who places any.
    for (login, account) in [("L-5331", "111021"), ("L-5332", "111021"), ("L-5002", "100042")] {
        let permissions = vec!["VIEW_ORDERS_OWN"];
        callers.push(Who { audience, accounts: vec![account], below: Vec::new(), permissions, login: Some(login) });
    }
    callers
}

#[tokio::test]
async fn a_cursor_that_somebody_else_was_given_opens_nothing() {
    let rig = Rig::demo(Company::filled().await, CacheSettings::default()).await;
    let list = LISTS.iter().find(|list| list.path == "/ordersChanged").expect("a list of everybody's orders");
    let all = list.page(&rig, &Caller::operator(), "first: 5").await;
    let cursor = &all["pageInfo"]["endCursor"];
    let buyer = rig.caller("service", &["100042"], &PERMISSIONS);
    let own = list.rows(&rig, &buyer, 100).await.expect("a list");
    let page = list.page(&rig, &buyer, &format!("first: 100, after: {cursor}")).await;
    let after: Vec<Value> = page["nodes"].as_array().expect("nodes").clone();
    assert!(after.iter().all(|row| row["account"] == "100042"), "{after:?}");
    assert!(own.ends_with(&after), "a place in the list, and no right to it");
    assert_eq!(page["totalCount"], json!(own.len()));
}

#[tokio::test]
async fn a_list_that_is_asked_backwards_is_theirs_alone_too() {
    let rig = Rig::demo(Company::filled().await, CacheSettings::default()).await;
    let buyer = rig.caller("storefront", &["100040"], &PERMISSIONS);
    let query = "{ accounts(last: 2) { totalCount nodes { number } pageInfo { hasPreviousPage hasNextPage } } }";
    let expected = json!({
        "totalCount": 3, "nodes": [{"number": "100042"}, {"number": "100043"}],
        "pageInfo": {"hasPreviousPage": true, "hasNextPage": false},
    });
    assert_eq!(rig.data(&buyer, query).await["accounts"], expected);
}
