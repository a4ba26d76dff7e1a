//! Phase 1: what it adds to phase 0, and redefines of it.

pub mod accessors;
pub mod attestation;
pub mod compact;
pub mod crosslink;
pub mod custody;
pub mod fork;
pub mod light_client;
pub mod online;
pub mod shard;

pub use accessors::{
    compute_offset_slots, compute_previous_slot, compute_shard_from_committee_index,
    compute_updated_gasprice, get_active_shard_count, get_light_client_committee, get_offset_slots,
    get_shard_committee, get_shard_proposer_index, get_start_shard, is_online_validator,
};
pub use attestation::process_attestation;
pub use crosslink::process_shard_transitions;
pub use custody::{get_custody_period_for_validator, process_custody_game_operations};
pub use fork::upgrade_to_phase1;
pub use light_client::process_light_client_aggregate;
pub use shard::shard_state_transition;

use crate::{
    block, containers, epoch, error::Error, math::Uint64 as _, phase::Phase1, preset::Preset,
    signatures::Signatures,
};

/// The state of phase 1.
pub type BeaconState<C> = containers::BeaconState<Phase1<C>>;
/// The block of phase 1.
pub type BeaconBlock<C> = containers::BeaconBlock<Phase1<C>>;
/// The block body of phase 1.
pub type BeaconBlockBody<C> = containers::BeaconBlockBody<Phase1<C>>;
/// The attestation of phase 1.
pub type Attestation<C> = containers::Attestation<Phase1<C>>;

/// Beacon chain, "Block processing": `process_block`.
///
/// # Errors
///
/// If the block is invalid.
pub fn process_block<C: Preset>(
    state: &mut BeaconState<C>,
    block: &BeaconBlock<C>,
    signatures: &mut Signatures,
) -> Result<(), Error> {
    block::process_block_header(state, block)?;
    block::process_randao(state, &block.body, signatures)?;
    block::process_eth1_data(state, &block.body)?;
    process_light_client_aggregate(state, &block.body, signatures)?;
    process_operations(state, &block.body, signatures)
}

/// Beacon chain, "Operations": `process_operations`.
///
/// # Errors
///
/// If one of the operations is invalid.
pub fn process_operations<C: Preset>(
    state: &mut BeaconState<C>,
    body: &BeaconBlockBody<C>,
    signatures: &mut Signatures,
) -> Result<(), Error> {
    block::process_operations(state, body, signatures)?;
    process_custody_game_operations(state, body, signatures)?;
    process_shard_transitions(state, &body.shard_transitions, &body.attestations, signatures)
}

/// Beacon chain, "Epoch transition": `process_epoch`.
///
/// # Errors
///
/// If the state contradicts itself.
pub fn process_epoch<C: Preset>(state: &mut BeaconState<C>) -> Result<(), Error> {
    epoch::process_justification_and_finalization(state)?;
    epoch::process_rewards_and_penalties(state)?;
    epoch::process_registry_updates(state)?;
    custody::process_reveal_deadlines(state)?;
    custody::process_challenge_deadlines(state)?;
    epoch::process_slashings(state)?;
    epoch::process_final_updates(state)?;
    process_phase_1_final_updates(state)
}

/// Beacon chain, "Phase 1 final updates": `process_phase_1_final_updates`.
///
/// # Errors
///
/// If the state contradicts itself.
pub fn process_phase_1_final_updates<C: Preset>(state: &mut BeaconState<C>) -> Result<(), Error> {
    custody::process_custody_final_updates(state)?;
    online::process_online_tracking(state)?;
    light_client::process_light_client_committee_updates(state)?;
    state.current_epoch_start_shard = get_start_shard(state, state.slot.plus(1)?)?;
    Ok(())
}
