//! A client that sends exactly the bytes it is given: a usual one would correct what the tests want to be wrong.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A server that has not answered after this long never will.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A response, read to its end.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Response {
    /// Returns a header's value, empty where it is missing.
    pub fn header(&self, name: &str) -> &str {
        let is_named = |line: &&str| line.split(':').next().is_some_and(|given| given.eq_ignore_ascii_case(name));
        let line = self.head.lines().skip(1).find(is_named);
        line.and_then(|line| line.split_once(':')).map_or("", |(_, value)| value.trim())
    }

    /// Returns the body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

/// Sends a request and reads the response until the server closes the connection.
pub async fn send(address: SocketAddr, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Response {
    let mut text = format!("{method} {target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    if !body.is_empty() || method == "POST" {
        text += &format!("content-length: {}\r\n", body.len());
    }
    send_raw(address, format!("{text}\r\n{body}").as_bytes()).await
}

/// Sends bytes as they are and reads the response until the server closes the connection.
pub async fn send_raw(address: SocketAddr, bytes: &[u8]) -> Response {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    // A server that refuses early may stop reading; its answer counts all the same.
    let _ = stream.write_all(bytes).await;
    read(&mut stream).await
}

/// Reads one response until the server closes the connection.
pub async fn read(stream: &mut TcpStream) -> Response {
    let mut bytes = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("the server closes in time");
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(bytes.len());
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let body = bytes.get(end + 4..).unwrap_or_default().to_vec();
    Response { status, head, body }
}
