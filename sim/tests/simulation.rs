//! A simulated chain of phase 1 whose validators are honest and online.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{crosslinked_slots, genesis, head, run, run_slot, shares, simulation};
use outrider_beacon_spec::preset::Preset;
use outrider_sim::{Network, Setup, SignatureMode, SimPreset, ViewSetup};
use ssz::Encode as _;

#[test]
fn all_of_64_shards_are_crosslinked_in_each_slot() {
    type C = SimPreset<64>;
    assert_eq!(C::N_VALIDATORS, 2048);
    let mut simulation = simulation::<C>(Setup::one_view(genesis(C::N_VALIDATORS, 1)));
    let blocks = run(&mut simulation, 2 * C::SLOTS_PER_EPOCH);
    assert_eq!(blocks.len(), 16);
    for block in &blocks {
        let message = &block.block.message;
        // One attestation of each committee, by all four members.
        assert_eq!(message.body.attestations.len(), 64, "slot {}", message.slot);
        for attestation in &message.body.attestations {
            assert_eq!(attestation.aggregation_bits.num_set_bits(), 4);
        }
        let n_light_client_votes = message.body.light_client_bits.iter().filter(|bit| *bit).count();
        assert_eq!(n_light_client_votes, 32);
        // The first block has no shard blocks, and each after it those of the slot before.
        let expected = if message.slot == 1 { vec![] } else { vec![message.slot - 1] };
        for shard in 0..64 {
            assert_eq!(crosslinked_slots(block, shard), expected, "shard {shard}");
        }
        assert_eq!(block.operations.executions.len(), 64 * expected.len());
    }
    let head = head(&simulation, 0);
    assert_eq!(head.state.slot, 16);
    assert!(head.state.shard_states.iter().all(|state| state.slot == 15));
}

/// Runs a chain of a number of shards until its third epoch is final.
fn check_finality<C: Preset>(n_validators: u64, n_shards: u64) {
    let mut simulation = simulation::<C>(Setup::one_view(genesis(n_validators, 2)));
    let blocks = run(&mut simulation, 5 * C::SLOTS_PER_EPOCH);
    assert_eq!(blocks.len(), 40);
    let finalized = simulation.views()[0].node().store().finalized_checkpoint.epoch;
    assert_eq!(finalized, 3, "two epochs behind the one that begins");
    let head = head(&simulation, 0);
    assert_eq!(head.state.shard_states.len() as u64, n_shards);
    assert!(head.state.shard_states.iter().all(|state| state.slot == 39));
    for shard in 0..n_shards {
        for slot in 1..40 {
            assert!(head.ledger.recent_execution_root(shard, slot).is_some(), "shard {shard}, slot {slot}");
        }
    }
}

#[test]
fn a_chain_of_four_shards_is_finalized() {
    check_finality::<SimPreset<4>>(128, 4);
}

#[test]
fn a_chain_of_one_shard_is_finalized() {
    check_finality::<SimPreset<1>>(32, 1);
}

#[test]
fn a_setup_decides_all_bytes() {
    let bytes = |seed, jitter_ms| {
        let mut setup = shares(genesis(64, seed), &[("A", 1), ("B", 1), ("C", 1)]);
        setup.network = Network { latency_ms: 100, jitter_ms, ..Network::default() };
        let mut simulation = simulation::<SimPreset<2>>(setup);
        run(&mut simulation, 10).iter().flat_map(|block| block.as_ssz_bytes()).collect::<Vec<_>>()
    };
    let first = bytes(1, 500);
    assert!(first == bytes(1, 500));
    assert!(first != bytes(2, 500));
    // A message that arrives a little later changes nothing, and one that comes too late changes the chain.
    assert!(first == bytes(1, 400));
    let late = bytes(1, 6_000);
    assert!(late == bytes(1, 6_000) && late != first);
}

#[test]
fn views_that_hear_the_same_make_the_blocks_of_one_view() {
    let blocks = |views: &[(&str, u32)]| {
        let mut simulation = simulation::<SimPreset<2>>(shares(genesis(64, 5), views));
        run(&mut simulation, 12).iter().map(|block| block.as_ssz_bytes()).collect::<Vec<_>>()
    };
    // Aggregates of aggregates are the same signatures.
    assert!(blocks(&[("one", 1)]) == blocks(&[("A", 2), ("B", 3), ("C", 5)]));
}

#[test]
fn a_late_view_follows_the_chain() {
    let mut setup = shares(genesis(64, 6), &[("honest", 4), ("late", 1)]);
    setup.views[1] = ViewSetup { lag_ms: 2_000, ..setup.views[1].clone() };
    let mut simulation = simulation::<SimPreset<2>>(setup);
    run(&mut simulation, 40);
    let finalized = simulation.views()[0].node().store().finalized_checkpoint.epoch;
    assert_eq!(finalized, 3);
    // Its last slot is over, so the late view has heard of all blocks.
    assert_eq!(simulation.views()[0].head().unwrap(), simulation.views()[1].head().unwrap());
}

#[test]
fn without_signatures_the_chain_is_the_same_in_all_but_signatures() {
    let blocks = |signatures| {
        let setup = Setup { signatures, ..Setup::one_view(genesis(64, 7)) };
        let mut simulation = simulation::<SimPreset<2>>(setup);
        (0..16).flat_map(|_| run_slot(&mut simulation)).collect::<Vec<_>>()
    };
    let (real, trusted) = (blocks(SignatureMode::Real), blocks(SignatureMode::Trusted));
    assert_eq!((real.len(), trusted.len()), (16, 16));
    for (real, trusted) in real.iter().zip(&trusted) {
        let (real, trusted) = (&real.block, &trusted.block);
        assert_eq!(real.message.proposer_index, trusted.message.proposer_index);
        assert_eq!(real.message.body.randao_reveal, trusted.message.body.randao_reveal);
        assert_eq!(real.message.body.attestations.len(), trusted.message.body.attestations.len());
        assert_ne!(real.signature, trusted.signature);
    }
}
