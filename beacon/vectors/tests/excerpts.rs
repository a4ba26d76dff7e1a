//! A few of Ethereum's own vectors that lie in the repository: of what the archives of `vectors.rs` do not have, and of states and
//! blocks, `excerpts/eth2-spec-tests-0.12.3.tar.gz`, from the same package as the text of that name.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{collections::BTreeMap, fs, path::Path};

use outrider_beacon_vectors::{self as vectors, Case, Failure, Files, Outcome};

/// Writes the vectors to a folder and reads them as cases.
fn cases(excerpt: &str, folder: &str, decode: impl Fn(&str) -> Vec<u8>) -> BTreeMap<Case, Files> {
    let scratch = tempfile::tempdir().unwrap();
    for line in excerpt.lines().filter(|line| !line.starts_with('#')) {
        let (path, content) = line.split_once(' ').unwrap();
        let path = scratch.path().join(folder).join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, decode(content)).unwrap();
    }
    vectors::read(scratch.path()).unwrap()
}

fn spec_tests() -> BTreeMap<Case, Files> {
    let excerpt = include_str!("excerpts/eth2-spec-tests-0.12.3.txt");
    cases(excerpt, "tests", |content| hex::decode(content).unwrap())
}

fn bls_tests() -> BTreeMap<Case, Files> {
    let excerpt = include_str!("excerpts/bls12-381-tests.txt");
    let folder = "protocol_blssig_pop_on_bls12381_g2_test_vectors_v0.1.2";
    cases(excerpt, folder, |content| content.as_bytes().to_vec())
}

fn parts(path: &str) -> Case {
    let own = |part: Option<&str>| part.unwrap().to_owned();
    let mut parts = path.split('/');
    Case {
        config: own(parts.next()),
        phase: own(parts.next()),
        runner: own(parts.next()),
        handler: own(parts.next()),
        suite: own(parts.next()),
        case: own(parts.next()),
    }
}

#[test]
fn containers_of_phase_1_have_their_encodings_and_roots() {
    let cases: Vec<_> = spec_tests().into_iter().filter(|(case, _)| case.runner == "ssz_static").collect();
    assert_eq!(cases.len(), 19);
    for (case, mut files) in cases {
        assert_eq!(vectors::run_case(&case, &files), Outcome::Passed, "{case}");
        let serialized = files.0.get_mut("serialized.ssz").unwrap();
        // A bit in the first field or in an offset: the value changes or does not decode.
        serialized[0] ^= 1;
        assert!(matches!(vectors::run_case(&case, &files), Outcome::Failed(_)), "{case}");
        // Phase 0 does not have this container.
        let phase0 = Case { phase: "phase0".to_owned(), ..case };
        assert_eq!(vectors::run_case(&phase0, &files), Outcome::NotRun, "{phase0}");
    }
}

#[test]
fn bit_vectors_have_the_lengths_of_their_types() {
    let cases: Vec<_> = spec_tests().into_iter().filter(|(case, _)| case.runner == "ssz_generic").collect();
    assert_eq!(cases.len(), 5);
    for (case, mut files) in cases {
        assert_eq!(vectors::run_case(&case, &files), Outcome::Passed, "{case}");
        let length: usize = case.case.split('_').nth(1).unwrap().parse().unwrap();
        if length > 0 {
            files.0.insert("serialized.ssz".to_owned(), vec![0; length.div_ceil(8)]);
            assert_eq!(vectors::run_case(&case, &files), Outcome::Failed(Failure::Accepted), "{case}");
        }
    }
}

/// States, blocks and operations that are valid, and two that are not.
#[test]
fn states_become_what_the_vectors_tell() {
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/excerpts/eth2-spec-tests-0.12.3.tar.gz");
    let cases = vectors::read(&archive).unwrap();
    assert_eq!(cases.len(), 8);
    let mut n_invalid = 0;
    for (case, mut files) in cases {
        assert_eq!(vectors::run_case(&case, &files), Outcome::Passed, "{case}");
        match files.0.get_mut("post.ssz") {
            Some(post) => *post.last_mut().unwrap() ^= 1,
            // Invalid, but to be accepted.
            None => {
                let pre = files.0["pre.ssz"].clone();
                files.0.insert("post.ssz".to_owned(), pre);
                n_invalid += 1;
            }
        }
        assert!(matches!(vectors::run_case(&case, &files), Outcome::Failed(_)), "{case}");
    }
    assert_eq!(n_invalid, 1);
}

#[test]
fn bls_tests_of_batches_keys_at_infinity_and_zero_keys_pass() {
    let cases = bls_tests();
    let handlers: Vec<_> = cases.keys().map(|case| case.handler.as_str()).collect();
    let batches = ["batch_verify"; 4];
    assert_eq!(
        handlers,
        [&["aggregate_verify"][..], &batches, &["fast_aggregate_verify", "sign", "verify"]].concat()
    );
    for (case, mut files) in cases {
        assert_eq!(vectors::run_case(&case, &files), Outcome::Passed, "{case}");
        let text = String::from_utf8(files.0["data.yaml"].clone()).unwrap();
        let wrong = match case.handler.as_str() {
            // An impossible signature.
            "sign" => text.replace("null", &format!("\"0x{}\"", "00".repeat(96))),
            _ if text.contains("true") => text.replace("true", "false"),
            _ => text.replace("false", "true"),
        };
        files.0.insert("data.yaml".to_owned(), wrong.into_bytes());
        assert!(matches!(vectors::run_case(&case, &files), Outcome::Failed(_)), "{case}");
    }
}

#[test]
fn unknown_cases_are_not_run() {
    let (_, files) = spec_tests().into_iter().find(|(case, _)| case.runner == "ssz_static").unwrap();
    for path in [
        "minimal/altair/ssz_static/ShardState/ssz_random/case_0",
        "minimal/phase0/fork_choice/get_head/pyspec_tests/genesis",
        "minimal/phase1/ssz_static/SyncCommittee/ssz_random/case_0",
        "minimal/phase1/operations/shard_header/pyspec_tests/valid",
        "minimal/phase0/operations/chunk_challenge/pyspec_tests/valid",
        "minimal/phase1/epoch_processing/shards/pyspec_tests/valid",
        "minimal/phase0/genesis/altair/pyspec_tests/valid",
        "general/phase0/bls/eth_aggregate_pubkeys/small/valid",
        "general/phase0/ssz_generic/bitvector/valid/bitvec_77_max",
        "general/phase0/ssz_generic/unions/valid/union_1",
        "general/phase0/merkle/tree/small/case",
    ] {
        assert_eq!(vectors::run_case(&parts(path), &files), Outcome::NotRun, "{path}");
    }
    // Later releases encode the same tests differently.
    let files = Files(BTreeMap::from([("pre.ssz_snappy".to_owned(), Vec::new())]));
    let case = parts("minimal/phase0/sanity/slots/pyspec_tests/slots_1");
    assert_eq!(vectors::run_case(&case, &files), Outcome::NotRun);
}
