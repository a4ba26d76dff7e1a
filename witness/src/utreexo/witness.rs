//! Witnesses: the paths of leaves to the roots as bytes.
//!
//! | part | bytes | what |
//! |---|---|---|
//! | structure | as many as its bits fill | where paths lead |
//! | hashes | 32 each, to the end | the nodes beside the paths |
//!
//! The witness does not contain the leaves. They come with it, as a block has the outputs that it spends, in the order
//! in which their paths are written. That is the order in which they were added: ascending by
//! [index](super#indices). If another order is given, such as that of a block's inputs, the permutation needs log₂ `k`!
//! bits for `k` leaves in any encoding, and the writer of the block has to encode it.
//!
//! # Structure
//!
//! Bits fill a byte from the highest to the lowest; zeros pad the last byte. For each tree that is not empty, from the
//! largest to the smallest, there is a bit: 1 if paths lead to its root, otherwise 0. After a 1, the nodes on the paths
//! in this tree follow in pre-order, each parent before its left child with everything below it, then its right child:
//!
//! | bits | paths to this node |
//! |---|---|
//! | `0` | come from the left child |
//! | `10` | come from the right child |
//! | `110` | come from both children |
//! | `111` | begin here: it is a leaf |
//!
//! A node of row 0 has no bits, as it can only be a leaf. The number of leaves and the empty trees are known from the
//! accumulator.
//!
//! # Hashes
//!
//! Where paths come from one child, the hash of the other child is needed, and no other hash is. The hashes are in
//! pre-order, too: a left child before everything below its right sibling, a right child after everything below its
//! left sibling.
//!
//! # One encoding
//!
//! Any bits are the structure of exactly one set of paths, and any set of paths has exactly one structure. Padding is
//! zero, and no byte is missing or left over. A hash that is changed or moved changes a root. So a set of leaves in an
//! accumulator has exactly one witness.
//!
//! # Size
//!
//! No proof needs fewer hashes. A node of a lone path takes a bit or two, where one is the least. For `k` of `n` leaves
//! that never moved, evenly spread, the structure has about `k` (1.5 log₂ (`n` / `k`) + 3) bits, whereas log₂ of the
//! number of choices is about `k` (log₂ (`n` / `k`) + 1.4). For 1,000 of 2^20 leaves this is 2.1 kB over 1.4 kB, beside
//! 293 kB of hashes: 0.23 % more than the least.
//!
//! # Cost
//!
//! Decoding takes one hash for each branch on a path, deleting one more. Apart from the bytes, memory is bounded by the
//! 63 rows of a forest.

mod structure;

use alloc::vec::Vec;

pub(super) use self::structure::Step;
use self::structure::{StructureReader, StructureWriter};
use super::{accumulator::Accumulator, error::WitnessError, place::Place};
use crate::{Hash, hash::HASH_BYTES, reader::Reader};

/// A witness with its leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witness {
    /// The encoded paths.
    pub bytes: Vec<u8>,
    /// The leaves at their ends, in the order of the paths.
    pub leaves: Vec<Hash>,
}

/// A computation over the nodes on paths and beside them, from the leaves to the roots.
pub(super) trait Fold {
    /// The result for a node.
    type Node;

    /// Takes a leaf at the end of a path.
    fn leaf(&mut self, place: Place, hash: Hash) -> Self::Node;

    /// Takes the hash of a node beside the paths.
    fn beside(&mut self, place: Place, hash: Hash) -> Self::Node;

    /// Takes the children of a branch on a path.
    fn branch(&mut self, left: Self::Node, right: Self::Node) -> Self::Node;

    /// Returns the hash of a node before all changes.
    fn hash(node: &Self::Node) -> Hash;
}

/// Computes the result for each root to which paths lead, with these checks:
///
/// 1. The structure is complete, and its padding is zero.
/// 2. The number of paths is the number of leaves.
/// 3. The number of hashes is the one needed.
/// 4. The paths lead to the roots of the accumulator.
///
/// Returns a result for each tree, `None` for those without paths.
pub(super) fn fold<F: Fold>(
    accumulator: &Accumulator,
    witness: &[u8],
    leaves: &[Hash],
    fold: F,
) -> Result<Vec<Option<F::Node>>, WitnessError> {
    let rows = accumulator.trees().filter(|(_, root)| root.is_some()).map(|(tree, _)| tree.row);
    let census = StructureReader::census(witness, rows).ok_or(WitnessError::Structure)?;
    if census.n_leaves != leaves.len() {
        return Err(WitnessError::Leaves { expected: census.n_leaves, got: leaves.len() });
    }
    let mut reader = Reader::new(witness);
    let structure = StructureReader::new(reader.take(census.n_bytes)?);
    let hashes = reader.sub(census.n_hashes.saturating_mul(HASH_BYTES))?;
    reader.finish()?;
    let mut paths = Paths { structure, leaves: leaves.iter(), hashes, fold };
    let results = accumulator.trees().map(|(tree, root)| match root {
        Some(root) => paths.tree(tree, &root),
        None => Ok(None),
    });
    results.collect()
}

struct Paths<'a, F> {
    structure: StructureReader<'a>,
    leaves: core::slice::Iter<'a, Hash>,
    hashes: Reader<'a>,
    fold: F,
}

impl<F: Fold> Paths<'_, F> {
    fn tree(&mut self, tree: Place, expected: &Hash) -> Result<Option<F::Node>, WitnessError> {
        if !self.structure.bit().ok_or(WitnessError::Structure)? {
            return Ok(None);
        }
        let root = self.node(tree)?;
        let got = F::hash(&root);
        if got == *expected {
            Ok(Some(root))
        } else {
            Err(WitnessError::Root { row: tree.row, expected: *expected, got })
        }
    }

    /// Reads a node on a path and everything below. Recurses at most once per row.
    fn node(&mut self, place: Place) -> Result<F::Node, WitnessError> {
        let (left, right) = match self.structure.step(place.row).ok_or(WitnessError::Structure)? {
            Step::Leaf => {
                let leaf = self.leaves.next().ok_or(WitnessError::Structure)?;
                return Ok(self.fold.leaf(place, *leaf));
            }
            Step::Left => (self.node(place.left())?, self.beside(place.right())?),
            Step::Right => (self.beside(place.left())?, self.node(place.right())?),
            Step::Both => (self.node(place.left())?, self.node(place.right())?),
        };
        Ok(self.fold.branch(left, right))
    }

    fn beside(&mut self, place: Place) -> Result<F::Node, WitnessError> {
        let hash = Hash(self.hashes.take_array()?);
        Ok(self.fold.beside(place, hash))
    }
}

/// A writer of paths, whose parts come in the order of the encoding.
#[derive(Debug, Default)]
pub(super) struct Writer {
    structure: StructureWriter,
    hashes: Vec<u8>,
    leaves: Vec<Hash>,
}

impl Writer {
    /// Writes whether paths lead to the root of a tree that is not empty.
    pub(super) fn tree(&mut self, has_paths: bool) {
        self.structure.bit(has_paths);
    }

    /// Writes a branch on a path in this row. The step is not a leaf.
    pub(super) fn branch(&mut self, row: u8, step: Step) {
        self.structure.step(row, step);
    }

    /// Writes a leaf in this row.
    pub(super) fn leaf(&mut self, row: u8, hash: &Hash) {
        self.structure.step(row, Step::Leaf);
        self.leaves.push(*hash);
    }

    /// Writes the hash of a node beside the paths.
    pub(super) fn beside(&mut self, hash: &Hash) {
        self.hashes.extend(hash.0);
    }

    pub(super) fn finish(self) -> Witness {
        let mut bytes = self.structure.finish();
        bytes.extend(self.hashes);
        Witness { bytes, leaves: self.leaves }
    }
}
