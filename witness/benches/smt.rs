//! Benchmarks of the sparse Merkle tree, beside the hashing that it cannot avoid.

#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use outrider_witness::{
    Hash, Hasher, Keccak256, NoNodes, NodeBag, Recorder, Sha256,
    smt::{Key, Tree, witness},
};

const N_KEYS: u32 = 100_000;

/// `decode` reads a witness and computes its root; `hash` only hashes the same nodes.
fn verify(c: &mut Criterion) {
    verify_with::<Keccak256>(c, "keccak256");
    verify_with::<Sha256>(c, "sha256");
}

fn verify_with<H: Hasher>(c: &mut Criterion, name: &str) {
    let (root, nodes) = full_state::<H>();
    let mut group = c.benchmark_group(format!("smt/verify/{name}"));
    for k in [1, 10, 100, 1000] {
        let witness = witness_of::<H>(&root, &nodes, k);
        let mut revealed = NodeBag::default();
        Tree::<H, _>::from_witness(&witness, &root).unwrap().put_revealed(&mut revealed);
        let preimages: Vec<&[u8]> = revealed.iter().map(|(_, bytes)| bytes).collect();
        group.bench_function(BenchmarkId::new("decode", k), |b| {
            b.iter(|| witness::decode::<H>(black_box(&witness)).unwrap())
        });
        group.bench_function(BenchmarkId::new("hash", k), |b| b.iter(|| hash_each::<H>(&preimages)));
    }
    group.finish();
}

/// `update` changes the values of all keys that a witness covers and computes the root; `hash` hashes as many nodes.
fn update(c: &mut Criterion) {
    let (root, nodes) = full_state::<Keccak256>();
    let mut group = c.benchmark_group("smt/update/keccak256");
    for k in [1, 10, 100, 1000] {
        let witness = witness_of::<Keccak256>(&root, &nodes, k);
        let decoded = || Tree::<Keccak256, _>::from_witness(&witness, &root).unwrap();
        let run = |tree: &mut Tree<Keccak256, NoNodes>| {
            for key in keys().take(k) {
                tree.insert(&key, b"another value, of 32 bytes as is").unwrap();
            }
            tree.root()
        };
        let mut changed = NodeBag::default();
        let mut tree = decoded();
        run(&mut tree);
        tree.commit(&mut changed);
        let preimages: Vec<&[u8]> = changed.iter().map(|(_, bytes)| bytes).collect();
        group.bench_function(BenchmarkId::new("update", k), |b| {
            b.iter_batched_ref(decoded, run, BatchSize::LargeInput)
        });
        group.bench_function(BenchmarkId::new("hash", k), |b| b.iter(|| hash_each::<Keccak256>(&preimages)));
    }
    group.finish();
}

fn hash_each<H: Hasher>(preimages: &[&[u8]]) {
    for bytes in black_box(preimages) {
        black_box(H::hash(bytes));
    }
}

fn keys() -> impl Iterator<Item = Key> {
    (0..N_KEYS).map(|n| Key(Keccak256::hash(&n.to_le_bytes()).0))
}

fn full_state<H: Hasher>() -> (Hash, NodeBag) {
    let mut tree = Tree::<H, _>::empty();
    keys().for_each(|key| tree.insert(&key, &key.0).unwrap());
    let mut nodes = NodeBag::default();
    (tree.commit(&mut nodes), nodes)
}

fn witness_of<H: Hasher>(root: &Hash, nodes: &NodeBag, k: usize) -> Vec<u8> {
    let mut tree = Tree::<H, _>::open(root, Recorder::new(nodes));
    keys().take(k).for_each(|key| assert!(tree.get(&key).unwrap().is_some()));
    tree.into_witness().unwrap()
}

criterion_group!(benches, verify, update);
criterion_main!(benches);
