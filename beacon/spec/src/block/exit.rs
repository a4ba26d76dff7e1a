//! Phase 0, "Voluntary exits".

use crate::{
    accessors::{get_current_epoch, get_domain, pubkey, validator},
    compute::compute_signing_root,
    constants::{DOMAIN_VOLUNTARY_EXIT, FAR_FUTURE_EPOCH},
    containers::{BeaconState, SignedVoluntaryExit},
    error::{Error, ensure, ensure_equal},
    math::Uint64 as _,
    mutators::initiate_validator_exit,
    phase::Phase,
    predicates::is_active_validator,
    preset::Preset,
    signatures::Signatures,
};

/// Starts the exit of a validator that asks for it and has been active long enough.
///
/// # Errors
///
/// Fails if the validator has not been active long enough, if it is exiting already, if the exit's epoch has not
/// come, or if the signature is invalid.
pub fn process_voluntary_exit<P: Phase>(
    state: &mut BeaconState<P>,
    signed_voluntary_exit: &SignedVoluntaryExit,
    signatures: &mut Signatures,
) -> Result<(), Error> {
    let voluntary_exit = &signed_voluntary_exit.message;
    let current_epoch = get_current_epoch(state);
    let validator = validator(state, voluntary_exit.validator_index)?;
    ensure(is_active_validator(validator, current_epoch), Error::ExitNotActive)?;
    ensure_equal(validator.exit_epoch, FAR_FUTURE_EPOCH, |got, expected| Error::ExitInitiated {
        got,
        expected,
    })?;
    let got = current_epoch;
    ensure(got >= voluntary_exit.epoch, Error::ExitEarly { got, expected: voluntary_exit.epoch })?;
    let earliest = validator.activation_epoch.plus(P::Preset::SHARD_COMMITTEE_PERIOD)?;
    ensure(got >= earliest, Error::ExitNotActiveLongEnough { got, expected: earliest })?;
    let domain = get_domain(state, DOMAIN_VOLUNTARY_EXIT, Some(voluntary_exit.epoch));
    let signing_root = compute_signing_root(voluntary_exit, domain);
    let pubkey = || pubkey(state, voluntary_exit.validator_index);
    signatures.verify(pubkey, signing_root, &signed_voluntary_exit.signature, Error::ExitSignature)?;
    initiate_validator_exit(state, voluntary_exit.validator_index)
}
