//! Histories of chains: which outputs are unspent, and which of them a block spends.

use std::collections::BTreeSet;

/// A block, and the state before it.
pub(crate) struct Block {
    /// The number of outputs that were ever added.
    pub(crate) n_added: u64,
    /// The indices of the unspent outputs, ascending.
    pub(crate) unspent: Vec<u64>,
    /// The indices of those that the block spends, ascending.
    pub(crate) spent: Vec<u64>,
}

/// How old outputs are when they are spent.
#[derive(Clone, Copy)]
pub(crate) enum Ages {
    /// 80 % within a day, 15 % within a month, and the rest later.
    Cohorts,
    /// As those that block 866,342 spends.
    Block,
}

/// Returns blocks that spend outputs at random, of which there are `n` after all but one of `share` were spent.
pub(crate) fn even(n: u64, share: u64, n_inputs: usize) -> Vec<Block> {
    let mut random = Random(share);
    let n_added = share * n;
    let unspent: Vec<u64> = (0..n_added).filter(|_| random.below(share) == 0).collect();
    let block = |_| {
        let mut spent = BTreeSet::new();
        while spent.len() < n_inputs {
            spent.insert(unspent[random.below(unspent.len() as u64) as usize]);
        }
        Block { n_added, unspent: unspent.clone(), spent: spent.into_iter().collect() }
    };
    (0..n_blocks(n_inputs)).map(block).collect()
}

/// Runs a chain until `n` outputs are unspent, and returns the next blocks, which spend `n_inputs` each in the long run.
pub(crate) fn by_age(ages: Ages, n: u64, n_inputs: usize) -> Vec<Block> {
    let mut random = Random(1);
    // The blocks that spend outputs, and the number of outputs that each of the blocks spends.
    let (mut spent_in, mut n_spent): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
    let (mut height, mut n_unspent, mut blocks) = (0_u32, 0, Vec::new());
    while blocks.len() < n_blocks(n_inputs) {
        if n_unspent >= n {
            blocks.push(block_at(height, &spent_in));
        }
        n_unspent -= u64::from(n_spent.get(height as usize).copied().unwrap_or(0));
        for _ in 0..n_inputs {
            let spender = height.saturating_add(ages.draw(&mut random));
            if let Some(at) = usize::try_from(spender).ok().filter(|at| *at < HEIGHT_MAX) {
                n_spent.resize(n_spent.len().max(at + 1), 0);
                n_spent[at] += 1;
            }
            spent_in.push(spender);
        }
        n_unspent += n_inputs as u64;
        height += 1;
    }
    blocks
}

/// Returns the block at a height, given the heights at which outputs are spent.
fn block_at(height: u32, spent_in: &[u32]) -> Block {
    let indices = |is_one: &dyn Fn(u32) -> bool| {
        (0..).zip(spent_in).filter(|(_, at)| is_one(**at)).map(|(index, _)| index).collect()
    };
    Block {
        n_added: spent_in.len() as u64,
        unspent: indices(&|at| at >= height),
        spent: indices(&|at| at == height),
    }
}

/// Small blocks are averaged, so that the average is meaningful.
fn n_blocks(n_inputs: usize) -> usize {
    2000_usize.div_ceil(n_inputs).min(20)
}

impl Ages {
    /// Draws the age of an output, in blocks; the maximum if it is never spent.
    fn draw(self, random: &mut Random) -> u32 {
        match self {
            Self::Cohorts => match random.below(100) {
                0..80 => random.spread(1, DAY),
                80..95 => random.spread(DAY, MONTH),
                // Few of these are spent while the chain runs.
                _ => random.spread(MONTH, HEIGHT_MAX as u32),
            },
            Self::Block => {
                let part = random.below(BLOCK_AGES.len() as u64 - 1) as usize;
                random.spread(BLOCK_AGES[part], BLOCK_AGES[part + 1])
            }
        }
    }
}

/// The blocks of a day.
const DAY: u32 = 144;
const MONTH: u32 = 30 * DAY;
/// The length of Bitcoin's chain in 2024.
const HEIGHT_MAX: usize = 866_342;

/// The ages of the 3,936 outputs of earlier blocks that block 866,342 spends, in blocks: the least, those at each
/// sixteenth, and the greatest.
const BLOCK_AGES: [u32; 17] =
    [1, 3, 19, 46, 75, 101, 131, 173, 240, 309, 626, 1384, 7284, 28_540, 178_131, 256_390, 392_669];

/// Pseudorandom numbers, SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// Returns a number below a limit.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }

    /// Returns a number from one to another, whose logarithm is evenly spread.
    fn spread(&mut self, from: u32, to: u32) -> u32 {
        let part = self.next() as f64 / u64::MAX as f64;
        (f64::from(from) * (f64::from(to) / f64::from(from)).powf(part)).round() as u32
    }
}
