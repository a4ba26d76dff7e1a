//! Compares the size of witnesses of the sparse Merkle tree with the least that a proof needs.
//!
//! Prints a table for k of n keys: `cargo run --release -p outrider-witness --example witness_size [N]`, where N is a
//! million by default. Keys and values have 32 bytes. The least is computed from the sorted keys without a tree: 32
//! bytes for each subtree beside the paths, and key and value of each leaf at their ends.

#![allow(clippy::print_stdout)]

use std::{collections::BTreeSet, env, error::Error};

use outrider_witness::{
    Hash, Hasher, Keccak256, NodeBag, Recorder,
    smt::{Key, Tree},
};

fn main() -> Result<(), Box<dyn Error>> {
    let n = env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    let state: BTreeSet<Key> = (0..n).map(key).collect();
    let mut tree = Tree::<Keccak256, _>::empty();
    for key in &state {
        tree.insert(key, &key.0)?;
    }
    let mut nodes = NodeBag::default();
    let root = tree.commit(&mut nodes);
    let keys: Vec<Key> = state.into_iter().collect();

    println!("n = {n}, values of {VALUE_BYTES} bytes, Keccak-256; bytes for each key");
    println!("| k | keys | nodes revealed | witness | least | more |");
    println!("|--:|---|--:|--:|--:|--:|");
    for k in [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] {
        // Small sets of keys are drawn more often, so that the average is meaningful.
        let n_draws = 2000 / k;
        print_row(&root, &nodes, &keys, "present", k, n_draws, |index| keys[draw(index, keys.len())])?;
        print_row(&root, &nodes, &keys, "absent", k, n_draws, |index| key(n + index))?;
    }
    Ok(())
}

fn print_row(
    root: &Hash,
    nodes: &NodeBag,
    keys: &[Key],
    name: &str,
    k: u32,
    n_draws: u32,
    drawn: impl Fn(u32) -> Key,
) -> Result<(), Box<dyn Error>> {
    let (mut witness_bytes, mut least_bytes, mut n_nodes) = (0, 0, 0);
    for first in (0..n_draws).map(|draw| draw * k) {
        let read: BTreeSet<Key> = (first..first + k).map(&drawn).collect();
        let mut tree = Tree::<Keccak256, _>::open(root, Recorder::new(nodes));
        for key in &read {
            tree.get(key)?;
        }
        let witness = tree.into_witness()?;
        let mut stateless = Tree::<Keccak256, _>::from_witness(&witness, root)?;
        for key in &read {
            assert_eq!(stateless.get(key)?.is_some(), keys.binary_search(key).is_ok());
        }
        stateless.check_all_used()?;
        let mut revealed = NodeBag::default();
        stateless.put_revealed(&mut revealed);
        n_nodes += revealed.len();
        witness_bytes += witness.len();
        least_bytes += least(keys, &read.into_iter().collect::<Vec<_>>(), 0);
    }
    let each = |total: usize| total as f64 / f64::from(n_draws * k);
    let more = 100.0 * (witness_bytes as f64 / least_bytes as f64 - 1.0);
    println!(
        "| {k} | {name} | {:.1} | {:.1} | {:.1} | {more:.2} % |",
        each(n_nodes),
        each(witness_bytes),
        each(least_bytes)
    );
    Ok(())
}

/// Returns the least number of bytes that determine the subtree of the sorted `keys` for the keys in `read`.
fn least(keys: &[Key], read: &[Key], depth: usize) -> usize {
    match (keys, read) {
        ([], _) => 0,
        (_, []) => 32,
        ([_], _) => 32 + VALUE_BYTES,
        _ => {
            let zero = |key: &Key| key.0[depth / 8] >> (7 - depth % 8) & 1 == 0;
            let (left, right) = keys.split_at(keys.partition_point(zero));
            let (read_left, read_right) = read.split_at(read.partition_point(zero));
            least(left, read_left, depth + 1) + least(right, read_right, depth + 1)
        }
    }
}

fn key(n: u32) -> Key {
    Key(Keccak256::hash(&n.to_le_bytes()).0)
}

/// Draws a pseudorandom index below `n_keys`, the same for each `index`.
fn draw(index: u32, n_keys: usize) -> usize {
    let hash = Keccak256::hash(&[b"draw", &index.to_le_bytes()[..]].concat()).0;
    let number = hash.iter().take(6).fold(0, |number, byte| number << 8 | usize::from(*byte));
    number % n_keys
}

const VALUE_BYTES: usize = 32;
