//! An issuer of tokens: keys made for the test, and a real server that shows them.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaPublicKeyComponents},
};
use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::{
    net::TcpListener,
    sync::{Notify, OwnedMutexGuard},
    task::JoinHandle,
};

/// Writes bytes as tokens do.
pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A key that tokens are signed with.
pub enum Signer {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

impl Signer {
    pub fn rsa() -> Self {
        Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).expect("a key"))
    }

    pub fn ec() -> Self {
        Self::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key"))
    }

    /// Returns its public half as issuers show it.
    pub fn shown(&self, id: &str) -> Value {
        match self {
            Self::Rsa(key) => {
                let RsaPublicKeyComponents { n, e } = RsaPublicKeyComponents::<Vec<u8>>::from(key.public_key());
                json!({"kty": "RSA", "use": "sig", "kid": id, "n": b64(n), "e": b64(e)})
            }
            Self::Ec(key) => {
                let point = key.public_key().as_ref();
                let (x, y) = (b64(&point[1..33]), b64(&point[33..]));
                json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "kid": id, "x": x, "y": y})
            }
        }
    }

    /// Returns its public half as bytes, which everyone has.
    pub fn public(&self) -> Vec<u8> {
        match self {
            Self::Rsa(key) => key.public_key().as_ref().to_vec(),
            Self::Ec(key) => key.public_key().as_ref().to_vec(),
        }
    }

    /// Signs a token, whatever its header says.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
        let random = SystemRandom::new();
        let signature = match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).expect("a signature");
                signature
            }
            Self::Ec(key) => key.sign(&random, signed.as_bytes()).expect("a signature").as_ref().to_vec(),
        };
        format!("{signed}.{}", b64(signature))
    }
}

/// Signs a token with a secret.
pub fn sign_by_secret(secret: &[u8], header: &Value, claims: &Value) -> String {
    let signed = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any length will do");
    mac.update(signed.as_bytes());
    format!("{signed}.{}", b64(mac.finalize().into_bytes()))
}

/// What the server shows, and how often it was asked.
#[derive(Default)]
struct Showing {
    keys: Mutex<Vec<Value>>,
    is_down: AtomicBool,
    n_asked: AtomicUsize,
    was_asked: Notify,
    /// Held while it does not answer.
    answers: Arc<tokio::sync::Mutex<()>>,
}

/// A server that shows keys.
pub struct KeyServer {
    pub url: String,
    showing: Arc<Showing>,
    running: JoinHandle<()>,
}

impl KeyServer {
    pub async fn start(keys: Vec<Value>) -> Self {
        let showing = Arc::new(Showing { keys: Mutex::new(keys), ..Showing::default() });
        let router = Router::new().route("/jwks", get(show)).with_state(Arc::clone(&showing));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}/jwks", listener.local_addr().expect("it is bound"));
        let running = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { url, showing, running }
    }

    pub fn show(&self, keys: Vec<Value>) {
        *self.showing.keys.lock().expect("no panic") = keys;
    }

    pub fn go_down(&self, is_down: bool) {
        self.showing.is_down.store(is_down, Ordering::SeqCst);
    }

    pub fn n_asked(&self) -> usize {
        self.showing.n_asked.load(Ordering::SeqCst)
    }

    /// Waits until it is asked once more.
    pub async fn was_asked(&self) {
        self.showing.was_asked.notified().await;
    }

    /// Lets it hold its answers until what is returned is dropped.
    pub async fn hold(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.showing.answers).lock_owned().await
    }
}

impl Drop for KeyServer {
    fn drop(&mut self) {
        self.running.abort();
    }
}

async fn show(State(showing): State<Arc<Showing>>) -> axum::response::Response {
    showing.n_asked.fetch_add(1, Ordering::SeqCst);
    showing.was_asked.notify_waiters();
    drop(showing.answers.lock().await);
    if showing.is_down.load(Ordering::SeqCst) {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let keys = showing.keys.lock().expect("no panic").clone();
    Json(json!({ "keys": keys })).into_response()
}
