//! Phase 1, beacon chain, "Light client processing" and "Light client committee updates".

use super::{
    BeaconBlockBody, BeaconState,
    accessors::{compute_previous_slot, get_light_client_committee},
    compact::committee_to_compact_committee,
};
use crate::{
    accessors::{
        get_beacon_proposer_index, get_block_root_at_slot, get_current_epoch, get_domain, pubkey, validator,
    },
    compute::{compute_epoch_at_slot, compute_signing_root},
    constants::{DOMAIN_LIGHT_CLIENT, LIGHT_CLIENT_COMMITTEE_PERIOD, PROPOSER_REWARD_QUOTIENT},
    epoch::rewards::BaseReward,
    error::{Error, ensure},
    math::Uint64 as _,
    mutators::increase_balance,
    phase::Phase1,
    preset::Preset,
    signatures::Signatures,
    types::BLSSignature,
};

/// Rewards members of the light-client committee that signed the parent block.
///
/// # Errors
///
/// Fails if the signature is not theirs.
pub fn process_light_client_aggregate<C: Preset>(
    state: &mut BeaconState<C>,
    block_body: &BeaconBlockBody<C>,
    signatures: &mut Signatures,
) -> Result<(), Error> {
    let committee = get_light_client_committee(state, get_current_epoch(state))?;
    let previous_slot = compute_previous_slot(state.slot);
    let previous_block_root = get_block_root_at_slot(state, previous_slot)?;

    let base_reward = BaseReward::new(state)?;
    let mut total_reward = 0_u64;
    let mut signers = Vec::new();
    for (bit_index, participant_index) in committee.into_iter().enumerate() {
        if !block_body.light_client_bits.get(bit_index).or(Err(Error::IndexOutOfRange))? {
            continue;
        }
        signers.push(participant_index);
        let participant = validator(state, participant_index)?;
        if !participant.slashed {
            let reward = base_reward.of(participant.effective_balance)?;
            increase_balance(state, participant_index, reward)?;
            total_reward = total_reward.plus(reward)?;
        }
    }
    let proposer_index = get_beacon_proposer_index(state)?;
    increase_balance(state, proposer_index, total_reward / PROPOSER_REWARD_QUOTIENT)?;

    // `optional_fast_aggregate_verify`: without signers, the signature is all zeros.
    let signature = &block_body.light_client_signature;
    if signers.is_empty() {
        return ensure(*signature == BLSSignature::ZERO, Error::LightClientSignature);
    }
    let epoch = compute_epoch_at_slot::<Phase1<C>>(previous_slot);
    let domain = get_domain(state, DOMAIN_LIGHT_CLIENT, Some(epoch));
    let signing_root = compute_signing_root(&previous_block_root, domain);
    let pubkeys = || signers.iter().map(|signer| pubkey(state, *signer)).collect();
    signatures.fast_aggregate_verify(pubkeys, signing_root, signature, Error::LightClientSignature)
}

/// At the end of a period, promotes the next committee and draws a new one.
///
/// # Errors
///
/// Fails if an epoch overflows.
pub fn process_light_client_committee_updates<C: Preset>(state: &mut BeaconState<C>) -> Result<(), Error> {
    let next_epoch = compute_epoch_at_slot::<Phase1<C>>(state.slot.plus(1)?);
    if next_epoch.is_multiple_of(LIGHT_CLIENT_COMMITTEE_PERIOD) {
        state.current_light_committee = std::mem::take(&mut state.next_light_committee);
        let new_committee =
            get_light_client_committee(state, next_epoch.plus(LIGHT_CLIENT_COMMITTEE_PERIOD)?)?;
        state.next_light_committee = committee_to_compact_committee(state, &new_committee)?;
    }
    Ok(())
}
