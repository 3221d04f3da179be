//! API tokens, `fh_<id>_<secret>`: made once, shown once, known by their SHA-256 from then on. Pure but for the randomness.

use rustls::crypto::ring;
use sha2::{Digest, Sha256};

/// What every API token begins with, so that scanners of leaked secrets know one.
const PREFIX: &str = "fh_";
/// Characters of the name: 64 bits in hexadecimal.
const ID_LENGTH: usize = 16;
/// Characters of the secret: 256 bits in hexadecimal.
const SECRET_LENGTH: usize = 64;

/// An API token as it came: which it says to be, and the hash that would prove it.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Its name.
    pub id: String,
    /// The SHA-256 of all of it.
    pub hash: [u8; 32],
}

/// An API token that was just made: the only time that its text is there.
pub struct MadeToken {
    /// Its name and hash, which are kept.
    pub token: ApiToken,
    /// The text, which is not.
    pub text: String,
}

/// There is no randomness to make a token of.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("make a token: the operating system gives no random numbers")]
pub struct NoRandomness;

impl std::fmt::Debug for ApiToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ApiToken({})", self.id)
    }
}

impl ApiToken {
    /// Whether a text says to be an API token.
    pub(super) fn is_one(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// Reads an API token; none where it is not written as one.
    pub fn read(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if id.len() != ID_LENGTH || secret.len() != SECRET_LENGTH || !is_hex(id) || !is_hex(secret) {
            return None;
        }
        Some(Self { id: id.to_owned(), hash: Sha256::digest(text.as_bytes()).into() })
    }

    /// Makes a token.
    pub fn make() -> Result<MadeToken, NoRandomness> {
        let mut random = [0; (ID_LENGTH + SECRET_LENGTH) / 2];
        ring::default_provider().secure_random.fill(&mut random).map_err(|_| NoRandomness)?;
        let hex: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let (id, secret) = hex.split_at(ID_LENGTH);
        let text = format!("{PREFIX}{id}_{secret}");
        Ok(MadeToken { token: Self::read(&text).ok_or(NoRandomness)?, text })
    }

    /// Whether a hash is this token's, compared without telling by the time it takes how much is the same.
    pub fn is_proven_by(&self, hash: &[u8; 32]) -> bool {
        blake3::Hash::from_bytes(self.hash) == blake3::Hash::from_bytes(*hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_made_and_no_two_are_the_same() {
        let (made, other) = (ApiToken::make().unwrap(), ApiToken::make().unwrap());
        let read = ApiToken::read(&made.text).unwrap();
        assert!(read == made.token && read.is_proven_by(&made.token.hash) && made.text.len() == 84);
        assert!(made.text != other.text && !read.is_proven_by(&other.token.hash));
        assert!(!format!("{:?}", made.token).contains(&made.text[20..]));
    }

    #[test]
    fn what_is_changed_anywhere_is_another_or_none() {
        let made = ApiToken::make().unwrap();
        for at in 0..made.text.len() {
            let mut text = made.text.clone().into_bytes();
            text[at] = if text[at] == b'0' { b'1' } else { b'0' };
            let changed = ApiToken::read(&String::from_utf8(text).unwrap());
            assert!(changed.is_none_or(|changed| !changed.is_proven_by(&made.token.hash)), "{at}");
        }
        for text in ["fh_", "fh_x_y", "fh_0123456789abcdef", &made.text.to_uppercase(), &format!("{}0", made.text)] {
            assert_eq!(ApiToken::read(text), None, "{text}");
        }
    }
}
