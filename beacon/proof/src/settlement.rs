//! Proofs of what a shard block settled, from its execution root: 3 + 1 + 6 hashes.

use alloc::vec::Vec;

use super::{
    Hash, Proof, ProofError, RECEIPT_DEPTH,
    claim::WINDOW,
    hash,
    receipt::{number, tree_root},
};

/// The most settlements of a header.
const SETTLEMENTS_MAX: u64 = 64;
/// The settlements of a header: field 2 of 6.
const SETTLEMENTS: u64 = 8 + 2;
/// The chunks of 1,024 bits, as a power of two.
const BITS_DEPTH: u32 = 2;

/// The receipts of one source that a shard block settles. Its fields are those of the ledger's `Settlement`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneSettlement {
    /// The source.
    pub source_shard: u64,
    /// The number of the receipt with the first bit.
    pub first: u64,
    /// The settled receipts.
    pub settled: Bits,
    /// Those that their EE was shown and rejected.
    pub rejected: Bits,
    /// Those that no EE was shown. A receipt that is also rejected brought no ether.
    pub undelivered: Bits,
    /// Their ether, in Gwei.
    pub value: u64,
    /// Their fees for the block's proposer, in Gwei.
    pub fees: u64,
}

impl LaneSettlement {
    /// Returns whether a receipt is rejected and whether it is undelivered, or `None` if it is not settled.
    #[must_use]
    pub fn of(&self, sequence: u64) -> Option<[bool; 2]> {
        let place = sequence.checked_sub(self.first)?;
        let [is_settled, is_rejected, is_undelivered] =
            [&self.settled, &self.rejected, &self.undelivered].map(|bits| bits.has(place));
        is_settled.then_some([is_rejected, is_undelivered])
    }

    /// Returns the `hash_tree_root`.
    #[must_use]
    pub fn root(&self) -> Hash {
        let Self { source_shard, first, settled, rejected, undelivered, value, fees } = self;
        let [settled, rejected, undelivered] = [settled.root(), rejected.root(), undelivered.root()];
        let [source_shard, first, value, fees] = [*source_shard, *first, *value, *fees].map(number);
        tree_root([source_shard, first, settled, rejected, undelivered, value, fees].into(), 3)
    }

    /// Checks that the settlement is at a place among those of the header with an execution root, given its siblings from
    /// the bottom.
    ///
    /// # Errors
    ///
    /// Fails if it is not.
    pub fn verify(
        &self,
        settlement_index: u64,
        branch: &[Hash; RECEIPT_DEPTH],
        execution_root: &Hash,
    ) -> Result<(), ProofError> {
        if settlement_index >= SETTLEMENTS_MAX {
            return Err(ProofError::NoPlace);
        }
        let gindex = (SETTLEMENTS << 7) | settlement_index;
        let proof = Proof { gindex, leaf: self.root(), branch: branch.to_vec() };
        proof.verify(execution_root, gindex).map(|_| ())
    }
}

/// SSZ's `Bitlist[1024]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bits {
    /// The bits, with zeros up to a whole number of bytes.
    bytes: Vec<u8>,
    n: u64,
}

impl Bits {
    /// Returns the number of bits.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.n
    }

    /// Returns whether there are no bits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// Returns whether a bit is set; those beyond the end are not.
    #[must_use]
    pub fn has(&self, place: u64) -> bool {
        let byte = usize::try_from(place / 8).ok().and_then(|byte| self.bytes.get(byte));
        byte.is_some_and(|byte| byte >> (place % 8) & 1 == 1)
    }

    /// Returns the `hash_tree_root`.
    #[must_use]
    pub fn root(&self) -> Hash {
        let chunks = self.bytes.chunks(32).map(|bytes| {
            let mut chunk = Hash::default();
            chunk.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            chunk
        });
        hash(&tree_root(chunks.collect(), BITS_DEPTH), &number(self.n))
    }

    /// Encodes the bits: a bit that is set follows the last one.
    #[must_use]
    pub fn to_ssz_bytes(&self) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        let end = 1 << (self.n % 8);
        match bytes.last_mut() {
            Some(last) if end > 1 => *last |= end,
            _ => bytes.push(end),
        }
        bytes
    }

    /// Decodes bits.
    ///
    /// # Errors
    ///
    /// Fails if no bit marks the end, or if there are more than 1,024.
    pub fn from_ssz_bytes(bytes: &[u8]) -> Result<Self, ProofError> {
        let (last, whole) = bytes.split_last().ok_or(ProofError::Length { got: 0, expected: 1 })?;
        let end = last.checked_ilog2().ok_or(ProofError::EndOfBits)?;
        let n = (whole.len() as u64).saturating_mul(8).saturating_add(u64::from(end));
        if n > WINDOW {
            return Err(ProofError::Limit { got: usize::try_from(n).unwrap_or(usize::MAX), limit: 1024 });
        }
        let mut bits = whole.to_vec();
        if end > 0 {
            bits.push(last ^ (1 << end));
        }
        Ok(Self { bytes: bits, n })
    }
}
