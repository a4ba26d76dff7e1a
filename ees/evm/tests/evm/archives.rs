//! Published tests where they are at hand: in the directory that `OUTRIDER_DATA` names, or else in `../shared/data` beside the
//! repository. The example `ethereum_tests` runs more of them.

use std::{env, fs::File, io::Read, path::PathBuf};

use crate::published::Report;

/// Finds published data, or says that they are not there.
#[allow(clippy::print_stderr, reason = "a skipped test has to say so")]
fn data(path: &str) -> Option<PathBuf> {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    let path = env::var_os("OUTRIDER_DATA").map_or_else(beside, PathBuf::from).join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: there is no {}; OUTRIDER_DATA names the directory", path.display());
    None
}

#[track_caller]
fn check(archive: &str, passed: usize) {
    let Some(path) = data(archive) else { return };
    let mut report = Report::default();
    let unpacked = flate2::read::GzDecoder::new(File::open(path).unwrap());
    for entry in tar::Archive::new(unpacked).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        if name.ends_with(".json") {
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            report.run(&name, &serde_json::from_str(&text).unwrap());
        }
    }
    assert_eq!(report.failed, [""; 0]);
    assert_eq!(report.passed, passed);
}

#[test]
fn state_tests_of_each_fork_pass() {
    check("ethereum-tests/state-tests-eest-v5.4-older-forks.tar.gz", 63);
}

#[test]
fn blocks_over_changes_of_forks_pass() {
    check("ethereum-tests/blockchain-tests-transition.tar.gz", 10);
}
