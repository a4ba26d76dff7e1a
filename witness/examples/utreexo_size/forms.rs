//! The forms of state: how many bytes the witness of a block takes in each.

use std::error::Error;

use outrider_witness::{
    Hash, Hasher as _, Keccak256, NodeBag, Recorder,
    smt::{self, Key, Tree},
    utreexo::{Forest, Leaf},
};

use crate::{
    history::{Block, Random},
    leaf,
};

/// When trees of a forest are joined.
#[derive(Clone, Copy)]
pub(crate) enum Joining {
    /// Two of the same row, as in Utreexo.
    Equal,
    /// The older two of three of the same row, so that the trees of recent leaves stay small.
    OlderOfThree,
}

/// The size of a witness of a forest.
#[derive(Clone, Copy, Default)]
pub(crate) struct Size {
    pub(crate) n_bits: usize,
    pub(crate) n_hashes: usize,
}

impl Size {
    pub(crate) fn bytes(self) -> usize {
        self.n_bits.div_ceil(8) + 32 * self.n_hashes
    }
}

/// A perfect tree of all leaves ever added.
struct PerfectTree {
    first_leaf: u64,
    row: u32,
}

/// Computes the size of a block's witness in a forest, without making the forest: a bit for each tree that has leaves,
/// and the paths in the trees without the leaves that were deleted.
pub(crate) fn size(joining: Joining, block: &Block) -> Size {
    let mut size = Size::default();
    for tree in joining.trees(block.n_added) {
        let end = tree.first_leaf + (1 << tree.row);
        let here = |indices: &'_ [u64]| {
            let part = indices.partition_point(|index| *index < tree.first_leaf);
            part..indices.partition_point(|index| *index < end)
        };
        let (unspent, spent) = (&block.unspent[here(&block.unspent)], &block.spent[here(&block.spent)]);
        if !unspent.is_empty() {
            size.n_bits += 1;
        }
        if !spent.is_empty() {
            size.add_node(tree.row, tree.first_leaf, unspent, spent);
        }
    }
    size
}

impl Size {
    /// Adds a node in a row, on a path, with the unspent leaves below it.
    fn add_node(&mut self, row: u32, first_leaf: u64, unspent: &[u64], spent: &[u64]) {
        let (first, last) = (unspent[0] - first_leaf, unspent[unspent.len() - 1] - first_leaf);
        let Some(bit) = (first ^ last).checked_ilog2() else {
            self.n_bits += if row == 0 { 0 } else { 3 };
            return;
        };
        let split = |indices: &[u64]| indices.partition_point(|index| (index - first_leaf) >> bit & 1 == 0);
        let (left, right) = unspent.split_at(split(unspent));
        match spent.split_at(split(spent)) {
            (here, []) => {
                self.n_bits += 1;
                self.n_hashes += 1;
                self.add_node(row - 1, first_leaf, left, here);
            }
            ([], here) => {
                self.n_bits += 2;
                self.n_hashes += 1;
                self.add_node(row - 1, first_leaf, right, here);
            }
            (on_left, on_right) => {
                self.n_bits += 3;
                self.add_node(row - 1, first_leaf, left, on_left);
                self.add_node(row - 1, first_leaf, right, on_right);
            }
        }
    }
}

impl Joining {
    /// Returns the trees of a forest to which so many leaves were added, the oldest first.
    fn trees(self, n_added: u64) -> Vec<PerfectTree> {
        let n_max = match self {
            Self::Equal => 1,
            Self::OlderOfThree => 2,
        };
        // The trees of each row. A number of `n` leaves makes `n` trees of row 0; and while there are more than the
        // maximum of a row, two become one of the next row.
        let mut rows = Vec::new();
        let mut n_trees = n_added;
        while n_trees > 0 {
            let n_joined = n_trees.saturating_sub(n_max).div_ceil(2);
            rows.push(n_trees - 2 * n_joined);
            n_trees = n_joined;
        }
        let mut first_leaf = 0;
        let mut trees = Vec::new();
        for (row, n_trees) in rows.into_iter().enumerate().rev() {
            for _ in 0..n_trees {
                trees.push(PerfectTree { first_leaf, row: row as u32 });
                first_leaf += 1 << row;
            }
        }
        trees
    }
}

/// Returns the length of the witness that a real forest makes.
pub(crate) fn utreexo_bytes(block: &Block) -> Result<usize, Box<dyn Error>> {
    let mut forest = Forest::empty();
    for index in 0..block.n_added {
        forest.add(leaf(index))?;
    }
    let leaf_of = |index| Leaf { index, hash: leaf(index) };
    let mut unspent = block.unspent.iter().peekable();
    let deleted = (0..block.n_added).filter(|index| unspent.next_if_eq(&index).is_none());
    forest.delete(&deleted.map(leaf_of).collect::<Vec<_>>())?;
    let spent: Vec<Leaf> = block.spent.iter().copied().map(leaf_of).collect();
    Ok(forest.witness(&spent)?.bytes.len())
}

/// A sparse Merkle tree of outputs. As their keys are hashes, it does not matter which of them a block spends.
pub(crate) struct Sparse {
    n: u64,
    nodes: NodeBag,
    root: Hash,
}

impl Sparse {
    pub(crate) fn new(n: u64) -> Result<Self, smt::TreeError> {
        let mut tree = Tree::<Keccak256, _>::empty();
        (0..n).try_for_each(|index| tree.insert(&key(index), &leaf(index).0))?;
        let mut nodes = NodeBag::default();
        let root = tree.commit(&mut nodes);
        Ok(Self { n, nodes, root })
    }

    /// Returns the bytes of a witness that removes so many outputs, and those of its hashes.
    pub(crate) fn witness(&self, n_inputs: usize, seed: u64) -> Result<(usize, usize), Box<dyn Error>> {
        let mut random = Random(seed);
        let mut tree = Tree::<Keccak256, _>::open(&self.root, Recorder::new(&self.nodes));
        let mut n_removed = 0;
        while n_removed < n_inputs {
            n_removed += usize::from(tree.remove(&key(random.below(self.n)))?);
        }
        let witness = tree.into_witness()?;
        let outline = smt::witness::outline::<Keccak256>(&witness)?;
        Ok((witness.len(), outline.bytes.hashes))
    }
}

fn key(index: u64) -> Key {
    Key(Keccak256::hash(&[b"key", &index.to_le_bytes()[..]].concat()).0)
}
