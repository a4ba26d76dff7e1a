//! The node of a state: its Keccak-256 is the state root.
//!
//! | bytes | content |
//! |---|---|
//! | 1 | [`STATE_TAG`] |
//! | 32 | root of the accounts |
//! | 32 | Keccak-256 of the [list of pending deposits](crate::deposits), zeros if there are none |
//! | 4 | the next index, which the next new account gets |
//! | 8 | fees: Gwei that the operator has earned, and that no account has yet |
//! | 8 | unclaimed: Gwei that came to nobody |
//! | 8 | fee of a deposit |
//! | 8 | number of sections of the operator so far |
//! | 8 | slot of the last section, or of the genesis |
//! | 8 | slot of the last block without the operator that had operations, or of the genesis |
//! | 8 | silence, in slots |
//! | 32 | y of the operator's key |
//! | 32 | domain: what all signatures and proofs of this rollup are for |
//! | 1 | number of batch sizes |
//! | | of each, in ascending order: 2 bytes of size, and 32 of Keccak-256 of its [verifying key](crate::keys) |
//!
//! Numbers are big-endian.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::vec::Vec;

use outrider_sdk::{Reader, StateRoot, Writer, crypto, receipt::Slot};
use outrider_zk_rollup_core::{
    AccountIndex, Fr,
    field::{from_bytes, to_bytes},
};

use crate::{error::StateNodeError, genesis::Genesis, keys::key_hash};

/// The first byte of a state's node. No field element, as branches and accounts begin with one, has so high a byte.
pub const STATE_TAG: u8 = 0xf0;

/// Everything that a block of any kind needs of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateNode {
    /// The root of the accounts.
    pub accounts: Fr,
    /// The hash of the list of pending deposits, zeros if there are none.
    pub deposits: [u8; 32],
    /// The index that the next new account gets; 2^24 if there is none.
    pub next_index: u32,
    /// The fees that the operator has earned and not yet collected, in Gwei.
    pub fees: u64,
    /// The ether that came to nobody, in Gwei.
    pub unclaimed: u64,
    /// The part of each message's value that is the operator's, in Gwei.
    pub deposit_fee: u64,
    /// The number of sections of the operator so far.
    pub n_sections: u64,
    /// The slot of the last section, or of the genesis.
    pub last_section: Slot,
    /// The slot of the last block with operations without the operator, or of the genesis.
    pub last_forced: Slot,
    /// The slots after which operations need no operator.
    pub silence: u64,
    /// The y of the operator's key.
    pub operator: Fr,
    /// The domain that all signatures and proofs of this rollup are for.
    pub domain: Fr,
    /// The batch sizes, ascending, each with the hash of its verifying key.
    pub keys: Vec<(u16, [u8; 32])>,
}

impl StateNode {
    /// Returns the state that a genesis makes on a shard.
    pub(crate) fn of_genesis(genesis: &Genesis, domain: Fr, slot: Slot, unclaimed: u64) -> Self {
        let keys = genesis.keys.iter();
        Self {
            accounts: crate::tree::empty_root(),
            deposits: [0; 32],
            next_index: FIRST_INDEX,
            fees: 0,
            unclaimed,
            deposit_fee: genesis.deposit_fee,
            n_sections: 0,
            last_section: slot,
            last_forced: slot,
            silence: genesis.silence,
            operator: genesis.operator.y(),
            domain,
            keys: keys.map(|(size, key)| (*size, key_hash(key))).collect(),
        }
    }

    /// Returns the state root.
    #[must_use]
    pub fn root(&self) -> StateRoot {
        StateRoot(crypto::keccak256(&self.to_bytes()))
    }

    /// Returns whether a block of a slot can have operations without the operator: more than [`silence`](Self::silence)
    /// slots have passed since the last section, or since the last block that had such operations.
    #[must_use]
    pub fn is_open(&self, slot: Slot) -> bool {
        let last = self.last_section.0.min(self.last_forced.0);
        slot.0.saturating_sub(last) > self.silence
    }

    /// Returns whether the account with an index exists.
    #[must_use]
    pub fn has_account(&self, index: AccountIndex) -> bool {
        index.get() < self.next_index
    }

    /// Encodes the node.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let numbers = [
            self.fees,
            self.unclaimed,
            self.deposit_fee,
            self.n_sections,
            self.last_section.0,
            self.last_forced.0,
            self.silence,
        ];
        let writer = Writer::new().u8(STATE_TAG).bytes(&to_bytes(&self.accounts)).bytes(&self.deposits);
        let writer = writer.u32_be(self.next_index).bytes(numbers.map(u64::to_be_bytes).as_flattened());
        let writer = writer.bytes(&to_bytes(&self.operator)).bytes(&to_bytes(&self.domain));
        // A genesis has at most 255 keys.
        let writer = writer.u8(u8::try_from(self.keys.len()).unwrap_or(u8::MAX));
        let keys = self.keys.iter();
        keys.fold(writer, |writer, (size, hash)| writer.u16_be(*size).bytes(hash)).finish()
    }

    /// Reads a node, which other data may follow.
    ///
    /// # Errors
    ///
    /// Fails if the bytes do not begin with a node. A node has one encoding. The caller has to compare the
    /// [root](Self::root) with one that it trusts.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, StateNodeError> {
        match reader.u8()? {
            STATE_TAG => {}
            got => return Err(StateNodeError::Tag { got }),
        }
        Ok(Self {
            accounts: read_field(reader)?,
            deposits: reader.take_array()?,
            next_index: reader.u32_be()?,
            fees: reader.u64_be()?,
            unclaimed: reader.u64_be()?,
            deposit_fee: reader.u64_be()?,
            n_sections: reader.u64_be()?,
            last_section: Slot(reader.u64_be()?),
            last_forced: Slot(reader.u64_be()?),
            silence: reader.u64_be()?,
            operator: read_field(reader)?,
            domain: read_field(reader)?,
            keys: {
                let n_keys = reader.u8()?;
                let key = |_| Ok::<_, StateNodeError>((reader.u16_be()?, reader.take_array()?));
                (0..n_keys).map(key).collect::<Result<_, _>>()?
            },
        })
    }
}

fn read_field(reader: &mut Reader<'_>) -> Result<Fr, StateNodeError> {
    let offset = reader.offset();
    from_bytes(&reader.take_array()?).map_err(|source| StateNodeError::Field { offset, source })
}

/// The index of the first account.
const FIRST_INDEX: u32 = 1;
