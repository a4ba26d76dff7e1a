//! Phase 0, "Proposer slashings" and "Attester slashings".

use std::collections::BTreeSet;

use crate::{
    accessors::{get_current_epoch, get_domain, pubkey, validator},
    compute::{compute_epoch_at_slot, compute_signing_root},
    constants::DOMAIN_BEACON_PROPOSER,
    containers::{AttesterSlashing, BeaconState, ProposerSlashing},
    error::{Error, ensure, ensure_equal},
    mutators::slash_validator,
    phase::Phase,
    predicates::{is_slashable_attestation_data, is_slashable_validator, is_valid_indexed_attestation},
    signatures::Signatures,
    types::ValidatorIndex,
};

/// Slashes a proposer that signed two blocks for one slot.
///
/// # Errors
///
/// Fails if the operation does not prove that.
pub fn process_proposer_slashing<P: Phase>(
    state: &mut BeaconState<P>,
    proposer_slashing: &ProposerSlashing,
    signatures: &mut Signatures,
) -> Result<(), Error> {
    let header_1 = &proposer_slashing.signed_header_1.message;
    let header_2 = &proposer_slashing.signed_header_2.message;
    ensure_equal(header_2.slot, header_1.slot, |got, expected| Error::HeaderSlotsDiffer { got, expected })?;
    ensure_equal(header_2.proposer_index, header_1.proposer_index, |got, expected| {
        Error::HeaderProposersDiffer { got, expected }
    })?;
    ensure(header_1 != header_2, Error::HeadersEqual)?;
    let proposer = validator(state, header_1.proposer_index)?;
    ensure(is_slashable_validator(proposer, get_current_epoch(state)), Error::ProposerNotSlashable)?;
    for signed_header in [&proposer_slashing.signed_header_1, &proposer_slashing.signed_header_2] {
        let epoch = compute_epoch_at_slot::<P>(signed_header.message.slot);
        let domain = get_domain(state, DOMAIN_BEACON_PROPOSER, Some(epoch));
        let signing_root = compute_signing_root(&signed_header.message, domain);
        let pubkey = || pubkey(state, header_1.proposer_index);
        signatures.verify(pubkey, signing_root, &signed_header.signature, Error::HeaderSignature)?;
    }
    slash_validator(state, header_1.proposer_index, None)
}

/// Slashes attesters that signed two contradicting attestations.
///
/// # Errors
///
/// Fails if the operation does not prove that, or if none of the attesters is slashable.
pub fn process_attester_slashing<P: Phase>(
    state: &mut BeaconState<P>,
    attester_slashing: &AttesterSlashing<P>,
    signatures: &mut Signatures,
) -> Result<(), Error> {
    let attestation_1 = &attester_slashing.attestation_1;
    let attestation_2 = &attester_slashing.attestation_2;
    let is_slashable = is_slashable_attestation_data(&attestation_1.data, &attestation_2.data);
    ensure(is_slashable, Error::AttestationsNotSlashable)?;
    is_valid_indexed_attestation(state, attestation_1, signatures)?;
    is_valid_indexed_attestation(state, attestation_2, signatures)?;

    let indices_1: BTreeSet<ValidatorIndex> = attestation_1.attesting_indices.iter().copied().collect();
    let indices_2: BTreeSet<ValidatorIndex> = attestation_2.attesting_indices.iter().copied().collect();
    let mut slashed_any = false;
    for index in indices_1.intersection(&indices_2) {
        if is_slashable_validator(validator(state, *index)?, get_current_epoch(state)) {
            slash_validator(state, *index, None)?;
            slashed_any = true;
        }
    }
    ensure(slashed_any, Error::NobodySlashed)
}
