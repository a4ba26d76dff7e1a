//! The SDK's bindings of the `crypto` imports as wasm: the EE `crypto-check` gets every published vector.
//!
//! `ees/crypto-check` and `ees/sdk` test the same vectors natively.

#![allow(clippy::print_stdout, reason = "tests print what they ran")]

use std::path::Path;
use std::sync::LazyLock;

use outrider_crypto_vectors::{
    Argument::{Bytes, Number, Out},
    Expected, HOLDS, MALFORMED, REFUTED, Vector, excerpt, published,
};
use outrider_host::{ABI, Ee, ExecutionInput, Host, HostConfig, StateRoot};

static CRYPTO_CHECK: LazyLock<Ee> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ees/blobs/crypto-check.wasm");
    let code = std::fs::read(path).expect("the blob is there");
    Host::new(HostConfig::default()).expect("the configuration is fine").load(&code).expect("it loads")
});

/// Returns whether the EE accepts a block with this one claim; it refuses a false one.
#[track_caller]
fn holds(vector: &Vector, code: u32, output: &[u8]) -> bool {
    match CRYPTO_CHECK.execute(&ExecutionInput::new(StateRoot::default(), claim(vector, code, output))) {
        Ok(executed) => {
            assert_eq!(executed.post_state_root.0[31], 1, "{}", vector.name);
            true
        }
        Err(error) => {
            let reason = error.refusal().unwrap_or_else(|| panic!("{}: {error}", vector.name));
            assert!(reason.contains("got"), "{}: {reason}", vector.name);
            false
        }
    }
}

/// Encodes a claim: see `ees/crypto-check/README.md`.
fn claim(vector: &Vector, code: u32, output: &[u8]) -> Vec<u8> {
    let imports = ABI.iter().filter(|import| import.module == "crypto");
    let import = imports.map(|import| import.name).position(|name| name == vector.import);
    let (mut numbers, mut bytes) = (Vec::new(), Vec::new());
    for argument in &vector.arguments {
        match argument {
            Number(number) => numbers.extend_from_slice(&number.to_le_bytes()),
            Bytes(operand) => bytes.extend_from_slice(operand),
            Out(_) => {}
        }
    }
    let import = u8::try_from(import.expect("it is in the table")).expect("there are 24");
    let code = u8::try_from(code).expect("it is 0, 1 or 2");
    let length = u32::try_from(output.len()).expect("it is short");
    [&[import], &numbers[..], &bytes, &[code], &length.to_le_bytes(), output].concat()
}

#[test]
fn every_vector_has_the_same_answer_through_the_sdk() {
    let vectors = published();
    let mut n_checked = 0;
    for vector in &vectors {
        let codes: &[u32] = match &vector.expected {
            Expected::Output(output) => {
                assert!(holds(vector, HOLDS, output), "{}", vector.name);
                &[]
            }
            // The suite has only the address, and a claim is about the key.
            Expected::Address(_) => continue,
            Expected::Holds => &[HOLDS],
            Expected::Refuted => &[REFUTED],
            Expected::Malformed => &[MALFORMED],
            Expected::Refused => &[REFUTED, MALFORMED],
        };
        if !codes.is_empty() {
            let n_right = codes.iter().filter(|code| holds(vector, **code, &[])).count();
            assert_eq!(n_right, 1, "{}", vector.name);
        }
        n_checked += 1;
    }
    println!("{n_checked} of {} vectors", vectors.len());
}

#[test]
fn a_wrong_claim_is_refused() {
    for vector in excerpt::vectors() {
        let (code, output) = match &vector.expected {
            Expected::Output(output) => (HOLDS, &output[..]),
            Expected::Holds => (HOLDS, &[][..]),
            Expected::Refuted => (REFUTED, &[][..]),
            Expected::Malformed => (MALFORMED, &[][..]),
            Expected::Refused | Expected::Address(_) => unreachable!("the excerpt has all answers"),
        };
        for other in [HOLDS, REFUTED, MALFORMED].into_iter().filter(|other| *other != code) {
            assert!(!holds(&vector, other, output), "{}: {other}", vector.name);
        }
        let mut changed = output.to_vec();
        if let Some(last) = changed.last_mut() {
            *last ^= 1;
            assert!(!holds(&vector, code, &changed), "{}", vector.name);
        }
    }
}

#[test]
fn the_example_has_the_claims_of_the_excerpt() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/crypto.yaml");
    let fixture = std::fs::read_to_string(path).expect("it is there");
    for vector in excerpt::vectors() {
        let claim = match &vector.expected {
            Expected::Output(output) => claim(&vector, HOLDS, output),
            Expected::Holds => claim(&vector, HOLDS, &[]),
            Expected::Refuted => claim(&vector, REFUTED, &[]),
            _ => claim(&vector, MALFORMED, &[]),
        };
        assert!(fixture.contains(&hex::encode(claim)), "{}: not in the example", vector.name);
    }
    assert!(fixture.contains(&format!("{:064x}", excerpt::vectors().len())));
}
