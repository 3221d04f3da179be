//! Fuzzes `shared_message` with libFuzzer.

#![no_main]

#[path = "../entries/shared_message.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry::run(bytes));
