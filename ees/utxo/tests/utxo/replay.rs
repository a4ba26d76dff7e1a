//! Real chains, block by block.

use bitcoin_consensus_encoding::decode_from_slice;
use bitcoin_primitives::Block;
use outrider_witness::Hash;
use utxo::{Digest, History, Network};

use crate::{
    chain::Chain,
    published::{digest, file, lines, split_blocks},
};

const SIGNET: &str = include_str!("../data/signet-blocks.txt");
const REGTEST: &str = include_str!("../data/regtest-blocks.txt");
const SIGNET_ROOTS: &str = include_str!("../../../../witness/tests/utreexo/data/signet.txt");

#[track_caller]
fn work(chain: &Chain) -> u64 {
    let History::Known(known) = chain.tip().history else { panic!("the history is known") };
    u64::from_be_bytes(*known.chain_work.last_chunk().unwrap())
}

#[test]
fn the_first_blocks_of_the_main_network() {
    let Some(blocks) = file("blocks/mainnet-blocks-1-to-256.bz2") else { return };
    let mut chain = Chain::new(Network::Main);
    let (mut n_spent, mut n_made) = (0, 0);
    for bytes in split_blocks(&blocks) {
        let block: Block = decode_from_slice(&bytes).unwrap();
        let (_, transactions) = block.as_parts();
        n_spent += transactions[1..].iter().map(|transaction| transaction.inputs.len()).sum::<usize>();
        n_made += transactions.iter().map(|transaction| transaction.outputs.len()).sum::<usize>();
        chain.accept_block(&bytes);
    }
    let tip = chain.tip();
    assert_eq!((tip.height, n_spent), (255, 7));
    // None was spent in the block that made it.
    assert_eq!(tip.outputs.n_leaves(), n_made as u64);
    // Each block has the work of the lowest difficulty, 2^32 / (1 - 2^-16) hashes.
    assert_eq!(work(&chain), 0x1_0001_0001 * 256);
}

#[test]
fn the_first_blocks_of_signet_have_the_accumulators_of_utreexod() {
    let mut chain = Chain::new(Network::Signet);
    // The last root after each number of leaves.
    let mut last_roots: Vec<Option<Hash>> = vec![None];
    let roots = SIGNET_ROOTS.lines().filter(|line| !line.starts_with('#'));
    for ((block, line), height) in lines(SIGNET).iter().zip(roots).zip(1_u32..) {
        chain.accept_block(block);
        let fields: Vec<&str> = line.split(' ').collect();
        last_roots.push(Some(fields[3].parse().unwrap()));
        let tip = chain.tip();
        assert_eq!((tip.height, tip.block_hash), (height, digest(fields[0])));
        let bits = (0..7).rev().filter(|bit| height >> bit & 1 == 1);
        let expected: Vec<Option<Hash>> =
            bits.map(|bit| last_roots[(height >> bit << bit) as usize]).collect();
        assert_eq!(tip.outputs.roots(), expected, "block {height}");
    }
    assert_eq!(chain.tip().height, 120);
}

#[test]
fn a_chain_of_regression_tests() {
    let mut chain = Chain::new(Network::Regtest);
    let blocks = lines(REGTEST);
    blocks.iter().for_each(|block| drop(chain.accept_block(block)));
    let tip = chain.tip();
    assert_eq!((tip.height, work(&chain)), (150, 2 * 151));
    assert_ne!(tip.block_hash, Digest::default());
    assert_eq!(tip.outputs.n_leaves(), 150);
}
