//! Phase 0, "Registry updates" and "Slashings".

use crate::{
    accessors::{get_current_epoch, get_total_active_balance, get_validator_churn_limit, validator_mut},
    compute::compute_activation_exit_epoch,
    constants::{EFFECTIVE_BALANCE_INCREMENT, EJECTION_BALANCE, PROPORTIONAL_SLASHING_MULTIPLIER},
    containers::BeaconState,
    error::Error,
    math::{Uint64 as _, index, sum},
    mutators::{ExitQueue, decrease_balance},
    phase::Phase,
    predicates::{is_active_validator, is_eligible_for_activation, is_eligible_for_activation_queue},
    preset::Preset,
    types::ValidatorIndex,
};

/// Queues validators with enough balance, ejects those with too little, and activates the first ones in the queue.
///
/// # Errors
///
/// Fails if an epoch overflows.
pub fn process_registry_updates<P: Phase>(state: &mut BeaconState<P>) -> Result<(), Error> {
    let current_epoch = get_current_epoch(state);
    let mut queued: Vec<ValidatorIndex> = Vec::new();
    let mut ejected: Vec<ValidatorIndex> = Vec::new();
    for (index, validator) in (0..).zip(&state.validators) {
        if is_eligible_for_activation_queue(validator) {
            queued.push(index);
        }
        if is_active_validator(validator, current_epoch) && validator.effective_balance <= EJECTION_BALANCE {
            ejected.push(index);
        }
    }
    for index in queued {
        validator_mut(state, index)?.activation_eligibility_epoch = current_epoch.plus(1)?;
    }
    if !ejected.is_empty() {
        let mut exit_queue = ExitQueue::new(state)?;
        for index in ejected {
            exit_queue.push(state, index)?;
        }
    }

    let mut activation_queue: Vec<_> = (0..)
        .zip(&state.validators)
        .filter(|(_, validator)| is_eligible_for_activation(state, validator))
        .map(|(index, validator)| (validator.activation_eligibility_epoch, index))
        .collect();
    if activation_queue.is_empty() {
        return Ok(());
    }
    activation_queue.sort_unstable();
    let activation_epoch = compute_activation_exit_epoch(current_epoch)?;
    for (_, dequeued) in activation_queue.into_iter().take(index(get_validator_churn_limit(state))) {
        validator_mut(state, dequeued)?.activation_epoch = activation_epoch;
    }
    Ok(())
}

/// Takes from slashed validators, halfway to their withdrawal, in proportion to all stake that was slashed.
///
/// # Errors
///
/// Fails if a balance overflows.
pub fn process_slashings<P: Phase>(state: &mut BeaconState<P>) -> Result<(), Error> {
    let epoch = get_current_epoch(state);
    let total_balance = get_total_active_balance(state)?;
    let slashed = sum(state.slashings.iter().copied())?.times(PROPORTIONAL_SLASHING_MULTIPLIER)?;
    let adjusted_total_slashing_balance = slashed.min(total_balance);
    let withdrawable_epoch = epoch.plus(P::Preset::EPOCHS_PER_SLASHINGS_VECTOR / 2)?;
    let penalized: Vec<_> = (0..)
        .zip(&state.validators)
        .filter(|(_, validator)| validator.slashed && validator.withdrawable_epoch == withdrawable_epoch)
        .map(|(index, validator)| (index, validator.effective_balance))
        .collect();
    for (index, effective_balance) in penalized {
        // The product would overflow in Gwei, so this computes in increments.
        let increments = effective_balance / EFFECTIVE_BALANCE_INCREMENT;
        let penalty = increments.times(adjusted_total_slashing_balance)?.over(total_balance)?;
        decrease_balance(state, index, penalty.times(EFFECTIVE_BALANCE_INCREMENT)?)?;
    }
    Ok(())
}
