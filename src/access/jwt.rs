//! JSON Web Tokens: what one says, and whether its issuer said it. Pure; keys and the time come in.
//!
//! Signatures are checked by `jsonwebtoken`. The claims are compared here: so the time comes in, and numbers are read as they
//! stand. Which algorithm is used is the contract's word: what a token says of it is only compared.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, crypto};
use serde_json::{Map, Value};

use super::refusal::Refusal;
use crate::contract::{Algorithm, Issuer};

/// A token as it came: it says who its bearer is, and nothing proves it.
pub struct Unproven<'t> {
    /// What it says of how it is signed.
    algorithm: String,
    key_id: Option<String>,
    claims: Map<String, Value>,
    signed: &'t str,
    signature: &'t str,
}

impl std::fmt::Debug for Unproven<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Unproven(***)")
    }
}

/// What a key's name may have at most: they are hashes, numbers or dates.
const KEY_ID_BYTES_MAX: usize = 256;

/// The claims of a token that its issuer signed, which is meant for us, and whose time it is.
#[derive(Clone, PartialEq)]
pub struct Proven(pub Map<String, Value>);

impl std::fmt::Debug for Proven {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Proven(***)")
    }
}

impl<'t> Unproven<'t> {
    /// Takes a token apart.
    pub fn read(token: &'t str) -> Result<Self, Refusal> {
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Refusal::TokenMalformed);
        };
        let mut header = object(header)?;
        // Extensions that must be understood: we know none.
        if header.contains_key("crit") {
            return Err(Refusal::TokenMalformed);
        }
        let Some(Value::String(algorithm)) = header.remove("alg") else { return Err(Refusal::TokenMalformed) };
        let key_id = match header.remove("kid") {
            None | Some(Value::Null) => None,
            Some(Value::String(key_id)) if key_id.len() <= KEY_ID_BYTES_MAX => Some(key_id),
            Some(_) => return Err(Refusal::TokenMalformed),
        };
        let signed = &token[..token.len() - signature.len() - 1];
        Ok(Self { algorithm, key_id, claims: object(payload)?, signed, signature })
    }

    /// Finds the issuer that it says to be of.
    pub fn issuer<'i>(&self, issuers: impl Iterator<Item = &'i Issuer>) -> Option<usize> {
        let said = self.claims.get("iss")?.as_str()?;
        issuers.enumerate().find(|(_, issuer)| issuer.issuer == said).map(|(position, _)| position)
    }

    /// Returns which of its issuer's algorithms it says to be signed by.
    pub fn algorithm(&self, issuer: &Issuer) -> Result<Algorithm, Refusal> {
        let said = Algorithm::named(&self.algorithm).filter(|algorithm| issuer.algorithms.contains(algorithm));
        said.ok_or(Refusal::Algorithm)
    }

    /// Returns the name of the key it says to be signed with.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// Checks that its issuer has signed it, for us and for now.
    ///
    /// *Units*: the time and how far clocks may be apart in milliseconds.
    pub fn prove(
        self,
        issuer: &Issuer,
        (algorithm, key): (Algorithm, &DecodingKey),
        (now_ms, leeway_ms): (i64, i64),
    ) -> Result<Proven, Refusal> {
        // A key of another kind than the algorithm's is refused by this, too.
        let signed = crypto::verify(self.signature, self.signed.as_bytes(), key, of_library(algorithm));
        if !signed.unwrap_or(false) {
            return Err(Refusal::Signature);
        }
        let claims = self.claims;
        let is_ours = |audience: &Value| audience.as_str() == Some(&issuer.audience);
        match claims.get("aud") {
            Some(Value::Array(audiences)) if audiences.iter().any(is_ours) => {}
            Some(audience) if is_ours(audience) => {}
            _ => return Err(Refusal::Audience),
        }
        let ends_ms = claims.get("exp").and_then(time_ms).ok_or(Refusal::Claims)?;
        if now_ms >= ends_ms.saturating_add(leeway_ms) {
            return Err(Refusal::Expired);
        }
        if let Some(begins) = claims.get("nbf") {
            let begins_ms = time_ms(begins).ok_or(Refusal::Claims)?;
            if now_ms.saturating_add(leeway_ms) < begins_ms {
                return Err(Refusal::NotYetValid);
            }
        }
        Ok(Proven(claims))
    }
}

fn object(part: &str) -> Result<Map<String, Value>, Refusal> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| Refusal::TokenMalformed)?;
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(Refusal::TokenMalformed),
    }
}

/// Reads a time that JWTs write as seconds, with a fraction or without.
fn time_ms(value: &Value) -> Option<i64> {
    let Value::Number(number) = value else { return None };
    match number.as_i64() {
        Some(seconds) => seconds.checked_mul(1_000),
        None => {
            let ms = number.as_f64()? * 1_000.0;
            // Beyond that a float does not count milliseconds, and no token means it.
            (ms.abs() < 9e15).then_some(ms as i64)
        }
    }
}

fn of_library(algorithm: Algorithm) -> jsonwebtoken::Algorithm {
    use jsonwebtoken::Algorithm as Library;
    match algorithm {
        Algorithm::Hs256 => Library::HS256,
        Algorithm::Hs384 => Library::HS384,
        Algorithm::Hs512 => Library::HS512,
        Algorithm::Rs256 => Library::RS256,
        Algorithm::Rs384 => Library::RS384,
        Algorithm::Rs512 => Library::RS512,
        Algorithm::Ps256 => Library::PS256,
        Algorithm::Ps384 => Library::PS384,
        Algorithm::Ps512 => Library::PS512,
        Algorithm::Es256 => Library::ES256,
        Algorithm::Es384 => Library::ES384,
        Algorithm::EdDsa => Library::EdDSA,
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::json;

    use super::*;
    use crate::{
        access::sample,
        contract::{IssuerKeys, Secret},
    };

    const SECRET: &[u8] = b"a secret that is long enough for this";
    const NOW_MS: i64 = 1_800_000_000_000;

    fn issuer() -> Issuer {
        sample::issuer(IssuerKeys::Secret(Secret::new(String::new())), &[Algorithm::Hs256])
    }

    fn outcome(claims: &Value) -> Result<Proven, Refusal> {
        let token = encode(&Header::default(), claims, &EncodingKey::from_secret(SECRET)).unwrap();
        let key = DecodingKey::from_secret(SECRET);
        Unproven::read(&token)?.prove(&issuer(), (Algorithm::Hs256, &key), (NOW_MS, 30_000))
    }

    #[test]
    fn a_token_is_for_us_and_for_now() {
        let at = |exp: Value| json!({"iss": "https://id", "aud": ["other", "freehold"], "exp": exp});
        assert!(outcome(&at(json!(1_800_000_001))).is_ok());
        assert!(outcome(&at(json!(1_799_999_970.5))).is_ok(), "within the leeway");
        assert_eq!(outcome(&at(json!(1_799_999_970))), Err(Refusal::Expired));
        for exp in [json!("1900000000"), json!(null), json!(1e300), json!([])] {
            assert_eq!(outcome(&at(exp.clone())), Err(Refusal::Claims), "{exp}");
        }
        let from = |nbf: i64| json!({"aud": "freehold", "exp": 1_900_000_000, "nbf": nbf});
        assert!(outcome(&from(1_800_000_030)).is_ok());
        assert_eq!(outcome(&from(1_800_000_031)), Err(Refusal::NotYetValid));
        for audience in [json!("other"), json!(null), json!([]), json!({"freehold": 1}), json!(["free", "hold"])] {
            let claims = json!({"aud": audience, "exp": 1_900_000_000});
            assert_eq!(outcome(&claims), Err(Refusal::Audience), "{claims}");
        }
    }

    #[test]
    fn what_is_no_token_is_malformed() {
        let b64 = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let claims = b64("{}");
        for header in ["", "7", r#"{"alg":7}"#, r#"{"alg":"HS256","kid":7}"#, r#"{"alg":"HS256","crit":[]}"#, "{}"] {
            let token = format!("{}.{claims}.", b64(header));
            assert_eq!(Unproven::read(&token).unwrap_err(), Refusal::TokenMalformed, "{header}");
        }
        let header = b64(r#"{"alg":"HS256"}"#);
        for token in [format!("{header}.{claims}"), format!("{header}.{claims}.a.b"), format!("{header}.ä.a")] {
            assert_eq!(Unproven::read(&token).unwrap_err(), Refusal::TokenMalformed, "{token}");
        }
    }
}
