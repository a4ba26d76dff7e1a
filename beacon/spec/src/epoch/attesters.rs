//! Phase 0, epoch processing, "Helper functions": who attested what.

use crate::{
    accessors::{
        get_attesting_indices, get_block_root, get_block_root_at_slot, get_current_epoch, get_previous_epoch,
    },
    constants::EFFECTIVE_BALANCE_INCREMENT,
    containers::{BeaconState, PendingAttestation, Validator},
    error::{Error, ensure},
    math::{Uint64 as _, index},
    phase::Phase,
    predicates::is_active_validator,
    types::{Epoch, Gwei},
};

/// `get_matching_source_attestations`: returns the attestations of an epoch; a block has only those with the right
/// source.
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

/// What rewards depend on of each validator. The registry is a tree, so it is gone through once.
#[derive(Clone, Debug)]
pub struct Registry {
    pub(super) entries: Vec<Entry>,
}

/// A validator, for rewards.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) effective_balance: Gwei,
    pub(super) is_slashed: bool,
    /// Whether it is one of `get_eligible_validator_indices`: it was active in the previous epoch, or is slashed
    /// and cannot withdraw yet.
    pub(super) is_eligible: bool,
}

impl Registry {
    /// Goes through the registry.
    #[must_use]
    pub fn new<P: Phase>(state: &BeaconState<P>) -> Self {
        let previous_epoch = get_previous_epoch(state);
        let entry = |validator: &Validator<P>| Entry {
            effective_balance: validator.effective_balance,
            is_slashed: validator.slashed,
            is_eligible: is_active_validator(validator, previous_epoch)
                || (validator.slashed && previous_epoch + 1 < validator.withdrawable_epoch),
        };
        Self { entries: state.validators.iter().map(entry).collect() }
    }
}

/// A set of validators, as a flag for each that there is.
#[derive(Clone, Debug)]
pub struct Attesters {
    pub(super) flags: Vec<bool>,
    /// `get_total_balance` of the set.
    pub(super) balance: Gwei,
}

/// `get_unslashed_attesting_indices`: returns who made the attestations and was not slashed.
///
/// # Errors
///
/// If an attestation is of no committee.
pub fn get_unslashed_attesting_indices<P: Phase>(
    state: &BeaconState<P>,
    registry: &Registry,
    attestations: &[&PendingAttestation<P>],
) -> Result<Attesters, Error> {
    let mut flags = vec![false; registry.entries.len()];
    for attestation in attestations {
        for attester in get_attesting_indices(state, &attestation.data, &attestation.aggregation_bits)? {
            *flags.get_mut(index(attester)).ok_or(Error::IndexOutOfRange)? = true;
        }
    }
    let mut balance = 0_u64;
    for (flag, entry) in flags.iter_mut().zip(&registry.entries) {
        *flag &= !entry.is_slashed;
        if *flag {
            balance = balance.plus(entry.effective_balance)?;
        }
    }
    Ok(Attesters { flags, balance: balance.max(EFFECTIVE_BALANCE_INCREMENT) })
}

/// `get_attesting_balance`: returns the sum of the effective balances of those who made the attestations.
///
/// # Errors
///
/// If an attestation is of no committee.
pub fn get_attesting_balance<P: Phase>(
    state: &BeaconState<P>,
    registry: &Registry,
    attestations: &[&PendingAttestation<P>],
) -> Result<Gwei, Error> {
    Ok(get_unslashed_attesting_indices(state, registry, attestations)?.balance)
}
