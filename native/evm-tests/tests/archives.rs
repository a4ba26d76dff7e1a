//! Ethereum's own tests, executed by the EE without an engine. Each refusal must have a reason that matches the test's.
//!
//! `outrider evm test` does the same in wasm. Two archives that take longer than all others are left to it.

#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, or says why it is skipped"
)]

mod support;

use outrider_evm_tests::exception::{Comparison, compare};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use support::{
    cases::{Outcomes, Refusal},
    files,
};

/// Checks how many cases of an archive pass, how many cannot be run, and how many have a refusal.
#[track_caller]
fn check(archive: &str, n_passed: usize, n_not_run: usize, n_refusals: usize) {
    let Some(files) = files(&format!("ethereum-tests/{archive}.tar.gz")) else { return };
    let outcomes = files.par_iter().map(|(path, json)| Outcomes::of_file(path, json));
    let outcomes = outcomes.reduce(Outcomes::default, Outcomes::and);
    assert_eq!(outcomes.failed, [""; 0]);
    let others: Vec<&Refusal> = outcomes
        .refusals
        .iter()
        .filter(|refusal| compare(&refusal.exception, &refusal.words) != Comparison::Same)
        .collect();
    assert!(others.is_empty(), "refused for another reason: {others:#?}");
    let counts = (outcomes.n_passed, outcomes.n_not_run, outcomes.refusals.len());
    assert_eq!(counts, (n_passed, n_not_run, n_refusals));
}

#[test]
fn state_tests_pass() {
    check("state-tests-eest-v5.4-new-forks", 306, 0, 37);
    check("state-tests-eest-v5.4-older-forks", 63, 0, 0);
    check("state-tests-frontier-to-constantinople", 1477, 0, 0);
    check("state-tests-istanbul-to-cancun", 1182, 0, 10);
}

#[test]
fn blockchain_tests_pass() {
    check("blockchain-tests-cancun", 83, 0, 39);
    check("blockchain-tests-eest-v5.4", 60, 0, 7);
    check("blockchain-tests-from-state", 19, 0, 0);
    check("blockchain-tests-frontier-to-constantinople", 174, 0, 0);
    check("blockchain-tests-istanbul-to-cancun", 222, 0, 46);
    check("blockchain-tests-transition", 10, 0, 15);
}

#[test]
fn blocks_with_execution_witnesses_pass() {
    check("blockchain-tests-zkevm-witness-amsterdam", 37, 0, 8);
}

#[test]
fn transaction_tests_pass() {
    check("transaction-tests", 1339, 17, 1081);
}
