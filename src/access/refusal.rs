//! Why somebody is not let in. What is said to them tells what to do, and never quotes what they sent.

/// Why a request has no caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no token, and nobody is let in without.
    #[error("send a token: Authorization: Bearer …")]
    TokenMissing,
    /// The header is none of a bearer token, or there are several.
    #[error("send one header Authorization: Bearer … with one token")]
    Scheme,
    /// It is longer than any that is read.
    #[error("the token is longer than {bytes_max} bytes; ask its issuer for one with fewer claims")]
    TokenTooLong {
        /// The longest that is read.
        bytes_max: usize,
    },
    /// It cannot be read as a token.
    #[error("what was sent is no token; send it as its issuer gave it")]
    TokenMalformed,
    /// Nobody in the contract issues such tokens.
    #[error("the token's issuer is not known here; ask another one for a token")]
    Issuer,
    /// It is signed in another way than its issuer signs.
    #[error("the token is not signed as its issuer signs; ask for another one")]
    Algorithm,
    /// Its issuer has no such key.
    #[error("the key that the token is signed with is none of its issuer's; ask for another token")]
    Key,
    /// Its signature is not its issuer's.
    #[error("the token's signature is not its issuer's; ask for another token")]
    Signature,
    /// It is meant for somebody else.
    #[error("the token is meant for another service; ask for one for this service")]
    Audience,
    /// Its time is over.
    #[error("the token has expired; ask for another one")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet; try again later, and compare the clocks")]
    NotYetValid,
    /// It does not say who its bearer is and what they may see.
    #[error("the token does not say what is needed of its bearer; have its issuer's claims compared with the contract")]
    Claims,
    /// There is no such API token.
    #[error("there is no such API token; have one made with `freehold token create`")]
    TokenUnknown,
    /// The API token was taken back.
    #[error("the API token was revoked; have another one made")]
    TokenRevoked,
    /// The issuer's keys cannot be had, so nothing can be said of the token.
    #[error("the keys of the token's issuer cannot be had at the moment; try again later")]
    KeysAway,
    /// What is known of API tokens cannot be read.
    #[error("API tokens cannot be checked at the moment; try again later")]
    TokensAway,
    /// The header that says who is acted as cannot be read.
    #[error("write one header Freehold-Act-As: account=…; login=…, the login where it matters")]
    ActAsMalformed,
    /// Who asks may not act as this buyer.
    #[error("the token gives no right to act as this buyer; leave out Freehold-Act-As, or use a token that does")]
    ActAsForbidden,
}

/// What a refusal means for whoever sent the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalClass {
    /// They have not said who they are.
    Unnamed,
    /// What they said does not prove who they are.
    Unproven,
    /// They are known, and may not.
    Forbidden,
    /// They wrote something that cannot be read, and which is no proof of anything.
    Unreadable,
    /// It cannot be told at the moment.
    Away,
}

impl Refusal {
    /// Returns the stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::TokenMissing => "TOKEN_MISSING",
            Self::Scheme => "TOKEN_SCHEME",
            Self::TokenTooLong { .. } => "TOKEN_TOO_LONG",
            Self::TokenMalformed => "TOKEN_MALFORMED",
            Self::Issuer => "TOKEN_ISSUER",
            Self::Algorithm => "TOKEN_ALGORITHM",
            Self::Key => "TOKEN_KEY",
            Self::Signature => "TOKEN_SIGNATURE",
            Self::Audience => "TOKEN_AUDIENCE",
            Self::Expired => "TOKEN_EXPIRED",
            Self::NotYetValid => "TOKEN_NOT_YET_VALID",
            Self::Claims => "TOKEN_CLAIMS",
            Self::TokenUnknown => "TOKEN_UNKNOWN",
            Self::TokenRevoked => "TOKEN_REVOKED",
            Self::KeysAway => "KEYS_AWAY",
            Self::TokensAway => "TOKENS_AWAY",
            Self::ActAsMalformed => "ACT_AS_MALFORMED",
            Self::ActAsForbidden => "ACT_AS_FORBIDDEN",
        }
    }

    /// Returns what it means for whoever sent the request.
    pub fn class(self) -> RefusalClass {
        match self {
            Self::TokenMissing => RefusalClass::Unnamed,
            Self::ActAsForbidden => RefusalClass::Forbidden,
            Self::ActAsMalformed => RefusalClass::Unreadable,
            Self::KeysAway | Self::TokensAway => RefusalClass::Away,
            _ => RefusalClass::Unproven,
        }
    }
}
