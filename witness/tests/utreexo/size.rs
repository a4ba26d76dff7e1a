//! Tests that a witness is hardly larger than the least that any proof needs.

use std::collections::BTreeSet;

use outrider_witness::utreexo::Leaf;

use crate::model::{Chain, leaf};

/// Returns the least number of hashes for leaves of a perfect tree that never lost one: in each row, the siblings of
/// nodes on paths that are not on paths.
fn n_hashes(rows: u32, leaves: &[Leaf]) -> usize {
    let mut row: BTreeSet<u64> = leaves.iter().map(|leaf| leaf.index).collect();
    let mut n_hashes = 0;
    for _ in 0..rows {
        n_hashes += row.iter().filter(|index| !row.contains(&(*index ^ 1))).count();
        row = row.into_iter().map(|index| index >> 1).collect();
    }
    n_hashes
}

/// Returns the bits of the number of ways to choose `k` of `n`.
fn choice_bits(n: u64, k: usize) -> f64 {
    (0..k as u64).map(|i| ((n - i) as f64 / (i + 1) as f64).log2()).sum()
}

#[test]
fn a_witness_for_evenly_spread_leaves_is_within_one_percent_of_the_least() {
    let rows = 20;
    let mut chain = Chain::of_leaves(1 << rows);
    for k in [1, 10, 100, 1000] {
        let mut chosen = BTreeSet::new();
        while chosen.len() < k {
            let index = chain.random.below(1 << rows) as u64;
            chosen.insert(Leaf { index, hash: leaf(index) });
        }
        let leaves: Vec<Leaf> = chosen.into_iter().collect();
        let witness = chain.forest.witness(&leaves).unwrap();
        chain.accumulator.verify(&witness.bytes, &witness.leaves).unwrap();
        let hash_bytes = 32 * n_hashes(rows, &leaves);
        let least = hash_bytes as f64 + choice_bits(1 << rows, k) / 8.0;
        let more = witness.bytes.len() as f64 / least - 1.0;
        println!(
            "{k} of 2^{rows}: {} bytes, {hash_bytes} of them hashes; {:.2} % over the least",
            witness.bytes.len(),
            100.0 * more
        );
        assert!((0.0..0.01).contains(&more), "{k} leaves: {} bytes over {least}", witness.bytes.len());
    }
}
