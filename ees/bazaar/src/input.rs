//! Decoding of block data. The crate's front page describes the layout.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::vec::Vec;

use outrider_sdk::{ReadError, Reader};

use crate::{
    state::State,
    transaction::{MESSAGE_BYTES, Message},
};

/// The contents of block data.
pub(crate) struct Input {
    pub(crate) new_messages: Vec<Message>,
    /// The state before the block. The transition checks its root against the pre-state root.
    pub(crate) state: State,
}

impl Input {
    /// Decodes block data, and checks in this order:
    ///
    /// 1. The total length is the length of what follows it.
    /// 2. The new messages do not go past the end, and are whole.
    /// 3. The state does not go past the end.
    /// 4. Its messages do not go past its end, and are whole.
    /// 5. Nothing follows them in the state.
    /// 6. Nothing follows the state.
    ///
    /// So an [`Input`] has one encoding, and memory is reserved only for messages that exist.
    pub(crate) fn decode(block_data: &[u8]) -> Result<Input, InputError> {
        let mut reader = Reader::new(block_data);
        let total = reader.u32_le()?;
        if total as usize != reader.remaining() {
            return Err(InputError::TotalLength { got: total, expected: reader.remaining() });
        }
        let new_messages = read_messages(&mut reader)?;
        let state = read_state(&mut reader)?;
        reader.finish()?;
        Ok(Input { new_messages, state })
    }
}

fn read_state(reader: &mut Reader<'_>) -> Result<State, InputError> {
    let length = reader.u32_le()?;
    let mut reader = reader.sub(length as usize)?;
    let messages = read_messages(&mut reader)?;
    reader.finish()?;
    Ok(State { messages })
}

fn read_messages(reader: &mut Reader<'_>) -> Result<Vec<Message>, InputError> {
    let offset = reader.offset();
    let length = reader.u32_le()?;
    let mut reader = reader.sub(length as usize)?;
    if !reader.remaining().is_multiple_of(MESSAGE_BYTES) {
        return Err(InputError::PartialMessage { offset, length });
    }
    let mut messages = Vec::with_capacity(reader.remaining() / MESSAGE_BYTES);
    while reader.remaining() > 0 {
        messages.push(Message::read(&mut reader)?);
    }
    Ok(messages)
}

/// The reason why block data is malformed. The fault is with the block's author.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// A part has fewer or more bytes than its length says.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The first length is not the length of the rest of the block data.
    #[error("byte 0: total length: got {got}, expected {expected}")]
    TotalLength {
        /// The length at the start of the block data.
        got: u32,
        /// The number of bytes that follow.
        expected: usize,
    },
    /// The length of a list of messages is not a multiple of a message's length.
    #[error("byte {offset}: length of messages: got {length}, expected a multiple of {MESSAGE_BYTES}")]
    PartialMessage {
        /// The position of the length.
        offset: usize,
        /// The length of the list.
        length: u32,
    },
}
