//! Bounded runs of the fuzz targets, without search: on seeds and former failures, on damaged copies of them, and on
//! random bytes. `fuzz/README.md` describes the search.

#![allow(clippy::print_stderr, reason = "a failure names its input")]

#[path = "support/oracle.rs"]
mod oracle;

use std::{fs, path::Path};

use outrider_witness::{Hasher, Keccak256};

/// Runs a target on its regression inputs, on damaged copies of each, and on random bytes.
fn run(target: &str, oracle: impl Fn(&[u8])) {
    for (name, input) in inputs(target) {
        // The assertions do not print the input.
        eprintln!("{target}/{name}");
        oracle(&input);
        for seed in 0..20 {
            eprintln!("{target}/{name}, damaged with seed {seed}");
            oracle(&damaged(&input, seed));
        }
    }
    for seed in 0..100 {
        eprintln!("random bytes of seed {seed}");
        oracle(&random(seed, 4 * usize::from(seed)));
    }
}

/// Returns the regression inputs of a target, by name.
fn inputs(target: &str) -> Vec<(String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/regressions").join(target);
    let files = fs::read_dir(&directory).expect("a directory of regression inputs");
    let mut inputs: Vec<_> = files
        .map(|file| {
            let file = file.expect("a readable entry");
            let input = fs::read(file.path()).expect("a readable file");
            (file.file_name().into_string().expect("a UTF-8 name"), input)
        })
        .collect();
    inputs.sort();
    assert!(!inputs.is_empty(), "{} is empty", directory.display());
    inputs
}

/// Changes one to four bytes.
fn damaged(input: &[u8], seed: u16) -> Vec<u8> {
    let mut input = input.to_vec();
    let n = input.len().max(1);
    for change in random(seed, 12).as_chunks::<3>().0.iter().take(1 + usize::from(seed) % 4) {
        if let Some(byte) = input.get_mut(usize::from(u16::from_le_bytes([change[0], change[1]])) % n) {
            *byte = change[2];
        }
    }
    input
}

/// Returns pseudorandom bytes for a seed.
fn random(seed: u16, n_bytes: usize) -> Vec<u8> {
    let parts = (0u16..).flat_map(|part| Keccak256::hash(&[seed, part].map(u16::to_le_bytes).concat()).0);
    parts.take(n_bytes).collect()
}

#[test]
fn mpt_witness() {
    run("mpt_witness", |bytes| _ = oracle::mpt_witness(bytes));
}

#[test]
fn smt_witness() {
    run("smt_witness", |bytes| _ = oracle::smt_witness(bytes));
}

#[test]
fn utreexo_witness() {
    run("utreexo_witness", |bytes| _ = oracle::utreexo_witness(bytes));
}

#[test]
fn mpt_operations() {
    run("mpt_operations", oracle::mpt_operations);
}

#[test]
fn smt_operations() {
    run("smt_operations", oracle::smt_operations);
}

/// Otherwise a search would start from nothing.
#[test]
fn regression_inputs_are_witnesses_unless_named_refused() {
    let is_named_refused = |name: &str| name.starts_with("refused-");
    for (name, input) in inputs("mpt_witness") {
        assert_eq!(oracle::mpt_witness(&input), !is_named_refused(&name), "mpt_witness/{name}");
    }
    for (name, input) in inputs("smt_witness") {
        assert_eq!(oracle::smt_witness(&input), !is_named_refused(&name), "smt_witness/{name}");
    }
    for (name, input) in inputs("utreexo_witness") {
        assert_eq!(oracle::utreexo_witness(&input), !is_named_refused(&name), "utreexo_witness/{name}");
    }
}
