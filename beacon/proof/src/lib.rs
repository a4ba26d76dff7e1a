//! Proofs about execution environments (EEs) for verifiers that have only the root of a beacon block.
//!
//! A [`Proof`] leads from a leaf to the root, and a [`Multiproof`] from several leaves at once. The generalized index
//! of a [`Claim`] is its place in the tree; a verifier computes it and does not rely on the proof for it. A claim about
//! an older block takes two proofs: [`verify_earlier_block`] returns the root of that block, from which the second one
//! leads on.
//!
//! A [`ReceiptLife`] proves what became of a receipt between shards.
//!
//! The crate needs no state and no `std`, and its only dependency is SHA-256, so EEs can verify proofs, too.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod claim;
mod header;
mod layout;
mod life;
mod multiproof;
mod place;
mod receipt;
mod settlement;
mod ssz;
mod verification;

pub use claim::{BEACON_CHAIN, Claim, RECEIPTS_PER_CLAIM, SHARDS_PER_CLAIM};
pub use header::{EXPIRY_SLOTS, KnownRoot, ProvenHeader, execution_claims, lost_slots, older_slot};
pub use layout::{Layout, Phase};
pub use life::{
    Fate, FateProof, LifeError, ReceiptLife, ReceiptProof, SettledProof, Stage, StageError, VerifiedLife,
    VerifiedReceipt, waiting_claims,
};
pub use multiproof::{MULTIPROOF_BRANCH_MAX, MULTIPROOF_CLAIMS_MAX, Multiproof};
pub use receipt::{RECEIPT_DEPTH, SentLane, SentReceipt, is_settled, settled_claims};
pub use settlement::{Bits, LaneSettlement};
pub use verification::{earlier_block_claims, verify_claims, verify_claims_with, verify_earlier_block};

use alloc::vec::Vec;

use sha2::{Digest as _, Sha256};

/// A hash in a tree: the root, a leaf, or an inner node.
pub type Hash = [u8; 32];

/// The reason for which a proof is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The bytes are too few or too many.
    #[error("the proof has {got} bytes, expected {expected}")]
    Length {
        /// The number of bytes.
        got: usize,
        /// The expected number.
        expected: usize,
    },
    /// An offset is not the end of the preceding part.
    #[error("an offset of the proof is {got}, expected {expected}")]
    Offset {
        /// The offset.
        got: u32,
        /// The expected offset.
        expected: u32,
    },
    /// A list of bits has no end.
    #[error("the last byte of a list of bits is zero, and does not mark its end")]
    EndOfBits,
    /// A proof that is a choice among several makes none of these.
    #[error("the choice of a union is {got}, the last one is {last}")]
    Choice {
        /// The choice.
        got: u8,
        /// The last possible one.
        last: u8,
    },
    /// The proof is longer than any valid one.
    #[error("a list of the proof has {got} elements, the limit is {limit}")]
    Limit {
        /// The number of elements.
        got: usize,
        /// The limit.
        limit: usize,
    },
    /// The proof is of more or fewer claims.
    #[error("the proof has leaves of {got} claims, expected {expected}")]
    ClaimCount {
        /// The number of leaves.
        got: usize,
        /// The number of claims.
        expected: usize,
    },
    /// The proof is for another generalized index.
    #[error("the proof is for generalized index {got}, expected {expected}")]
    Gindex {
        /// The index of the proof.
        got: u64,
        /// The requested index.
        expected: u64,
    },
    /// The proof has too many or too few siblings for its index.
    #[error("the proof has {got} siblings, expected {expected}")]
    Siblings {
        /// The number of siblings.
        got: usize,
        /// The expected number.
        expected: usize,
    },
    /// The proof leads to another root.
    #[error("the proof does not lead to the root")]
    Root,
    /// A claim of a multiproof is an ancestor of another, or the same.
    #[error("a claim of the proof is an ancestor of another, or its duplicate")]
    Nested,
    /// The proof has the root of a slot, and not the slot of the block.
    #[error("the root of a slot is proven only along with the slot of the block")]
    SlotNeeded,
    /// The slot of a root is not one of those that the block knows.
    #[error(
        "the block of slot {latest} knows the roots of {n_slots} slots up to its own, and not of slot {got}"
    )]
    SlotNotRecent {
        /// The slot of the claim.
        got: u64,
        /// The slot of the block.
        latest: u64,
        /// The number of known slots.
        n_slots: u64,
    },
    /// The index is zero or out of range, blocks of the phase have no such claim, or there are no claims.
    #[error("the proof is not for a place in a tree")]
    NoPlace,
}

/// A proof of a leaf: SSZ's `{gindex: uint64, leaf: Bytes32, branch: List[Bytes32, 64]}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The leaf's generalized index: 1 is the root, and 2n and 2n + 1 are the children of n.
    pub gindex: u64,
    /// The leaf.
    pub leaf: Hash,
    /// Its siblings, from the bottom.
    pub branch: Vec<Hash>,
}

impl Proof {
    /// Returns the leaf, if it is at a generalized index below a root.
    ///
    /// # Errors
    ///
    /// Fails if the proof is for another index, or does not lead to the root.
    pub fn verify(&self, root: &Hash, gindex: u64) -> Result<&Hash, ProofError> {
        self.verify_with(root, gindex, hash)
    }

    /// Verifies as [`verify`](Self::verify) does, with another implementation of [`hash`], such as the host's in an EE.
    ///
    /// # Errors
    ///
    /// Fails if the proof is for another index, or does not lead to the root.
    pub fn verify_with(
        &self,
        root: &Hash,
        gindex: u64,
        hash: impl Fn(&Hash, &Hash) -> Hash,
    ) -> Result<&Hash, ProofError> {
        if self.gindex != gindex {
            return Err(ProofError::Gindex { got: self.gindex, expected: gindex });
        }
        let expected = depth(gindex)?;
        if self.branch.len() != expected {
            return Err(ProofError::Siblings { got: self.branch.len(), expected });
        }
        let mut node = self.leaf;
        let mut place = gindex;
        for sibling in &self.branch {
            node = if place & 1 == 1 { hash(sibling, &node) } else { hash(&node, sibling) };
            place >>= 1;
        }
        if node == *root { Ok(&self.leaf) } else { Err(ProofError::Root) }
    }
}

/// Returns the depth of a generalized index.
fn depth(gindex: u64) -> Result<usize, ProofError> {
    gindex.checked_ilog2().map(|depth| depth as usize).ok_or(ProofError::NoPlace)
}

/// Returns the SHA-256 of two hashes.
#[must_use]
pub fn hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update(left).chain_update(right).finalize().into()
}
