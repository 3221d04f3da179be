//! Fuzzes `token_read` with libFuzzer.

#![no_main]

#[path = "../entries/token_read.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry::run(bytes));
