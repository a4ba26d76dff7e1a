//! Bitcoin's serialization as the input of hashes, and ids of transactions.

use alloc::vec::Vec;

use bitcoin_hashes::sha256;
use bitcoin_primitives::{OutPoint, Transaction, TxOut};

use crate::Hashes;

/// Returns the id of a transaction: the double SHA-256 of its serialization without witnesses.
#[must_use]
pub fn txid<H: Hashes>(transaction: &Transaction, hasher: &H) -> [u8; 32] {
    let mut bytes = Vec::with_capacity(base_bytes(transaction));
    bytes.u32(transaction.version.to_u32());
    bytes.inputs_and_outputs(transaction);
    bytes.u32(transaction.lock_time.to_consensus_u32());
    double(&bytes, hasher)
}

/// Returns the id of a transaction with its witnesses, which is [`txid`] if it has none ([BIP 141]).
///
/// [BIP 141]: https://github.com/bitcoin/bips/blob/master/bip-0141.mediawiki
#[must_use]
pub fn wtxid<H: Hashes>(transaction: &Transaction, hasher: &H) -> [u8; 32] {
    if transaction.inputs.iter().all(|input| input.witness.is_empty()) {
        return txid(transaction, hasher);
    }
    let mut bytes = Vec::with_capacity(base_bytes(transaction) + witness_bytes(transaction));
    bytes.u32(transaction.version.to_u32());
    // Marker and flag.
    bytes.extend([0, 1]);
    bytes.inputs_and_outputs(transaction);
    for input in &transaction.inputs {
        bytes.compact_size(input.witness.len());
        input.witness.iter().for_each(|element| bytes.bytes_with_size(element));
    }
    bytes.u32(transaction.lock_time.to_consensus_u32());
    double(&bytes, hasher)
}

/// Writes Bitcoin's serialization.
pub(crate) trait Serialize {
    fn u32(&mut self, value: u32);
    fn compact_size(&mut self, value: usize);
    fn bytes_with_size(&mut self, bytes: &[u8]);
    fn out_point(&mut self, out_point: &OutPoint);
    fn output(&mut self, output: &TxOut);
    fn outputs(&mut self, outputs: &[TxOut]);
    fn inputs_and_outputs(&mut self, transaction: &Transaction);
}

impl Serialize for Vec<u8> {
    fn u32(&mut self, value: u32) {
        self.extend_from_slice(&value.to_le_bytes());
    }

    fn compact_size(&mut self, value: usize) {
        let bytes = (value as u64).to_le_bytes();
        match value as u64 {
            0..0xfd => self.push(bytes[0]),
            0xfd..=0xffff => self.extend_from_slice(&[0xfd, bytes[0], bytes[1]]),
            0x1_0000..=0xffff_ffff => {
                self.push(0xfe);
                self.extend_from_slice(&bytes[..4]);
            }
            _ => {
                self.push(0xff);
                self.extend_from_slice(&bytes);
            }
        }
    }

    fn bytes_with_size(&mut self, bytes: &[u8]) {
        self.compact_size(bytes.len());
        self.extend_from_slice(bytes);
    }

    fn out_point(&mut self, out_point: &OutPoint) {
        self.extend_from_slice(out_point.txid.as_byte_array());
        self.u32(out_point.vout);
    }

    fn output(&mut self, output: &TxOut) {
        self.extend_from_slice(&output.amount.to_sat().to_le_bytes());
        self.bytes_with_size(output.script_pubkey.as_bytes());
    }

    fn outputs(&mut self, outputs: &[TxOut]) {
        self.compact_size(outputs.len());
        outputs.iter().for_each(|output| self.output(output));
    }

    fn inputs_and_outputs(&mut self, transaction: &Transaction) {
        self.compact_size(transaction.inputs.len());
        for input in &transaction.inputs {
            self.out_point(&input.previous_output);
            self.bytes_with_size(input.script_sig.as_bytes());
            self.u32(input.sequence.to_consensus_u32());
        }
        self.outputs(&transaction.outputs);
    }
}

/// Returns the size of a transaction without witnesses.
pub(crate) fn base_bytes(transaction: &Transaction) -> usize {
    let script_bytes = |script: usize| compact_size_bytes(script) + script;
    let Transaction { inputs, outputs, .. } = transaction;
    4 + compact_size_bytes(inputs.len())
        + inputs.iter().map(|input| 32 + 4 + script_bytes(input.script_sig.len()) + 4).sum::<usize>()
        + compact_size_bytes(outputs.len())
        + outputs.iter().map(|output| 8 + script_bytes(output.script_pubkey.len())).sum::<usize>()
        + 4
}

/// Returns the size of marker, flag and the witnesses of inputs, or 0 if there are no witnesses.
pub(crate) fn witness_bytes(transaction: &Transaction) -> usize {
    let inputs = &transaction.inputs;
    let has_witness = inputs.iter().any(|input| !input.witness.is_empty());
    if has_witness { 2 + inputs.iter().map(|input| input.witness.size()).sum::<usize>() } else { 0 }
}

/// Returns the number of bytes of [`Serialize::compact_size`].
pub(crate) fn compact_size_bytes(value: usize) -> usize {
    match value as u64 {
        0..0xfd => 1,
        0xfd..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

/// Returns the SHA-256 of the SHA-256.
pub(crate) fn double<H: Hashes>(bytes: &[u8], hasher: &H) -> [u8; 32] {
    hasher.sha256(&hasher.sha256(bytes))
}

/// Room for the message of a signature hash of segwit or taproot with a usual script.
pub(crate) const MESSAGE_BYTES: usize = 320;

/// The start of a tag's messages: its SHA-256, twice
/// ([BIP 340](https://github.com/bitcoin/bips/blob/master/bip-0340.mediawiki)).
pub(crate) struct Tag([u8; 32]);

impl Tag {
    pub(crate) const fn new(tag: &[u8]) -> Self {
        Self(sha256::Hash::hash_unoptimized(tag).to_byte_array())
    }

    /// Starts a message.
    pub(crate) fn message(&self) -> Vec<u8> {
        let mut message = Vec::with_capacity(MESSAGE_BYTES);
        message.extend_from_slice([self.0, self.0].as_flattened());
        message
    }
}
