//! Fuzzes `plan_query` with libFuzzer.

#![no_main]

#[path = "../entries/plan_query.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry::run(bytes));
