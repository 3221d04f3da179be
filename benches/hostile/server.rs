//! The program as a process of its own, over a small SQLite file.

use std::{
    fs,
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::Duration,
};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::resident::resident;

/// What signs the tokens.
const SECRET: &str = "what the portal and freehold know!";

/// A caller may ask half as often again as the shop does. Whoever comes without a token is one caller with all others who do. Analysts
/// give way to the storefront.
const SETTINGS: &str = r#"
systems = ["systems/erp.toml"]
audiences = ["storefront", "bi"]
[freshness.basic]
max_age = "60s"
[access]
anonymous = "storefront"
[access.issuers.portal]
issuer = "portal"
audience = "freehold"
algorithms = ["HS256"]
secret = "${SECRET}"
claims = { audience = { claim = "kind", map = { buyer = "storefront", analyst = "bi" } } }
[limits]
concurrency = 4
rate = { per_second = 150, burst = 150 }
[limits.bi]
priority = "low"
"#;

const ROWS: &str = "
create table item (item_no text primary key, name text, colour text, weight_value text, weight_unit text, successor text, tags text, tag text);
create table extra (item_no text, kind text, note text, size text);
create table bundle (item_no text primary key, name text);
with recursive n(n) as (select 0 union all select n + 1 from n where n < 19999)
insert into item select 'P' || n, 'Pump ' || n, 'RED', '12.5', 'kg', 'P' || (n + 1), null, null from n;
";

/// Returns the token of somebody.
pub fn token(kind: &str, subject: &str) -> String {
    let claims = json!({"iss": "portal", "aud": "freehold", "sub": subject, "kind": kind, "exp": 4_000_000_000_u64});
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    encode(&Header::new(Algorithm::HS256), &claims, &key).expect("a token")
}

/// Returns the request of whoever has a token, with further lines of its head.
pub fn request_of(token: &str, lines: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\nauthorization: Bearer {token}\r\n{lines}\
         content-length: {}\r\n\r\n",
        body.len()
    );
    (head + &body).into_bytes()
}

/// A running server.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    process: Child,
    _folder: tempfile::TempDir,
}

impl Server {
    /// Starts a server and waits until it listens.
    pub async fn start(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("systems")).expect("a folder");
        let file = folder.path().join("erp.db");
        let url = format!("sqlite://{}?mode=rwc", file.display());
        let mut database = SqliteConnection::connect(&url).await.expect("a database");
        sqlx::raw_sql(ROWS).execute(&mut database).await.expect("the rows are right");
        database.close().await.expect("a database");
        let erp = include_str!("../../fuzz/contract/systems/erp.toml")
            .replace("erp.db", &format!("sqlite:{}", file.display()));
        let graph = include_str!("../../fuzz/contract/graph.graphql");
        for (path, text) in [("freehold.toml", SETTINGS), ("graph.graphql", graph), ("systems/erp.toml", &erp)] {
            fs::write(folder.path().join(path), text).expect("a file");
        }
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let address = free.expect("a port is free");
        let process = Command::new(env!("CARGO_BIN_EXE_freehold"))
            .args([
                "serve",
                "--log",
                "error",
                "--body-read-timeout",
                "1s",
                "--listen",
                &address.to_string(),
                "--contract",
            ])
            .arg(folder.path())
            .args(flags)
            .env("SECRET", SECRET)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        let mut server = Self { address, process, _folder: folder };
        while TcpStream::connect(address).await.is_err() {
            assert!(server.process.try_wait().expect("a child").is_none(), "the server ended");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server
    }

    /// Returns how many requests it has refused or turned away.
    pub async fn n_refused(&self) -> u64 {
        let mut stream = TcpStream::connect(self.address).await.expect("the server listens");
        let question = b"GET /metrics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
        stream.write_all(question).await.expect("the server reads");
        let mut text = String::new();
        stream.read_to_string(&mut text).await.expect("the server answers");
        let counts = text.lines().filter(|line| line.starts_with("freehold_requests_refused_total{"));
        counts.filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum()
    }

    /// Returns how much memory it takes, in MiB.
    pub fn memory_mib(&self) -> f64 {
        resident(self.process.id(), "VmRSS") as f64 / 1024.0 / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
