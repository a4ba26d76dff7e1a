//! Phase 1, beacon chain, "New Attestation processing", and the weight of a committee's attestations.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Attestation, BeaconState,
    accessors::{compute_previous_slot, compute_shard_from_committee_index, is_online_validator},
};
use crate::{
    accessors::{
        get_attesting_indices, get_beacon_committee, get_block_root_at_slot, get_indexed_attestation,
        get_total_balance,
    },
    block::attestation::{append_pending_attestation, check_attestation},
    constants::GENESIS_SLOT,
    containers::{AttestationData, Phase1PendingAttestation, ShardTransition},
    error::{Error, ensure, ensure_equal},
    hash::hash_tree_root,
    math::Uint64 as _,
    phase::Phase1,
    predicates::is_valid_indexed_attestation,
    preset::Preset,
    signatures::Signatures,
    types::{CommitteeIndex, Root, ValidatorIndex},
};

/// Returns whether an attestation is for the previous slot.
#[must_use]
pub fn is_on_time_attestation<C: Preset>(
    state: &BeaconState<C>,
    attestation_data: &AttestationData<Phase1<C>>,
) -> bool {
    attestation_data.slot == compute_previous_slot(state.slot)
}

/// Checks an attestation. One that is on time votes on a shard transition; a late one does not.
///
/// # Errors
///
/// Fails if the attestation is invalid.
pub fn validate_attestation<C: Preset>(
    state: &BeaconState<C>,
    attestation: &Attestation<C>,
    signatures: &mut Signatures,
) -> Result<(), Error> {
    check_attestation(state, attestation)?;
    let data = &attestation.data;
    let not_empty = |got, expected| Error::ShardTransitionRootNotEmpty { got, expected };
    if is_on_time_attestation(state, data) {
        let parent_root = get_block_root_at_slot(state, compute_previous_slot(state.slot))?;
        ensure_equal(data.beacon_block_root, parent_root, |got, expected| Error::AttestationBlockRoot {
            got,
            expected,
        })?;
        let shard = compute_shard_from_committee_index(state, data.index, data.slot)?;
        ensure_equal(data.shard, shard, |got, expected| Error::AttestationShard { got, expected })?;
        let empty_root = hash_tree_root(&ShardTransition::default());
        if data.slot > GENESIS_SLOT {
            ensure(data.shard_transition_root != empty_root, Error::ShardTransitionRootEmpty)?;
        } else {
            ensure_equal(data.shard_transition_root, empty_root, not_empty)?;
        }
    } else {
        let previous_slot = compute_previous_slot(state.slot);
        let not_delayed = Error::AttestationNotDelayed { got: data.slot, expected: previous_slot };
        ensure(data.slot < previous_slot, not_delayed)?;
        ensure_equal(data.shard_transition_root, Root::ZERO, not_empty)?;
    }
    is_valid_indexed_attestation(state, &get_indexed_attestation(state, attestation)?, signatures)
}

/// Checks an attestation and keeps it for the end of the epoch.
///
/// # Errors
///
/// Fails if the attestation is invalid.
pub fn process_attestation<C: Preset>(
    state: &mut BeaconState<C>,
    attestation: &Attestation<C>,
    signatures: &mut Signatures,
) -> Result<(), Error> {
    validate_attestation(state, attestation, signatures)?;
    // `process_shard_transitions` sets the flag if the shard is crosslinked.
    append_pending_attestation(state, attestation, Phase1PendingAttestation { crosslink_success: false })
}

/// Returns a committee's attestations of the previous slot, by the root of their transition.
pub(super) fn on_time_attestations<'a, C: Preset>(
    state: &BeaconState<C>,
    committee_index: CommitteeIndex,
    attestations: &'a [Attestation<C>],
) -> BTreeMap<Root, Vec<&'a Attestation<C>>> {
    let mut by_root = BTreeMap::<Root, Vec<_>>::new();
    for attestation in attestations {
        let data = &attestation.data;
        if is_on_time_attestation(state, data) && data.index == committee_index {
            by_root.entry(data.shard_transition_root).or_default().push(attestation);
        }
    }
    by_root
}

/// Returns the members of a committee of the previous slot who made some attestations, if they have two thirds of its
/// online stake.
pub(super) fn has_enough_online_stake<C: Preset>(
    state: &BeaconState<C>,
    committee_index: CommitteeIndex,
    attestations: &[&Attestation<C>],
) -> Result<Option<BTreeSet<ValidatorIndex>>, Error> {
    let committee = get_beacon_committee(state, compute_previous_slot(state.slot), committee_index)?;
    let committee_balance = get_total_balance(state, online_among(state, committee)?)?;
    let mut participants = BTreeSet::new();
    for attestation in attestations {
        participants.extend(get_attesting_indices(state, &attestation.data, &attestation.aggregation_bits)?);
    }
    let online_participants = online_among(state, participants.iter().copied())?;
    let participants_balance = get_total_balance(state, online_participants)?;
    let is_enough = participants_balance.times(3)? >= committee_balance.times(2)?;
    Ok(is_enough.then_some(participants))
}

/// Returns the validators among `indices` that are online.
fn online_among<C: Preset>(
    state: &BeaconState<C>,
    indices: impl IntoIterator<Item = ValidatorIndex>,
) -> Result<Vec<ValidatorIndex>, Error> {
    let mut online = Vec::new();
    for index in indices {
        if is_online_validator(state, index)? {
            online.push(index);
        }
    }
    Ok(online)
}
