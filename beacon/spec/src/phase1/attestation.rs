//! Phase 1, beacon chain, "New Attestation processing".

use super::{
    Attestation, BeaconState,
    accessors::{compute_previous_slot, compute_shard_from_committee_index},
};
use crate::{
    accessors::{get_block_root_at_slot, get_indexed_attestation},
    block::attestation::{append_pending_attestation, check_attestation},
    constants::GENESIS_SLOT,
    containers::{AttestationData, Phase1PendingAttestation, ShardTransition},
    error::{Error, ensure, ensure_equal},
    hash::hash_tree_root,
    phase::Phase1,
    predicates::is_valid_indexed_attestation,
    preset::Preset,
    signatures::Signatures,
    types::Root,
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
