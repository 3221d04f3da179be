//! Forty.
