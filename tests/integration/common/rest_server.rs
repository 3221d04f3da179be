//! A REST system on loopback: answers what a test tells it to, and remembers what it was asked.
//!
//! `RestServer::start` takes the behaviour as a function; `pim` is one that behaves like Akeneo's REST interface.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use http_body_util::BodyExt;
use serde_json::{Map, Value, json};
use tokio::sync::watch;

/// A call that came in, decoded.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The path with its encoding.
    pub raw_path: String,
    /// The segments of the path, decoded.
    pub path: Vec<String>,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    /// The body as JSON, or as a text where it is none.
    pub body: Value,
}

impl Asked {
    /// Returns a parameter of the query.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns all values of a repeated parameter.
    pub fn parameters(&self, name: &str) -> Vec<&str> {
        self.query.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }

    /// Returns a parameter as a number.
    pub fn number(&self, name: &str) -> Option<usize> {
        self.parameter(name)?.parse().ok()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    comes: bool,
}

impl Answer {
    /// An answer that does not come.
    pub fn never() -> Self {
        Self { comes: false, ..Self::text("") }
    }

    pub fn json(value: Value) -> Self {
        Self::text(value.to_string())
    }

    pub fn text(body: impl Into<String>) -> Self {
        Self { status: 200, headers: Vec::new(), body: body.into(), comes: true }
    }

    pub fn status(status: u16) -> Self {
        Self::json(json!({"code": status, "message": "refused"})).with_status(status)
    }

    pub fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

type Behaviour = Box<dyn Fn(&Asked) -> Answer + Send + Sync>;

struct Shared {
    behaviour: Behaviour,
    log: Mutex<Vec<Asked>>,
    stalled: watch::Sender<bool>,
    running: AtomicUsize,
    running_most: AtomicUsize,
}

/// A running system.
pub struct RestServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

impl RestServer {
    /// Starts a system that answers so.
    pub async fn start(behaviour: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let (stalled, _) = watch::channel(false);
        let shared = Arc::new(Shared {
            behaviour: Box::new(behaviour),
            log: Mutex::default(),
            stalled,
            running: AtomicUsize::new(0),
            running_most: AtomicUsize::new(0),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { address, shared, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns what it was asked so far.
    pub fn log(&self) -> Vec<Asked> {
        self.shared.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns how often it was asked so far.
    pub fn n_calls(&self) -> usize {
        self.log().len()
    }

    /// Returns how many calls are being answered, and how many were at most.
    pub fn running(&self) -> (usize, usize) {
        (self.shared.running.load(SeqCst), self.shared.running_most.load(SeqCst))
    }

    /// Returns what counts the calls, for longer than the server is borrowed.
    pub fn counter(&self) -> impl Fn() -> u64 + Send + Sync + 'static {
        let shared = Arc::clone(&self.shared);
        move || shared.log.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
    }

    /// Returns what makes it answer nobody while the guard lives.
    pub fn stall(&self) -> impl Fn() -> StallGuard + Send + Sync + 'static {
        let shared = Arc::clone(&self.shared);
        move || {
            shared.stalled.send_replace(true);
            StallGuard(Arc::clone(&shared))
        }
    }
}

impl Drop for RestServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Lets a stalled system go on when it is dropped.
pub struct StallGuard(Arc<Shared>);

impl Drop for StallGuard {
    fn drop(&mut self) {
        self.0.stalled.send_replace(false);
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let text = String::from_utf8_lossy(&body).into_owned();
    let pairs = parts.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let asked = Asked {
        raw_path: parts.uri.path().to_owned(),
        path: parts.uri.path().split('/').skip(1).map(decoded).collect(),
        query: pairs
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (decoded(name), decoded(value)))
            .collect(),
        headers: parts.headers,
        body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
    };
    let running = shared.running.fetch_add(1, SeqCst) + 1;
    shared.running_most.fetch_max(running, SeqCst);
    let mut stalled = shared.stalled.subscribe();
    stalled.wait_for(|stalled| !stalled).await.expect("the server holds the sender");
    shared.running.fetch_sub(1, SeqCst);
    let answer = (shared.behaviour)(&asked);
    shared.log.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
    if !answer.comes {
        return std::future::pending().await;
    }
    let mut response = Response::builder().status(StatusCode::from_u16(answer.status).expect("a status"));
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    response.header("content-type", "application/json").body(Body::from(answer.body)).expect("a response")
}

/// Undoes percent-encoding, as most servers do: a plus is a plus.
fn decoded(text: &str) -> String {
    let (mut out, mut bytes) = (Vec::new(), text.bytes());
    while let Some(byte) = bytes.next() {
        let hex = |digit: Option<u8>| char::from(digit.unwrap_or_default()).to_digit(16).expect("a hex digit");
        out.push(match byte {
            b'%' => (hex(bytes.next()) * 16 + hex(bytes.next())) as u8,
            byte => byte,
        });
    }
    String::from_utf8(out).expect("encoded UTF-8")
}

/// What may differ from one PIM to the next.
#[derive(Debug, Clone, Default)]
pub struct PimQuirks {
    /// The `Authorization` header it wants.
    pub authorization: Option<String>,
}

/// A PIM that behaves like Akeneo's REST interface.
///
/// `GET /api/rest/v1/products?search={"identifier":[{"operator":"IN","value":[…]}]}`: at most 100 rows, else 422; sorted by
/// key; with `pagination_type=search_after` the next link holds the key to go on from.
pub fn pim(products: Vec<Value>, quirks: PimQuirks) -> impl Fn(&Asked) -> Answer + Send + Sync + 'static {
    let mut products = products;
    products.sort_by_key(|product| product["identifier"].as_str().unwrap_or_default().to_owned());
    move |asked| {
        if quirks.authorization.as_ref().is_some_and(|wanted| asked.header("authorization") != wanted) {
            return Answer::status(401);
        }
        let limit = asked.number("limit").unwrap_or(10);
        if limit > 100 {
            return Answer::json(json!({"code": 422, "message": "You cannot request more than 100 items."}))
                .with_status(422);
        }
        let search: Value = serde_json::from_str(asked.parameter("search").unwrap_or("{}")).unwrap_or_default();
        let after = asked.parameter("search_after").unwrap_or_default();
        let fits = |product: &&Value| {
            let filters = search.as_object().cloned().unwrap_or_default();
            filters.iter().all(|(field, conditions)| {
                let conditions = conditions.as_array().cloned().unwrap_or_default();
                conditions.iter().all(|condition| match condition["operator"].as_str() {
                    Some("IN") => condition["value"].as_array().is_some_and(|all| all.contains(&product[field])),
                    Some("=") => condition["value"] == product[field],
                    _ => false,
                })
            })
        };
        let rest: Vec<&Value> = (products.iter().filter(fits))
            .filter(|product| product["identifier"].as_str().unwrap_or_default() > after)
            .collect();
        let page: Vec<Value> = rest.iter().take(limit).map(|product| (*product).clone()).collect();
        let mut links = json!({"self": {"href": asked.raw_path}});
        if rest.len() > limit {
            let mut query: Map<String, Value> =
                asked.query.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
            let last = page.last().map_or(Value::Null, |product| product["identifier"].clone());
            query.insert("search_after".to_owned(), last);
            let pairs = query.iter().map(|(name, value)| format!("{name}={}", encoded(value.as_str().unwrap_or(""))));
            let href = format!("{}?{}", asked.raw_path, pairs.collect::<Vec<_>>().join("&"));
            links["next"] = json!({"href": href});
        }
        Answer::json(json!({"_links": links, "_embedded": {"items": page}}))
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
