//! Phase 1, custody game: attesters have to hold the shard data that they attest.

pub mod bit;
pub mod challenge;
pub mod deadline;
pub mod reveal;
pub mod slashing;

pub use bit::compute_custody_bit;
pub use challenge::{process_chunk_challenge, process_chunk_challenge_response};
pub use deadline::{process_challenge_deadlines, process_custody_final_updates, process_reveal_deadlines};
pub use reveal::{process_custody_key_reveal, process_early_derived_secret_reveal};
pub use slashing::process_custody_slashing;

use super::{BeaconBlockBody, BeaconState};
use crate::{
    error::Error,
    math::Uint64 as _,
    preset::Preset,
    signatures::Signatures,
    types::{Epoch, ValidatorIndex},
};

/// Processes the custody game's operations of a block.
///
/// # Errors
///
/// Fails if an operation is invalid.
pub fn process_custody_game_operations<C: Preset>(
    state: &mut BeaconState<C>,
    body: &BeaconBlockBody<C>,
    signatures: &mut Signatures,
) -> Result<(), Error> {
    for operation in &body.chunk_challenges {
        process_chunk_challenge(state, operation, signatures)?;
    }
    for operation in &body.chunk_challenge_responses {
        process_chunk_challenge_response(state, operation)?;
    }
    for operation in &body.custody_key_reveals {
        process_custody_key_reveal(state, operation, signatures)?;
    }
    for operation in &body.early_derived_secret_reveals {
        process_early_derived_secret_reveal(state, operation, signatures)?;
    }
    for operation in &body.custody_slashings {
        process_custody_slashing(state, operation, signatures)?;
    }
    Ok(())
}

/// Returns the epoch whose RANDAO reveal is a validator's custody key of a period.
///
/// # Errors
///
/// Fails if an epoch overflows.
pub fn get_randao_epoch_for_custody_period<C: Preset>(
    period: u64,
    validator_index: ValidatorIndex,
) -> Result<Epoch, Error> {
    let offset = validator_index % C::EPOCHS_PER_CUSTODY_PERIOD;
    let next_period_start = period.plus(1)?.times(C::EPOCHS_PER_CUSTODY_PERIOD)?.minus(offset)?;
    next_period_start.plus(C::CUSTODY_PERIOD_TO_RANDAO_PADDING)
}

/// Returns a validator's custody period at an epoch.
///
/// # Errors
///
/// Fails if the epoch overflows.
pub fn get_custody_period_for_validator<C: Preset>(
    validator_index: ValidatorIndex,
    epoch: Epoch,
) -> Result<u64, Error> {
    epoch.plus(validator_index % C::EPOCHS_PER_CUSTODY_PERIOD)?.over(C::EPOCHS_PER_CUSTODY_PERIOD)
}
