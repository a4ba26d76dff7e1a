//! The parts of a receipt's life that follow from an execution header: see [`outrider_beacon_proof::ReceiptLife`].

use outrider_beacon_proof::{
    Bits, FateProof, Hash, LaneSettlement, ProofError, ProvenHeader, RECEIPT_DEPTH, ReceiptProof, SentLane,
    SentReceipt, SettledProof,
};
use outrider_beacon_spec::{
    hash::hash_tree_root,
    math::index,
    types::{Root, Shard, Slot},
};
use ssz::Encode as _;

use super::{branch::branch, crosslink::header_branch, lane_branch};
use crate::ledger::{ExecutionHeader, Lane, Receipt, Settlement};

/// The depth of a list of 1,024 receipts, without its length.
const RECEIPTS_DEPTH: u32 = 10;

impl From<&Lane> for SentLane {
    fn from(lane: &Lane) -> Self {
        let Lane { destination_shard, first, n, value, receipts_root } = *lane;
        Self { destination_shard, first, n, value, receipts_root: receipts_root.0 }
    }
}

impl<'r> From<&'r Receipt> for SentReceipt<'r> {
    fn from(receipt: &'r Receipt) -> Self {
        Self {
            source_shard: receipt.source_shard,
            source_ee: receipt.source_ee,
            destination_shard: receipt.destination_shard,
            destination_ee: receipt.destination_ee,
            sequence: receipt.sequence,
            slot: receipt.slot,
            kind: receipt.kind,
            value: receipt.value,
            fee: receipt.fee,
            payload: &receipt.payload,
        }
    }
}

/// Returns a settlement for verifiers.
fn lane_settlement(settlement: &Settlement) -> Result<LaneSettlement, ProofError> {
    let Settlement { source_shard, first, settled, rejected, undelivered, value, fees } = settlement;
    let bits = |bits: &ssz_types::BitList<_>| Bits::from_ssz_bytes(&bits.as_ssz_bytes());
    let [settled, rejected, undelivered] = [bits(settled)?, bits(rejected)?, bits(undelivered)?];
    let [source_shard, first, value, fees] = [*source_shard, *first, *value, *fees];
    Ok(LaneSettlement { source_shard, first, settled, rejected, undelivered, value, fees })
}

/// Proves that a header of a shard in a slot sends a receipt, given the place of its lane, its number, and all receipts of the
/// lane if they are known. A receipt that contradicts its place is left out: it is void, and the number has no other.
/// Returns `None` if there is no such lane, or no such number on it.
#[must_use]
pub fn prove_emitted<'r>(
    (source_shard, slot): (Shard, Slot),
    header: &ExecutionHeader,
    lane_index: usize,
    sequence: u64,
    receipts: Option<&'r [Receipt]>,
    fate: FateProof,
) -> Option<ReceiptProof<'r>> {
    let lane = header.lanes.get(lane_index)?;
    let place = sequence.checked_sub(lane.first).filter(|place| *place < u64::from(lane.n))?;
    let place = index(place);
    let is_at_its_place = |receipt: &&Receipt| {
        (receipt.source_shard, receipt.slot) == (source_shard, slot)
            && (receipt.destination_shard, receipt.sequence) == (lane.destination_shard, sequence)
    };
    let receipt = receipts.and_then(|receipts| {
        let receipt = receipts.get(place).filter(is_at_its_place)?;
        let roots: Vec<_> = receipts.iter().map(hash_tree_root).collect();
        Some((SentReceipt::from(receipt), hashes(branch(&roots, RECEIPTS_DEPTH, place))?))
    });
    Some(ReceiptProof {
        lane: lane.into(),
        lane_index: u64::try_from(lane_index).ok()?,
        lane_branch: hashes(lane_branch(header, lane_index)?)?,
        sequence,
        receipt,
        fate,
    })
}

/// Proves that a header settles a receipt, given the place of the settlement and the proof of the header. Returns `None` if
/// there is no such settlement.
#[must_use]
pub fn prove_settled(
    header: &ExecutionHeader,
    settlement_index: usize,
    proven: ProvenHeader,
) -> Option<SettledProof> {
    let settlement = header.settlements.get(settlement_index)?;
    Some(SettledProof {
        header: proven,
        settlement: lane_settlement(settlement).ok()?,
        settlement_index: u64::try_from(settlement_index).ok()?,
        branch: hashes(header_branch(header, &header.settlements, 2, settlement_index))?,
    })
}

/// Returns the siblings of a lane or a receipt.
fn hashes<T: Into<Root>>(siblings: Vec<T>) -> Option<[Hash; RECEIPT_DEPTH]> {
    let siblings: Vec<Hash> = siblings.into_iter().map(|sibling| sibling.into().0).collect();
    siblings.try_into().ok()
}
