//! Proofs of receipts, from an execution root or from what a shard has settled.
//!
//! | step | hashes |
//! |---|---|
//! | execution root, its lanes, one of them | 3 + 1 + 6 |
//! | the lane's root of its receipts, one of them | 1 + 10 |
//!
//! The length of a list of receipts is in the lane, so it is no sibling. [`Claim::ExecutionRoot`] leads from a block to an
//! execution root, and [`settled_claims`] to what is settled.

use alloc::vec::Vec;

use super::{Claim, Hash, Proof, ProofError, RECEIPTS_PER_CLAIM, claim::WINDOW, hash};

/// The siblings of a lane up to the execution root, and of a receipt up to its lane's root without the length.
pub const RECEIPT_DEPTH: usize = 10;
/// The most lanes of a header.
const LANES_MAX: u64 = 64;
/// The lanes of a header: field 3 of 6.
const LANES: u64 = 8 + 3;
/// The chunks of a payload of 65,536 bytes, as a power of two.
const PAYLOAD_DEPTH: u32 = 11;

/// The receipts that a shard block sends to one shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentLane {
    /// The destination.
    pub destination_shard: u64,
    /// The number of the first receipt.
    pub first: u64,
    /// The number of receipts.
    pub n: u32,
    /// Their ether with their fees, in Gwei.
    pub value: u64,
    /// Their root, as of `List[Receipt, 1024]`.
    pub receipts_root: Hash,
}

/// A receipt. Its fields are those of the ledger's `Receipt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentReceipt<'p> {
    /// The sending shard.
    pub source_shard: u64,
    /// The sending EE.
    pub source_ee: u64,
    /// The receiving shard.
    pub destination_shard: u64,
    /// The receiving EE.
    pub destination_ee: u64,
    /// The number on its lane.
    pub sequence: u64,
    /// The slot in which it was sent.
    pub slot: u64,
    /// Its kind: 0 is a message, 1 a rejected and 2 an expired one that returns, 3 one from the beacon chain.
    pub kind: u8,
    /// Its ether, in Gwei.
    pub value: u64,
    /// The fee for the proposer who settles it, in Gwei.
    pub fee: u64,
    /// Its data, at most 65,536 bytes.
    pub payload: &'p [u8],
}

impl SentLane {
    /// Returns the `hash_tree_root`.
    #[must_use]
    pub fn root(&self) -> Hash {
        let Self { destination_shard, first, n, value, receipts_root } = *self;
        let n = number(u64::from(n));
        tree_root([number(destination_shard), number(first), n, number(value), receipts_root].into(), 3)
    }

    /// Checks that the lane is at a place among those of the header with an execution root, given its siblings from the
    /// bottom.
    ///
    /// # Errors
    ///
    /// Fails if it is not.
    pub fn verify(
        &self,
        lane_index: u64,
        branch: &[Hash; RECEIPT_DEPTH],
        execution_root: &Hash,
    ) -> Result<(), ProofError> {
        if lane_index >= LANES_MAX {
            return Err(ProofError::NoPlace);
        }
        // The elements are to the left of their number.
        let gindex = (LANES << 7) | lane_index;
        let proof = Proof { gindex, leaf: self.root(), branch: branch.to_vec() };
        proof.verify(execution_root, gindex).map(|_| ())
    }

    /// Checks that a receipt is on the lane, given its siblings from the bottom, zeros included.
    ///
    /// # Errors
    ///
    /// Fails if it is not.
    pub fn verify_receipt(
        &self,
        receipt: &SentReceipt<'_>,
        branch: &[Hash; RECEIPT_DEPTH],
    ) -> Result<(), ProofError> {
        let place = receipt.sequence.checked_sub(self.first).filter(|place| *place < u64::from(self.n));
        let place = place.filter(|place| *place < WINDOW).ok_or(ProofError::NoPlace)?;
        let gindex = 2 * WINDOW + place;
        let mut siblings = branch.to_vec();
        siblings.push(number(u64::from(self.n)));
        let leaf = receipt.root().ok_or(ProofError::NoPlace)?;
        let proof = Proof { gindex, leaf, branch: siblings };
        proof.verify(&self.receipts_root, gindex).map(|_| ())
    }
}

impl SentReceipt<'_> {
    /// Returns the `hash_tree_root`, or `None` if the payload is too long.
    #[must_use]
    pub fn root(&self) -> Option<Hash> {
        let chunks = self.payload.chunks(32).map(|bytes| {
            let mut chunk = Hash::default();
            chunk.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            chunk
        });
        (self.payload.len() <= 32 << PAYLOAD_DEPTH).then_some(())?;
        let payload = hash(&tree_root(chunks.collect(), PAYLOAD_DEPTH), &number(self.payload.len() as u64));
        let numbers = [
            self.source_shard,
            self.source_ee,
            self.destination_shard,
            self.destination_ee,
            self.sequence,
            self.slot,
            u64::from(self.kind),
            self.value,
            self.fee,
        ];
        Some(tree_root(numbers.into_iter().map(number).chain([payload]).collect(), 4))
    }
}

/// Returns the claims that decide whether a shard has settled a receipt of a source.
#[must_use]
pub fn settled_claims(source: u64, destination: u64, sequence: u64) -> [Claim; 2] {
    let place = sequence % WINDOW;
    let from = place - place % RECEIPTS_PER_CLAIM;
    [Claim::SettledBefore { source, destination }, Claim::Settled { source, destination, from }]
}

/// Returns whether a receipt is settled, given the leaves of [`settled_claims`].
#[must_use]
pub fn is_settled(sequence: u64, [before, settled]: [&Hash; 2]) -> bool {
    let before = Claim::uint64(before);
    let bit = (sequence % RECEIPTS_PER_CLAIM) as usize;
    let is_set = settled.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1);
    // Beyond the window, a bit is that of another receipt.
    sequence < before || sequence - before < WINDOW && is_set
}

/// Returns a number as a leaf.
pub(super) fn number(number: u64) -> Hash {
    let mut leaf = Hash::default();
    leaf.iter_mut().zip(number.to_le_bytes()).for_each(|(to, from)| *to = from);
    leaf
}

/// Returns the root of a tree of some depth, whose missing leaves are zeros.
pub(super) fn tree_root(mut level: Vec<Hash>, depth: u32) -> Hash {
    let mut zero = Hash::default();
    for _ in 0..depth {
        let up = |pair: &[Hash]| match pair {
            [left, right] => hash(left, right),
            [left, ..] => hash(left, &zero),
            [] => zero,
        };
        level = level.chunks(2).map(up).collect();
        zero = hash(&zero, &zero);
    }
    level.first().copied().unwrap_or(zero)
}
