//! Pages of a group's answer: followed wherever they lead on, never believed where they do not.

use serde_json::{Value, json};

use super::bound::{bound, items, keys, texts};
use crate::common::rest_server::{Answer, Asked, PimQuirks, RestServer, pim};

const N: usize = 133;

/// Returns the rows asked for by `skus`, and the numbers of those of one page.
fn asked_rows(asked: &Asked) -> Vec<Value> {
    let wanted: Vec<&str> = asked.parameter("skus").unwrap_or_default().split(',').collect();
    items(0..N).into_iter().filter(|item| wanted.iter().any(|sku| item["sku"] == *sku)).collect()
}

fn cut(rows: &[Value], from: usize, n: usize) -> Vec<Value> {
    rows.iter().skip(from).take(n).cloned().collect()
}

/// Asks for all rows and one that is missing.
async fn all_come(server: &RestServer, paging: &str) -> usize {
    let toml =
        format!("[Product]\nget = \"/v1/products\"\nquery = {{ skus = \"{{keys}}\" }}\nrows = \"/rows\"\n{paging}");
    let bound = bound(server, &toml);
    let wanted = keys(0..N + 1);
    let names = bound.names(&texts(&wanted)).await;
    let expected: Vec<Value> = (0..N).map(|n| json!(format!("N{n}"))).chain(std::iter::once(Value::Null)).collect();
    assert_eq!(names, expected, "{paging}");
    server.n_calls()
}

#[tokio::test]
async fn s6_09_paging_is_silent_a_server_that_stops_at_fifty_without_a_next_link_is_asked_again_for_the_rest() {
    for paging in ["paging = { rows = 50 }", "", "paging = { next = \"/next\", rows = 50 }"] {
        let server = RestServer::start(|asked| Answer::json(json!({"rows": cut(&asked_rows(asked), 0, 50)}))).await;
        assert_eq!(all_come(&server, paging).await, 3, "{paging}");
    }
}

#[tokio::test]
async fn s6_09_paging_is_silent_a_relative_next_link_before_the_rows_is_followed() {
    for relative in ["?skus={}&page={}", "products?skus={}&page={}", "/v1/products?skus={}&page={}"] {
        let server = RestServer::start(move |asked| {
            let (rows, page) = (asked_rows(asked), asked.number("page").unwrap_or(0));
            let link =
                relative.replacen("{}", asked.parameter("skus").unwrap(), 1).replacen("{}", &(page + 1).to_string(), 1);
            let next = if (page + 1) * 50 < rows.len() { json!(link) } else { Value::Null };
            Answer::text(format!("{{\"next\": {next}, \"rows\": {}}}", json!(cut(&rows, page * 50, 50))))
        })
        .await;
        assert_eq!(all_come(&server, "paging = { next = \"/next\", rows = 50 }").await, 3);
    }
}

#[tokio::test]
async fn an_absolute_next_link_or_one_in_a_header_is_followed_and_none_to_another_host() {
    for (paging, in_header) in [("next = \"header\"", true), ("next = \"/next\"", false)] {
        let server = RestServer::start(move |asked| {
            let (rows, page) = (asked_rows(asked), asked.number("page").unwrap_or(0));
            let skus = asked.parameter("skus").unwrap();
            let link = format!("http://{}/v1/products?skus={skus}&page={}", asked.header("host"), page + 1);
            let more = (page + 1) * 50 < rows.len();
            let answer = Answer::json(json!({"rows": cut(&rows, page * 50, 50), "next": more.then_some(&link)}));
            match in_header && more {
                true => answer.header("link", format!("</first>; rel=first, <{link}>; rel=\"next\"")),
                false => answer,
            }
        })
        .await;
        assert_eq!(all_come(&server, &format!("paging = {{ {paging} }}")).await, 3);
    }
    let server = RestServer::start(|_| Answer::json(json!({"rows": [], "next": "http://example.com/v1?page=2"}))).await;
    let bound = bound(
        &server,
        "[Product]\nget = \"/v1\"\nquery = { skus = \"{keys}\" }\nrows = \"/rows\"\npaging = { next = \"/next\" }",
    );
    assert_eq!(bound.names(&["P001"]).await, [json!("CONTRACT_VIOLATION")]);
    assert_eq!(server.n_calls(), 1);
}

#[tokio::test]
async fn a_cursor_is_sent_back_as_it_came() {
    let server = RestServer::start(|asked| {
        let rows = asked_rows(asked);
        let from =
            asked.parameter("after").map_or(0, |after| after.trim_matches(|c| c == '<' || c == '+').parse().unwrap());
        let end = from + 50;
        let more = end < rows.len();
        Answer::json(json!({"rows": cut(&rows, from, 50), "page": {"end": format!("<+{end}+"), "has_next": more}}))
    })
    .await;
    let paging = "paging = { cursor = \"/page/end\", parameter = \"after\", more = \"/page/has_next\" }";
    assert_eq!(all_come(&server, paging).await, 3);
}

#[tokio::test]
async fn a_cursor_and_a_limit_go_into_the_body_of_a_post() {
    let server = RestServer::start(|asked| {
        let wanted: Vec<&str> =
            asked.body["filter"]["skus"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let rows: Vec<Value> =
            items(0..N).into_iter().filter(|item| wanted.iter().any(|sku| item["sku"] == *sku)).collect();
        assert_eq!(asked.body["page"]["limit"], json!(50));
        let from = asked.body["page"]["after"].as_u64().unwrap_or(0) as usize;
        let end = if from + 50 < rows.len() { json!(from + 50) } else { Value::Null };
        Answer::json(json!({"rows": cut(&rows, from, 50), "end": end}))
    })
    .await;
    let bound = bound(
        &server,
        "[Product]\npost = \"/search\"\nbody = { filter = { skus = \"{keys}\" }, page = {} }\nrows = \"/rows\"\n\
         paging = { cursor = \"/end\", parameter = \"/page/after\", rows = 50, limit = \"/page/limit\" }",
    );
    let wanted = keys(0..N);
    assert!(bound.names(&texts(&wanted)).await.iter().all(Value::is_string));
    assert_eq!(server.n_calls(), 3);
}

#[tokio::test]
async fn offsets_and_page_numbers_go_on_until_a_page_is_not_full_even_when_the_server_gives_less_than_asked() {
    // The server gives at most 50, whatever it is asked for.
    let by_offset = |asked: &Asked| {
        let limit = asked.number("limit").unwrap().min(50);
        Answer::json(json!({"rows": cut(&asked_rows(asked), asked.number("skip").unwrap_or(0), limit)}))
    };
    let server = RestServer::start(by_offset).await;
    assert_eq!(all_come(&server, "paging = { offset = \"skip\", limit = \"limit\", rows = 100 }").await, 3);
    for first in [0, 1] {
        let server = RestServer::start(move |asked| {
            let page = asked.number("page").unwrap_or(first) - first;
            Answer::json(json!({"rows": cut(&asked_rows(asked), page * 50, 50)}))
        })
        .await;
        let paging = format!("paging = {{ page = \"page\", first = {first}, rows = 50 }}");
        assert_eq!(all_come(&server, &paging).await, 3);
    }
}

#[tokio::test]
async fn a_full_page_that_gives_nothing_new_is_a_violation_and_no_absence() {
    let server = RestServer::start(|_| Answer::json(json!({"rows": items(0..50)}))).await;
    let bound = bound(
        &server,
        "[Product]\nget = \"/v1\"\nquery = { skus = \"{keys}\" }\nrows = \"/rows\"\npaging = { rows = 50 }",
    );
    let shown = bound.names(&["P001", "P100", "P101"]).await;
    assert_eq!(shown, [json!("N1"), json!("CONTRACT_VIOLATION"), json!("CONTRACT_VIOLATION")]);
}

#[tokio::test]
async fn pages_that_lead_in_a_circle_end() {
    let server = RestServer::start(|asked| {
        Answer::json(json!({"rows": items(0..1), "next": format!("?skus={}", asked.parameter("skus").unwrap())}))
    })
    .await;
    let toml =
        "[Product]\nget = \"/v1\"\nquery = { skus = \"{keys}\" }\nrows = \"/rows\"\npaging = { next = \"/next\" }";
    assert_eq!(bound(&server, toml).names(&["P100"]).await, [json!("CONTRACT_VIOLATION")]);
    assert_eq!(server.n_calls(), 1, "the link is the page it stands on");
}

#[tokio::test]
async fn s6_09_paging_is_silent_more_than_200_keys_refused_with_http_200_is_no_absence() {
    let server = RestServer::start(|asked| {
        let n = asked.parameter("skus").unwrap().split(',').count();
        match n > 200 {
            true => Answer::json(json!({"rows": [], "error": {"message": "at most 200 ids"}})),
            false => Answer::json(json!({"rows": asked_rows(asked), "error": null})),
        }
    })
    .await;
    let toml =
        "[Product]\nget = \"/v1\"\nquery = { skus = \"{keys}\" }\nrows = \"/rows\"\nerrors = { at = \"/error\" }";
    let wanted = keys(0..300);
    let refused = bound(&server, toml).names(&texts(&wanted)).await;
    assert!(refused.iter().all(|code| code == "SOURCE_BAD_REQUEST"));
    let chunked = bound(&server, &format!("{toml}\nkeys_per_call = 200")).names(&texts(&wanted)).await;
    assert!(chunked[..N].iter().all(|name| name.as_str().is_some_and(|name| name.starts_with('N'))));
    assert!(chunked[N..].iter().all(Value::is_null));
}

fn akeneo(limit: usize) -> String {
    format!(
        r#"[Product]
get = "/api/rest/v1/products"
query = {{ limit = {limit}, pagination_type = "search_after", search = {{ identifier = [{{ operator = "IN", value = "{{keys}}" }}] }} }}
rows = "/_embedded/items"
paging = {{ next = "/_links/next/href", rows = {limit} }}
fields = {{ sku = "/identifier", name = "/label" }}"#
    )
}

#[tokio::test]
async fn s5_akeneo_pages_hold_at_most_100_rows_and_lead_on_by_the_key() {
    let products = (0..N).map(|n| json!({"identifier": format!("P{n:03}"), "label": "x"})).collect();
    let server = RestServer::start(pim(products, PimQuirks::default())).await;
    let wanted = keys(0..N);
    let over = bound(&server, &akeneo(101)).error("P001").await;
    assert_eq!(over.kind.code(), "SOURCE_BAD_REQUEST", "{over}");
    let names = bound(&server, &akeneo(100)).names(&texts(&wanted)).await;
    assert!(names.iter().all(|name| name == "x"));
    let log = server.log();
    assert_eq!(log.len(), 3);
    assert_eq!(log[2].parameter("search_after"), Some("P099"));
}

#[tokio::test]
async fn s5_business_central_gives_20_000_rows_a_page_and_the_rest_behind_its_link() {
    let server = RestServer::start(|asked| {
        let page = asked.number("page").unwrap_or(0);
        let row = |n: usize| json!({"sku": format!("P{n}"), "amount": n});
        let rows: Vec<Value> = (page * 20_000..((page + 1) * 20_000).min(20_500)).map(row).collect();
        let next = (page == 0).then_some("?page=1");
        Answer::json(json!({"next": next, "value": rows}))
    })
    .await;
    let toml = "[Price]\nget = \"/companies({key.account})/prices\"\nrows = \"/value\"\npaging = { next = \"/next\", rows = 20000 }";
    let shown = bound(&server, toml).shown("Price", &["A|P1", "A|P20499", "A|P30000"]).await;
    assert_eq!(shown, [json!({"amount": "1"}), json!({"amount": "20499"}), Value::Null]);
    assert_eq!(server.n_calls(), 2);
}

#[tokio::test]
async fn s5_netsuite_gives_at_most_1_000_rows_a_page() {
    let server = RestServer::start(|asked| {
        let (limit, offset) = (asked.number("limit").unwrap(), asked.number("offset").unwrap_or(0));
        if limit > 1_000 {
            return Answer::json(json!({"o:errorCode": "INVALID_PARAMETER"})).with_status(400);
        }
        let rows: Vec<Value> =
            (offset..(offset + limit).min(2_300)).map(|n| json!({"sku": format!("P{n}"), "amount": n})).collect();
        Answer::json(json!({"items": rows, "totalResults": 2_300}))
    })
    .await;
    let toml = "[Price]\nget = \"/prices/{key.account}\"\nrows = \"/items\"\n\
                paging = { offset = \"offset\", limit = \"limit\", rows = 1000, total = \"/totalResults\" }";
    let shown = bound(&server, toml).shown("Price", &["A|P1", "A|P2299", "A|P2300"]).await;
    assert_eq!(shown, [json!({"amount": "1"}), json!({"amount": "2299"}), Value::Null]);
    assert_eq!(server.n_calls(), 3);
}
