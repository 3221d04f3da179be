//! Access: who asks, as whom, and for which accounts.
//!
//! In: the headers of a request. Out: its caller, or why it has none. What a token says is never part of an error.
//!
//! Reading order: `caller` (who asks), `sight` (whose rows they may see), `gate` (the way from headers to a caller), `token`
//! (out of the header), `jwt` (whether an issuer said it), `keys` (by which that is known), `claims` (what it means),
//! `api_token`, `token_book` and `held_tokens` (tokens of our own), `acts` (acting as a buyer), `refusal`.

mod acts;
mod api_token;
mod caller;
mod claims;
mod gate;
mod held_tokens;
mod jwt;
mod keys;
mod refusal;
#[cfg(test)]
mod sample;
mod sight;
mod token;
mod token_book;

pub use api_token::{ApiToken, MadeToken, NoRandomness};
pub use caller::{Accounts, Acting, Caller, OrderLimit, Permissions};
pub use gate::{Credentials, Gate, GateParts, Stranger};
pub use keys::KeysError;
pub use refusal::{Refusal, RefusalClass};
pub use sight::{Purpose, Rows, Sight};
pub use token::{Token, read as read_token};
