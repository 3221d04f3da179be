//! Callers over real sockets: who is let in and as whom, and everything that must not work.

mod acting;
mod api_tokens;
mod attacks;
mod echo;
pub mod issuer;
mod keys;
