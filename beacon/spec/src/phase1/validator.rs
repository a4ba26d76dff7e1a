//! Phase 1, honest validator: "Shard transitions" and "Shard transition".

use std::sync::Arc;

use super::{
    Attestation, BeaconState,
    accessors::{
        compute_offset_slots, compute_previous_slot, compute_shard_from_committee_index,
        get_latest_slot_for_shard,
    },
    attestation::{has_enough_online_stake, on_time_attestations},
    shard::process_shard_block,
};
use crate::{
    accessors::get_committee_count_per_slot,
    bls,
    compute::compute_epoch_at_slot,
    constants::GENESIS_SLOT,
    containers::{ShardBlock, ShardState, ShardTransition, SignedShardBlock},
    error::Error,
    hash::hash_tree_root,
    math::{Uint64 as _, index},
    phase::Phase1,
    preset::Preset,
    types::{BLSSignature, Bytes32, Root, Shard},
};

/// Returns the shards that attestations crosslink in a block, each with the root of its transition. The state is in the
/// slot of the block.
///
/// # Errors
///
/// Fails if an attestation has too few bits for its committee.
pub fn get_shard_winning_roots<C: Preset>(
    state: &BeaconState<C>,
    attestations: &[Attestation<C>],
) -> Result<Vec<(Shard, Root)>, Error> {
    let mut winning_roots = Vec::new();
    let on_time_attestation_slot = compute_previous_slot(state.slot);
    let epoch = compute_epoch_at_slot::<Phase1<C>>(on_time_attestation_slot);
    for committee_index in 0..get_committee_count_per_slot(state, epoch) {
        let shard = compute_shard_from_committee_index(state, committee_index, on_time_attestation_slot)?;
        for (root, attestations) in on_time_attestations(state, committee_index, attestations) {
            if has_enough_online_stake(state, committee_index, &attestations)?.is_some() {
                winning_roots.push((shard, root));
                break;
            }
        }
    }
    Ok(winning_roots)
}

/// The fields of a [`ShardTransition`] with an element for each offset slot: the length of each block, the root of its
/// data, and the state after it.
type TransitionFields = (Vec<u64>, Vec<Bytes32>, Vec<ShardState>);

/// Returns the fields of a shard's transition by blocks since its latest crosslink.
///
/// # Errors
///
/// Fails if there is no such shard, or if the gas price overflows.
pub fn get_shard_transition_fields<C: Preset>(
    beacon_state: &BeaconState<C>,
    shard: Shard,
    shard_blocks: &[Arc<SignedShardBlock>],
) -> Result<TransitionFields, Error> {
    let (mut shard_block_lengths, mut shard_data_roots, mut shard_states) = TransitionFields::default();
    let mut shard_state = *beacon_state.shard_states.get(index(shard)).ok_or(Error::IndexOutOfRange)?;
    let latest_slot = get_latest_slot_for_shard(beacon_state, shard)?;
    for slot in compute_offset_slots(latest_slot, beacon_state.slot.plus(1)?)? {
        let shard_block = shard_blocks.iter().find(|block| block.message.slot == slot);
        if let Some(SignedShardBlock { message, .. }) = shard_block.map(Arc::as_ref) {
            shard_data_roots.push(hash_tree_root(&message.body));
            shard_state = process_shard_block(shard_state, message)?;
            shard_block_lengths.push(message.body.len() as u64);
        } else {
            let empty = ShardBlock { slot, shard, ..ShardBlock::default() };
            shard_data_roots.push(Root::ZERO);
            shard_state = process_shard_block(shard_state, &empty)?;
            shard_block_lengths.push(0);
        }
        shard_states.push(shard_state);
    }
    Ok((shard_block_lengths, shard_data_roots, shard_states))
}

/// Returns a shard's transition by blocks since its latest crosslink, up to the state's slot. The next beacon block can
/// apply it.
///
/// # Errors
///
/// Fails if there is no such shard, if a signature is malformed, or if there are more than 12 offset slots.
pub fn get_shard_transition<C: Preset>(
    beacon_state: &BeaconState<C>,
    shard: Shard,
    shard_blocks: &[Arc<SignedShardBlock>],
) -> Result<ShardTransition, Error> {
    if beacon_state.slot == GENESIS_SLOT {
        return Ok(ShardTransition::default());
    }
    let latest_slot = get_latest_slot_for_shard(beacon_state, shard)?;
    let offset_slots = compute_offset_slots(latest_slot, beacon_state.slot.plus(1)?)?;
    let (shard_block_lengths, shard_data_roots, shard_states) =
        get_shard_transition_fields(beacon_state, shard, shard_blocks)?;
    let signatures: Vec<_> = shard_blocks.iter().map(|block| block.signature).collect();
    let proposer_signature_aggregate = if signatures.is_empty() {
        BLSSignature::ZERO
    } else {
        bls::aggregate(&signatures).or(Err(Error::ShardProposersSignature))?
    };
    Ok(ShardTransition {
        start_slot: offset_slots.first().copied().ok_or(Error::IndexOutOfRange)?,
        shard_block_lengths: shard_block_lengths.try_into()?,
        shard_data_roots: shard_data_roots.try_into()?,
        shard_states: shard_states.try_into()?,
        proposer_signature_aggregate,
    })
}
