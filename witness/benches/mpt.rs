//! Benchmarks of witnesses of the Merkle Patricia trie.
//!
//! - `decode`: decodes and thereby verifies a witness, beside only hashing the encodings of the same nodes.
//! - `update`: opens the trie, writes each key of the witness, and computes the new root.
//!
//! A table comes first. It compares the bytes of witnesses with the least that any witness needs, and the time to
//! decode with the time to hash. It measures the two in turns and takes the fastest run of each.

#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

use std::{
    collections::BTreeSet,
    hint::black_box,
    time::{Duration, Instant},
};

use alloy_rlp::Header;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use outrider_witness::{
    Hash, Hasher, Keccak256, NodeBag, Recorder,
    mpt::{Trie, witness},
};

/// The number of keys in the state.
const KEYS: u32 = 1_000_000;
/// The length of a value, that of an Ethereum account, in bytes.
const VALUE_BYTES: usize = 70;

fn key(index: u32) -> [u8; 32] {
    Keccak256::hash(&index.to_le_bytes()).0
}

fn state() -> (NodeBag, Hash) {
    let mut trie = Trie::<Keccak256, _>::empty();
    for index in 0..KEYS {
        let value = [index.to_le_bytes()[0]; VALUE_BYTES];
        trie.insert(&key(index), &value).unwrap();
    }
    let mut nodes = NodeBag::default();
    let root = trie.commit(&mut nodes);
    (nodes, root)
}

/// Returns `count` keys, spread over all.
fn chosen(count: u32) -> impl Iterator<Item = [u8; 32]> {
    (0..count).map(move |index| key(index * (KEYS / count)))
}

/// Returns a witness for `count` keys and the encodings of its nodes.
fn witness_of(nodes: &NodeBag, root: &Hash, count: u32) -> (Vec<u8>, Vec<Vec<u8>>) {
    let mut trie = Trie::<Keccak256, _>::open(root, Recorder::new(nodes));
    chosen(count).for_each(|key| assert!(trie.get(&key).unwrap().is_some()));
    let bytes = trie.into_forest().into_witness().unwrap();
    let (_, record) = witness::decode::<Keccak256>(&bytes).unwrap().revealed();
    (bytes, record.nodes.iter().map(|(_, node)| node.to_vec()).collect())
}

/// Returns the length of the least data that determines the nodes: hashes of siblings, the rest of each key, and
/// values.
fn least_bytes(nodes: &[Vec<u8>]) -> usize {
    let revealed: BTreeSet<[u8; 32]> = nodes.iter().map(|node| Keccak256::hash(node).0).collect();
    let half_bytes = |node: &Vec<u8>| {
        let items = items(node);
        let (path, children) = items.split_at(if items.len() == 2 { 1 } else { 0 });
        // The first byte of a path holds its parity, and the first nibble if the parity is odd.
        let path: usize = path.iter().map(|path| 2 * path.len() - 2 + usize::from(path[0] >> 4 & 1)).sum();
        let is_revealed =
            |child: &&&[u8]| <&[u8; 32]>::try_from(**child).is_ok_and(|hash| revealed.contains(hash));
        path + children.iter().filter(|child| !is_revealed(child)).map(|child| 2 * child.len()).sum::<usize>()
    };
    nodes.iter().map(half_bytes).sum::<usize>().div_ceil(2)
}

/// Returns the items of a node: a path and what it leads to, or sixteen children and a value.
fn items(mut node: &[u8]) -> Vec<&[u8]> {
    let mut items = Header::decode_bytes(&mut node, true).unwrap();
    std::iter::from_fn(|| (!items.is_empty()).then(|| Header::decode_bytes(&mut items, false).unwrap()))
        .collect()
}

fn hash_all(nodes: &[Vec<u8>]) {
    for node in nodes {
        black_box(Keccak256::hash(black_box(node)));
    }
}

fn decode(bytes: &[u8]) {
    black_box(witness::decode::<Keccak256>(black_box(bytes)).unwrap());
}

fn fastest(mut each: impl FnMut()) -> Duration {
    let start = Instant::now();
    each();
    start.elapsed()
}

fn table(nodes: &NodeBag, root: &Hash) {
    println!(
        "{:>5} {:>8} {:>9} {:>9} {:>6} {:>15}",
        "keys", "nodes", "bytes", "least", "over", "decode/hashing"
    );
    for count in [1, 3, 10, 30, 100, 300, 1000] {
        let (bytes, encodings) = witness_of(nodes, root, count);
        let least = least_bytes(&encodings);
        let (mut decoding, mut hashing) = (Duration::MAX, Duration::MAX);
        for _ in 0..300 {
            decoding = decoding.min(fastest(|| decode(&bytes)));
            hashing = hashing.min(fastest(|| hash_all(&encodings)));
        }
        let over = 100.0 * (bytes.len() as f64 / least as f64 - 1.0);
        let ratio = decoding.as_secs_f64() / hashing.as_secs_f64();
        let (n_nodes, length) = (encodings.len(), bytes.len());
        println!("{count:>5} {n_nodes:>8} {length:>9} {least:>9} {over:>5.2}% {ratio:>15.3}");
    }
}

fn benches(criterion: &mut Criterion) {
    let (nodes, root) = state();
    table(&nodes, &root);
    let mut group = criterion.benchmark_group("mpt/decode");
    for count in [10, 1000] {
        let (bytes, encodings) = witness_of(&nodes, &root, count);
        group.throughput(Throughput::Bytes(encodings.iter().map(|node| node.len() as u64).sum()));
        group.bench_with_input(BenchmarkId::new("decode", count), &bytes, |bencher, bytes| {
            bencher.iter(|| decode(bytes));
        });
        group.bench_with_input(BenchmarkId::new("hashing", count), &encodings, |bencher, encodings| {
            bencher.iter(|| hash_all(encodings));
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("mpt/update");
    for count in [10, 1000] {
        let (bytes, _) = witness_of(&nodes, &root, count);
        group.throughput(Throughput::Elements(count.into()));
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            bencher.iter_batched(
                || Trie::<Keccak256, _>::from_witness(&bytes, &root).unwrap(),
                |mut trie| {
                    chosen(count).for_each(|key| trie.insert(&key, &[1; VALUE_BYTES]).unwrap());
                    trie.root()
                },
                criterion::BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(mpt, benches);
criterion_main!(mpt);
