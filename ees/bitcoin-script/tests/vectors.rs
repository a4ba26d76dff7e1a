//! The vectors of Bitcoin Core and of BIP 341.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use outrider_bitcoin_script::{Flags, policy::Policy, primitives::Transaction};
use support::{
    case::{flags, script_tests, taproot_tests, transaction_test},
    hex,
    input::{Case, all_flags, trim},
    json,
};

#[test]
fn script_tests_have_the_results_of_bitcoin_core() {
    for (case, expected) in script_tests() {
        let got = case.verify().map_err(|error| error.reason.name());
        assert_eq!(got.err().unwrap_or("OK"), expected, "{}", case.name);
    }
}

fn all_rules() -> (Flags, Policy) {
    (Flags::all(), Policy::all())
}

fn are_valid(cases: &[Case], (flags, policy): (Flags, Policy)) -> bool {
    cases.iter().all(|case| case.verify_with(flags, policy).is_ok())
}

/// Returns the rules without each single one.
fn without_one(rules: (Flags, Policy)) -> Vec<(Flags, Policy)> {
    let flags = rules.0.iter().map(|flag| (rules.0 - flag, rules.1));
    flags.chain(rules.1.iter().map(|policy| (rules.0, rules.1 - policy))).map(trim).collect()
}

#[test]
fn valid_transactions_are_valid_under_all_rules_but_the_named_ones() {
    for row in json("bitcoin-core/tx_valid.json") {
        let cases = transaction_test(&row);
        let excluded = (cases[0].flags, cases[0].policy);
        let remaining = |excluded: (Flags, Policy)| (all_rules().0 - excluded.0, all_rules().1 - excluded.1);
        let rules = remaining(excluded);
        assert!(trim(rules) == rules, "the flags of {row} fit each other");
        assert!(are_valid(&cases, rules), "{row}");
        for fewer in without_one(rules) {
            assert!(are_valid(&cases, fewer), "{row} under {fewer:?}");
        }
        // With any rule more, it is invalid.
        for less_excluded in without_one(excluded) {
            let more = remaining(less_excluded);
            assert!(!are_valid(&cases, more), "{row} under {more:?}");
        }
    }
}

#[test]
fn invalid_transactions_are_invalid_exactly_under_the_named_rules() {
    for row in json("bitcoin-core/tx_invalid.json") {
        let names = row[2].as_str().unwrap();
        if names == "BADTX" {
            let bytes = hex(row[1].as_str().unwrap());
            let decoded = bitcoin_consensus_encoding::decode_from_slice::<Transaction>(&bytes);
            assert!(decoded.is_err(), "{row}");
            continue;
        }
        let cases = transaction_test(&row);
        let rules = flags(names);
        assert!(!are_valid(&cases, rules), "{row}");
        assert!(!are_valid(&cases, all_rules()), "{row}");
        for fewer in without_one(rules) {
            assert!(are_valid(&cases, fewer), "{row} under {fewer:?}");
        }
    }
}

#[test]
fn the_taproot_corpus_has_the_same_results_under_every_set_of_flags() {
    let sets = all_flags();
    let mut n = 0;
    for (case, is_valid, is_final) in taproot_tests() {
        for flags in &sets {
            // What is valid stays so with fewer rules, and what is invalid with more.
            let is_defined =
                if is_valid { is_final || case.flags.contains(*flags) } else { flags.contains(case.flags) };
            if is_defined {
                let got = case.verify_with(*flags, Policy::empty());
                assert_eq!(got.is_ok(), is_valid, "{} under {flags:?}: {got:?}", case.name);
                n += 1;
            }
        }
    }
    println!("{n} verifications");
}
