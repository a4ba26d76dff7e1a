//! The root of a sparse Merkle tree by its definition, from all keys and values.

use std::collections::BTreeMap;

use outrider_witness::{Hash, Hasher, Keccak256, smt::Key};

/// Hashes all leaves as one subtree.
pub(crate) fn naive_root(map: &BTreeMap<Key, Vec<u8>>) -> Hash {
    let leaves: Vec<_> = map.iter().map(|(key, value)| (key, value.as_slice())).collect();
    Hash(naive_hash(&leaves, 0))
}

/// Hashes a subtree by its definition, from its leaves.
fn naive_hash(leaves: &[(&Key, &[u8])], depth: usize) -> [u8; 32] {
    match leaves {
        [] => [0; 32],
        [(key, value)] => Keccak256::hash(&[&[0], &key.0[..], value].concat()).0,
        _ => {
            let one = |(key, _): &(&Key, &[u8])| key.0[depth / 8] >> (7 - depth % 8) & 1 == 1;
            let (right, left): (Vec<_>, Vec<_>) = leaves.iter().copied().partition(one);
            let tag = 16 + 4 * left.len().min(2) + right.len().min(2);
            let hashes = [naive_hash(&left, depth + 1), naive_hash(&right, depth + 1)].concat();
            Keccak256::hash(&[&[tag as u8], &hashes[..]].concat()).0
        }
    }
}
