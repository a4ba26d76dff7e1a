//! Proofs of receipts: a lane is in the header of a slot, and receipts are on the lane.
//!
//! A header is proven by its root in the ledger, so a batch takes the lane (60 bytes), its 10 siblings, and the siblings
//! of its receipts. There are none for a whole lane, and at most 10 for one receipt. The length of the lane's list is in
//! the lane, and siblings beyond it are zeros, so neither is in the batch, and each proof has one form. A batch of lost
//! receipts proves only the lane. An old batch proves the header's root itself: see [`history`](super::history).

use std::ops::Range;

use ssz_types::VariableList;

use super::{ExecutionHeader, InboundBatch, Lane, Receipt, WINDOW, history::lost_slots};
use crate::proof::lane_branch;
use outrider_beacon_proof::{Layout, ProofError};
use outrider_beacon_spec::{
    error::Error,
    hash::{hash, hash_tree_root, is_valid_merkle_branch},
    math::index,
    types::{Root, Shard, Slot},
};

/// The depth of a lane below the execution root: 6 in the list, the list's length, and 3 in the header.
const LANE_DEPTH: u64 = 10;
/// The depth of a list of 1,024 receipts, without its length.
const RECEIPTS_DEPTH: usize = 10;
/// The place of the lanes among the fields of a header.
const LANES_FIELD: u64 = 3;

/// The reason for which a batch of receipts is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InboundError {
    /// The lane leads to another shard.
    #[error("its lane leads to shard {got}, expected {expected}")]
    Destination {
        /// The lane's destination.
        got: Shard,
        /// The shard of the block.
        expected: Shard,
    },
    /// The lane is not in the header of the slot.
    #[error("its lane is not in the header with root {execution_root} at place {got}")]
    Lane {
        /// The claimed place in the list of lanes.
        got: u64,
        /// The root of the header.
        execution_root: Root,
    },
    /// The receipts are none, more than are on the lane, or partly lost ones.
    #[error("it has {got} receipts from the one at place {start} on, and its lane has {n}")]
    Range {
        /// The number of receipts, with lost ones.
        got: u64,
        /// The place of the first.
        start: u64,
        /// The number on the lane.
        n: u32,
    },
    /// Its receipts are settled as lost too early.
    #[error(
        "it settles receipts of slot {sent} as lost in slot {got}, but they are not lost before slot {first}"
    )]
    NotLost {
        /// The slot of the block.
        got: Slot,
        /// The slot of the receipts.
        sent: Slot,
        /// The first slot in which they are.
        first: Slot,
    },
    /// The header is not proven from an older block.
    #[error("the proof of its header from an older beacon block fails")]
    History {
        /// The reason.
        #[source]
        error: ProofError,
    },
    /// The receipts are not those on the lane.
    #[error("its receipts do not lead to the lane's root {expected}")]
    Receipts {
        /// The root of the receipts on the lane.
        expected: Root,
    },
}

impl InboundBatch {
    /// Returns a batch of consecutive receipts on a lane, by their places on it, from the header and all receipts of the
    /// lane. Returns `None` if there is no such lane, or if there are no such receipts.
    #[must_use]
    pub fn new(
        (source_shard, slot): (Shard, Slot),
        header: &ExecutionHeader,
        lane_index: usize,
        receipts: &[Receipt],
        range: Range<usize>,
    ) -> Option<Self> {
        let lane = *header.lanes.get(lane_index)?;
        let chosen = receipts.get(range.clone()).filter(|chosen| !chosen.is_empty())?;
        if index(lane.n.into()) != receipts.len() {
            return None;
        }
        let roots: Vec<_> = receipts.iter().map(hash_tree_root).collect();
        Some(Self {
            source_shard,
            slot,
            lane,
            lane_index: u64::try_from(lane_index).ok()?,
            lane_branch: lane_branch(header, lane_index)?.try_into().ok()?,
            start: u64::try_from(range.start).ok()?,
            receipts: chosen.to_vec().try_into().ok()?,
            branch: range_branch(roots, range).try_into().ok()?,
            ..Self::default()
        })
    }

    /// Returns a batch that settles consecutive receipts on a lane as lost, by their places on it, from the header; it needs a
    /// history. Returns `None` if there is no such lane, or if there are no such receipts.
    #[must_use]
    pub fn of_lost(
        (source_shard, slot): (Shard, Slot),
        header: &ExecutionHeader,
        lane_index: usize,
        range: Range<u64>,
    ) -> Option<Self> {
        let lane = *header.lanes.get(lane_index)?;
        let n_lost = range.end.checked_sub(range.start).filter(|n| *n > 0)?;
        (range.end <= u64::from(lane.n)).then_some(())?;
        Some(Self {
            source_shard,
            slot,
            lane,
            lane_index: u64::try_from(lane_index).ok()?,
            lane_branch: lane_branch(header, lane_index)?.try_into().ok()?,
            start: range.start,
            n_lost,
            ..Self::default()
        })
    }

    /// Returns the receipts with their numbers; `None` stands for a lost one. The numbers come from the batch itself, and a batch
    /// that is not checked may have 2^64 lost ones.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (u64, Option<&Receipt>)> {
        let first = self.lane.first.saturating_add(self.start);
        let lost = (0..self.n_lost).map(|_| None);
        (first..=u64::MAX).zip(self.receipts.iter().map(Some).chain(lost))
    }

    /// Returns the root of the header by the batch's history, or `None` if it has none, so that the ledger of the beacon
    /// parent must know the root. Checks that lost receipts are lost in the slot of the block.
    ///
    /// # Errors
    ///
    /// Fails if they are not, or if the history is not proven in its only form.
    pub fn old_execution_root(
        &self,
        got: Slot,
        beacon_parent_root: Root,
        layout: Layout,
    ) -> Result<Option<Root>, InboundError> {
        let sent = self.slot;
        let first = sent.saturating_add(lost_slots(layout)).saturating_add(1);
        if self.n_lost > 0 && got < first {
            return Err(InboundError::NotLost { got, sent, first });
        }
        let Some(history) = self.history.first() else { return Ok(None) };
        let root = history.verify(self.source_shard, sent, beacon_parent_root, layout);
        root.map(Some).map_err(|error| InboundError::History { error })
    }

    /// Checks that the receipts are on a lane to a shard in the header with a root.
    ///
    /// # Errors
    ///
    /// Fails if they are not, or if the proof is not in its only form.
    pub fn check(&self, destination_shard: Shard, execution_root: Root) -> Result<(), InboundError> {
        let (got, expected) = (self.lane.destination_shard, destination_shard);
        if got != expected {
            return Err(InboundError::Destination { got, expected });
        }
        let got = self.lane_index;
        let path = got | LANES_FIELD << 7;
        let branch = &self.lane_branch[..];
        if got >= 64
            || !is_valid_merkle_branch(hash_tree_root(&self.lane), branch, LANE_DEPTH, path, execution_root)
        {
            return Err(InboundError::Lane { got, execution_root });
        }
        let (n_receipts, start, n) = (self.receipts.len() as u64, self.start, self.lane.n);
        let got = n_receipts.saturating_add(self.n_lost);
        let is_of_one_kind = (n_receipts == 0) != (self.n_lost == 0);
        let end = start.checked_add(got).filter(|end| *end <= u64::from(n));
        let end = end.filter(|_| is_of_one_kind && u64::from(n) <= WINDOW);
        let end = index(end.ok_or(InboundError::Range { got, start, n })?);
        let expected = self.lane.receipts_root;
        if n_receipts == 0 {
            let has_branch = !self.branch.is_empty();
            return if has_branch { Err(InboundError::Receipts { expected }) } else { Ok(()) };
        }
        let roots = self.receipts.iter().map(hash_tree_root).collect();
        let root = range_root(roots, index(start)..end, index(n.into()), &self.branch);
        if root == Some(expected) { Ok(()) } else { Err(InboundError::Receipts { expected }) }
    }
}

impl ExecutionHeader {
    /// Returns the header that stands for the receipts of the beacon chain in a block, in the order of their numbers on
    /// each lane; its root is in [`BeaconLanes::recent`](super::BeaconLanes::recent).
    ///
    /// # Errors
    ///
    /// Fails if there are more than 1,024 receipts for a shard, or receipts for more than 64 shards.
    pub fn of_beacon_chain(receipts: &[Receipt]) -> Result<Self, Error> {
        let mut shards: Vec<_> = receipts.iter().map(|receipt| receipt.destination_shard).collect();
        shards.sort_unstable();
        shards.dedup();
        let to = |shard| receipts.iter().filter(move |receipt| receipt.destination_shard == shard).cloned();
        let lanes: Vec<_> =
            shards.into_iter().map(|shard| Lane::of(to(shard).collect())).collect::<Result<_, _>>()?;
        Ok(Self { lanes: lanes.try_into()?, ..Self::default() })
    }
}

impl Lane {
    /// Returns the lane of consecutive receipts to one shard.
    ///
    /// # Errors
    ///
    /// Fails if there are none, or more than 1,024, or if their ether overflows.
    pub fn of(receipts: Vec<Receipt>) -> Result<Self, Error> {
        let first = receipts.first().ok_or(Error::IndexOutOfRange)?;
        let (destination_shard, first) = (first.destination_shard, first.sequence);
        let ether = receipts.iter().flat_map(|receipt| [receipt.value, receipt.fee]);
        let value = outrider_beacon_spec::math::sum(ether)?;
        let n = u32::try_from(receipts.len()).or(Err(Error::ListFull))?;
        let receipts: VariableList<Receipt, ssz_types::typenum::U1024> = receipts.try_into()?;
        Ok(Self { destination_shard, first, n, value, receipts_root: hash_tree_root(&receipts) })
    }
}

/// A level of a tree whose leaves are a range of all leaves.
struct Level {
    /// The nodes from `start` on.
    nodes: Vec<Root>,
    start: usize,
    /// The number of nodes with a leaf below; the others are zeros.
    width: usize,
    zero: Root,
}

impl Level {
    /// Completes the pairs at both ends with siblings, and goes up. Returns `None` if `sibling` does.
    fn up(mut self, mut sibling: impl FnMut(usize) -> Option<Root>) -> Option<Self> {
        if self.start % 2 == 1 {
            self.start = self.start.checked_sub(1)?;
            self.nodes.insert(0, sibling(self.start)?);
        }
        let end = self.start.checked_add(self.nodes.len())?;
        if end % 2 == 1 {
            self.nodes.push(if end < self.width { sibling(end)? } else { self.zero });
        }
        let pair = |pair: &[Root]| match pair {
            [left, right] => Some(hash(&[left.as_slice(), right.as_slice()])),
            _ => None,
        };
        Some(Self {
            nodes: self.nodes.chunks(2).map(pair).collect::<Option<_>>()?,
            start: self.start / 2,
            width: self.width.div_ceil(2),
            zero: hash(&[self.zero.as_slice(), self.zero.as_slice()]),
        })
    }
}

/// Returns the siblings of a range of leaves, from the bottom and from the left, except for those that are zeros.
fn range_branch(leaves: Vec<Root>, range: Range<usize>) -> Vec<Root> {
    let width = leaves.len();
    let chosen = leaves.get(range.clone()).unwrap_or_default().to_vec();
    let mut all = Some(Level { nodes: leaves, start: 0, width, zero: Root::ZERO });
    let mut level = Some(Level { nodes: chosen, start: range.start, width, zero: Root::ZERO });
    let mut branch = Vec::new();
    for _ in 0..RECEIPTS_DEPTH {
        level = level.zip(all.as_ref()).and_then(|(level, all)| {
            level.up(|place| {
                let sibling = all.nodes.get(place).copied()?;
                branch.push(sibling);
                Some(sibling)
            })
        });
        all = all.and_then(|all| all.up(|_| None));
    }
    branch
}

/// Returns the root of a list of `n` elements, given the roots of those in a range and the siblings of the range, or
/// `None` if there are more or fewer siblings.
fn range_root(roots: Vec<Root>, range: Range<usize>, n: usize, branch: &[Root]) -> Option<Root> {
    let mut siblings = branch.iter().copied();
    let mut level = Level { nodes: roots, start: range.start, width: n, zero: Root::ZERO };
    for _ in 0..RECEIPTS_DEPTH {
        level = level.up(|_| siblings.next())?;
    }
    let root = level.nodes.first().filter(|_| siblings.next().is_none())?;
    let length = hash_tree_root(&u64::try_from(n).ok()?);
    Some(hash(&[root.as_slice(), length.as_slice()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipts(n: u64, slot: Slot) -> Vec<Receipt> {
        let receipt = |sequence| Receipt {
            source_shard: 3,
            destination_shard: 1,
            sequence: sequence + 40,
            slot,
            value: sequence,
            payload: vec![7; index(sequence) % 50].try_into().unwrap(),
            ..Receipt::default()
        };
        (0..n).map(receipt).collect()
    }

    fn header(n: u64) -> (ExecutionHeader, Vec<Receipt>) {
        let receipts = receipts(n, 9);
        let mut header = ExecutionHeader { finalized_slot: 5, ..ExecutionHeader::default() };
        header.lanes.push(Lane { destination_shard: 0, n: 1, ..Lane::default() }).unwrap();
        header.lanes.push(Lane::of(receipts.clone()).unwrap()).unwrap();
        (header, receipts)
    }

    #[test]
    fn every_range_of_a_lane_is_proven_by_its_only_proof() {
        for n in [1, 2, 3, 7, 8, 13, 1024] {
            let (header, all) = header(n);
            let root = hash_tree_root(&header);
            let n = index(n);
            let step = if n > 20 { 211 } else { 1 };
            for start in (0..n).step_by(step) {
                for end in (start + 1..=n).step_by(step) {
                    let batch = InboundBatch::new((3, 9), &header, 1, &all, start..end).unwrap();
                    assert_eq!(batch.check(1, root), Ok(()), "{start}..{end} of {n}");
                    let one_more = InboundBatch {
                        branch: [&batch.branch[..], &[Root::ZERO]].concat().try_into().unwrap(),
                        ..batch.clone()
                    };
                    let expected = Err(InboundError::Receipts { expected: header.lanes[1].receipts_root });
                    assert_eq!(one_more.check(1, root), expected);
                    let moved = InboundBatch { start: (batch.start + 1) % n as u64, ..batch.clone() };
                    assert!(n == 1 || moved.check(1, root).is_err());
                    let mut changed = batch;
                    changed.receipts[0].value ^= 1;
                    assert_eq!(changed.check(1, root), expected);
                }
            }
        }
    }

    #[test]
    fn a_proof_has_the_bytes_of_the_design() {
        let bytes = |n, range: Range<usize>| {
            let (header, all) = header(n);
            let batch = InboundBatch::new((3, 9), &header, 1, &all, range).unwrap();
            ssz::Encode::ssz_bytes_len(&batch.lane) + 32 * (batch.lane_branch.len() + batch.branch.len())
        };
        assert_eq!(bytes(1024, 0..1024), 380, "a whole lane");
        assert_eq!(bytes(1024, 500..501), 700, "one receipt: the length of the list is in the lane");
        assert_eq!(bytes(5, 0..5), 380);
        assert_eq!(bytes(1, 0..1), 380);
    }

    #[test]
    fn a_lane_is_at_its_place_in_its_header() {
        let (header, all) = header(4);
        let root = hash_tree_root(&header);
        let batch = InboundBatch::new((3, 9), &header, 1, &all, 1..3).unwrap();
        let check =
            |batch: InboundBatch, shard, expected| assert_eq!(batch.check(shard, root), Err(expected));
        check(batch.clone(), 2, InboundError::Destination { got: 1, expected: 2 });
        for lane_index in [0, 2, 63, 65, 1 + (1 << 10), u64::MAX] {
            let lane = InboundError::Lane { got: lane_index, execution_root: root };
            check(InboundBatch { lane_index, ..batch.clone() }, 1, lane);
        }
        for place in 0..10 {
            let mut changed = batch.clone();
            changed.lane_branch[place].0[31] ^= 1;
            check(changed, 1, InboundError::Lane { got: 1, execution_root: root });
        }
        let mut cheap = batch.clone();
        cheap.lane.value -= 1;
        check(cheap, 1, InboundError::Lane { got: 1, execution_root: root });
        for start in [3, 4, u64::MAX - 1, u64::MAX] {
            let moved = InboundBatch { start, ..batch.clone() };
            check(moved, 1, InboundError::Range { got: 2, start, n: 4 });
        }
        let none = InboundBatch { receipts: VariableList::default(), ..batch };
        check(none, 1, InboundError::Range { got: 0, start: 1, n: 4 });
        assert_eq!(InboundBatch::new((3, 9), &header, 2, &all, 0..1), None);
        assert_eq!(InboundBatch::new((3, 9), &header, 1, &all, 2..2), None);
        assert_eq!(InboundBatch::new((3, 9), &header, 1, &all[1..], 0..1), None);
    }
}
