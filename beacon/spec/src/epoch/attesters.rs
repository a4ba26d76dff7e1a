//! Phase 0, epoch processing, "Helper functions": the attesters of each vote.

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

/// Returns the attestations of an epoch. All of them have the right source, as blocks with others are invalid.
///
/// # Errors
///
/// Fails if the epoch is neither the current nor the previous one.
pub fn get_matching_source_attestations<P: Phase>(
    state: &BeaconState<P>,
    epoch: Epoch,
) -> Result<Vec<&PendingAttestation<P>>, Error> {
    if epoch == get_current_epoch(state) {
        return Ok(state.current_epoch_attestations.iter().collect());
    }
    let (previous, current) = (get_previous_epoch(state), get_current_epoch(state));
    ensure(epoch == previous, Error::EpochNotRecent { got: epoch, previous, current })?;
    Ok(state.previous_epoch_attestations.iter().collect())
}

/// Returns the attestations of an epoch that also have the right target.
///
/// # Errors
///
/// Fails if the epoch is neither the current nor the previous one, or if the state does not hold its first block.
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

/// Returns the attestations of an epoch that also have the right target and head.
///
/// # Errors
///
/// Fails if the epoch is neither the current nor the previous one, or if the state does not hold one of its blocks.
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

/// The part of each validator that rewards depend on. The registry is a tree, so this walks it only once.
#[derive(Clone, Debug)]
pub struct Registry {
    pub(super) entries: Vec<Entry>,
}

/// The entry of one validator.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) effective_balance: Gwei,
    pub(super) is_slashed: bool,
    /// Whether `get_eligible_validator_indices` includes it: it was active in the previous epoch, or is slashed and
    /// cannot withdraw yet.
    pub(super) is_eligible: bool,
}

impl Registry {
    /// Walks the registry of a state.
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

/// A set of validators, as one flag for each validator of the registry.
#[derive(Clone, Debug)]
pub struct Attesters {
    pub(super) flags: Vec<bool>,
    /// `get_total_balance` of the set.
    pub(super) balance: Gwei,
}

/// Returns the attesters that are not slashed.
///
/// # Errors
///
/// Fails if an attestation's committee does not exist.
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

/// Returns the sum of the effective balances of the attesters that are not slashed.
///
/// # Errors
///
/// Fails if an attestation's committee does not exist.
pub fn get_attesting_balance<P: Phase>(
    state: &BeaconState<P>,
    registry: &Registry,
    attestations: &[&PendingAttestation<P>],
) -> Result<Gwei, Error> {
    Ok(get_unslashed_attesting_indices(state, registry, attestations)?.balance)
}
