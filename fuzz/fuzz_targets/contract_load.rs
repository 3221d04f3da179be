//! Fuzzes `contract_load` with libFuzzer.

#![no_main]

#[path = "../entries/contract_load.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry::run(bytes));
