//! Phase 0, "Predicates".

use crate::{
    accessors::{get_domain, pubkey},
    compute::compute_signing_root,
    constants::{DOMAIN_BEACON_ATTESTER, FAR_FUTURE_EPOCH, MAX_EFFECTIVE_BALANCE},
    containers::{AttestationData, BeaconState, IndexedAttestation, Validator},
    error::{Error, ensure},
    phase::Phase,
    signatures::Signatures,
    types::Epoch,
};

/// Returns whether a validator is active in an epoch.
#[must_use]
pub fn is_active_validator<P: Phase>(validator: &Validator<P>, epoch: Epoch) -> bool {
    validator.activation_epoch <= epoch && epoch < validator.exit_epoch
}

/// Returns whether a validator may enter the activation queue.
#[must_use]
pub fn is_eligible_for_activation_queue<P: Phase>(validator: &Validator<P>) -> bool {
    validator.activation_eligibility_epoch == FAR_FUTURE_EPOCH
        && validator.effective_balance == MAX_EFFECTIVE_BALANCE
}

/// Returns whether a validator's place in the queue is final and the validator is not activated yet.
#[must_use]
pub fn is_eligible_for_activation<P: Phase>(state: &BeaconState<P>, validator: &Validator<P>) -> bool {
    validator.activation_eligibility_epoch <= state.finalized_checkpoint.epoch
        && validator.activation_epoch == FAR_FUTURE_EPOCH
}

/// Returns whether a validator is slashable in an epoch.
#[must_use]
pub fn is_slashable_validator<P: Phase>(validator: &Validator<P>, epoch: Epoch) -> bool {
    !validator.slashed && validator.activation_epoch <= epoch && epoch < validator.withdrawable_epoch
}

/// Returns whether two votes break the rules of Casper FFG: a double vote, or a vote that surrounds the other.
#[must_use]
pub fn is_slashable_attestation_data<P: Phase>(
    data_1: &AttestationData<P>,
    data_2: &AttestationData<P>,
) -> bool {
    (data_1 != data_2 && data_1.target.epoch == data_2.target.epoch)
        || (data_1.source.epoch < data_2.source.epoch && data_2.target.epoch < data_1.target.epoch)
}

/// Checks that an attestation's indices are not empty, sorted and unique, and that the signature is by all of them.
///
/// # Errors
///
/// Fails if a check does not hold.
pub fn is_valid_indexed_attestation<P: Phase>(
    state: &BeaconState<P>,
    indexed_attestation: &IndexedAttestation<P>,
    signatures: &mut Signatures,
) -> Result<(), Error> {
    let indices = &indexed_attestation.attesting_indices;
    ensure(!indices.is_empty() && indices.is_sorted_by(|a, b| a < b), Error::AttestersNotSorted)?;
    let n_validators = state.validators.len();
    if let Some(got) = indices.iter().copied().find(|index| *index >= n_validators as u64) {
        return Err(Error::ValidatorUnknown { got, expected: n_validators });
    }
    let domain = get_domain(state, DOMAIN_BEACON_ATTESTER, Some(indexed_attestation.data.target.epoch));
    let signing_root = compute_signing_root(&indexed_attestation.data, domain);
    let pubkeys = || indices.iter().map(|index| pubkey(state, *index)).collect();
    let signature = &indexed_attestation.signature;
    signatures.fast_aggregate_verify(pubkeys, signing_root, signature, Error::AttestationSignature)
}
