//! Custody game, "Custody Slashings".

use super::{
    super::{BeaconState, crosslink::check_transition_root},
    bit::compute_custody_bit,
    get_custody_period_for_validator, get_randao_epoch_for_custody_period,
};
use crate::{
    accessors::{
        get_attesting_indices, get_beacon_committee, get_current_epoch, get_domain, get_indexed_attestation,
        pubkey, validator,
    },
    compute::compute_signing_root,
    constants::{DOMAIN_CUSTODY_BIT_SLASHING, DOMAIN_RANDAO, WHISTLEBLOWER_REWARD_QUOTIENT},
    containers::{CustodySlashing, SignedCustodySlashing},
    error::{Error, ensure, ensure_equal},
    hash::hash_tree_root,
    math::{Uint64 as _, index},
    mutators::{increase_balance, slash_validator},
    phase::Phase1,
    predicates::{is_slashable_validator, is_valid_indexed_attestation},
    preset::Preset,
    signatures::Signatures,
    types::ValidatorIndex,
};

/// Slashes an attester of data whose custody bit is 1; if the bit is 0, slashes the whistleblower.
///
/// # Errors
///
/// Fails if the claim is not well-founded: a signature, the data, the secret or the attestation does not fit.
pub fn process_custody_slashing<C: Preset>(
    state: &mut BeaconState<C>,
    signed_custody_slashing: &SignedCustodySlashing<Phase1<C>>,
    signatures: &mut Signatures,
) -> Result<(), Error> {
    let custody_slashing = &signed_custody_slashing.message;
    let attestation = &custody_slashing.attestation;
    check_parties(state, signed_custody_slashing, signatures)?;
    is_valid_indexed_attestation(state, &get_indexed_attestation(state, attestation)?, signatures)?;
    check_data(custody_slashing)?;
    let attesters = get_attesting_indices(state, &attestation.data, &attestation.aggregation_bits)?;
    ensure(attesters.contains(&custody_slashing.malefactor_index), Error::MalefactorNotAttester)?;
    check_secret(state, custody_slashing, signatures)?;

    let computed_custody_bit =
        compute_custody_bit::<C>(&custody_slashing.malefactor_secret, &custody_slashing.data)
            .or(Err(Error::MalefactorSecret))?;
    if computed_custody_bit {
        slash_malefactor(state, custody_slashing, &attesters)
    } else {
        slash_validator(state, custody_slashing.whistleblower_index, None)
    }
}

/// Checks that the whistleblower signed, and that both parties are slashable.
fn check_parties<C: Preset>(
    state: &BeaconState<C>,
    signed_custody_slashing: &SignedCustodySlashing<Phase1<C>>,
    signatures: &mut Signatures,
) -> Result<(), Error> {
    let custody_slashing = &signed_custody_slashing.message;
    let current_epoch = get_current_epoch(state);
    let malefactor = validator(state, custody_slashing.malefactor_index)?;
    let whistleblower = validator(state, custody_slashing.whistleblower_index)?;
    let domain = get_domain(state, DOMAIN_CUSTODY_BIT_SLASHING, Some(current_epoch));
    let signing_root = compute_signing_root(custody_slashing, domain);
    let pubkey = || pubkey(state, custody_slashing.whistleblower_index);
    let signature = &signed_custody_slashing.signature;
    signatures.verify(pubkey, signing_root, signature, Error::CustodySlashingSignature)?;
    ensure(is_slashable_validator(whistleblower, current_epoch), Error::WhistleblowerNotSlashable)?;
    ensure(is_slashable_validator(malefactor, current_epoch), Error::MalefactorNotSlashable)
}

/// Checks that the data is that of the attested transition.
fn check_data<C: Preset>(custody_slashing: &CustodySlashing<Phase1<C>>) -> Result<(), Error> {
    let transition = &custody_slashing.shard_transition;
    check_transition_root(transition, custody_slashing.attestation.data.shard_transition_root)?;
    let data_index = index(custody_slashing.data_index);
    let length = transition.shard_block_lengths.get(data_index).ok_or(Error::IndexOutOfRange)?;
    ensure_equal(custody_slashing.data.len() as u64, *length, |got, expected| Error::CustodyDataLength {
        got,
        expected,
    })?;
    let data_root = transition.shard_data_roots.get(data_index).ok_or(Error::IndexOutOfRange)?;
    ensure_equal(hash_tree_root(&custody_slashing.data), *data_root, |got, expected| Error::CustodyDataRoot {
        got,
        expected,
    })
}

/// Checks that the secret is the malefactor's key of the attestation's period.
fn check_secret<C: Preset>(
    state: &BeaconState<C>,
    custody_slashing: &CustodySlashing<Phase1<C>>,
    signatures: &mut Signatures,
) -> Result<(), Error> {
    let malefactor_index = custody_slashing.malefactor_index;
    let target_epoch = custody_slashing.attestation.data.target.epoch;
    let period = get_custody_period_for_validator::<C>(malefactor_index, target_epoch)?;
    let epoch_to_sign = get_randao_epoch_for_custody_period::<C>(period, malefactor_index)?;
    let domain = get_domain(state, DOMAIN_RANDAO, Some(epoch_to_sign));
    let signing_root = compute_signing_root(&epoch_to_sign, domain);
    let pubkey = || pubkey(state, malefactor_index);
    let secret = &custody_slashing.malefactor_secret;
    signatures.verify(pubkey, signing_root, secret, Error::MalefactorSecret)
}

/// Slashes the malefactor and rewards the other attesters.
fn slash_malefactor<C: Preset>(
    state: &mut BeaconState<C>,
    custody_slashing: &CustodySlashing<Phase1<C>>,
    attesters: &[ValidatorIndex],
) -> Result<(), Error> {
    let malefactor_index = custody_slashing.malefactor_index;
    slash_validator(state, malefactor_index, None)?;
    let data = &custody_slashing.attestation.data;
    let others_count = (get_beacon_committee(state, data.slot, data.index)?.len() as u64).minus(1)?;
    let effective_balance = validator(state, malefactor_index)?.effective_balance;
    let whistleblower_reward = (effective_balance / WHISTLEBLOWER_REWARD_QUOTIENT).over(others_count)?;
    for attester_index in attesters.iter().filter(|attester_index| **attester_index != malefactor_index) {
        increase_balance(state, *attester_index, whistleblower_reward)?;
    }
    Ok(())
}
