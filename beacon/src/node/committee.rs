//! Committees of epochs after a state's, as they will be if no further block arrives.
//!
//! A block's state determines the active validators of the next four epochs, as activations and exits take effect
//! five epochs ahead. The seed of an epoch is from two epochs before, and stays the same without blocks. So these
//! committees are those of the advanced state, but computing them does not process the end of any epoch.

use outrider_beacon_spec::{
    accessors::{
        get_active_validator_indices, get_beacon_committee, get_committee_count_per_slot, get_current_epoch,
        get_randao_mix,
    },
    compute::{compute_committee, compute_epoch_at_slot},
    constants::{DOMAIN_BEACON_ATTESTER, MAX_SEED_LOOKAHEAD},
    containers::BeaconState,
    error::Error,
    hash::hash,
    math::Uint64 as _,
    phase::Phase,
    preset::Preset,
    types::{CommitteeIndex, Slot, ValidatorIndex},
};

/// The number of epochs after a state's for which its active validators are fixed.
pub(super) const LOOKAHEAD: u64 = MAX_SEED_LOOKAHEAD;

/// Returns `get_beacon_committee` of the state advanced to a slot, which is at most [`LOOKAHEAD`] epochs ahead.
pub(super) fn beacon_committee<P: Phase>(
    state: &BeaconState<P>,
    slot: Slot,
    committee_index: CommitteeIndex,
) -> Result<Vec<ValidatorIndex>, Error> {
    let epoch = compute_epoch_at_slot::<P>(slot);
    let current_epoch = get_current_epoch(state);
    if epoch <= current_epoch.plus(1)? {
        return get_beacon_committee(state, slot, committee_index);
    }
    // The mix of two epochs before is the mix of the state's epoch, or a copy of it.
    let mix = get_randao_mix(state, current_epoch)?;
    let seed = hash(&[&DOMAIN_BEACON_ATTESTER, &epoch.to_le_bytes(), mix.as_slice()]);
    let n_per_slot = get_committee_count_per_slot(state, epoch);
    let slots_per_epoch = P::Preset::SLOTS_PER_EPOCH;
    let index = (slot % slots_per_epoch).times(n_per_slot)?.plus(committee_index)?;
    let count = n_per_slot.times(slots_per_epoch)?;
    let indices = get_active_validator_indices(state, epoch);
    compute_committee(&indices, &seed, index, count, P::Preset::SHUFFLE_ROUND_COUNT)
}
