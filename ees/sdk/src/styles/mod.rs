//! Cross-shard styles: protocols between EEs on different shards, as libraries over an EE's own state.
//!
//! Each style answers one question: how does something on one shard depend on something on another? All of them stand on
//! what a chain offers every EE, [receipts](crate::receipt) that arrive at most once and the state roots of other EEs
//! that a block [reads](crate::eth2::reads).
//!
//! | module | idea | slots until use | after a failure |
//! |---|---|---|---|
//! | [`finalized`] | receipts, accepted once they are final | 2 to 3 epochs | the receipt returns |
//! | [`transfer`] | objects that the sender's state offers, and the receiver's state takes | 1, and 2 for the clean-up | the sender reclaims |
//! | [`yank`] | a contract moves to the shard that needs it | 1, then none, and 1 back | the contract is restored |
//! | [`lock`] | resources are locked, changed and released | 2 | all locks are released unchanged |
//! | [`capability`] | sets in states, with proofs of what is in them | 1 for each proof | what is proven absent is free |
//! | [`conditional`] | effects that hold if a receipt arrives | 0, and sure after 1 | the earlier version is active again |
//! | [`htlc`] | two locks with one secret | 4 | refunds after the deadlines |
//!
//! Plain receipts need no library. Other styles need the chain: queues, and shards that take turns.
//!
//! A style keeps its records in the EE's state through [`Records`], and uses no imports but hashes: slots, places and
//! proofs are arguments. It returns the receipts to send, without ether and fee, for the EE to complete and
//! [send](crate::receipt::send). Who may ask for what is the EE's business, too: the libraries check no signatures.
//!
//! The EE dispatches receipts by [`payload_head`], whose first byte is a style's `MESSAGE`. It has to pass those that
//! returned, too, and must not refuse a block for one: a receipt that returns and is not taken within 224 slots is lost.

mod records;

pub mod capability;
pub mod conditional;
pub mod finalized;
pub mod htlc;
pub mod lock;
pub mod transfer;
pub mod yank;

pub use records::{Record, RecordError, Records, key, load, remove, store};

use crate::{
    Reader, Writer,
    receipt::{EeIndex, ReceiptKind, ReceivedReceipt, SentReceipt, ShardIndex},
};

/// An EE on a shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The shard.
    pub shard: ShardIndex,
    /// The EE.
    pub ee: EeIndex,
}

impl Place {
    /// Returns where a receipt was sent or, if it returns, where it returns from.
    pub fn source(received: &ReceivedReceipt) -> Place {
        Place { shard: received.source_shard, ee: received.source_ee }
    }

    /// Writes the shard and the EE, each of 8 bytes, little-endian.
    pub fn write(self, writer: Writer) -> Writer {
        writer.u64_le(self.shard.0).u64_le(self.ee.0)
    }

    /// Reads what [`write`](Self::write) wrote. Returns `None` if there are too few bytes.
    pub fn read(reader: &mut Reader<'_>) -> Option<Place> {
        Some(Place { shard: ShardIndex(reader.u64_le().ok()?), ee: EeIndex(reader.u64_le().ok()?) })
    }

    fn message(self, payload: Writer) -> SentReceipt {
        let (destination_shard, destination_ee) = (self.shard, self.ee);
        SentReceipt { destination_shard, destination_ee, payload: payload.finish(), ..SentReceipt::default() }
    }
}

/// Returns the start of the payload that was sent: all of it, or the first 64 bytes if the receipt has returned.
pub fn payload_head(received: &ReceivedReceipt) -> &[u8] {
    match received.kind {
        ReceiptKind::Message | ReceiptKind::FromBeaconChain => &received.payload,
        ReceiptKind::Bounced | ReceiptKind::Expired => received.payload.get(32..).unwrap_or_default(),
    }
}

/// The slots after a message's own in which it is delivered.
pub const DELIVERY_SLOTS: u64 = 128;

/// The slots after a message's own after which neither the message nor its return is delivered: it is proven for 256 slots,
/// and what returns is shown to an EE for 224 more.
pub const SETTLED_SLOTS: u64 = 256 + 224;
