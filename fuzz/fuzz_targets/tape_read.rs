//! Fuzzes `tape_read` with libFuzzer.

#![no_main]

#[path = "../entries/tape_read.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry::run(bytes));
