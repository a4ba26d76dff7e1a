//! Compares the size of Utreexo's witnesses with those of other forms of state, for the same spends.
//!
//! Prints tables: `cargo run --release -p outrider-witness --example utreexo_size [LOG_N]`, where about 2^`LOG_N` outputs
//! are unspent, 2^20 by default. The forms are:
//!
//! - **Utreexo**: the witnesses of [`utreexo`](outrider_witness::utreexo), without the outputs themselves.
//! - **Recent**: a forest that keeps recent outputs together. It is Utreexo with another rule for joining trees: not two
//!   trees of the same row are joined, but the older two of three. So a leaf that `n` others follow is in a tree of at most
//!   `n` + 1 leaves, whereas Utreexo can join the newest leaf to all others. It has up to twice as many roots.
//! - **Sparse**: the project's sparse Merkle tree, with a hash as the key of an output and the leaf, 32 bytes, as its value.
//!   Of it, *hashes* leaves out the keys and values, because they are data of the block that come beside the witness in
//!   Utreexo.
//!
//! The outputs that blocks spend:
//!
//! - **evenly spread** over outputs of which none, or 7 of 8 at random, were spent before;
//! - **80 % in a day**: four of five outputs are spent within a day, three of twenty within a month, and one of twenty
//!   later, as for Bitcoin until 2021 ("Deciphering Bitcoin Blockchain Data by Cohort Analysis", figure 3, Scientific Data,
//!   2022, [doi:10.1038/s41597-022-01254-0](https://doi.org/10.1038/s41597-022-01254-0)); the logarithm of the age is
//!   evenly spread within a part;
//! - **block 866,342**: by the ages of the outputs that this block of Bitcoin's main network spends, without those of the
//!   block itself.
//!
//! For the last two, a chain is simulated from its first block on, in which each block adds as many outputs as it would
//! spend in the long run.

#![allow(clippy::print_stdout)]

mod forms;
mod history;
mod refresh;

use std::{env, error::Error};

use outrider_witness::{Hash, Hasher, Keccak256};

use self::{
    forms::{Joining, Sparse, size, utreexo_bytes},
    history::{Ages, Block},
};

fn main() -> Result<(), Box<dyn Error>> {
    let log_n: u32 = env::args().nth(1).map_or(Ok(20), |text| text.parse())?;
    let n = 1_u64 << log_n.min(24);
    check_sizes()?;

    let sparse = Sparse::new(n)?;
    println!("about 2^{log_n} outputs unspent; bytes for each input");
    println!("| inputs | spends | Utreexo | of it hashes | recent | sparse | of it hashes |");
    println!("|--:|---|--:|--:|--:|--:|--:|");
    for n_inputs in [1, 10, 100, 1000, 4000] {
        print_row(&sparse, "evenly spread", history::even(n, 1, n_inputs))?;
        print_row(&sparse, "evenly spread, 7 of 8 spent before", history::even(n, 8, n_inputs))?;
        if n_inputs >= 100 {
            print_row(&sparse, "80 % in a day", history::by_age(Ages::Cohorts, n, n_inputs))?;
            print_row(&sparse, "block 866,342", history::by_age(Ages::Block, n, n_inputs))?;
        }
    }
    println!();
    refresh::print(n)
}

/// Prints the mean of some blocks.
fn print_row(sparse: &Sparse, spends: &str, blocks: Vec<Block>) -> Result<(), Box<dyn Error>> {
    let (mut n_inputs, mut utreexo, mut hashes, mut recent) = (0, 0, 0, 0);
    let mut sparse_bytes = (0, 0);
    for (block, seed) in blocks.iter().zip(0..) {
        n_inputs += block.spent.len();
        let own = size(Joining::Equal, block);
        utreexo += own.bytes();
        hashes += 32 * own.n_hashes;
        recent += size(Joining::OlderOfThree, block).bytes();
        let (bytes, hash_bytes) = sparse.witness(block.spent.len(), seed)?;
        sparse_bytes = (sparse_bytes.0 + bytes, sparse_bytes.1 + hash_bytes);
    }
    let each = |bytes: usize| bytes as f64 / n_inputs as f64;
    println!(
        "| {} | {spends} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} |",
        n_inputs / blocks.len(),
        each(utreexo),
        each(hashes),
        each(recent),
        each(sparse_bytes.0),
        each(sparse_bytes.1)
    );
    Ok(())
}

/// Compares computed sizes with those of real witnesses.
fn check_sizes() -> Result<(), Box<dyn Error>> {
    let blocks = [
        history::even(1 << 12, 1, 100),
        history::even(1 << 12, 8, 100),
        history::by_age(Ages::Cohorts, 1 << 12, 100),
        history::by_age(Ages::Block, 1 << 12, 100),
    ];
    for block in blocks.iter().flatten() {
        assert_eq!(size(Joining::Equal, block).bytes(), utreexo_bytes(block)?);
    }
    Ok(())
}

/// Returns the leaf with an index.
fn leaf(index: u64) -> Hash {
    Keccak256::hash(&index.to_le_bytes())
}
