//! Fuzzes `http_body` with libFuzzer.

#![no_main]

#[path = "../entries/http_body.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry::run(bytes));
