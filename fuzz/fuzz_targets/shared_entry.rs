//! Fuzzes `shared_entry` with libFuzzer.

#![no_main]

#[path = "../entries/shared_entry.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry::run(bytes));
