#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod error;
mod genesis;
mod inbox;
mod input;
mod keys;
mod merge;
mod output;
mod state;
mod transaction;
mod transition;

use outrider_sdk::{StateRoot, state::StateError};

pub use error::{AccountError, InputError, MergeError, TransactionError, TransitionError};
pub use genesis::Endowment;
pub use input::{Block, Payload};
pub use keys::{Address, PublicKey, Signature};
pub use merge::merge;
pub use state::{ACCOUNT_BYTES, Account, UNCLAIMED};
pub use transaction::{Action, SEND_PAYLOAD_BYTES_MAX, SigningDomain, Transaction};
pub use transition::transition;

outrider_sdk::entry!(execute);

/// Executes a block, or makes one from packages.
///
/// # Errors
///
/// Fails like [`outrider_sdk::state::execute`] with [`merge`] and [`transition`].
pub fn execute(
    pre_state_root: StateRoot,
    block_data: &[u8],
) -> Result<StateRoot, StateError<MergeError, TransitionError>> {
    outrider_sdk::state::execute(pre_state_root, block_data, merge, transition)
}
