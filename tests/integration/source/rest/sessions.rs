//! Who asks: headers, keys and tokens; sessions that end, and what a call is made in.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use freehold::fetch::FetchErrorKind;
use serde_json::json;

use super::bound::bound;
use crate::common::rest_server::{Answer, Asked, RestServer};

const ONE: &str = "[Product]\nget = \"/products/{key}\"\n";

fn row(asked: &Asked) -> Answer {
    Answer::json(json!({"sku": asked.path[1], "name": "N"}))
}

#[tokio::test]
async fn every_way_to_prove_who_asks_reaches_the_system() {
    type Proves = fn(&Asked) -> bool;
    let ways: [(&str, Proves); 5] = [
        ("auth = { bearer = \"t0ken\" }", |asked| asked.header("authorization") == "Bearer t0ken"),
        ("auth = { user = \"u\", password = \"p\" }", |asked| asked.header("authorization") == "Basic dTpw"),
        ("auth = { parameter = \"api_key\", key = \"k&y\" }", |asked| asked.parameter("api_key") == Some("k&y")),
        ("headers = { X-Api-Key = \"k\" }", |asked| asked.header("x-api-key") == "k"),
        ("headers = { X-Company = \"DE01\", Accept-Language = \"de\" }", |asked| {
            asked.header("x-company") == "DE01" && asked.header("accept-language") == "de"
        }),
    ];
    for (auth, proves) in ways {
        let server = RestServer::start(move |asked| if proves(asked) { row(asked) } else { Answer::status(401) }).await;
        assert_eq!(bound(&server, &format!("{auth}\n{ONE}")).names(&["A"]).await, [json!("N")], "{auth}");
        let error = bound(&server, ONE).error("A").await;
        assert_eq!(error.kind, FetchErrorKind::Denied);
    }
}

/// A system with a token server: the token of the last login holds.
struct Tokens {
    server: RestServer,
    logins: Arc<AtomicUsize>,
    holds: Arc<AtomicUsize>,
}

impl Tokens {
    async fn start(life: &'static str, refuse: fn(&Asked) -> Answer) -> Self {
        let (logins, holds) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(1)));
        let (counted, held) = (Arc::clone(&logins), Arc::clone(&holds));
        let server = RestServer::start(move |asked| {
            if asked.path[0] == "token" {
                assert_eq!(asked.header("authorization"), "Basic aWQ6czNjciUyNnQ=", "the secret is form-encoded first");
                assert_eq!(asked.body, json!("grant_type=client_credentials&scope=read%20all"));
                let n = counted.fetch_add(1, SeqCst) + 1;
                return Answer::text(format!("{{\"access_token\": \"T{n}\", \"token_type\": \"bearer\"{life}}}"));
            }
            let n = counted.load(SeqCst);
            let current = asked.header("authorization") == format!("Bearer T{n}");
            if current && n >= held.load(SeqCst) { row(asked) } else { refuse(asked) }
        })
        .await;
        Self { server, logins, holds }
    }

    fn binding(&self, toml: &str) -> String {
        format!(
            "auth = {{ token_url = \"{}/token\", client_id = \"id\", client_secret = \"s3cr&t\", scope = \"read all\" }}\n{toml}",
            self.server.url()
        )
    }
}

fn unauthorized(_: &Asked) -> Answer {
    Answer::status(401)
}

#[tokio::test]
async fn many_concurrent_calls_log_in_once() {
    let tokens = Tokens::start(", \"expires_in\": 3600", unauthorized).await;
    let bound = bound(&tokens.server, &tokens.binding(&format!("connections_max = 32\n{ONE}")));
    let keys: Vec<String> = (0..60).map(|n| format!("K{n}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let (a, b) = tokio::join!(bound.names(&keys), bound.names(&keys));
    assert!(a.iter().chain(&b).all(|name| name == "N"));
    assert_eq!((tokens.logins.load(SeqCst), bound.source.calls()), (1, 120));
}

#[tokio::test]
async fn a_token_that_the_system_ends_early_is_fetched_again_once() {
    let tokens = Tokens::start("", unauthorized).await;
    let bound = bound(&tokens.server, &tokens.binding(ONE));
    assert_eq!(bound.names(&["A"]).await, [json!("N")]);
    tokens.holds.store(2, SeqCst);
    assert_eq!(bound.names(&["A", "B", "C"]).await, [json!("N"), json!("N"), json!("N")]);
    assert_eq!(tokens.logins.load(SeqCst), 2, "three refusals of one token are one login");
    tokens.holds.store(100, SeqCst);
    assert_eq!(bound.names(&["A"]).await, [json!("SOURCE_DENIED")]);
    assert_eq!(tokens.logins.load(SeqCst), 3, "logins are rate limited: one more try, not many");
}

#[tokio::test]
async fn a_token_is_fetched_again_before_it_ends() {
    let tokens = Tokens::start(", \"expires_in\": \"0\"", unauthorized).await;
    let bound = bound(&tokens.server, &tokens.binding(ONE));
    for _ in 0..3 {
        assert_eq!(bound.names(&["A"]).await, [json!("N")]);
    }
    assert_eq!(tokens.logins.load(SeqCst), 3);
}

#[tokio::test]
async fn s5_rpc_sessions_expire_and_an_error_inside_http_200_that_says_so_logs_in_again() {
    let tokens =
        Tokens::start("", |_| Answer::json(json!({"error": {"code": 100, "message": "Session expired"}}))).await;
    let toml =
        tokens.binding(&format!("{ONE}errors = {{ at = \"/error\", words = {{ \"session expired\" = \"denied\" }} }}"));
    let bound = bound(&tokens.server, &toml);
    assert_eq!(bound.names(&["A"]).await, [json!("N")]);
    tokens.holds.store(2, SeqCst);
    assert_eq!(bound.names(&["A"]).await, [json!("N")]);
    assert_eq!(tokens.logins.load(SeqCst), 2);
}

#[tokio::test]
async fn s5_the_context_of_an_rpc_call_is_a_part_of_the_question() {
    let server = RestServer::start(|asked| {
        let context = &asked.body["params"]["context"];
        let stock = if context["location"] == "MUC" { "Munich" } else { "elsewhere" };
        assert_eq!((&asked.body["jsonrpc"], &asked.body["method"]), (&json!("2.0"), &json!("item.read")));
        let ids = asked.body["params"]["ids"].as_array().unwrap();
        Answer::json(json!({"jsonrpc": "2.0", "result": ids.iter().map(|id| json!({"sku": id, "name": stock})).collect::<Vec<_>>()}))
    })
    .await;
    let at = |location: &str| {
        format!(
            "[Product]\npost = \"/jsonrpc\"\nrows = \"/result\"\nbody = {{ jsonrpc = \"2.0\", id = 1, method = \"item.read\", params = {{ ids = \
             \"{{keys}}\", context = {{ location = \"{location}\", company = 1 }} }} }}"
        )
    };
    assert_eq!(bound(&server, &at("MUC")).names(&["A"]).await, [json!("Munich")]);
    assert_eq!(bound(&server, &at("HAM")).names(&["A"]).await, [json!("elsewhere")]);
}

#[tokio::test]
async fn no_error_tells_a_secret() {
    let server = RestServer::start(|_| Answer::status(400)).await;
    let toml = format!(
        "auth = {{ token_url = \"{}/token\", client_id = \"s3cret-id\", client_secret = \"s3cret\" }}\n{ONE}",
        server.url()
    );
    let error = bound(&server, &toml).error("A").await;
    assert_eq!(error.kind, FetchErrorKind::Denied);
    assert!(!format!("{error} {error:?}").contains("s3cret"));
    let gone = bound(&server, &format!("auth = {{ parameter = \"k\", key = \"s3cret\" }}\n{ONE}"));
    drop(server);
    let error = gone.error("A").await;
    assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
}
