//! What only GraphQL systems do: partial errors, codes, costs, limits, aliases, representations, cursors of their own.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::{engine::Freehold, graphql_server::GraphQlServer};

const GRAPH: &str = r#"
type Query {
  products(skus: [String!]!): [Product] @ref(key: "sku: $skus")
  ofCategory(category: String!, status: String, first: Int, after: String, last: Int, before: String): ProductConnection
    @list(name: "ofCategory")
  category(code: String!): Category @ref(key: "code: $code")
  categories(codes: [String!]!): [Category] @ref(key: "code: $codes")
}
type Category @key(fields: "code") @owner(system: "shop") @domain(name: "shop") {
  code: String!
  products(status: String, first: Int): [Product] @list(name: "ofCategory", args: "category: code")
}
type Product @key(fields: "sku") @owner(system: "shop") @domain(name: "shop") {
  sku: String!
  name: String
  stock: Int
  lines: [Line!]
}
type Line { kind: String! sku: String quantity: Int }
type ProductConnection { nodes: [Product] pageInfo: PageInfo! totalCount: Int }
type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
"#;

const TOGETHER: &str = "query = \"products\"\nargument = \"skus\"";
const IN_ORDER: &str = "query = \"productsInOrder\"\nargument = \"skus\"\nordered = true";
const BY_KEY: &str = "by_key = \"product(sku: $key)\"";
const ENTITIES: &str = "entities = \"Product\"";
const CONNECTION: &str = "query = \"productsOfCategory\"\narguments = { category = \"String!\", status = \"String\" }\n\
                          connection = \"/productsOfCategory\"\ncount = \"totalCount\"";

/// A shop, and an engine that is bound to it.
struct Shop {
    server: GraphQlServer,
    freehold: Freehold,
}

impl Shop {
    /// Starts over 230 products, their group and list bound as given.
    async fn start(product: &str, list: &str) -> Self {
        Self::of(product, list, "").await
    }

    async fn of(product: &str, list: &str, system: &str) -> Self {
        let mut products: Vec<Value> = (0..230)
            .map(|n| {
                json!({"sku": format!("P-{n:03}"), "name": format!("Pump {n}"), "stock": n, "category": "PUMPS",
                       "status": if n % 2 == 0 { "A" } else { "B" }, "lines": []})
            })
            .collect();
        products.push(json!({"sku": "V-1", "name": "", "stock": 0, "category": "VALVES", "status": "A", "lines": [
            {"kind": "GOODS", "sku": "P-000", "quantity": 2},
            {"kind": "SERVICE", "sku": null, "quantity": 1},
            {"kind": "COMMENT", "sku": null, "quantity": null},
            {"kind": "FREIGHT", "sku": null, "quantity": 0},
        ]}));
        products.push(json!({"sku": "V-2", "name": null, "stock": null, "category": "VALVES", "status": "A"}));
        let server = GraphQlServer::start(products, Vec::new()).await;
        let file = format!(
            "kind = \"graphql\"\nurl = \"${{SHOP_URL}}\"\ntimeout = \"2s\"\n{system}\n[Product]\n{product}\n[Category]\n\
             by_key = \"product(sku: $key)\"\nfields = {{ code = \"/sku\" }}\n[lists.ofCategory]\n{list}\n"
        );
        let files = [
            ("graph.graphql", GRAPH.to_owned()),
            ("freehold.toml", "systems = [\"systems/shop.toml\"]\n[freshness.shop]\n".to_owned()),
            ("systems/shop.toml", file),
        ];
        let files = files.map(|(path, text)| (path.to_owned(), text));
        let freehold = Freehold::over(files, &[("SHOP_URL", &server.url)]);
        Self { server, freehold }
    }

    async fn products(&self, skus: &[&str]) -> Value {
        let query = "query($skus: [String!]!) { products(skus: $skus) { sku name } }";
        self.freehold.answer(query, json!({ "skus": skus })).await
    }

    async fn code(&self) -> String {
        let answer = self.products(&["P-001"]).await;
        assert_eq!(answer["data"]["products"], json!([null]), "{answer}");
        answer["errors"][0]["extensions"]["code"].as_str().expect("a code").to_owned()
    }

    async fn page(&self, arguments: &str) -> Value {
        let query = format!(
            "{{ ofCategory(category: \"PUMPS\", {arguments}) {{ nodes {{ sku }} totalCount
               pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"
        );
        self.freehold.data(&query, json!({})).await["ofCategory"].take()
    }
}

fn skus(page: &Value) -> Vec<&str> {
    page["nodes"].as_array().expect("nodes").iter().filter_map(|node| node["sku"].as_str()).collect()
}

#[tokio::test]
async fn a_partial_error_costs_its_own_key_however_keys_are_asked() {
    for binding in [TOGETHER, IN_ORDER, BY_KEY, ENTITIES] {
        for broken_is_null in [false, true] {
            let shop = Shop::start(binding, CONNECTION).await;
            shop.server.set(|manners| {
                manners.broken.insert("P-001".to_owned(), "INTERNAL_SERVER_ERROR");
                manners.broken_is_null = broken_is_null;
            });
            let answer = shop.products(&["P-000", "P-001", "P-002"]).await;
            let expected = json!([{"sku": "P-000", "name": "Pump 0"}, null, {"sku": "P-002", "name": "Pump 2"}]);
            assert_eq!(answer["data"]["products"], expected, "{binding}: {answer}");
            let errors = answer["errors"].as_array().expect("one fault");
            assert_eq!(errors.len(), 1, "{binding}: {answer}");
            assert_eq!(errors[0]["path"], json!(["products", 1]), "{binding}");
            assert_eq!(errors[0]["extensions"]["code"], "SOURCE_UNAVAILABLE");
            // What was down is asked again, and it alone; what came is not.
            let again = &shop.server.asked()[1..];
            assert!(again.iter().all(|asked| !asked.to_string().contains("P-000")), "{binding}: {again:?}");
        }
    }
}

#[tokio::test]
async fn what_the_system_does_not_find_is_absent() {
    for binding in [TOGETHER, IN_ORDER, BY_KEY, ENTITIES] {
        let shop = Shop::start(binding, CONNECTION).await;
        shop.server.set(|manners| {
            manners.broken.insert("P-001".to_owned(), "NOT_FOUND");
            manners.broken_is_null = true;
        });
        let answer = shop.products(&["P-001", "nobody", "P-002"]).await;
        let products = &answer["data"]["products"];
        assert_eq!((&products[1], &products[2]["name"]), (&Value::Null, &json!("Pump 2")), "{binding}");
        assert_eq!(products[0], Value::Null, "{binding}: {answer}");
        // Where the row says nothing, nobody can tell which of the missing ones is the one that is not there.
        assert_eq!(answer.get("errors").is_some(), binding == TOGETHER, "{binding}: {answer}");
    }
}

#[tokio::test]
async fn s6_10_errors_lie_in_answers_that_say_200() {
    let shop = Shop::of(TOGETHER, CONNECTION, "errors = { map = { E_LOCKED = \"denied\" } }").await;
    shop.server.set(|manners| manners.refusal_status = 200);
    for (code, expected) in [
        ("FORBIDDEN", "SOURCE_DENIED"),
        ("E_LOCKED", "SOURCE_DENIED"),
        ("BAD_USER_INPUT", "SOURCE_BAD_REQUEST"),
        ("INTERNAL_SERVER_ERROR", "SOURCE_UNAVAILABLE"),
    ] {
        shop.server.set(|manners| manners.pathless = Some(code));
        assert_eq!(shop.code().await, expected, "{code}: data came, and an error that belongs to nothing");
    }
    shop.server.set(|manners| manners.pathless = None);
    shop.server.set(|manners| manners.token = Some("secret".to_owned()));
    assert_eq!(shop.code().await, "SOURCE_DENIED");
    shop.server.set(|manners| manners.token = None);
    for (status, body, expected) in [
        (200, "{\"data\": {\"other\": []}}", "CONTRACT_VIOLATION"),
        (200, "{\"ok\": true}", "CONTRACT_VIOLATION"),
        (200, "<html>busy</html>", "CONTRACT_VIOLATION"),
        (200, "{\"data\": null, \"errors\": [{\"message\": \"no\"}]}", "SOURCE_BAD_REQUEST"),
        (403, "no", "SOURCE_DENIED"),
        (404, "no", "SOURCE_BAD_REQUEST"),
        (502, "<html>bad gateway</html>", "SOURCE_UNAVAILABLE"),
        (503, "{\"errors\": [{\"message\": \"no\"}]}", "SOURCE_UNAVAILABLE"),
        (500, "{\"errors\": {\"message\": \"no\", \"extensions\": {\"code\": \"UNAUTHENTICATED\"}}}", "SOURCE_DENIED"),
    ] {
        shop.server.set(|manners| manners.instead = Some((status, body)));
        assert_eq!(shop.code().await, expected, "{status} {body}");
    }
}

#[tokio::test]
async fn s5_graphql_upstreams_answer_user_errors_with_200_or_400() {
    for status in [200, 400] {
        let shop = Shop::start("by_key = \"productt(sku: $key)\"", CONNECTION).await;
        shop.server.set(|manners| manners.refusal_status = status);
        assert_eq!(shop.code().await, "SOURCE_BAD_REQUEST", "{status}");
    }
}

#[tokio::test]
async fn s5_shopify_throttles_by_cost_and_says_when_to_come_back() {
    use freehold::{
        contract::{Files, load},
        fetch::{Fetch, FetchErrorKind, Owner},
        source::{GraphQlSource, Pace},
        telemetry::Telemetry,
        value::{GroupId, Key, SystemId},
    };
    let server = GraphQlServer::start(Vec::new(), Vec::new()).await;
    let files = [
        (
            "graph.graphql",
            "type Query { product(sku: ID!): Product @ref(key: \"sku: $sku\") }\ntype Product @key(fields: \"sku\") \
                           @owner(system: \"shop\") @domain(name: \"shop\") { sku: ID! name: String }"
                .to_owned(),
        ),
        ("freehold.toml", "systems = [\"shop.toml\"]\n[freshness.shop]\n".to_owned()),
        ("shop.toml", format!("kind = \"graphql\"\nurl = \"{}\"\n[Product]\n{TOGETHER}", server.url)),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text));
    let contract = load(&Files::new(files), &|_| None).contract.expect("a contract");
    let pace = Pace::new(&contract, SystemId(0), &Telemetry::new());
    let source = GraphQlSource::new(contract.into(), SystemId(0), pace);
    let ask = || {
        let keys = [Key::one("P-000")].into();
        source.fetch(Fetch { group: GroupId(0), keys, deadline: Instant::now() + Duration::from_secs(10) })
    };
    server.set(|manners| manners.throttled = Some([752, 2, 100]));
    let error = ask().await.remove(0).expect_err("throttled");
    assert_eq!((error.kind, error.retry_after), (FetchErrorKind::Throttled, Some(Duration::from_secs(8))));
    server.set(|manners| {
        manners.throttled = None;
        (manners.instead, manners.retry_after) = (Some((429, "slow down")), Some("7"));
    });
    let error = ask().await.remove(0).expect_err("throttled");
    assert_eq!((error.kind, error.retry_after), (FetchErrorKind::Throttled, Some(Duration::from_secs(7))));
    assert_eq!(source.calls(), 2);
}

#[tokio::test]
async fn every_document_is_a_call_and_takes_a_turn_of_the_rate() {
    let wanted: Vec<String> = (0..8).map(|n| format!("P-{n:03}")).collect();
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let rate = "rate = { calls = 5, per = \"10m\" }";
    let shop = Shop::of(&format!("{BY_KEY}\naliases_max = 1"), CONNECTION, rate).await;
    let answer = shop.products(&wanted).await;
    let errors = answer["errors"].as_array().expect("faults");
    let refused = errors.iter().filter(|error| {
        let extensions = &error["extensions"];
        extensions["code"] == "SOURCE_THROTTLED" && extensions["retryAfterMs"].as_u64().is_some_and(|ms| ms <= 600_000)
    });
    assert_eq!((refused.count(), errors.len()), (3, 3), "{answer}");
    assert_eq!(shop.server.calls(), 5);
}

#[tokio::test]
async fn s5_graphql_upstreams_have_complexity_limits() {
    let wanted: Vec<String> = (0..50).map(|n| format!("P-{n:03}")).collect();
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let shop = Shop::start(&format!("{BY_KEY}\naliases_max = 20"), CONNECTION).await;
    shop.server.set(|manners| manners.fields_max = 20);
    let answer = shop.products(&wanted).await;
    assert_eq!(answer.get("errors"), None, "{answer}");
    assert_eq!(answer["data"]["products"][49]["name"], "Pump 49");
    assert_eq!(shop.server.calls(), 3, "twenty at once");
    shop.server.set(|manners| manners.fields_max = 19);
    assert_eq!(shop.products(&wanted).await["errors"][0]["extensions"]["code"], "SOURCE_BAD_REQUEST");
    // Nothing is nested deeper than what is asked for.
    let shop = Shop::start(TOGETHER, CONNECTION).await;
    shop.server.set(|manners| manners.depth_max = 2);
    assert_eq!(shop.products(&["P-001"]).await["errors"][0]["extensions"]["code"], "SOURCE_BAD_REQUEST");
    shop.server.set(|manners| manners.depth_max = 3);
    assert_eq!(shop.products(&["P-001"]).await.get("errors"), None);
}

#[tokio::test]
async fn s5_graphql_upstreams_have_take_limits_that_may_be_silent() {
    let wanted: Vec<String> = (0..230).map(|n| format!("P-{n:03}")).collect();
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).chain(["nobody"]).collect();
    // Neither told nor refused: the rows that did not come are asked for again.
    let shop = Shop::start(TOGETHER, CONNECTION).await;
    shop.server.set(|manners| manners.rows_max = 100);
    let answer = shop.products(&wanted).await;
    assert_eq!(answer.get("errors"), None, "{answer}");
    assert_eq!(answer["data"]["products"][229]["name"], "Pump 229");
    assert_eq!(answer["data"]["products"][230], Value::Null);
    assert_eq!(shop.server.calls(), 3);
    // Told, and refused beyond.
    let shop = Shop::start(&format!("{TOGETHER}\npage_rows = 100"), CONNECTION).await;
    shop.server.set(|manners| (manners.rows_max, manners.refuses_more) = (100, true));
    assert_eq!(shop.products(&wanted).await["data"]["products"][229]["name"], "Pump 229");
    assert_eq!(shop.server.calls(), 3);
}

#[tokio::test]
async fn a_full_page_of_rows_that_nobody_asked_for_is_refused() {
    let shop = Shop::start(&format!("{TOGETHER}\npage_rows = 2"), CONNECTION).await;
    let other = "{\"data\": {\"products\": [{\"sku\": \"X\"}, {\"sku\": \"Y\"}]}}";
    shop.server.set(|manners| manners.instead = Some((200, other)));
    let answer = shop.products(&["P-000", "P-001"]).await;
    assert_eq!(answer["data"]["products"], json!([null, null]));
    assert_eq!(answer["errors"][0]["extensions"]["code"], "CONTRACT_VIOLATION");
}

#[tokio::test]
async fn rows_that_cannot_be_told_apart_are_refused() {
    let shop = Shop::start(IN_ORDER, CONNECTION).await;
    let short = "{\"data\": {\"productsInOrder\": [{\"sku\": \"P-000\", \"name\": \"a\"}]}}";
    shop.server.set(|manners| manners.instead = Some((200, short)));
    let answer = shop.products(&["P-000", "P-001"]).await;
    assert_eq!(answer["data"]["products"], json!([null, null]), "one row for two keys is nobody's");
    let swapped = "{\"data\": {\"productsInOrder\": [{\"sku\": \"P-001\", \"name\": \"b\"}, {\"sku\": \"P-001\", \"name\": \"b\"}]}}";
    shop.server.set(|manners| manners.instead = Some((200, swapped)));
    let answer = shop.products(&["P-000", "P-001"]).await;
    assert_eq!(answer["data"]["products"], json!([null, {"sku": "P-001", "name": "b"}]));
    assert_eq!(answer["errors"][0]["extensions"]["code"], "CONTRACT_VIOLATION");
}

#[tokio::test]
async fn s6_06_null_carries_meaning() {
    let shop = Shop::start(TOGETHER, CONNECTION).await;
    let query = r#"{ products(skus: ["V-1", "V-2", "V-3"]) { name stock lines { kind } } }"#;
    let shown = shop.freehold.data(query, json!({})).await["products"].take();
    assert_eq!(shown[0]["name"], "");
    assert_eq!(shown[0]["stock"], 0);
    assert_eq!(shown[1], json!({"name": null, "stock": null, "lines": null}));
    assert_eq!(shown[2], Value::Null);
}

#[tokio::test]
async fn s6_12_services_comments_and_freight_are_lines_like_others() {
    let shop = Shop::start(TOGETHER, CONNECTION).await;
    let query = r#"{ products(skus: ["V-1"]) { lines { kind sku quantity } } }"#;
    let expected = json!([
        {"kind": "GOODS", "sku": "P-000", "quantity": 2},
        {"kind": "SERVICE", "sku": null, "quantity": 1},
        {"kind": "COMMENT", "sku": null, "quantity": null},
        {"kind": "FREIGHT", "sku": null, "quantity": 0},
    ]);
    assert_eq!(shop.freehold.data(query, json!({})).await["products"][0]["lines"], expected);
}

#[tokio::test]
async fn a_connection_is_paged_by_the_systems_own_cursors() {
    let shop = Shop::start(TOGETHER, CONNECTION).await;
    let page = shop.page("first: 3").await;
    assert_eq!(skus(&page), ["P-000", "P-001", "P-002"]);
    assert_eq!((&page["totalCount"], &page["pageInfo"]["hasNextPage"]), (&json!(230), &json!(true)));
    let asked = shop.server.asked().remove(0);
    assert_eq!(asked["variables"], json!({"category": "PUMPS", "first": 3}), "and nothing more is read");
    let next = shop.page(&format!("first: 2, after: {}", page["pageInfo"]["endCursor"])).await;
    assert_eq!(skus(&next), ["P-003", "P-004"]);
    assert_eq!(next["pageInfo"]["hasPreviousPage"], true);
    let asked = shop.server.asked();
    let variables = asked.iter().map(|asked| &asked["variables"]).find(|one| one.get("after").is_some());
    assert_eq!(variables.expect("a page behind a cursor")["after"], "opaque:00017");
    let last = shop.page("last: 2").await;
    assert_eq!((skus(&last), &last["pageInfo"]["hasPreviousPage"]), (vec!["P-228", "P-229"], &json!(true)));
    let foreign =
        shop.freehold.answer("{ ofCategory(category: \"PUMPS\", after: \"x\") { totalCount } }", json!({})).await;
    assert_eq!(foreign["errors"][0]["extensions"]["code"], "BAD_ARGUMENT");
}

#[tokio::test]
async fn s6_09_paging_is_silent_and_a_connection_is_followed_to_the_page_that_was_asked_for() {
    let shop = Shop::start(TOGETHER, CONNECTION).await;
    shop.server.set(|manners| manners.rows_max = 30);
    let page = shop.page("first: 70").await;
    assert_eq!(skus(&page).len(), 70);
    assert_eq!(page["pageInfo"]["hasNextPage"], true);
    let last = shop.page("last: 70").await;
    assert_eq!((skus(&last)[0], skus(&last)[69]), ("P-160", "P-229"));
}

#[tokio::test]
async fn a_connection_that_goes_forward_alone_is_read_whole_to_go_backward() {
    let shop = Shop::start(TOGETHER, &format!("{CONNECTION}\nbackward = false")).await;
    let last = shop.page("last: 3").await;
    assert_eq!(skus(&last), ["P-227", "P-228", "P-229"]);
    let before = shop.page(&format!("last: 2, before: {}", last["pageInfo"]["startCursor"])).await;
    assert_eq!(skus(&before), ["P-225", "P-226"]);
    let shop = Shop::start(TOGETHER, &format!("{CONNECTION}\nbackward = false\nrows_max = 200")).await;
    let answer = shop.freehold.answer("{ ofCategory(category: \"PUMPS\", last: 1) { totalCount } }", json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "CONTRACT_VIOLATION", "shortened is not what was asked for");
}

const PLAIN: &str = "query = \"productList\"\norder = [\"sku desc\"]";

#[tokio::test]
async fn s6_09_a_plain_list_is_read_to_its_end_or_refused() {
    let types = "arguments = { category = \"String!\", status = \"String\", take = \"Int\", skip = \"Int\" }";
    let shop =
        Shop::start(TOGETHER, &format!("{PLAIN}\n{types}\nlimit = \"take\"\noffset = \"skip\"\npage_rows = 100")).await;
    shop.server.set(|manners| manners.rows_max = 100);
    let page = shop.page("first: 2").await;
    assert_eq!((skus(&page), &page["totalCount"]), (vec!["P-229", "P-228"], &json!(230)));
    assert!(shop.server.calls() >= 3);
    let types = "arguments = { category = \"String!\", status = \"String\" }";
    let shop = Shop::start(TOGETHER, &format!("{PLAIN}\n{types}\npage_rows = 100")).await;
    shop.server.set(|manners| manners.rows_max = 100);
    let answer = shop.freehold.answer("{ ofCategory(category: \"PUMPS\") { totalCount } }", json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "CONTRACT_VIOLATION");
}

#[tokio::test]
async fn many_parents_are_one_call_and_fail_alone() {
    let list = "document = \"query($category: String!, $status: String) { productList(category: $category, status: $status) { sku } }\"\n\
                rows = \"/productList\"\norder = [\"sku\"]";
    let shop = Shop::start(TOGETHER, list).await;
    let query = "query($codes: [String!]!) { categories(codes: $codes) { code products(first: 2) { sku } } }";
    let before = shop.server.calls();
    let data = shop.freehold.data(query, json!({"codes": ["P-000", "P-001", "V-1"]})).await;
    let codes: Vec<_> = data["categories"].as_array().expect("categories").iter().map(|one| &one["products"]).collect();
    assert_eq!(codes, [&json!([]), &json!([]), &json!([])]);
    assert_eq!(shop.server.calls() - before, 2, "the categories, and the lists of all of them");
    let expected = json!({"category_0": "P-000", "category_1": "P-001", "category_2": "V-1"});
    let asked = shop.server.asked();
    assert!(asked.iter().any(|asked| asked["variables"] == expected), "{asked:?}");
}

#[tokio::test]
async fn a_slow_system_costs_its_own_time_and_no_more() {
    let shop = Shop::start(TOGETHER, CONNECTION).await;
    shop.server.set(|manners| manners.delay = Duration::from_secs(30));
    let began = Instant::now();
    assert_eq!(shop.code().await, "SOURCE_TIMEOUT");
    assert!(began.elapsed() < Duration::from_secs(20));
}
