#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod answer;
mod call;

pub use answer::Answer;

use outrider_sdk::bignum::{self, Uint256};
use outrider_sdk::{ReadError, Reader, StateRoot, entry};

entry!(transition);

/// Checks the claims of a block, and returns the number of claims so far.
///
/// # Errors
///
/// Fails if the block data is not a sequence of claims, or if a claim is false.
pub fn transition(pre_state_root: StateRoot, block_data: &[u8]) -> Result<StateRoot, TransitionError> {
    let mut n_claims = Uint256(pre_state_root.0);
    let mut reader = Reader::new(block_data);
    while reader.remaining() > 0 {
        let offset = reader.offset();
        let [import] = reader.take_array()?;
        let got = call::call(import, &mut reader)?;
        let expected = Answer::read(&mut reader)?;
        if got != expected {
            return Err(TransitionError::False { offset, import, got, expected });
        }
        n_claims = bignum::add256(&n_claims, &1.into());
    }
    Ok(StateRoot(n_claims.0))
}

/// The reason why a block is refused.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum TransitionError {
    /// The block data ends inside a claim.
    #[error("block data")]
    Malformed(#[from] ReadError),
    /// The number of the import is unknown.
    #[error("byte {offset}: unknown import {got}, expected 0 to 25")]
    UnknownImport {
        /// The offset at which the claim starts.
        offset: usize,
        /// The number.
        got: u8,
    },
    /// A recovery id or a parity is more than the SDK's bindings take.
    #[error("the recovery id or parity {got} does not fit in a byte")]
    NotAByte {
        /// The number.
        got: u32,
    },
    /// An import does not answer as claimed.
    #[error("byte {offset}: import {import}: got {got}, expected {expected}")]
    False {
        /// The offset at which the claim starts.
        offset: usize,
        /// The import's number.
        import: u8,
        /// The import's answer.
        got: Answer,
        /// The claimed answer.
        expected: Answer,
    },
}
