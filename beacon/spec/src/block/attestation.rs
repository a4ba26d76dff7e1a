//! Phase 0, "Attestations".

use crate::{
    accessors::{
        get_beacon_committee, get_beacon_proposer_index, get_committee_count_per_slot, get_current_epoch,
        get_indexed_attestation, get_previous_epoch,
    },
    compute::compute_epoch_at_slot,
    constants::MIN_ATTESTATION_INCLUSION_DELAY,
    containers::{Attestation, BeaconState, PendingAttestation},
    error::{Error, ensure},
    math::Uint64 as _,
    phase::Phase,
    predicates::is_valid_indexed_attestation,
    preset::Preset,
    signatures::Signatures,
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
    ensure([get_previous_epoch(state), current_epoch].contains(&target_epoch), Error::TargetEpoch)?;
    ensure(target_epoch == compute_epoch_at_slot::<P>(data.slot), Error::TargetSlot)?;
    let earliest = data.slot.plus(MIN_ATTESTATION_INCLUSION_DELAY)?;
    let latest = data.slot.plus(P::Preset::SLOTS_PER_EPOCH)?;
    ensure(earliest <= state.slot && state.slot <= latest, Error::InclusionDelay)?;
    ensure(data.index < get_committee_count_per_slot(state, target_epoch), Error::CommitteeIndex)?;

    let committee = get_beacon_committee(state, data.slot, data.index)?;
    ensure(attestation.aggregation_bits.len() == committee.len(), Error::CommitteeLength)?;
    let source = if target_epoch == current_epoch {
        state.current_justified_checkpoint
    } else {
        state.previous_justified_checkpoint
    };
    ensure(data.source == source, Error::Source)
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
