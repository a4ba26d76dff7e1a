//! A judge of lives that is written from their format: it decodes with another SSZ library, counts places in trees by
//! hand, and hashes with the specification's functions.

use std::collections::{BTreeMap, BTreeSet};

use outrider_beacon::ledger::{Lane, Receipt, Settlement};
use outrider_beacon_spec::{
    hash::{hash, hash_tree_root, is_valid_merkle_branch},
    types::Root,
};
use ssz::Decode as _;
use ssz_derive::{Decode, Encode};
use ssz_types::{
    FixedVector, VariableList,
    typenum::{U1, U10, U64, U4096},
};

#[derive(Decode, Encode)]
struct Leaf {
    gindex: u64,
    leaf: Root,
}

#[derive(Decode, Encode)]
struct Multiproof {
    leaves: VariableList<Leaf, U64>,
    branch: VariableList<Root, U4096>,
}

#[derive(Decode, Encode)]
struct Header {
    block_root: Root,
    slot: u64,
    proof: Multiproof,
    older: VariableList<Multiproof, U1>,
}

#[derive(Decode, Encode)]
struct OnLane {
    receipt: Receipt,
    branch: FixedVector<Root, U10>,
}

#[derive(Decode, Encode)]
struct Settled {
    header: Header,
    settlement: Settlement,
    settlement_index: u64,
    branch: FixedVector<Root, U10>,
}

#[derive(Decode, Encode)]
#[ssz(enum_behaviour = "union")]
#[allow(clippy::large_enum_variant, reason = "a judge has one at a time")]
enum Fate {
    Waiting(Multiproof),
    Settled(Settled),
}

#[derive(Decode, Encode)]
struct Stages {
    lane: Lane,
    lane_index: u64,
    lane_branch: FixedVector<Root, U10>,
    sequence: u64,
    receipt: VariableList<OnLane, U1>,
    fate: Fate,
}

#[derive(Decode, Encode)]
struct Life {
    source_shard: u64,
    header: Header,
    receipt: Stages,
    returned: VariableList<Stages, U1>,
}

type Judged<T> = Result<T, String>;

/// Returns the fate of a receipt and of the one that returns, each with its slot, if all is proven from one beacon block of
/// a chain with the histories of simulations.
pub(crate) fn judge(bytes: &[u8], root: Root) -> Judged<Vec<(String, u64)>> {
    let life = Life::from_ssz_bytes(bytes).map_err(|error| format!("{error:?}"))?;
    let sent = header(&life.header, life.source_shard, root)?;
    let (receipt, back) = stages(&life.receipt, life.source_shard, life.header.slot, sent, root)?;
    let mut fates = vec![receipt.clone()];
    let has_to_return = ["Rejected", "Refused", "Expired"].contains(&receipt.0.as_str());
    is(has_to_return == (life.returned.len() == 1), "returned")?;
    if let Some(returned) = life.returned.first() {
        let (back, shard) = back.ok_or("nothing settled it")?;
        let (fate, _) = stages(returned, shard, receipt.1, back, root)?;
        let (message, back) = (&life.receipt.receipt[0].receipt, &returned.receipt[0].receipt);
        let (kind, more) = if receipt.0 == "Expired" { (2, message.fee.div_ceil(2)) } else { (1, 0) };
        let mut data = hash_tree_root(message).0.to_vec();
        data.extend(message.payload.iter().take(64));
        let expected = Receipt {
            source_shard: message.destination_shard,
            source_ee: message.destination_ee,
            destination_shard: message.source_shard,
            destination_ee: message.source_ee,
            sequence: returned.sequence,
            slot: receipt.1,
            kind,
            value: message.value + more,
            fee: 0,
            payload: data.try_into().map_err(|_| "data")?,
        };
        is(*back == expected, "the returning receipt")?;
        fates.push(fate);
    }
    Ok(fates)
}

fn is(holds: bool, what: &str) -> Judged<()> {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

/// Returns the place of a node, by depth and position of each step.
fn place(path: &[(u32, u64)]) -> u64 {
    path.iter().fold(1, |place, (depth, position)| (place << depth) + position)
}

/// The ledger: the body is field 4 of 5, the graffiti field 2 of 16, the ledger's root field 0 of 2.
const LEDGER: [(u32, u64); 3] = [(3, 4), (4, 2), (1, 0)];

fn in_ledger(path: &[(u32, u64)]) -> u64 {
    place(&[&LEDGER[..], path].concat())
}

fn uint64(leaf: Root) -> Judged<u64> {
    is(leaf.0[8..] == [0; 24], "a number has 8 bytes")?;
    Ok(u64::from_le_bytes(leaf.0[..8].try_into().map_err(|_| "8 bytes")?))
}

/// Returns the execution root of a header.
fn header(header: &Header, shard: u64, root: Root) -> Judged<Root> {
    is(header.block_root == root, "another block")?;
    let mut knowing = root;
    if let Some(older) = header.older.first() {
        let slot = header.slot + 255;
        // The slot is field 0 of the block, the state field 3; its `block_roots` are field 5 of 29.
        let leaves = multiproof(older, root, &[place(&[(3, 0)]), place(&[(3, 3), (5, 5), (9, slot % 512)])])?;
        let latest = uint64(leaves[0])?;
        is(slot < latest && latest <= slot + 512, "an older block")?;
        knowing = leaves[1];
    }
    let recent = if shard == 1024 {
        in_ledger(&[(3, 7), (1, 0), (8, header.slot % 256)])
    } else {
        in_ledger(&[(3, 2), (1, 0), (10, shard), (3, 3), (8, header.slot % 256)])
    };
    let leaves = multiproof(&header.proof, knowing, &[in_ledger(&[(3, 0)]), recent])?;
    let latest = uint64(leaves[0])?;
    is(header.slot <= latest && latest < header.slot + 256, "a recent slot")?;
    Ok(leaves[1])
}

/// The fate of a receipt with its slot, and the root and the shard of the header that settled it.
type Found = ((String, u64), Option<(Root, u64)>);

fn stages(stages: &Stages, source: u64, slot: u64, sent: Root, root: Root) -> Judged<Found> {
    let Stages { lane, sequence, .. } = stages;
    let (sequence, shard) = (*sequence, lane.destination_shard);
    // Lanes are field 3 of 6 of the header; the list has 64, and its length beside.
    is(stages.lane_index < 64, "a lane")?;
    let at = 3 << 7 | stages.lane_index;
    is(is_valid_merkle_branch(hash_tree_root(lane), &stages.lane_branch, 10, at, sent), "the lane")?;
    let on_lane = sequence.wrapping_sub(lane.first);
    is(on_lane < u64::from(lane.n), "a number of the lane")?;
    let mut kind = None;
    if let Some(OnLane { receipt, branch }) = stages.receipt.first() {
        let mut branch = branch.to_vec();
        branch.push(hash_tree_root(&u64::from(lane.n)));
        let leaf = hash_tree_root(receipt);
        is(is_valid_merkle_branch(leaf, &branch, 11, on_lane, lane.receipts_root), "the receipt")?;
        let got = [receipt.source_shard, receipt.destination_shard, receipt.sequence, receipt.slot];
        is(got == [source, shard, sequence, slot], "the receipt's place")?;
        kind = Some(receipt.kind);
    }
    let settled = match &stages.fate {
        Fate::Waiting(proof) => {
            let index = if source == 1024 { 0 } else { source + 1 };
            let lane = |path: &[(u32, u64)]| {
                let to = [(3, 2), (1, 0), (10, shard), (3, 4), (1, 0), (11, index)];
                in_ledger(&[&to[..], path].concat())
            };
            let part = sequence % 1024 / 256;
            let leaves = [in_ledger(&[(3, 0)]), lane(&[(1, 0)]), lane(&[(1, 1), (2, part)])];
            let leaves = multiproof(proof, root, &leaves)?;
            let (bit, next) = (sequence as usize % 256, uint64(leaves[1])?);
            is(sequence >= next, "it waits")?;
            is(leaves[2].0[bit / 8] >> (bit % 8) & 1 == 0 || sequence >= next + 1024, "it waits")?;
            return Ok((("Waiting".to_owned(), uint64(leaves[0])?), None));
        }
        Fate::Settled(settled) => settled,
    };
    let by = header(&settled.header, shard, root)?;
    let settlement = &settled.settlement;
    is(settled.settlement_index < 64, "a settlement")?;
    let at = 2 << 7 | settled.settlement_index;
    is(is_valid_merkle_branch(hash_tree_root(settlement), &settled.branch, 10, at, by), "the settlement")?;
    is(settlement.source_shard == source, "the source")?;
    let bit = sequence.wrapping_sub(settlement.first) as usize;
    is(settlement.settled.get(bit) == Ok(true), "it is settled")?;
    let bits = [&settlement.rejected, &settlement.undelivered].map(|bits| bits.get(bit) == Ok(true));
    let later = settled.header.slot.saturating_sub(slot);
    let name = match (bits, kind) {
        ([true, true], _) if later > 640 => "Lost",
        ([true, true], _) => "Void",
        (_, None) => return Err("no receipt".to_owned()),
        ([false, false], _) => "Delivered",
        ([true, false], Some(0)) => "Rejected",
        ([false, true], Some(0)) if later > 128 => "Expired",
        ([false, true], Some(0)) => "Refused",
        ([true, false], _) => "Kept",
        ([false, true], _) => "Credited",
    };
    Ok(((name.to_owned(), settled.header.slot), Some((by, shard))))
}

/// Returns the leaves of a multiproof, by the specification's pseudocode.
fn multiproof(proof: &Multiproof, root: Root, expected: &[u64]) -> Judged<Vec<Root>> {
    let places: Vec<_> = proof.leaves.iter().map(|leaf| leaf.gindex).collect();
    is(places == expected, "the places of a proof")?;
    let up = |place: u64| std::iter::successors(Some(place), |place| Some(place / 2)).take_while(|n| *n > 1);
    let paths: BTreeSet<_> = places.iter().flat_map(|place| up(*place)).collect();
    let beside: BTreeSet<_> = paths.iter().map(|place| place ^ 1).filter(|n| !paths.contains(n)).collect();
    is(beside.len() == proof.branch.len(), "the siblings of a proof")?;
    let mut nodes: BTreeMap<_, _> = proof.leaves.iter().map(|leaf| (leaf.gindex, leaf.leaf)).collect();
    nodes.extend(beside.iter().rev().copied().zip(proof.branch.iter().copied()));
    let mut todo: Vec<_> = nodes.keys().copied().collect();
    while let Some(place) = todo.pop() {
        let pair = [nodes.get(&(place & !1)), nodes.get(&(place | 1))];
        if let [Some(left), Some(right)] = pair
            && place > 1
            && !nodes.contains_key(&(place / 2))
        {
            let node = hash(&[left.as_slice(), right.as_slice()]);
            nodes.insert(place / 2, node);
            todo.insert(0, place / 2);
        }
    }
    is(nodes.get(&1) == Some(&root), "the root")?;
    Ok(proof.leaves.iter().map(|leaf| leaf.leaf).collect())
}
