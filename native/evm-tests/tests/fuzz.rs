//! Bounded runs of the fuzz targets, without search: on seeds, on inputs that once failed, and on damaged copies of
//! them. `fuzz/README.md` explains how to search.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/oracle.rs"]
mod oracle;

use std::{fs, path::Path};

use proptest::{collection::vec, prelude::*, sample::Index};

/// Runs a target on its inputs, on each of them with some bytes changed, and on random bytes.
fn run(target: &str, oracle: impl Fn(&[u8])) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/regressions").join(target);
    let files = fs::read_dir(&directory).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap());
    let inputs: Vec<Vec<u8>> = files.collect();
    assert!(!inputs.is_empty(), "{} is empty", directory.display());
    inputs.iter().for_each(|input| oracle(input));

    let damaged = (prop::sample::select(inputs), vec((any::<Index>(), any::<u8>()), 1..5)).prop_map(
        |(mut input, changes)| {
            for (at, byte) in changes {
                let at = at.index(input.len());
                input[at] = byte;
            }
            input
        },
    );
    let mut runner = proptest::test_runner::TestRunner::default();
    let inputs = prop_oneof![3 => damaged, 1 => vec(any::<u8>(), 0..300)];
    let run = |input: Vec<u8>| {
        oracle(&input);
        Ok(())
    };
    runner.run(&inputs, run).unwrap();
}

/// The EE refuses seeds of an older encoding at once, so they would test nothing.
#[test]
fn the_seeds_of_block_data_are_blocks() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/regressions/block_data");
    for name in [
        "block-hashes",
        "block-hashes-vouched",
        "chain-block",
        "state",
        "withdrawal-request",
        "withdrawal-request-vouched",
    ] {
        let input = fs::read(directory.join(name)).unwrap();
        assert!(
            oracle::is_block(&input),
            "{name} is of another encoding: make it again from the payload of the same name"
        );
    }
}

#[test]
fn block_data() {
    run("block_data", oracle::block_data);
}

#[test]
fn payload() {
    run("payload", oracle::payload);
}

#[test]
fn code() {
    run("code", oracle::code);
}
