//! Exits: ether leaves an account for an EE, with a receipt.
//!
//! | bytes | content |
//! |---|---|
//! | 3 | index of the account |
//! | 8 | amount in Gwei |
//! | 8 | shard |
//! | 8 | EE |
//! | 8 | fee of the receipt in Gwei, beside the amount |
//! | 8 | nonce: the number of the account's transfers and exits so far |
//! | 1 to 5 | length of the payload, a varint |
//! | | payload for the receiver, of up to 65,504 bytes |
//! | 48 | the owner's signature |
//!
//! Numbers are big-endian. The receipt's payload is the index, of 3 bytes, 29 zeros, and the payload for the
//! receiver. So the receiver finds the 32 bytes for the sender's use where other EEs of this project have them, and
//! what returns finds its account.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::vec::Vec;

use outrider_sdk::{
    Reader, Writer, crypto,
    receipt::{EeIndex, RECEIPT_PAYLOAD_BYTES_MAX, SentReceipt, ShardIndex},
};
use outrider_witness::reader::push_varint;
use outrider_zk_rollup_core::{
    AccountIndex, Fr, SecretKey, Signature,
    signature::{Kind, Message},
};

use crate::{
    error::InputError,
    index,
    input::{read_index, read_signature},
};

/// Ether that leaves an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// The index of the account.
    pub index: AccountIndex,
    /// The ether that arrives, in Gwei.
    pub amount: u64,
    /// The receiving shard.
    pub shard: ShardIndex,
    /// The receiving EE.
    pub ee: EeIndex,
    /// The fee of the receipt in Gwei, for who delivers it.
    pub receipt_fee: u64,
    /// The number of the account's transfers and exits before.
    pub nonce: u64,
    /// Data for the receiver, up to [`EXIT_PAYLOAD_BYTES_MAX`].
    pub payload: Vec<u8>,
}

/// An exit with its owner's signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedExit {
    /// The exit.
    pub exit: Exit,
    /// The signature of the exit's [message](Exit::message).
    pub signature: Signature,
}

impl Exit {
    /// Returns what the owner signs.
    #[must_use]
    pub fn message(&self) -> Message {
        Message::of_hash(Kind::Exit, &crypto::keccak256(&self.to_bytes()))
    }

    /// Signs the exit for the rollup with a domain.
    #[must_use]
    pub fn sign(self, secret: &SecretKey, domain: &Fr) -> SignedExit {
        SignedExit { signature: Signature::sign(secret, &self.message(), domain), exit: self }
    }

    /// Returns the receipt that leaves.
    #[must_use]
    pub fn receipt(&self) -> SentReceipt {
        SentReceipt {
            destination_shard: self.shard,
            destination_ee: self.ee,
            value: self.amount,
            fee: self.receipt_fee,
            payload: [&index::to_bytes(self.index)[..], &[0; 29], &self.payload].concat(),
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let writer = Writer::new().bytes(&index::to_bytes(self.index)).u64_be(self.amount);
        let writer = writer.u64_be(self.shard.0).u64_be(self.ee.0).u64_be(self.receipt_fee);
        let mut bytes = writer.u64_be(self.nonce).finish();
        push_varint(&mut bytes, u32::try_from(self.payload.len()).unwrap_or(u32::MAX));
        bytes.extend(&self.payload);
        bytes
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, InputError> {
        Ok(Self {
            index: read_index(reader)?,
            amount: reader.u64_be()?,
            shard: ShardIndex(reader.u64_be()?),
            ee: EeIndex(reader.u64_be()?),
            receipt_fee: reader.u64_be()?,
            nonce: reader.u64_be()?,
            payload: {
                let offset = reader.offset();
                let got = reader.length(1)?;
                if got > EXIT_PAYLOAD_BYTES_MAX {
                    return Err(InputError::ExitPayload { offset, got });
                }
                reader.take(got)?.to_vec()
            },
        })
    }
}

impl SignedExit {
    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.exit.to_bytes());
        bytes.extend(self.signature.to_bytes());
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, InputError> {
        let exit = Exit::read(reader)?;
        Ok(Self { exit, signature: read_signature(reader)? })
    }
}

/// The most bytes that an exit can carry to its receiver.
pub const EXIT_PAYLOAD_BYTES_MAX: usize = RECEIPT_PAYLOAD_BYTES_MAX - 32;

/// The bytes of a signed exit without a payload.
pub const EXIT_BYTES_MIN: usize = 3 + 5 * 8 + 1 + 48;
