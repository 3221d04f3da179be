//! A Redis that speaks TLS and asks who comes: the program shares through it, or says why it does not.

use std::time::{Duration, Instant};

use crate::{
    common::{
        redis::{Encrypted, rights},
        served::{Place, Served},
    },
    http::client::send,
};

const QUERY: &str = r#"{"query":"{ product(sku: \"A-1\") { name } }"}"#;

/// What does not happen within so long never will.
const PATIENCE: Duration = Duration::from_secs(60);

async fn metrics(served: &Served) -> String {
    String::from_utf8(send(served.address, "GET", "/metrics", &[], "").await.body).expect("text")
}

/// Asks for the product until the metrics have a line that begins so.
async fn until(served: &Served, line: &str) {
    let began = Instant::now();
    loop {
        let response = send(served.address, "POST", "/graphql", &[("content-type", "application/json")], QUERY).await;
        assert_eq!(response.json()["data"]["product"]["name"], "Pump", "whatever Redis does");
        let metrics = metrics(served).await;
        if metrics.lines().any(|known| known.starts_with(line) && !known.ends_with(" 0")) {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "no {line}:\n{metrics}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_shared_is_encrypted_and_whoever_is_not_trusted_or_known_is_told_apart() {
    let redis = Encrypted::start_for("app", "p@ss", &rights());
    let (place, certificate) = (Place::new(&[]).await, redis.certificate());
    let trusting = [("SSL_CERT_FILE", certificate.as_str())];
    let start = |password: &str, memory: &str, env: &[(&str, &str)]| {
        let url = format!("rediss://app:{password}@127.0.0.1:{}", redis.port);
        Served::start_in(&place, &["--redis", &url, "--cache-bytes-max", memory], env)
    };
    let a = start("p%40ss", "0", &trusting);
    until(&a, "freehold_redis_in_use 1").await;
    until(&a, r#"freehold_redis_entries_kept_total{outcome="kept"}"#).await;
    // Without memory of its own, another process has it from Redis alone.
    let b = start("p%40ss", "0", &trusting);
    until(&b, r#"freehold_redis_entries_read_total{outcome="found"}"#).await;

    let stranger = start("wrong", "0", &trusting);
    until(&stranger, r#"freehold_redis_failures_total{operation="connect",code="DENIED"}"#).await;
    // The roots of the system do not know the certificate.
    let distrusting = start("p%40ss", "0", &[]);
    until(&distrusting, r#"freehold_redis_failures_total{operation="connect",code="CONNECTION"}"#).await;
    for refused in [&stranger, &distrusting] {
        assert!(metrics(refused).await.contains("\nfreehold_redis_in_use 0"));
    }
}
