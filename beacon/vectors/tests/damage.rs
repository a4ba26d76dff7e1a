//! Damaged states, blocks and operations: whatever is in them, there is an answer.
//!
//! Vectors are read in place from `../shared/data` beside the project, or from the directory that `OUTRIDER_DATA`
//! names.

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

use outrider_beacon_spec::{
    containers::{BeaconState, SignedBeaconBlock},
    phase::{Phase, Phase0, Phase1},
    preset::Minimal,
    signatures::Signatures,
    transition::state_transition_with,
};
use outrider_beacon_vectors::{self as vectors, Case, Files};
use ssz::Decode as _;

fn cases(archive: &str) -> BTreeMap<Case, Files> {
    let data = env::var_os("OUTRIDER_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let path = data.join(format!("consensus/{archive}.tar.gz"));
    if !path.exists() {
        eprintln!("SKIPPED: no {}; OUTRIDER_DATA names the directory", path.display());
        return BTreeMap::new();
    }
    vectors::read(&path).unwrap()
}

/// Numbers that look random and are always the same.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below.max(1)
    }
}

/// Writes over a few bytes: zeros, ones, or anything.
fn damage(bytes: &mut [u8], numbers: &mut Numbers) {
    for _ in 0..=numbers.next(3) {
        let (start, length) = (numbers.next(bytes.len()), 1 + numbers.next(8));
        let kind = numbers.next(3);
        for byte in bytes.iter_mut().skip(start).take(length) {
            *byte = match kind {
                0 => 0,
                1 => 0xff,
                _ => numbers.next(256) as u8,
            };
        }
    }
}

#[test]
fn damaged_cases_come_to_an_end() {
    let mut numbers = Numbers(1);
    for archive in [
        "minimal-phase0-operations",
        "minimal-phase0-epoch_processing",
        "minimal-phase0-rewards",
        "minimal-phase1-operations",
        "minimal-phase1-epoch_processing",
        "minimal-phase1-rewards",
    ] {
        for (case, files) in cases(archive) {
            for name in files.0.keys().filter(|name| name.ends_with(".ssz") && *name != "post.ssz") {
                for _ in 0..10 {
                    let mut files = files.clone();
                    damage(files.0.get_mut(name).unwrap(), &mut numbers);
                    // Whether it passes or not does not matter; it must not panic.
                    let _ = vectors::run_case(&case, &files);
                }
            }
        }
    }
}

fn damaged_blocks<P: Phase>(archive: &str) {
    let mut numbers = Numbers(2);
    for (_, files) in cases(archive).into_iter().filter(|(case, _)| case.handler == "blocks") {
        let state = BeaconState::<P>::from_ssz_bytes(&files.0["pre.ssz"]).unwrap();
        for _ in 0..30 {
            let mut bytes = files.0["blocks_0.ssz"].clone();
            damage(&mut bytes, &mut numbers);
            let Ok(block) = SignedBeaconBlock::<P>::from_ssz_bytes(&bytes) else { continue };
            // A block of the far future would take as long; who takes blocks from others does not take such.
            if block.message.slot > state.slot + 100 {
                continue;
            }
            for signatures in [Signatures::batch(), Signatures::Ignored] {
                state_transition_with(state.clone(), &block, signatures).map(drop).unwrap_or_default();
            }
        }
    }
}

#[test]
fn damaged_blocks_of_phase_0_come_to_an_end() {
    damaged_blocks::<Phase0<Minimal>>("minimal-phase0-sanity");
}

#[test]
fn damaged_blocks_of_phase_1_come_to_an_end() {
    damaged_blocks::<Phase1<Minimal>>("minimal-phase1-sanity");
}
