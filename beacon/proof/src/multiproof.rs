//! Proofs of several leaves at once.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

use super::{Hash, Proof, ProofError, depth, hash};

/// The most claims in a multiproof.
pub const MULTIPROOF_CLAIMS_MAX: usize = 64;
/// The most siblings in a multiproof: a whole branch for each claim.
pub const MULTIPROOF_BRANCH_MAX: usize = 64 * MULTIPROOF_CLAIMS_MAX;

/// A proof of several leaves: SSZ's `{claims: List[{gindex: uint64, leaf: Bytes32}, 64], branch: List[Bytes32, 4096]}`.
///
/// It omits siblings that can be computed from others. The remaining ones are in the order of the SSZ specification: by
/// generalized index, descending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Multiproof {
    /// The generalized indices and the leaves.
    pub claims: Vec<(u64, Hash)>,
    /// The siblings.
    pub branch: Vec<Hash>,
}

impl Multiproof {
    /// Combines several proofs below the same root.
    ///
    /// # Errors
    ///
    /// Fails if one of them is malformed, if two have the same index, or if there are none or too many.
    pub fn combine(proofs: &[Proof]) -> Result<Self, ProofError> {
        let claims: Vec<_> = proofs.iter().map(|proof| (proof.gindex, proof.leaf)).collect();
        let mut siblings = BTreeMap::new();
        for proof in proofs {
            let expected = depth(proof.gindex)?;
            if proof.branch.len() != expected {
                return Err(ProofError::Siblings { got: proof.branch.len(), expected });
            }
            siblings.extend(path(proof.gindex).map(|place| place ^ 1).zip(&proof.branch));
        }
        let needed = needed_siblings(&claims)?;
        let branch =
            needed.iter().rev().filter_map(|place| siblings.get(place)).map(|sibling| **sibling).collect();
        Ok(Self { claims, branch })
    }

    /// Returns the leaves in the order of `gindices`, if they are at these generalized indices below a root.
    ///
    /// # Errors
    ///
    /// Fails if the proof is for other indices, or does not lead to the root.
    pub fn verify(&self, root: &Hash, gindices: &[u64]) -> Result<Vec<Hash>, ProofError> {
        self.verify_with(root, gindices, hash)
    }

    /// Verifies as [`verify`](Self::verify) does, with another implementation of [`hash`], such as the host's in an EE.
    ///
    /// # Errors
    ///
    /// Fails if the proof is for other indices, or does not lead to the root.
    pub fn verify_with(
        &self,
        root: &Hash,
        gindices: &[u64],
        hash: impl Fn(&Hash, &Hash) -> Hash,
    ) -> Result<Vec<Hash>, ProofError> {
        if self.claims.len() != gindices.len() {
            return Err(ProofError::Limit { got: self.claims.len(), limit: gindices.len() });
        }
        for ((got, _), expected) in self.claims.iter().zip(gindices) {
            if got != expected {
                return Err(ProofError::Gindex { got: *got, expected: *expected });
            }
        }
        let needed = needed_siblings(&self.claims)?;
        if self.branch.len() != needed.len() {
            return Err(ProofError::Siblings { got: self.branch.len(), expected: needed.len() });
        }
        let mut nodes: BTreeMap<_, _> = self.claims.iter().copied().collect();
        nodes.extend(needed.iter().rev().copied().zip(self.branch.iter().copied()));
        // The node with the greatest index is a right child, and nothing is left below it.
        while let Some((place, node)) = nodes.pop_last() {
            if place == 1 {
                let is_root = node == *root;
                return if is_root {
                    Ok(self.claims.iter().map(|claim| claim.1).collect())
                } else {
                    Err(ProofError::Root)
                };
            }
            let sibling = nodes.remove(&(place ^ 1)).ok_or(ProofError::Nested)?;
            if nodes.insert(place >> 1, hash(&sibling, &node)).is_some() {
                return Err(ProofError::Nested);
            }
        }
        Err(ProofError::NoPlace)
    }
}

/// Returns the indices of the siblings that a proof must have. Fails if an index occurs twice or is an ancestor of
/// another.
fn needed_siblings(claims: &[(u64, Hash)]) -> Result<BTreeSet<u64>, ProofError> {
    if claims.len() > MULTIPROOF_CLAIMS_MAX {
        return Err(ProofError::Limit { got: claims.len(), limit: MULTIPROOF_CLAIMS_MAX });
    }
    let above: BTreeSet<u64> =
        claims.iter().flat_map(|(gindex, _)| path(*gindex).map(|place| place >> 1)).collect();
    let leaves: BTreeSet<u64> = claims.iter().map(|(gindex, _)| *gindex).collect();
    if leaves.contains(&0) || leaves.is_empty() {
        return Err(ProofError::NoPlace);
    }
    if leaves.len() != claims.len() || !leaves.is_disjoint(&above) {
        return Err(ProofError::Nested);
    }
    let siblings = claims.iter().flat_map(|(gindex, _)| path(*gindex).map(|place| place ^ 1));
    Ok(siblings.filter(|place| !above.contains(place) && !leaves.contains(place)).collect())
}

/// Returns an iterator over an index and its ancestors, without the root.
fn path(gindex: u64) -> impl Iterator<Item = u64> {
    core::iter::successors(Some(gindex), |place| Some(place >> 1)).take_while(|place| *place > 1)
}
