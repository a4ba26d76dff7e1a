#![no_main]

#[path = "../../tests/support/oracle.rs"]
#[allow(dead_code, reason = "each target uses its own part")]
mod oracle;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| oracle::code(bytes));
