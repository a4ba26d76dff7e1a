//! Lives that no chain had: each part has a valid proof from a root of its own.

use std::collections::BTreeMap;

use outrider_beacon_proof::{
    Bits, Claim, FateProof, Hash, LaneSettlement, Layout, Multiproof, ProofError, ProvenHeader,
    RECEIPT_DEPTH, ReceiptLife, ReceiptProof, SentLane, SentReceipt, SettledProof, execution_claims, hash,
};

const ZERO: Hash = [0; 32];

fn uint64(number: u64) -> Hash {
    let mut leaf = ZERO;
    leaf[..8].copy_from_slice(&number.to_le_bytes());
    leaf
}

/// Returns the root of a tree whose first leaf is this one, with zeros for all siblings: any siblings are those of some tree.
fn above(leaf: Hash, depth: usize) -> Hash {
    (0..depth).fold(leaf, |node, _| hash(&node, &ZERO))
}

/// Returns a message from EE 7 on shard 3 to EE 8 on shard 5.
pub(crate) fn message(sequence: u64, payload: &[u8]) -> SentReceipt<'_> {
    SentReceipt {
        source_shard: 3,
        source_ee: 7,
        destination_shard: 5,
        destination_ee: 8,
        sequence,
        slot: 100,
        kind: 0,
        value: 50,
        fee: 9,
        payload,
    }
}

/// Returns the data of the receipt that brings a message back.
pub(crate) fn return_data(message: &SentReceipt<'_>) -> Vec<u8> {
    [&message.root().unwrap()[..], &message.payload[..message.payload.len().min(64)]].concat()
}

/// Returns the receipt that brings a message back in a slot, with these data.
pub(crate) fn returning<'p>(message: &SentReceipt<'_>, slot: u64, data: &'p [u8]) -> SentReceipt<'p> {
    SentReceipt {
        source_shard: message.destination_shard,
        source_ee: message.destination_ee,
        destination_shard: message.source_shard,
        destination_ee: message.source_ee,
        sequence: 2,
        slot,
        kind: 1,
        value: message.value,
        fee: 0,
        payload: data,
    }
}

/// Returns the settlement of one receipt with these bits.
pub(crate) fn settlement(source_shard: u64, sequence: u64, bits: [bool; 2]) -> LaneSettlement {
    let bit = |is_set: bool| Bits::from_ssz_bytes(&[2 | u8::from(is_set)]).unwrap();
    let [rejected, undelivered] = bits.map(bit);
    LaneSettlement {
        source_shard,
        first: sequence,
        settled: bit(true),
        rejected,
        undelivered,
        value: 50,
        fees: 9,
    }
}

/// Returns the lane of one receipt.
fn lane(receipt: &SentReceipt<'_>) -> SentLane {
    let receipts_root = hash(&above(receipt.root().unwrap(), RECEIPT_DEPTH), &uint64(1));
    let (destination_shard, first) = (receipt.destination_shard, receipt.sequence);
    SentLane { destination_shard, first, n: 1, value: receipt.value + receipt.fee, receipts_root }
}

/// An execution header with at most one settlement and one lane: its root, and the siblings of both.
struct Execution {
    root: Hash,
    settlement_branch: [Hash; RECEIPT_DEPTH],
    lane_branch: [Hash; RECEIPT_DEPTH],
}

impl Execution {
    fn new(settlement: Option<&LaneSettlement>, lane: Option<&SentLane>) -> Self {
        // Lists of 64, of which these are fields 2 and 3 of the header.
        let list = |leaf: Option<Hash>| leaf.map_or(ZERO, |leaf| hash(&above(leaf, 6), &uint64(1)));
        let settlements = list(settlement.map(LaneSettlement::root));
        let lanes = list(lane.map(SentLane::root));
        let root = hash(&hash(&ZERO, &hash(&settlements, &lanes)), &ZERO);
        let branch = |beside| {
            let mut branch = [ZERO; RECEIPT_DEPTH];
            (branch[6], branch[7]) = (uint64(1), beside);
            branch
        };
        Self { root, settlement_branch: branch(lanes), lane_branch: branch(settlements) }
    }
}

/// Returns the proof of an execution root from a beacon block of a slot, which the root of the block follows from.
fn header(shard: u64, slot: u64, latest: u64, execution_root: Hash) -> ProvenHeader {
    let gindices = execution_claims(shard, slot).map(|claim: Claim| claim.gindex(Layout::MAINNET).unwrap());
    let claims: Vec<_> = gindices.into_iter().zip([uint64(latest), execution_root]).collect();
    let with = |n_siblings| Multiproof { claims: claims.clone(), branch: vec![ZERO; n_siblings] };
    let is_complete = |n: &usize| with(*n).verify(&ZERO, &gindices) == Err(ProofError::Root);
    let proof = with((0..100).find(is_complete).unwrap());
    let mut nodes: BTreeMap<u64, Hash> = claims.into_iter().collect();
    while nodes.len() > 1 || !nodes.contains_key(&1) {
        let (place, node) = nodes.pop_last().unwrap();
        let sibling = nodes.remove(&(place ^ 1)).unwrap_or(ZERO);
        let [left, right] = if place & 1 == 1 { [sibling, node] } else { [node, sibling] };
        nodes.insert(place / 2, hash(&left, &right));
    }
    ProvenHeader { block_root: nodes[&1], slot, proof, older: None }
}

fn on_lane<'p>(receipt: SentReceipt<'p>, execution: &Execution, fate: SettledProof) -> ReceiptProof<'p> {
    ReceiptProof {
        lane: lane(&receipt),
        lane_index: 0,
        lane_branch: execution.lane_branch,
        sequence: receipt.sequence,
        receipt: Some((receipt, [ZERO; RECEIPT_DEPTH])),
        fate: FateProof::Settled(Box::new(fate)),
    }
}

/// Returns the life of a message that shard 5 settles in a slot, perhaps sending a receipt back, which is settled as
/// delivered in the next slot. The ledger of slot `latest` has the header that sends the message.
pub(crate) fn life<'p>(
    sent: SentReceipt<'p>,
    latest: u64,
    (slot, settlement_of_it): (u64, LaneSettlement),
    back: Option<SentReceipt<'p>>,
) -> ReceiptLife<'p> {
    let sending = Execution::new(None, Some(&lane(&sent)));
    let settling = Execution::new(Some(&settlement_of_it), back.as_ref().map(lane).as_ref());
    let settled = SettledProof {
        header: header(5, slot, slot, settling.root),
        settlement: settlement_of_it,
        settlement_index: 0,
        branch: settling.settlement_branch,
    };
    let returned = back.map(|back| {
        let settlement = settlement(5, back.sequence, [false; 2]);
        let execution = Execution::new(Some(&settlement), None);
        let header = header(back.destination_shard, slot + 1, slot + 1, execution.root);
        let branch = execution.settlement_branch;
        on_lane(back, &settling, SettledProof { header, settlement, settlement_index: 0, branch })
    });
    let header = header(3, 100, latest, sending.root);
    ReceiptLife { source_shard: 3, header, receipt: on_lane(sent, &sending, settled), returned }
}
