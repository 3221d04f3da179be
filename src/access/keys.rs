//! The keys of issuers: those that stand in the configuration, and sets that issuers show, fetched and kept.
//!
//! In: the name of a key and the algorithm it is for. Out: the key, or why there is none. A set is fetched by one request at a
//! time and never more often than the contract says, however many unknown names strangers make up; while its issuer is down
//! what was fetched last holds as long as the contract says, and after that nobody is let in by it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jsonwebtoken::{
    DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse},
};
use reqwest::{Client, redirect};
use serde_json::Value;

use super::refusal::Refusal;
use crate::{
    contract::{Algorithm, Issuer, IssuerKeys},
    fetch::Clock,
    telemetry::{Event, Telemetry},
};

/// How long a set is taken as it is: a key that its issuer takes back is not believed for much longer.
const FRESH_MS: i64 = 300_000;
/// While an issuer does not answer it is asked so often, where the contract does not ask it less often.
const RETRY_MS: i64 = 5_000;
/// How long an issuer has for its answer. A request waits for it only where there is no key to go on with.
const PATIENCE: Duration = Duration::from_secs(3);
/// A set of a hundred certificates has less.
const SET_BYTES_MAX: usize = 256 * 1024;
/// Keys of one set. Issuers show a handful: those they sign with, and those they did or will.
const KEYS_MAX: usize = 100;
/// What both sides know is as long as what is hashed with it at least, or it is guessed from one token.
const SECRET_BYTES_MIN: usize = 32;

/// Why the keys of an issuer cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A secret is too short.
    #[error("use the secret of issuer {issuer}: it has fewer than {SECRET_BYTES_MIN} bytes")]
    SecretShort {
        /// The issuer's name in the contract.
        issuer: String,
    },
    /// What is given as a key is none for the algorithms.
    #[error("use the key of issuer {issuer}: it is no public key in PEM for {algorithm}")]
    KeyUnreadable {
        /// The issuer's name in the contract.
        issuer: String,
        /// An algorithm it was to be for.
        algorithm: &'static str,
    },
    /// Keys would be fetched from an address that is not to be trusted.
    #[error("fetch the keys of issuer {issuer}: the address must begin with https://")]
    Untrusted {
        /// The issuer's name in the contract.
        issuer: String,
    },
    /// Nothing can be fetched at all.
    #[error("fetch the keys of issuer {issuer}: {detail}")]
    Client {
        /// The issuer's name in the contract.
        issuer: String,
        /// What is wrong.
        detail: String,
    },
}

/// A key, and what it is for.
#[derive(Clone)]
pub(super) struct Key {
    id: Option<String>,
    fit: Fit,
    key: Arc<DecodingKey>,
}

/// Which algorithms a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// One, as its set says.
    One(Algorithm),
    /// All of RSA.
    Rsa,
    /// All of a shared secret.
    Secret,
}

impl Fit {
    fn takes(self, algorithm: Algorithm) -> bool {
        use Algorithm as A;
        match self {
            Self::One(one) => one == algorithm,
            Self::Rsa => matches!(algorithm, A::Rs256 | A::Rs384 | A::Rs512 | A::Ps256 | A::Ps384 | A::Ps512),
            Self::Secret => algorithm.is_symmetric(),
        }
    }
}

/// The keys of one issuer.
pub(super) enum Keys {
    /// Those of the configuration.
    Fixed(Vec<Key>),
    /// Those it shows.
    Shown(Arc<Shown>),
}

/// A set of keys that an issuer shows.
pub(super) struct Shown {
    issuer: String,
    url: String,
    kept_ms: i64,
    asked_every_min_ms: i64,
    client: Client,
    clock: Arc<dyn Clock>,
    telemetry: Telemetry,
    state: Mutex<State>,
    /// Held by whoever fetches.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    keys: Arc<[Key]>,
    /// When the issuer was asked for what is there.
    fetched_ms: Option<i64>,
    /// When it was last asked, and whether it answered.
    asked: Option<(i64, bool)>,
}

/// What is known of a set at an instant.
struct Known {
    keys: Arc<[Key]>,
    /// How old it is; none: nothing may be used.
    age_ms: Option<i64>,
    /// Whether the issuer may be asked.
    may_ask: bool,
}

impl Keys {
    /// Makes the keys of an issuer; nothing is fetched yet.
    pub(super) fn new(issuer: &Issuer, clock: &Arc<dyn Clock>, telemetry: &Telemetry) -> Result<Self, KeysError> {
        let name = || issuer.name.clone();
        match &issuer.keys {
            IssuerKeys::Secret(secret) if secret.reveal().len() < SECRET_BYTES_MIN => {
                Err(KeysError::SecretShort { issuer: name() })
            }
            IssuerKeys::Secret(secret) => {
                let key = Arc::new(DecodingKey::from_secret(secret.reveal().as_bytes()));
                Ok(Self::Fixed(vec![Key { id: None, fit: Fit::Secret, key }]))
            }
            IssuerKeys::Key(pem) => {
                let keys = issuer.algorithms.iter().map(|algorithm| {
                    let unreadable = || KeysError::KeyUnreadable { issuer: name(), algorithm: algorithm.word() };
                    of_pem(pem.reveal().as_bytes(), *algorithm).ok_or_else(unreadable)
                });
                Ok(Self::Fixed(keys.collect::<Result<_, _>>()?))
            }
            IssuerKeys::Jwks { url, .. } if !IssuerKeys::is_trusted(url) => {
                Err(KeysError::Untrusted { issuer: name() })
            }
            IssuerKeys::Jwks { url, kept, asked_every_min } => {
                let client =
                    client().map_err(|error| KeysError::Client { issuer: name(), detail: error.to_string() })?;
                let ms = |duration: &Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
                Ok(Self::Shown(Arc::new(Shown {
                    issuer: name(),
                    url: url.clone(),
                    kept_ms: ms(kept),
                    asked_every_min_ms: ms(asked_every_min),
                    client,
                    clock: Arc::clone(clock),
                    telemetry: telemetry.clone(),
                    state: Mutex::default(),
                    fetching: tokio::sync::Mutex::default(),
                })))
            }
        }
    }

    /// Finds the key of a name, or the only one where a token names none.
    pub(super) async fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Result<Arc<DecodingKey>, Refusal> {
        match self {
            // Whoever gave us one key need not name it, and may name it as they like.
            Self::Fixed(keys) => find(keys, None, algorithm).ok_or(Refusal::Key),
            Self::Shown(shown) => shown.find(id, algorithm).await,
        }
    }

    /// Fetches what has to be fetched, so that the first caller does not wait for it.
    pub(super) fn warm(&self) {
        if let Self::Shown(shown) = self {
            shown.refresh();
        }
    }
}

impl Shown {
    async fn find(self: &Arc<Self>, id: Option<&str>, algorithm: Algorithm) -> Result<Arc<DecodingKey>, Refusal> {
        let known = self.known();
        let found = known.age_ms.and_then(|_| find(&known.keys, id, algorithm));
        match (found, known.age_ms) {
            (Some(key), Some(age_ms)) if age_ms < FRESH_MS => return Ok(key),
            (Some(key), Some(age_ms)) if age_ms < 2 * FRESH_MS || !known.may_ask || self.is_fetching() => {
                if known.may_ask {
                    self.refresh();
                }
                return Ok(key);
            }
            // Whoever comes while it is fetched waits for that one.
            _ if known.may_ask || self.is_fetching() => self.fetch().await,
            _ => {}
        }
        let known = self.known();
        match known.age_ms {
            None => Err(Refusal::KeysAway),
            Some(_) => find(&known.keys, id, algorithm).ok_or(Refusal::Key),
        }
    }

    fn is_fetching(&self) -> bool {
        self.fetching.try_lock().is_err()
    }

    fn refresh(self: &Arc<Self>) {
        if !self.is_fetching() {
            let shown = Arc::clone(self);
            tokio::spawn(async move { shown.fetch().await });
        }
    }

    fn known(&self) -> Known {
        let now_ms = self.clock.now_ms();
        let state = self.state();
        let age_ms = state.fetched_ms.map(|fetched_ms| now_ms - fetched_ms).filter(|age_ms| *age_ms < self.kept_ms);
        let pause_ms = match state.asked {
            None => 0,
            Some((_, true)) => self.asked_every_min_ms,
            Some((_, false)) => self.asked_every_min_ms.min(RETRY_MS),
        };
        let may_ask = state.asked.is_none_or(|(asked_ms, _)| now_ms - asked_ms >= pause_ms);
        Known { keys: Arc::clone(&state.keys), age_ms, may_ask }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // What stands there is replaced as a whole; a panic elsewhere cannot leave half of it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches the set, unless somebody else just has.
    async fn fetch(&self) {
        let _fetching = self.fetching.lock().await;
        if !self.known().may_ask {
            return;
        }
        let asked_ms = self.clock.now_ms();
        // A request that is given up while it waits must not let the next one ask at once.
        self.state().asked = Some((asked_ms, false));
        let fetched = tokio::time::timeout(PATIENCE, self.ask()).await;
        let fetched = fetched.unwrap_or_else(|_| Err("no answer in time".to_owned()));
        let failure = fetched.as_ref().err().map(String::as_str);
        let n_keys = fetched.as_ref().map_or(0, Vec::len);
        self.telemetry.emit(&Event::IssuerKeysAsked { issuer: &self.issuer, n_keys, failure });
        if let Ok(keys) = fetched {
            *self.state() = State { keys: keys.into(), fetched_ms: Some(asked_ms), asked: Some((asked_ms, true)) };
        }
    }

    async fn ask(&self) -> Result<Vec<Key>, String> {
        let answer =
            self.client.get(&self.url).header("accept", "application/jwk-set+json, application/json").send().await;
        let mut answer = answer.map_err(|error| cause(&error))?;
        if !answer.status().is_success() {
            return Err(format!("HTTP {}", answer.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| cause(&error))? {
            if body.len() + chunk.len() > SET_BYTES_MAX {
                return Err(format!("the set of keys is longer than {SET_BYTES_MAX} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        read_set(&body)
    }
}

/// Prints why a call failed, without its address.
fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    if error.is_connect() { format!("could not connect: {cause}") } else { format!("the call failed: {cause}") }
}

fn client() -> Result<Client, reqwest::Error> {
    // Somebody else may have installed it, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .redirect(redirect::Policy::none())
        .timeout(PATIENCE)
        .user_agent(concat!("freehold/", env!("CARGO_PKG_VERSION")))
        .build()
}

fn find(keys: &[Key], id: Option<&str>, algorithm: Algorithm) -> Option<Arc<DecodingKey>> {
    let mut fitting = keys.iter().filter(|key| key.fit.takes(algorithm));
    match id {
        Some(id) => fitting.find(|key| key.id.as_deref() == Some(id)),
        // Without a name there may be only one, or the token could be tried until one fits.
        None => fitting.next().filter(|_| fitting.next().is_none()),
    }
    .map(|key| Arc::clone(&key.key))
}

/// Reads a set of keys. Those that are for something else are left out; one that has none at all is no set.
fn read_set(body: &[u8]) -> Result<Vec<Key>, String> {
    let Ok(Value::Object(mut set)) = serde_json::from_slice::<Value>(body) else {
        return Err("what it shows is no set of keys".to_owned());
    };
    let Some(Value::Array(written)) = set.remove("keys") else {
        return Err("what it shows has no `keys`".to_owned());
    };
    let keys: Vec<Key> = written.into_iter().take(KEYS_MAX).filter_map(read_key).collect();
    if keys.is_empty() { Err("none of its keys can be used".to_owned()) } else { Ok(keys) }
}

fn read_key(written: Value) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(written).ok()?;
    let is_for_signatures = jwk.common.public_key_use.as_ref().is_none_or(|of| *of == PublicKeyUse::Signature)
        && jwk.common.key_operations.as_ref().is_none_or(|of| of.contains(&KeyOperations::Verify));
    if !is_for_signatures {
        return None;
    }
    let fit = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Fit::Rsa,
        AlgorithmParameters::EllipticCurve(of) if of.curve == EllipticCurve::P256 => Fit::One(Algorithm::Es256),
        AlgorithmParameters::EllipticCurve(of) if of.curve == EllipticCurve::P384 => Fit::One(Algorithm::Es384),
        AlgorithmParameters::OctetKeyPair(of) if of.curve == EllipticCurve::Ed25519 => Fit::One(Algorithm::EdDsa),
        // A secret that everybody can read is none.
        _ => return None,
    };
    let fit = match jwk.common.key_algorithm {
        None => fit,
        // What the set says must fit what the key is.
        Some(said) => Fit::One(Algorithm::named(&said.to_string()).filter(|said| fit.takes(*said))?),
    };
    let key = Arc::new(DecodingKey::from_jwk(&jwk).ok()?);
    Some(Key { id: jwk.common.key_id, fit, key })
}

fn of_pem(pem: &[u8], algorithm: Algorithm) -> Option<Key> {
    use Algorithm as A;
    let (read, fit) = match algorithm {
        A::Es256 | A::Es384 => (DecodingKey::from_ec_pem(pem), Fit::One(algorithm)),
        A::EdDsa => (DecodingKey::from_ed_pem(pem), Fit::One(algorithm)),
        A::Rs256 | A::Rs384 | A::Rs512 | A::Ps256 | A::Ps384 | A::Ps512 => {
            (DecodingKey::from_rsa_pem(pem), Fit::One(algorithm))
        }
        A::Hs256 | A::Hs384 | A::Hs512 => return None,
    };
    // A private key would be read as well; whoever hands it out has made a mistake that must not work.
    let is_private = std::str::from_utf8(pem).is_ok_and(|pem| pem.contains("PRIVATE KEY"));
    let key = read.ok().filter(|_| !is_private)?;
    Some(Key { id: None, fit, key: Arc::new(key) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const X: &str = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4";
    const Y: &str = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM";

    fn ids(set: &Value) -> Vec<(Option<String>, Fit)> {
        let keys = read_set(set.to_string().as_bytes()).unwrap_or_default();
        keys.into_iter().map(|key| (key.id, key.fit)).collect()
    }

    #[test]
    fn a_set_gives_the_public_keys_that_check_signatures_and_no_others() {
        let ec = |id: &str| json!({"kty": "EC", "crv": "P-256", "x": X, "y": Y, "kid": id});
        let with = |id: &str, name: &str, value: Value| {
            let mut key = ec(id);
            key[name] = value;
            key
        };
        let set = json!({"keys": [
            ec("plain"),
            with("signs", "use", json!("sig")),
            with("encrypts", "use", json!("enc")),
            with("wraps", "key_ops", json!(["wrapKey"])),
            with("fits", "alg", json!("ES256")),
            with("lies", "alg", json!("RS256")),
            with("odd", "alg", json!("ECDH-ES")),
            with("other", "crv", json!("secp256k1")),
            {"kty": "oct", "k": "c2VjcmV0", "kid": "secret", "alg": "HS256"},
            {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "rsa"},
            "nothing",
        ]});
        let es = Fit::One(Algorithm::Es256);
        let id = |id: &str| Some(id.to_owned());
        assert_eq!(ids(&set), [(id("plain"), es), (id("signs"), es), (id("fits"), es), (id("rsa"), Fit::Rsa)]);
        for none in [json!([]), json!({}), json!({"keys": {}}), json!({"keys": []})] {
            assert!(read_set(none.to_string().as_bytes()).is_err(), "{none}");
        }
    }

    #[test]
    fn a_key_is_found_by_its_name_and_only_for_what_it_is() {
        let key = |id: Option<&str>, fit| {
            let (id, key) = (id.map(str::to_owned), Arc::new(DecodingKey::from_secret(b"")));
            Key { id, fit, key }
        };
        let keys = [key(Some("a"), Fit::Rsa), key(Some("b"), Fit::One(Algorithm::Es256))];
        let has = |id: Option<&str>, algorithm| find(&keys, id, algorithm).is_some();
        assert!(has(Some("a"), Algorithm::Rs256) && has(Some("b"), Algorithm::Es256));
        assert!(
            !has(Some("a"), Algorithm::Hs256) && !has(Some("b"), Algorithm::Rs256) && !has(Some("c"), Algorithm::Rs256)
        );
        assert!(has(None, Algorithm::Ps512), "there is only one for it");
        let two = [key(Some("a"), Fit::Rsa), key(Some("b"), Fit::Rsa)];
        assert!(find(&two, None, Algorithm::Rs256).is_none(), "which one is not said");
    }
}
