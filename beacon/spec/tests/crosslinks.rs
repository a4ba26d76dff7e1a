//! Tests of a chain of phase 1 whose shards have a block in each slot.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use outrider_beacon_spec::{
    accessors::{
        get_beacon_committee, get_beacon_proposer_index, get_block_root, get_block_root_at_slot,
        get_committee_count_per_slot, get_current_epoch, get_domain,
    },
    bls::{aggregate, sign},
    compute::compute_signing_root,
    constants::{
        DOMAIN_BEACON_ATTESTER, DOMAIN_BEACON_PROPOSER, DOMAIN_RANDAO, DOMAIN_SHARD_PROPOSAL,
        TARGET_SHARD_BLOCK_SIZE,
    },
    containers::{
        AttestationData, Checkpoint, ShardBlockHeader, ShardState, ShardTransition, ShardVote,
        SignedBeaconBlock, misc::AggregationBits,
    },
    error::Error,
    hash::hash_tree_root,
    phase::{Phase as _, Phase1},
    phase1::{
        Attestation, BeaconBlock, BeaconBlockBody, BeaconState, compute_shard_from_committee_index,
        compute_updated_gasprice, get_shard_proposer_index, upgrade_to_phase1,
    },
    preset::Minimal,
    signatures::Signatures,
    transition::{process_slots, state_transition},
    types::{BLSSignature, DomainType, Root},
};
use outrider_sim::{Simulator, interop_secret_key};
use tree_hash::TreeHash;

type State = BeaconState<Minimal>;

fn signature(
    state: &State,
    index: u64,
    message: &impl TreeHash,
    domain: DomainType,
    epoch: u64,
) -> BLSSignature {
    let signing_root = compute_signing_root(message, get_domain(state, domain, Some(epoch)));
    sign(&interop_secret_key(index), signing_root.as_slice()).unwrap()
}

/// Returns the transition of a shard that was crosslinked in the slot before the state's last one: a block of some
/// length.
fn transition(state: &State, shard: u64, length: u64) -> ShardTransition {
    let slot = state.slot - 1;
    let before = state.shard_states[shard as usize];
    let data_root = Root::repeat_byte(slot as u8);
    let header = ShardBlockHeader {
        shard_parent_root: before.latest_block_root,
        beacon_parent_root: get_block_root_at_slot(state, slot).unwrap(),
        slot,
        shard,
        proposer_index: get_shard_proposer_index(state, slot, shard).unwrap(),
        body_root: data_root,
    };
    let after = ShardState {
        slot,
        gasprice: compute_updated_gasprice(before.gasprice, length).unwrap(),
        latest_block_root: hash_tree_root(&header),
    };
    ShardTransition {
        start_slot: slot,
        shard_block_lengths: vec![length].try_into().unwrap(),
        shard_data_roots: vec![data_root].try_into().unwrap(),
        shard_states: vec![after].try_into().unwrap(),
        proposer_signature_aggregate: signature(
            state,
            header.proposer_index,
            &header,
            DOMAIN_SHARD_PROPOSAL,
            slot / 8,
        ),
    }
}

/// Returns the committee's attestation of the slot before the state's, with its shard's transition, signed by all but
/// the first `n_absent` members.
fn attestation(
    state: &State,
    index: u64,
    shard: u64,
    transition: &ShardTransition,
    n_absent: usize,
) -> Attestation<Minimal> {
    let slot = state.slot - 1;
    let epoch = slot / 8;
    let root = get_block_root(state, epoch).unwrap();
    let source = if epoch == get_current_epoch(state) {
        state.current_justified_checkpoint
    } else {
        state.previous_justified_checkpoint
    };
    let head = transition.shard_states.last().map_or(Root::ZERO, |after| after.latest_block_root);
    let data = AttestationData {
        slot,
        index,
        beacon_block_root: get_block_root_at_slot(state, slot).unwrap(),
        source,
        target: Checkpoint { epoch, root },
        extension: ShardVote {
            shard,
            shard_head_root: head,
            shard_transition_root: hash_tree_root(transition),
        },
    };
    let committee = get_beacon_committee(state, slot, index).unwrap();
    let mut aggregation_bits = AggregationBits::with_capacity(committee.len()).unwrap();
    let mut signatures = Vec::new();
    for (bit, member) in committee.iter().enumerate().skip(n_absent) {
        aggregation_bits.set(bit, true).unwrap();
        signatures.push(signature(state, *member, &data, DOMAIN_BEACON_ATTESTER, epoch));
    }
    Attestation { aggregation_bits, data, signature: aggregate(&signatures).unwrap() }
}

/// Returns a body for the state's slot that crosslinks each shard.
fn body(state: &State, length: u64) -> BeaconBlockBody<Minimal> {
    let epoch = get_current_epoch(state);
    let proposer = get_beacon_proposer_index(state).unwrap();
    let mut body = BeaconBlockBody::<Minimal> {
        randao_reveal: signature(state, proposer, &epoch, DOMAIN_RANDAO, epoch),
        eth1_data: state.eth1_data.clone(),
        ..BeaconBlockBody::default()
    };
    let slot = state.slot - 1;
    for index in 0..get_committee_count_per_slot(state, slot / 8) {
        let shard = compute_shard_from_committee_index(state, index, slot).unwrap();
        let transition =
            if slot == 0 { ShardTransition::default() } else { transition(state, shard, length) };
        body.attestations.push(attestation(state, index, shard, &transition, 0)).unwrap();
        body.shard_transitions[shard as usize] = transition;
    }
    body
}

/// Proposes a block and processes it.
fn propose(state: &State, pre: State, body: BeaconBlockBody<Minimal>) -> Result<State, Error> {
    let proposer_index = get_beacon_proposer_index(state).unwrap();
    let mut message = BeaconBlock::<Minimal> {
        slot: state.slot,
        proposer_index,
        parent_root: hash_tree_root(&state.latest_block_header),
        state_root: Root::ZERO,
        body,
    };
    let mut post = state.clone();
    if Phase1::process_block(&mut post, &message, &mut Signatures::Ignored).is_ok() {
        message.state_root = post.root();
    }
    let epoch = get_current_epoch(state);
    let signature = signature(state, proposer_index, &message, DOMAIN_BEACON_PROPOSER, epoch);
    state_transition(pre, &SignedBeaconBlock { message, signature })
}

/// Advances by a slot, with a block that `damage` may change.
fn next(
    state: &State,
    length: u64,
    damage: impl FnOnce(&State, &mut BeaconBlockBody<Minimal>),
) -> Result<State, Error> {
    let mut advanced = state.clone();
    process_slots(&mut advanced, state.slot + 1).unwrap();
    let mut body = body(&advanced, length);
    damage(&advanced, &mut body);
    propose(&advanced, state.clone(), body)
}

fn genesis() -> State {
    let simulator = Simulator::<Minimal>::new(64).unwrap();
    upgrade_to_phase1(simulator.head().unwrap().1).unwrap()
}

#[test]
fn shards_are_crosslinked_in_each_slot_and_epochs_become_final() {
    let mut state = genesis();
    let mut gasprice = state.shard_states[0].gasprice;
    for slot in 1..=40 {
        let roots: Vec<_> = state.shard_states.iter().map(|shard| shard.latest_block_root).collect();
        state = next(&state, 2 * TARGET_SHARD_BLOCK_SIZE, |_, _| ()).unwrap();
        if slot == 1 {
            continue;
        }
        for (shard_state, root) in state.shard_states.iter().zip(roots) {
            assert_eq!(shard_state.slot, slot - 1);
            assert_ne!(shard_state.latest_block_root, root);
            assert!(shard_state.gasprice > gasprice, "long blocks become dearer");
        }
        gasprice = state.shard_states[0].gasprice;
        assert!(
            state
                .current_epoch_attestations
                .iter()
                .all(|attestation| { attestation.crosslink_success || attestation.data.slot == 0 })
        );
    }
    assert_eq!(state.finalized_checkpoint.epoch, 3);
}

#[test]
fn transitions_with_a_wrong_field_are_refused() {
    let mut state = genesis();
    for _ in 0..3 {
        state = next(&state, 1000, |_, _| ()).unwrap();
    }
    let state = state;
    #[track_caller]
    fn check(state: &State, expected: &str, damage: impl FnOnce(&State, &mut BeaconBlockBody<Minimal>)) {
        let error = next(state, 1000, damage).map(drop).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    /// Has the first shard's committee attest the damaged transition.
    fn attest_anew(
        state: &State,
        body: &mut BeaconBlockBody<Minimal>,
        damage: impl FnOnce(&mut ShardTransition),
    ) {
        let (index, shard) = (body.attestations[0].data.index, body.attestations[0].data.shard);
        let transition = &mut body.shard_transitions[shard as usize];
        damage(transition);
        body.attestations[0] = attestation(state, index, shard, transition, 0);
    }
    check(&state, "the shard transition is not the attested one: got 0x", |_, body| {
        body.shard_transitions[0].start_slot = 0;
    });
    check(&state, "a shard without a crosslink has a shard transition (", |state, body| {
        let data = &body.attestations[0].data;
        let transition = body.shard_transitions[data.shard as usize].clone();
        let n_members = body.attestations[0].aggregation_bits.len();
        body.attestations[0] = attestation(state, data.index, data.shard, &transition, n_members / 2);
    });
    // Slot 2 is the latest that is crosslinked.
    let expected = "the shard transition does not start at the first offset slot: got 0, expected 3 (apply_shard_transition)";
    check(&state, expected, |state, body| {
        attest_anew(state, body, |transition| transition.start_slot = 0);
    });
    let expected = "the shard transition's lists do not have one element for each offset slot: got [1, 1, 2], expected 1 of each";
    check(&state, expected, |state, body| {
        attest_anew(state, body, |transition| transition.shard_block_lengths.push(1).unwrap());
    });
    check(&state, "a shard state's gas price is wrong: got 9, expected 8 ", |state, body| {
        attest_anew(state, body, |transition| transition.shard_states[0].gasprice += 1);
    });
    check(&state, "a shard state's slot is not its offset slot: got 4, expected 3 ", |state, body| {
        attest_anew(state, body, |transition| transition.shard_states[0].slot += 1);
    });
    check(&state, "the shard proposers' aggregate signature is invalid", |state, body| {
        attest_anew(state, body, |transition| transition.shard_data_roots[0] = Root::ZERO);
    });
    check(&state, "an empty slot of a shard has a data root: got 0x", |state, body| {
        attest_anew(state, body, |transition| {
            transition.shard_block_lengths[0] = 0;
            transition.shard_states[0].gasprice = compute_updated_gasprice(8, 0).unwrap();
        });
    });
    let expected =
        "the attestation is not for its committee's shard: got 1, expected 0 (validate_attestation)";
    check(&state, expected, |_, body| body.attestations[0].data.shard ^= 1);
    check(&state, "the light-client aggregate signature is invalid", |_, body| {
        body.light_client_signature = body.randao_reveal;
    });
}
