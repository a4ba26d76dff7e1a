//! A wallet's proof that is kept over ten blocks.

use std::{collections::BTreeSet, error::Error};

use outrider_witness::{
    Hash,
    utreexo::{Forest, Leaf, Numbering, Pollard, Proof},
};

use crate::{history::Random, leaf};

/// The blocks for which proofs are kept.
const N_BLOCKS: u64 = 10;
/// The inputs and the outputs of each block.
const N_INPUTS: usize = 1000;

/// Prints the sizes for wallets with some outputs, among `n` that are unspent, where each block spends 1,000 at random and
/// adds as many.
///
/// A wallet that reads the blocks with their witnesses needs nothing else. One that does not has to be sent the hashes of
/// its proof that are new.
pub(crate) fn print(n: u64) -> Result<(), Box<dyn Error>> {
    println!(
        "proofs of wallets over {N_BLOCKS} blocks, each of which spends {N_INPUTS} outputs of {n} and adds as many; bytes"
    );
    println!(
        "| outputs | proof before | after | of it new | witnesses of the blocks | fetched beside the blocks |"
    );
    println!("|--:|--:|--:|--:|--:|--:|");
    for n_kept in [1, 10, 100] {
        let mut random = Random(n_kept);
        let mut forest = Forest::empty();
        (0..n).try_for_each(|index| forest.add(leaf(index)).map(|_| ()))?;
        let mut unspent: Vec<u64> = (0..n).collect();
        let mut draw = || {
            let at = random.below(unspent.len() as u64) as usize;
            unspent.swap_remove(at)
        };
        let kept = leaves((0..n_kept).map(|_| draw()).collect());
        let first = forest.witness(&kept)?;
        let mut pollard = Pollard::new(forest.accumulator());
        pollard.keep(&first.bytes, &first.leaves)?;
        let hashes = |forest: &Forest<_>, bytes: &[u8], leaves: &[Hash]| {
            let proof = Proof::from_witness(&forest.accumulator(), Numbering::Forest, bytes, leaves);
            proof.map(|proof| proof.hashes.into_iter().collect::<BTreeSet<Hash>>())
        };
        let known = hashes(&forest, &first.bytes, &first.leaves)?;
        let mut block_bytes = 0;
        for _ in 0..N_BLOCKS {
            let spent = leaves((0..N_INPUTS).map(|_| draw()).collect());
            let block = forest.witness(&spent)?;
            forest.delete(&spent)?;
            let next = forest.accumulator().n_leaves();
            let added: Vec<(Hash, bool)> =
                (next..).take(N_INPUTS).map(|index| (leaf(index), false)).collect();
            added.iter().try_for_each(|(leaf, _)| forest.add(*leaf).map(|_| ()))?;
            pollard.apply(&block.bytes, &block.leaves, &added)?;
            assert_eq!(pollard.witness(), forest.witness(&kept)?, "the proof is the one made afresh");
            block_bytes += block.bytes.len();
        }
        let last = pollard.witness();
        forest.accumulator().verify(&last.bytes, &last.leaves)?;
        let n_new = hashes(&forest, &last.bytes, &last.leaves)?.difference(&known).count();
        let (before, after) = (first.bytes.len(), last.bytes.len());
        println!("| {n_kept} | {before} | {after} | {} | {block_bytes} | 0 |", 32 * n_new);
    }
    Ok(())
}

fn leaves(indices: BTreeSet<u64>) -> Vec<Leaf> {
    indices.into_iter().map(|index| Leaf { index, hash: leaf(index) }).collect()
}
