//! Compares the size of witnesses of Utreexo with those of the sparse Merkle tree, for the same spends.
//!
//! Prints a table: `cargo run --release -p outrider-witness --example utreexo_size [LOG_N]`, where 2^`LOG_N` outputs
//! are unspent, 2^18 by default. In the sparse tree the key of an output is a hash, and the value is the leaf, 32 bytes.
//! A column counts the hashes alone, because the keys and values in the witness of a sparse tree are data of the block
//! that come beside the witness in Utreexo.

#![allow(clippy::print_stdout)]

use std::{collections::BTreeSet, env, error::Error};

use outrider_witness::{
    Hash, Hasher, Keccak256, NoNodes, NodeBag, Recorder,
    smt::{self, Key, Tree},
    utreexo::{Forest, Leaf, Numbering, Proof},
};

fn main() -> Result<(), Box<dyn Error>> {
    let log_n: u32 = env::args().nth(1).map_or(Ok(18), |text| text.parse())?;
    let n = 1_u64 << log_n.min(30);
    let mut dense = Forest::empty();
    (0..n).try_for_each(|index| dense.add(leaf(index)).map(|_| ()))?;

    // In an old forest, 7 of 8 outputs are spent, in a pseudorandom order.
    let mut old = Forest::empty();
    (0..8 * n).try_for_each(|index| old.add(leaf(index)).map(|_| ()))?;
    let (unspent, spent): (Vec<u64>, Vec<u64>) = (0..8 * n).partition(|index| draw(*index, 8) == 0);
    old.delete(&spent.into_iter().map(|index| Leaf { index, hash: leaf(index) }).collect::<Vec<_>>())?;

    println!("2^{log_n} outputs unspent; bytes for each input");
    println!("| inputs | spends | Utreexo | of it hashes | sparse tree | of it hashes |");
    println!("|--:|---|--:|--:|--:|--:|");
    let all: Vec<u64> = (0..n).collect();
    for k in [10, 100, 1000] {
        print_row(&mut dense, &all, "evenly spread", k, |draw| draw)?;
        print_row(&mut dense, &all, "nine of ten among the newest 1/64", k, recent)?;
        print_row(&mut old, &unspent, "evenly spread, 7 of 8 spent before", k, |draw| draw)?;
        print_row(&mut old, &unspent, "nine of ten among the newest 1/64, 7 of 8 spent before", k, recent)?;
    }
    Ok(())
}

/// Spends `k` outputs of those unspent, which `age` brings into another distribution: a fraction of 2^32 into another.
fn print_row(
    forest: &mut Forest<NoNodes>,
    unspent: &[u64],
    spends: &str,
    k: usize,
    age: impl Fn(u64) -> u64,
) -> Result<(), Box<dyn Error>> {
    let mut spent = BTreeSet::new();
    for n in 0.. {
        let at = (age(draw(n, 1 << 32)) as usize * unspent.len()) >> 32;
        let index = unspent[at];
        spent.insert(Leaf { index, hash: leaf(index) });
        if spent.len() == k {
            break;
        }
    }
    let leaves: Vec<Leaf> = spent.into_iter().collect();
    let witness = forest.witness(&leaves)?;
    forest.accumulator().verify(&witness.bytes, &witness.leaves)?;

    let mut tree = Tree::<Keccak256, _>::empty();
    unspent.iter().try_for_each(|index| tree.insert(&key(*index), &leaf(*index).0))?;
    let mut nodes = NodeBag::default();
    let root = tree.commit(&mut nodes);
    let mut recorded = Tree::<Keccak256, _>::open(&root, Recorder::new(&nodes));
    for leaf in &leaves {
        assert!(recorded.remove(&key(leaf.index))?);
    }
    let sparse = recorded.into_witness()?;
    let sparse_hashes = smt::witness::outline::<Keccak256>(&sparse)?.bytes.hashes;

    let each = |bytes: usize| bytes as f64 / k as f64;
    let proof =
        Proof::from_witness(&forest.accumulator(), Numbering::Forest, &witness.bytes, &witness.leaves)?;
    let hashes = 32 * proof.hashes.len();
    println!(
        "| {k} | {spends} | {:.1} | {:.1} | {:.1} | {:.1} |",
        each(witness.bytes.len()),
        each(hashes),
        each(sparse.len()),
        each(sparse_hashes)
    );
    Ok(())
}

fn recent(draw: u64) -> u64 {
    if draw.is_multiple_of(10) { draw } else { (1 << 32) - 1 - draw / 64 }
}

fn leaf(index: u64) -> Hash {
    Keccak256::hash(&index.to_le_bytes())
}

fn key(index: u64) -> Key {
    Key(Keccak256::hash(&[b"key", &index.to_le_bytes()[..]].concat()).0)
}

/// Draws a pseudorandom number below `limit`, the same for each `n`.
fn draw(n: u64, limit: u64) -> u64 {
    let hash = Keccak256::hash(&[b"draw", &n.to_le_bytes()[..]].concat()).0;
    hash.iter().take(7).fold(0, |number, byte| number << 8 | u64::from(*byte)) % limit
}
