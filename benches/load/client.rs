//! A lean HTTP/1.1 client: keep-alive connections that send finished bytes and look at no more of an answer than they must.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

/// How many connections ask at once.
pub const N_CONNECTIONS: usize = 16;

/// A connection and the bytes that have come.
pub struct Connection {
    stream: TcpStream,
    bytes: Vec<u8>,
}

/// What a round of load has shown.
#[derive(Debug, Default)]
pub struct Load {
    /// How long each answer took.
    pub times: Vec<Duration>,
    /// How long the round took.
    pub took: Duration,
}

/// Returns the bytes of a POST.
pub fn request(path: &str, body: &str) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        stream.set_nodelay(true).expect("an option every system has");
        Self { stream, bytes: Vec::with_capacity(64 * 1024) }
    }

    /// Sends a request and returns the body of its answer.
    pub async fn ask(&mut self, request: &[u8]) -> &[u8] {
        self.try_ask(request).await.expect("the server answers")
    }

    /// Sends a request and returns the body of its answer, where the server does not hang up.
    pub async fn try_ask(&mut self, request: &[u8]) -> io::Result<&[u8]> {
        self.stream.write_all(request).await?;
        self.bytes.clear();
        let (head, length) = loop {
            if let Some(found) = self.head() {
                break found;
            }
            self.read().await?;
        };
        while self.bytes.len() < head + length {
            self.read().await?;
        }
        Ok(&self.bytes[head..head + length])
    }

    async fn read(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.bytes).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Returns how long head and body are, once the head is there.
    fn head(&self) -> Option<(usize, usize)> {
        let end = self.bytes.windows(4).position(|bytes| bytes == b"\r\n\r\n")? + 4;
        let head = std::str::from_utf8(&self.bytes[..end]).expect("a head is text");
        assert!(head.starts_with("HTTP/1.1 "), "{head}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
        Some((end, length.parse().expect("a number")))
    }
}

/// Asks for a time over many connections, each beginning with another request.
pub async fn load(address: SocketAddr, requests: &[Vec<u8>], lasting: Duration) -> Load {
    let mut connections = Vec::new();
    for _ in 0..N_CONNECTIONS {
        connections.push(Connection::open(address).await);
    }
    let begun = Instant::now();
    let end = begun + lasting;
    let mut running = JoinSet::new();
    for (number, mut connection) in connections.into_iter().enumerate() {
        let requests = requests.to_vec();
        running.spawn(async move {
            let mut times = Vec::with_capacity(1 << 14);
            let mut at = number * requests.len() / N_CONNECTIONS;
            loop {
                let asked = Instant::now();
                if asked >= end {
                    return times;
                }
                let body = connection.ask(&requests[at]).await;
                assert!(body.starts_with(br#"{"data":{""#), "{}", String::from_utf8_lossy(body));
                times.push(asked.elapsed());
                at = (at + 1) % requests.len();
            }
        });
    }
    let times = running.join_all().await.concat();
    Load { times, took: begun.elapsed() }
}
