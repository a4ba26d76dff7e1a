//! Bounded runs of the fuzz targets, without search: on real bytes, on damaged copies of them, and on random bytes.
//! `fuzz/README.md` explains how to search.

use outrider_witness::NodeSource as _;
use proptest::{collection::vec, prelude::*, sample::Index, test_runner::TestRunner};
use utxo::{AssumedState, Digest, Network, Payload, Proposal};

use crate::{
    builder::{pay, propose, unknown_output},
    example::{ASSUMED, Example, KNOWN},
    oracle,
};

fn examples() -> [&'static Example; 2] {
    [&KNOWN, &ASSUMED]
}

/// Runs a target on seeds, which it has to accept, on each of them with some bytes changed, and on random bytes.
fn run(seeds: Vec<Vec<u8>>, cases: u32, oracle: impl Fn(&[u8]) -> bool) {
    for (index, seed) in seeds.iter().enumerate() {
        assert!(oracle(seed), "seed {index} is refused");
        // Every beginning, too.
        (0..seed.len().min(300)).for_each(|end| _ = oracle(&seed[..end]));
    }
    let changes = vec((any::<Index>(), 0..3_usize, vec(any::<u8>(), 0..3)), 1..5);
    let damaged = (prop::sample::select(seeds), changes).prop_map(|(mut seed, changes)| {
        for (at, n_taken, put) in changes {
            let at = at.index(seed.len() + 1);
            seed.splice(at..seed.len().min(at + n_taken), put);
        }
        seed
    });
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let inputs = prop_oneof![3 => damaged, 1 => vec(any::<u8>(), 0..300)];
    let run = |input: Vec<u8>| {
        oracle(&input);
        Ok(())
    };
    TestRunner::new(config).run(&inputs, run).unwrap();
}

#[test]
fn payloads_are_refused_or_have_one_encoding() {
    let transactions = vec![pay(unknown_output(1), &[1, 2]), pay(unknown_output(2), &[3])];
    let empty =
        AssumedState { network: Network::Main, height: 7, block_hash: Digest([7; 32]), outputs: vec![] };
    let kinds = [
        Payload::Genesis(Network::Signet),
        Payload::AssumedState(empty),
        propose(5),
        Payload::Transaction(pay(unknown_output(3), &[4])),
        Payload::Proposal(Proposal { time: 3, script: vec![7; 300], transactions }),
    ];
    let mut seeds: Vec<Vec<u8>> = kinds.iter().map(Payload::to_bytes).collect();
    seeds.extend(examples().map(|example| example.payload.clone()));
    run(seeds, 2_000, oracle::payload);
}

#[test]
fn tips_are_refused_or_have_one_encoding() {
    let node = |example: &Example| example.chain.0.nodes().node(&example.chain.0.root().into()).unwrap();
    run(examples().map(|example| node(example).to_vec()).to_vec(), 2_000, oracle::tip);
}

#[test]
fn witnesses_are_refused_or_have_one_encoding() {
    run(examples().map(|example| example.witness.clone()).to_vec(), 2_000, oracle::witness);
}

#[test]
fn block_data_are_executed_or_refused() {
    run(examples().map(Example::block_data).to_vec(), 500, oracle::block_data);
}

/// Without a change, the block stays valid, also if it is made again.
#[test]
fn changed_blocks_are_refused_or_are_those_of_a_provider() {
    let seeds = [0, 1, 2, 8, 12, 14].into_iter().flat_map(|flags| [flags, flags | 16]);
    run(seeds.map(|flags| vec![flags]).collect(), 500, oracle::changed_block);
    let version = KNOWN.witness.len() + 1;
    let [low, high] = u16::try_from(version).unwrap().to_le_bytes();
    let other_version = [8, low, high, 1, 1, 9];
    assert!(oracle::changed_block(&other_version), "a block with another version and its work");
    assert!(!oracle::changed_block(&[0, low, high, 1, 0]), "a block without its first byte");
}
