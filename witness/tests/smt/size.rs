//! Tests that a witness is hardly larger than the least that any proof needs.

use std::collections::BTreeSet;

use outrider_witness::{
    Hasher, Keccak256, Recorder,
    smt::{Key, Tree},
};

use crate::model::{Map, full_tree};

/// Returns the least number of bytes that determine the subtree of the sorted `keys` for the keys in `read`: hashes
/// of the subtrees beside the paths, and the leaves at their ends.
fn least(keys: &[Key], read: &[Key], depth: usize) -> usize {
    match (keys, read) {
        ([], _) => 0,
        (_, []) => 32,
        ([_], _) => 32 + 32,
        _ => {
            let zero = |key: &Key| key.0[depth / 8] >> (7 - depth % 8) & 1 == 0;
            let (left, right) = keys.split_at(keys.partition_point(zero));
            let (read_left, read_right) = read.split_at(read.partition_point(zero));
            least(left, read_left, depth + 1) + least(right, read_right, depth + 1)
        }
    }
}

#[test]
fn a_witness_for_evenly_spread_keys_is_within_one_percent_of_the_least() {
    let key = |n: u32| Key(Keccak256::hash(&n.to_le_bytes()).0);
    let n_keys = 100_000;
    let state: Map = (0..n_keys).map(key).map(|key| (key, key.0.to_vec())).collect();
    let (root, nodes) = full_tree(&state);
    let keys: Vec<Key> = state.into_keys().collect();
    // Half of the keys read are present.
    for k in [1, 10, 100, 1000] {
        let (mut witness_bytes, mut least_bytes) = (0, 0);
        let draws: Vec<u32> = (n_keys - 500..n_keys + 500).collect();
        for drawn in draws.chunks(k) {
            let read: BTreeSet<Key> = drawn.iter().map(|n| key(*n)).collect();
            let mut tree = Tree::<Keccak256, _>::open(&root, Recorder::new(&nodes));
            read.iter().for_each(|key| {
                assert_eq!(tree.get(key).unwrap().is_some(), keys.binary_search(key).is_ok())
            });
            witness_bytes += tree.into_witness().unwrap().len();
            least_bytes += least(&keys, &read.into_iter().collect::<Vec<_>>(), 0);
        }
        assert!(100 * witness_bytes < 101 * least_bytes, "k = {k}: {witness_bytes} over {least_bytes}");
        assert!(witness_bytes >= least_bytes, "k = {k}: {witness_bytes} over {least_bytes}");
    }
}
