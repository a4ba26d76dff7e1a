//! Proofs of what a beacon block says of execution environments (EEs), for whoever has nothing but the block's root.
//!
//! A [`Proof`] leads from a leaf to the root, a [`Multiproof`] from several at once. Which place in the tree a [`Claim`] is about,
//! its generalized index says; a verifier works that out by itself, and takes nobody's word for it.
//!
//! There is no state, no `std`, and no dependency but SHA-256, so that EEs can verify proofs, too.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod claim;
mod multiproof;
mod ssz;

pub use claim::{Claim, Phase, crosslinked_execution_gindex};
pub use multiproof::{MULTIPROOF_BRANCH_MAX, MULTIPROOF_CLAIMS_MAX, Multiproof};

use alloc::vec::Vec;

use sha2::{Digest as _, Sha256};

/// A root, a leaf, or what is between them.
pub type Hash = [u8; 32];

/// Why a proof is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The bytes end too early, or go on.
    #[error("the proof has {got} bytes, and should have {expected}")]
    Length {
        /// How many there are.
        got: usize,
        /// How many there should be.
        expected: usize,
    },
    /// An offset points elsewhere than behind what comes before.
    #[error("an offset of the proof is {got}, and should be {expected}")]
    Offset {
        /// The offset.
        got: u32,
        /// What it should be.
        expected: u32,
    },
    /// The proof is longer than any can be.
    #[error("the proof has {got} elements in a list of {limit}")]
    Limit {
        /// How many there are.
        got: usize,
        /// How many there may be.
        limit: usize,
    },
    /// The proof is about another place.
    #[error("the proof is for generalized index {got}, and should be for {expected}")]
    Gindex {
        /// Its place.
        got: u64,
        /// The place that was asked for.
        expected: u64,
    },
    /// The proof has too many or too few siblings for its place.
    #[error("the proof has {got} siblings, and should have {expected}")]
    Siblings {
        /// How many there are.
        got: usize,
        /// How many there should be.
        expected: usize,
    },
    /// The proof leads to another root.
    #[error("the proof does not lead to the root")]
    Root,
    /// Claims of a multiproof are above one another, or the same.
    #[error("a claim of the proof is above another, or there twice")]
    Nested,
    /// The place is none: zero, which no tree has, or no claims at all.
    #[error("the proof is for no place in a tree")]
    NoPlace,
}

/// Proves a leaf: SSZ's `{gindex: uint64, leaf: Bytes32, branch: List[Bytes32, 64]}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The leaf's generalized index: 1 is the root, 2n and 2n + 1 are below n.
    pub gindex: u64,
    /// The leaf.
    pub leaf: Hash,
    /// Its siblings, from below.
    pub branch: Vec<Hash>,
}

impl Proof {
    /// Returns the leaf, if it is at a place below a root.
    ///
    /// # Errors
    ///
    /// If the proof is for another place, or does not lead to the root.
    pub fn verify(&self, root: &Hash, gindex: u64) -> Result<&Hash, ProofError> {
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

/// How far a place is below the root.
fn depth(gindex: u64) -> Result<usize, ProofError> {
    gindex.checked_ilog2().map(|depth| depth as usize).ok_or(ProofError::NoPlace)
}

/// SHA-256 of two hashes.
#[must_use]
pub fn hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update(left).chain_update(right).finalize().into()
}
