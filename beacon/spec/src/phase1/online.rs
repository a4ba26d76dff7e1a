//! Phase 1, beacon chain, "Online-tracking".

use super::BeaconState;
use crate::{
    accessors::get_attesting_indices,
    constants::ONLINE_PERIOD,
    error::{Error, ensure_as_long},
    math::index,
    preset::Preset,
};

/// Counts each validator's online epochs down, and restarts the count at each attestation.
///
/// The specification does not extend the list when the registry gains a validator. From then on, no epoch can end.
///
/// # Errors
///
/// Fails if the list lacks a validator.
pub fn process_online_tracking<C: Preset>(state: &mut BeaconState<C>) -> Result<(), Error> {
    let mut countdown = state.online_countdown.to_vec();
    ensure_as_long(countdown.len(), state.validators.len())?;
    for epochs in countdown.iter_mut().take(state.validators.len()) {
        *epochs = epochs.saturating_sub(1);
    }
    for attestation in state.current_epoch_attestations.iter().chain(&state.previous_epoch_attestations) {
        for attester in get_attesting_indices(state, &attestation.data, &attestation.aggregation_bits)? {
            *countdown.get_mut(index(attester)).ok_or(Error::IndexOutOfRange)? = ONLINE_PERIOD;
        }
    }
    state.online_countdown = milhouse::List::new(countdown)?;
    Ok(())
}
