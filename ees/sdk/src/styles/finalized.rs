//! Finalized receipts: an EE takes a receipt only if the slot that sent it is final.
//!
//! The idea is that of bridges between chains, and of the first designs of cross-shard receipts ([ethresear.ch topic
//! 4970]): what is taken can never be undone, even by a reorganization of the beacon chain, so people outside of the chain
//! may act on it. Otherwise it gains nothing: a chain undoes deliveries together with what they deliver.
//!
//! *Guarantee:* a receipt that is taken was sent in a final slot. *Latency:* two to three epochs. *Failure:* as of every
//! receipt: it expires 128 slots after its own, and returns.
//!
//! A receipt in a block is settled, so an EE cannot leave one for later: it has to refuse the whole block with the error of
//! [`check`], and not to reject the receipt, which would return. State providers deal with it. One that knows the rule
//! does not offer such receipts, `ProviderActor::with_finalized_receipts`; any other tries the receipt by itself, learns
//! that the EE refuses it, and tries again after 1, 2, 4, 8 and 16 slots.
//!
//! ```
//! use outrider_sdk::{receipt::{ReceivedReceipt, Slot}, styles::finalized::{NotFinal, check}};
//!
//! let received = ReceivedReceipt { slot: Slot(40), ..ReceivedReceipt::default() };
//! assert_eq!(check(&received, Slot(39)), Err(NotFinal { slot: 40, finalized: 39 }));
//! assert_eq!(check(&received, Slot(40)), Ok(()));
//! ```
//!
//! [ethresear.ch topic 4970]: https://ethresear.ch/t/4970

use crate::receipt::{ReceiptKind, ReceivedReceipt, Slot};

/// Checks that a receipt was sent in a final slot, where `finalized` is
/// [`context::finalized_slot`](crate::context::finalized_slot). What returns to the EE, and ether of validators, passes: it
/// is lost if an EE does not take it.
///
/// # Errors
///
/// Fails if a message is not final yet. The EE must refuse the block.
pub fn check(received: &ReceivedReceipt, finalized: Slot) -> Result<(), NotFinal> {
    if received.kind == ReceiptKind::Message && received.slot > finalized {
        return Err(NotFinal { slot: received.slot.0, finalized: finalized.0 });
    }
    Ok(())
}

/// A block brings a receipt too early. The block's author is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a receipt of slot {slot} is not final: slot {finalized} is; leave it for a later block")]
pub struct NotFinal {
    /// The slot of the receipt.
    pub slot: u64,
    /// The latest final slot.
    pub finalized: u64,
}
