//! The transition: from one state root to the next.

use outrider_sdk::StateRoot;

use crate::input::{Input, InputError};

/// Executes a block.
///
/// 1. Decodes the block data.
/// 2. Checks that the state in the block is the one before it.
/// 3. Appends the new messages, in order.
/// 4. Hashes the result.
///
/// # Errors
///
/// Fails if one of the first two steps fails.
pub fn transition(pre_state_root: StateRoot, block_data: &[u8]) -> Result<StateRoot, TransitionError> {
    let Input { new_messages, mut state } = Input::decode(block_data)?;

    let got = state.root();
    if got != pre_state_root {
        return Err(TransitionError::PreStateRoot { got, expected: pre_state_root });
    }

    state.messages.extend(new_messages);
    Ok(state.root())
}

/// The reason why a block is refused. The fault is with the block's author.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransitionError {
    /// The block data is malformed.
    #[error("block data")]
    Input(#[from] InputError),
    /// The state in the block is not the one before it.
    #[error("root of the state in the block: got {got}, expected {expected}")]
    PreStateRoot {
        /// The root of the state in the block.
        got: StateRoot,
        /// The EE's state root before the block.
        expected: StateRoot,
    },
}
