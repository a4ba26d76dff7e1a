#![no_main]
#![allow(dead_code, reason = "the tests use the rest")]

#[path = "../../tests/support/fuzz.rs"]
mod fuzz;
#[path = "../../tests/support/input.rs"]
mod input;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::script(bytes));
