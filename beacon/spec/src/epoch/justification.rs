//! Phase 0, "Justification and finalization": Casper FFG.

use ssz_types::{BitVector, typenum::U4};

use crate::{
    accessors::{get_block_root, get_current_epoch, get_previous_epoch, get_total_active_balance},
    constants::GENESIS_EPOCH,
    containers::{BeaconState, Checkpoint},
    epoch::attesters::{Registry, get_attesting_balance, get_matching_target_attestations},
    error::Error,
    math::Uint64 as _,
    phase::Phase,
    types::Epoch,
};

/// Justifies epochs that two thirds of the stake have attested, and finalizes the epoch that justified ones build on.
///
/// # Errors
///
/// Fails if the state is inconsistent.
pub fn process_justification_and_finalization<P: Phase>(state: &mut BeaconState<P>) -> Result<(), Error> {
    // In the first two epochs, the only checkpoint is a placeholder root.
    if get_current_epoch(state) <= GENESIS_EPOCH + 1 {
        return Ok(());
    }
    let previous_epoch = get_previous_epoch(state);
    let current_epoch = get_current_epoch(state);
    let old_previous_justified_checkpoint = state.previous_justified_checkpoint;
    let old_current_justified_checkpoint = state.current_justified_checkpoint;

    state.previous_justified_checkpoint = state.current_justified_checkpoint;
    state.justification_bits.shift_up(1).or(Err(Error::StateMalformed))?;
    let registry = Registry::new(state);
    if is_justified(state, &registry, previous_epoch)? {
        state.current_justified_checkpoint =
            Checkpoint { epoch: previous_epoch, root: get_block_root(state, previous_epoch)? };
        state.justification_bits.set(1, true).or(Err(Error::StateMalformed))?;
    }
    if is_justified(state, &registry, current_epoch)? {
        state.current_justified_checkpoint =
            Checkpoint { epoch: current_epoch, root: get_block_root(state, current_epoch)? };
        state.justification_bits.set(0, true).or(Err(Error::StateMalformed))?;
    }

    // Each line has the ages of the epochs that have to be justified, the source of the latest one, and the source's
    // age.
    for (ages, source, age) in [
        (1..4, old_previous_justified_checkpoint, 3),
        (1..3, old_previous_justified_checkpoint, 2),
        (0..3, old_current_justified_checkpoint, 2),
        (0..2, old_current_justified_checkpoint, 1),
    ] {
        if all(&state.justification_bits, ages) && source.epoch.plus(age)? == current_epoch {
            state.finalized_checkpoint = source;
        }
    }
    Ok(())
}

/// Returns whether two thirds of the stake have attested the first block of an epoch.
fn is_justified<P: Phase>(state: &BeaconState<P>, registry: &Registry, epoch: Epoch) -> Result<bool, Error> {
    let attestations = get_matching_target_attestations(state, epoch)?;
    let attesting_balance = get_attesting_balance(state, registry, &attestations)?;
    Ok(attesting_balance.times(3)? >= get_total_active_balance(state)?.times(2)?)
}

fn all(bits: &BitVector<U4>, mut range: std::ops::Range<usize>) -> bool {
    range.all(|i| bits.get(i) == Ok(true))
}
