#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod ancestry;
mod block;
mod coin;
mod connect;
mod crypto;
mod error;
mod hash;
mod header;
mod input;
mod merge;
mod network;
mod proposal;
mod provider;
mod script;
mod shard;
mod signet;
mod spend;
mod state;
mod tip;
mod transition;
mod witness;
mod work;

use outrider_sdk::{
    StateRoot,
    driver::{self, ExecuteError},
};

pub use error::{
    AssumedError, BlockError, DepartureError, HeaderError, InputError, MergeError, ProviderError, StateError,
    TipError, TransactionError, TransitionError, WitnessError,
};
pub use hash::{Digest, OutPoint};
pub use input::{AssumedOutput, AssumedState, Payload, Proposal};
pub use merge::merge;
pub use network::{Activations, Network};
pub use provider::node_hash;
pub use shard::{ARRIVAL_TAG, DEPARTURE_TAG, departure_script};
pub use state::State;
pub use tip::{History, Known, TIP_TAG, Tip};
pub use transition::transition;

outrider_sdk::entry!(execute);

/// Executes a block, or makes one from packages.
///
/// # Errors
///
/// Fails like [`driver::execute`] with [`merge`] and [`transition`].
pub fn execute(
    pre_state_root: StateRoot,
    block_data: &[u8],
) -> Result<StateRoot, ExecuteError<State, MergeError, TransitionError>> {
    driver::execute(pre_state_root, block_data, merge, transition)
}
