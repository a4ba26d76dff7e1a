//! Phase 0, "Final updates".

use crate::{
    accessors::{get_current_epoch, get_randao_mix, validator_mut},
    constants::{
        EFFECTIVE_BALANCE_INCREMENT, HYSTERESIS_DOWNWARD_MULTIPLIER, HYSTERESIS_QUOTIENT,
        HYSTERESIS_UPWARD_MULTIPLIER, MAX_EFFECTIVE_BALANCE,
    },
    containers::{BeaconState, HistoricalBatch},
    error::{Error, ensure_as_long},
    hash::hash_tree_root,
    math::{Uint64 as _, index},
    phase::Phase,
    preset::Preset,
};

/// Rotates the state's vectors and lists for the next epoch and updates effective balances.
///
/// # Errors
///
/// Fails if a balance overflows.
pub fn process_final_updates<P: Phase>(state: &mut BeaconState<P>) -> Result<(), Error> {
    let current_epoch = get_current_epoch(state);
    let next_epoch = current_epoch.plus(1)?;
    if next_epoch % P::Preset::EPOCHS_PER_ETH1_VOTING_PERIOD == 0 {
        state.eth1_data_votes = milhouse::List::empty();
    }
    update_effective_balances(state)?;
    let place = index(next_epoch % P::Preset::EPOCHS_PER_SLASHINGS_VECTOR);
    *state.slashings.get_mut(place).ok_or(Error::IndexOutOfRange)? = 0;
    let mix = get_randao_mix(state, current_epoch)?;
    let place = index(next_epoch % P::Preset::EPOCHS_PER_HISTORICAL_VECTOR);
    *state.randao_mixes.get_mut(place).ok_or(Error::IndexOutOfRange)? = mix;
    if next_epoch % (P::Preset::SLOTS_PER_HISTORICAL_ROOT / P::Preset::SLOTS_PER_EPOCH) == 0 {
        let historical_batch = HistoricalBatch::<P::Preset> {
            block_roots: state.block_roots.to_vec().try_into()?,
            state_roots: state.state_roots.to_vec().try_into()?,
        };
        state.historical_roots.push(hash_tree_root(&historical_batch))?;
    }
    state.previous_epoch_attestations = std::mem::take(&mut state.current_epoch_attestations);
    Ok(())
}

/// Updates each effective balance whose balance has moved far enough.
fn update_effective_balances<P: Phase>(state: &mut BeaconState<P>) -> Result<(), Error> {
    const HYSTERESIS_INCREMENT: u64 = EFFECTIVE_BALANCE_INCREMENT / HYSTERESIS_QUOTIENT;
    const DOWNWARD_THRESHOLD: u64 = HYSTERESIS_INCREMENT * HYSTERESIS_DOWNWARD_MULTIPLIER;
    const UPWARD_THRESHOLD: u64 = HYSTERESIS_INCREMENT * HYSTERESIS_UPWARD_MULTIPLIER;
    ensure_as_long(state.balances.len(), state.validators.len())?;
    let mut moved = Vec::new();
    for (index, (validator, balance)) in (0..).zip(state.validators.iter().zip(&state.balances)) {
        if balance.plus(DOWNWARD_THRESHOLD)? < validator.effective_balance
            || validator.effective_balance.plus(UPWARD_THRESHOLD)? < *balance
        {
            let whole = balance - balance % EFFECTIVE_BALANCE_INCREMENT;
            moved.push((index, whole.min(MAX_EFFECTIVE_BALANCE)));
        }
    }
    for (index, effective_balance) in moved {
        validator_mut(state, index)?.effective_balance = effective_balance;
    }
    state.validators.caches.forget_balances();
    Ok(())
}
