//! A transaction with the outputs that it spends.

use core::cell::{Cell, OnceCell};

use bitcoin_hashes::{HashEngine as _, sha256};
use bitcoin_primitives::{Transaction, TxOut};

use crate::{SpentOutputsError, hash::Serialize as _, limit::WITNESS_SCALE_FACTOR};

/// A transaction, the outputs that it spends, and the hashes that its inputs have in common.
pub struct Spending<'a> {
    transaction: &'a Transaction,
    spent_outputs: &'a [TxOut],
    hashes: Hashes,
    legacy_bytes_hashed: Cell<u64>,
}

impl<'a> Spending<'a> {
    /// Joins a transaction and the outputs that its inputs spend, in their order.
    ///
    /// # Errors
    ///
    /// Returns an error if there is not one output for each input.
    pub fn new(transaction: &'a Transaction, spent_outputs: &'a [TxOut]) -> Result<Self, SpentOutputsError> {
        let (n_inputs, n_spent_outputs) = (transaction.inputs.len(), spent_outputs.len());
        if n_inputs != n_spent_outputs {
            return Err(SpentOutputsError { n_inputs, n_spent_outputs });
        }
        let hashes = Hashes::default();
        Ok(Self { transaction, spent_outputs, hashes, legacy_bytes_hashed: Cell::new(0) })
    }

    /// Returns the transaction.
    #[must_use]
    pub fn transaction(&self) -> &'a Transaction {
        self.transaction
    }

    /// Returns the spent outputs, one for each input.
    #[must_use]
    pub fn spent_outputs(&self) -> &'a [TxOut] {
        self.spent_outputs
    }

    /// Returns the bytes that legacy signature hashes have taken so far, the one quadratic part of a verification.
    #[must_use]
    pub fn legacy_bytes_hashed(&self) -> u64 {
        self.legacy_bytes_hashed.get()
    }

    pub(crate) fn count_legacy_bytes(&self, n_bytes: u64) {
        self.legacy_bytes_hashed.set(self.legacy_bytes_hashed.get().saturating_add(n_bytes));
    }

    pub(crate) fn hashes(&self) -> SharedHashes<'_> {
        SharedHashes(self)
    }
}

#[derive(Default)]
struct Hashes {
    prevouts: OnceCell<[u8; 32]>,
    sequences: OnceCell<[u8; 32]>,
    outputs: OnceCell<[u8; 32]>,
    amounts: OnceCell<[u8; 32]>,
    scripts: OnceCell<[u8; 32]>,
}

/// The SHA-256 of a field of all inputs, of all outputs or of all spent outputs, each computed once (BIP 341).
pub(crate) struct SharedHashes<'a>(&'a Spending<'a>);

impl SharedHashes<'_> {
    pub(crate) fn prevouts(&self) -> [u8; 32] {
        let inputs = &self.0.transaction.inputs;
        once(&self.0.hashes.prevouts, inputs, |engine, input| engine.out_point(&input.previous_output))
    }

    pub(crate) fn sequences(&self) -> [u8; 32] {
        let inputs = &self.0.transaction.inputs;
        once(&self.0.hashes.sequences, inputs, |engine, input| engine.u32(input.sequence.to_consensus_u32()))
    }

    pub(crate) fn outputs(&self) -> [u8; 32] {
        once(&self.0.hashes.outputs, &self.0.transaction.outputs, |engine, output| engine.output(output))
    }

    pub(crate) fn amounts(&self) -> [u8; 32] {
        once(&self.0.hashes.amounts, self.0.spent_outputs, |engine, output| {
            engine.input(&output.amount.to_sat().to_le_bytes());
        })
    }

    pub(crate) fn scripts(&self) -> [u8; 32] {
        once(&self.0.hashes.scripts, self.0.spent_outputs, |engine, output| {
            engine.bytes_with_size(output.script_pubkey.as_bytes());
        })
    }
}

fn once<T>(cell: &OnceCell<[u8; 32]>, items: &[T], write: impl Fn(&mut sha256::HashEngine, &T)) -> [u8; 32] {
    *cell.get_or_init(|| {
        let mut engine = sha256::Hash::engine();
        items.iter().for_each(|item| write(&mut engine, item));
        engine.finalize().to_byte_array()
    })
}

/// Returns the weight of a transaction (BIP 141): four for each byte outside of witnesses, and one for each other.
#[must_use]
pub fn weight(transaction: &Transaction) -> u64 {
    let input_bytes = |script: usize| 32 + 4 + compact_size_bytes(script) + script + 4;
    let output_bytes = |script: usize| 8 + compact_size_bytes(script) + script;
    let Transaction { inputs, outputs, .. } = transaction;
    let base = 4
        + compact_size_bytes(inputs.len())
        + inputs.iter().map(|input| input_bytes(input.script_sig.len())).sum::<usize>()
        + compact_size_bytes(outputs.len())
        + outputs.iter().map(|output| output_bytes(output.script_pubkey.len())).sum::<usize>()
        + 4;
    let has_witness = inputs.iter().any(|input| !input.witness.is_empty());
    // Marker, flag and one witness for each input.
    let witness =
        if has_witness { 2 + inputs.iter().map(|input| input.witness.size()).sum::<usize>() } else { 0 };
    base as u64 * WITNESS_SCALE_FACTOR + witness as u64
}

fn compact_size_bytes(value: usize) -> usize {
    match value {
        0..0xfd => 1,
        0xfd..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}
