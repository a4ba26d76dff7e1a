//! Phase 1, beacon chain, "Shard transition processing".

use std::collections::BTreeSet;

use super::{
    Attestation, BeaconState,
    accessors::{
        compute_previous_slot, compute_shard_from_committee_index, compute_updated_gasprice,
        get_active_shard_count, get_offset_slots, get_shard_proposer_index,
    },
    attestation::{has_enough_online_stake, is_on_time_attestation, on_time_attestations},
};
use crate::{
    accessors::{
        get_beacon_proposer_index, get_block_root_at_slot, get_committee_count_per_slot, get_domain, pubkey,
    },
    compute::{compute_epoch_at_slot, compute_signing_root},
    constants::{DOMAIN_SHARD_PROPOSAL, GENESIS_SLOT, PHASE_1_FORK_SLOT, PROPOSER_REWARD_QUOTIENT},
    containers::{ShardBlockHeader, ShardTransition},
    epoch::rewards::BaseReward,
    error::{Error, ensure, ensure_equal},
    hash::hash_tree_root,
    math::{Uint64 as _, index},
    mutators::{decrease_balance, increase_balance},
    phase::Phase1,
    preset::Preset,
    signatures::Signatures,
    types::{BLSSignature, CommitteeIndex, Root, Shard, ValidatorIndex},
};

/// Crosslinks each shard on whose transition the block's attestations agree.
///
/// # Errors
///
/// Fails if a transition is invalid or lacks attestations.
pub fn process_shard_transitions<C: Preset>(
    state: &mut BeaconState<C>,
    shard_transitions: &[ShardTransition],
    attestations: &[Attestation<C>],
    signatures: &mut Signatures,
) -> Result<(), Error> {
    if compute_previous_slot(state.slot) > GENESIS_SLOT {
        process_crosslinks(state, shard_transitions, attestations, signatures)?;
    }
    verify_empty_shard_transition(state, shard_transitions)
}

/// Crosslinks the shards of the previous slot's committees.
fn process_crosslinks<C: Preset>(
    state: &mut BeaconState<C>,
    shard_transitions: &[ShardTransition],
    attestations: &[Attestation<C>],
    signatures: &mut Signatures,
) -> Result<(), Error> {
    let on_time_attestation_slot = compute_previous_slot(state.slot);
    let epoch = compute_epoch_at_slot::<Phase1<C>>(on_time_attestation_slot);
    for committee_index in 0..get_committee_count_per_slot(state, epoch) {
        let shard = compute_shard_from_committee_index(state, committee_index, on_time_attestation_slot)?;
        let shard_transition = shard_transitions.get(index(shard)).ok_or(Error::IndexOutOfRange)?;
        let winning_root =
            process_crosslink_for_shard(state, committee_index, shard_transition, attestations, signatures)?;
        if let Some(winning_root) = winning_root {
            mark_winning_attestations(state, committee_index, winning_root)?;
        }
    }
    Ok(())
}

/// Marks the pending attestations of this epoch for which `is_winning_attestation` holds.
fn mark_winning_attestations<C: Preset>(
    state: &mut BeaconState<C>,
    committee_index: CommitteeIndex,
    winning_root: Root,
) -> Result<(), Error> {
    let winning: Vec<_> = state
        .current_epoch_attestations
        .iter()
        .enumerate()
        .filter(|(_, attestation)| {
            is_on_time_attestation(state, &attestation.data)
                && attestation.data.index == committee_index
                && attestation.data.shard_transition_root == winning_root
        })
        .map(|(place, _)| place)
        .collect();
    for place in winning {
        let attestation = state.current_epoch_attestations.get_mut(place).ok_or(Error::IndexOutOfRange)?;
        attestation.crosslink_success = true;
    }
    Ok(())
}

/// Crosslinks a shard if two thirds of its committee's online stake agree on its transition, and returns the
/// transition's root.
fn process_crosslink_for_shard<C: Preset>(
    state: &mut BeaconState<C>,
    committee_index: CommitteeIndex,
    shard_transition: &ShardTransition,
    attestations: &[Attestation<C>],
    signatures: &mut Signatures,
) -> Result<Option<Root>, Error> {
    let on_time_attestation_slot = compute_previous_slot(state.slot);
    let shard = compute_shard_from_committee_index(state, committee_index, on_time_attestation_slot)?;
    for (shard_transition_root, transition_attestations) in
        on_time_attestations(state, committee_index, attestations)
    {
        let participants = has_enough_online_stake(state, committee_index, &transition_attestations)?;
        let Some(transition_participants) = participants else { continue };

        check_transition_root(shard_transition, shard_transition_root)?;
        let last_state = shard_transition.shard_states.last().ok_or(Error::IndexOutOfRange)?;
        for attestation in transition_attestations {
            let shard_head_root = attestation.data.shard_head_root;
            ensure_equal(shard_head_root, last_state.latest_block_root, |got, expected| {
                Error::ShardHeadRoot { got, expected }
            })?;
        }
        apply_shard_transition(state, shard, shard_transition, signatures)?;
        pay_for_transition(state, shard, shard_transition, &transition_participants)?;
        return Ok(Some(shard_transition_root));
    }
    ensure(*shard_transition == ShardTransition::default(), Error::ShardTransitionNotAttested)?;
    Ok(None)
}

/// Checks that a shard transition is the one that was attested.
pub(super) fn check_transition_root(transition: &ShardTransition, attested: Root) -> Result<(), Error> {
    ensure_equal(hash_tree_root(transition), attested, |got, expected| Error::ShardTransitionRoot {
        got,
        expected,
    })
}

/// Rewards the beacon block's proposer and charges the shard blocks' proposers, as the end of
/// `process_crosslink_for_shard` does.
///
/// The specification takes the offset slots after it has applied the transition. By then there are none, so no
/// proposer pays.
fn pay_for_transition<C: Preset>(
    state: &mut BeaconState<C>,
    shard: Shard,
    shard_transition: &ShardTransition,
    transition_participants: &BTreeSet<ValidatorIndex>,
) -> Result<(), Error> {
    let base_reward = BaseReward::new(state)?;
    let mut estimated_attester_reward = 0_u64;
    for attester in transition_participants {
        let effective_balance = crate::accessors::validator(state, *attester)?.effective_balance;
        estimated_attester_reward = estimated_attester_reward.plus(base_reward.of(effective_balance)?)?;
    }
    let beacon_proposer_index = get_beacon_proposer_index(state)?;
    increase_balance(state, beacon_proposer_index, estimated_attester_reward / PROPOSER_REWARD_QUOTIENT)?;
    let slots = get_offset_slots(state, shard)?;
    let lengths = &shard_transition.shard_block_lengths;
    for ((shard_state, slot), length) in shard_transition.shard_states.iter().zip(slots).zip(lengths) {
        let proposer_index = get_shard_proposer_index(state, slot, shard)?;
        decrease_balance(state, proposer_index, shard_state.gasprice.times(*length)?)?;
    }
    Ok(())
}

/// Checks each slot of a transition and adopts its last state.
///
/// # Errors
///
/// Fails if the transition is invalid.
pub fn apply_shard_transition<C: Preset>(
    state: &mut BeaconState<C>,
    shard: Shard,
    transition: &ShardTransition,
    signatures: &mut Signatures,
) -> Result<(), Error> {
    ensure(
        state.slot > PHASE_1_FORK_SLOT,
        Error::BeforePhase1 { got: state.slot, expected: PHASE_1_FORK_SLOT },
    )?;
    let offset_slots = get_offset_slots(state, shard)?;
    let n_slots = offset_slots.len();
    let lengths = [
        transition.shard_data_roots.len(),
        transition.shard_states.len(),
        transition.shard_block_lengths.len(),
    ];
    let wrong_lengths = Error::ShardTransitionLengths { got: lengths, expected: n_slots };
    ensure(lengths == [n_slots; 3], wrong_lengths)?;
    let first_slot = *offset_slots.first().ok_or(Error::IndexOutOfRange)?;
    ensure_equal(transition.start_slot, first_slot, |got, expected| Error::ShardTransitionStart {
        got,
        expected,
    })?;

    let shard_state = *state.shard_states.get(index(shard)).ok_or(Error::IndexOutOfRange)?;
    let mut prev_gasprice = shard_state.gasprice;
    let mut shard_parent_root = shard_state.latest_block_root;
    let mut signers = Vec::new();
    let blocks = transition.shard_block_lengths.iter().zip(&transition.shard_data_roots);
    for (offset_slot, (shard_state, (length, data_root))) in
        offset_slots.into_iter().zip(transition.shard_states.iter().zip(blocks))
    {
        let gasprice = compute_updated_gasprice(prev_gasprice, *length)?;
        ensure_equal(shard_state.gasprice, gasprice, |got, expected| Error::ShardGasprice { got, expected })?;
        ensure_equal(shard_state.slot, offset_slot, |got, expected| Error::ShardStateSlot { got, expected })?;
        prev_gasprice = gasprice;
        if *length == 0 {
            ensure_equal(*data_root, Root::ZERO, |got, expected| Error::ShardDataRootNotEmpty {
                got,
                expected,
            })?;
            continue;
        }
        let header = ShardBlockHeader {
            shard_parent_root,
            beacon_parent_root: get_block_root_at_slot(state, offset_slot)?,
            slot: offset_slot,
            shard,
            proposer_index: get_shard_proposer_index(state, offset_slot, shard)?,
            body_root: *data_root,
        };
        shard_parent_root = hash_tree_root(&header);
        let epoch = compute_epoch_at_slot::<Phase1<C>>(offset_slot);
        let domain = get_domain(state, DOMAIN_SHARD_PROPOSAL, Some(epoch));
        signers.push((header.proposer_index, compute_signing_root(&header, domain)));
    }
    verify_proposers(state, &signers, &transition.proposer_signature_aggregate, signatures)?;

    let mut last_state = *transition.shard_states.last().ok_or(Error::IndexOutOfRange)?;
    last_state.slot = compute_previous_slot(state.slot);
    *state.shard_states.get_mut(index(shard)).ok_or(Error::IndexOutOfRange)? = last_state;
    Ok(())
}

/// Verifies the proposers' aggregate signature, as `optional_aggregate_verify` does: without signers, it has to be
/// all zeros.
fn verify_proposers<C: Preset>(
    state: &BeaconState<C>,
    signers: &[(ValidatorIndex, Root)],
    signature: &BLSSignature,
    signatures: &mut Signatures,
) -> Result<(), Error> {
    if signers.is_empty() {
        return ensure(*signature == BLSSignature::ZERO, Error::ShardProposersSignature);
    }
    let pairs = || signers.iter().map(|(signer, root)| Ok((pubkey(state, *signer)?, *root))).collect();
    signatures.aggregate_verify(pairs, signature, Error::ShardProposersSignature)
}

/// Checks that shards without a crosslink have an empty transition.
fn verify_empty_shard_transition<C: Preset>(
    state: &BeaconState<C>,
    shard_transitions: &[ShardTransition],
) -> Result<(), Error> {
    for shard in 0..get_active_shard_count(state) {
        let shard_state = state.shard_states.get(index(shard)).ok_or(Error::IndexOutOfRange)?;
        if shard_state.slot != compute_previous_slot(state.slot) {
            let shard_transition = shard_transitions.get(index(shard)).ok_or(Error::IndexOutOfRange)?;
            ensure(*shard_transition == ShardTransition::default(), Error::ShardTransitionNotAttested)?;
        }
    }
    Ok(())
}
