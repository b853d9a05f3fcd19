#![no_main]

// The words are for inputs that are made without coverage.
#[allow(dead_code)]
#[path = "../yaml.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target::run(bytes));
