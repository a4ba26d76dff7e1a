//! Custody game, "Custody key reveals" and "Early derived secret reveals".

use super::{super::BeaconState, get_custody_period_for_validator, get_randao_epoch_for_custody_period};
use crate::{
    accessors::{
        get_active_validator_indices, get_beacon_proposer_index, get_current_epoch, get_domain, pubkey,
        validator, validator_mut,
    },
    compute::compute_signing_root,
    constants::{
        DOMAIN_RANDAO, EARLY_DERIVED_SECRET_REVEAL_SLOT_REWARD_MULTIPLE, MINOR_REWARD_QUOTIENT,
        PROPOSER_REWARD_QUOTIENT, RANDAO_PENALTY_EPOCHS, WHISTLEBLOWER_REWARD_QUOTIENT,
    },
    containers::{CustodyKeyReveal, EarlyDerivedSecretReveal},
    epoch::rewards::get_base_reward,
    error::{Error, ensure},
    hash::hash_tree_root,
    math::{Uint64 as _, index},
    mutators::{decrease_balance, increase_balance, slash_validator},
    predicates::is_slashable_validator,
    preset::Preset,
    signatures::Signatures,
};

/// Records that a validator has revealed its custody key of a past period.
///
/// The specification computes the period of a validator's last active epoch even if the validator does not exit. Then
/// this overflows, and the reveal fails, unless the index is a multiple of the period's length or one more.
///
/// # Errors
///
/// Fails if the period has not passed, or if the key is not the validator's.
pub fn process_custody_key_reveal<C: Preset>(
    state: &mut BeaconState<C>,
    reveal: &CustodyKeyReveal,
    signatures: &mut Signatures,
) -> Result<(), Error> {
    let current_epoch = get_current_epoch(state);
    let revealer_index = reveal.revealer_index;
    let revealer = validator(state, revealer_index)?;
    let period = revealer.next_custody_secret_to_reveal;
    let epoch_to_sign = get_randao_epoch_for_custody_period::<C>(period, revealer_index)?;

    let custody_reveal_period = get_custody_period_for_validator::<C>(revealer_index, current_epoch)?;
    let is_past_reveal = period < custody_reveal_period;
    let is_exited = revealer.exit_epoch <= current_epoch;
    let exit_period = get_custody_period_for_validator::<C>(revealer_index, revealer.exit_epoch.minus(1)?)?;
    let is_exit_period_reveal = period == exit_period;
    let too_early = Error::RevealPeriod { got: period, expected: custody_reveal_period };
    ensure(is_past_reveal || (is_exited && is_exit_period_reveal), too_early)?;
    ensure(is_slashable_validator(revealer, current_epoch), Error::RevealerNotSlashable)?;

    let domain = get_domain(state, DOMAIN_RANDAO, Some(epoch_to_sign));
    let signing_root = compute_signing_root(&epoch_to_sign, domain);
    let pubkey = || pubkey(state, revealer_index);
    signatures.verify(pubkey, signing_root, &reveal.reveal, Error::RevealSignature)?;

    let revealer = validator_mut(state, revealer_index)?;
    if is_exited && is_exit_period_reveal {
        revealer.all_custody_secrets_revealed_epoch = current_epoch;
    }
    revealer.next_custody_secret_to_reveal = period.plus(1)?;
    let proposer_index = get_beacon_proposer_index(state)?;
    let reward = get_base_reward(state, revealer_index)? / MINOR_REWARD_QUOTIENT;
    increase_balance(state, proposer_index, reward)
}

/// Punishes a validator whose secret became known early: by slashing if the secret may be a custody key, otherwise by
/// a small penalty.
///
/// # Errors
///
/// Fails if the secret is not early, is already exposed, or is not the validator's.
pub fn process_early_derived_secret_reveal<C: Preset>(
    state: &mut BeaconState<C>,
    reveal: &EarlyDerivedSecretReveal,
    signatures: &mut Signatures,
) -> Result<(), Error> {
    let current_epoch = get_current_epoch(state);
    let max_future_epochs = C::EARLY_DERIVED_SECRET_PENALTY_MAX_FUTURE_EPOCHS;
    let location = index(reveal.epoch % max_future_epochs);
    let revealed_validator = validator(state, reveal.revealed_index)?;
    let (got, expected) = (reveal.epoch, current_epoch.plus(RANDAO_PENALTY_EPOCHS)?);
    ensure(got >= expected, Error::EarlyRevealNotEarly { got, expected })?;
    let expected = current_epoch.plus(max_future_epochs)?;
    ensure(got < expected, Error::EarlyRevealTooFar { got, expected })?;
    ensure(!revealed_validator.slashed, Error::EarlyRevealSlashed)?;
    let exposed = state.exposed_derived_secrets.get(location).ok_or(Error::IndexOutOfRange)?;
    ensure(!exposed.contains(&reveal.revealed_index), Error::EarlyRevealKnown)?;

    validator(state, reveal.masker_index)?;
    let domain = get_domain(state, DOMAIN_RANDAO, Some(reveal.epoch));
    let epoch_root = compute_signing_root(&hash_tree_root(&reveal.epoch), domain);
    let mask_root = compute_signing_root(&reveal.mask, domain);
    let pairs = || {
        let revealed = pubkey(state, reveal.revealed_index)?;
        Ok(vec![(revealed, epoch_root), (pubkey(state, reveal.masker_index)?, mask_root)])
    };
    signatures.aggregate_verify(pairs, &reveal.reveal, Error::RevealSignature)?;

    if reveal.epoch >= current_epoch.plus(C::CUSTODY_PERIOD_TO_RANDAO_PADDING)? {
        slash_validator(state, reveal.revealed_index, Some(reveal.masker_index))
    } else {
        penalize_reveal(state, reveal, location)
    }
}

/// Takes some proposer rewards from a validator, and more if secrets of others were exposed, too.
fn penalize_reveal<C: Preset>(
    state: &mut BeaconState<C>,
    reveal: &EarlyDerivedSecretReveal,
    location: usize,
) -> Result<(), Error> {
    let n_active = get_active_validator_indices(state, get_current_epoch(state)).len() as u64;
    let max_proposer_slot_reward = get_base_reward(state, reveal.revealed_index)?
        .times(C::SLOTS_PER_EPOCH)?
        .over(n_active)?
        .over(PROPOSER_REWARD_QUOTIENT)?;
    let exposed = state.exposed_derived_secrets.get(location).ok_or(Error::IndexOutOfRange)?;
    let penalty = max_proposer_slot_reward
        .times(EARLY_DERIVED_SECRET_REVEAL_SLOT_REWARD_MULTIPLE)?
        .times(exposed.len() as u64 + 1)?;

    let proposer_index = get_beacon_proposer_index(state)?;
    let whistleblowing_reward = penalty / WHISTLEBLOWER_REWARD_QUOTIENT;
    let proposer_reward = whistleblowing_reward / PROPOSER_REWARD_QUOTIENT;
    increase_balance(state, proposer_index, proposer_reward)?;
    increase_balance(state, reveal.masker_index, whistleblowing_reward - proposer_reward)?;
    decrease_balance(state, reveal.revealed_index, penalty)?;
    let exposed = state.exposed_derived_secrets.get_mut(location).ok_or(Error::IndexOutOfRange)?;
    exposed.push(reveal.revealed_index)?;
    Ok(())
}
