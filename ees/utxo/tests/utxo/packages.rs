//! Packages: a provider makes blocks of what users and proposers want.

use bitcoin_primitives::Transaction;
use outrider_sdk::harness::Failure;
use outrider_witness::Hash;
use utxo::{MergeError, Network, Payload, Proposal, node_hash};

use crate::{
    builder::{ANYONE, block_of, chain_of, out_point, pay, propose, time},
    chain::{Chain, Error},
};

fn package(transaction: &Transaction) -> Payload {
    Payload::Transaction(transaction.clone())
}

#[track_caller]
fn check_merge(chain: &Chain, packages: &[Payload], expected: &str) {
    match chain.try_packages(packages) {
        Err(Failure::Refused(Error::Merge(error))) => assert_eq!(outrider_sdk::chain(&error), expected),
        other => panic!("{other:?}"),
    }
}

#[test]
fn packages_of_two_users_are_one_block() {
    let (mut chain, coins) = chain_of(Network::Regtest, 103);
    let (alice, bob) = (pay(coins[0], &[5, 6]), pay(coins[1], &[7]));
    let carol = pay(out_point(&alice, 1), &[6]);
    let packages = [package(&alice), propose(104), package(&bob), package(&carol)];
    let provided = chain.accept_packages(&packages);
    let block = block_of(&provided.block_data);
    let (_, transactions) = block.as_parts();
    assert_eq!(transactions[1..], [alice, bob, carol]);
    // The proposer gets the subsidy and all fees.
    assert_eq!(transactions[0].outputs[0].amount.to_sat(), 5_000_000_000 * 3 - 5 - 6 - 7);
}

#[test]
fn a_conflict_names_the_packages_and_the_output() {
    let (chain, coins) = chain_of(Network::Regtest, 103);
    let (alice, bob) = (pay(coins[0], &[5]), pay(coins[0], &[7]));
    let name = utxo::OutPoint::from(&coins[0]);
    let expected = format!("package 2: {name} is spent by package 1, too");
    check_merge(&chain, &[propose(104), package(&alice), package(&bob)], &expected);
    let genesis = Payload::Genesis(Network::Regtest);
    check_merge(
        &chain,
        &[propose(104), genesis],
        "package 1: only transactions can be merged with other packages",
    );
    check_merge(&chain, &[propose(104), propose(104)], "package 1: there is a proposal before");
    check_merge(
        &chain,
        &[package(&alice)],
        "no package is a proposal, which has the time and the proposer's script",
    );
    let broken = [vec![5], vec![1, 2, 3]].concat();
    let failure = chain.0.provide(&[broken], utxo::execute).unwrap_err();
    let Failure::Refused(Error::Merge(MergeError::Input { index: 0, .. })) = failure else {
        panic!("{failure:?}")
    };
}

#[test]
fn a_transaction_that_is_invalid_names_itself() {
    let (chain, coins) = chain_of(Network::Regtest, 103);
    let packages = [propose(104), package(&pay(coins[0], &[5])), package(&pay(coins[50], &[5]))];
    let text = outrider_sdk::chain(&chain.try_packages(&packages).unwrap_err());
    assert!(text.contains("transaction 2, ") && text.contains("needs 100"), "{text}");
}

/// A package has no proof, and a provider makes the proof for the state of the moment.
#[test]
fn a_package_is_proven_again_after_ten_blocks() {
    let (mut chain, coins) = chain_of(Network::Regtest, 115);
    let waiting = package(&pay(coins[14], &[5]));
    let first = chain.try_packages(&[propose(116), waiting.clone()]).unwrap();
    for height in 116..126 {
        let spend = package(&pay(coins[height as usize - 116], &[1, 2, 3]));
        chain.accept_packages(&[propose(height), spend]);
    }
    // The old block data is of an old state.
    let stale =
        outrider_sdk::harness::Execution::new(chain.0.root()).block_data(first.block_data).run(utxo::execute);
    assert!(stale.is_err());
    chain.accept_packages(&[propose(126), waiting]);
}

/// A reorganisation goes back to an old root, whose nodes are still there.
#[test]
fn a_provider_can_go_back() {
    let (mut chain, coins) = chain_of(Network::Regtest, 103);
    let common = chain.0.root();
    chain.accept_packages(&[propose(104), package(&pay(coins[0], &[5]))]);
    let nodes = chain.0.nodes().clone();
    let mut back = Chain(outrider_sdk::harness::StateProvider::with_state(common, nodes));
    let mut proposal = Proposal { time: time(104) + 1, script: ANYONE.to_vec(), transactions: vec![] };
    proposal.transactions.push(pay(coins[0], &[6]));
    back.accept(&Payload::Proposal(proposal));
    assert_eq!(back.tip().height, chain.tip().height);
    assert_ne!(back.0.root(), chain.0.root());
}

/// A long script is in several records of the index.
#[test]
fn scripts_of_all_lengths_are_spent() {
    let (mut chain, coins) = chain_of(Network::Regtest, 103);
    // Pushes of 500 bytes with drops between them, and a true element; a script without a false one is anyone's.
    let script =
        |n: usize| [[&[0x4d, 0xf4, 0x01][..], &[7; 500], &[0x75]].concat().repeat(n), vec![0x51]].concat();
    let lengths = [0, 1, 2, 3, 4, 19];
    let outputs = lengths.iter().map(|n| crate::builder::output(1, &script(*n))).collect();
    let maker = crate::builder::transaction(vec![crate::builder::input(coins[0])], outputs);
    chain.accept_packages(&[propose(104), package(&maker)]);
    let inputs = (0..6).map(|vout| crate::builder::input(out_point(&maker, vout))).collect();
    let spend = crate::builder::transaction(inputs, vec![crate::builder::output(6, ANYONE)]);
    chain.accept_packages(&[propose(105), package(&spend)]);
    assert!(chain.try_packages(&[propose(106), package(&spend)]).is_err());
}

/// The kind of a provider's store: the bytes of each node show its hash.
#[test]
fn nodes_have_the_hashes_under_which_they_are_put() {
    let (mut chain, coins) = chain_of(Network::Regtest, 103);
    let provided = chain.accept_packages(&[propose(104), package(&pay(coins[0], &[5; 40]))]);
    assert!(provided.new_nodes.len() > 40);
    for node in &provided.new_nodes {
        assert_eq!(node_hash(&node.bytes), Some(node.hash));
    }
    let tip = provided.new_nodes.last().unwrap();
    assert_eq!(tip.hash, Hash::from(chain.0.root()));
    // The roots of the forest, and that of the index.
    let n_branches = chain.tip().outputs.n_leaves() >> 1;
    assert_eq!(tip.children.len(), n_branches.count_ones() as usize + 1);
    assert_eq!(node_hash(&tip.bytes[..tip.bytes.len() - 1]), None);
    assert_eq!(node_hash(&[&tip.bytes[..], &[0]].concat()), None);
}
