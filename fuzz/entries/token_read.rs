//! Reading any bytes as what proves who asks: never a panic, nothing is read of what is too long, and nothing is quoted.

use freehold::access::{Token, read_token};

/// The longest token that is read.
const BYTES_MAX: usize = 512;

/// Reads the bytes as a header, and as the token in one.
pub fn run(bytes: &[u8]) {
    for header in [bytes.to_vec(), [b"Bearer ", bytes].concat()] {
        match read_token(&[&header], BYTES_MAX) {
            Ok(None) => panic!("there is a header"),
            Ok(Some(token)) => {
                assert!(header.len() <= BYTES_MAX + b"Bearer ".len());
                let (printed, text) = (format!("{token:?}"), String::from_utf8_lossy(&header).into_owned());
                let secret = text.rsplit(['.', '_']).next().unwrap_or_default();
                assert!(secret.len() < 8 || !printed.contains(secret), "{printed}");
                if let Token::Api(token) = token {
                    assert!(text.contains(&token.id));
                }
            }
            Err(refusal) => assert!(!refusal.to_string().is_empty()),
        }
        assert!(read_token(&[&header, &header], BYTES_MAX).is_err());
    }
}
