//! Ethereum's own vectors.
//!
//! Read in place from `../shared/data` beside the project, or from the directory that `OUTRIDER_DATA` names.

#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, or says why it is skipped"
)]

use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
};

use outrider_beacon::vectors;

/// The archives, and how many cases they have.
const CASES: &[(&str, usize)] = &[
    ("bls-v0.12.3", 33),
    ("bls12-381-tests-v0.1.1", 48),
    ("minimal-phase0-epoch_processing", 25),
    ("minimal-phase0-finality", 4),
    ("minimal-phase0-genesis", 4),
    ("minimal-phase0-operations", 39),
    ("minimal-phase0-rewards", 11),
    ("minimal-phase0-sanity", 15),
    ("minimal-phase0-ssz_static", 205),
    ("minimal-phase1-epoch_processing", 29),
    ("minimal-phase1-finality", 4),
    ("minimal-phase1-operations", 58),
    ("minimal-phase1-rewards", 6),
    ("minimal-phase1-sanity", 21),
    ("shuffling-mainnet", 152),
    ("shuffling-minimal", 161),
    ("ssz_generic", 908),
];

fn directory() -> PathBuf {
    env::var_os("OUTRIDER_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from)
        .join("consensus")
}

#[test]
fn every_vector_passes() {
    if !directory().is_dir() {
        eprintln!("SKIPPED: no {}; OUTRIDER_DATA names the directory above", directory().display());
        return;
    }
    let mut failures = Vec::new();
    let mut counts = BTreeMap::new();
    for (archive, _) in CASES {
        let results = vectors::run(&directory().join(format!("{archive}.tar.gz"))).unwrap();
        counts.insert(*archive, results.len());
        for result in results {
            if let Err(failure) = result.outcome {
                failures.push(format!("{}: {failure:.300}", result.case));
            }
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
    assert_eq!(counts, CASES.iter().copied().collect(), "the cases that each archive has");
}
