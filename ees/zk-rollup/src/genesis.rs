//! The genesis of a rollup.
//!
//! | bytes | content |
//! |---|---|
//! | 32 | the operator's key |
//! | 8 | silence in slots |
//! | 8 | fee of a deposit in Gwei |
//! | to the end | verifying keys, by ascending batch size: 2 bytes of size, and 432 bytes |
//!
//! Numbers are big-endian.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::vec::Vec;

use outrider_sdk::{
    Reader, Writer, crypto,
    receipt::{EeIndex, ShardIndex},
};
use outrider_zk_rollup_core::{Fr, PublicKey, VerifyingKey, field::from_bytes};

use crate::error::InputError;

/// The text before a genesis in the hash that is the domain.
pub const DOMAIN_TAG: &[u8; 24] = b"outrider zk-rollup begin";

/// The beginning of a rollup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// The operator's key.
    pub operator: PublicKey,
    /// The slots after which operations need no operator.
    pub silence: u64,
    /// The part of each message's value that is the operator's, in Gwei: what the place of an account costs.
    pub deposit_fee: u64,
    /// The batch sizes, ascending, each with the key that verifies proofs of its batches.
    pub keys: Vec<(u16, VerifyingKey)>,
}

impl Genesis {
    /// Returns the domain of a rollup with this genesis: what its signatures and proofs are for.
    ///
    /// It is Keccak-256 of [`DOMAIN_TAG`], shard and EE of 8 bytes each, and the genesis, with zeros in place of the first byte.
    #[must_use]
    pub fn domain(&self, shard: ShardIndex, ee: EeIndex) -> Fr {
        let bytes =
            Writer::new().bytes(DOMAIN_TAG).u64_be(shard.0).u64_be(ee.0).bytes(&self.to_bytes()).finish();
        let mut hash = crypto::keccak256(&bytes);
        // All numbers of 248 bits are below the field's order.
        let [first, ..] = &mut hash;
        *first = 0;
        from_bytes(&hash).unwrap_or_default()
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let writer =
            Writer::new().bytes(&self.operator.to_bytes()).u64_be(self.silence).u64_be(self.deposit_fee);
        let keys = self.keys.iter();
        keys.fold(writer, |writer, (size, key)| writer.u16_be(*size).bytes(&key.to_bytes())).finish()
    }

    pub(crate) fn read(mut reader: Reader<'_>) -> Result<Self, InputError> {
        Ok(Self {
            operator: PublicKey::from_bytes(&reader.take_array()?).map_err(InputError::Operator)?,
            silence: reader.u64_be()?,
            deposit_fee: reader.u64_be()?,
            keys: {
                let mut keys = Vec::new();
                while reader.remaining() > 0 {
                    let size = reader.u16_be()?;
                    let key = VerifyingKey::from_bytes(&reader.take_array()?);
                    keys.push((size, key.map_err(|source| InputError::VerifyingKey { size, source })?));
                }
                keys
            },
        })
    }
}
