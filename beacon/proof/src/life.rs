//! The life of a receipt: proofs of its stages from roots of beacon blocks, for a third party that has nothing else.
//!
//! | stage | proof |
//! |---|---|
//! | emitted | the receipt is on a lane, and the lane in an execution header |
//! | crosslinked | the ledger has the header's execution root |
//! | waiting | the ledger that proves the crosslink has not settled the receipt's number |
//! | delivered, rejected, refused, expired, void, lost | the ledger has the execution root of a header that settles the number, and so says |
//! | returned | that header sends the receipt back, and this one has a life, too |
//!
//! A committee attests an execution header, and the ledger lets each number be settled once. So no two lives from the roots
//! of one chain contradict each other, except that one may be older: a receipt waits until it is settled.
//!
//! | life, with receipts of 130 to 170 bytes | bytes |
//! |---|---|
//! | waiting | 3,454 |
//! | delivered | 3,653 |
//! | rejected, and what returns waits | 5,999 |
//! | proven over an older block, expired, and what returned is settled | 6,766 |

mod error;
mod ssz;
mod verify;

pub use error::{LifeError, Stage, StageError};
pub use verify::{Fate, VerifiedLife, VerifiedReceipt};

use alloc::boxed::Box;

use super::{
    Claim, Hash, LaneSettlement, Multiproof, ProvenHeader, RECEIPT_DEPTH, SentLane, SentReceipt,
    settled_claims,
};

/// The life of a receipt, in the stages that its beacon blocks know: SSZ's
/// `{source_shard: uint64, header: ProvenHeader, receipt: ReceiptProof, returned: List[ReceiptProof, 1]}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptLife<'p> {
    /// The sending shard, or [`BEACON_CHAIN`](super::BEACON_CHAIN).
    pub source_shard: u64,
    /// The execution header that sends it.
    pub header: ProvenHeader,
    /// The receipt, and what became of it.
    pub receipt: ReceiptProof<'p>,
    /// The receipt that the settling header sends back, and what became of that.
    pub returned: Option<ReceiptProof<'p>>,
}

/// A receipt that an execution header sends, and what became of it: SSZ's
/// `{lane: SentLane, lane_index: uint64, lane_branch: Vector[Bytes32, 10], sequence: uint64,
/// receipt: List[{receipt: Receipt, branch: Vector[Bytes32, 10]}, 1], fate: Union[Multiproof, SettledProof]}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptProof<'p> {
    /// Its lane.
    pub lane: SentLane,
    /// The place of the lane among those of the header.
    pub lane_index: u64,
    /// The lane's siblings up to the execution root.
    pub lane_branch: [Hash; RECEIPT_DEPTH],
    /// Its number.
    pub sequence: u64,
    /// The receipt with its siblings up to the lane's root, zeros included; `None` if nobody has it.
    pub receipt: Option<(SentReceipt<'p>, [Hash; RECEIPT_DEPTH])>,
    /// What became of it.
    pub fate: FateProof,
}

/// The proof of what became of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FateProof {
    /// It waits: the proof of [`waiting_claims`] from the beacon block that proves its header.
    Waiting(Multiproof),
    /// It is settled.
    Settled(Box<SettledProof>),
}

/// The proof that a shard block settled a receipt: SSZ's
/// `{header: ProvenHeader, settlement: Settlement, settlement_index: uint64, branch: Vector[Bytes32, 10]}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettledProof {
    /// The execution header of the receiving shard.
    pub header: ProvenHeader,
    /// The settlement of the receipt's source.
    pub settlement: LaneSettlement,
    /// The place of the settlement among those of the header.
    pub settlement_index: u64,
    /// The settlement's siblings up to the execution root.
    pub branch: [Hash; RECEIPT_DEPTH],
}

/// Returns the claims that prove in which slot a receipt waits.
#[must_use]
pub fn waiting_claims(source: u64, destination: u64, sequence: u64) -> [Claim; 3] {
    let [before, settled] = settled_claims(source, destination, sequence);
    [Claim::Slot, before, settled]
}

impl ReceiptLife<'_> {
    /// Returns the roots of beacon blocks from which the life is proven, in the order of its stages.
    pub fn block_roots(&self) -> impl Iterator<Item = &Hash> {
        let receipts = [Some(&self.receipt), self.returned.as_ref()].into_iter().flatten();
        let settled = receipts.filter_map(|receipt| match &receipt.fate {
            FateProof::Waiting(_) => None,
            FateProof::Settled(settled) => Some(&settled.header.block_root),
        });
        core::iter::once(&self.header.block_root).chain(settled)
    }
}
