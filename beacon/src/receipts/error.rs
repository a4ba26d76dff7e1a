//! Errors of receipts.

use crate::ledger::{EeIndex, InboundError};
use outrider_beacon_spec::types::{Shard, Slot};

/// The reason for which the receipts of a block are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// The beacon parent does not know receipts of the slot.
    #[error("batch {batch}: the beacon parent knows no receipts of shard {source_shard} in slot {slot}")]
    NotRecent {
        /// The place of the batch in the block.
        batch: usize,
        /// The sending shard.
        source_shard: Shard,
        /// The slot of the batch.
        slot: Slot,
    },
    /// A batch is not proven.
    #[error("batch {batch}, from shard {source_shard} in slot {slot}, is not proven")]
    Proof {
        /// The place of the batch in the block.
        batch: usize,
        /// The sending shard.
        source_shard: Shard,
        /// The slot of the batch.
        slot: Slot,
        /// The reason.
        #[source]
        error: InboundError,
    },
    /// A batch has no receipts.
    #[error("batch {batch}, from shard {source_shard}, has no receipts")]
    Empty {
        /// The place of the batch in the block.
        batch: usize,
        /// The sending shard.
        source_shard: Shard,
    },
    /// Batches are not in the order of sources and numbers, or a receipt is in two.
    #[error(
        "batch {batch} begins with receipt {} of shard {}, after receipt {} of shard {}",
        got.1, got.0, previous.1, previous.0
    )]
    Order {
        /// The place of the batch in the block.
        batch: usize,
        /// The source and number of its first receipt.
        got: (Shard, u64),
        /// Those of the last receipt before.
        previous: (Shard, u64),
    },
    /// A receipt has to be shown to its EE, but the block has no payload of the EE.
    #[error("receipt {sequence} of shard {source_shard} is for EE {ee}, which has no payload in the block")]
    NoPayload {
        /// The receiving EE.
        ee: EeIndex,
        /// The sending shard.
        source_shard: Shard,
        /// The number of the receipt.
        sequence: u64,
    },
    /// A receipt of the block is not settled by its header.
    #[error("receipt {sequence} of shard {source_shard} is in the block, and its header does not settle it")]
    NotSettled {
        /// The sending shard.
        source_shard: Shard,
        /// The number of the receipt.
        sequence: u64,
    },
    /// The receipts that are rejected by the header are not those that their EE rejects.
    #[error("EE {ee}: the rejected ones of its receipts are {got}, expected {expected}")]
    Rejected {
        /// The EE.
        ee: EeIndex,
        /// The places by the header, among the receipts that the EE was shown.
        got: String,
        /// The places by the execution.
        expected: String,
    },
    /// An EE sends to a shard that does not exist.
    #[error("EE {ee} sends a receipt to shard {got}, and there are {n_shards} shards")]
    Destination {
        /// The EE.
        ee: EeIndex,
        /// The destination.
        got: Shard,
        /// The number of shards.
        n_shards: usize,
    },
    /// The lane to a shard has no room for another message.
    #[error(
        "EE {ee} sends receipt {got} to shard {destination}, which must be below {limit} until the shard settles earlier ones"
    )]
    LaneFull {
        /// The EE.
        ee: EeIndex,
        /// The destination.
        destination: Shard,
        /// The number of the receipt.
        got: u64,
        /// The end of the room for messages.
        limit: u64,
    },
    /// The lane to a shard has no room for what returns to the shard.
    #[error(
        "receipt {got} returns to shard {destination}, and must be below {limit} until the shard settles earlier ones"
    )]
    NoReturn {
        /// The destination.
        destination: Shard,
        /// The number of the receipt.
        got: u64,
        /// The end of the room.
        limit: u64,
    },
    /// The ether in receipts that an EE sends is more than there can be.
    #[error("EE {ee}: the sum of the ether in its receipts overflows")]
    Sum {
        /// The EE.
        ee: EeIndex,
    },
    /// The receipts of a source are further apart than any window.
    #[error("the block settles receipts {first} to {last} of shard {source_shard}, and a window has 1024")]
    Span {
        /// The sending shard.
        source_shard: Shard,
        /// The number of the first receipt.
        first: u64,
        /// The number of the last receipt.
        last: u64,
    },
    /// The ether in arriving receipts is more than there can be.
    #[error("the sum of the ether in receipts of shard {source_shard} overflows")]
    Sums {
        /// The sending shard.
        source_shard: Shard,
    },
    /// The block sends more bytes of receipts than it may.
    #[error("the block sends {got} bytes of receipts, the limit is {limit}")]
    Bytes {
        /// The number of bytes, up to the first receipt beyond the limit.
        got: usize,
        /// The limit.
        limit: usize,
    },
    /// The block sends to more shards, or settles receipts of more shards, than a header has room for.
    #[error("the block exchanges receipts with {got} shards, and a header has room for 64")]
    TooMany {
        /// The number of shards.
        got: usize,
    },
    /// The header has more or fewer settlements or lanes than follow from the block.
    #[error("the header has {got} {list}, expected {expected}")]
    Count {
        /// The list in the header.
        list: &'static str,
        /// The number of its elements.
        got: usize,
        /// The number by the block.
        expected: usize,
    },
    /// A settlement or a lane of the header is not the one that follows from the block.
    #[error("{list}: {field} of {place} is {got}, expected {expected}")]
    Difference {
        /// The list in the header.
        list: &'static str,
        /// The element, by its other shard.
        place: String,
        /// The first field that differs.
        field: &'static str,
        /// Its value in the header.
        got: String,
        /// Its value by the block.
        expected: String,
    },
}
