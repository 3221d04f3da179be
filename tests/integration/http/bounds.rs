//! The bounds of the server: what is too large, too slow or too many, and how it stops.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use freehold::{
    access::{Caller, Gate},
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
    pace: Arc<Mutex<Pace<'static>>>,
}

impl Held {
    fn new() -> Self {
        Self { asked: Arc::new(Semaphore::new(0)), let_go: Arc::new(Semaphore::new(0)), pace: Arc::default() }
    }

    /// From here on callers are of an audience that has so much.
    fn paced(&self, pace: Pace<'static>) {
        *self.pace.lock().expect("nobody panicked") = pace;
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
        *self.pace.lock().expect("nobody panicked")
    }

    fn hears_of(&self, _: &str) -> bool {
        false
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

fn stranger() -> Gate {
    Gate::open(Caller { audience: Some(AudienceId(0)), ..Caller::anonymous() })
}

#[tokio::test]
async fn a_caller_who_asks_too_much_at_once_is_told_when_to_come_back() {
    let held = Held::new();
    held.paced(Pace { concurrency: 2, ..Pace::default() });
    let server = Server::start_behind(stranger(), held.clone(), HttpSettings::default()).await;
    let address = server.address;
    let ask = move || async move { send(address, "POST", "/graphql", &[JSON], QUESTION).await };
    let under_way = [tokio::spawn(ask()), tokio::spawn(ask())];
    held.was_asked().await;
    held.was_asked().await;
    let third = ask().await;
    assert_eq!((third.status, third.header("retry-after")), (429, "1"));
    assert_eq!(third.json()["errors"][0]["extensions"]["code"], "TOO_MANY_REQUESTS");
    held.let_go.add_permits(3);
    for answered in under_way {
        assert_eq!(answered.await.unwrap().status, 200);
    }
    assert_eq!(ask().await.status, 200);
    server.stopped().await;
}

#[tokio::test]
async fn who_gives_way_first_is_shed_while_others_are_answered() {
    let held = Held::new();
    let low = Pace { audience: Some("bi"), share_percent: 50, ..Pace::default() };
    held.paced(low);
    let settings = HttpSettings { requests_max: 4, ..HttpSettings::default() };
    let server = Server::start_behind(stranger(), held.clone(), settings).await;
    let address = server.address;
    let ask = move || async move { send(address, "POST", "/graphql", &[JSON], QUESTION).await };
    let mut under_way = vec![tokio::spawn(ask()), tokio::spawn(ask())];
    held.was_asked().await;
    held.was_asked().await;
    let shed = ask().await;
    assert_eq!((shed.status, shed.header("retry-after")), (503, "1"));
    assert_eq!(shed.json()["errors"][0]["extensions"]["code"], "OVERLOADED");
    held.paced(Pace { audience: Some("storefront"), ..Pace::default() });
    under_way.push(tokio::spawn(ask()));
    held.was_asked().await;
    let metrics = server.telemetry.metrics_text();
    assert!(metrics.contains("freehold_requests_shed_total{audience=\"bi\"} 1"), "{metrics}");
    assert!(!metrics.contains("freehold_requests_shed_total{audience=\"storefront\"}"), "{metrics}");
    held.let_go.add_permits(3);
    for answered in under_way {
        assert_eq!(answered.await.unwrap().status, 200);
    }
    server.stopped().await;
}

/// Answers at once, and hears of one system.
struct Quick;

impl Answering for Quick {
    fn answer(&self, _: Request) -> BoxFuture<'_, Answer> {
        let (body, freshness) = (br#"{"data":{}}"#.to_vec(), Freshness::default());
        async { Answer { body, status: AnswerStatus::Complete, n_unknown: 0, freshness, at_ms: 0 } }.boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Vec<Probe>> {
        async { Vec::new() }.boxed()
    }

    fn domains(&self) -> Vec<&str> {
        Vec::new()
    }

    fn pace(&self, _: Option<AudienceId>) -> Pace<'_> {
        Pace { concurrency: 128, ..Pace::default() }
    }

    fn hears_of(&self, system: &str) -> bool {
        system == "erp"
    }

    fn hear<'a>(&'a self, _: &'a str, _: &'a Message) -> BoxFuture<'a, Result<Heard, Unheard>> {
        async { Ok(Heard::Repeated) }.boxed()
    }

    fn contract_version(&self) -> &str {
        "quick"
    }
}

/// Starts a server whose callers are all strangers, which are one caller.
async fn for_strangers(settings: HttpSettings) -> Server {
    Server::start_behind(stranger(), Quick, settings).await
}

/// Begins a request whose body is said to have so many bytes and does not go on after these.
async fn stalled(server: &Server, path: &str, n_bytes: usize, sent: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.expect("the server listens");
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: {n_bytes}\r\n\r\n{sent}"
    );
    stream.write_all(head.as_bytes()).await.expect("it is taken");
    stream
}

/// Waits until the server says of itself what is expected.
async fn until_it_says(server: &Server, line: &str) {
    let patience = async {
        while !server.telemetry.metrics_text().contains(line) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let said = tokio::time::timeout(PATIENCE, patience).await;
    assert!(said.is_ok(), "{line} is not in {}", server.telemetry.metrics_text());
}

#[tokio::test]
async fn strangers_who_never_finish_what_they_send_take_no_place_of_others() {
    let server = for_strangers(HttpSettings { requests_max: 200, ..HttpSettings::default() }).await;
    let mut held = Vec::new();
    for _ in 0..300 {
        held.push(stalled(&server, "/graphql", 100, "{").await);
        held.push(stalled(&server, "/changes/erp", 100, "{").await);
    }
    until_it_says(&server, "freehold_connections_open 600").await;
    for _ in 0..3 {
        let response = send(server.address, "POST", "/graphql", &[JSON], QUESTION).await;
        assert_eq!((response.status, &response.body[..]), (200, &br#"{"data":{}}"#[..]));
        assert_eq!(send(server.address, "POST", "/changes/erp", &[], "{}").await.status, 202);
    }
    let refused = server.telemetry.metrics_text().contains("freehold_requests_refused_total{");
    assert!(!refused, "nobody was turned away: {}", server.telemetry.metrics_text());
    drop(held);
    server.stopped().await;
}

#[tokio::test]
async fn a_message_of_nobody_is_refused_before_its_body_is_read() {
    let server = for_strangers(HttpSettings::default()).await;
    for path in ["/changes/pim", "/changes/made-up"] {
        let mut stream = stalled(&server, path, 100, "{").await;
        // Whoever is refused and sends nothing more is let go.
        stream.shutdown().await.expect("it has sent all that it will");
        let response = read(&mut stream).await;
        assert_eq!((response.status, &response.json()["errors"][0]["extensions"]["code"]), (404, &"NO_WEBHOOK".into()));
    }
    server.stopped().await;
}

#[tokio::test]
async fn long_bodies_that_never_end_take_bounded_room_and_leave_some_to_short_ones() {
    // Room for two of the longest, of which long ones may take one.
    let settings = HttpSettings { requests_max: 8, body_bytes_max: 64 * 1024, ..HttpSettings::default() };
    let server = for_strangers(settings).await;
    let sent = " ".repeat(40_000);
    let mut held = Vec::new();
    for path in ["/graphql", "/changes/erp"].repeat(20) {
        held.push(stalled(&server, path, 64 * 1024, &sent).await);
    }
    until_it_says(&server, "freehold_requests_refused_total{kind=\"OVERLOADED\"} 39").await;
    assert_eq!(send(server.address, "POST", "/graphql", &[JSON], QUESTION).await.status, 200);
    let long = format!("{}{}", " ".repeat(40_000), QUESTION);
    let response = send(server.address, "POST", "/graphql", &[JSON], &long).await;
    assert_eq!((response.status, response.header("retry-after")), (503, "1"));
    drop(held);
    until_it_says(&server, "freehold_connections_open 0").await;
    assert_eq!(send(server.address, "POST", "/graphql", &[JSON], &long).await.status, 200);
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
