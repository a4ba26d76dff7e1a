//! Phase 0, epoch processing, "Helper functions": who attested what.

use crate::{
    accessors::{
        get_attesting_indices, get_block_root, get_block_root_at_slot, get_current_epoch, get_previous_epoch,
    },
    constants::EFFECTIVE_BALANCE_INCREMENT,
    containers::{BeaconState, PendingAttestation},
    error::{Error, ensure},
    math::{Uint64 as _, index},
    phase::Phase,
    types::{Epoch, Gwei},
};

/// `get_matching_source_attestations`: returns the attestations of an epoch; a block has only those with the right source.
///
/// # Errors
///
/// If the epoch is neither the current one nor the one before.
pub fn get_matching_source_attestations<P: Phase>(
    state: &BeaconState<P>,
    epoch: Epoch,
) -> Result<Vec<&PendingAttestation<P>>, Error> {
    if epoch == get_current_epoch(state) {
        return Ok(state.current_epoch_attestations.iter().collect());
    }
    ensure(epoch == get_previous_epoch(state), Error::EpochNotRecent)?;
    Ok(state.previous_epoch_attestations.iter().collect())
}

/// `get_matching_target_attestations`: returns those that have the right target, too.
///
/// # Errors
///
/// If the epoch is neither the current one nor the one before, or its first block is not known.
pub fn get_matching_target_attestations<P: Phase>(
    state: &BeaconState<P>,
    epoch: Epoch,
) -> Result<Vec<&PendingAttestation<P>>, Error> {
    let mut attestations = get_matching_source_attestations(state, epoch)?;
    if !attestations.is_empty() {
        let target_root = get_block_root(state, epoch)?;
        attestations.retain(|attestation| attestation.data.target.root == target_root);
    }
    Ok(attestations)
}

/// `get_matching_head_attestations`: returns those that have the right head, too.
///
/// # Errors
///
/// If the epoch is neither the current one nor the one before, or a block of it is not known.
pub fn get_matching_head_attestations<P: Phase>(
    state: &BeaconState<P>,
    epoch: Epoch,
) -> Result<Vec<&PendingAttestation<P>>, Error> {
    let mut matching = Vec::new();
    for attestation in get_matching_target_attestations(state, epoch)? {
        if attestation.data.beacon_block_root == get_block_root_at_slot(state, attestation.data.slot)? {
            matching.push(attestation);
        }
    }
    Ok(matching)
}

/// A set of validators, as a flag for each that there is.
#[derive(Clone, Debug)]
pub struct Attesters {
    flags: Vec<bool>,
}

impl Attesters {
    /// Whether a validator is in the set.
    #[must_use]
    pub fn contains(&self, validator_index: usize) -> bool {
        self.flags.get(validator_index).copied().unwrap_or_default()
    }

    /// `get_total_balance` of the set.
    ///
    /// # Errors
    ///
    /// If the sum is too great.
    pub fn total_balance<P: Phase>(&self, state: &BeaconState<P>) -> Result<Gwei, Error> {
        state
            .validators
            .iter()
            .zip(&self.flags)
            .filter(|(_, flag)| **flag)
            .try_fold(0_u64, |total, (validator, _)| total.plus(validator.effective_balance))
            .map(|total| total.max(EFFECTIVE_BALANCE_INCREMENT))
    }
}

/// `get_unslashed_attesting_indices`: returns who made the attestations and was not slashed.
///
/// # Errors
///
/// If an attestation is of no committee.
pub fn get_unslashed_attesting_indices<P: Phase>(
    state: &BeaconState<P>,
    attestations: &[&PendingAttestation<P>],
) -> Result<Attesters, Error> {
    let mut flags = vec![false; state.validators.len()];
    for attestation in attestations {
        for attester in get_attesting_indices(state, &attestation.data, &attestation.aggregation_bits)? {
            *flags.get_mut(index(attester)).ok_or(Error::IndexOutOfRange)? = true;
        }
    }
    for (flag, validator) in flags.iter_mut().zip(&state.validators) {
        *flag &= !validator.slashed;
    }
    Ok(Attesters { flags })
}

/// `get_attesting_balance`: returns the sum of the effective balances of those who made the attestations.
///
/// # Errors
///
/// If an attestation is of no committee.
pub fn get_attesting_balance<P: Phase>(
    state: &BeaconState<P>,
    attestations: &[&PendingAttestation<P>],
) -> Result<Gwei, Error> {
    get_unslashed_attesting_indices(state, attestations)?.total_balance(state)
}
