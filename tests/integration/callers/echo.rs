//! A server behind a gate that answers with what it was told of its caller.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicUsize, Ordering},
};

use freehold::{
    access::{Accounts, Gate, GateParts, Permissions, Stranger},
    cache::Freshness,
    changes::{Heard, Message, Unheard},
    contract::{Contract, Files, load},
    diagnostic::render_text,
    engine::{Answer, AnswerStatus, Pace, Probe, Request},
    fetch::Clock,
    http::{Answering, Answers, Standing},
    ledger::Store,
    settings::HttpSettings,
    telemetry::Telemetry,
    value::AudienceId,
};
use futures_util::{FutureExt, future::BoxFuture};
use serde_json::{Value, json};

use super::issuer::{KeyServer, Signer};
use crate::http::{
    client::{Response, send},
    server::Server,
};

pub const SECRET: &str = "what the portal and freehold know!";
pub const NOW: i64 = 1_800_000_000;

const GRAPH: &str = r#"
type Query { product(sku: ID!): Product @ref(key: "sku: $sku") }
type Product @key(fields: "sku") @owner(system: "pim") @domain(name: "product") { sku: ID! name: String }
enum Permission { VIEW_PRICE VIEW_STOCK }
"#;

const PIM: &str = r#"
kind = "sqlite"
url = "pim.db"
[Product]
query = "select sku, name from product where sku in (:keys)"
"#;

const SETTINGS: &str = r#"
systems = ["pim.toml"]
audiences = ["storefront", "service", "bi"]
[freshness.product]
max_age = "1h"
[access]
ANONYMOUS
[access.act_as]
audience = "storefront"
permissions = ["VIEW_PRICE"]
[access.issuers.shop]
issuer = "https://id.example.com/"
audience = "freehold"
algorithms = ["RS256", "ES256"]
jwks = "${JWKS}"
keys_asked_every_min = "ASKED_EVERY"
[access.issuers.shop.claims]
audience = { claim = "kind", map = { buyer = "storefront", agent = "service" } }
accounts = { claim = "accounts", all_accounts = true }
login = { claim = "email" }
roles = { claim = "roles", map = { buyer = ["VIEW_PRICE"], agent = ["*"] } }
act_as = ["agent"]
[access.issuers.portal]
issuer = "portal"
audience = "freehold"
algorithms = ["HS256"]
secret = "${SECRET}"
claims = { audience = { value = "service" } }
"#;

/// A clock that stands still until it is put forward.
#[derive(Clone)]
pub struct Held(Arc<AtomicI64>);

impl Held {
    pub fn new() -> Self {
        Self(Arc::new(AtomicI64::new(NOW * 1_000)))
    }

    pub fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }
}

impl Clock for Held {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Answers with its caller.
struct Echo {
    n_answered: Arc<AtomicUsize>,
}

impl Answering for Echo {
    fn answer(&self, request: Request) -> BoxFuture<'_, Answer> {
        self.n_answered.fetch_add(1, Ordering::SeqCst);
        let caller = &*request.caller;
        let accounts = match &caller.accounts {
            Accounts::All => json!("*"),
            Accounts::Of(numbers) => json!(numbers.iter().map(ToString::to_string).collect::<Vec<_>>()),
        };
        let permissions = match &caller.permissions {
            Permissions::All => json!("*"),
            Permissions::Of(words) => json!(words.iter().map(ToString::to_string).collect::<Vec<_>>()),
        };
        let acting = caller.acting.as_ref().map(|acting| acting.account.to_string());
        let body = json!({ "data": {
            "subject": caller.subject.to_string(), "audience": caller.audience.map(|audience| audience.index()),
            "accounts": accounts, "permissions": permissions, "acting": acting,
            "login": caller.login.as_ref().map(ToString::to_string),
        }});
        let (body, freshness) = (body.to_string().into_bytes(), Freshness::default());
        async move { Answer { body, status: AnswerStatus::Complete, n_unknown: 0, freshness, at_ms: 0 } }.boxed()
    }

    fn pace(&self, _: Option<AudienceId>) -> Pace<'_> {
        Pace::default()
    }

    fn hears_of(&self, _: &str) -> bool {
        false
    }

    fn hear<'a>(&'a self, _: &'a str, _: &'a Message) -> BoxFuture<'a, Result<Heard, Unheard>> {
        async { Err(Unheard::NoWebhook) }.boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Vec<Probe>> {
        async { Vec::new() }.boxed()
    }

    fn domains(&self) -> Vec<&str> {
        Vec::new()
    }

    fn contract_version(&self) -> &str {
        "c0ffee"
    }
}

/// An issuer, its key, and a server that believes it.
pub struct World {
    pub clock: Held,
    pub rsa: Signer,
    pub ec: Signer,
    pub shop: KeyServer,
    pub server: Server,
    standing: Standing,
    ledger: Option<Arc<Store>>,
    n_answered: Arc<AtomicUsize>,
}

/// What a world is like, where it is not as usual.
#[derive(Default)]
pub struct Wish {
    /// Whoever brings no token is let in.
    pub anonymous: bool,
    /// The issuer is down from the start.
    pub is_down: bool,
    /// Where API tokens are kept.
    pub ledger: Option<Arc<Store>>,
    /// How far apart the issuer is asked for keys that are not known.
    pub asked_every: Option<&'static str>,
}

fn contract(anonymous: bool, asked_every: Option<&str>, url: &str) -> Contract {
    let anonymous = if anonymous { "anonymous = \"storefront\"" } else { "" };
    let settings = SETTINGS.replace("ANONYMOUS", anonymous).replace("ASKED_EVERY", asked_every.unwrap_or("30s"));
    let files = [("freehold.toml", settings.as_str()), ("graph.graphql", GRAPH), ("pim.toml", PIM)];
    let loaded = load(&Files::new(files.map(|(path, text)| (path.to_owned(), text.to_owned()))), &|name| {
        Some(if name == "JWKS" { url } else { SECRET }.to_owned())
    });
    loaded.contract.unwrap_or_else(|| panic!("{}", render_text(&loaded.diagnostics, &loaded.sources, false)))
}

fn gate(contract: &Contract, ledger: Option<Arc<Store>>, clock: &Held, before: Option<&Gate>) -> Arc<Gate> {
    let (stranger, clock, telemetry) = (Stranger::AsContracted, Arc::new(clock.clone()), Telemetry::new());
    let gate = Gate::new(GateParts { contract, ledger, stranger, before, clock, telemetry });
    Arc::new(gate.expect("sound keys"))
}

impl World {
    pub async fn new(Wish { anonymous, is_down, ledger, asked_every }: Wish) -> Self {
        let (rsa, ec, clock) = (Signer::rsa(), Signer::ec(), Held::new());
        let shop = KeyServer::start(vec![rsa.shown("r1"), ec.shown("e1")]).await;
        shop.go_down(is_down);
        let n_answered = Arc::new(AtomicUsize::new(0));
        let gate = gate(&contract(anonymous, asked_every, &shop.url), ledger.clone(), &clock, None);
        let answering = Arc::new(Echo { n_answered: Arc::clone(&n_answered) });
        let standing = Standing::new(Answers { answering, gate });
        let server = Server::start_standing(standing.clone(), HttpSettings::default()).await;
        Self { clock, rsa, ec, shop, server, standing, ledger, n_answered }
    }

    /// Serves another contract from here on: one that lets strangers in, with the same issuers.
    pub fn reload(&self) {
        let before = self.gate();
        let gate = gate(&contract(true, None, &self.shop.url), self.ledger.clone(), &self.clock, Some(&before));
        let answering = Arc::new(Echo { n_answered: Arc::clone(&self.n_answered) });
        self.standing.replace(Answers { answering, gate });
    }

    /// Returns what lets callers in.
    pub fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.standing.now().gate)
    }

    /// Returns the claims of a buyer.
    pub fn buyer() -> Value {
        json!({"iss": "https://id.example.com/", "aud": "freehold", "sub": "u-17", "exp": NOW + 600,
            "kind": "buyer", "accounts": ["100"], "email": "ann@example.com", "roles": ["buyer"]})
    }

    /// Returns the claims of an agent.
    pub fn agent() -> Value {
        json!({"iss": "https://id.example.com/", "aud": ["freehold"], "sub": "agent-3", "exp": NOW + 600,
            "kind": "agent", "accounts": "*", "roles": ["agent"]})
    }

    /// Signs as the issuer does.
    pub fn token(&self, claims: &Value) -> String {
        self.rsa.sign(&json!({"alg": "RS256", "kid": "r1", "typ": "JWT"}), claims)
    }

    /// Asks with headers.
    pub async fn ask_with(&self, headers: &[(&str, &str)]) -> Response {
        let headers = [&[("content-type", "application/json")], headers].concat();
        send(self.server.address, "POST", "/graphql", &headers, r#"{"query":"{ a }"}"#).await
    }

    /// Asks with a token.
    pub async fn ask(&self, token: &str) -> Response {
        self.ask_with(&[("authorization", &format!("Bearer {token}"))]).await
    }

    /// Asks, and checks that it is refused so: with this status, this code, and without a word of the token.
    pub async fn refused(&self, token: &str, (status, code): (u16, &str)) {
        let before = self.n_answered.load(Ordering::SeqCst);
        let response = self.ask(token).await;
        assert_eq!((response.status, said(&response)), (status, code.to_owned()), "{token}: {response:?}");
        let text = format!("{}{}", response.head, String::from_utf8_lossy(&response.body));
        for part in token.split(['.', '_']).filter(|part| part.len() > 8) {
            assert!(!text.contains(part), "{text}");
        }
        let challenge = if status == 401 { "Bearer error=\"invalid_token\"" } else { "" };
        assert_eq!(response.header("www-authenticate"), challenge);
        assert!(response.header("vary").contains("authorization"), "{response:?}");
        assert_eq!(self.n_answered.load(Ordering::SeqCst), before, "nothing was asked for them");
    }
}

/// Returns the code of a refusal.
pub fn said(response: &Response) -> String {
    response.json()["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned()
}
