//! Who means harm: a process of its own that keeps at it until it is ended.

use std::{
    env,
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use super::{
    bombs,
    client::{Connection, request},
    server::{Server, request_of, token},
};

/// The options by which the bench is told to do harm, and to whom.
pub const OPTION: &str = "--harm";
pub const ADDRESS: &str = "--address";

const N_DOCUMENT_SENDERS: usize = 16;
const N_SLOW: usize = 300;
const N_LONG: usize = 4;
const N_ANALYSTS: usize = 256;

/// What is done.
#[derive(Debug, Clone, Copy)]
pub enum Harm {
    /// Documents that would cost more than they may.
    Documents,
    /// Bodies that never end, and heads that are too long.
    Slow,
    /// Analysts, each with a token of their own, who ask for 500 products at once, never for what is kept, and wait when told to.
    Analysts,
}

impl Harm {
    fn name(self) -> &'static str {
        match self {
            Self::Documents => "documents",
            Self::Slow => "slow",
            Self::Analysts => "analysts",
        }
    }
}

/// A process that does harm until it is dropped.
pub struct Harming(Child);

impl Harming {
    /// Begins.
    pub fn begin(harm: Harm, server: &Server) -> Self {
        let child = Command::new("nice")
            .args(["-n", "19"])
            .arg(env::current_exe().expect("a program knows itself"))
            .args([OPTION, harm.name(), ADDRESS, &server.address.to_string()])
            .stdin(Stdio::null())
            .spawn();
        Self(child.expect("the bench starts itself"))
    }
}

impl Drop for Harming {
    fn drop(&mut self) {
        assert!(self.0.try_wait().expect("a child").is_none(), "whoever meant harm gave up");
        self.0.kill().and_then(|()| self.0.wait()).expect("it ends");
    }
}

/// Does harm.
pub async fn harm(name: &str, address: &str) {
    let address: SocketAddr = address.parse().expect("an address");
    let mut harming = JoinSet::new();
    match name {
        "documents" => {
            let documents = bombs::documents().into_iter();
            let requests: Vec<_> =
                documents.map(|(_, _, query)| request("/graphql", &json!({ "query": query }).to_string())).collect();
            for number in 0..N_DOCUMENT_SENDERS {
                harming.spawn(keep_asking(address, requests.clone(), number));
            }
        }
        "slow" => {
            for _ in 0..N_SLOW {
                harming.spawn(stall(address));
            }
            for _ in 0..N_LONG {
                harming.spawn(send_long_heads(address));
            }
        }
        "analysts" => {
            for number in 0..N_ANALYSTS {
                harming.spawn(keep_analysing(address, analyst(number)));
            }
        }
        other => panic!("{other} is no harm"),
    }
    while let Some(done) = harming.join_next().await {
        done.expect("nobody who means harm gives up");
    }
}

/// Asks again as soon as there is an answer, whatever it is, and comes back where the server hangs up.
async fn keep_asking(address: SocketAddr, requests: Vec<Vec<u8>>, first: usize) {
    let mut connection = Connection::open(address).await;
    for request in requests.iter().cycle().skip(first) {
        if connection.try_ask(request).await.is_err() {
            connection = Connection::open(address).await;
        }
    }
}

/// Asks again as soon as there is an answer, and a second later where that is what the answer asks for.
async fn keep_analysing(address: SocketAddr, request: Vec<u8>) {
    let mut connection = Connection::open(address).await;
    loop {
        let body = connection.ask(&request).await;
        if body.starts_with(br#"{"errors":"#) {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

/// Sends a body a byte at a time, and again when it is told that this is too slow.
async fn stall(address: SocketAddr) {
    let head = b"POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 10000\r\n\r\n";
    loop {
        let Ok(mut stream) = TcpStream::connect(address).await else { continue };
        if stream.write_all(head).await.is_err() {
            continue;
        }
        while stream.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

async fn send_long_heads(address: SocketAddr) {
    let head = format!("POST /graphql HTTP/1.1\r\nhost: a\r\nx-long: {}\r\n\r\n", "a".repeat(60_000));
    loop {
        let Ok(mut stream) = TcpStream::connect(address).await else { continue };
        // It may hang up before it has read all of it.
        let _ = stream.write_all(head.as_bytes()).await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
}

/// Returns the request of an analyst.
fn analyst(number: usize) -> Vec<u8> {
    let skus: Vec<String> = (0..500).map(|n| format!("P{}", (number * 500 + n) % 20_000)).collect();
    let query = "query ($skus: [ID!]!) { products(skus: $skus) { sku name colour weight { value unit } } }";
    let body = json!({ "query": query, "variables": { "skus": skus } });
    request_of(&token("analyst", &format!("analyst {number}")), "freehold-max-age: 0s\r\n", &body)
}
