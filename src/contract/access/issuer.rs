//! `[access.issuers.NAME]`: one issuer of tokens, and the keys by which its tokens are known.

use std::time::Duration;

use super::{
    super::{
        Secret,
        reader::{Entry, Text},
    },
    Claims, Reading, claims,
};
use crate::{contract::nearest, diagnostic::Place};

/// An issuer whose tokens are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// Its name in the contract.
    pub name: String,
    /// What its tokens say in `iss`.
    pub issuer: String,
    /// What its tokens must say in `aud`: that they are meant for us.
    pub audience: String,
    /// How its tokens are signed; a token that says otherwise is refused.
    pub algorithms: Vec<Algorithm>,
    /// The keys by which its tokens are known.
    pub keys: IssuerKeys,
    /// What its tokens' claims mean.
    pub claims: Claims,
}

/// The keys by which an issuer's tokens are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IssuerKeys {
    /// A set of public keys that the issuer shows.
    Jwks {
        /// Where.
        url: String,
        /// How long what was fetched holds while the issuer does not answer.
        kept: Duration,
        /// How far apart it is asked for a key that is not known.
        asked_every_min: Duration,
    },
    /// A public key, as PEM.
    Key(Secret),
    /// What both sides know.
    Secret(Secret),
}

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256
    Hs256,
    /// HMAC with SHA-384
    Hs384,
    /// HMAC with SHA-512
    Hs512,
    /// RSA PKCS#1 with SHA-256
    Rs256,
    /// RSA PKCS#1 with SHA-384
    Rs384,
    /// RSA PKCS#1 with SHA-512
    Rs512,
    /// RSA PSS with SHA-256
    Ps256,
    /// RSA PSS with SHA-384
    Ps384,
    /// RSA PSS with SHA-512
    Ps512,
    /// ECDSA on P-256
    Es256,
    /// ECDSA on P-384
    Es384,
    /// Ed25519
    EdDsa,
}

/// The words that JWTs have for algorithms.
const ALGORITHMS: [(&str, Algorithm); 12] = [
    ("HS256", Algorithm::Hs256),
    ("HS384", Algorithm::Hs384),
    ("HS512", Algorithm::Hs512),
    ("RS256", Algorithm::Rs256),
    ("RS384", Algorithm::Rs384),
    ("RS512", Algorithm::Rs512),
    ("PS256", Algorithm::Ps256),
    ("PS384", Algorithm::Ps384),
    ("PS512", Algorithm::Ps512),
    ("ES256", Algorithm::Es256),
    ("ES384", Algorithm::Es384),
    ("EdDSA", Algorithm::EdDsa),
];

impl Algorithm {
    /// Returns the algorithm of a word, exactly as JWTs write it.
    pub fn named(word: &str) -> Option<Self> {
        ALGORITHMS.iter().find(|(name, _)| *name == word).map(|(_, algorithm)| *algorithm)
    }

    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        ALGORITHMS.iter().find(|(_, algorithm)| *algorithm == self).map_or("", |(name, _)| name)
    }

    /// Whether whoever checks a signature could have made it.
    pub fn is_symmetric(self) -> bool {
        matches!(self, Self::Hs256 | Self::Hs384 | Self::Hs512)
    }
}

const KEYS: &[&str] =
    &["issuer", "audience", "algorithms", "jwks", "key", "secret", "keys_kept", "keys_asked_every_min", "claims"];
const WHERE_KEYS_ARE: [&str; 3] = ["jwks", "key", "secret"];

/// An issuer that is down for a day must not keep its users out; one that is down for longer has other worries.
const KEPT: Duration = Duration::from_secs(24 * 3600);
const KEPT_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// Keys are changed a few times a year: whoever asks for unknown ones all the time has made them up.
const ASKED_EVERY_MIN: Duration = Duration::from_secs(30);
const ASKED_EVERY_MIN_MAX: Duration = Duration::from_secs(3600);

/// Reads an entry of `[access.issuers]`; `acting` gets the places of roles that may act as a buyer.
pub(super) fn read(entry: Entry<'_, '_>, reading: &mut Reading<'_, '_, '_>, acting: &mut Vec<Place>) -> Option<Issuer> {
    let name = entry.0.get_ref().to_string();
    let (table_name, table) = (format!("[access.issuers.{name}]"), reading.reader.table(entry)?);
    let at = reading.reader.place(entry.0);
    let (mut issuer, mut audience, mut algorithms, mut written) = (None, None, None, None);
    let (mut url, mut key, mut secret) = (None, None, None);
    let (mut kept, mut asked_every_min) = (KEPT, ASKED_EVERY_MIN);
    for entry in table.iter() {
        match entry.0.get_ref().as_ref() {
            "issuer" => issuer = reading.reader.text(entry).map(|text| text.text),
            "audience" => audience = reading.reader.text(entry).map(|text| text.text),
            "algorithms" => algorithms = algorithms_of(entry, reading),
            "jwks" => url = jwks(entry, reading),
            "key" => key = reading.secret(entry),
            "secret" => secret = reading.secret(entry),
            "keys_kept" => kept = reading.duration(entry, KEPT_MAX).unwrap_or(KEPT),
            "keys_asked_every_min" => {
                asked_every_min = reading.duration(entry, ASKED_EVERY_MIN_MAX).unwrap_or(ASKED_EVERY_MIN);
            }
            "claims" => written = claims::read(entry, &name, reading, acting),
            _ => reading.reader.unknown_key(entry.0, &table_name, KEYS),
        }
    }
    for key in ["issuer", "audience", "algorithms", "claims"].iter().filter(|key| !table.contains_key(**key)) {
        reading.lacks(at, &table_name, key);
    }
    let named: Vec<_> = WHERE_KEYS_ARE.iter().filter(|key| table.contains_key(**key)).collect();
    if named.len() != 1 {
        let message = match named.is_empty() {
            true => format!("{table_name} does not say by which keys its tokens are known"),
            false => format!("{table_name} says in more than one way by which keys its tokens are known"),
        };
        let help = "write one of jwks = \"https://…\", key = \"${PEM}\" or secret = \"${SECRET}\"";
        reading.reader.findings.fault("ACCESS_KEYS", at, message, help);
    }
    if let (Some(algorithms), [where_from]) = (&algorithms, named.as_slice()) {
        matching(algorithms, **where_from == "secret", entry, reading);
    }
    let keys = match (url, key, secret) {
        (Some(url), None, None) => IssuerKeys::Jwks { url, kept, asked_every_min },
        (None, Some(key), None) => IssuerKeys::Key(key),
        (None, None, Some(secret)) => IssuerKeys::Secret(secret),
        _ => return None,
    };
    Some(Issuer { name, issuer: issuer?, audience: audience?, algorithms: algorithms?, keys, claims: written? })
}

fn algorithms_of(entry: Entry<'_, '_>, reading: &mut Reading<'_, '_, '_>) -> Option<Vec<Algorithm>> {
    let texts = reading.reader.texts(entry)?;
    if texts.is_empty() {
        let message = "no algorithm is accepted, so no token is";
        let help = "write how the issuer signs: algorithms = [\"RS256\"]";
        let place = reading.reader.place(entry.1);
        reading.reader.findings.fault("ACCESS_ALGORITHM", place, message, help);
    }
    let read = texts.iter().map(|text| algorithm(text, reading)).collect::<Vec<_>>();
    read.into_iter().collect()
}

fn algorithm(text: &Text, reading: &mut Reading<'_, '_, '_>) -> Option<Algorithm> {
    let algorithm = Algorithm::named(&text.text);
    if algorithm.is_none() {
        let message = format!("a token signed by \"{}\" is not believed", text.text);
        let help = match nearest(&text.text, ALGORITHMS.iter().map(|(name, _)| *name)) {
            // What is near to `none` is nothing anyone meant.
            Some(near) if !text.text.eq_ignore_ascii_case("none") => format!("did you mean \"{near}\"?"),
            _ => format!("write one of {}", ALGORITHMS.map(|(name, _)| name).join(", ")),
        };
        reading.reader.findings.fault("ACCESS_ALGORITHM", text.place, message, help);
    }
    algorithm
}

/// What is known to everyone must not be taken for what only two know, nor the other way round.
fn matching(algorithms: &[Algorithm], has_secret: bool, entry: Entry<'_, '_>, reading: &mut Reading<'_, '_, '_>) {
    let Some(wrong) = algorithms.iter().find(|algorithm| algorithm.is_symmetric() != has_secret) else { return };
    let (message, help) = match has_secret {
        false => (
            format!("{} is signed with a secret, and public keys are none", wrong.word()),
            "write how the issuer signs with its private key, such as \"RS256\", or give `secret`",
        ),
        true => (
            format!("{} is checked with a public key, not with a secret", wrong.word()),
            "write \"HS256\", \"HS384\" or \"HS512\", or give `jwks` or `key`",
        ),
    };
    let place = reading.reader.place(entry.0);
    reading.reader.findings.fault("ACCESS_ALGORITHM_KEYS", place, message, help);
}

fn jwks(entry: Entry<'_, '_>, reading: &mut Reading<'_, '_, '_>) -> Option<String> {
    let text = reading.reader.text(entry)?;
    let url = reading.filling.filled(&text, reading.reader)?;
    // A variable may stand for anything where nobody is asked; whoever fetches checks again.
    if !text.text.starts_with("${") && !is_trusted(&url) {
        let message = "keys that are fetched from here could be anyone's";
        let help = "write an address that begins with https://; http:// only leads to this machine itself";
        reading.reader.findings.fault("ACCESS_JWKS", text.place, message, help);
        return None;
    }
    Some(url)
}

/// Whether what comes from an address is its owner's word.
fn is_trusted(url: &str) -> bool {
    let host = |rest: &str| rest.split(['/', '?', '#']).next().unwrap_or_default().to_owned();
    match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => !host(rest).is_empty(),
        (None, Some(rest)) => {
            let host = host(rest);
            let name = if host.starts_with('[') {
                host.split(']').next().unwrap_or_default()
            } else {
                host.split(':').next().unwrap_or_default()
            };
            matches!(name, "localhost" | "127.0.0.1" | "[::1") && !host.contains('@')
        }
        _ => false,
    }
}

impl IssuerKeys {
    /// Whether an address gives keys that are its owner's word: encrypted on the way, or from this machine.
    pub fn is_trusted(url: &str) -> bool {
        is_trusted(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_encrypted_or_from_this_machine() {
        for (url, trusted) in [
            ("https://id.example.com/jwks", true),
            ("http://127.0.0.1:4711/jwks", true),
            ("http://localhost", true),
            ("http://[::1]:80/x", true),
            ("http://id.example.com/jwks", false),
            ("http://localhost.example.com/", false),
            ("http://127.0.0.1@evil.example/", false),
            ("https://", false),
            ("file:///etc/keys", false),
        ] {
            assert_eq!(is_trusted(url), trusted, "{url}");
        }
    }

    #[test]
    fn an_algorithm_is_named_as_tokens_name_it() {
        for (word, algorithm) in ALGORITHMS {
            assert_eq!((Algorithm::named(word), algorithm.word()), (Some(algorithm), word));
        }
        assert_eq!((Algorithm::named("none"), Algorithm::named("rs256")), (None, None));
    }
}
