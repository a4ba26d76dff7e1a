//! Phase 0, "Beacon state mutators".

use crate::{
    accessors::{
        get_beacon_proposer_index, get_current_epoch, get_validator_churn_limit, validator, validator_mut,
    },
    compute::compute_activation_exit_epoch,
    constants::{
        FAR_FUTURE_EPOCH, MIN_SLASHING_PENALTY_QUOTIENT, MIN_VALIDATOR_WITHDRAWABILITY_DELAY,
        PROPOSER_REWARD_QUOTIENT, WHISTLEBLOWER_REWARD_QUOTIENT,
    },
    containers::BeaconState,
    error::Error,
    math::{Uint64 as _, index},
    phase::Phase,
    preset::Preset,
    types::{Epoch, Gwei, ValidatorIndex},
};

/// Adds to a validator's balance.
///
/// # Errors
///
/// Fails if there is no such validator, or if its balance overflows.
pub fn increase_balance<P: Phase>(
    state: &mut BeaconState<P>,
    validator_index: ValidatorIndex,
    delta: Gwei,
) -> Result<(), Error> {
    let balance = state.balances.get_mut(index(validator_index)).ok_or(Error::IndexOutOfRange)?;
    *balance = balance.plus(delta)?;
    Ok(())
}

/// Subtracts from a validator's balance, down to zero.
///
/// # Errors
///
/// Fails if there is no such validator.
pub fn decrease_balance<P: Phase>(
    state: &mut BeaconState<P>,
    validator_index: ValidatorIndex,
    delta: Gwei,
) -> Result<(), Error> {
    let balance = state.balances.get_mut(index(validator_index)).ok_or(Error::IndexOutOfRange)?;
    *balance = balance.saturating_sub(delta);
    Ok(())
}

/// Queues a validator for exit, unless it is exiting already.
///
/// # Errors
///
/// Fails if there is no such validator, or if an epoch overflows.
pub fn initiate_validator_exit<P: Phase>(
    state: &mut BeaconState<P>,
    validator_index: ValidatorIndex,
) -> Result<(), Error> {
    if validator(state, validator_index)?.exit_epoch != FAR_FUTURE_EPOCH {
        return Ok(());
    }
    ExitQueue::new(state)?.push(state, validator_index)
}

/// The last epoch in which validators exit, and the number that exit in it.
///
/// Making one visits every validator, so callers that start many exits share one.
pub(crate) struct ExitQueue {
    epoch: Epoch,
    churn: u64,
    churn_limit: u64,
}

impl ExitQueue {
    pub(crate) fn new<P: Phase>(state: &BeaconState<P>) -> Result<Self, Error> {
        let mut epoch = compute_activation_exit_epoch(get_current_epoch(state))?;
        let mut churn = 0;
        for validator in &state.validators {
            if validator.exit_epoch == FAR_FUTURE_EPOCH || validator.exit_epoch < epoch {
                continue;
            }
            if validator.exit_epoch > epoch {
                (epoch, churn) = (validator.exit_epoch, 0);
            }
            churn += 1;
        }
        Ok(Self { epoch, churn, churn_limit: get_validator_churn_limit(state) })
    }

    /// Starts the exit of a validator, unless it is exiting already.
    pub(crate) fn push<P: Phase>(
        &mut self,
        state: &mut BeaconState<P>,
        validator_index: ValidatorIndex,
    ) -> Result<(), Error> {
        let validator = validator_mut(state, validator_index)?;
        if validator.exit_epoch != FAR_FUTURE_EPOCH {
            return Ok(());
        }
        if self.churn >= self.churn_limit {
            (self.epoch, self.churn) = (self.epoch.plus(1)?, 0);
        }
        self.churn += 1;
        validator.exit_epoch = self.epoch;
        validator.withdrawable_epoch = self.epoch.plus(MIN_VALIDATOR_WITHDRAWABILITY_DELAY)?;
        Ok(())
    }
}

/// Slashes a validator: takes a share of its balance and gives a part to the proposer and the whistleblower, who is
/// the proposer by default.
///
/// # Errors
///
/// Fails if there is no such validator.
pub fn slash_validator<P: Phase>(
    state: &mut BeaconState<P>,
    slashed_index: ValidatorIndex,
    whistleblower_index: Option<ValidatorIndex>,
) -> Result<(), Error> {
    let epoch = get_current_epoch(state);
    initiate_validator_exit(state, slashed_index)?;
    let vector_len = P::Preset::EPOCHS_PER_SLASHINGS_VECTOR;
    let validator = validator_mut(state, slashed_index)?;
    validator.slashed = true;
    validator.withdrawable_epoch = validator.withdrawable_epoch.max(epoch.plus(vector_len)?);
    let effective_balance = validator.effective_balance;
    let slashed = state.slashings.get_mut(index(epoch % vector_len)).ok_or(Error::IndexOutOfRange)?;
    *slashed = slashed.plus(effective_balance)?;
    decrease_balance(state, slashed_index, effective_balance / MIN_SLASHING_PENALTY_QUOTIENT)?;

    let proposer_index = get_beacon_proposer_index(state)?;
    let whistleblower_index = whistleblower_index.unwrap_or(proposer_index);
    let whistleblower_reward = effective_balance / WHISTLEBLOWER_REWARD_QUOTIENT;
    let proposer_reward = whistleblower_reward / PROPOSER_REWARD_QUOTIENT;
    increase_balance(state, proposer_index, proposer_reward)?;
    increase_balance(state, whistleblower_index, whistleblower_reward - proposer_reward)
}
