//! The token of a request, out of its `Authorization` header. Pure; nothing is read of what is too long.

use super::{api_token::ApiToken, jwt::Unproven, refusal::Refusal};

/// A token that proves nothing yet.
#[derive(Debug)]
pub enum Token<'t> {
    /// One that an issuer signed.
    Jwt(Unproven<'t>),
    /// One that `freehold token` made.
    Api(ApiToken),
}

/// Reads the token of a request; none where it has no such header.
///
/// *Errors*: several headers, another scheme, a token that is too long or none.
pub fn read<'t>(authorization: &[&'t [u8]], bytes_max: usize) -> Result<Option<Token<'t>>, Refusal> {
    let header = match authorization {
        [] => return Ok(None),
        [header] => *header,
        // Which of them was meant cannot be known, and whoever stands between may have looked at the other one.
        _ => return Err(Refusal::Scheme),
    };
    const SCHEME: &[u8] = b"Bearer ";
    let (scheme, token) = header.split_at_checked(SCHEME.len()).ok_or(Refusal::Scheme)?;
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return Err(Refusal::Scheme);
    }
    if token.len() > bytes_max {
        return Err(Refusal::TokenTooLong { bytes_max });
    }
    let token = std::str::from_utf8(token).map_err(|_| Refusal::TokenMalformed)?.trim_matches(' ');
    if token.is_empty() || token.contains(|c: char| !c.is_ascii_graphic() || c == ',') {
        return Err(Refusal::TokenMalformed);
    }
    match ApiToken::is_one(token) {
        true => ApiToken::read(token).map(Token::Api).map(Some).ok_or(Refusal::TokenMalformed),
        false => Unproven::read(token).map(Token::Jwt).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(headers: &[&str]) -> Option<Refusal> {
        let headers: Vec<&[u8]> = headers.iter().map(|header| header.as_bytes()).collect();
        read(&headers, 64).err()
    }

    #[test]
    fn a_token_comes_once_by_its_scheme_and_is_not_too_long() {
        assert!(matches!(read(&[], 64), Ok(None)));
        for (headers, refusal) in [
            (&["Bearer a", "Bearer a"][..], Refusal::Scheme),
            (&["Basic YTpi"], Refusal::Scheme),
            (&["Bearer"], Refusal::Scheme),
            (&["Beaver abc"], Refusal::Scheme),
            (&["Bearer "], Refusal::TokenMalformed),
            (&["Bearer a b"], Refusal::TokenMalformed),
            (&["Bearer a.b.c, Bearer d.e.f"], Refusal::TokenMalformed),
            (&["Bearer a.b"], Refusal::TokenMalformed),
            (&["Bearer fh_x"], Refusal::TokenMalformed),
        ] {
            assert_eq!(refused(headers), Some(refusal), "{headers:?}");
        }
        assert_eq!(refused(&[&format!("Bearer {}", "a".repeat(65))]), Some(Refusal::TokenTooLong { bytes_max: 64 }));
    }
}
