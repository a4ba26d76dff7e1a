//! SHA-256, hash-tree roots and Merkle branches.

use sha2::{Digest as _, Sha256};
use ssz_types::{VariableList, typenum::Unsigned};
use tree_hash::{BYTES_PER_CHUNK, MerkleHasher, TreeHash, mix_in_length};

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

/// Returns the hash-tree root of a list of bytes. [`hash_tree_root`] takes much longer, because it handles each byte by
/// itself.
#[must_use]
pub fn bytes_root<N: Unsigned>(bytes: &VariableList<u8, N>) -> Root {
    let mut hasher = MerkleHasher::with_leaves(N::to_usize().div_ceil(BYTES_PER_CHUNK));
    let written = hasher.write(bytes).and_then(|()| hasher.finish());
    // There are no more chunks than the list can have bytes for.
    written.map_or_else(|_| hash_tree_root(bytes), |root| mix_in_length(&root, bytes.len()))
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
