//! Phase 0 and phase 1, "Fork choice": LMD GHOST among the branches that agree on what is justified and final.
//!
//! A [`Store`] is what a node knows. It hears of time by [`on_tick`], of blocks by [`on_block`], and of attestations by
//! [`on_attestation`]; a call that is refused changes nothing. [`get_head`] says what to build on.
//! Shards have a fork choice of their own, [`crate::phase1::fork_choice`].
//!
//! All of this is the specification to the letter, which keeps everything and trusts whoever attests. What runs in the
//! open is a the node of `outrider-beacon`, which stands on it.

mod attestation;
mod block;
mod head;
mod store;

pub use attestation::{on_attestation, update_latest_messages, validate_on_attestation};
pub use block::on_block;
pub use head::get_head;
pub use store::{
    LatestMessage, Store, compute_slots_since_epoch_start, get_ancestor, get_current_slot,
    get_forkchoice_store, on_tick,
};
pub use store::{checkpoint_state, current_epoch};
