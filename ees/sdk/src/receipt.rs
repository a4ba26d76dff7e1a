//! Receipts: messages with ether from one EE to another, on the same shard or another one.
//!
//! An EE sends receipts with [`send`]; the chain delivers each at most once, to the EE and shard that it names, with one
//! of the next blocks. The receiver finds it in its [`inbox`], and keeps the ether unless it [rejects](Received::reject)
//! the receipt. What a receiver has rejected, and what nobody has delivered in time, returns to the sender's inbox as a
//! receipt of kind [`Bounced`](ReceiptKind::Bounced) or [`Expired`](ReceiptKind::Expired).
//!
//! The chain moves ether between EEs only. Which of its users an EE credits is the EE's own business, so it has to look
//! at each receipt of its inbox: the ether of one that it ignores stays with the EE, and belongs to nobody.
//!
//! An EE whose blob does not call [`inbox`] gets no receipts; what is sent to it returns.

use alloc::vec;
use core::ops::Deref;

pub use outrider_abi::{
    BEACON_CHAIN, EeIndex, RECEIPT_PAYLOAD_BYTES_MAX, RECEIPTS_SENT_MAX, ReceiptKind, ReceivedReceipt,
    SentReceipt, ShardIndex, Slot,
};

use crate::imports::receipt as imports;

/// Sends a receipt, after the earlier ones of this block. Its value and its fee leave the EE's ether.
///
/// Traps if the payload has more than [`RECEIPT_PAYLOAD_BYTES_MAX`] bytes, at more than [`RECEIPTS_SENT_MAX`] receipts,
/// and if values and fees are more than 2^64 - 1 Gwei together. It does not compare them with
/// [`balance`](crate::context::balance); the chain refuses a block whose EE spends more ether than it has.
pub fn send(receipt: &SentReceipt) {
    imports::push_receipt(&receipt.to_bytes());
}

/// Returns the receipts that the EE gets with this block: by source shard, then by sequence number.
pub fn inbox() -> impl ExactSizeIterator<Item = Received> {
    (0..imports::receipt_count()).map(|index| {
        let length = imports::receipt_copy(index, &mut []);
        let mut bytes = vec![0; length];
        imports::receipt_copy(index, &mut bytes);
        let receipt = ReceivedReceipt::from_bytes(&bytes).expect("the host passes well-formed receipts");
        Received { index, receipt }
    })
}

/// A receipt of the [`inbox`], whose fields are those of [`ReceivedReceipt`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    index: u32,
    receipt: ReceivedReceipt,
}

impl Received {
    /// Accepts the receipt with its ether, and returns it. The host learns nothing: what is not rejected is accepted.
    pub fn accept(self) -> ReceivedReceipt {
        self.receipt
    }

    /// Rejects the receipt. Its ether does not become the EE's: a message returns to its sender.
    ///
    /// A receipt that has itself returned goes nowhere if it is rejected, and its ether stays with the EE. To reject a
    /// receipt twice is the same as once.
    pub fn reject(self) {
        imports::reject_receipt(self.index);
    }
}

impl Deref for Received {
    type Target = ReceivedReceipt;

    fn deref(&self) -> &ReceivedReceipt {
        &self.receipt
    }
}
