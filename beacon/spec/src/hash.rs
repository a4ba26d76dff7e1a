//! SHA-256, hash-tree roots and Merkle branches.

use sha2::{Digest as _, Sha256};
use tree_hash::TreeHash;

use crate::types::{Bytes32, Root};

/// `hash`: SHA-256 of all parts, one after the other.
#[must_use]
pub fn hash(parts: &[&[u8]]) -> Bytes32 {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    Bytes32::from_slice(&hasher.finalize())
}

/// `hash_tree_root`.
#[must_use]
pub fn hash_tree_root<T: TreeHash + ?Sized>(object: &T) -> Root {
    object.tree_hash_root()
}

/// `bytes_to_uint64`, of the first 8 bytes.
#[must_use]
pub fn bytes_to_uint64(data: &Bytes32) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = data.0;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// `is_valid_merkle_branch`: whether `leaf` stands at `index` below `root`, by `depth` siblings.
#[must_use]
pub fn is_valid_merkle_branch(leaf: Root, branch: &[Root], depth: u64, index: u64, root: Root) -> bool {
    if u64::try_from(branch.len()) != Ok(depth) {
        return false;
    }
    let mut value = leaf;
    let mut path = index;
    for sibling in branch {
        value = if path & 1 == 1 {
            hash(&[sibling.as_slice(), value.as_slice()])
        } else {
            hash(&[value.as_slice(), sibling.as_slice()])
        };
        path >>= 1;
    }
    value == root
}
