//! Published tests, if `outrider-published` finds them. The example `ethereum_tests` runs more of them.

use crate::published::Report;

#[track_caller]
fn check(archive: &str, passed: usize) {
    let Some(files) = outrider_published::archive(archive) else { return };
    let mut report = Report::default();
    for (name, text) in files.iter().filter(|(name, _)| name.ends_with(".json")) {
        report.run(name, &serde_json::from_slice(text).unwrap());
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
