//! The siblings of leaves.

use outrider_beacon_proof::{Hash, hash};
use outrider_beacon_spec::{hash::hash_tree_root, types::Root};
use tree_hash::TreeHash;

/// Returns the siblings of an element of a list, with the list's length.
pub(super) fn list_branch<'l, T: TreeHash + 'l>(
    list: impl IntoIterator<Item = &'l T>,
    depth: u32,
    place: usize,
) -> Vec<Hash> {
    let roots: Vec<_> = list.into_iter().map(hash_tree_root).collect();
    let mut siblings = branch(&roots, depth, place);
    siblings.push(hash_tree_root(&(roots.len() as u64)).0);
    siblings
}

/// Returns the root of a list's elements, without the list's length.
pub(super) fn elements_root<'l, T: TreeHash + 'l>(list: impl IntoIterator<Item = &'l T>, depth: u32) -> Hash {
    let roots: Vec<_> = list.into_iter().map(hash_tree_root).collect();
    let first = roots.first().copied().unwrap_or_default();
    branch(&roots, depth, 0).iter().fold(first.0, |node, sibling| hash(&node, sibling))
}

/// Returns the siblings of a leaf in a tree of some depth, from the bottom; missing leaves are zeros.
pub(super) fn branch(leaves: &[Root], depth: u32, place: usize) -> Vec<Hash> {
    let mut level: Vec<Hash> = leaves.iter().map(|leaf| leaf.0).collect();
    let (mut place, mut zero) = (place, Hash::default());
    let mut siblings = Vec::new();
    for _ in 0..depth {
        siblings.push(level.get(place ^ 1).copied().unwrap_or(zero));
        level = level
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => hash(left, right),
                [left, ..] => hash(left, &zero),
                [] => zero,
            })
            .collect();
        zero = hash(&zero, &zero);
        place >>= 1;
    }
    siblings
}
