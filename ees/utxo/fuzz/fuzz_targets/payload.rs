#![no_main]
#![allow(dead_code, reason = "the tests use the rest")]

#[path = "../../tests/utxo/builder.rs"]
mod builder;
#[path = "../../tests/utxo/chain.rs"]
mod chain;
#[path = "../../tests/utxo/example.rs"]
mod example;
#[path = "../../tests/utxo/oracle.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    oracle::payload(bytes);
});
