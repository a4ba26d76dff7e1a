//! Phase 0 and phase 1, "Fork choice": LMD GHOST among the branches that agree on the justified and finalized
//! checkpoints.
//!
//! A [`Store`] holds what a node knows. [`on_tick`] advances its time, [`on_block`] adds a block, and
//! [`on_attestation`] adds an attestation; a call that fails leaves the store unchanged. [`get_head`] returns the
//! block to build on. Shards have a fork choice of their own, [`crate::phase1::fork_choice`].
//!
//! This module follows the specification to the letter: it keeps everything and trusts attesters. The node in
//! `outrider-beacon` builds on it and is safe to run on an open network.

mod attestation;
mod block;
mod head;
mod store;

pub use attestation::{on_attestation, update_latest_messages, validate_on_attestation};
pub use block::{on_block, on_block_by};
pub use head::get_head;
pub use store::{
    LatestMessage, Store, compute_slots_since_epoch_start, get_ancestor, get_current_slot,
    get_forkchoice_store, on_tick,
};
pub use store::{checkpoint_state, current_epoch};
