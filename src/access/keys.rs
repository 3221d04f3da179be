//! The keys of issuers: those that stand in the configuration, and sets that issuers show, fetched and kept.
//!
//! In: the name of a key and the algorithm it is for. Out: the key, or why there is none. A set is fetched once at a time, for
//! all who wait and whoever gives up, and for unknown names never more often than the contract says, however many strangers
//! make up; while its issuer is down what was fetched last holds as long as the contract says, and after that nobody is let in
//! by it. A contract that takes the place of another takes over what is known of the issuers that both have.

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
use tokio::{sync::OwnedMutexGuard, task::JoinHandle};

use super::refusal::Refusal;
use crate::{
    contract::{Algorithm, Issuer, IssuerKeys},
    fetch::Clock,
    telemetry::{Event, Telemetry},
};

/// How long a set is taken as it is. For as long again it is asked for behind an answer; past both, a request waits for what the
/// issuer says, so that a key which it took back is believed for ten minutes, and no longer while it answers.
const FRESH_MS: i64 = 300_000;
/// How far apart an issuer is asked at least for a set that is old, or that was not to be had.
const RETRY_MS: i64 = 5_000;
/// How long an issuer has for its answer. A request waits for it only where there is no key to go on with.
const PATIENCE: Duration = Duration::from_secs(3);
/// A set of a hundred certificates has less.
const SET_BYTES_MAX: usize = 256 * 1024;
/// Keys of one set. Issuers show a handful: those they sign with, and those they did or will.
const KEYS_MAX: usize = 100;

/// Why the keys of an issuer cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A secret is too short.
    #[error("use the secret of issuer {issuer}: it has fewer than the {n_bytes_min} bytes that its algorithms need")]
    SecretShort {
        /// The issuer's name in the contract.
        issuer: String,
        /// How long it has to be.
        n_bytes_min: usize,
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
    showing: Showing,
    client: Client,
    clock: Arc<dyn Clock>,
    telemetry: Telemetry,
    state: Mutex<State>,
    /// Held by whoever fetches.
    fetching: Arc<tokio::sync::Mutex<()>>,
}

/// Who shows a set, where, and how it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Showing {
    /// The issuer's name in the contract.
    name: String,
    /// What its tokens call it.
    issuer: String,
    url: String,
    kept_ms: i64,
    asked_every_min_ms: i64,
}

#[derive(Clone, Default)]
struct State {
    keys: Arc<[Key]>,
    /// When the issuer was asked for what is there.
    fetched_ms: Option<i64>,
    /// When it was last asked, and whether it answered.
    asked: Option<(i64, bool)>,
}

/// What a set says of a key at an instant.
struct Known {
    /// The key, where the set has it.
    found: Option<Arc<DecodingKey>>,
    /// How old the set is; none: nothing may be used.
    age_ms: Option<i64>,
    /// Whether the issuer may be asked.
    may_ask: bool,
}

/// Which key is looked for.
#[derive(Clone, Copy)]
struct Wanted<'t> {
    id: Option<&'t str>,
    algorithm: Algorithm,
}

impl Keys {
    /// Makes the keys of an issuer; nothing is fetched yet. What is known of it from `before` is taken over.
    pub(super) fn new(
        issuer: &Issuer,
        before: &[Self],
        clock: &Arc<dyn Clock>,
        telemetry: &Telemetry,
    ) -> Result<Self, KeysError> {
        let name = || issuer.name.clone();
        match &issuer.keys {
            IssuerKeys::Secret(secret) => {
                let n_bytes_min = issuer.algorithms.iter().map(|algorithm| secret_bytes_min(*algorithm)).max();
                let n_bytes_min = n_bytes_min.unwrap_or_default();
                if secret.reveal().len() < n_bytes_min {
                    return Err(KeysError::SecretShort { issuer: name(), n_bytes_min });
                }
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
                let ms = |duration: &Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
                let showing = Showing {
                    name: name(),
                    issuer: issuer.issuer.clone(),
                    url: url.clone(),
                    kept_ms: ms(kept),
                    asked_every_min_ms: ms(asked_every_min),
                };
                let mut shown_before = before.iter().filter_map(|keys| match keys {
                    Self::Shown(shown) => Some(shown),
                    Self::Fixed(_) => None,
                });
                let same = shown_before.find(|shown| shown.showing.is_of_the_same(&showing));
                let state = match same {
                    Some(same) if same.showing == showing => return Ok(Self::Shown(Arc::clone(same))),
                    // How long it holds may be what somebody has just changed because the issuer is down.
                    Some(same) => same.state().clone(),
                    None => State::default(),
                };
                let client =
                    client().map_err(|error| KeysError::Client { issuer: name(), detail: error.to_string() })?;
                Ok(Self::Shown(Arc::new(Shown {
                    showing,
                    client,
                    clock: Arc::clone(clock),
                    telemetry: telemetry.clone(),
                    state: Mutex::new(state),
                    fetching: Arc::default(),
                })))
            }
        }
    }

    /// Finds the key of a name, or the only one where a token names none.
    pub(super) async fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Result<Arc<DecodingKey>, Refusal> {
        match self {
            // Whoever gave us one key need not name it, and may name it as they like.
            Self::Fixed(keys) => find(keys, Wanted { id: None, algorithm }).ok_or(Refusal::Key),
            Self::Shown(shown) => shown.find(Wanted { id, algorithm }).await,
        }
    }

    /// Fetches what has to be fetched, so that the first caller does not wait for it.
    pub(super) fn warm(&self) {
        if let Self::Shown(shown) = self
            && !shown.is_fresh()
        {
            shown.refresh();
        }
    }
}

impl Showing {
    /// Whether what one shows is what the other does.
    fn is_of_the_same(&self, other: &Self) -> bool {
        (&self.issuer, &self.url) == (&other.issuer, &other.url)
    }
}

impl Shown {
    async fn find(self: &Arc<Self>, wanted: Wanted<'_>) -> Result<Arc<DecodingKey>, Refusal> {
        let known = self.known(Some(wanted));
        match (known.found, known.age_ms) {
            (Some(key), Some(age_ms)) if age_ms < FRESH_MS => return Ok(key),
            (Some(key), Some(age_ms)) if age_ms < 2 * FRESH_MS || !known.may_ask || self.is_fetching() => {
                if known.may_ask {
                    self.refresh();
                }
                return Ok(key);
            }
            // Whoever comes while it is fetched waits for that one.
            _ if known.may_ask || self.is_fetching() => self.fetched(wanted).await,
            _ => {}
        }
        let known = self.known(Some(wanted));
        match known.age_ms {
            None => Err(Refusal::KeysAway),
            Some(_) => known.found.ok_or(Refusal::Key),
        }
    }

    fn is_fetching(&self) -> bool {
        self.fetching.try_lock().is_err()
    }

    fn is_fresh(&self) -> bool {
        self.known(None).age_ms.is_some_and(|age_ms| age_ms < FRESH_MS)
    }

    /// Fetches the set behind an answer, where nobody does yet.
    fn refresh(self: &Arc<Self>) {
        if let Ok(turn) = Arc::clone(&self.fetching).try_lock_owned()
            && self.known(None).may_ask
        {
            drop(self.begin(turn));
        }
    }

    /// Fetches the set, unless somebody else just has.
    async fn fetched(self: &Arc<Self>, wanted: Wanted<'_>) {
        let turn = Arc::clone(&self.fetching).lock_owned().await;
        if self.known(Some(wanted)).may_ask {
            // One that ends by a panic has brought nothing, which is what is found then.
            let _ = self.begin(turn).await;
        }
    }

    /// Begins to fetch the set as nobody's own: a caller who gives up must not take it from those who wait for it, too.
    fn begin(self: &Arc<Self>, turn: OwnedMutexGuard<()>) -> JoinHandle<()> {
        let shown = Arc::clone(self);
        tokio::spawn(async move {
            shown.fetch().await;
            drop(turn);
        })
    }

    /// Says what is known of a key, or of the set alone.
    fn known(&self, wanted: Option<Wanted<'_>>) -> Known {
        let now_ms = self.clock.now_ms();
        let state = self.state();
        let Showing { kept_ms, asked_every_min_ms, .. } = self.showing;
        let age_ms = state.fetched_ms.map(|fetched_ms| now_ms - fetched_ms).filter(|age_ms| *age_ms < kept_ms);
        let found = wanted.filter(|_| age_ms.is_some()).and_then(|wanted| find(&state.keys, wanted));
        let is_unknown = wanted.is_some() && age_ms.is_some() && found.is_none();
        let pause_ms = match state.asked {
            None => 0,
            // What the issuer has just not shown it may have been asked for by somebody who made it up.
            Some((_, true)) if is_unknown => asked_every_min_ms,
            Some(_) => asked_every_min_ms.min(RETRY_MS),
        };
        let may_ask = state.asked.is_none_or(|(asked_ms, _)| now_ms - asked_ms >= pause_ms);
        Known { found, age_ms, may_ask }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // What stands there is replaced as a whole; a panic elsewhere cannot leave half of it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn fetch(&self) {
        let asked_ms = self.clock.now_ms();
        // Should it end by a panic, the next one must not ask at once.
        self.state().asked = Some((asked_ms, false));
        let fetched = tokio::time::timeout(PATIENCE, self.ask()).await;
        let fetched = fetched.unwrap_or_else(|_| Err("no answer in time".to_owned()));
        let failure = fetched.as_ref().err().map(String::as_str);
        let n_keys = fetched.as_ref().map_or(0, Vec::len);
        self.telemetry.emit(&Event::IssuerKeysAsked { issuer: &self.showing.name, n_keys, failure });
        if let Ok(keys) = fetched {
            *self.state() = State { keys: keys.into(), fetched_ms: Some(asked_ms), asked: Some((asked_ms, true)) };
        }
    }

    async fn ask(&self) -> Result<Vec<Key>, String> {
        let answer = self
            .client
            .get(&self.showing.url)
            .header("accept", "application/jwk-set+json, application/json")
            .send()
            .await;
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

/// How long what both sides know has to be: as long as what is hashed with it (RFC 7518, 3.2), or it is guessed from one token.
fn secret_bytes_min(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::Hs384 => 48,
        Algorithm::Hs512 => 64,
        _ => 32,
    }
}

fn find(keys: &[Key], Wanted { id, algorithm }: Wanted<'_>) -> Option<Arc<DecodingKey>> {
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
    use crate::{access::sample::issuer, contract::Secret};

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

    fn made(issuer: &Issuer, before: &[Keys]) -> Result<Keys, KeysError> {
        let clock: Arc<dyn Clock> = Arc::new(crate::fetch::SystemClock);
        Keys::new(issuer, before, &clock, &Telemetry::new())
    }

    #[test]
    fn a_secret_is_as_long_as_the_longest_hash_that_is_made_with_it() {
        use Algorithm::{Hs256, Hs384, Hs512};
        for (algorithms, n_bytes) in
            [(&[Hs256][..], 32), (&[Hs384], 48), (&[Hs512], 64), (&[Hs256, Hs512, Hs384], 64), (&[Hs384, Hs256], 48)]
        {
            let of = |n_bytes| issuer(IssuerKeys::Secret(Secret::new("x".repeat(n_bytes))), algorithms);
            assert!(made(&of(n_bytes), &[]).is_ok(), "{algorithms:?}");
            let short = made(&of(n_bytes - 1), &[]).err().expect("it is too short");
            assert!(short.to_string().contains(&format!(" {n_bytes} bytes")), "{short}");
        }
    }

    #[test]
    fn a_set_is_taken_over_where_the_issuer_and_the_address_are_the_same() {
        let jwks = |url: &str, hours: u64| {
            let (url, kept) = (url.to_owned(), Duration::from_secs(hours * 3_600));
            issuer(IssuerKeys::Jwks { url, kept, asked_every_min: Duration::from_secs(30) }, &[Algorithm::Rs256])
        };
        let before = made(&jwks("https://id/jwks", 1), &[]).expect("sound keys");
        let Keys::Shown(shown) = &before else { panic!("they are shown") };
        shown.state().fetched_ms = Some(7);
        let before = std::slice::from_ref(&before);
        let after = |issuer: &Issuer| match made(issuer, before) {
            Ok(Keys::Shown(after)) => (Arc::ptr_eq(shown, &after), after.state().fetched_ms),
            _ => panic!("they are shown"),
        };
        assert_eq!(after(&jwks("https://id/jwks", 1)), (true, Some(7)));
        assert_eq!(after(&jwks("https://id/jwks", 2)), (false, Some(7)), "it holds for longer from here on");
        assert_eq!(after(&jwks("https://id/others", 1)), (false, None));
        let other = Issuer { issuer: "https://other".to_owned(), ..jwks("https://id/jwks", 1) };
        assert_eq!(after(&other), (false, None), "another issuer's keys are not its");
    }

    #[test]
    fn a_key_is_found_by_its_name_and_only_for_what_it_is() {
        let key = |id: Option<&str>, fit| {
            let (id, key) = (id.map(str::to_owned), Arc::new(DecodingKey::from_secret(b"")));
            Key { id, fit, key }
        };
        let keys = [key(Some("a"), Fit::Rsa), key(Some("b"), Fit::One(Algorithm::Es256))];
        let has = |id: Option<&str>, algorithm| find(&keys, Wanted { id, algorithm }).is_some();
        assert!(has(Some("a"), Algorithm::Rs256) && has(Some("b"), Algorithm::Es256));
        assert!(
            !has(Some("a"), Algorithm::Hs256) && !has(Some("b"), Algorithm::Rs256) && !has(Some("c"), Algorithm::Rs256)
        );
        assert!(has(None, Algorithm::Ps512), "there is only one for it");
        let two = [key(Some("a"), Fit::Rsa), key(Some("b"), Fit::Rsa)];
        let unnamed = Wanted { id: None, algorithm: Algorithm::Rs256 };
        assert!(find(&two, unnamed).is_none(), "which one is not said");
    }
}
