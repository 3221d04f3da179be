//! Hostile requests against the program itself, in a process of its own whose memory is looked at: each is refused or bounded,
//! and another caller is answered in between.

use std::{
    fs,
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::json;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::{
    bombs::documents,
    client::{Response, read, send},
};
use crate::{callers::issuer::sign_by_secret, common::resident::resident};

const SECRET: &str = "what the portal and freehold know!";

const SETTINGS: &str = r#"
systems = ["systems/erp.toml"]
audiences = ["storefront", "service", "bi"]
[freshness.basic]
max_age = "60s"
[access]
anonymous = "storefront"
[access.issuers.portal]
issuer = "portal"
audience = "freehold"
algorithms = ["HS256"]
secret = "${SECRET}"
claims = { audience = { claim = "kind", map = { agent = "service", analyst = "bi" } } }
[limits.service]
rate = { per_second = 1, burst = 3 }
response_bytes = 1024
[limits.bi]
introspection = false
"#;

const JSON: (&str, &str) = ("content-type", "application/json");
const QUESTION: &str = r#"{"query": "{ __typename }"}"#;
const MIB: u64 = 1024 * 1024;

/// A server in a process of its own.
struct World {
    child: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl World {
    async fn start(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("systems")).expect("a folder");
        let erp = include_str!("../../../fuzz/contract/systems/erp.toml");
        let graph = include_str!("../../../fuzz/contract/graph.graphql");
        for (path, text) in [("freehold.toml", SETTINGS), ("graph.graphql", graph), ("systems/erp.toml", erp)] {
            fs::write(folder.path().join(path), text).expect("a file");
        }
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let address = free.expect("a port is free");
        let child = Command::new(env!("CARGO_BIN_EXE_freehold"))
            .args(["serve", "--log", "error", "--listen", &address.to_string(), "--contract"])
            .arg(folder.path())
            .args(flags)
            .env("SECRET", SECRET)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        let mut world = Self { child, address, _folder: folder };
        while TcpStream::connect(address).await.is_err() {
            assert!(world.child.try_wait().expect("a child").is_none(), "the server ended");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        world
    }

    fn memory(&self, name: &str) -> u64 {
        resident(self.child.id(), name)
    }

    async fn ask(&self, token: &str, body: &str) -> Response {
        let bearer = format!("Bearer {token}");
        let headers = [JSON, ("authorization", bearer.as_str())];
        let headers = if token.is_empty() { &headers[..1] } else { &headers[..] };
        send(self.address, "POST", "/graphql", headers, body).await
    }

    /// Another caller is answered.
    async fn answers(&self) {
        let response = self.ask("", QUESTION).await;
        assert_eq!((response.status, &response.json()["data"]["__typename"]), (200, &json!("Query")));
    }

    /// Begins a request whose body never ends.
    async fn stall(&self, token: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.expect("the server listens");
        let bearer = if token.is_empty() { String::new() } else { format!("authorization: Bearer {token}\r\n") };
        let head = format!(
            "POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n{bearer}content-length: 100\r\n\r\n{{"
        );
        stream.write_all(head.as_bytes()).await.expect("it is taken");
        stream
    }

    /// Asks until the answer is of this status.
    async fn ask_until(&self, token: &str, status: u16) -> Response {
        for _ in 0..200 {
            let response = self.ask(token, QUESTION).await;
            if response.status == status {
                return response;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never {status}")
    }

    async fn metrics(&self) -> String {
        String::from_utf8(send(self.address, "GET", "/metrics", &[], "").await.body).expect("text")
    }
}

fn token(kind: &str, subject: &str) -> String {
    let claims = json!({"iss": "portal", "aud": "freehold", "sub": subject, "kind": kind, "exp": 4_000_000_000_u64});
    sign_by_secret(SECRET.as_bytes(), &json!({"alg": "HS256"}), &claims)
}

fn code(response: &Response) -> String {
    response.json()["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned()
}

fn message(response: &Response) -> String {
    response.json()["errors"][0]["message"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_hostile_document_is_refused_and_says_by_which_limit_while_others_are_answered() {
    let world = World::start(&[]).await;
    world.answers().await;
    let before = world.memory("VmHWM");
    for _ in 0..10 {
        for (expected, said, query) in documents() {
            let response = world.ask("", &json!({ "query": query }).to_string()).await;
            let (code, message) = (code(&response), message(&response));
            assert!(code == expected && message.contains(said), "{expected} {said}: {code} {message}");
            world.answers().await;
        }
        let variables = json!({ "query": "query ($a: ID) { __typename }", "variables": { "a": "x".repeat(600_000) } });
        let response = world.ask("", &variables.to_string()).await;
        assert!(code(&response) == "TOO_LARGE" && message(&response).contains("variables_bytes"));
        world.answers().await;
    }
    let grown = world.memory("VmHWM") - before;
    eprintln!("hostile documents: at most {} MiB more than {} MiB", grown / MIB, before / MIB);
    assert!(grown < 64 * MIB, "{} MiB more", grown / MIB);
    let metrics = world.metrics().await;
    for kind in ["too_large", "too_costly", "validation"] {
        assert!(metrics.contains(&format!("freehold_requests_refused_total{{kind=\"{kind}\"}}")), "{metrics}");
    }
}

#[tokio::test]
async fn heads_and_bodies_that_are_too_long_or_too_slow_are_refused_while_others_are_answered() {
    let world = World::start(&["--body-read-timeout", "1s"]).await;
    world.answers().await;
    let before = world.memory("VmHWM");
    let mut slow = Vec::new();
    for _ in 0..50 {
        slow.push(world.stall("").await);
    }
    world.answers().await;
    for mut stream in slow {
        assert_eq!(read(&mut stream).await.status, 408);
    }
    let long = "a".repeat(60_000);
    for _ in 0..20 {
        assert_eq!(send(world.address, "POST", "/graphql", &[JSON, ("x-long", &long)], QUESTION).await.status, 431);
        assert_eq!(world.ask("", &" ".repeat(2 * 1024 * 1024)).await.status, 413);
        world.answers().await;
    }
    let grown = world.memory("VmHWM") - before;
    eprintln!("heads and bodies: at most {} MiB more than {} MiB", grown / MIB, before / MIB);
    assert!(grown < 64 * MIB, "{} MiB more", grown / MIB);
}

#[tokio::test]
async fn ten_thousand_idle_connections_leave_room_for_others() {
    // Each is a file of the server and one of this process.
    let _ = Command::new("prlimit").args([&format!("--pid={}", std::process::id()), "--nofile=12000:"]).status();
    let limits = fs::read_to_string("/proc/self/limits").expect("the kernel says it");
    let files = limits.lines().find(|line| line.starts_with("Max open files")).expect("the kernel says it");
    let n_files: usize = files.split_whitespace().nth(3).and_then(|n| n.parse().ok()).expect("a number");
    // What other tests of this process have open is left to them.
    let n_idle = 10_000.min(n_files.saturating_sub(1_000));
    let world = World::start(&["--connections-max", &(n_idle + 10).to_string()]).await;
    world.answers().await;
    let before = world.memory("VmRSS");
    let mut idle = Vec::with_capacity(n_idle);
    while idle.len() < n_idle {
        idle.push(TcpStream::connect(world.address).await.expect("the server listens"));
    }
    while !world.metrics().await.contains(&format!("freehold_connections_open {}", n_idle + 1)) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    world.answers().await;
    let grown = world.memory("VmRSS") - before;
    eprintln!("{n_idle} idle connections: {} MiB more than {} MiB", grown / MIB, before / MIB);
    assert!(grown < n_idle as u64 * 16 * 1024, "{} MiB more", grown / MIB);
    // Past the cap whoever comes is turned away, until one of them goes.
    let mut more = Vec::new();
    for _ in 0..10 {
        more.push(TcpStream::connect(world.address).await.expect("the server listens"));
    }
    let turned_away = read(&mut TcpStream::connect(world.address).await.expect("the server listens")).await;
    assert_eq!((turned_away.status, turned_away.header("retry-after")), (503, "1"));
    drop((idle, more));
    world.ask_until("", 200).await;
}

#[tokio::test]
async fn a_caller_who_asks_too_often_is_told_when_to_come_back() {
    let world = World::start(&[]).await;
    let (ann, bob) = (token("agent", "ann"), token("agent", "bob"));
    let response = world.ask_until(&ann, 429).await;
    assert_eq!((code(&response).as_str(), response.header("retry-after")), ("TOO_MANY_REQUESTS", "1"));
    assert_eq!(world.ask(&bob, QUESTION).await.status, 200);
    world.answers().await;
    assert!(world.metrics().await.contains("freehold_requests_refused_total{kind=\"TOO_MANY_REQUESTS\"}"));
}

#[tokio::test]
async fn an_audience_is_shown_the_schema_or_not_and_an_answer_that_is_too_long_says_so() {
    let world = World::start(&[]).await;
    let schema = r#"{"query": "{ __schema { types { name fields { name } } } }"}"#;
    assert_eq!(world.ask("", schema).await.json()["errors"], json!(null));
    let response = world.ask(&token("analyst", "eve"), schema).await;
    assert_eq!(code(&response), "INTROSPECTION_OFF");
    let response = world.ask(&token("agent", "ann"), schema).await;
    assert_eq!((code(&response).as_str(), &response.json()["data"]), ("RESPONSE_TOO_LARGE", &json!(null)));
    assert!(response.body.len() < 1024 && message(&response).contains("1024 bytes"), "{}", message(&response));
    assert!(world.metrics().await.contains("freehold_requests_total{status=\"too_large\"} 1"));
}

#[tokio::test]
async fn a_page_of_another_origin_asks_only_where_it_is_allowed() {
    let world = World::start(&["--cors-origin", "https://shop.example", "--get-needs-preflight"]).await;
    let asks = |origin| {
        let headers = [("origin", origin), ("access-control-request-method", "POST")];
        async move { send(world.address, "OPTIONS", "/graphql", &headers, "").await }
    };
    let (allowed, refused) = (asks("https://shop.example").await, asks("https://evil.example").await);
    assert_eq!((allowed.status, allowed.header("access-control-allow-origin")), (204, "https://shop.example"));
    assert!(allowed.header("access-control-allow-headers").contains("authorization"));
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (405, ""));
    for (origin, expected) in [("https://shop.example", "https://shop.example"), ("https://evil.example", "")] {
        let response = send(world.address, "POST", "/graphql", &[JSON, ("origin", origin)], QUESTION).await;
        assert_eq!((response.status, response.header("access-control-allow-origin")), (200, expected));
        assert!(response.header("vary").ends_with("origin"));
    }
    let uri = "/graphql?query=%7B__typename%7D";
    let simple = send(world.address, "GET", uri, &[("content-type", "text/plain")], "").await;
    assert_eq!((simple.status, code(&simple).as_str()), (400, "PREFLIGHT_REQUIRED"));
    assert_eq!(send(world.address, "GET", uri, &[("graphql-require-preflight", "1")], "").await.status, 200);
    for simple in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        assert_eq!(send(world.address, "POST", "/graphql", &[("content-type", simple)], QUESTION).await.status, 415);
    }
}
