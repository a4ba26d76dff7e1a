//! Phase 0, "Attestations".

use crate::{
    accessors::{
        get_beacon_committee, get_beacon_proposer_index, get_committee_count_per_slot, get_current_epoch,
        get_indexed_attestation, get_previous_epoch,
    },
    compute::compute_epoch_at_slot,
    constants::MIN_ATTESTATION_INCLUSION_DELAY,
    containers::{Attestation, AttestationData, BeaconState, PendingAttestation},
    error::{Error, ensure, ensure_equal},
    math::Uint64 as _,
    phase::Phase,
    predicates::is_valid_indexed_attestation,
    preset::Preset,
    signatures::Signatures,
    types::Epoch,
};

/// Checks an attestation of phase 0 and keeps it for the end of the epoch.
///
/// # Errors
///
/// Fails if the attestation is invalid.
pub fn process_attestation<P: Phase>(
    state: &mut BeaconState<P>,
    attestation: &Attestation<P>,
    signatures: &mut Signatures,
) -> Result<(), Error> {
    check_attestation(state, attestation)?;
    is_valid_indexed_attestation(state, &get_indexed_attestation(state, attestation)?, signatures)?;
    append_pending_attestation(state, attestation, P::PendingAttestation::default())
}

/// Checks the parts of an attestation that both phases check, except its signature.
pub(crate) fn check_attestation<P: Phase>(
    state: &BeaconState<P>,
    attestation: &Attestation<P>,
) -> Result<(), Error> {
    let data = &attestation.data;
    let current_epoch = get_current_epoch(state);
    let target_epoch = data.target.epoch;
    check_target::<P>(data, get_previous_epoch(state), current_epoch)?;
    let earliest = data.slot.plus(MIN_ATTESTATION_INCLUSION_DELAY)?;
    let latest = data.slot.plus(P::Preset::SLOTS_PER_EPOCH)?;
    let is_in_time = earliest <= state.slot && state.slot <= latest;
    ensure(is_in_time, Error::InclusionDelay { got: state.slot, earliest, latest })?;
    let n_committees = get_committee_count_per_slot(state, target_epoch);
    ensure(data.index < n_committees, Error::CommitteeIndex { got: data.index, expected: n_committees })?;

    let committee = get_beacon_committee(state, data.slot, data.index)?;
    ensure_equal(attestation.aggregation_bits.len(), committee.len(), |got, expected| {
        Error::CommitteeLength { got, expected }
    })?;
    let source = if target_epoch == current_epoch {
        state.current_justified_checkpoint
    } else {
        state.previous_justified_checkpoint
    };
    ensure_equal(data.source, source, |got, expected| Error::Source { got, expected })
}

/// Checks that an attestation's target is of one of two epochs, and of that of its slot.
pub(crate) fn check_target<P: Phase>(
    data: &AttestationData<P>,
    previous: Epoch,
    current: Epoch,
) -> Result<(), Error> {
    let got = data.target.epoch;
    ensure([previous, current].contains(&got), Error::TargetEpoch { got, previous, current })?;
    ensure_equal(got, compute_epoch_at_slot::<P>(data.slot), |got, expected| Error::TargetSlot {
        got,
        expected,
    })
}

/// Keeps an attestation for the end of the epoch.
pub(crate) fn append_pending_attestation<P: Phase>(
    state: &mut BeaconState<P>,
    attestation: &Attestation<P>,
    extension: P::PendingAttestation,
) -> Result<(), Error> {
    let pending_attestation = PendingAttestation {
        aggregation_bits: attestation.aggregation_bits.clone(),
        data: attestation.data.clone(),
        inclusion_delay: state.slot.minus(attestation.data.slot)?,
        proposer_index: get_beacon_proposer_index(state)?,
        extension,
    };
    if attestation.data.target.epoch == get_current_epoch(state) {
        state.current_epoch_attestations.push(pending_attestation)?;
    } else {
        state.previous_epoch_attestations.push(pending_attestation)?;
    }
    Ok(())
}
