//! The bounds of the server: what is too large, too slow or too many, and how it stops.

use std::{sync::Arc, time::Duration};

use freehold::{
    cache::Freshness,
    changes::{Heard, Message, Unheard},
    engine::{Answer, AnswerStatus, Pace, Probe, Request},
    http::Answering,
    settings::HttpSettings,
    value::AudienceId,
};
use futures_util::{FutureExt, future::BoxFuture};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Semaphore,
};

use super::{
    client::{PATIENCE, read, send, send_raw},
    schema::Greeter,
    server::Server,
};

const JSON: (&str, &str) = ("content-type", "application/json");
const QUESTION: &str = r#"{"query": "{ __typename }"}"#;
const SOON: Duration = Duration::from_millis(50);

/// Answers when it is let, and says when it has been asked.
#[derive(Clone)]
struct Held {
    asked: Arc<Semaphore>,
    let_go: Arc<Semaphore>,
}

impl Held {
    fn new() -> Self {
        Self { asked: Arc::new(Semaphore::new(0)), let_go: Arc::new(Semaphore::new(0)) }
    }

    async fn was_asked(&self) {
        self.asked.acquire().await.expect("it is never closed").forget();
    }
}

impl Answering for Held {
    fn answer(&self, _: Request) -> BoxFuture<'_, Answer> {
        self.asked.add_permits(1);
        async move {
            self.let_go.acquire().await.expect("it is never closed").forget();
            Answer {
                body: br#"{"data":{}}"#.to_vec(),
                status: AnswerStatus::Complete,
                n_unknown: 0,
                freshness: Freshness::default(),
                at_ms: 0,
            }
        }
        .boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Vec<Probe>> {
        async { Vec::new() }.boxed()
    }

    fn domains(&self) -> Vec<&str> {
        vec!["inventory", "price", "price.list"]
    }

    fn pace(&self, _: Option<AudienceId>) -> Pace<'_> {
        Pace::default()
    }

    fn hear<'a>(&'a self, _: &'a str, _: &'a Message) -> BoxFuture<'a, Result<Heard, Unheard>> {
        async { Err(Unheard::NoWebhook) }.boxed()
    }

    fn contract_version(&self) -> &str {
        "held"
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_declared_or_not() {
    let settings = HttpSettings { body_bytes_max: 64, ..HttpSettings::default() };
    let server = Server::start(Greeter::new(), settings).await;
    let response = send(server.address, "POST", "/graphql", &[JSON], &" ".repeat(65)).await;
    assert_eq!(response.status, 413);
    assert_eq!(response.json()["errors"][0]["extensions"]["code"], "BODY_TOO_LARGE");
    let chunked = format!(
        "POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n\
         41\r\n{}\r\n0\r\n\r\n",
        " ".repeat(65)
    );
    assert_eq!(send_raw(server.address, chunked.as_bytes()).await.status, 413);
    server.stopped().await;
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let settings =
        HttpSettings { header_bytes_max: 8192, headers_max: 20, uri_bytes_max: 4096, ..HttpSettings::default() };
    let server = Server::start(Greeter::new(), settings).await;
    let long = "a".repeat(9000);
    assert_eq!(send(server.address, "GET", "/healthz", &[("x-long", &long)], "").await.status, 431);
    let many = vec![("x-many", "1"); 30];
    assert_eq!(send(server.address, "GET", "/healthz", &many, "").await.status, 431);
    let uri = format!("/graphql?query={{{}}}", "a".repeat(5000));
    assert_eq!(send(server.address, "GET", &uri, &[], "").await.status, 414);
    server.stopped().await;
}

#[tokio::test]
async fn a_slow_body_is_refused() {
    let settings = HttpSettings { body_read_timeout: SOON, ..HttpSettings::default() };
    let server = Server::start(Greeter::new(), settings).await;
    let head = "POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    let response = send_raw(server.address, head.as_bytes()).await;
    assert_eq!(response.status, 408);
    assert_eq!(response.json()["errors"][0]["extensions"]["code"], "BODY_TIMEOUT");
    server.stopped().await;
}

#[tokio::test]
async fn a_caller_that_does_not_say_what_it_wants_is_let_go() {
    let settings = HttpSettings { header_read_timeout: SOON, ..HttpSettings::default() };
    let server = Server::start(Greeter::new(), settings).await;
    // Silence, half of a head, half of HTTP/2's preface, and silence after an answer: each ends with the connection.
    for beginning in
        [&b""[..], b"GET / HTTP/1.1\r\nhost:", b"PRI * HTTP/2", b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n"]
    {
        send_raw(server.address, beginning).await;
    }
    server.stopped().await;
}

#[tokio::test]
async fn a_connection_past_the_cap_is_turned_away_and_the_place_is_given_back() {
    let settings = HttpSettings { connections_max: 1, ..HttpSettings::default() };
    let held = Held::new();
    let server = Server::start(held.clone(), settings).await;
    let address = server.address;
    let first = tokio::spawn(async move { send(address, "POST", "/graphql", &[JSON], QUESTION).await });
    held.was_asked().await;
    let second = read(&mut TcpStream::connect(address).await.unwrap()).await;
    assert_eq!((second.status, second.header("retry-after")), (503, "1"));
    assert!(server.telemetry.metrics_text().contains("freehold_connections_refused_total 1"));
    held.let_go.add_permits(1);
    assert_eq!(first.await.unwrap().status, 200);
    server.stopped().await;
}

#[tokio::test]
async fn a_request_past_the_cap_is_told_to_come_back() {
    let settings = HttpSettings { requests_max: 1, ..HttpSettings::default() };
    let held = Held::new();
    let server = Server::start(held.clone(), settings).await;
    let address = server.address;
    let first = tokio::spawn(async move { send(address, "POST", "/graphql", &[JSON], QUESTION).await });
    held.was_asked().await;
    let second = send(address, "POST", "/graphql", &[JSON], QUESTION).await;
    assert_eq!((second.status, second.header("retry-after")), (503, "1"));
    assert_eq!(second.json()["errors"][0]["extensions"]["code"], "OVERLOADED");
    // Whether the process lives can be asked all the same.
    assert_eq!(send(address, "GET", "/healthz", &[], "").await.status, 200);
    held.let_go.add_permits(1);
    assert_eq!(first.await.unwrap().status, 200);
    server.stopped().await;
}

#[tokio::test]
async fn stopping_finishes_what_is_in_flight() {
    let held = Held::new();
    let mut server = Server::start(held.clone(), HttpSettings::default()).await;
    let address = server.address;
    let first = tokio::spawn(async move { send(address, "POST", "/graphql", &[JSON], QUESTION).await });
    held.was_asked().await;
    server.stop();
    // Once the listener is gone no one further is let in.
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    held.let_go.add_permits(1);
    let response = first.await.unwrap();
    assert_eq!((response.status, &response.body[..]), (200, &br#"{"data":{}}"#[..]));
    server.stopped().await;
}

#[tokio::test]
async fn stopping_waits_no_longer_than_the_grace() {
    let settings = HttpSettings { shutdown_grace: SOON, ..HttpSettings::default() };
    let held = Held::new();
    let mut server = Server::start(held.clone(), settings).await;
    let address = server.address;
    let first = tokio::spawn(async move { send(address, "POST", "/graphql", &[JSON], QUESTION).await });
    held.was_asked().await;
    server.stop();
    server.stopped().await;
    assert_eq!(first.await.unwrap().status, 0, "the connection was cut off");
}

#[tokio::test]
async fn a_panic_costs_one_answer_and_nothing_else() {
    let server = Server::start(Greeter::new(), HttpSettings::default()).await;
    let response = send(server.address, "POST", "/graphql", &[JSON], r#"{"query": "{ panicking }"}"#).await;
    assert_eq!(response.status, 500);
    assert_eq!(response.json()["errors"][0]["extensions"]["code"], "INTERNAL");
    assert_eq!(send(server.address, "POST", "/graphql", &[JSON], QUESTION).await.status, 200);
    server.stopped().await;
}

#[tokio::test]
async fn http_2_is_spoken_to_whoever_begins_with_it() {
    let server = Server::start(Greeter::new(), HttpSettings::default()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let settings_frame = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    stream.write_all(&settings_frame).await.unwrap();
    let mut frame_head = [0; 9];
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut frame_head)).await.unwrap().unwrap();
    assert_eq!(frame_head[3], 4, "the server's first frame is SETTINGS");
    drop(stream);
    server.stopped().await;
}

#[tokio::test]
async fn a_long_answer_is_compressed_as_the_caller_likes_and_a_short_one_is_not() {
    let server = Server::start(Greeter::new(), HttpSettings::default()).await;
    for encoding in ["gzip", "zstd", "br"] {
        let headers = [JSON, ("accept-encoding", encoding)];
        let long = send(server.address, "POST", "/graphql", &headers, r#"{"query": "{ long }"}"#).await;
        assert_eq!(long.header("content-encoding"), encoding);
        assert!(long.body.len() < 1000, "{encoding}: {} bytes", long.body.len());
        let short = send(server.address, "POST", "/graphql", &headers, QUESTION).await;
        assert_eq!(short.header("content-encoding"), "");
    }
    let plain = send(server.address, "POST", "/graphql", &[JSON], r#"{"query": "{ long }"}"#).await;
    assert_eq!(plain.header("content-encoding"), "");
    assert_eq!(plain.json()["data"]["long"].as_str().unwrap().len(), 9000);
    server.stopped().await;
}
