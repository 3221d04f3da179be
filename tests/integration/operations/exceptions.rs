//! Exceptions as a portal asks for them: narrowed, paged both ways while rows come, and beside other fields.

use std::collections::BTreeSet;

use freehold::{
    access::{Accounts, Caller},
    contract::InsideTable,
    engine::Request,
    ledger::{Entity, Severity},
    value::AudienceId,
};
use serde_json::{Value, json};

use super::portal::{Portal, faults};
use crate::ledger::place::{Place, observed, seen};

/// What an order of an account suffers.
fn of_order(number: &str, account: &str, code: &str, severity: Severity) -> freehold::ledger::Seen {
    freehold::ledger::Seen {
        severity,
        domain: Some("order".to_owned()),
        entity: Entity::new("Order", number),
        line: Some("10".to_owned()),
        system: Some("shop".to_owned()),
        ..seen(code, account)
    }
}

/// Notes three exceptions: of two accounts, of an order, and one that is over.
async fn noted(place: &Place) -> Portal {
    let mut order = observed("K2", 3_000, &[]);
    order.subject.entity = Entity::new("Order", "4711");
    order.seen = vec![of_order("4711", "K2", "PRICE_EXPIRED", Severity::Warning)];
    place.after([observed("K1", 1_000, &["CREDIT_HOLD", "ACCOUNT_OVERDUE"]), order]).await;
    place.after([observed("K1", 9_000, &["CREDIT_HOLD"])]).await;
    Portal::alone(Some(place.store()))
}

#[tokio::test]
async fn an_exception_says_all_that_the_ledger_knows() {
    for place in Place::both() {
        let portal = noted(&place).await;
        let query = r#"{ exceptions(code: ["PRICE_EXPIRED"]) { totalCount nodes {
            __typename id code severity rule domain entityType entityKey line account system message evidence firstSeen lastSeen
            count reopened resolvedAt } } }"#;
        let mut data = portal.data(query, json!({})).await;
        let id = data["exceptions"]["nodes"][0]["id"].take();
        let expected = json!({ "exceptions": { "totalCount": 1, "nodes": [{
            "__typename": "Exception", "id": null, "code": "PRICE_EXPIRED", "severity": "WARNING", "rule": "account.credit",
            "domain": "order", "entityType": "Order", "entityKey": "4711", "line": "10", "account": "K2", "system": "shop",
            "message": "PRICE_EXPIRED of K2", "evidence": { "limit": "0.00" }, "firstSeen": "1970-01-01T00:00:03Z",
            "lastSeen": "1970-01-01T00:00:03Z", "count": 1, "reopened": 0, "resolvedAt": null,
        }] } });
        assert_eq!(data, expected, "{}", place.url);
        let one = portal.data("query($id: ID!) { exception(id: $id) { code } }", json!({ "id": id })).await;
        assert_eq!(one, json!({ "exception": { "code": "PRICE_EXPIRED" } }));
        let none = portal.data("{ exception(id: \"nobody's\") { code } }", json!({})).await;
        assert_eq!(none, json!({ "exception": null }));
    }
}

#[tokio::test]
async fn whoever_has_some_accounts_is_shown_their_exceptions_alone() {
    for place in Place::both() {
        let portal = noted(&place).await;
        let id = portal.data("{ exceptions(account: \"K2\") { nodes { id } } }", json!({})).await;
        let id = id["exceptions"]["nodes"][0]["id"].as_str().expect("an exception of K2").to_owned();
        let audiences = &portal.engine.contract().audiences;
        let service = audiences.iter().position(|audience| audience == "service").expect("the audience");
        let caller = |account: &str| Caller {
            audience: Some(AudienceId::from(service)),
            accounts: Accounts::Of([account.into()].into()),
            ..Caller::default()
        };
        let query = format!(
            "{{ exceptions {{ totalCount nodes {{ account }} }} foreign: exceptions(account: \"K2\") {{ totalCount nodes {{ code }} }}
               exception(id: \"{id}\") {{ code }} }}"
        );
        for (account, whole, of_k2, one) in [
            ("K1", json!({"totalCount": 2, "nodes": [{"account": "K1"}, {"account": "K1"}]}), json!([]), json!(null)),
            (
                "K2",
                json!({"totalCount": 1, "nodes": [{"account": "K2"}]}),
                json!([{"code": "PRICE_EXPIRED"}]),
                json!({"code": "PRICE_EXPIRED"}),
            ),
            ("K9", json!({"totalCount": 0, "nodes": []}), json!([]), json!(null)),
        ] {
            let request = Request { query: query.clone(), caller: caller(account).into(), ..Request::default() };
            let answer = portal.engine.answer(&request).await;
            let answer: Value = serde_json::from_slice(&answer.body).expect("JSON");
            let foreign = json!({"totalCount": of_k2.as_array().map_or(0, Vec::len), "nodes": of_k2});
            assert_eq!(
                answer,
                json!({"data": {"exceptions": whole, "foreign": foreign, "exception": one}}),
                "{account}"
            );
        }
    }
}

#[tokio::test]
async fn every_filter_narrows_and_several_narrow_together() {
    for place in Place::both() {
        let portal = noted(&place).await;
        for (filter, codes) in [
            ("", &["ACCOUNT_OVERDUE", "CREDIT_HOLD", "PRICE_EXPIRED"][..]),
            ("(code: [\"CREDIT_HOLD\", \"PRICE_EXPIRED\"])", &["CREDIT_HOLD", "PRICE_EXPIRED"]),
            ("(severity: [BLOCKING])", &["ACCOUNT_OVERDUE", "CREDIT_HOLD"]),
            ("(severity: [WARNING, INFO])", &["PRICE_EXPIRED"]),
            ("(account: [\"K2\"])", &["PRICE_EXPIRED"]),
            ("(account: [])", &[]),
            ("(system: \"erp\")", &["ACCOUNT_OVERDUE", "CREDIT_HOLD"]),
            ("(type: \"Order\")", &["PRICE_EXPIRED"]),
            ("(type: \"Account\", key: \"K1\", open: true)", &["CREDIT_HOLD"]),
            ("(open: true)", &["CREDIT_HOLD", "PRICE_EXPIRED"]),
            ("(open: false)", &["ACCOUNT_OVERDUE"]),
            ("(open: null, since: \"1970-01-01T01:00:03+01:00\")", &["CREDIT_HOLD", "PRICE_EXPIRED"]),
            ("(since: \"1970-01-01T00:00:10Z\")", &[]),
            ("(code: \"CREDIT_HOLD\", account: \"K2\")", &[]),
        ] {
            let query = format!("{{ exceptions{filter} {{ totalCount nodes {{ code }} }} }}");
            let data = portal.data(&query, json!({})).await;
            let nodes = data["exceptions"]["nodes"].as_array().expect("nodes");
            let found: BTreeSet<&str> = nodes.iter().filter_map(|node| node["code"].as_str()).collect();
            assert_eq!(found.into_iter().collect::<Vec<_>>(), codes, "{filter} of {}", place.url);
            assert_eq!(data["exceptions"]["totalCount"], codes.len(), "{filter}");
        }
    }
}

#[tokio::test]
async fn pages_follow_each_other_both_ways_where_many_were_seen_at_once() {
    for place in Place::both() {
        // Seven at each instant, so that pages end between those of one instant.
        place.after((0..100).map(|n| observed(&format!("K{n:03}"), n / 7 * 1_000, &["HOLD"]))).await;
        let portal = Portal::alone(Some(place.store()));
        let whole = portal.all("exceptions", "id", (200, false)).await;
        assert_eq!(whole.iter().map(Value::to_string).collect::<BTreeSet<_>>().len(), 100);
        let accounts = portal.all("exceptions", "account", (200, false)).await;
        assert!(accounts[..2].contains(&json!("K099")) && accounts[93..].contains(&json!("K000")), "newest first");
        for rows in [1, 10, 33] {
            for is_backward in [false, true] {
                let paged = portal.all("exceptions", "id", (rows, is_backward)).await;
                assert_eq!(paged, whole, "{rows} {is_backward} {}", place.url);
            }
        }
    }
}

#[tokio::test]
async fn a_cursor_stays_where_it_is_while_rows_are_added_and_seen_again() {
    for place in Place::both() {
        place.after((0..20).map(|n| observed(&format!("K{n:02}"), n, &["HOLD"]))).await;
        let portal = Portal::alone(Some(place.store()));
        let query = "query($at: String) { exceptions(first: 10, after: $at) { nodes { account } pageInfo { endCursor \
                     hasNextPage } } }";
        let first = portal.data(query, json!({})).await;
        // Of the first page and of the second one are seen again, and there are new ones.
        place.after([observed("K02", 90, &["HOLD"]), observed("K15", 91, &["HOLD"])]).await;
        place.after((20..30).map(|n| observed(&format!("K{n:02}"), 70 + n, &["HOLD"]))).await;
        let at = &first["exceptions"]["pageInfo"]["endCursor"];
        let second = portal.data(query, json!({ "at": at })).await;
        let accounts = |page: &Value| -> Vec<String> {
            let nodes = page["exceptions"]["nodes"].as_array().expect("nodes");
            nodes.iter().filter_map(|node| node["account"].as_str()).map(str::to_owned).collect()
        };
        let expected = |range: std::ops::Range<u32>| range.rev().map(|n| format!("K{n:02}")).collect::<Vec<_>>();
        assert_eq!(accounts(&first), expected(10..20), "{}", place.url);
        assert_eq!(accounts(&second), expected(0..10), "{}", place.url);
        assert_eq!(second["exceptions"]["pageInfo"]["hasNextPage"], false);
    }
}

#[tokio::test]
async fn what_pages_are_asked_with_is_checked() {
    let place = Place::sqlite();
    let portal = noted(&place).await;
    let data = portal.data(
        "{ exceptions(first: 1) { pageInfo { endCursor } } ownership(first: 1) { pageInfo { endCursor } } }",
        json!({}),
    );
    let data = data.await;
    let foreign = &data["ownership"]["pageInfo"]["endCursor"];
    let query = "query($at: String) { a: exceptions(first: 1, after: $at) { nodes { id } } b: exceptions(first: 1) { nodes { id } } }";
    for (at, arguments) in [
        (foreign.clone(), "first: 1, after: $at"),
        (json!("nonsense"), "first: 1, before: $at"),
        (Value::Null, "first: 1001, after: $at"),
        (Value::Null, "first: -1, after: $at"),
        (Value::Null, "first: 1, last: 1, after: $at"),
    ] {
        let query = query.replacen("first: 1, after: $at", arguments, 1);
        let answer = portal.answer(&query, json!({ "at": at })).await;
        assert_eq!(faults(&answer), ["a: BAD_ARGUMENT"], "{arguments}");
        assert_eq!(
            (&answer["data"]["a"], answer["data"]["b"]["nodes"].as_array().map(Vec::len)),
            (&Value::Null, Some(1))
        );
    }
    for refused in [
        "{ exceptions(severity: [LOUD]) { nodes { id } } }",
        "{ exceptions(colour: \"red\") { nodes { id } } }",
        "{ exceptions(since: \"soon\") { nodes { id } } }",
        "{ exceptions { nodes { id price } } }",
    ] {
        let answer = portal.answer(refused, json!({})).await;
        assert!(answer["errors"].is_array() && answer["data"]["exceptions"].is_null(), "{refused}: {answer}");
    }
}

#[tokio::test]
async fn they_are_fields_like_all_others() {
    let place = Place::sqlite();
    let portal = noted(&place).await;
    let query = r#"
      query Desk($account: [String!], $withRuns: Boolean!, $noOwners: Boolean!) {
        held: exceptions(account: $account, open: true) { ...Page }
        over: exceptions(account: $account, open: false) { ...Page }
        reconciliation @include(if: $withRuns) { totalCount nodes { id } }
        ownership(type: "Order", first: 1) @skip(if: $noOwners) { nodes { field } }
        systems(name: ["ledger"]) { name kind }
        __typename
      }
      fragment Page on ExceptionConnection { totalCount edges { node { ...Row ... on Exception { account } } } }
      fragment Row on Exception { code }"#;
    let row = |code: &str| json!({ "totalCount": 1, "edges": [{ "node": { "code": code, "account": "K1" } }] });
    let variables = json!({ "account": "K1", "withRuns": true, "noOwners": true });
    let expected = json!({
        "held": row("CREDIT_HOLD"),
        "over": row("ACCOUNT_OVERDUE"),
        "reconciliation": { "totalCount": 0, "nodes": [] },
        "systems": [{ "name": "ledger", "kind": "ledger" }],
        "__typename": "Query",
    });
    assert_eq!(portal.data(query, variables).await, expected);

    let introspected = portal.data(
        "{ __type(name: \"Exception\") { description fields { name } } query: __type(name: \"Query\") { fields { name } } }",
        json!({}),
    );
    let introspected = introspected.await;
    let names = |ty: &Value| -> Vec<String> {
        let fields = ty["fields"].as_array().expect("fields");
        fields.iter().filter_map(|field| field["name"].as_str()).map(str::to_owned).collect()
    };
    let query_fields = names(&introspected["query"]);
    for field in ["ownership", "systems", "exceptions", "reconciliation", "findings", "product"] {
        assert!(query_fields.iter().any(|known| known == field), "{field}");
    }
    assert!(names(&introspected["__type"]).contains(&"resolvedAt".to_owned()));
    assert!(introspected["__type"]["description"].is_string());
    assert!(portal.engine.sdl(None).contains("type ExceptionConnection"));
}

#[tokio::test]
async fn a_plan_shows_that_the_ledger_is_asked() {
    let portal = Portal::alone(None);
    let query =
        "{ exceptions(first: 5, open: true) { totalCount nodes { code customer { name } } } systems { breaker } }";
    let explained = portal.engine.explain(None, query, None).expect("a valid query").to_string();
    for line in [
        "ledger exceptions",
        "ledger Exception",
        "freehold systems",
        "freehold System",
        "erp Account",
        "[operations ≤ 2s]",
    ] {
        assert!(explained.contains(line), "{line}: {explained}");
    }
}

#[tokio::test]
async fn the_readme_shows_a_query_that_is_answered_and_every_table_there_is() {
    let readme = crate::common::readme::text();
    let section = readme.split("\n## Freehold's own graph").nth(1).and_then(|rest| rest.split("\n## ").next());
    let section = section.expect("the section");
    let query = section.split("```graphql\n").nth(1).and_then(|rest| rest.split("```").next()).expect("the query");
    let place = Place::sqlite();
    let portal = noted(&place).await;
    let answer = portal.answer(query, json!({})).await;
    // The order is the ERP's, which is not there; nothing else is missing.
    assert!(faults(&answer).iter().all(|fault| !fault.contains("BAD_ARGUMENT")), "{answer}");
    for field in ["exceptions", "systems", "ownership", "reconciliation"] {
        assert!(!answer["data"][field].is_null(), "{field}: {answer}");
    }
    for table in InsideTable::ALL {
        let mut filters = table.filters().to_vec();
        filters.sort_unstable();
        let filters: Vec<String> = filters.iter().map(|(name, _)| format!("`{name}`")).collect();
        let row = format!("| `{}` | `{}` | `{}` | {} |", table.kind(), table.word(), table.key(), filters.join(", "));
        assert!(section.contains(&row), "{row}");
    }
}
