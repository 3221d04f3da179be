//! The rate counts what the system counts: its calls, however many of them one question makes.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::bound::{items, keys};
use crate::common::{
    engine::Freehold,
    rest_server::{Answer, Asked, RestServer},
};

const GRAPH: &str = r#"
type Query {
  products(skus: [String!]!): [Product] @ref(key: "sku: $skus")
  articles(skus: [String!]!): [Article] @ref(key: "sku: $skus")
}
type Product @key(fields: "sku") @owner(system: "pim") @domain(name: "product") { sku: String! name: String }
type Article @key(fields: "sku") @owner(system: "pim") @domain(name: "product") { sku: String! name: String }
"#;

/// Starts over a server: products are asked for together, ten to a page; articles one by one.
fn freehold(server: &RestServer, rate: &str) -> Freehold {
    let system = format!(
        "kind = \"rest\"\nurl = \"${{PIM_URL}}\"\ntimeout = \"20s\"\nretries = false\nrate = {rate}\n\
         [Product]\nget = \"/products\"\nquery = {{ skus = \"{{keys}}\" }}\nrows = \"/rows\"\n\
         paging = {{ next = \"/next\" }}\n[Article]\nget = \"/articles/{{key}}\"\n"
    );
    let files = [
        ("graph.graphql", GRAPH),
        ("freehold.toml", "systems = [\"pim.toml\"]\n[freshness.product]"),
        ("pim.toml", &system),
    ];
    Freehold::over(files.map(|(path, text)| (path.to_owned(), text.to_owned())), &[("PIM_URL", &server.url())])
}

/// Answers pages of ten products, and single articles.
fn answer(asked: &Asked) -> Answer {
    if let [kind, sku] = asked.path.as_slice()
        && kind == "articles"
    {
        return Answer::json(json!({"sku": sku, "name": "one"}));
    }
    let wanted: Vec<&str> = asked.parameter("skus").unwrap_or_default().split(',').collect();
    let rows: Vec<Value> =
        items(0..1_000).into_iter().filter(|row| wanted.contains(&row["sku"].as_str().unwrap())).collect();
    let page = asked.number("page").unwrap_or(0);
    let link = format!("/products?skus={}&page={}", asked.parameter("skus").unwrap_or_default(), page + 1);
    let next = (rows.len() > (page + 1) * 10).then_some(link);
    Answer::json(json!({"rows": rows.iter().skip(page * 10).take(10).collect::<Vec<_>>(), "next": next}))
}

async fn ask(freehold: &Freehold, field: &str, n: std::ops::Range<usize>) -> Value {
    let query = format!("query($skus: [String!]!) {{ {field}(skus: $skus) {{ sku name }} }}");
    freehold.answer(&query, json!({"skus": keys(n)})).await
}

fn n_refused(answer: &Value) -> usize {
    let errors = answer["errors"].as_array().into_iter().flatten();
    let refused = errors.inspect(|error| {
        assert_eq!(error["extensions"]["code"], "SOURCE_THROTTLED", "{error}");
        let wait = error["extensions"]["retryAfterMs"].as_u64().expect("when there is a turn");
        assert!((1..=600_000).contains(&wait), "{error}");
    });
    refused.count()
}

const TEN_MINUTES: &str = "{ calls = 5, per = \"10m\" }";

#[tokio::test]
async fn a_question_of_five_pages_takes_five_turns() {
    let server = RestServer::start(answer).await;
    let freehold = freehold(&server, TEN_MINUTES);
    let answer = ask(&freehold, "products", 0..50).await;
    assert_eq!(answer.get("errors"), None, "{answer}");
    assert_eq!(answer["data"]["products"][49]["name"], "N49");
    assert_eq!(server.n_calls(), 5);
    let answer = ask(&freehold, "products", 50..51).await;
    assert_eq!((n_refused(&answer), &answer["data"]["products"]), (1, &json!([null])));
    assert_eq!(server.n_calls(), 5, "what has no turn is not sent");
    assert!(freehold.metric("freehold_rate_refusals_total{system=\"pim\"}") >= 1.0);
}

#[tokio::test]
async fn a_question_of_six_pages_is_refused_at_the_sixth_and_not_cut_short() {
    let server = RestServer::start(answer).await;
    let freehold = freehold(&server, TEN_MINUTES);
    let answer = ask(&freehold, "products", 0..60).await;
    assert_eq!(n_refused(&answer), 60, "{answer}");
    assert_eq!(server.n_calls(), 5);
}

#[tokio::test]
async fn a_call_per_key_is_a_turn_per_key_and_the_keys_without_one_fail_alone() {
    let server = RestServer::start(answer).await;
    let freehold = freehold(&server, TEN_MINUTES);
    let answer = ask(&freehold, "articles", 0..8).await;
    assert_eq!(n_refused(&answer), 3, "{answer}");
    let came = answer["data"]["articles"].as_array().expect("articles").iter().filter(|one| !one.is_null());
    assert_eq!((came.count(), server.n_calls()), (5, 5));
}

#[tokio::test]
async fn questions_at_once_share_the_turns_of_their_system() {
    let server = RestServer::start(answer).await;
    let freehold = freehold(&server, TEN_MINUTES);
    let asked = (0..10).map(|n| {
        let field = if n % 2 == 0 { "articles" } else { "products" };
        ask(&freehold, field, n * 10..n * 10 + 3)
    });
    let answers = futures_util::future::join_all(asked).await;
    assert!(answers.iter().map(n_refused).sum::<usize>() > 0);
    assert_eq!(server.n_calls(), 5, "all turns were used, and no more");
}

#[tokio::test]
async fn calls_wait_for_their_turns_and_no_window_holds_more_than_the_rate() {
    let (log, server) = {
        let log = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let arrived = log.clone();
        let server = RestServer::start(move |asked| {
            arrived.lock().unwrap().push(Instant::now());
            answer(asked)
        });
        (log, server.await)
    };
    let freehold = freehold(&server, "{ calls = 3, per = \"100ms\" }");
    let asked = [("products", 0..50), ("articles", 50..57), ("products", 60..65), ("articles", 70..72)];
    let asked = asked.map(|(field, skus)| ask(&freehold, field, skus));
    for answer in futures_util::future::join_all(asked).await {
        assert_eq!(answer.get("errors"), None, "{answer}");
    }
    let arrived = log.lock().unwrap().clone();
    assert_eq!(arrived.len(), 5 + 7 + 1 + 2);
    assert!(arrived.windows(4).all(|four| four[3] - four[0] >= Duration::from_millis(100)), "{arrived:?}");
    assert!(freehold.metric("freehold_rate_wait_seconds_count{system=\"pim\"}") >= 1.0);
}

#[tokio::test]
async fn a_system_that_asks_for_quiet_between_two_calls_is_left_alone_by_the_second() {
    let server = RestServer::start(|_| Answer::status(429).header("retry-after", "300")).await;
    let freehold = freehold(&server, "{ calls = 1000, per = \"1m\" }");
    let system_said = ask(&freehold, "articles", 0..1).await;
    assert_eq!(n_refused(&system_said), 1);
    assert_eq!(n_refused(&ask(&freehold, "articles", 1..9).await), 8);
    assert_eq!(n_refused(&ask(&freehold, "products", 1..2).await), 1);
    assert_eq!(server.n_calls(), 1);
}

#[tokio::test]
async fn tokens_take_no_turns() {
    let server = RestServer::start(|asked| match asked.path.first().map(String::as_str) {
        Some("token") => Answer::json(json!({"access_token": "t", "expires_in": 3600})),
        _ if asked.header("authorization") != "Bearer t" => Answer::status(401),
        _ => answer(asked),
    })
    .await;
    let auth = "auth = { token_url = \"${PIM_URL}/token\", client_id = \"a\", client_secret = \"b\" }";
    let freehold = freehold(&server, &format!("{TEN_MINUTES}\n{auth}"));
    assert_eq!(ask(&freehold, "products", 0..50).await.get("errors"), None);
    assert_eq!(server.n_calls(), 6);
}
