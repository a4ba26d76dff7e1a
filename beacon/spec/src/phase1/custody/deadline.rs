//! Custody game, "Per-epoch processing".

use std::collections::BTreeSet;

use ssz_types::VariableList;

use super::{super::BeaconState, get_custody_period_for_validator};
use crate::{
    accessors::{get_current_epoch, validator_mut},
    constants::{FAR_FUTURE_EPOCH, MIN_VALIDATOR_WITHDRAWABILITY_DELAY},
    containers::CustodyChunkChallengeRecord,
    error::Error,
    math::{Uint64 as _, index},
    mutators::slash_validator,
    preset::Preset,
    types::ValidatorIndex,
};

/// Slashes validators that are two custody keys behind.
///
/// # Errors
///
/// Fails if an epoch overflows.
pub fn process_reveal_deadlines<C: Preset>(state: &mut BeaconState<C>) -> Result<(), Error> {
    let epoch = get_current_epoch(state);
    let mut late: Vec<ValidatorIndex> = Vec::new();
    for (index, validator) in (0..).zip(&state.validators) {
        let deadline = validator.next_custody_secret_to_reveal.plus(1)?;
        if get_custody_period_for_validator::<C>(index, epoch)? > deadline {
            late.push(index);
        }
    }
    for index in late {
        slash_validator(state, index, None)?;
    }
    Ok(())
}

/// Slashes validators that have not answered a challenge in time.
///
/// A removed record reads as a challenge to validator 0 in epoch 0; the specification does not distinguish it from
/// others.
///
/// # Errors
///
/// Fails if an epoch overflows.
pub fn process_challenge_deadlines<C: Preset>(state: &mut BeaconState<C>) -> Result<(), Error> {
    let epoch = get_current_epoch(state);
    let mut late = Vec::new();
    for (place, record) in state.custody_chunk_challenge_records.iter().enumerate() {
        if epoch > record.inclusion_epoch.plus(C::EPOCHS_PER_CUSTODY_PERIOD)? {
            late.push((place, record.responder_index, record.challenger_index));
        }
    }
    for (place, responder_index, challenger_index) in late {
        slash_validator(state, responder_index, Some(challenger_index))?;
        let record = state.custody_chunk_challenge_records.get_mut(place).ok_or(Error::IndexOutOfRange)?;
        *record = CustodyChunkChallengeRecord::default();
    }
    Ok(())
}

/// Drops the exposed secrets of this epoch, and sets the withdrawable epoch of exiting validators that have answered
/// all challenges and revealed all keys.
///
/// # Errors
///
/// Fails if an epoch overflows.
pub fn process_custody_final_updates<C: Preset>(state: &mut BeaconState<C>) -> Result<(), Error> {
    let place = index(get_current_epoch(state) % C::EARLY_DERIVED_SECRET_PENALTY_MAX_FUTURE_EPOCHS);
    let exposed = state.exposed_derived_secrets.get_mut(place).ok_or(Error::IndexOutOfRange)?;
    *exposed = VariableList::empty();

    let challenged: BTreeSet<_> =
        state.custody_chunk_challenge_records.iter().map(|record| record.responder_index).collect();
    let mut changed = Vec::new();
    for (index, validator) in (0..).zip(&state.validators) {
        if validator.exit_epoch == FAR_FUTURE_EPOCH {
            continue;
        }
        let revealed_epoch = validator.all_custody_secrets_revealed_epoch;
        if challenged.contains(&index) || revealed_epoch == FAR_FUTURE_EPOCH {
            changed.push((index, FAR_FUTURE_EPOCH));
        } else if validator.withdrawable_epoch == FAR_FUTURE_EPOCH {
            changed.push((index, revealed_epoch.plus(MIN_VALIDATOR_WITHDRAWABILITY_DELAY)?));
        }
    }
    for (index, withdrawable_epoch) in changed {
        validator_mut(state, index)?.withdrawable_epoch = withdrawable_epoch;
    }
    Ok(())
}
