//! The cache over servers of its own.

mod redis;
