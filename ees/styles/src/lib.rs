#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod error;
mod inbox;
mod operation;
mod state;
mod transition;

use core::convert::Infallible;

use alloc::vec::Vec;
use outrider_sdk::{StateRoot, state::StateError};

pub use error::StylesError;
pub use operation::{Operation, Reservation};
pub use state::{Balance, Good, GoodKind, Shelved, good_key, user_key};
pub use transition::transition;

outrider_sdk::entry!(execute);

/// Executes a block, or makes one from packages.
///
/// # Errors
///
/// Fails like [`outrider_sdk::state::execute`] with [`transition`].
pub fn execute(
    pre_state_root: StateRoot,
    block_data: &[u8],
) -> Result<StateRoot, StateError<Infallible, StylesError>> {
    outrider_sdk::state::execute(pre_state_root, block_data, merge, transition)
}

fn merge(packages: &[&[u8]]) -> Result<Vec<u8>, Infallible> {
    Ok(packages.concat())
}
