//! Tests with damaged states, blocks and operations: each run terminates without a panic.
//!
//! Vectors are read as `outrider-published` finds them, and those of the repository always.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{collections::BTreeMap, path::Path};

use outrider_beacon_spec::{
    containers::{BeaconState, SignedBeaconBlock},
    phase::{Phase, Phase0, Phase1},
    preset::Minimal,
    signatures::Signatures,
    transition::state_transition_with,
};
use outrider_beacon_vectors::{self as vectors, Case, Failure, Files, Outcome, Settings};
use ssz::Decode as _;

/// The cases of an archive; none where it is not.
fn cases(archive: &str) -> BTreeMap<Case, Files> {
    if archive == EXCERPT {
        return vectors::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(EXCERPT)).unwrap();
    }
    let path = outrider_published::path(&format!("consensus/{archive}.tar.gz"));
    path.map(|path| vectors::read(&path).unwrap()).unwrap_or_default()
}

/// A few cases that lie in the repository.
const EXCERPT: &str = "tests/excerpts/eth2-spec-tests-0.12.3.tar.gz";

/// Numbers that look random and are always the same.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below.max(1)
    }
}

/// Overwrites a few bytes with zeros, ones or random values.
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
fn damaged_cases_terminate() {
    let mut numbers = Numbers(1);
    for archive in [
        EXCERPT,
        "minimal-phase0-operations",
        "minimal-phase0-epoch_processing",
        "minimal-phase0-rewards",
        "minimal-phase1-operations",
        "minimal-phase1-epoch_processing",
        "minimal-phase1-rewards",
        "minimal-phase0-genesis",
        "minimal-phase0-finality",
        "minimal-phase1-finality",
        "minimal-phase0-sanity",
        "minimal-phase1-sanity",
        "shuffling-minimal",
    ] {
        for (case, files) in cases(archive) {
            let n_damages = if ["genesis", "sanity", "finality", "shuffling"].contains(&case.runner.as_str())
            {
                1
            } else {
                10
            };
            for name in files.0.keys().filter(|name| *name != "post.ssz") {
                for _ in 0..n_damages {
                    let mut files = files.clone();
                    damage(files.0.get_mut(name).unwrap(), &mut numbers);
                    // The outcome does not matter, but the run must not panic or take long.
                    let _ = vectors::run_case_with(&case, &files, &Settings { slots_max: 64 });
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
            // A block of the far future would take that many slots; a node refuses such a block before it executes
            // it.
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
fn damaged_blocks_of_phase_0_terminate() {
    damaged_blocks::<Phase0<Minimal>>("minimal-phase0-sanity");
}

#[test]
fn damaged_blocks_of_phase_1_terminate() {
    damaged_blocks::<Phase1<Minimal>>("minimal-phase1-sanity");
}

/// The offset of `slot` in a state, after `genesis_time` and `genesis_validators_root`.
const SLOT_OF_STATE: usize = 8 + 32;
/// The offset of `slot` in a signed block, after the offset of the message and the signature.
const SLOT_OF_BLOCK: usize = 4 + 96;

#[track_caller]
fn number(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

/// Whether a case lets slots pass.
fn is_of_slots(case: &Case) -> bool {
    ["sanity", "finality"].contains(&case.runner.as_str()) && case.handler != "shard_blocks"
}

#[test]
fn a_case_goes_as_far_as_it_may_and_no_further() {
    for archive in [EXCERPT, "minimal-phase0-sanity", "minimal-phase1-sanity", "minimal-phase0-finality"] {
        for (case, files) in cases(archive) {
            let pre = match files.0.get("pre.ssz") {
                Some(pre) if is_of_slots(&case) => number(pre, SLOT_OF_STATE),
                _ => continue,
            };
            let last_block = files.0.keys().filter(|name| name.starts_with("blocks_")).count().checked_sub(1);
            let (name, at) = match last_block {
                Some(last) => (format!("blocks_{last}.ssz"), SLOT_OF_BLOCK),
                None if files.0.contains_key("slots.ssz") => ("slots.ssz".to_owned(), 0),
                None => ("post.ssz".to_owned(), SLOT_OF_STATE),
            };
            let to = number(&files.0[&name], at);
            let slots = if name == "slots.ssz" { to } else { to.saturating_sub(pre) };
            let run = |slots_max| vectors::run_case_with(&case, &files, &Settings { slots_max });
            assert_eq!(run(slots), Outcome::Passed, "{case}");
            if let Some(slots_max) = slots.checked_sub(1) {
                let too_far = Failure::TooFar { slots, slots_max };
                assert_eq!(run(slots_max), Outcome::Failed(too_far), "{case}");
            }
            // Set the highest byte of the number.
            let mut damaged = files.clone();
            damaged.0.get_mut(&name).unwrap()[at + 7] = 1;
            let outcome = vectors::run_case(&case, &damaged);
            assert!(matches!(outcome, Outcome::Failed(Failure::TooFar { .. })), "{case}: {outcome:?}");
        }
    }
}

#[test]
fn a_shuffling_checks_its_count_before_it_shuffles() {
    let mapping = |count: u64| {
        let seed = "0x0623ccb9b1619bd388284a438034d8cb6431964ba727d8b1c450303105735488";
        let text = format!("{{seed: '{seed}', count: {count}, mapping: [3, 2, 0, 4, 1]}}");
        let case = ["minimal", "phase0", "shuffling", "core", "shuffle", "five"].map(str::to_owned);
        let [config, phase, runner, handler, suite, case] = case;
        let case = Case { config, phase, runner, handler, suite, case };
        vectors::run_case(&case, &Files([("mapping.yaml".to_owned(), text.into_bytes())].into()))
    };
    assert_eq!(mapping(5), Outcome::Passed);
    for count in [0, 4, 6, u64::MAX] {
        let outcome = mapping(count);
        assert!(matches!(outcome, Outcome::Failed(Failure::Differs { .. })), "{count}: {outcome:?}");
    }
}
