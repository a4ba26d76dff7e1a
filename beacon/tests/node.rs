//! Tests of a node beside the specification's store, and with forged attestations.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use milhouse::List;
use outrider_beacon::node::Node;
use outrider_beacon_spec::{
    accessors::{get_beacon_committee, get_committee_count_per_slot, get_domain},
    bls::{aggregate, sign},
    compute::compute_signing_root,
    constants::{DOMAIN_BEACON_ATTESTER, FAR_FUTURE_EPOCH},
    containers::{Attestation, AttestationData, BeaconBlock, BeaconState, Checkpoint, misc::AggregationBits},
    error::Error,
    fork_choice::{get_head, on_attestation, on_block, on_tick},
    hash::hash_tree_root,
    phase::Phase0,
    preset::Minimal,
    transition::process_slots,
    types::{BLSSignature, Root},
};
use outrider_sim::{Simulator, interop_secret_key};

type P = Phase0<Minimal>;

/// Returns the attestation of a committee, by the state of its epoch, with `root` as head and target.
fn attestation(state: &BeaconState<P>, slot: u64, index: u64, root: Root) -> Attestation<P> {
    let data = AttestationData {
        slot,
        index,
        beacon_block_root: root,
        source: Checkpoint::default(),
        target: Checkpoint { epoch: slot / 8, root },
        extension: (),
    };
    let committee = get_beacon_committee(state, slot, index).unwrap();
    let signing_root = compute_signing_root(&data, get_domain(state, DOMAIN_BEACON_ATTESTER, Some(slot / 8)));
    let signatures: Vec<_> = committee
        .iter()
        .map(|member| sign(&interop_secret_key(*member), signing_root.as_slice()).unwrap())
        .collect();
    let mut aggregation_bits = AggregationBits::with_capacity(committee.len()).unwrap();
    (0..committee.len()).for_each(|bit| aggregation_bits.set(bit, true).unwrap());
    Attestation { aggregation_bits, data, signature: aggregate(&signatures).unwrap() }
}

/// Returns a node that holds only a state, and the root of the state's block.
fn node(state: &BeaconState<P>) -> (Node<P>, Root) {
    let block = BeaconBlock { state_root: state.clone().root(), ..BeaconBlock::default() };
    let root = hash_tree_root(&block);
    (Node::new(state.clone(), block).unwrap(), root)
}

fn genesis() -> BeaconState<P> {
    Simulator::<Minimal>::new(64).unwrap().head().unwrap().1.clone()
}

fn tick_to(node: &mut Node<P>, slot: u64) {
    let time = node.store().genesis_time + slot * 6;
    node.on_tick(time).unwrap();
}

fn forged(attestation: &Attestation<P>) -> Attestation<P> {
    let signature = sign(&interop_secret_key(0), b"something else").unwrap();
    Attestation { signature, ..attestation.clone() }
}

#[test]
fn a_node_has_the_head_of_the_specification_and_prunes_the_past() {
    let mut simulator = Simulator::<Minimal>::new(64).unwrap();
    let mut reference = simulator.store().clone();
    let (root, state) = simulator.head().unwrap();
    let mut node = Node::new(state.clone(), reference.blocks[&root].clone()).unwrap();
    let mut n_equivocations = 0;
    for slot in 1..=96 {
        // In each slot, another quarter of the validators is offline, and some proposers equivocate.
        simulator.offline = (0..16).map(|number| (number * 5 + slot) % 64).collect();
        simulator.equivocating = (0..64).filter(|validator| validator % 8 == 3).collect();
        let blocks = simulator.run_slot().unwrap();
        n_equivocations += blocks.len().saturating_sub(1);
        let time = simulator.store().time;
        on_tick(&mut reference, time).unwrap();
        node.on_tick(time).unwrap();
        for block in &blocks {
            on_block(&mut reference, block).unwrap();
            node.on_block(block).unwrap();
            for attestation in &block.message.body.attestations {
                let outcome = on_attestation(&mut reference, attestation);
                assert_eq!(node.on_attestation(attestation), outcome, "slot {slot}");
            }
        }
        assert_eq!(node.head().unwrap(), get_head(&reference).unwrap(), "slot {slot}");
        assert_eq!(node.store().finalized_checkpoint, reference.finalized_checkpoint);
        assert_eq!(node.store().justified_checkpoint, reference.justified_checkpoint);
    }
    assert!(n_equivocations > 0);
    assert!(node.store().finalized_checkpoint.epoch > 6);
    let finalized_slot = node.store().blocks[&node.store().finalized_checkpoint.root].slot;
    assert!(node.store().blocks.values().all(|block| block.slot >= finalized_slot));
    let (n_kept, n_blocks) = (node.store().blocks.len(), reference.blocks.len());
    assert!(n_kept < 40 && 2 * n_kept < n_blocks, "{n_kept} of {n_blocks} blocks");
    assert_eq!(node.store().blocks.len(), node.store().block_states.len());
    assert_eq!(node.store().checkpoint_states.len(), 1, "only the justified one");
}

#[test]
fn a_known_block_is_not_executed_again() {
    let mut simulator = Simulator::<Minimal>::new(64).unwrap();
    let (root, state) = simulator.head().unwrap();
    let mut node = Node::new(state.clone(), simulator.store().blocks[&root].clone()).unwrap();
    let [block] = simulator.run_slot().unwrap().try_into().unwrap();
    tick_to(&mut node, 1);
    node.on_block(&block).unwrap();
    // The signature would be refused.
    let again =
        outrider_beacon_spec::containers::SignedBeaconBlock { signature: BLSSignature::ZERO, ..block };
    assert_eq!(node.on_block(&again), Ok(()));
    assert_eq!(node.store().blocks.len(), 2);
}

#[test]
fn a_signature_is_verified_before_a_state_is_advanced() {
    // On this state, no epoch can end.
    let mut state = genesis();
    state.balances = List::new(vec![0; 3]).unwrap();
    let (mut node, root) = node(&state);
    let mut advanced = genesis();
    process_slots(&mut advanced, 16).unwrap();
    let attestation = attestation(&advanced, 17, 1, root);
    tick_to(&mut node, 18);
    let mut reference = node.store().clone();
    let too_short = Error::ListTooShort { got: 3, expected: 64 };
    assert_eq!(on_attestation(&mut reference, &forged(&attestation)), Err(too_short));
    assert_eq!(node.on_attestation(&forged(&attestation)), Err(Error::AttestationSignature));
    assert!(node.store().latest_messages.is_empty());
    assert_eq!(node.on_attestation(&attestation), Ok(()));
    assert!(!node.store().latest_messages.is_empty());
}

/// Returns a state whose validators enter and leave in the next epochs, some of them by registry updates.
fn restless() -> BeaconState<P> {
    let mut state = genesis();
    for index in 0..24 {
        let validator = state.validators.get_mut(index).unwrap();
        match index {
            0..5 => validator.exit_epoch = 2,
            5..10 => validator.activation_epoch = 3,
            10..12 => validator.exit_epoch = 4,
            // Activated at the end of this epoch, from epoch 5 on.
            12..16 => validator.activation_epoch = FAR_FUTURE_EPOCH,
            // Ejected at the end of this epoch, from epoch 5 on.
            _ => validator.effective_balance = 16_000_000_000,
        }
    }
    state.root();
    state
}

#[test]
fn committees_without_blocks_are_those_of_the_advanced_state() {
    let state = restless();
    let (node, root) = node(&state);
    let mut committees = Vec::new();
    for epoch in 0..=7 {
        let mut advanced = state.clone();
        if epoch > 0 {
            process_slots(&mut advanced, epoch * 8).unwrap();
        }
        for index in 0..get_committee_count_per_slot(&advanced, epoch) {
            let mut node = node.clone();
            let slot = epoch * 8 + 3;
            tick_to(&mut node, slot + 1);
            let attestation = attestation(&advanced, slot, index, root);
            assert_eq!(node.on_attestation(&forged(&attestation)), Err(Error::AttestationSignature));
            assert_eq!(node.on_attestation(&attestation), Ok(()), "epoch {epoch}, committee {index}");
            let mut committee = get_beacon_committee(&advanced, slot, index).unwrap();
            committee.sort_unstable();
            assert!(node.store().latest_messages.keys().eq(&committee));
            committees.push(committee);
            // The node advances the head's state only where the block's state does not determine the committee.
            let target = Checkpoint { epoch, root };
            assert_eq!(
                node.store().checkpoint_states.contains_key(&target),
                epoch == 0 || epoch > 4,
                "epoch {epoch}"
            );
        }
    }
    let n_attested = committees.len();
    committees.sort_unstable();
    committees.dedup();
    assert_eq!(committees.len(), n_attested, "all committees differ");
}

#[test]
fn old_targets_have_to_be_the_head() {
    let mut simulator = Simulator::<Minimal>::new(64).unwrap();
    let (anchor, state) = simulator.head().unwrap();
    let mut node = Node::new(state.clone(), simulator.store().blocks[&anchor].clone()).unwrap();
    let [block] = simulator.run_slot().unwrap().try_into().unwrap();
    tick_to(&mut node, 1);
    node.on_block(&block).unwrap();
    let head = hash_tree_root(&block.message);
    for (epoch, expected) in [(4, Ok(())), (5, Err(Error::TargetTooOld { got: 5, expected: 4 }))] {
        tick_to(&mut node, epoch * 8 + 4);
        for (root, expected) in [(anchor, expected), (head, Ok(()))] {
            let mut advanced = node.store().block_states[&root].clone();
            process_slots(&mut advanced, epoch * 8).unwrap();
            let attestation = attestation(&advanced, epoch * 8 + 3, 0, root);
            assert_eq!(node.clone().on_attestation(&attestation), expected, "epoch {epoch}");
        }
    }
}

#[test]
fn a_vote_by_a_missing_committee_is_refused() {
    let state = genesis();
    let (mut node, root) = node(&state);
    tick_to(&mut node, 4);
    // A slot has two committees. The specification takes the third one to be the first of the next slot.
    let data = AttestationData { slot: 2, index: 2, ..attestation(&state, 3, 0, root).data };
    let third = Attestation { data, ..attestation(&state, 3, 0, root) };
    assert_eq!(node.on_attestation(&third), Err(Error::CommitteeIndex { got: 2, expected: 2 }));
    let mut long = attestation(&state, 2, 0, root);
    long.aggregation_bits = AggregationBits::with_capacity(long.aggregation_bits.len() + 1).unwrap();
    let expected = long.aggregation_bits.len() - 1;
    let too_long = Error::CommitteeLength { got: expected + 1, expected };
    assert_eq!(node.on_attestation(&long), Err(too_long));
}
