//! Tests of a node with votes on shards and with shard blocks.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use outrider_beacon::node::Node;
use outrider_beacon_spec::{
    accessors::{get_beacon_committee, get_committee_count_per_slot, get_domain},
    bls::{aggregate, sign},
    compute::compute_signing_root,
    constants::{DOMAIN_BEACON_ATTESTER, DOMAIN_SHARD_PROPOSAL},
    containers::{
        AttestationData, Checkpoint, ShardBlock, ShardVote, SignedShardBlock, misc::AggregationBits,
    },
    error::Error,
    fork_choice::on_attestation,
    hash::hash_tree_root,
    phase::Phase1,
    phase1::{
        Attestation, BeaconBlock, BeaconBlockBody, BeaconState, compute_shard_from_committee_index,
        fork_choice::{get_shard_head, on_shard_block},
        get_shard_proposer_index, upgrade_to_phase1,
    },
    preset::Minimal,
    signatures::Signatures,
    transition::process_slots,
    types::{BLSSignature, DomainType, Root},
};
use outrider_sim::{Simulator, interop_secret_key};
use tree_hash::TreeHash;

const SHARD: u64 = 1;

/// Returns the genesis state.
fn genesis() -> BeaconState<Minimal> {
    let simulator = Simulator::<Minimal>::new(64).unwrap();
    let mut state = upgrade_to_phase1(simulator.head().unwrap().1).unwrap();
    // The genesis block is a block of phase 1.
    state.latest_block_header.body_root = hash_tree_root(&BeaconBlockBody::<Minimal>::default());
    state.root();
    state
}

/// Returns a node that holds only a genesis state, and the root of the state's block.
fn node(state: &BeaconState<Minimal>) -> (Node<Phase1<Minimal>>, Root) {
    let block = BeaconBlock::<Minimal> { state_root: state.clone().root(), ..BeaconBlock::default() };
    let root = hash_tree_root(&block);
    (Node::new(state.clone(), block).unwrap(), root)
}

fn tick_to(node: &mut Node<Phase1<Minimal>>, slot: u64) {
    let time = node.store().genesis_time + slot * 6;
    node.on_tick(time).unwrap();
}

fn signature(
    state: &BeaconState<Minimal>,
    index: u64,
    message: &impl TreeHash,
    domain: DomainType,
) -> BLSSignature {
    let signing_root = compute_signing_root(message, get_domain(state, domain, None));
    sign(&interop_secret_key(index), signing_root.as_slice()).unwrap()
}

fn block(
    state: &BeaconState<Minimal>,
    anchor: Root,
    parent: Root,
    slot: u64,
    body: &[u8],
) -> SignedShardBlock {
    let message = ShardBlock {
        shard_parent_root: parent,
        beacon_parent_root: anchor,
        slot,
        shard: SHARD,
        proposer_index: get_shard_proposer_index(state, slot, SHARD).unwrap(),
        body: body.to_vec().try_into().unwrap(),
    };
    let signature = signature(state, message.proposer_index, &message, DOMAIN_SHARD_PROPOSAL);
    SignedShardBlock { message, signature }
}

/// Returns a committee's vote for a shard block, by the state of its epoch.
fn vote(
    state: &BeaconState<Minimal>,
    anchor: Root,
    (slot, index): (u64, u64),
    shard: u64,
    shard_head_root: Root,
) -> Attestation<Minimal> {
    let data = AttestationData {
        slot,
        index,
        beacon_block_root: anchor,
        source: Checkpoint::default(),
        target: Checkpoint { epoch: slot / 8, root: anchor },
        extension: ShardVote { shard, shard_head_root, shard_transition_root: Root::ZERO },
    };
    let committee = get_beacon_committee(state, slot, index).unwrap();
    let mut aggregation_bits = AggregationBits::with_capacity(committee.len()).unwrap();
    (0..committee.len()).for_each(|bit| aggregation_bits.set(bit, true).unwrap());
    let signatures: Vec<_> =
        committee.iter().map(|member| signature(state, *member, &data, DOMAIN_BEACON_ATTESTER)).collect();
    Attestation { aggregation_bits, data, signature: aggregate(&signatures).unwrap() }
}

#[test]
fn a_vote_for_an_unknown_block_counts_once_the_block_arrives() {
    let state = genesis();
    let (mut node, anchor) = node(&state);
    tick_to(&mut node, 10);
    let blocks = [b"one", b"two"].map(|body| block(&state, anchor, Root::ZERO, 1, body));
    let mut sorted = blocks.each_ref().map(|block| (hash_tree_root(&block.message), block));
    sorted.sort_unstable_by_key(|(root, _)| *root);
    let [(lesser, late), (greater, early)] = sorted;

    // The specification's store and the node get the same input: a vote for a block, and then the block.
    let vote = vote(&state, anchor, (2, 1), SHARD, lesser);
    let mut reference = node.store().clone();
    on_attestation(&mut reference, &vote).unwrap();
    on_shard_block(&mut reference, early).unwrap();
    assert_eq!(get_shard_head(&reference, SHARD), Err(Error::UnknownBlock));

    node.on_attestation(&vote).unwrap();
    assert_eq!(node.shard_head(SHARD), Ok(Root::ZERO));
    node.on_shard_block(early).unwrap();
    assert_eq!(node.shard_head(SHARD), Ok(greater));
    node.on_shard_block(late).unwrap();
    assert_eq!(node.shard_head(SHARD), Ok(lesser));
    assert_eq!(node.pending_shard_blocks(SHARD), Ok(vec![Arc::new(late.clone())]));
    assert_eq!(node.shard_head(0), Ok(Root::ZERO));
    assert_eq!(node.shard_head(2), Err(Error::IndexOutOfRange));
}

#[test]
fn a_committee_votes_on_its_own_shard_only() {
    // At first there are few validators, so a slot has one committee, and shards take turns; later a slot has two.
    let mut state = genesis();
    for index in 40..64 {
        state.validators.get_mut(index).unwrap().activation_epoch = 3;
    }
    state.current_epoch_start_shard = 1;
    state.root();
    let (node, anchor) = node(&state);
    let mut counts = Vec::new();
    for epoch in 0..=6 {
        let mut advanced = state.clone();
        if epoch > 0 {
            process_slots(&mut advanced, epoch * 8).unwrap();
        }
        let n_committees = get_committee_count_per_slot(&advanced, epoch);
        counts.push(n_committees);
        for (slot, index) in
            [3, 4].into_iter().flat_map(|s| (0..n_committees).map(move |i| (epoch * 8 + s, i)))
        {
            let shard = compute_shard_from_committee_index(&advanced, index, slot).unwrap();
            let mut node = node.clone();
            tick_to(&mut node, slot + 1);
            let other = vote(&advanced, anchor, (slot, index), 1 - shard, Root::ZERO);
            let wrong_shard = Error::AttestationShard { got: 1 - shard, expected: shard };
            assert_eq!(node.on_attestation(&other), Err(wrong_shard), "slot {slot}");
            assert!(node.store().shard_stores.values().all(|store| store.latest_messages.is_empty()));
            // The specification accepts this vote.
            on_attestation(&mut node.store().clone(), &other).unwrap();
            let own = vote(&advanced, anchor, (slot, index), shard, Root::ZERO);
            assert_eq!(node.on_attestation(&own), Ok(()), "slot {slot}");
            assert!(!node.store().shard_stores[&shard].latest_messages.is_empty());
        }
    }
    counts.dedup();
    assert_eq!(counts, [1, 2], "the number of committees has changed");
}

#[test]
fn a_shard_block_is_later_than_its_parent() {
    let state = genesis();
    let (mut node, anchor) = node(&state);
    tick_to(&mut node, 10);
    let parent = block(&state, anchor, Root::ZERO, 3, b"parent");
    node.on_shard_block(&parent).unwrap();
    // A known block is accepted again, whatever its signature.
    let again = SignedShardBlock { signature: BLSSignature::ZERO, ..parent.clone() };
    assert_eq!(node.on_shard_block(&again), Ok(()));
    let root = hash_tree_root(&parent.message);
    for slot in [2, 3] {
        let child = block(&state, anchor, root, slot, b"child");
        on_shard_block(&mut node.store().clone(), &child).unwrap();
        assert_eq!(node.on_shard_block(&child), Err(Error::ShardBlockNotLater { got: slot, expected: 3 }));
    }
    assert_eq!(node.store().shard_stores[&SHARD].signed_blocks.len(), 2);
    let child = block(&state, anchor, root, 5, b"child");
    node.on_shard_block(&child).unwrap();
    assert_eq!(node.shard_head(SHARD), Ok(hash_tree_root(&child.message)));
}

#[test]
fn signatures_of_attestations_are_verified_unless_the_caller_takes_them_as_valid() {
    let state = genesis();
    let (mut node, anchor) = node(&state);
    tick_to(&mut node, 10);
    let mut vote = vote(&state, anchor, (2, 1), SHARD, Root::ZERO);
    vote.signature = vote_signature_of_nobody();
    assert_eq!(node.on_attestation(&vote), Err(Error::AttestationSignature));
    assert!(node.store().latest_messages.is_empty());
    assert_eq!(node.on_attestation_with(&vote, &mut Signatures::Ignored), Ok(()));
    assert_eq!(node.store().latest_messages.len(), 4);
    // All other checks remain.
    vote.data.extension.shard ^= 1;
    let wrong_shard = Error::AttestationShard { got: 1 - SHARD, expected: SHARD };
    assert_eq!(node.on_attestation_with(&vote, &mut Signatures::Ignored), Err(wrong_shard));
}

fn vote_signature_of_nobody() -> BLSSignature {
    sign(&interop_secret_key(99), b"another message").unwrap()
}

#[test]
fn only_blocks_on_the_beacon_block_of_their_slot_can_be_crosslinked() {
    let state = genesis();
    let (mut node, anchor) = node(&state);
    tick_to(&mut node, 10);
    let first = block(&state, anchor, Root::ZERO, 1, b"first");
    let second = block(&state, anchor, hash_tree_root(&first.message), 3, b"second");
    for block in [&first, &second] {
        node.on_shard_block(block).unwrap();
    }
    // The anchor is the beacon block of each slot on it.
    let both = || [&first, &second].map(|block| Arc::new(block.clone())).to_vec();
    assert_eq!(node.crosslinkable_shard_blocks(SHARD, anchor), Ok(both()));
    assert_eq!(node.crosslinkable_shard_blocks(0, anchor), Ok(vec![]));
    assert_eq!(node.crosslinkable_shard_blocks(2, anchor), Err(Error::IndexOutOfRange));
    assert_eq!(node.crosslinkable_shard_blocks(SHARD, Root::repeat_byte(1)), Err(Error::UnknownBlock));
    // The next block would crosslink the first one after 127 slots, and then after 128.
    tick_to(&mut node, 127);
    assert_eq!(node.crosslinkable_shard_blocks(SHARD, anchor), Ok(both()));
    tick_to(&mut node, 128);
    assert_eq!(node.crosslinkable_shard_blocks(SHARD, anchor), Ok(vec![]));
}
