#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod batch;
mod deposits;
mod error;
mod exit;
mod genesis;
mod index;
mod input;
mod keys;
mod merge;
mod node;
mod pairing;
mod provider;
mod section;
mod state;
mod transition;
mod tree;

use outrider_sdk::{
    StateRoot,
    driver::{self, ExecuteError},
};

pub use deposits::{DEPOSITS_TAG, Deposit, PENDING_MAX, Recipient, list_hash, list_node, list_of_node};
pub use error::{
    BatchError, DepositsError, ExecuteTransferError, ExitError, GenesisError, InputError, MergeError,
    ProviderError, StateError, StateNodeError, TransitionError, WitnessError,
};
pub use exit::{EXIT_BYTES_MIN, EXIT_PAYLOAD_BYTES_MAX, Exit, SignedExit};
pub use genesis::{DOMAIN_TAG, Genesis};
pub use input::{Forced, Payload, SignedSection};
pub use keys::{KEY_NODE_BYTES, KEY_TAG, key_hash, key_node};
pub use merge::merge;
pub use node::{STATE_TAG, StateNode};
pub use pairing::Host;
pub use provider::node_hash;
pub use section::{Batch, Section};
pub use state::State;
pub use transition::transition;
pub use tree::{PathsError, Tree, TreeError};

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
