//! Phase 1: its additions to phase 0, and the functions that it redefines.

pub mod accessors;
pub mod attestation;
pub mod compact;
pub mod crosslink;
pub mod custody;
pub mod fork;
pub mod fork_choice;
pub mod light_client;
pub mod online;
pub mod shard;
pub mod validator;

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
pub use validator::{get_shard_transition, get_shard_transition_fields, get_shard_winning_roots};

use std::collections::BTreeMap;

use self::fork_choice::{ShardStore, get_forkchoice_shard_store};
use crate::{
    accessors::get_current_epoch,
    block,
    constants::FAR_FUTURE_EPOCH,
    containers::{self, AttestationData, Phase1, Phase1Validator},
    epoch,
    error::Error,
    fork_choice::LatestMessage,
    math::Uint64 as _,
    phase::Phase,
    preset::Preset,
    signatures::Signatures,
    types::{Shard, ValidatorIndex},
};

/// The state of phase 1.
pub type BeaconState<C> = containers::BeaconState<Phase1<C>>;
/// The block of phase 1.
pub type BeaconBlock<C> = containers::BeaconBlock<Phase1<C>>;
/// The block body of phase 1.
pub type BeaconBlockBody<C> = containers::BeaconBlockBody<Phase1<C>>;
/// The attestation of phase 1.
pub type Attestation<C> = containers::Attestation<Phase1<C>>;

/// Processes a block; beacon chain, "Block processing".
///
/// # Errors
///
/// Fails if the block is invalid.
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

/// Processes a block's operations; beacon chain, "Operations".
///
/// # Errors
///
/// Fails if an operation is invalid.
pub fn process_operations<C: Preset>(
    state: &mut BeaconState<C>,
    body: &BeaconBlockBody<C>,
    signatures: &mut Signatures,
) -> Result<(), Error> {
    block::process_operations(state, body, signatures)?;
    process_custody_game_operations(state, body, signatures)?;
    process_shard_transitions(state, &body.shard_transitions, &body.attestations, signatures)
}

/// Processes the end of an epoch; beacon chain, "Epoch transition".
///
/// # Errors
///
/// Fails if the state is inconsistent.
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

/// Processes the final updates that phase 1 adds; beacon chain, "Phase 1 final updates".
///
/// # Errors
///
/// Fails if the state is inconsistent.
pub fn process_phase_1_final_updates<C: Preset>(state: &mut BeaconState<C>) -> Result<(), Error> {
    custody::process_custody_final_updates(state)?;
    online::process_online_tracking(state)?;
    light_client::process_light_client_committee_updates(state)?;
    state.current_epoch_start_shard = get_start_shard(state, state.slot.plus(1)?)?;
    Ok(())
}

impl<C: Preset> Phase for Phase1<C> {
    type ShardStores = BTreeMap<Shard, ShardStore>;

    fn max_committees_per_slot(state: &BeaconState<C>) -> u64 {
        get_active_shard_count(state)
    }

    fn new_validator(state: &BeaconState<C>) -> Result<Phase1Validator, Error> {
        let index = state.validators.len() as u64;
        let epoch = get_current_epoch(state);
        Ok(Phase1Validator {
            next_custody_secret_to_reveal: get_custody_period_for_validator::<C>(index, epoch)?,
            all_custody_secrets_revealed_epoch: FAR_FUTURE_EPOCH,
        })
    }

    fn process_attestation(
        state: &mut BeaconState<C>,
        attestation: &Attestation<C>,
        signatures: &mut Signatures,
    ) -> Result<(), Error> {
        process_attestation(state, attestation, signatures)
    }

    fn process_block(
        state: &mut BeaconState<C>,
        block: &BeaconBlock<C>,
        signatures: &mut Signatures,
    ) -> Result<(), Error> {
        process_block(state, block, signatures)
    }

    fn process_epoch(state: &mut BeaconState<C>) -> Result<(), Error> {
        process_epoch(state)
    }

    fn new_shard_stores(anchor_state: &BeaconState<C>) -> Result<Self::ShardStores, Error> {
        (0..get_active_shard_count(anchor_state))
            .map(|shard| Ok((shard, get_forkchoice_shard_store(anchor_state, shard)?)))
            .collect()
    }

    fn update_shard_messages(
        shard_stores: &mut Self::ShardStores,
        attesting_indices: &[ValidatorIndex],
        data: &AttestationData<Self>,
    ) -> Result<(), Error> {
        let message = LatestMessage { epoch: data.target.epoch, root: data.shard_head_root };
        let shard_store = shard_stores.get_mut(&data.shard).ok_or(Error::IndexOutOfRange)?;
        shard_store.latest_messages.extend(attesting_indices.iter().map(|index| (*index, message)));
        Ok(())
    }
}
