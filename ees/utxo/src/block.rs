//! Blocks as Bitcoin encodes them, and the rules that need no outputs of other blocks.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloc::vec::Vec;
use core::iter;

use bitcoin_consensus_encoding::decode_from_slice;
use bitcoin_primitives::{self as primitives, BlockHeader, Transaction};
use outrider_sdk::Writer;

use crate::{
    crypto::Host,
    error::{BlockError, TransactionError},
    hash::Digest,
    network::Network,
};

/// A decoded block.
pub(crate) struct Block {
    pub(crate) header: BlockHeader,
    pub(crate) hash: Digest,
    pub(crate) transactions: Vec<Transaction>,
    /// The id of each transaction.
    pub(crate) txids: Vec<Digest>,
}

impl Block {
    /// Decodes a block of up to 4,000,000 weight units.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, BlockError> {
        let block: primitives::Block = decode_from_slice(bytes).map_err(BlockError::of_decoder)?;
        let (header, transactions) = block.into_parts();
        let txids = transactions.iter().map(txid).collect();
        Ok(Self { header, hash: Digest::of_header(&header), transactions, txids })
    }

    /// Checks the transactions without those that they spend (`CheckBlock` and `ContextualCheckBlock` in
    /// `src/validation.cpp`):
    ///
    /// 1. The header has their Merkle root, and it is the root of no other list of them.
    /// 2. The first is a coinbase, and no other.
    /// 3. Each has inputs, and is final at the height and the time. The decoder has checked the other rules of
    ///    `CheckTransaction`, which [`BlockError::Decode`] lists.
    /// 4. From BIP 34 on, the coinbase begins with the height.
    /// 5. The coinbase commits to the witnesses from segwit on; without a commitment there are none.
    ///
    /// The decoder has checked the weight.
    pub(crate) fn check(&self, network: Network, height: u32, lock_time: u32) -> Result<(), BlockError> {
        self.check_merkle_root()?;
        let coinbase = self.transactions.first().filter(|first| first.is_coinbase());
        let coinbase = coinbase.ok_or(BlockError::NoCoinbase)?;
        for (index, transaction) in self.transactions.iter().enumerate() {
            check_transaction(transaction, index, height, lock_time)
                .map_err(|source| self.fail(index, source))?;
        }
        let activations = network.activations();
        if height >= activations.bip34 && !starts_with_height(coinbase, height) {
            return Err(BlockError::Height);
        }
        self.check_witnesses(coinbase, height >= activations.segwit)
    }

    /// Returns the error for an invalid transaction.
    pub(crate) fn fail(&self, index: usize, source: TransactionError) -> BlockError {
        BlockError::Transaction { index, txid: self.txids.get(index).copied().unwrap_or_default(), source }
    }

    fn check_merkle_root(&self) -> Result<(), BlockError> {
        let expected = Digest(self.header.merkle_root.to_byte_array());
        if self.transactions.is_empty() {
            return Err(BlockError::NoCoinbase);
        }
        // There is none if subtrees are equal.
        let got = merkle_root(self.txids.clone()).ok_or(BlockError::Repeated)?;
        if got == expected { Ok(()) } else { Err(BlockError::MerkleRoot { got, expected }) }
    }

    fn check_witnesses(&self, coinbase: &Transaction, is_active: bool) -> Result<(), BlockError> {
        if let Some(expected) = commitment(coinbase).filter(|_| is_active) {
            let witness = coinbase.inputs.first().map(|input| &input.witness);
            let nonce = witness.filter(|witness| witness.len() == 1).and_then(|witness| witness.get(0));
            let nonce = nonce.and_then(|nonce| nonce.try_into().ok()).ok_or(BlockError::WitnessNonce)?;
            let got = witness_commitment(&self.transactions, nonce);
            return if got == expected {
                Ok(())
            } else {
                Err(BlockError::WitnessCommitment { got, expected })
            };
        }
        let has_witness =
            |transaction: &Transaction| transaction.inputs.iter().any(|it| !it.witness.is_empty());
        match self.transactions.iter().position(has_witness) {
            Some(index) => Err(BlockError::Witness { index }),
            None => Ok(()),
        }
    }
}

/// Returns the id of a transaction.
pub(crate) fn txid(transaction: &Transaction) -> Digest {
    Digest(outrider_bitcoin_script::txid(transaction, &Host))
}

/// Returns the Merkle root of ids, or `None` if equal subtrees lie beside each other (CVE-2012-2459), or there are no
/// ids.
pub(crate) fn merkle_root(ids: Vec<Digest>) -> Option<Digest> {
    let mut row = ids;
    while row.len() > 1 {
        row = row.chunks(2).map(parent).collect::<Option<_>>()?;
    }
    row.pop()
}

/// Returns the hash over two nodes, or over the last one twice if there is no other; `None` if two are equal.
fn parent(children: &[Digest]) -> Option<Digest> {
    let (left, right) = match children {
        [left, right] => (left != right).then_some((left, right))?,
        [last] => (last, last),
        _ => return None,
    };
    Some(Digest::of([left.0, right.0].as_flattened()))
}

/// Returns the commitment to the witnesses of transactions, with a nonce (BIP 141). The witness of the first one, the
/// coinbase, does not count. Ids are not repeated, so the list has a Merkle root.
pub(crate) fn witness_commitment(transactions: &[Transaction], nonce: &[u8; 32]) -> Digest {
    let others = transactions.iter().skip(1).map(|it| Digest(outrider_bitcoin_script::wtxid(it, &Host)));
    let root = merkle_root(iter::once(Digest::default()).chain(others).collect()).unwrap_or_default();
    Digest::of([root.0, *nonce].as_flattened())
}

/// Returns the position of the output with the commitment to the witnesses, the last one of that form
/// (`GetWitnessCommitmentIndex` in `src/consensus/validation.h`).
pub(crate) fn commitment_index(coinbase: &Transaction) -> Option<usize> {
    let is_commitment =
        |script: &[u8]| script.len() >= COMMITMENT_BYTES && script.starts_with(&COMMITMENT_TAG);
    coinbase.outputs.iter().rposition(|output| is_commitment(output.script_pubkey.as_bytes()))
}

fn commitment(coinbase: &Transaction) -> Option<Digest> {
    let output = coinbase.outputs.get(commitment_index(coinbase)?)?;
    let hash = output.script_pubkey.as_bytes().strip_prefix(&COMMITMENT_TAG)?;
    hash.first_chunk().copied().map(Digest)
}

/// Returns the script of an output that commits to witnesses.
pub(crate) fn commitment_script(commitment: &Digest) -> Vec<u8> {
    Writer::new().bytes(&COMMITMENT_TAG).bytes(&commitment.0).finish()
}

/// `OP_RETURN`, a push of 36 bytes, and the tag of BIP 141.
const COMMITMENT_TAG: [u8; 6] = [0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed];
const COMMITMENT_BYTES: usize = COMMITMENT_TAG.len() + 32;

fn check_transaction(
    transaction: &Transaction,
    index: usize,
    height: u32,
    lock_time: u32,
) -> Result<(), TransactionError> {
    if transaction.inputs.is_empty() {
        return Err(TransactionError::NoInputs);
    }
    if index > 0 && transaction.is_coinbase() {
        return Err(TransactionError::Coinbase);
    }
    if !is_final(transaction, height, lock_time) {
        return Err(TransactionError::LockTime { lock_time: transaction.lock_time.to_consensus_u32() });
    }
    Ok(())
}

/// Returns whether a transaction may be in a block of a height and a time (`IsFinalTx` in
/// `src/consensus/tx_verify.cpp`).
fn is_final(transaction: &Transaction, height: u32, time: u32) -> bool {
    let lock_time = transaction.lock_time.to_consensus_u32();
    let now = if lock_time < LOCK_TIME_THRESHOLD { height } else { time };
    lock_time == 0
        || lock_time < now
        || transaction.inputs.iter().all(|input| input.sequence.to_consensus_u32() == u32::MAX)
}

/// Lock times from here on are times; below, they are heights (`LOCKTIME_THRESHOLD` in `src/script/script.h`).
const LOCK_TIME_THRESHOLD: u32 = 500_000_000;

fn starts_with_height(coinbase: &Transaction, height: u32) -> bool {
    let script = coinbase.inputs.first().map(|input| input.script_sig.as_bytes());
    script.is_some_and(|script| script.starts_with(&push_height(height)))
}

/// Returns the operation that pushes a height as a number, in its shortest form (BIP 34).
pub(crate) fn push_height(height: u32) -> Vec<u8> {
    const OP_1: u8 = 0x51;
    match u8::try_from(height) {
        Ok(0) => [0].to_vec(),
        Ok(small @ 1..=16) => [OP_1.saturating_add(small.saturating_sub(1))].to_vec(),
        _ => {
            let bytes = height.to_le_bytes();
            let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last.saturating_add(1));
            let mut number: Vec<u8> = bytes.iter().take(used).copied().collect();
            // The highest bit is the sign.
            number.extend(number.last().filter(|last| **last >= 0x80).map(|_| 0));
            [&[number.len().to_le_bytes().first().copied().unwrap_or(0)][..], &number].concat()
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use bitcoin_primitives::{
        Amount, ScriptPubKeyBuf, ScriptSigBuf, Sequence, TransactionVersion, TxIn, TxOut, Witness,
        absolute::LockTime, merkle_tree::TxMerkleNode,
    };

    use super::*;

    #[test]
    fn heights_are_pushed_as_numbers() {
        let cases: [(u32, &[u8]); 10] = [
            (0, &[0]),
            (1, &[0x51]),
            (16, &[0x60]),
            (17, &[1, 17]),
            (127, &[1, 127]),
            (128, &[2, 128, 0]),
            (255, &[2, 255, 0]),
            (256, &[2, 0, 1]),
            (227_931, &[3, 0x5b, 0x7a, 0x03]),
            (0x0080_0000, &[4, 0, 0, 0x80, 0]),
        ];
        cases.iter().for_each(|(height, bytes)| assert_eq!(push_height(*height), *bytes, "{height}"));
    }

    #[test]
    fn lock_times_are_heights_or_times_and_count_unless_all_inputs_are_final() {
        let check = |lock_time, sequences: &[u32], height, time, expected| {
            let input = |sequence: &u32| TxIn {
                sequence: Sequence::from_consensus(*sequence),
                ..TxIn::EMPTY_COINBASE
            };
            let transaction = Transaction {
                version: TransactionVersion::ONE,
                lock_time: LockTime::from_consensus(lock_time),
                inputs: sequences.iter().map(input).collect(),
                outputs: Vec::new(),
            };
            assert_eq!(is_final(&transaction, height, time), expected, "{lock_time}");
        };
        let last = u32::MAX;
        check(0, &[0], 0, 0, true);
        check(99, &[0], 100, 0, true);
        check(100, &[0], 100, 1_000_000_000, false);
        check(100, &[last, last], 100, 0, true);
        check(100, &[last, 0], 100, 0, false);
        check(499_999_999, &[0], 100, last, false);
        check(500_000_000, &[0], last, 500_000_000, false);
        check(500_000_000, &[0], 0, 500_000_001, true);
    }

    /// Makes a block of one coinbase, with an output that may commit to the witnesses.
    fn block(script_sig: &[u8], witness: &[[u8; 32]], has_commitment: bool) -> Block {
        let script_sig = ScriptSigBuf::from_bytes(script_sig.to_vec());
        let witness = Witness::from_slice(witness);
        let input = TxIn { script_sig, witness, ..TxIn::EMPTY_COINBASE };
        let commitment = commitment_script(&witness_commitment(&[coinbase(input.clone(), vec![])], &[0; 32]));
        let script = if has_commitment { commitment } else { vec![0x51] };
        let transactions = vec![coinbase(input, script)];
        let txids: Vec<Digest> = transactions.iter().map(txid).collect();
        let header = BlockHeader {
            merkle_root: TxMerkleNode::from_byte_array(txids[0].0),
            ..Network::Main.genesis().header()
        };
        Block { header, hash: Digest([1; 32]), transactions, txids }
    }

    fn coinbase(input: TxIn, script: Vec<u8>) -> Transaction {
        let output = TxOut { amount: Amount::ZERO, script_pubkey: ScriptPubKeyBuf::from_bytes(script) };
        Transaction {
            version: TransactionVersion::ONE,
            lock_time: LockTime::ZERO,
            inputs: vec![input],
            outputs: vec![output],
        }
    }

    #[test]
    fn bip_34_begins_at_its_height() {
        for (network, height) in [(Network::Main, 227_931), (Network::Test, 21_111), (Network::Regtest, 1)] {
            let other = block(&[3, 1, 2, 3], &[], false);
            assert!(other.check(network, height - 1, 0).is_ok());
            assert!(matches!(other.check(network, height, 0), Err(BlockError::Height)));
            assert!(block(&push_height(height), &[], false).check(network, height, 0).is_ok());
        }
    }

    #[test]
    fn segwit_begins_at_its_height() {
        for (network, height) in [(Network::Main, 481_824), (Network::Test, 834_624)] {
            let check = |height, witness: &[[u8; 32]], has_commitment| {
                block(&push_height(height), witness, has_commitment).check(network, height, 0)
            };
            // Before, no witness is allowed, and a commitment means nothing.
            assert!(matches!(check(height - 1, &[[0; 32]], true), Err(BlockError::Witness { index: 0 })));
            assert!(check(height - 1, &[], true).is_ok());
            assert!(check(height, &[[0; 32]], true).is_ok());
            assert!(matches!(check(height, &[], true), Err(BlockError::WitnessNonce)));
            assert!(matches!(check(height, &[[1; 32]], true), Err(BlockError::WitnessCommitment { .. })));
            assert!(matches!(check(height, &[[0; 32]], false), Err(BlockError::Witness { index: 0 })));
            assert!(check(height, &[], false).is_ok());
        }
    }

    /// CVE-2012-2459: the last two of six transactions again make eight with the same root.
    #[test]
    fn repeated_subtrees_have_no_root() {
        let ids: Vec<Digest> = (0..6).map(|n| Digest([n; 32])).collect();
        assert!(merkle_root(ids.clone()).is_some());
        assert_eq!(merkle_root([&ids[..], &ids[4..]].concat()), None);
        assert_eq!(merkle_root(vec![ids[0]; 2]), None);
        assert_eq!(merkle_root(Vec::new()), None);
    }
}
