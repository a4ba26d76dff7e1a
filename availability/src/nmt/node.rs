//! Nodes of namespaced Merkle trees.

use outrider_abi::{ReadError, Reader};
use sha2::{Digest as _, Sha256};

use crate::{
    ProofError,
    nmt::{NAMESPACE_BYTES, Namespace},
};

/// The length of a node: 90 bytes.
pub const NODE_BYTES: usize = 2 * NAMESPACE_BYTES + 32;

/// A node: the namespaces of the leaves below it, and a hash. The root of a tree is one.
///
/// Its bytes are `min | max | hash`, as in celestiaorg/nmt, with parity left out of `max` where anything else is below the
/// node (`IgnoreMaxNamespace`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// The lowest namespace below it.
    pub min: Namespace,
    /// The highest namespace below it, not counting parity if the lowest is another.
    pub max: Namespace,
    /// The SHA-256 of what is below it: `0 | namespace | data` of a leaf, `1 | left | right` of others.
    pub hash: [u8; 32],
}

impl Node {
    /// Hashes a leaf.
    #[must_use]
    pub fn leaf(namespace: Namespace, data: &[u8]) -> Self {
        let hash = Sha256::new().chain_update([0]).chain_update(namespace.0).chain_update(data).finalize();
        Self { min: namespace, max: namespace, hash: hash.into() }
    }

    /// Hashes two siblings.
    ///
    /// # Errors
    ///
    /// Fails if the namespaces are not in order; a tree has no such siblings.
    pub fn parent(left: &Self, right: &Self) -> Result<Self, ProofError> {
        if left.min > left.max || right.min > right.max || left.max > right.min {
            return Err(ProofError::Unordered);
        }
        let max = if right.min == Namespace::PARITY { left.max } else { right.max };
        let hash =
            Sha256::new().chain_update([1]).chain_update(left.to_bytes()).chain_update(right.to_bytes());
        Ok(Self { min: left.min, max, hash: hash.finalize().into() })
    }

    /// Returns its bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; NODE_BYTES] {
        let mut bytes = [0; NODE_BYTES];
        let parts = self.min.0.into_iter().chain(self.max.0).chain(self.hash);
        bytes.iter_mut().zip(parts).for_each(|(byte, of)| *byte = of);
        bytes
    }

    /// Reads a node.
    ///
    /// # Errors
    ///
    /// Fails if the bytes end early.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError> {
        let min = Namespace(reader.take_array()?);
        Ok(Self { min, max: Namespace(reader.take_array()?), hash: reader.take_array()? })
    }
}
