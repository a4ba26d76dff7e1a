//! A bounded run of each fuzz target, without search: inputs that once failed, damaged copies of them, and random
//! bytes. `fuzz/README.md` describes the search.

#![allow(
    clippy::print_stderr,
    reason = "shown when a test fails, as what the assertions show does not tell the input"
)]

#[path = "support/oracle.rs"]
mod oracle;

use std::path::Path;

use oracle::random;

/// Runs a target on its regression inputs, on damaged copies of each, and on random bytes.
fn run(target: &str, n_random: u64, oracle: impl Fn(&[u8])) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/regressions").join(target);
    let files = std::fs::read_dir(&directory).expect("there are regression inputs");
    let mut files: Vec<_> = files.map(|file| file.expect("it can be read").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", directory.display());
    for file in files {
        let input = std::fs::read(&file).expect("it can be read");
        eprintln!("{}", file.display());
        oracle(&input);
        for seed in 0..20 {
            eprintln!("{}, damaged with seed {seed}", file.display());
            oracle(&damaged(&input, seed));
        }
    }
    for seed in 0..n_random {
        eprintln!("random bytes of seed {seed}");
        oracle(&random::bytes(seed));
    }
}

fn damaged(input: &[u8], seed: u64) -> Vec<u8> {
    let mut input = input.to_vec();
    for change in random::bytes(seed).as_chunks::<3>().0.iter().take(1 + seed as usize % 4) {
        let n = input.len().max(1);
        if let Some(byte) = input.get_mut(usize::from(u16::from_le_bytes([change[0], change[1]])) % n) {
            *byte = change[2];
        }
    }
    input
}

#[test]
fn load() {
    run("load", 500, oracle::load);
}

#[cfg(feature = "wasmer")]
#[test]
fn engines() {
    run("engines", 100, oracle::engines);
}

#[test]
fn cache() {
    run("cache", 200, oracle::cache);
}
