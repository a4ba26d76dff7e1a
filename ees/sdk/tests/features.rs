//! The message of a test that calls a function whose feature is off.

#![cfg(not(any(feature = "hash", feature = "bls12-381", feature = "modexp")))]

use std::convert::Infallible;

use outrider_sdk::{
    StateRoot, crypto,
    harness::{Execution, Failure},
};

#[track_caller]
fn check<T>(call: impl FnOnce() -> T, function: &str, feature: &str) {
    let result = Execution::new(StateRoot::default()).run(|root, _| {
        let _ = call();
        Ok::<_, Infallible>(root)
    });
    let message = format!(
        "outside of wasm, `crypto::{function}` needs the feature `{feature}` of outrider-sdk: \
         `outrider-sdk = {{ .., features = [\"{feature}\"] }}`"
    );
    assert_eq!(result, Err(Failure::Panicked { message }));
}

#[test]
fn a_call_without_its_feature_names_it() {
    check(|| crypto::ripemd160(b""), "ripemd160", "hash");
    check(|| crypto::bls_verify(&[0; 48], b"", &[0; 96]), "bls_verify", "bls12-381");
    check(|| crypto::kzg_verify(&[0; 48], &[0; 32], &[0; 32], &[0; 48]), "kzg_verify", "bls12-381");
    check(|| crypto::modexp(&[2], &[3], &[5]), "modexp", "modexp");
}

/// The empty string, as published with Keccak and in FIPS 180-4.
#[test]
fn the_hashes_of_trees_are_always_there() {
    assert_eq!(crypto::keccak256(b"")[..4], [0xc5, 0xd2, 0x46, 0x01]);
    assert_eq!(crypto::sha256(b"")[..4], [0xe3, 0xb0, 0xc4, 0x42]);
}
