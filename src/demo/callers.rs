//! Five callers to try the demo company as: three buyers, a service agent, and BI.
//!
//! In: the time. Out: the `[access]` that knows them, its secret, and their tokens. The secret is another one at every start:
//! tokens that were printed are worth nothing elsewhere.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rustls::crypto::ring;
use serde_json::json;

use super::DemoError;

/// What is added to the shipped `freehold.toml`, so that it knows the demo's callers.
pub const ACCESS: &str = r#"
[access.act_as]
audience = "storefront"
permissions = ["VIEW_CATALOG", "VIEW_PRICE", "VIEW_STOCK", "VIEW_ORDERS_ACCOUNT", "VIEW_INVOICES", "VIEW_CREDIT"]

[access.issuers.demo]
issuer = "https://demo.freehold.example/"
audience = "freehold"
algorithms = ["HS256"]
secret = "${DEMO_TOKEN_SECRET}"

[access.issuers.demo.claims]
audience = { claim = "kind", map = { buyer = "storefront", agent = "service", analyst = "bi" } }
accounts = { claim = "accounts", all_accounts = true }
login = { claim = "login" }
permissions = { claim = "permissions" }
roles = { claim = "role", map = { agent = ["*"], analyst = ["*"] } }
act_as = ["agent"]
"#;

/// The variable that holds the secret.
const VARIABLE: &str = "DEMO_TOKEN_SECRET";
/// How long the tokens hold: as long as a demo is left running.
const LIFE_SECONDS: i64 = 7 * 86_400;
/// What the first login of a company may do, as the shop has it.
const BUYER: [&str; 10] = [
    "VIEW_CATALOG",
    "VIEW_PRICE",
    "VIEW_STOCK",
    "VIEW_ORDERS_ACCOUNT",
    "VIEW_ORDERS_CHILDREN",
    "VIEW_INVOICES",
    "VIEW_CREDIT",
    "PLACE_ORDER",
    "APPROVE_ORDER",
    "MANAGE_USERS",
];

/// The second login of 100043 in the shop.
pub(super) const PLACER: &str = "L-5004";
/// What the second login of a company may do, as the shop has it.
pub(super) const PLACER_MAY: [&str; 5] = ["VIEW_CATALOG", "VIEW_PRICE", "VIEW_STOCK", "VIEW_ORDERS_OWN", "PLACE_ORDER"];

/// Somebody to ask as.
#[derive(Debug, Clone)]
pub struct DemoCaller {
    /// Who they are, in a few words.
    pub who: &'static str,
    /// Their token.
    pub token: String,
}

/// The demo's callers, and the secret that their tokens are signed with.
pub struct DemoCallers {
    secret: String,
    /// The callers.
    pub callers: Vec<DemoCaller>,
}

impl DemoCallers {
    /// Makes the callers of one run.
    ///
    /// *Units*: the time in seconds since 1970.
    pub fn new(now_seconds: i64) -> Result<Self, DemoError> {
        let mut random = [0; 32];
        ring::default_provider().secure_random.fill(&mut random).map_err(|_| DemoError::Randomness)?;
        let secret: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let key = EncodingKey::from_secret(secret.as_bytes());
        let buyer = |subject: &str, account: &str, permissions: &[&str]| json!({"sub": subject, "kind": "buyer", "accounts": [account], "login": subject, "permissions": permissions});
        let everyone = |subject: &str, role: &str| json!({"sub": subject, "kind": role, "accounts": "*", "role": role});
        let said = [
            ("buyer of 100040, the group above", buyer("demo-buyer-100040", "100040", &BUYER)),
            ("buyer of 100042, below it", buyer("demo-buyer-100042", "100042", &BUYER[..4])),
            ("buyer of 100043, who sees the orders they placed themselves", buyer(PLACER, "100043", &PLACER_MAY)),
            ("service agent, who may act as a buyer", everyone("demo-agent", "agent")),
            ("BI", everyone("demo-analyst", "analyst")),
        ];
        let callers = said.into_iter().map(|(who, mut claims)| {
            claims["iss"] = json!("https://demo.freehold.example/");
            claims["aud"] = json!("freehold");
            claims["exp"] = json!(now_seconds + LIFE_SECONDS);
            let token = encode(&Header::new(Algorithm::HS256), &claims, &key).map_err(|_| DemoError::Token)?;
            Ok(DemoCaller { who, token })
        });
        let callers = callers.collect::<Result<_, DemoError>>()?;
        Ok(Self { secret, callers })
    }

    /// Returns the secret by the variable that holds it.
    pub fn variable(&self, name: &str) -> Option<String> {
        (name == VARIABLE).then(|| self.secret.clone())
    }
}
