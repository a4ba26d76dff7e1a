//! Phase 0, "Rewards and penalties".

use ssz_derive::{Decode, Encode};

use crate::{
    accessors::{
        get_attesting_indices, get_current_epoch, get_previous_epoch, get_total_active_balance, validator,
    },
    constants::{
        BASE_REWARD_FACTOR, BASE_REWARDS_PER_EPOCH, EFFECTIVE_BALANCE_INCREMENT, GENESIS_EPOCH,
        INACTIVITY_PENALTY_QUOTIENT, MIN_EPOCHS_TO_INACTIVITY_PENALTY, PROPOSER_REWARD_QUOTIENT,
    },
    containers::{BeaconState, PendingAttestation},
    epoch::attesters::{
        Registry, get_matching_head_attestations, get_matching_source_attestations,
        get_matching_target_attestations, get_unslashed_attesting_indices,
    },
    error::{Error, ensure_as_long},
    math::{Uint64 as _, index, integer_squareroot},
    phase::Phase,
    types::{Gwei, ValidatorIndex},
};

/// The rewards and penalties of each validator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Deltas {
    /// The reward of each validator.
    pub rewards: Vec<Gwei>,
    /// The penalty of each validator.
    pub penalties: Vec<Gwei>,
}

impl Deltas {
    fn zero(registry: &Registry) -> Self {
        let n_validators = registry.entries.len();
        Self { rewards: vec![0; n_validators], penalties: vec![0; n_validators] }
    }

    fn reward(&mut self, validator_index: usize, amount: Gwei) -> Result<(), Error> {
        let reward = self.rewards.get_mut(validator_index).ok_or(Error::IndexOutOfRange)?;
        *reward = reward.plus(amount)?;
        Ok(())
    }

    fn penalize(&mut self, validator_index: usize, amount: Gwei) -> Result<(), Error> {
        let penalty = self.penalties.get_mut(validator_index).ok_or(Error::IndexOutOfRange)?;
        *penalty = penalty.plus(amount)?;
        Ok(())
    }
}

/// The inputs of base rewards that all validators share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BaseReward {
    total_balance: Gwei,
    squareroot: u64,
}

impl BaseReward {
    pub(crate) fn new<P: Phase>(state: &BeaconState<P>) -> Result<Self, Error> {
        let total_balance = get_total_active_balance(state)?;
        Ok(Self { total_balance, squareroot: integer_squareroot(total_balance)? })
    }

    /// Returns the base reward of a validator with an effective balance.
    pub(crate) fn of(self, effective_balance: Gwei) -> Result<Gwei, Error> {
        effective_balance.times(BASE_REWARD_FACTOR)?.over(self.squareroot)?.over(BASE_REWARDS_PER_EPOCH)
    }
}

/// Returns the base reward of a validator.
///
/// # Errors
///
/// Fails if there is no such validator, or if a balance overflows.
pub fn get_base_reward<P: Phase>(
    state: &BeaconState<P>,
    validator_index: ValidatorIndex,
) -> Result<Gwei, Error> {
    BaseReward::new(state)?.of(validator(state, validator_index)?.effective_balance)
}

/// Returns the number of epochs from the finalized epoch to the previous one.
///
/// # Errors
///
/// Fails if a later epoch is final.
pub fn get_finality_delay<P: Phase>(state: &BeaconState<P>) -> Result<u64, Error> {
    get_previous_epoch(state).minus(state.finalized_checkpoint.epoch)
}

/// Returns whether balances leak because nothing has been finalized for long.
///
/// # Errors
///
/// Fails if a later epoch is final.
pub fn is_in_inactivity_leak<P: Phase>(state: &BeaconState<P>) -> Result<bool, Error> {
    Ok(get_finality_delay(state)? > MIN_EPOCHS_TO_INACTIVITY_PENALTY)
}

/// Rewards validators that made one of the attestations, and penalizes those that did not.
fn get_attestation_component_deltas<P: Phase>(
    state: &BeaconState<P>,
    registry: &Registry,
    attestations: &[&PendingAttestation<P>],
) -> Result<Deltas, Error> {
    let mut deltas = Deltas::zero(registry);
    let base_reward = BaseReward::new(state)?;
    let attesters = get_unslashed_attesting_indices(state, registry, attestations)?;
    let is_leak = is_in_inactivity_leak(state)?;
    // The product would overflow in Gwei, so this computes in increments.
    let attesting_increments = attesters.balance / EFFECTIVE_BALANCE_INCREMENT;
    let total_increments = base_reward.total_balance / EFFECTIVE_BALANCE_INCREMENT;
    for (index, (entry, is_attester)) in registry.entries.iter().zip(attesters.flags).enumerate() {
        if !entry.is_eligible {
            continue;
        }
        let base_reward = base_reward.of(entry.effective_balance)?;
        if !is_attester {
            deltas.penalize(index, base_reward)?;
        } else if is_leak {
            // The inactivity penalty cancels this reward.
            deltas.reward(index, base_reward)?;
        } else {
            deltas.reward(index, base_reward.times(attesting_increments)?.over(total_increments)?)?;
        }
    }
    Ok(deltas)
}

/// Returns the deltas for source votes.
///
/// # Errors
///
/// Fails if the state is inconsistent.
pub fn get_source_deltas<P: Phase>(state: &BeaconState<P>, registry: &Registry) -> Result<Deltas, Error> {
    let attestations = get_matching_source_attestations(state, get_previous_epoch(state))?;
    get_attestation_component_deltas(state, registry, &attestations)
}

/// Returns the deltas for target votes.
///
/// # Errors
///
/// Fails if the state is inconsistent.
pub fn get_target_deltas<P: Phase>(state: &BeaconState<P>, registry: &Registry) -> Result<Deltas, Error> {
    let attestations = get_matching_target_attestations(state, get_previous_epoch(state))?;
    get_attestation_component_deltas(state, registry, &attestations)
}

/// Returns the deltas for head votes.
///
/// # Errors
///
/// Fails if the state is inconsistent.
pub fn get_head_deltas<P: Phase>(state: &BeaconState<P>, registry: &Registry) -> Result<Deltas, Error> {
    let attestations = get_matching_head_attestations(state, get_previous_epoch(state))?;
    get_attestation_component_deltas(state, registry, &attestations)
}

/// Rewards attesters for early inclusion, and the proposers that included them.
///
/// # Errors
///
/// Fails if the state is inconsistent.
pub fn get_inclusion_delay_deltas<P: Phase>(
    state: &BeaconState<P>,
    registry: &Registry,
) -> Result<Deltas, Error> {
    let mut deltas = Deltas::zero(registry);
    let base_reward = BaseReward::new(state)?;
    let attestations = get_matching_source_attestations(state, get_previous_epoch(state))?;
    // The earliest inclusion of each validator; of several equally early ones, the first in the list.
    let mut earliest: Vec<Option<&PendingAttestation<P>>> = vec![None; registry.entries.len()];
    for attestation in attestations {
        for attester in get_attesting_indices(state, &attestation.data, &attestation.aggregation_bits)? {
            let earliest = earliest.get_mut(index(attester)).ok_or(Error::IndexOutOfRange)?;
            if earliest.is_none_or(|earliest| attestation.inclusion_delay < earliest.inclusion_delay) {
                *earliest = Some(attestation);
            }
        }
    }
    for (attester, (earliest, entry)) in earliest.iter().zip(&registry.entries).enumerate() {
        let Some(attestation) = earliest.filter(|_| !entry.is_slashed) else { continue };
        let base_reward = base_reward.of(entry.effective_balance)?;
        let proposer_reward = base_reward / PROPOSER_REWARD_QUOTIENT;
        deltas.reward(index(attestation.proposer_index), proposer_reward)?;
        let max_attester_reward = base_reward.minus(proposer_reward)?;
        deltas.reward(attester, max_attester_reward.over(attestation.inclusion_delay)?)?;
    }
    Ok(deltas)
}

/// Takes all rewards from every validator while nothing is finalized, and more from those that do not attest.
///
/// # Errors
///
/// Fails if the state is inconsistent.
pub fn get_inactivity_penalty_deltas<P: Phase>(
    state: &BeaconState<P>,
    registry: &Registry,
) -> Result<Deltas, Error> {
    let mut deltas = Deltas::zero(registry);
    if !is_in_inactivity_leak(state)? {
        return Ok(deltas);
    }
    let base_reward = BaseReward::new(state)?;
    let finality_delay = get_finality_delay(state)?;
    let attestations = get_matching_target_attestations(state, get_previous_epoch(state))?;
    let attesters = get_unslashed_attesting_indices(state, registry, &attestations)?;
    for (index, (entry, is_attester)) in registry.entries.iter().zip(attesters.flags).enumerate() {
        if !entry.is_eligible {
            continue;
        }
        let base_reward = base_reward.of(entry.effective_balance)?;
        let proposer_reward = base_reward / PROPOSER_REWARD_QUOTIENT;
        deltas.penalize(index, BASE_REWARDS_PER_EPOCH.times(base_reward)?.minus(proposer_reward)?)?;
        if !is_attester {
            let penalty = entry.effective_balance.times(finality_delay)? / INACTIVITY_PENALTY_QUOTIENT;
            deltas.penalize(index, penalty)?;
        }
    }
    Ok(deltas)
}

/// Adds to each balance the sum of the validator's rewards, then subtracts that of its penalties. The sums are those
/// of `get_attestation_deltas`.
///
/// # Errors
///
/// Fails if the state is inconsistent.
pub fn process_rewards_and_penalties<P: Phase>(state: &mut BeaconState<P>) -> Result<(), Error> {
    // Rewards are for work of the previous epoch.
    if get_current_epoch(state) == GENESIS_EPOCH {
        return Ok(());
    }
    let registry = Registry::new(state);
    let mut deltas = get_source_deltas(state, &registry)?;
    for more in [
        get_target_deltas(state, &registry)?,
        get_head_deltas(state, &registry)?,
        get_inclusion_delay_deltas(state, &registry)?,
        get_inactivity_penalty_deltas(state, &registry)?,
    ] {
        for (index, (reward, penalty)) in more.rewards.into_iter().zip(more.penalties).enumerate() {
            deltas.reward(index, reward)?;
            deltas.penalize(index, penalty)?;
        }
    }
    let mut balances = state.balances.to_vec();
    ensure_as_long(balances.len(), deltas.rewards.len())?;
    for (balance, (reward, penalty)) in balances.iter_mut().zip(deltas.rewards.iter().zip(&deltas.penalties))
    {
        *balance = balance.plus(*reward)?.saturating_sub(*penalty);
    }
    state.balances = milhouse::List::new(balances)?;
    Ok(())
}
