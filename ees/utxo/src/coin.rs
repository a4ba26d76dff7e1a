//! Outputs that are spent, and those that are made.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use bitcoin_primitives::{Amount, ScriptPubKeyBuf, TxIn, TxOut};
use outrider_sdk::state::HostSha512_256;
use outrider_witness::{
    Hash,
    utreexo::{HeaderCode, LeafData},
};

use crate::hash::{Digest, OutPoint};

/// An input that spends an output of an earlier block.
#[derive(Clone, Copy)]
pub(crate) struct Spend<'a> {
    pub(crate) place: Place,
    pub(crate) out_point: OutPoint,
    pub(crate) input: &'a TxIn,
}

/// The place of an input in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The position of the transaction.
    pub(crate) transaction: usize,
    /// The number of the input in the transaction.
    pub(crate) input: usize,
}

/// An output that an input spends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Coin {
    pub(crate) output: TxOut,
    pub(crate) code: HeaderCode,
    /// The block that made it; `None` if that is the block that spends it.
    pub(crate) block_hash: Option<Digest>,
}

/// An output with everything that its leaf commits to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewOutput<'a> {
    pub(crate) out_point: OutPoint,
    pub(crate) block_hash: Digest,
    pub(crate) code: HeaderCode,
    pub(crate) amount: u64,
    pub(crate) script: &'a [u8],
}

impl NewOutput<'_> {
    /// Returns the content of the leaf.
    pub(crate) fn leaf_data(&self) -> LeafData<'_> {
        LeafData {
            block_hash: self.block_hash.0,
            txid: self.out_point.txid.0,
            vout: self.out_point.vout,
            header_code: self.code,
            amount: self.amount,
            script: self.script,
        }
    }

    /// Returns the leaf.
    pub(crate) fn leaf(&self) -> Hash {
        self.leaf_data().hash_with::<HostSha512_256>()
    }

    /// Returns the output as inputs see it, or `None` if the amount is above 21 million bitcoins.
    pub(crate) fn coin(&self) -> Option<Coin> {
        let amount = Amount::from_sat(self.amount).ok()?;
        let output = TxOut { amount, script_pubkey: ScriptPubKeyBuf::from_bytes(self.script.to_vec()) };
        Some(Coin { output, code: self.code, block_hash: Some(self.block_hash) })
    }
}
