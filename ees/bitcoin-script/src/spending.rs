//! A transaction with the outputs that it spends.

use core::cell::{Cell, OnceCell};

use alloc::vec::Vec;

use bitcoin_primitives::{Transaction, TxIn, TxOut};

use crate::{
    Hashes, SpentOutputsError,
    hash::{Serialize as _, base_bytes, witness_bytes},
    limit::WITNESS_SCALE_FACTOR,
    sighash::legacy,
};

/// A transaction, the outputs that it spends, and what the signature hashes of its inputs have in common.
pub struct Spending<'a> {
    transaction: &'a Transaction,
    spent_outputs: &'a [TxOut],
    hashes: Shared,
    without_scripts: OnceCell<Vec<u8>>,
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
        Ok(Self {
            transaction,
            spent_outputs,
            hashes: Shared::default(),
            without_scripts: OnceCell::new(),
            legacy_bytes_hashed: Cell::new(0),
        })
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

    /// Returns what the legacy hashes of an input are made of, which the transaction has.
    pub(crate) fn legacy_source(&self, input_index: usize) -> legacy::Source<'_> {
        let Self { transaction, without_scripts, .. } = self;
        legacy::Source { transaction, without_scripts, input_index }
    }

    pub(crate) fn hashes<'h, H: Hashes>(&'h self, hasher: &'h H) -> SharedHashes<'h, H> {
        SharedHashes { spending: self, hasher }
    }
}

#[derive(Default)]
struct Shared {
    prevouts: OnceCell<[u8; 32]>,
    sequences: OnceCell<[u8; 32]>,
    outputs: OnceCell<[u8; 32]>,
    amounts: OnceCell<[u8; 32]>,
    scripts: OnceCell<[u8; 32]>,
}

/// The SHA-256 of a field of all inputs, of all outputs or of all spent outputs, each computed once (BIP 341).
pub(crate) struct SharedHashes<'a, H> {
    spending: &'a Spending<'a>,
    hasher: &'a H,
}

impl<H: Hashes> SharedHashes<'_, H> {
    pub(crate) fn prevouts(&self) -> [u8; 32] {
        let inputs = &self.spending.transaction.inputs;
        self.once(|hashes| &hashes.prevouts, inputs, |bytes, input| bytes.out_point(&input.previous_output))
    }

    pub(crate) fn sequences(&self) -> [u8; 32] {
        let inputs = &self.spending.transaction.inputs;
        let write = |bytes: &mut Vec<u8>, input: &TxIn| bytes.u32(input.sequence.to_consensus_u32());
        self.once(|hashes| &hashes.sequences, inputs, write)
    }

    pub(crate) fn outputs(&self) -> [u8; 32] {
        let outputs = &self.spending.transaction.outputs;
        self.once(|hashes| &hashes.outputs, outputs, |bytes, output| bytes.output(output))
    }

    pub(crate) fn amounts(&self) -> [u8; 32] {
        self.once(
            |hashes| &hashes.amounts,
            self.spending.spent_outputs,
            |bytes, output| bytes.extend(output.amount.to_sat().to_le_bytes()),
        )
    }

    pub(crate) fn scripts(&self) -> [u8; 32] {
        self.once(
            |hashes| &hashes.scripts,
            self.spending.spent_outputs,
            |bytes, output| bytes.bytes_with_size(output.script_pubkey.as_bytes()),
        )
    }

    fn once<T>(
        &self,
        cell: impl Fn(&Shared) -> &OnceCell<[u8; 32]>,
        items: &[T],
        write: impl Fn(&mut Vec<u8>, &T),
    ) -> [u8; 32] {
        *cell(&self.spending.hashes).get_or_init(|| {
            let mut bytes = Vec::new();
            items.iter().for_each(|item| write(&mut bytes, item));
            self.hasher.sha256(&bytes)
        })
    }
}

/// Returns the weight of a transaction (BIP 141): four for each byte outside of witnesses, and one for each other.
#[must_use]
pub fn weight(transaction: &Transaction) -> u64 {
    base_bytes(transaction) as u64 * WITNESS_SCALE_FACTOR + witness_bytes(transaction) as u64
}
