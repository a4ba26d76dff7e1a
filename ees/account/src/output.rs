//! The output of a block beside the state root: deposits to the beacon chain, and receipts.

use alloc::vec::Vec;

use outrider_sdk::{
    Deposit, eth2,
    receipt::{self, RECEIPTS_SENT_MAX, Received, SentReceipt},
};

use crate::error::TransactionError;

/// The output to emit once the whole block is valid.
#[derive(Debug, Default)]
pub(crate) struct Output {
    deposits: Vec<Deposit>,
    sent: Vec<SentReceipt>,
    /// The ether in `sent`, in Gwei.
    sent_ether: u64,
    rejected: Vec<Received>,
}

impl Output {
    /// Adds a deposit, after those added before.
    pub(crate) fn push(&mut self, deposit: Deposit) {
        self.deposits.push(deposit);
    }

    /// Adds a receipt to send, after those added before.
    pub(crate) fn send(&mut self, receipt: SentReceipt) -> Result<(), TransactionError> {
        if self.sent.len() >= RECEIPTS_SENT_MAX {
            return Err(TransactionError::TooManyReceipts);
        }
        let ether = receipt.value.checked_add(receipt.fee);
        let sent_ether = ether.and_then(|ether| self.sent_ether.checked_add(ether));
        self.sent_ether = sent_ether.ok_or(TransactionError::ReceiptsOverflow)?;
        self.sent.push(receipt);
        Ok(())
    }

    /// Adds a receipt that the block rejects.
    pub(crate) fn reject(&mut self, received: Received) {
        self.rejected.push(received);
    }

    /// Emits the output.
    pub(crate) fn emit(self) {
        self.deposits.iter().for_each(eth2::push_new_deposit);
        self.sent.iter().for_each(receipt::send);
        self.rejected.into_iter().for_each(Received::reject);
    }
}
