//! Fuzzes `plan_limits` with libFuzzer.

#![no_main]

#[path = "../entries/plan_limits.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry::run(bytes));
