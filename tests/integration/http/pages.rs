//! The pages beside GraphQL: for people, orchestrators and Prometheus.

use freehold::settings::HttpSettings;

use super::{client::send, schema::Greeter, server::Server};

const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");

#[tokio::test]
async fn a_browser_is_shown_the_console_and_others_where_things_are() {
    let server = Server::start(Greeter::new(), HttpSettings::default()).await;
    let page = send(server.address, "GET", "/", &[BROWSER], "").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    let policy = page.header("content-security-policy");
    let scripts = policy.split("; ").find(|part| part.starts_with("script-src")).unwrap();
    assert!(policy.starts_with("default-src 'none'") && !scripts.contains("unsafe"), "{policy}");
    let plain = send(server.address, "GET", "/", &[("accept", "*/*")], "").await;
    assert!(String::from_utf8(plain.body).unwrap().contains("/readyz"));
    for (path, media) in [("/graphiql.js", "text/javascript"), ("/graphiql.css", "text/css")] {
        assert!(send(server.address, "GET", path, &[], "").await.header("content-type").starts_with(media));
    }
    let endpoint = send(server.address, "GET", "/graphql", &[BROWSER], "").await;
    assert_eq!((endpoint.status, endpoint.header("location")), (303, "/"));
    server.stopped().await;
}

#[tokio::test]
async fn readiness_names_each_system_and_keeps_its_words_to_itself() {
    let server = Server::start(Greeter::new(), HttpSettings::default()).await;
    let response = send(server.address, "GET", "/readyz", &[], "").await;
    assert_eq!(response.status, 200, "the ERP answers");
    let ready = response.json();
    assert_eq!((&ready["ready"], &ready["contract"]), (&true.into(), &"c0ffee".into()));
    assert_eq!((&ready["systems"][0]["system"], &ready["systems"][0]["ms"]), (&"erp".into(), &3.into()));
    assert_eq!(ready["systems"][1]["code"], "SOURCE_UNAVAILABLE");
    assert!(!ready.to_string().contains("10.0.0.7"));
    server.stopped().await;
}

#[tokio::test]
async fn a_process_whose_systems_are_all_down_is_alive_and_not_ready() {
    let mut greeter = Greeter::new();
    greeter.any_system_answers = false;
    let server = Server::start(greeter, HttpSettings::default()).await;
    assert_eq!(send(server.address, "GET", "/readyz", &[], "").await.status, 503);
    let alive = send(server.address, "GET", "/healthz", &[], "").await;
    assert_eq!((alive.status, &alive.json()["contract"]), (200, &"c0ffee".into()));
    server.stopped().await;
}

#[tokio::test]
async fn metrics_count_what_was_refused() {
    let server = Server::start(Greeter::new(), HttpSettings::default()).await;
    send(server.address, "POST", "/graphql", &[("content-type", "text/plain")], "{").await;
    let metrics = send(server.address, "GET", "/metrics", &[], "").await;
    assert!(metrics.header("content-type").starts_with("application/openmetrics-text"));
    let text = String::from_utf8(metrics.body).unwrap();
    assert!(text.contains(r#"freehold_requests_refused_total{kind="UNSUPPORTED_MEDIA_TYPE"} 1"#), "{text}");
    assert!(text.contains("freehold_connections_open 1"), "{text}");
    assert!(text.ends_with("# EOF\n"));
    server.stopped().await;
}
