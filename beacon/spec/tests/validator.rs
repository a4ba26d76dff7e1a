//! Tests of the transitions that the honest validator's guide of phase 1 defines.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use outrider_beacon_spec::{
    accessors::get_beacon_committee,
    bls::{aggregate, sign},
    containers::{
        AttestationData, ShardBlock, ShardState, ShardTransition, ShardVote, SignedShardBlock,
        misc::AggregationBits,
    },
    error::Error,
    hash::hash_tree_root,
    phase1::{
        Attestation, BeaconState, compute_shard_from_committee_index, get_shard_transition,
        get_shard_winning_roots, upgrade_to_phase1,
    },
    preset::Minimal,
    transition::process_slots,
    types::{BLSSignature, Root},
};
use outrider_sim::{Simulator, interop_secret_key};

const SHARD: u64 = 1;

fn state(slot: u64) -> BeaconState<Minimal> {
    let simulator = Simulator::<Minimal>::new(64).unwrap();
    let mut state = upgrade_to_phase1(simulator.head().unwrap().1).unwrap();
    if slot > 0 {
        process_slots(&mut state, slot).unwrap();
    }
    state
}

fn block(slot: u64, shard_parent_root: Root, body: &[u8]) -> SignedShardBlock {
    let body = body.to_vec().try_into().unwrap();
    let message = ShardBlock { shard_parent_root, slot, shard: SHARD, body, ..ShardBlock::default() };
    let signature = sign(&interop_secret_key(slot), hash_tree_root(&message).as_slice()).unwrap();
    SignedShardBlock { message, signature }
}

#[test]
fn a_transition_has_an_element_for_each_offset_slot_up_to_the_state() {
    // The offset slots after slot 4 are 5, 6, 7, 9, and then 12.
    let mut state = state(11);
    let crosslinked = Root::repeat_byte(0xcc);
    state.shard_states[SHARD as usize] =
        ShardState { slot: 4, gasprice: 1000, latest_block_root: crosslinked };
    let first = block(6, crosslinked, &[1; 100]);
    let first_root = hash_tree_root(&first.message);
    let second = block(9, first_root, &[2; 1]);
    let second_root = hash_tree_root(&second.message);
    let data_roots = [&first, &second].map(|block| hash_tree_root(&block.message.body));

    let after = |slot, gasprice, latest_block_root| ShardState { slot, gasprice, latest_block_root };
    let expected = ShardTransition {
        start_slot: 5,
        shard_block_lengths: vec![0, 100, 0, 1].try_into().unwrap(),
        shard_data_roots: vec![Root::ZERO, data_roots[0], Root::ZERO, data_roots[1]].try_into().unwrap(),
        // An eighth less for each empty slot: 1000 - 1000 / 8 = 875. With 100 of 262,144 bytes,
        // 875 * 262,044 / 262,144 = 874, so 875 - 874 / 8 = 766; and so on.
        shard_states: vec![
            after(5, 875, crosslinked),
            after(6, 766, first_root),
            after(7, 671, first_root),
            after(9, 588, second_root),
        ]
        .try_into()
        .unwrap(),
        proposer_signature_aggregate: aggregate(&[first.signature, second.signature]).unwrap(),
    };
    assert_eq!(get_shard_transition(&state, SHARD, &[first, second].map(Arc::new)), Ok(expected));
}

#[test]
fn a_transition_without_blocks_has_no_signature_and_that_of_the_genesis_slot_is_empty() {
    let transition = get_shard_transition(&state(2), SHARD, &[]).unwrap();
    assert_eq!(transition.start_slot, 1);
    assert_eq!(*transition.shard_block_lengths, [0, 0]);
    assert_eq!(*transition.shard_data_roots, [Root::ZERO; 2]);
    assert!(transition.shard_states.iter().all(|state| state.latest_block_root == Root::ZERO));
    assert_eq!(transition.proposer_signature_aggregate, BLSSignature::ZERO);
    assert_eq!(get_shard_transition(&state(0), SHARD, &[]), Ok(ShardTransition::default()));
}

#[test]
fn blocks_that_make_no_transition_are_refused() {
    let unsigned = SignedShardBlock { signature: BLSSignature::ZERO, ..block(1, Root::ZERO, &[1]) };
    assert_eq!(
        get_shard_transition(&state(2), SHARD, &[Arc::new(unsigned)]),
        Err(Error::ShardProposersSignature)
    );
    assert_eq!(get_shard_transition(&state(2), 2, &[]), Err(Error::IndexOutOfRange));
}

/// Returns the vote of some members of a committee of slot 2 for a transition.
fn vote(state: &BeaconState<Minimal>, index: u64, members: &[usize], root: u8) -> Attestation<Minimal> {
    let length = get_beacon_committee(state, 2, index).unwrap().len();
    assert_eq!(length, 4);
    let mut aggregation_bits = AggregationBits::with_capacity(length).unwrap();
    members.iter().for_each(|member| aggregation_bits.set(*member, true).unwrap());
    let shard_transition_root = Root::repeat_byte(root);
    let extension = ShardVote { shard_transition_root, ..ShardVote::default() };
    let data = AttestationData { slot: 2, index, extension, ..AttestationData::default() };
    Attestation::<Minimal> { aggregation_bits, data, signature: BLSSignature::ZERO }
}

#[test]
fn a_transition_wins_with_two_thirds_of_the_online_committee() {
    let mut state = state(3);
    let shards = [0, 1].map(|index| compute_shard_from_committee_index(&state, index, 2).unwrap());
    assert_ne!(shards[0], shards[1]);
    let won = |state: &_, votes: &[_]| get_shard_winning_roots::<Minimal>(state, votes).unwrap();
    let root = Root::repeat_byte;

    assert_eq!(won(&state, &[]), []);
    assert_eq!(won(&state, &[vote(&state, 0, &[0, 1, 2], 7)]), [(shards[0], root(7))], "three of four");
    assert_eq!(won(&state, &[vote(&state, 1, &[0, 3], 7)]), [], "two of four");
    // Attestations with the same root add up, and each member counts once.
    let parts = [vote(&state, 1, &[0, 3], 7), vote(&state, 1, &[3, 1], 7)];
    assert_eq!(won(&state, &parts), [(shards[1], root(7))]);
    assert_eq!(won(&state, &[parts[0].clone(), parts[0].clone()]), []);
    let split = [vote(&state, 0, &[0, 1], 7), vote(&state, 0, &[2, 3], 8)];
    assert_eq!(won(&state, &split), []);
    let mut late = vote(&state, 0, &[0, 1, 2], 7);
    late.data.slot = 1;
    assert_eq!(won(&state, &[late]), [], "only those of the previous slot");

    let offline = get_beacon_committee(&state, 2, 0).unwrap();
    for member in &offline[2..] {
        *state.online_countdown.get_mut(*member as usize).unwrap() = 0;
    }
    state.root();
    let votes = [vote(&state, 0, &[0, 1], 8), vote(&state, 1, &[0, 1], 8)];
    assert_eq!(won(&state, &votes), [(shards[0], root(8))], "two of two who are online");
    assert_eq!(won(&state, &[vote(&state, 0, &[0, 2, 3], 8)]), [], "one of two who are online");
    let wrong = Attestation::<Minimal> {
        aggregation_bits: AggregationBits::with_capacity(3).unwrap(),
        ..vote(&state, 0, &[], 8)
    };
    assert!(get_shard_winning_roots::<Minimal>(&state, &[wrong]).is_err());
}
