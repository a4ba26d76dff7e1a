//! Phase 1, beacon chain, "Misc" and "Beacon state accessors".

use super::BeaconState;
use crate::{
    accessors::{committee, get_committee_count_per_slot, get_current_epoch, get_seed, validator},
    compute::{compute_epoch_at_slot, compute_start_slot_at_epoch},
    constants::{
        DOMAIN_LIGHT_CLIENT, DOMAIN_SHARD_COMMITTEE, GASPRICE_ADJUSTMENT_COEFFICIENT,
        LIGHT_CLIENT_COMMITTEE_PERIOD, LIGHT_CLIENT_COMMITTEE_SIZE, MAX_GASPRICE, MIN_GASPRICE,
        SHARD_BLOCK_OFFSETS, TARGET_SHARD_BLOCK_SIZE,
    },
    error::{Error, ensure},
    hash::{bytes_to_uint64, hash},
    math::{Uint64 as _, index},
    phase::Phase1,
    predicates::is_active_validator,
    preset::Preset,
    types::{CommitteeIndex, Epoch, Gwei, Shard, Slot, ValidatorIndex},
};

/// Returns the slot before `slot`, or slot 0 for slot 0.
#[must_use]
pub fn compute_previous_slot(slot: Slot) -> Slot {
    slot.saturating_sub(1)
}

/// Returns the shard of a committee at a slot.
///
/// # Errors
///
/// Fails if the slot is too far from the state's epoch.
pub fn compute_shard_from_committee_index<C: Preset>(
    state: &BeaconState<C>,
    committee_index: CommitteeIndex,
    slot: Slot,
) -> Result<Shard, Error> {
    committee_index.plus(get_start_shard(state, slot)?)?.modulo(get_active_shard_count(state))
}

/// Returns the slots after `start_slot` and before `end_slot` at which a shard may have blocks.
///
/// # Errors
///
/// Fails if a slot overflows.
pub fn compute_offset_slots(start_slot: Slot, end_slot: Slot) -> Result<Vec<Slot>, Error> {
    let mut slots = Vec::new();
    for offset in SHARD_BLOCK_OFFSETS {
        let slot = start_slot.plus(offset)?;
        if slot < end_slot {
            slots.push(slot);
        }
    }
    Ok(slots)
}

/// Returns the gas price after a block: higher after a long block, lower after a short one.
///
/// # Errors
///
/// Fails if the price or the length overflows.
pub fn compute_updated_gasprice(prev_gasprice: Gwei, shard_block_length: u64) -> Result<Gwei, Error> {
    let adjustment = |distance: u64| -> Result<Gwei, Error> {
        let scaled = prev_gasprice.times(distance)?.over(TARGET_SHARD_BLOCK_SIZE)?;
        scaled.over(GASPRICE_ADJUSTMENT_COEFFICIENT)
    };
    if shard_block_length > TARGET_SHARD_BLOCK_SIZE {
        let delta = adjustment(shard_block_length - TARGET_SHARD_BLOCK_SIZE)?;
        Ok(prev_gasprice.plus(delta)?.min(MAX_GASPRICE))
    } else {
        let delta = adjustment(TARGET_SHARD_BLOCK_SIZE - shard_block_length)?;
        prev_gasprice.max(MIN_GASPRICE.plus(delta)?).minus(delta)
    }
}

/// Returns the epoch whose seed decides the committees of an epoch: the start of the period before the epoch's own.
#[must_use]
pub fn compute_committee_source_epoch(epoch: Epoch, period: u64) -> Epoch {
    let source_epoch = epoch - epoch % period.max(1);
    source_epoch.checked_sub(period).unwrap_or(source_epoch)
}

/// Returns the number of active shards.
#[must_use]
pub fn get_active_shard_count<C: Preset>(_: &BeaconState<C>) -> u64 {
    C::INITIAL_ACTIVE_SHARDS
}

/// Returns whether `get_online_validator_indices` includes a validator: it is active and has attested recently.
///
/// # Errors
///
/// Fails if there is no such validator.
pub fn is_online_validator<C: Preset>(
    state: &BeaconState<C>,
    validator_index: ValidatorIndex,
) -> Result<bool, Error> {
    if !is_active_validator(validator(state, validator_index)?, get_current_epoch(state)) {
        return Ok(false);
    }
    let countdown = state.online_countdown.get(index(validator_index)).ok_or(Error::IndexOutOfRange)?;
    Ok(*countdown != 0)
}

/// Returns the committee that proposes a shard's blocks.
///
/// # Errors
///
/// Fails if an epoch overflows.
pub fn get_shard_committee<C: Preset>(
    beacon_state: &BeaconState<C>,
    epoch: Epoch,
    shard: Shard,
) -> Result<Vec<ValidatorIndex>, Error> {
    let source_epoch = compute_committee_source_epoch(epoch, C::SHARD_COMMITTEE_PERIOD);
    let count = get_active_shard_count(beacon_state);
    committee(beacon_state, source_epoch, DOMAIN_SHARD_COMMITTEE, shard, count)
}

/// Returns the committee that signs for light clients.
///
/// # Errors
///
/// Fails if an epoch overflows.
pub fn get_light_client_committee<C: Preset>(
    beacon_state: &BeaconState<C>,
    epoch: Epoch,
) -> Result<Vec<ValidatorIndex>, Error> {
    let source_epoch = compute_committee_source_epoch(epoch, LIGHT_CLIENT_COMMITTEE_PERIOD);
    let count = get_active_shard_count(beacon_state);
    let mut committee = committee(beacon_state, source_epoch, DOMAIN_LIGHT_CLIENT, 0, count)?;
    committee.truncate(LIGHT_CLIENT_COMMITTEE_SIZE);
    Ok(committee)
}

/// Returns the proposer of a shard's block at a slot.
///
/// # Errors
///
/// Fails if the shard's committee is empty.
pub fn get_shard_proposer_index<C: Preset>(
    beacon_state: &BeaconState<C>,
    slot: Slot,
    shard: Shard,
) -> Result<ValidatorIndex, Error> {
    let epoch = compute_epoch_at_slot::<Phase1<C>>(slot);
    let committee = get_shard_committee(beacon_state, epoch, shard)?;
    let seed = get_seed(beacon_state, epoch, DOMAIN_SHARD_COMMITTEE)?;
    let r = bytes_to_uint64(&hash(&[seed.as_slice(), &slot.to_le_bytes()]));
    let place = r.modulo(committee.len() as u64)?;
    let proposer_index = *committee.get(index(place)).ok_or(Error::IndexOutOfRange)?;
    validator(beacon_state, proposer_index).map(|_| proposer_index)
}

/// Returns the number of committees in a range of slots.
///
/// # Errors
///
/// Fails if a number overflows.
pub fn get_committee_count_delta<C: Preset>(
    state: &BeaconState<C>,
    start_slot: Slot,
    stop_slot: Slot,
) -> Result<u64, Error> {
    let mut delta = 0_u64;
    let mut slot = start_slot;
    while slot < stop_slot {
        let epoch = compute_epoch_at_slot::<Phase1<C>>(slot);
        let next_slot = compute_start_slot_at_epoch::<Phase1<C>>(epoch.plus(1)?)?.min(stop_slot);
        let committees_per_slot = get_committee_count_per_slot(state, epoch);
        delta = delta.plus(committees_per_slot.times(next_slot - slot)?)?;
        slot = next_slot;
    }
    Ok(delta)
}

/// Returns the shard of a slot's first committee. Committees advance around the shards from slot to slot.
///
/// # Errors
///
/// Fails if the slot is more than two epochs from the start of the current one.
pub fn get_start_shard<C: Preset>(state: &BeaconState<C>, slot: Slot) -> Result<Shard, Error> {
    let current_epoch_start_slot = compute_start_slot_at_epoch::<Phase1<C>>(get_current_epoch(state))?;
    let distance = slot.abs_diff(current_epoch_start_slot);
    let distance_max = 2 * C::SLOTS_PER_EPOCH;
    ensure(distance <= distance_max, Error::SlotNotRecent { got: distance, expected: distance_max })?;
    let active_shard_count = get_active_shard_count(state);
    let start_shard = state.current_epoch_start_shard;
    if slot >= current_epoch_start_slot {
        let shard_delta = get_committee_count_delta(state, current_epoch_start_slot, slot)?;
        if shard_delta == 0 {
            return Ok(start_shard);
        }
        start_shard.plus(shard_delta)?.modulo(active_shard_count)
    } else {
        let shard_delta = get_committee_count_delta(state, slot, current_epoch_start_slot)?;
        // A multiple of the number of shards that is at least the number of committees, so the subtraction cannot
        // underflow.
        let max_committees_in_span = active_shard_count.times(distance)?;
        start_shard.plus(max_committees_in_span)?.minus(shard_delta)?.modulo(active_shard_count)
    }
}

/// Returns the slot of a shard's latest crosslink.
///
/// # Errors
///
/// Fails if there is no such shard.
pub fn get_latest_slot_for_shard<C: Preset>(state: &BeaconState<C>, shard: Shard) -> Result<Slot, Error> {
    state.shard_states.get(index(shard)).map(|shard_state| shard_state.slot).ok_or(Error::IndexOutOfRange)
}

/// Returns the slots since a shard's latest crosslink at which it may have blocks.
///
/// # Errors
///
/// Fails if there is no such shard.
pub fn get_offset_slots<C: Preset>(state: &BeaconState<C>, shard: Shard) -> Result<Vec<Slot>, Error> {
    compute_offset_slots(get_latest_slot_for_shard(state, shard)?, state.slot)
}
