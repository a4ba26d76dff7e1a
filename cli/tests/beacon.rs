//! `outrider beacon vectors`: reports on cases. `beacon/vectors/tests/vectors.rs` tests that all cases pass.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use support::{Ran, Scratch, project, summary};

/// A case of `@chainsafe/eth2-spec-tests` 0.12.3 (MIT): a shuffling of the preset `minimal`.
const CASE: &str = "tests/minimal/phase0/shuffling/core/shuffle/five";
const MAPPING: &str = "seed: '0x0623ccb9b1619bd388284a438034d8cb6431964ba727d8b1c450303105735488'\ncount: 5\nmapping: [MAPPING]\n";

fn vectors(scratch: &Scratch, arguments: &[&str]) -> Ran {
    scratch.outrider(&[&["beacon", "vectors"], arguments].concat())
}

/// Returns a directory with the case, and one in which the case expects another result.
fn cases() -> Scratch {
    let scratch = Scratch::new();
    scratch.write(&format!("right/{CASE}/mapping.yaml"), mapping(RIGHT));
    scratch.write(&format!("wrong/{CASE}/mapping.yaml"), mapping(WRONG));
    scratch
}

fn mapping(mapping: &str) -> String {
    MAPPING.replace("MAPPING", mapping)
}

#[test]
fn cases_in_folders_and_archives_pass() {
    let scratch = cases();
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let text = mapping(RIGHT);
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, format!("{CASE}/mapping.yaml"), text.as_bytes()).unwrap();
    scratch.write("cases.tar.gz", archive.into_inner().unwrap().finish().unwrap());
    let ran = vectors(&scratch, &["right", "cases.tar.gz"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("minimal/phase0/shuffling\n"), "{ran:?}");
    assert!(ran.out.ends_with("2 cases: 2 passed, 0 failed\n"), "{ran:?}");
}

#[test]
fn a_failing_case_is_named_and_sets_the_exit_code() {
    let scratch = cases();
    let ran = vectors(&scratch, &["wrong", "right"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains("FAILED minimal/phase0/shuffling/core/shuffle/five\n"), "{ran:?}");
    assert!(ran.out.ends_with("2 cases: 1 passed, 1 failed\n"), "{ran:?}");
    let ran = vectors(&scratch, &["wrong", "--json"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["summary"], summary("fails", 0, 1));
    assert_eq!(report["failures"][0]["case"], "minimal/phase0/shuffling/core/shuffle/five");
}

#[test]
fn unknown_cases_are_named_and_counted_and_do_not_fail() {
    let scratch = cases();
    scratch.write("right/tests/minimal/altair/light_client/sync/pyspec_tests/one/steps.yaml", "[]");
    let ran = vectors(&scratch, &["right"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("minimal/altair/light_client\n  sync "), "{ran:?}");
    assert!(ran.out.contains("0 passed, 1 not run (unknown)\n"), "{ran:?}");
    assert!(ran.out.ends_with("2 cases: 1 passed, 0 failed, 1 not run\n"), "{ran:?}");
    let ran = vectors(&scratch, &["right", "--json"]);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let counts = ["passed", "failed", "not_run"].map(|counter| report["summary"][counter].as_u64());
    assert_eq!(counts, [Some(1), Some(0), Some(1)]);
}

#[test]
fn a_case_runs_at_most_the_limit_of_slots() {
    let archive = project().join("beacon/vectors/tests/excerpts/eth2-spec-tests-0.12.3.tar.gz");
    let archive = archive.display().to_string();
    let arguments = [archive.as_str(), "--filter", "phase0/sanity/slots/"];
    let ran = vectors(&Scratch::new(), &arguments);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let ran = vectors(&Scratch::new(), &[&arguments[..], &["--slots-max", "0"]].concat());
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains("the case runs 1 slots past its pre-state, and the limit is 0"), "{ran:?}");
}

#[test]
fn paths_without_cases_cannot_be_used() {
    let scratch = cases();
    scratch.write("empty/README", "nothing");
    scratch.write("unknown/tests/minimal/altair/light_client/sync/pyspec_tests/one/steps.yaml", "[]");
    scratch.write("cut.tar.gz", [0x1f, 0x8b, 8]);
    for (arguments, expected) in [
        (&["empty"][..], "the paths contain no cases of the vectors"),
        (&["right", "--filter", "phase1"], "the paths contain no cases of the vectors"),
        (&["unknown"], "all cases are unknown"),
        (&["absent.tar.gz"], "absent.tar.gz: cannot be read"),
        (&["cut.tar.gz"], "cut.tar.gz: cannot be read"),
    ] {
        let ran = vectors(&scratch, arguments);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.err.contains(expected), "{ran:?}");
    }
}

const RIGHT: &str = "3, 2, 0, 4, 1";
/// The mapping with two entries exchanged.
const WRONG: &str = "2, 3, 0, 4, 1";
