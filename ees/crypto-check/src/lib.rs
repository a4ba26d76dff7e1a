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

/// Checks the claims of a block, and counts them.
///
/// # Errors
///
/// If the block data is not a sequence of claims, or one is false.
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

/// Why a block is refused.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum TransitionError {
    /// The last claim is cut off.
    #[error("block data")]
    Malformed(#[from] ReadError),
    /// There is no import of this number.
    #[error("byte {offset}: there are imports 0 to 23, but no import {got}")]
    UnknownImport {
        /// Where the claim starts.
        offset: usize,
        /// The number.
        got: u8,
    },
    /// A recovery id of more than a byte, which the SDK does not take.
    #[error("the recovery id is {got}, which is no byte")]
    RecoveryId {
        /// The id.
        got: u32,
    },
    /// An import answers otherwise.
    #[error("byte {offset}: import {import}: got {got}, expected {expected}")]
    False {
        /// Where the claim starts.
        offset: usize,
        /// The import's number.
        import: u8,
        /// What it answers.
        got: Answer,
        /// What it was claimed to answer.
        expected: Answer,
    },
}
