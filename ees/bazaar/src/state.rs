//! The state: all messages so far.

use alloc::vec::Vec;

use outrider_sdk::StateRoot;
use tiny_keccak::{Hasher, Keccak};

use crate::transaction::{MESSAGE_BYTES, Message};

/// All messages so far, oldest first.
pub(crate) struct State {
    pub(crate) messages: Vec<Message>,
}

impl State {
    /// Returns the hash of the encoded state, without holding the encoding in memory.
    pub(crate) fn root(&self) -> StateRoot {
        // Neither sum overflows: all messages come from one block data, whose length has 32 bits.
        let messages_length = (self.messages.len() * MESSAGE_BYTES) as u32;
        let state_length = size_of::<u32>() as u32 + messages_length;

        let mut keccak = Keccak::v256();
        keccak.update(&state_length.to_le_bytes());
        keccak.update(&messages_length.to_le_bytes());
        for message in &self.messages {
            keccak.update(&message.timestamp.to_le_bytes());
            keccak.update(&message.text);
        }
        let mut root = StateRoot::default();
        keccak.finalize(&mut root.0);
        root
    }
}
