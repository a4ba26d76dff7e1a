//! Phase 0, "Epoch processing".

pub mod attesters;
pub mod final_updates;
pub mod justification;
pub mod registry;
pub mod rewards;

pub use attesters::{
    Registry, get_attesting_balance, get_matching_head_attestations, get_matching_source_attestations,
    get_matching_target_attestations, get_unslashed_attesting_indices,
};
pub use final_updates::process_final_updates;
pub use justification::process_justification_and_finalization;
pub use registry::{process_registry_updates, process_slashings};
pub use rewards::process_rewards_and_penalties;

use crate::{containers::BeaconState, error::Error, phase::Phase};

/// Processes the end of an epoch in phase 0.
///
/// # Errors
///
/// Fails if the state is inconsistent.
pub fn process_epoch<P: Phase>(state: &mut BeaconState<P>) -> Result<(), Error> {
    process_justification_and_finalization(state)?;
    process_rewards_and_penalties(state)?;
    process_registry_updates(state)?;
    process_slashings(state)?;
    process_final_updates(state)
}
