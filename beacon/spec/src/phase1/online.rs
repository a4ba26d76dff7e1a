//! Phase 1, beacon chain, "Online-tracking".

use super::BeaconState;
use crate::{
    accessors::get_attesting_indices,
    constants::ONLINE_PERIOD,
    error::{Error, ensure},
    math::index,
    preset::Preset,
};

/// `process_online_tracking`: counts down, and starts anew with each attestation.
///
/// The specification does not add to the list when a validator is added to the registry. From then on, there is no
/// valid end of an epoch.
///
/// # Errors
///
/// If there is a validator that is not in the list.
pub fn process_online_tracking<C: Preset>(state: &mut BeaconState<C>) -> Result<(), Error> {
    let mut countdown = state.online_countdown.to_vec();
    ensure(countdown.len() >= state.validators.len(), Error::IndexOutOfRange)?;
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
