//! Proposals: a provider makes a block of transactions.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::vec::Vec;

use bitcoin_consensus_encoding::encode_to_vec;
use bitcoin_primitives::{
    Amount, Block, BlockHash, BlockHeader, BlockTime, BlockVersion, CompactTarget, OutPoint, ScriptPubKeyBuf,
    ScriptSigBuf, Sequence, Target, Transaction, TransactionVersion, TxIn, TxOut, Witness,
    absolute::LockTime, merkle_tree::TxMerkleNode,
};

use crate::{
    block::{commitment_script, merkle_root, push_height, txid, witness_commitment},
    hash::Digest,
    header::{bits_after, slot_time},
    input::Proposal,
    network::Network,
    tip::{History, Tip},
    work::target,
};

/// A proposal on a tip, before its fees are known.
pub(crate) struct Draft {
    bits: u32,
    height: u32,
    proposal: Proposal,
}

impl Draft {
    /// Begins a block on a tip, or returns `None` if its header would have to show work. Regression tests need so
    /// little work that a provider does it.
    pub(crate) fn new(tip: &Tip, proposal: Proposal) -> Option<Self> {
        let History::Known(known) = &tip.history else { return None };
        let time = match tip.network {
            Network::Main | Network::Test | Network::Signet => return None,
            Network::Regtest => proposal.time,
            Network::Shard => slot_time(),
        };
        let height = tip.height.saturating_add(1);
        let bits = bits_after(tip.network, known, height, time);
        Some(Self { bits, height, proposal: Proposal { time, ..proposal } })
    }

    /// Returns the block with a coinbase that takes an amount, as Bitcoin encodes it. It can still be invalid.
    ///
    /// The coinbase pushes the height and an empty element, and commits to the witnesses under a nonce of zeros.
    pub(crate) fn block(&self, tip: &Tip, amount: u64) -> Vec<u8> {
        let output = |amount, script: Vec<u8>| TxOut {
            amount: Amount::from_sat(amount).unwrap_or(Amount::MAX),
            script_pubkey: ScriptPubKeyBuf::from_bytes(script),
        };
        let mut transactions = Vec::with_capacity(self.proposal.transactions.len().saturating_add(1));
        transactions.push(Transaction {
            version: TransactionVersion::TWO,
            lock_time: LockTime::ZERO,
            inputs: [TxIn {
                previous_output: OutPoint::COINBASE_PREVOUT,
                script_sig: ScriptSigBuf::from_bytes([push_height(self.height), [0].to_vec()].concat()),
                sequence: Sequence::FINAL,
                witness: Witness::from_slice(&[NONCE]),
            }]
            .to_vec(),
            outputs: [output(amount, self.proposal.script.clone())].to_vec(),
        });
        transactions.extend(self.proposal.transactions.iter().cloned());
        let commitment = commitment_script(&witness_commitment(&transactions, &NONCE));
        if let Some(coinbase) = transactions.first_mut() {
            coinbase.outputs.push(output(0, commitment));
        }
        let root = merkle_root(transactions.iter().map(txid).collect()).unwrap_or_default();
        let header = self.work(
            tip.network,
            BlockHeader {
                version: BlockVersion::NO_SOFT_FORK_SIGNALLING,
                prev_blockhash: BlockHash::from_byte_array(tip.block_hash.0),
                merkle_root: TxMerkleNode::from_byte_array(root.0),
                time: BlockTime::from_u32(self.proposal.time),
                bits: CompactTarget::from_consensus(self.bits),
                nonce: 0,
            },
        );
        encode_to_vec(&Block::new_unchecked(header, transactions))
    }

    /// Returns the header with the first nonce that shows the work, if any does.
    fn work(&self, network: Network, header: BlockHeader) -> BlockHeader {
        let Some(target) = target(self.bits, network.bits_max()).filter(|_| network.has_work()) else {
            return header;
        };
        let with_nonce = |nonce| BlockHeader { nonce, ..header };
        let is_enough = |header: &BlockHeader| Target::from_le_bytes(Digest::of_header(header).0) <= target;
        (0..NONCES_MAX).map(with_nonce).find(is_enough).unwrap_or(header)
    }
}

/// The nonce of the commitment to witnesses.
const NONCE: [u8; 32] = [0; 32];

/// The nonces that are tried. On regression tests, half of all headers show enough work.
const NONCES_MAX: u32 = 256;
