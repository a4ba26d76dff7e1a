//! Excerpts of published tests; see `tests/data/README.md`.

use outrider_evm_codec::Payload;
use outrider_sdk::harness::StateProvider;
use serde_json::Value;

use crate::published::{self, Chain, Report, bytes_of};

/// Two blocks of Cancun; the second uses hashes of blocks, and calls contracts that store them.
pub(crate) const BLOCK_HASHES: &str = include_str!("../data/block-hashes.json");

/// A block of Prague with a request for a withdrawal, and an empty one.
pub(crate) const WITHDRAWAL_REQUEST: &str = include_str!("../data/withdrawal-request.json");

/// Blocks of Amsterdam: one with delegations, and an almost empty one.
pub(crate) const AMSTERDAM: &str =
    include_str!("../../../../native/evm-tests/tests/data/execution-witness.json");

#[track_caller]
fn check(excerpt: &str) {
    let mut report = Report::default();
    report.run("excerpt", &serde_json::from_str(excerpt).unwrap());
    assert_eq!(report.failed, [""; 0]);
    assert_eq!(report.skipped, [""; 0]);
    assert!(report.passed > 0);
}

/// Returns the block after the first `n_before` of a blockchain test: the state before it, and the payload with all
/// ancestors.
pub(crate) fn block(excerpt: &str, n_before: usize) -> (StateProvider, Payload) {
    let tests: Value = serde_json::from_str(excerpt).unwrap();
    let test = tests.as_object().unwrap().values().next().unwrap();
    let mut chain = Chain::new(&bytes_of(&test["genesisRLP"]), &test["pre"]);
    let blocks: Vec<_> =
        test["blocks"].as_array().unwrap().iter().map(|block| bytes_of(&block["rlp"])).collect();
    let rules = || published::rules_of_network(test);
    blocks[..n_before].iter().for_each(|block| chain.import(block, rules()).unwrap());
    chain.payload(&blocks[n_before], rules())
}

#[test]
fn hashes_of_blocks_come_from_ancestors() {
    check(BLOCK_HASHES);
}

#[test]
fn ommers_are_rewarded_and_homestead_comes() {
    check(include_str!("../data/ommers.json"));
}

#[test]
fn paris_comes() {
    check(include_str!("../data/paris.json"));
}

#[test]
fn the_system_stores_the_root_of_the_beacon_chain_from_cancun_on() {
    check(include_str!("../data/beacon-root.json"));
}

#[test]
fn requests_are_collected() {
    check(WITHDRAWAL_REQUEST);
}

#[test]
fn growth_of_the_state_costs_state_gas_from_amsterdam_on() {
    check(AMSTERDAM);
}

#[test]
fn blocks_that_should_be_refused_are() {
    check(include_str!("../data/refused.json"));
}

#[test]
fn transactions_in_an_environment_are_executed() {
    check(include_str!("../data/state.json"));
}

#[test]
fn no_contract_is_created_where_storage_is() {
    check(include_str!("../data/collision.json"));
}
