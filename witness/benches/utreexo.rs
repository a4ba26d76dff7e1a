//! Benchmarks of Utreexo, beside the hashing that it cannot avoid.

#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use outrider_witness::{
    Hash, Hasher, Sha256,
    utreexo::{Accumulator, Forest, Leaf, Witness, parent_hash},
};

const N_LEAVES: u64 = 1 << 17;

/// `verify` checks a witness; `hash` only hashes as many pairs; `delete` also computes the roots without the leaves, which
/// hashes up to twice as many.
fn verify(c: &mut Criterion) {
    let mut forest = Forest::empty();
    (0..N_LEAVES).for_each(|index| assert!(forest.add(leaf(index)).is_ok()));
    let accumulator = forest.accumulator();
    let mut group = c.benchmark_group("utreexo/verify");
    for k in [1, 10, 100, 1000] {
        // Multiples of an odd number spread evenly.
        let spent = (0..k).map(|n| n * 104_729 % N_LEAVES);
        let spent: Vec<Leaf> = spent.map(|index| Leaf { index, hash: leaf(index) }).collect();
        let Witness { bytes, leaves } = forest.witness(&spent).unwrap();
        let n_pairs = n_branches(&spent);
        group.bench_function(BenchmarkId::new("verify", k), |b| {
            b.iter(|| accumulator.verify(black_box(&bytes), &leaves).unwrap())
        });
        group.bench_function(BenchmarkId::new("hash", k), |b| {
            b.iter(|| (0..n_pairs).fold(leaf(0), |hash, _| parent_hash(black_box(&hash), &hash)))
        });
        let delete = |accumulator: &mut Accumulator| accumulator.delete(&bytes, &leaves).unwrap();
        group.bench_function(BenchmarkId::new("delete", k), |b| {
            b.iter_batched_ref(|| accumulator.clone(), delete, BatchSize::LargeInput)
        });
    }
    group.finish();
}

/// Returns the number of branches on the paths of leaves in a perfect tree.
fn n_branches(leaves: &[Leaf]) -> usize {
    let mut row: Vec<u64> = leaves.iter().map(|leaf| leaf.index).collect();
    let mut n_branches = 0;
    for _ in 0..N_LEAVES.trailing_zeros() {
        row.iter_mut().for_each(|index| *index >>= 1);
        row.sort_unstable();
        row.dedup();
        n_branches += row.len();
    }
    n_branches
}

fn leaf(index: u64) -> Hash {
    Sha256::hash(&index.to_le_bytes())
}

criterion_group!(benches, verify);
criterion_main!(benches);
