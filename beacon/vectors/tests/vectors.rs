//! Ethereum's own vectors.
//!
//! Read as `outrider-published` finds them; `excerpts.rs` has a few that lie in the repository.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use outrider_beacon_vectors::{self as vectors, Outcome};

/// The archives, with their numbers of cases.
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

fn directory() -> Option<PathBuf> {
    outrider_published::path("consensus")
}

/// All archives that are there: those above, and any others.
fn archives(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut archives: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "gz")).collect();
    archives.sort();
    archives
}

#[test]
fn every_vector_passes() {
    let Some(directory) = directory() else { return };
    let mut failures = Vec::new();
    let mut counts = BTreeMap::new();
    for path in archives(&directory) {
        let results = vectors::run(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap().trim_end_matches(".tar.gz").to_owned();
        counts.insert(name, results.len());
        for result in results {
            match result.outcome {
                Outcome::Passed => {}
                Outcome::NotRun => failures.push(format!("{}: not run", result.case)),
                Outcome::Failed(failure) => failures.push(format!("{}: {failure:.300}", result.case)),
            }
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
    for (archive, n_cases) in CASES {
        assert_eq!(counts.get(*archive), Some(n_cases), "the cases of {archive}");
    }
}

#[test]
fn a_folder_has_the_cases_of_the_archives_in_it() {
    let Some(directory) = directory() else { return };
    let cases = vectors::read(&directory).unwrap();
    let archives = archives(&directory);
    let of_archives = archives.iter().flat_map(|archive| vectors::read(archive).unwrap().into_keys());
    assert!(cases.keys().eq(of_archives.collect::<BTreeSet<_>>().iter()));

    // Unpacked, the cases are the same.
    let folder = tempfile::tempdir().unwrap();
    let archive = directory.join("minimal-phase0-operations.tar.gz");
    tar::Archive::new(flate2::read::GzDecoder::new(fs::File::open(&archive).unwrap()))
        .unpack(folder.path())
        .unwrap();
    let (packed, unpacked) = (vectors::read(&archive).unwrap(), vectors::read(folder.path()).unwrap());
    assert!(packed.keys().eq(unpacked.keys()));
    assert!(packed.values().zip(unpacked.values()).all(|(packed, unpacked)| packed.0 == unpacked.0));
}

#[test]
fn cases_fail_when_the_expected_result_is_another() {
    let Some(directory) = directory() else { return };
    let cases = vectors::read(&directory.join("minimal-phase1-operations.tar.gz")).unwrap();
    for (case, mut files) in cases {
        let failure = match files.0.remove("post.ssz") {
            // The case is valid; expect a refusal.
            Some(_) => vectors::Failure::Accepted,
            // The case is invalid; expect acceptance.
            None => {
                let pre = files.0["pre.ssz"].clone();
                files.0.insert("post.ssz".to_owned(), pre);
                let got = vectors::run_case(&case, &files);
                assert!(matches!(got, Outcome::Failed(vectors::Failure::Refused(_))), "{case}: {got:?}");
                continue;
            }
        };
        assert_eq!(vectors::run_case(&case, &files), Outcome::Failed(failure), "{case}");
    }
}
