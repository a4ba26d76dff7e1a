//! SHA-256, hash-tree roots and Merkle branches.

use sha2::{Digest as _, Sha256};
use tree_hash::TreeHash;

use crate::types::{Bytes32, Root};

/// Returns the SHA-256 hash of the concatenated parts.
#[must_use]
pub fn hash(parts: &[&[u8]]) -> Bytes32 {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    Bytes32::from_slice(&hasher.finalize())
}

/// Returns the hash-tree root of an object.
#[must_use]
pub fn hash_tree_root<T: TreeHash + ?Sized>(object: &T) -> Root {
    object.tree_hash_root()
}

/// Returns the first 8 bytes as a little-endian number.
#[must_use]
pub fn bytes_to_uint64(data: &Bytes32) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = data.0;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// Returns whether `branch`, of `depth` siblings, proves that `leaf` is at `index` below `root`.
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
