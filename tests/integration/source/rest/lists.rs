//! Lists of REST systems: read as far as a window reaches where the system sorts, whole where it does not.

use freehold::fetch::{Count, Cursor, FetchErrorKind};
use serde_json::{Value, json};

use super::bound::{bound, items, keys, skus};
use crate::common::{
    rest_server::{Answer, Asked, PimQuirks, RestServer, pim},
    system::{first, last},
};

const N: usize = 133;

fn by_offset(asked: &Asked) -> Answer {
    let limit = asked.number("limit").unwrap_or(50).min(50);
    let rows: Vec<Value> = items(0..N).into_iter().skip(asked.number("offset").unwrap_or(0)).take(limit).collect();
    Answer::json(json!({"rows": rows, "total": N}))
}

const WHOLE: &str = "[lists.products]\nget = \"/products\"\nquery = { category = \"{category}\" }\nrows = \"/rows\"\n\
                     order = [\"sku\"]\npaging = { offset = \"offset\", limit = \"limit\", rows = 50 }\n";

#[tokio::test]
async fn a_list_that_its_owner_cannot_order_is_read_whole_and_windowed() {
    let server = RestServer::start(|asked| {
        let mut rows = items(0..N);
        rows.reverse();
        let (offset, limit) = (asked.number("offset").unwrap_or(0), asked.number("limit").unwrap().min(50));
        Answer::json(json!({"rows": rows.into_iter().skip(offset).take(limit).collect::<Vec<_>>()}))
    })
    .await;
    let bound = bound(&server, WHOLE);
    assert_eq!(bound.all(Some("x"), 60).await.unwrap(), keys(0..N));
    assert_eq!(server.n_calls(), 9, "three windows of three pages each");
    assert_eq!(server.log()[0].parameter("category"), Some("x"));
    let page = bound.page(None, last(2, None), true).await.unwrap();
    assert_eq!((skus(&page), page.has_previous, page.count), (keys(N - 2..N), true, Some(Count::Exactly(N as u64))));
    assert_eq!(server.log()[9].parameter("category"), None, "a null argument leaves its parameter out");
    let before = page.items[0].cursor.clone();
    let page = bound.page(None, last(2, Some(before)), false).await.unwrap();
    assert_eq!(skus(&page), keys(N - 4..N - 2));
}

#[tokio::test]
async fn a_list_in_its_owners_order_is_read_as_far_as_the_window_reaches() {
    let server = RestServer::start(by_offset).await;
    let toml = WHOLE.replace("rows = 50 }", "rows = 50, total = \"/total\" }\nsorted = true");
    let bound = bound(&server, &toml);
    let page = bound.page(Some("x"), first(3, None), true).await.unwrap();
    assert_eq!((skus(&page), page.has_next, page.count), (keys(0..3), true, Some(Count::Exactly(N as u64))));
    let log = server.log();
    assert_eq!((log.len(), log[0].number("limit")), (1, Some(4)), "the window is pushed down");
    assert_eq!(bound.all(Some("x"), 60).await.unwrap(), keys(0..N));
    let gone = Cursor(vec![Some("'P0055".to_owned())]);
    let page = bound.page(Some("x"), first(2, Some(gone)), false).await.unwrap();
    assert_eq!(skus(&page), keys(6..8), "a row that is gone stood where its values say");
}

#[tokio::test]
async fn s5_akeneo_lists_are_sought_by_key_with_search_after() {
    let products =
        (0..N).map(|n| json!({"identifier": format!("P{n:03}"), "family": if n % 2 == 0 { "even" } else { "odd" }}));
    let server = RestServer::start(pim(products.collect(), PimQuirks::default())).await;
    let toml = r#"[lists.products]
get = "/api/rest/v1/products"
query = { pagination_type = "search_after", search_after = "{after.sku}", search = { family = [{ operator = "=", value = "{category}" }] } }
rows = "/_embedded/items"
fields = { sku = "/identifier" }
order = ["sku"]
paging = { next = "/_links/next/href", rows = 100, limit = "limit" }"#;
    let bound = bound(&server, toml);
    let expected: Vec<String> = keys(0..N).into_iter().step_by(2).collect();
    assert_eq!(bound.all(Some("even"), 20).await.unwrap(), expected);
    let log = server.log();
    assert_eq!(log.len(), 4, "a call for each window");
    assert_eq!((log[0].parameter("search_after"), log[1].parameter("search_after")), (None, Some("P038")));
    assert_eq!(bound.all(None, 100).await.unwrap(), keys(0..N));
    assert_eq!(server.log().last().unwrap().parameter("search"), None, "nothing is left of a search for nothing");
    let page = bound.page(Some("odd"), last(2, None), true).await.unwrap();
    assert_eq!((skus(&page), page.count), (vec!["P129".to_owned(), "P131".to_owned()], Some(Count::Exactly(66))));
}

#[tokio::test]
async fn s6_09_paging_is_silent_a_list_that_stops_at_its_page_size_and_leads_nowhere_is_refused() {
    let server = RestServer::start(|_| Answer::json(json!({"rows": items(0..50)}))).await;
    let toml = WHOLE.replace(
        "paging = { offset = \"offset\", limit = \"limit\", rows = 50 }",
        "paging = { next = \"/next\", rows = 50 }",
    );
    let error = bound(&server, &toml).all(Some("x"), 20).await.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::ContractViolation);
    assert!(error.detail.contains("a full page without a way to the next"), "{error}");
}

#[tokio::test]
async fn a_list_that_is_too_long_to_be_read_is_refused_in_words() {
    let server = RestServer::start(|asked| {
        let offset = asked.number("offset").unwrap_or(0);
        Answer::json(json!({"rows": items(offset..offset + 50)}))
    })
    .await;
    let error = bound(&server, &format!("{WHOLE}rows_max = 500")).all(Some("x"), 20).await.unwrap_err();
    assert_eq!(error.detail, "more than 500 rows; let the system page, or raise `rows_max`");
    assert_eq!(server.n_calls(), 11);
}

#[tokio::test]
async fn a_parent_that_the_path_cannot_name_has_an_empty_page_and_one_that_fails_fails_alone() {
    let server = RestServer::start(|asked| match asked.path[1].as_str() {
        "gone" => Answer::status(404),
        "down" => Answer::status(503),
        _ => Answer::json(json!(items(0..2))),
    })
    .await;
    let bound = bound(&server, "[lists.products]\nget = \"/of/{category}\"\norder = [\"sku\"]");
    assert_eq!(skus(&bound.page(Some("a/b"), first(5, None), false).await.unwrap()), keys(0..2));
    assert_eq!(server.log()[0].raw_path, "/of/a%2Fb");
    for category in [None, Some("gone")] {
        let page = bound.page(category, first(5, None), true).await.unwrap();
        assert_eq!((skus(&page).len(), page.count), (0, Some(Count::Exactly(0))));
    }
    assert_eq!(bound.page(Some("down"), first(5, None), false).await.unwrap_err().kind, FetchErrorKind::Unavailable);
    let foreign = Cursor(vec![Some("soon".to_owned())]);
    let error = bound.page(Some("a"), first(5, Some(foreign)), false).await.unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::ForeignCursor);
}

#[tokio::test]
async fn many_parents_are_asked_side_by_side_each_once_and_fail_alone() {
    let server = RestServer::start(|asked| match asked.path[1].as_str() {
        "down" => Answer::status(503),
        name => Answer::json(json!([{ "sku": name }])),
    })
    .await;
    let bound = bound(&server, "connections_max = 3\n[lists.products]\nget = \"/of/{category}\"\norder = [\"sku\"]");
    let parents = ["a", "b", "down", "a", "c", "d", "a"].map(Some);
    let stalled = server.stall()();
    let (pages, ()) = tokio::join!(bound.pages(&parents, first(5, None), false), async {
        while server.running().0 < 3 {
            tokio::task::yield_now().await;
        }
        drop(stalled);
    });
    let shown: Vec<String> =
        pages.iter().map(|page| page.as_ref().map_or("-".to_owned(), |page| skus(page).concat())).collect();
    assert_eq!(shown, ["a", "b", "-", "a", "c", "d", "a"]);
    assert_eq!((server.n_calls(), server.running().1), (5, 3));
}
