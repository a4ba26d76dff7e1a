//! The transaction: a message to append.

use outrider_sdk::{ReadError, Reader};

/// A message, both in the block and in the state.
///
/// Its encoding has [`MESSAGE_BYTES`]: the timestamp, little-endian, then the text.
#[derive(Clone, Copy)]
pub(crate) struct Message {
    /// The timestamp. It is not checked, so its order and unit are arbitrary.
    pub(crate) timestamp: u64,
    pub(crate) text: [u8; 32],
}

impl Message {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Message, ReadError> {
        Ok(Message { timestamp: reader.u64_le()?, text: reader.take_array()? })
    }
}

/// The length of an encoded [`Message`].
pub(crate) const MESSAGE_BYTES: usize = size_of::<u64>() + 32;
