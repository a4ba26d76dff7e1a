//! Packages: a provider makes blocks of what users and proposers want.

use bitcoin_primitives::Transaction;
use outrider_sdk::harness::Failure;
use utxo::{MergeError, Network, Payload, Proposal};

use crate::{
    builder::{block_of, chain_of, input, out_point, output, pay, propose, transaction},
    chain::{Chain, Error},
};

fn package(transaction: &Transaction) -> Payload<'static> {
    Payload::Transaction(transaction.clone())
}

#[track_caller]
fn check_merge(chain: &Chain, packages: &[Payload<'_>], expected: &str) {
    match chain.try_packages(packages) {
        Err(Failure::Refused(Error::Merge(error))) => assert_eq!(outrider_sdk::chain(&error), expected),
        other => panic!("{other:?}"),
    }
}

#[test]
fn packages_of_two_users_are_one_block() {
    let (mut chain, coins) = chain_of(103);
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
    let (chain, coins) = chain_of(103);
    let (alice, bob) = (pay(coins[0], &[5]), pay(coins[0], &[7]));
    let name = utxo::OutPoint::from(&coins[0]);
    let expected = format!("package 2: {name} is spent by package 1, too");
    check_merge(&chain, &[propose(104), package(&alice), package(&bob)], &expected);
    let genesis = Payload::Genesis(Network::Regtest);
    let alone =
        "package 1: a genesis, an assumed state or a block on one cannot be merged with other packages";
    check_merge(&chain, &[propose(104), genesis], alone);
    let other = Payload::Proposal(Proposal { time: 0, script: vec![], transactions: vec![] });
    let scripts = "package 1: the script of the coinbase is another than that of the proposal before";
    check_merge(&chain, &[propose(104), other], scripts);
    let broken = chain.try_packages(&[propose(104), Payload::Block([1][..].into())]).unwrap_err();
    assert!(outrider_sdk::chain(&broken).contains("package 1: the bytes are not a block"));
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
    let (chain, coins) = chain_of(103);
    let packages = [propose(104), package(&pay(coins[0], &[5])), package(&pay(coins[50], &[5]))];
    let text = outrider_sdk::chain(&chain.try_packages(&packages).unwrap_err());
    assert!(text.contains("transaction 2, ") && text.contains("needs 100"), "{text}");
}

/// A provider refuses what a shard would.
#[test]
fn a_proposal_that_is_too_heavy_is_refused() {
    let (chain, coins) = chain_of(103);
    let heavy = |coin: usize| {
        let output = output(1, &vec![0x6a; 600_000]);
        package(&transaction(vec![input(coins[coin])], vec![output]))
    };
    assert!(chain.try_packages(&[propose(104), heavy(0)]).is_ok());
    let text = outrider_sdk::chain(&chain.try_packages(&[propose(104), heavy(0), heavy(1)]).unwrap_err());
    assert!(text.contains("weight"), "{text}");
}

/// A package has no proof, and a provider makes the proof for the state of the moment.
#[test]
fn a_package_is_proven_again_after_ten_blocks() {
    let (mut chain, coins) = chain_of(115);
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

/// A block stands for the proposal of which it was made.
#[test]
fn blocks_that_were_built_are_packages() {
    let (mut chain, coins) = chain_of(103);
    let (alice, bob) = (pay(coins[0], &[5]), pay(coins[1], &[7]));
    let build = |transaction: &Transaction| {
        let provided = chain.try_packages(&[propose(104), package(transaction)]).unwrap();
        Payload::Block(bitcoin_consensus_encoding::encode_to_vec(&block_of(&provided.block_data)).into())
    };
    let blocks = [build(&alice), build(&bob)];
    let same = chain.try_packages(&[blocks[0].clone(), blocks[0].clone()]).unwrap_err();
    assert!(outrider_sdk::chain(&same).contains("is spent by package 0, too"));
    let block = block_of(&chain.accept_packages(&blocks).block_data);
    assert_eq!(block.as_parts().1[1..], [alice, bob]);
}
